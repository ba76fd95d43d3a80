//! `Accounts` for `SqliteStore`, in the manner of `room_store.rs`.

use hub::model::User;
use protocol::UserId;
use uuid::Uuid;

use super::store::SqliteStore;
use super::tables::{account_changes, accounts, ended_tokens, own_sign_ins, sign_in_quota, sign_ins};
use super::unavailable::read_error;
use crate::auth::ClaimsRole;
use crate::auth::accounts::{
    Account, AccountError, Accounts, Answer, Credentials, EndSignIns, ListedSignIn, NewAccount, NewPassword,
    NewSignIn, Rotation, SignIn,
};

impl Accounts for SqliteStore {
    fn create(&self, account: NewAccount) -> Answer<'_, User> {
        Box::pin(async move { self.writer().write(move |tx| accounts::create(tx, &account)).await })
    }

    fn by_login<'a>(&'a self, login: &'a str) -> Answer<'a, Option<Credentials>> {
        Box::pin(async move { accounts::by_login(self.readers(), login).await.map_err(read_error) })
    }

    fn by_id<'a>(&'a self, id: &'a UserId) -> Answer<'a, Option<Account>> {
        Box::pin(async move { accounts::by_id(self.readers(), id).await.map_err(read_error) })
    }

    fn by_usernames<'a>(&'a self, usernames: &'a [String]) -> Answer<'a, Vec<User>> {
        Box::pin(async move { accounts::by_usernames(self.readers(), usernames).await.map_err(read_error) })
    }

    fn search<'a>(
        &'a self,
        prefix: &'a str,
        beside: Option<&'a UserId>,
        limit: u32,
    ) -> Answer<'a, Vec<User>> {
        Box::pin(
            async move { accounts::search(self.readers(), prefix, beside, limit).await.map_err(read_error) },
        )
    }

    fn count(&self) -> Answer<'_, u64> {
        Box::pin(async move { accounts::count(self.readers()).await.map_err(read_error) })
    }

    fn probe(&self) -> Answer<'_, ()> {
        Box::pin(async move { Ok(self.ping().await?) })
    }

    fn open_sign_in(&self, new: NewSignIn) -> Answer<'_, ()> {
        Box::pin(async move { self.writer().write(move |tx| sign_ins::open(tx, &new)).await })
    }

    fn sign_ins_of<'a>(&'a self, user: &'a UserId, now_ms: i64) -> Answer<'a, Vec<ListedSignIn>> {
        Box::pin(async move { own_sign_ins::list(self.readers(), user, now_ms).await.map_err(read_error) })
    }

    fn note_seen(&self, seen: Vec<(Uuid, i64)>) -> Answer<'_, ()> {
        Box::pin(async move { self.writer().write(move |tx| own_sign_ins::note_seen(tx, &seen)).await })
    }

    fn end_sign_ins(&self, request: EndSignIns) -> Answer<'_, Option<Vec<Uuid>>> {
        Box::pin(async move { self.writer().write(move |tx| own_sign_ins::end(tx, &request)).await })
    }

    fn end_oldest<'a>(
        &'a self,
        user: &'a UserId,
        newest: Uuid,
        most: u32,
        now_ms: i64,
    ) -> Answer<'a, Vec<Uuid>> {
        let user = user.clone();
        Box::pin(async move {
            self.writer().write(move |tx| sign_in_quota::end_oldest(tx, &user, newest, most, now_ms)).await
        })
    }

    fn sign_in_by_secret<'a>(
        &'a self,
        secret_hash: &'a [u8; 32],
        now_ms: i64,
    ) -> Answer<'a, Option<(SignIn, Account)>> {
        Box::pin(
            async move { sign_ins::by_cookie(self.readers(), secret_hash, now_ms).await.map_err(read_error) },
        )
    }

    fn sign_in(&self, id: Uuid, now_ms: i64) -> Answer<'_, Option<(SignIn, Account)>> {
        Box::pin(async move { sign_ins::by_id(self.readers(), id, now_ms).await.map_err(read_error) })
    }

    fn rotate<'a>(
        &'a self,
        old_hash: &'a [u8; 32],
        new_hash: &'a [u8; 32],
        now_ms: i64,
        expires_at_ms: i64,
    ) -> Answer<'a, Rotation> {
        let rotate = sign_ins::Rotate { old_hash: *old_hash, new_hash: *new_hash, now_ms, expires_at_ms };
        Box::pin(async move {
            match sign_ins::settled(self.readers(), old_hash, now_ms)
                .await
                .map_err(read_error::<AccountError>)?
            {
                Some(settled) => Ok(settled),
                None => self.writer().write(move |tx| rotate.run(tx)).await,
            }
        })
    }

    fn revoke(&self, id: Uuid) -> Answer<'_, bool> {
        Box::pin(async move { self.writer().write(move |tx| sign_ins::revoke(tx, id)).await })
    }

    fn end_token(&self, id: Uuid, expires_at_ms: i64) -> Answer<'_, ()> {
        Box::pin(async move { self.writer().write(move |tx| ended_tokens::end(tx, id, expires_at_ms)).await })
    }

    fn token_ended_until(&self, id: Uuid) -> Answer<'_, Option<i64>> {
        Box::pin(async move { ended_tokens::ended_until(self.readers(), id).await.map_err(read_error) })
    }

    fn ended_tokens(&self, limit: u32) -> Answer<'_, Vec<(Uuid, i64)>> {
        Box::pin(async move { ended_tokens::list(self.readers(), limit).await.map_err(read_error) })
    }

    fn purge_expired(&self, now_ms: i64) -> Answer<'_, u64> {
        Box::pin(async move { self.writer().write(move |tx| sign_ins::purge_expired(tx, now_ms)).await })
    }

    fn set_password<'a>(&'a self, id: &'a UserId, password_hash: String) -> Answer<'a, ()> {
        let id = id.clone();
        Box::pin(async move {
            self.writer().write(move |tx| account_changes::set_password(tx, &id, &password_hash)).await
        })
    }

    fn change_password(&self, change: NewPassword) -> Answer<'_, Option<Vec<Uuid>>> {
        Box::pin(
            async move { self.writer().write(move |tx| own_sign_ins::change_password(tx, &change)).await },
        )
    }

    fn set_active<'a>(&'a self, id: &'a UserId, is_active: bool) -> Answer<'a, ()> {
        let id = id.clone();
        Box::pin(async move {
            self.writer().write(move |tx| account_changes::set_active(tx, &id, is_active)).await
        })
    }

    fn set_claims_role<'a>(&'a self, id: &'a UserId, claims_role: ClaimsRole) -> Answer<'a, ()> {
        let id = id.clone();
        Box::pin(async move {
            self.writer().write(move |tx| account_changes::set_claims_role(tx, &id, claims_role)).await
        })
    }

    fn changed_after(&self, change: Option<u64>) -> Answer<'_, (u64, Vec<UserId>)> {
        Box::pin(async move { account_changes::after(self.readers(), change).await.map_err(read_error) })
    }
}
