//! Evictions from the cache when users end sign-ins of their own.

use protocol::UserId;
use uuid::Uuid;

use super::Inner;
use crate::auth::accounts::{AccountError, EndSignIns, NewPassword, SignIn};

impl Inner {
    pub(super) async fn end_sign_ins(&self, request: EndSignIns) -> Result<Option<Vec<Uuid>>, AccountError> {
        let user = request.user.clone();
        let answer = self.store.end_sign_ins(request).await;
        self.evict_ended(&user, &answer);
        answer
    }

    pub(super) async fn change_password(
        &self,
        change: NewPassword,
    ) -> Result<Option<Vec<Uuid>>, AccountError> {
        let user = change.user.clone();
        let answer = self.store.change_password(change).await;
        self.evict_ended(&user, &answer);
        answer
    }

    /// Evicts the sign-ins of a user that have ended; after a failure all, because the change may have been committed.
    fn evict_ended(&self, user: &UserId, answer: &Result<Option<Vec<Uuid>>, AccountError>) {
        match answer {
            Ok(ended) => ended.iter().flatten().for_each(|id| self.evict(*id)),
            Err(_) => self.evict_account(user),
        }
    }

    /// Cached sign-ins are changed in place: none has ended.
    pub(super) async fn note_seen(&self, seen: Vec<(Uuid, i64)>) -> Result<(), AccountError> {
        self.store.note_seen(seen.clone()).await?;
        let mut cache = self.cache();
        for (id, seen_at_ms) in seen {
            if let Some((sign_in, account)) = cache.sign_ins.take(&id) {
                cache.sign_ins.put(id, (SignIn { seen_at_ms, ..sign_in }, account));
            }
        }
        drop(cache);
        Ok(())
    }
}
