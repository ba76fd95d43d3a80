//! `CachedAccounts`: accounts with a cache before the store, so that a user who comes back a moment later costs no read.
//!
//! The cache is exact for what this process changes: every change goes through here, and what was read before a change is
//! not cached after it. Only the commands of `hubbub user` change accounts beside a running server; a watch for that
//! (see `crate::account_watch`) evicts the changed ones.

mod own_sessions;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use hub::TwoGenerationCache;
use hub::model::User;
use protocol::UserId;
use uuid::Uuid;

use super::ClaimsRole;
use super::accounts::{
    Account, AccountError, Accounts, Credentials, EndSignIns, ListedSignIn, NewAccount, NewPassword,
    NewSignIn, Rotation, SignIn,
};

/// Users, and as many sign-ins, that are cached at least; at most it is twice as many. About half a KiB for one of each, so
/// 50 MB if all users of a large site came within a day.
const CACHED_USERS: usize = 50_000;

/// Ended tokens of other backends that are cached, about 2 MB.
const ENDED_TOKENS: u32 = 50_000;

/// What is asked at every handshake and every request is answered from the cache; all else goes to the store.
pub struct CachedAccounts {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn Accounts>,
    /// A std mutex: held for one access, never across an `.await`.
    cache: Mutex<Cache>,
}

struct Cache {
    users: TwoGenerationCache<UserId, Account>,
    sign_ins: TwoGenerationCache<Uuid, (SignIn, Account)>,
    /// Which tokens of other backends are ended; `None` if the store has to be asked.
    ended_tokens: Option<EndedTokens>,
    /// Raised with each change: what was asked of the store before it may be out of date.
    changes: u64,
}

/// Few tokens are signed out before they expire, so that those of new clients cost no read of the database.
enum EndedTokens {
    /// All of them, and until when.
    All(HashMap<Uuid, i64>),
    /// More than [`ENDED_TOKENS`]: the store is asked for each.
    TooMany,
}

impl CachedAccounts {
    /// With an empty cache.
    pub fn new(store: Arc<dyn Accounts>) -> Self {
        let cache = Cache {
            users: TwoGenerationCache::new(CACHED_USERS),
            sign_ins: TwoGenerationCache::new(CACHED_USERS),
            ended_tokens: None,
            changes: 0,
        };
        Self { inner: Arc::new(Inner { store, cache: Mutex::new(cache) }) }
    }
}

impl Inner {
    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads an account and caches it, unless something changed meanwhile.
    async fn read_account(&self, id: &UserId) -> Result<Option<Account>, AccountError> {
        let changes = self.cache().changes;
        let found = self.store.by_id(id).await?;
        if let Some(account) = &found {
            let mut cache = self.cache();
            if cache.changes == changes {
                cache.users.put(id.clone(), account.clone());
            }
        }
        Ok(found)
    }

    /// Caches which tokens are ended, unless something changed since they were read.
    fn cache_ended(&self, ended: EndedTokens, changes: u64) {
        let mut cache = self.cache();
        if cache.changes == changes {
            cache.ended_tokens = Some(ended);
        }
    }

    async fn read_token(&self, id: Uuid) -> Result<Option<i64>, AccountError> {
        let (changes, are_known) = {
            let cache = self.cache();
            (cache.changes, cache.ended_tokens.is_some())
        };
        if are_known {
            return self.store.token_ended_until(id).await;
        }
        let all = self.store.ended_tokens(ENDED_TOKENS + 1).await?;
        let ended_until = all.iter().find(|(ended, _)| *ended == id).map(|(_, until)| *until);
        let are_all = u32::try_from(all.len()).is_ok_and(|count| count <= ENDED_TOKENS);
        let ended = if are_all { EndedTokens::All(all.into_iter().collect()) } else { EndedTokens::TooMany };
        self.cache_ended(ended, changes);
        if are_all { Ok(ended_until) } else { self.store.token_ended_until(id).await }
    }

    /// As [`Inner::read_account`], for a sign-in. A second device of a cached user brings no second copy of the user.
    async fn read_sign_in(&self, id: Uuid, now_ms: i64) -> Result<Option<(SignIn, Account)>, AccountError> {
        let changes = self.cache().changes;
        let Some((sign_in, mut account)) = self.store.sign_in(id, now_ms).await? else { return Ok(None) };
        let mut cache = self.cache();
        if cache.changes == changes {
            match cache.users.get(&account.user.id) {
                Some(known) => account = known.clone(),
                None => cache.users.put(account.user.id.clone(), account.clone()),
            }
            cache.sign_ins.put(id, (sign_in.clone(), account.clone()));
        }
        drop(cache);
        Ok(Some((sign_in, account)))
    }

    async fn rotate(
        &self,
        old_hash: [u8; 32],
        new_hash: [u8; 32],
        now_ms: i64,
        expires_at_ms: i64,
    ) -> Result<Rotation, AccountError> {
        let answer = self.store.rotate(&old_hash, &new_hash, now_ms, expires_at_ms).await;
        match &answer {
            Ok(Rotation::Rotated(sign_in, _) | Rotation::Reused(sign_in)) => self.evict(sign_in.id),
            Ok(Rotation::Repeated(..) | Rotation::Unknown) => {}
            // Perhaps it was done, and it is unknown of which sign-in.
            Err(_) => {
                let mut cache = self.cache();
                cache.changes += 1;
                cache.sign_ins.clear();
            }
        }
        answer
    }

    async fn end_oldest(
        &self,
        user: UserId,
        newest: Uuid,
        most: u32,
        now_ms: i64,
    ) -> Result<Vec<Uuid>, AccountError> {
        let answer = self.store.end_oldest(&user, newest, most, now_ms).await;
        if let Ok(ended) = &answer {
            for id in ended {
                self.evict(*id);
            }
        } else {
            // Perhaps it was done, and it is unknown which ones ended.
            let mut cache = self.cache();
            cache.changes += 1;
            cache.sign_ins.clear();
        }
        answer
    }

    async fn revoke(&self, id: Uuid) -> Result<bool, AccountError> {
        let answer = self.store.revoke(id).await;
        // Also after a failure, because the change may have been committed.
        self.evict(id);
        answer
    }

    async fn end_token(&self, id: Uuid, expires_at_ms: i64) -> Result<(), AccountError> {
        let answer = self.store.end_token(id, expires_at_ms).await;
        let mut cache = self.cache();
        cache.changes += 1;
        // Read once more for the next request.
        cache.ended_tokens = None;
        drop(cache);
        answer
    }

    async fn change_account(&self, id: UserId, change: Change) -> Result<(), AccountError> {
        let answer = match change {
            Change::Password(hash) => self.store.set_password(&id, hash).await,
            Change::Active(is_active) => self.store.set_active(&id, is_active).await,
            Change::ClaimsRole(claims_role) => self.store.set_claims_role(&id, claims_role).await,
        };
        self.evict_account(&id);
        answer
    }

    async fn changed_after(&self, change: Option<u64>) -> Result<(u64, Vec<UserId>), AccountError> {
        let (newest, changed) = self.store.changed_after(change).await?;
        for id in &changed {
            self.evict_account(id);
        }
        Ok((newest, changed))
    }

    fn evict(&self, sign_in: Uuid) {
        let mut cache = self.cache();
        cache.changes += 1;
        cache.sign_ins.take(&sign_in);
    }

    /// Accounts are changed rarely, so that the sign-ins of all others are read once more does no harm.
    fn evict_account(&self, id: &UserId) {
        let mut cache = self.cache();
        cache.changes += 1;
        cache.users.take(id);
        cache.sign_ins.clear();
    }
}

/// A change of an account.
enum Change {
    Password(String),
    Active(bool),
    ClaimsRole(ClaimsRole),
}

impl CachedAccounts {
    async fn change(&self, id: &UserId, change: Change) -> Result<(), AccountError> {
        let (inner, id) = (self.inner.clone(), id.clone());
        in_task(async move { inner.change_account(id, change).await }).await
    }
}

/// Runs a change as a task of its own, because the cache must evict what was committed even when the request that asked
/// for it is cancelled. After a panic it is unknown whether the change was made.
async fn in_task<T: Send + 'static>(
    change: impl Future<Output = Result<T, AccountError>> + Send + 'static,
) -> Result<T, AccountError> {
    tokio::spawn(change).await.map_err(|error| AccountError::Unavailable(Arc::new(error)))?
}

#[async_trait]
impl Accounts for CachedAccounts {
    async fn create(&self, account: NewAccount) -> Result<User, AccountError> {
        // That there is no account of an identifier is never cached.
        self.inner.store.create(account).await
    }

    async fn by_login(&self, login: &str) -> Result<Option<Credentials>, AccountError> {
        self.inner.store.by_login(login).await
    }

    async fn by_id(&self, id: &UserId) -> Result<Option<Account>, AccountError> {
        let known = self.inner.cache().users.get(id).cloned();
        match known {
            Some(account) => Ok(Some(account)),
            None => self.inner.read_account(id).await,
        }
    }

    async fn by_usernames(&self, usernames: &[String]) -> Result<Vec<User>, AccountError> {
        self.inner.store.by_usernames(usernames).await
    }

    async fn search(
        &self,
        prefix: &str,
        beside: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<User>, AccountError> {
        self.inner.store.search(prefix, beside, limit).await
    }

    async fn count(&self) -> Result<u64, AccountError> {
        self.inner.store.count().await
    }

    async fn probe(&self) -> Result<(), AccountError> {
        self.inner.store.probe().await
    }

    async fn open_sign_in(&self, new: NewSignIn) -> Result<(), AccountError> {
        // Its id is new, so it is not cached.
        self.inner.store.open_sign_in(new).await
    }

    async fn sign_ins_of(&self, user: &UserId, now_ms: i64) -> Result<Vec<ListedSignIn>, AccountError> {
        self.inner.store.sign_ins_of(user, now_ms).await
    }

    async fn note_seen(&self, seen: Vec<(Uuid, i64)>) -> Result<(), AccountError> {
        self.inner.note_seen(seen).await
    }

    async fn end_sign_ins(&self, request: EndSignIns) -> Result<Option<Vec<Uuid>>, AccountError> {
        let inner = self.inner.clone();
        in_task(async move { inner.end_sign_ins(request).await }).await
    }

    async fn end_oldest(
        &self,
        user: &UserId,
        newest: Uuid,
        most: u32,
        now_ms: i64,
    ) -> Result<Vec<Uuid>, AccountError> {
        let (inner, user) = (self.inner.clone(), user.clone());
        in_task(async move { inner.end_oldest(user, newest, most, now_ms).await }).await
    }

    async fn sign_in_by_secret(
        &self,
        secret_hash: &[u8; 32],
        now_ms: i64,
    ) -> Result<Option<(SignIn, Account)>, AccountError> {
        self.inner.store.sign_in_by_secret(secret_hash, now_ms).await
    }

    async fn sign_in(&self, id: Uuid, now_ms: i64) -> Result<Option<(SignIn, Account)>, AccountError> {
        let known = self.inner.cache().sign_ins.get(&id).filter(|it| it.0.expires_at_ms > now_ms).cloned();
        match known {
            Some(live) => Ok(Some(live)),
            None => self.inner.read_sign_in(id, now_ms).await,
        }
    }

    async fn rotate(
        &self,
        old_hash: &[u8; 32],
        new_hash: &[u8; 32],
        now_ms: i64,
        expires_at_ms: i64,
    ) -> Result<Rotation, AccountError> {
        let (inner, old_hash, new_hash) = (self.inner.clone(), *old_hash, *new_hash);
        in_task(async move { inner.rotate(old_hash, new_hash, now_ms, expires_at_ms).await }).await
    }

    async fn revoke(&self, id: Uuid) -> Result<bool, AccountError> {
        let inner = self.inner.clone();
        in_task(async move { inner.revoke(id).await }).await
    }

    async fn end_token(&self, id: Uuid, expires_at_ms: i64) -> Result<(), AccountError> {
        let inner = self.inner.clone();
        in_task(async move { inner.end_token(id, expires_at_ms).await }).await
    }

    async fn token_ended_until(&self, id: Uuid) -> Result<Option<i64>, AccountError> {
        if let Some(EndedTokens::All(ended)) = &self.inner.cache().ended_tokens {
            return Ok(ended.get(&id).copied());
        }
        self.inner.read_token(id).await
    }

    async fn ended_tokens(&self, limit: u32) -> Result<Vec<(Uuid, i64)>, AccountError> {
        self.inner.store.ended_tokens(limit).await
    }

    async fn purge_expired(&self, now_ms: i64) -> Result<u64, AccountError> {
        // Sign-ins that have expired are not taken from the cache either.
        self.inner.cache().ended_tokens = None;
        self.inner.store.purge_expired(now_ms).await
    }

    async fn set_password(&self, id: &UserId, password_hash: String) -> Result<(), AccountError> {
        self.change(id, Change::Password(password_hash)).await
    }

    async fn change_password(&self, change: NewPassword) -> Result<Option<Vec<Uuid>>, AccountError> {
        let inner = self.inner.clone();
        in_task(async move { inner.change_password(change).await }).await
    }

    async fn set_active(&self, id: &UserId, is_active: bool) -> Result<(), AccountError> {
        self.change(id, Change::Active(is_active)).await
    }

    async fn set_claims_role(&self, id: &UserId, claims_role: ClaimsRole) -> Result<(), AccountError> {
        self.change(id, Change::ClaimsRole(claims_role)).await
    }

    async fn changed_after(&self, change: Option<u64>) -> Result<(u64, Vec<UserId>), AccountError> {
        self.inner.changed_after(change).await
    }
}
