//! What is remembered when users end sign-ins of their own.

use protocol::UserId;
use uuid::Uuid;

use super::Shared;
use crate::auth::accounts::{AccountError, EndSignIns, NewPassword, SignIn};

impl Shared {
    pub(super) async fn end_sign_ins(&self, wish: EndSignIns) -> Result<Option<Vec<Uuid>>, AccountError> {
        let user = wish.user.clone();
        let answer = self.store.end_sign_ins(wish).await;
        self.forget_ended(&user, &answer);
        answer
    }

    pub(super) async fn change_password(
        &self,
        change: NewPassword,
    ) -> Result<Option<Vec<Uuid>>, AccountError> {
        let user = change.user.clone();
        let answer = self.store.change_password(change).await;
        self.forget_ended(&user, &answer);
        answer
    }

    /// Forgets the sign-ins of a user that have ended; after a failure, of which nobody knows whether it was one, all.
    fn forget_ended(&self, user: &UserId, answer: &Result<Option<Vec<Uuid>>, AccountError>) {
        match answer {
            Ok(ended) => ended.iter().flatten().for_each(|id| self.forget(*id)),
            Err(_) => self.forget_account(user),
        }
    }

    /// What is remembered is changed in place: nothing has ended.
    pub(super) async fn note_seen(&self, seen: Vec<(Uuid, i64)>) -> Result<(), AccountError> {
        self.store.note_seen(seen.clone()).await?;
        let mut memory = self.memory();
        for (id, seen_at_ms) in seen {
            if let Some((sign_in, account)) = memory.sign_ins.take(&id) {
                memory.sign_ins.put(id, (SignIn { seen_at_ms, ..sign_in }, account));
            }
        }
        drop(memory);
        Ok(())
    }
}
