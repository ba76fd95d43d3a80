//! `Accounts` for `SqliteStore`, in the manner of `room_store.rs`.

use async_trait::async_trait;
use hub::model::User;
use protocol::UserId;
use uuid::Uuid;

use super::store::SqliteStore;
use super::tables::{account_changes, accounts, ended_tokens, own_sign_ins, sign_in_quota, sign_ins};
use super::unavailable::read_error;
use crate::auth::ClaimsRole;
use crate::auth::accounts::{
    Account, AccountError, Accounts, Credentials, EndSignIns, ListedSignIn, NewAccount, NewPassword,
    NewSignIn, Rotation, SignIn,
};

#[async_trait]
impl Accounts for SqliteStore {
    async fn create(&self, account: NewAccount) -> Result<User, AccountError> {
        self.writer().write(move |tx| accounts::create(tx, &account)).await
    }

    async fn by_login(&self, login: &str) -> Result<Option<Credentials>, AccountError> {
        accounts::by_login(self.readers(), login).await.map_err(read_error)
    }

    async fn by_id(&self, id: &UserId) -> Result<Option<Account>, AccountError> {
        accounts::by_id(self.readers(), id).await.map_err(read_error)
    }

    async fn by_usernames(&self, usernames: &[String]) -> Result<Vec<User>, AccountError> {
        accounts::by_usernames(self.readers(), usernames).await.map_err(read_error)
    }

    async fn search(
        &self,
        prefix: &str,
        beside: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<User>, AccountError> {
        accounts::search(self.readers(), prefix, beside, limit).await.map_err(read_error)
    }

    async fn count(&self) -> Result<u64, AccountError> {
        accounts::count(self.readers()).await.map_err(read_error)
    }

    async fn probe(&self) -> Result<(), AccountError> {
        Ok(self.ping().await?)
    }

    async fn open_sign_in(&self, new: NewSignIn) -> Result<(), AccountError> {
        self.writer().write(move |tx| sign_ins::open(tx, &new)).await
    }

    async fn sign_ins_of(&self, user: &UserId, now_ms: i64) -> Result<Vec<ListedSignIn>, AccountError> {
        own_sign_ins::list(self.readers(), user, now_ms).await.map_err(read_error)
    }

    async fn note_seen(&self, seen: Vec<(Uuid, i64)>) -> Result<(), AccountError> {
        self.writer().write(move |tx| own_sign_ins::note_seen(tx, &seen)).await
    }

    async fn end_sign_ins(&self, request: EndSignIns) -> Result<Option<Vec<Uuid>>, AccountError> {
        self.writer().write(move |tx| own_sign_ins::end(tx, &request)).await
    }

    async fn end_oldest(
        &self,
        user: &UserId,
        newest: Uuid,
        most: u32,
        now_ms: i64,
    ) -> Result<Vec<Uuid>, AccountError> {
        let user = user.clone();
        self.writer().write(move |tx| sign_in_quota::end_oldest(tx, &user, newest, most, now_ms)).await
    }

    async fn sign_in_by_secret(
        &self,
        secret_hash: &[u8; 32],
        now_ms: i64,
    ) -> Result<Option<(SignIn, Account)>, AccountError> {
        sign_ins::by_cookie(self.readers(), secret_hash, now_ms).await.map_err(read_error)
    }

    async fn sign_in(&self, id: Uuid, now_ms: i64) -> Result<Option<(SignIn, Account)>, AccountError> {
        sign_ins::by_id(self.readers(), id, now_ms).await.map_err(read_error)
    }

    async fn rotate(
        &self,
        old_hash: &[u8; 32],
        new_hash: &[u8; 32],
        now_ms: i64,
        expires_at_ms: i64,
    ) -> Result<Rotation, AccountError> {
        let rotate = sign_ins::Rotate { old_hash: *old_hash, new_hash: *new_hash, now_ms, expires_at_ms };
        match sign_ins::settled(self.readers(), old_hash, now_ms).await.map_err(read_error::<AccountError>)? {
            Some(settled) => Ok(settled),
            None => self.writer().write(move |tx| rotate.run(tx)).await,
        }
    }

    async fn revoke(&self, id: Uuid) -> Result<bool, AccountError> {
        self.writer().write(move |tx| sign_ins::revoke(tx, id)).await
    }

    async fn end_token(&self, id: Uuid, expires_at_ms: i64) -> Result<(), AccountError> {
        self.writer().write(move |tx| ended_tokens::end(tx, id, expires_at_ms)).await
    }

    async fn token_ended_until(&self, id: Uuid) -> Result<Option<i64>, AccountError> {
        ended_tokens::ended_until(self.readers(), id).await.map_err(read_error)
    }

    async fn ended_tokens(&self, limit: u32) -> Result<Vec<(Uuid, i64)>, AccountError> {
        ended_tokens::list(self.readers(), limit).await.map_err(read_error)
    }

    async fn purge_expired(&self, now_ms: i64) -> Result<u64, AccountError> {
        self.writer().write(move |tx| sign_ins::purge_expired(tx, now_ms)).await
    }

    async fn set_password(&self, id: &UserId, password_hash: String) -> Result<(), AccountError> {
        let id = id.clone();
        self.writer().write(move |tx| account_changes::set_password(tx, &id, &password_hash)).await
    }

    async fn change_password(&self, change: NewPassword) -> Result<Option<Vec<Uuid>>, AccountError> {
        self.writer().write(move |tx| own_sign_ins::change_password(tx, &change)).await
    }

    async fn set_active(&self, id: &UserId, is_active: bool) -> Result<(), AccountError> {
        let id = id.clone();
        self.writer().write(move |tx| account_changes::set_active(tx, &id, is_active)).await
    }

    async fn set_claims_role(&self, id: &UserId, claims_role: ClaimsRole) -> Result<(), AccountError> {
        let id = id.clone();
        self.writer().write(move |tx| account_changes::set_claims_role(tx, &id, claims_role)).await
    }

    async fn changed_after(&self, change: Option<u64>) -> Result<(u64, Vec<UserId>), AccountError> {
        account_changes::after(self.readers(), change).await.map_err(read_error)
    }
}
