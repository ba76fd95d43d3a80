//! Sign-ins: opens, refreshes, lists and ends those of users, and closes the connections of those that end.

use std::sync::Arc;

use hub::model::User;
use hub::store::Clock;
use hub::{Hub, SignInId};
use protocol::rest::Tokens;
use protocol::{CloseCode, UserId};
use uuid::Uuid;

use super::accounts::{
    AccountError, Accounts, EndSignIns, Ending, ListedSignIn, NewPassword, NewSignIn, Rotation, SignIn,
    SignInKind,
};
use super::client_ip::ClientIp;
use super::lifetime::{SIGN_IN_MS, is_bounded};
use super::local_accounts::Proven;
use super::token_sign_in::is_token_id;
use super::{AuthError, AuthUser, Device, Keys, LoginRateLimiter, SeenTimes, rest_user, secret};

/// A sign-in in the list of its user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnSignIn {
    /// What is stored of it.
    pub listed: ListedSignIn,
    /// When it was last used, in milliseconds since 1970-01-01 UTC: now, for one that is connected.
    pub seen_at_ms: i64,
    /// Whether it is the one that asks.
    pub is_current: bool,
    /// Whether it has a connection at this moment.
    pub is_connected: bool,
}

/// A browser that has just signed in.
pub struct CookieSignIn {
    /// The cookie's value.
    pub secret: String,
    /// The user.
    pub user: User,
}

/// The sign-ins of all users.
pub(super) struct AuthSessions {
    accounts: Arc<dyn Accounts>,
    hub: Hub,
    clock: Arc<dyn Clock>,
    keys: Arc<Keys>,
    seen: Arc<SeenTimes>,
    attempts: Arc<LoginRateLimiter>,
    most_per_user: u32,
}

impl AuthSessions {
    pub(super) fn new(
        accounts: Arc<dyn Accounts>,
        hub: Hub,
        clock: Arc<dyn Clock>,
        keys: Arc<Keys>,
        seen: Arc<SeenTimes>,
        attempts: Arc<LoginRateLimiter>,
        most_per_user: u32,
    ) -> Self {
        Self { accounts, hub, clock, keys, seen, attempts, most_per_user }
    }

    pub(super) async fn open_tokens(&self, proven: Proven, device: Device) -> Result<Tokens, AuthError> {
        let (user, password_hash) = proven.into_parts();
        let (id, secret) = self.open(&user, password_hash, SignInKind::Tokens, device).await?;
        self.tokens(&user, id, secret)
    }

    pub(super) async fn open_cookie(
        &self,
        proven: Proven,
        device: Device,
    ) -> Result<CookieSignIn, AuthError> {
        let (user, password_hash) = proven.into_parts();
        let (_, secret) = self.open(&user, password_hash, SignInKind::Cookie, device).await?;
        Ok(CookieSignIn { secret, user })
    }

    async fn open(
        &self,
        user: &User,
        password_hash: Option<String>,
        kind: SignInKind,
        device: Device,
    ) -> Result<(Uuid, String), AuthError> {
        let secret = secret::new_secret().map_err(AuthError::internal)?;
        let (id, now_ms) = (Uuid::now_v7(), self.clock.now_ms());
        let sign_in = SignIn {
            id,
            user: user.id.clone(),
            kind,
            secret_hash: secret::hash(&secret),
            created_at_ms: now_ms,
            expires_at_ms: now_ms + SIGN_IN_MS,
            seen_at_ms: now_ms,
        };
        let new = NewSignIn { sign_in, device, password_hash };
        match self.accounts.open_sign_in(new).await {
            // Compared with an earlier password: what the change has ended must not begin again.
            Err(AccountError::PasswordChanged) => return Err(AuthError::WrongCredentials),
            opened => opened?,
        }
        self.end_oldest(user.id.clone(), id, now_ms).await?;
        Ok((id, secret))
    }

    /// Ends the oldest sign-ins of a user who has too many, with their connections. As a task: what ended must be closed even
    /// if the client that signs in has left.
    async fn end_oldest(&self, user: UserId, newest: Uuid, now_ms: i64) -> Result<(), AuthError> {
        let (accounts, hub, most) = (self.accounts.clone(), self.hub.clone(), self.most_per_user);
        let work = tokio::spawn(async move {
            for ended in accounts.end_oldest(&user, newest, most, now_ms).await? {
                hub.close_sign_in(&user, SignInId(ended), CloseCode::Token);
            }
            Ok::<_, AccountError>(())
        });
        Ok(work.await.map_err(AuthError::internal)??)
    }

    fn tokens(&self, user: &User, sign_in: Uuid, refresh_token: String) -> Result<Tokens, AuthError> {
        Ok(Tokens {
            access_token: self.keys.issue(&user.id, sign_in, self.clock.now_ms())?,
            refresh_token,
            token_type: "Bearer".to_owned(),
            expires_in: self.keys.access_seconds(),
            user: rest_user(user),
        })
    }

    pub(super) async fn refresh(&self, refresh_token: &str, address: ClientIp) -> Result<Tokens, AuthError> {
        let now_ms = self.clock.now_ms();
        let next = self.keys.successor(refresh_token)?;
        match self.rotate(secret::hash(refresh_token), secret::hash(&next), now_ms).await? {
            Rotation::Rotated(sign_in, user) | Rotation::Repeated(sign_in, user) => {
                self.tokens(&user, sign_in.id, next)
            }
            Rotation::Reused(sign_in) => {
                self.attempts.of_refresh(address, self.clock.monotonic_ms())?;
                tracing::warn!(
                    sign_in.id = %sign_in.id,
                    "Sign-in `{}` ended: its refresh token was used a second time", sign_in.id
                );
                Err(AuthError::Unauthorized)
            }
            Rotation::Unknown => {
                self.attempts.of_refresh(address, self.clock.monotonic_ms())?;
                Err(AuthError::Unauthorized)
            }
        }
    }

    /// Trades a secret, and closes the connections of a sign-in that ended by it, however often its address has tried. As a
    /// task: they are closed even if the client has left.
    async fn rotate(&self, old: [u8; 32], new: [u8; 32], now_ms: i64) -> Result<Rotation, AuthError> {
        let (accounts, hub) = (self.accounts.clone(), self.hub.clone());
        let work = tokio::spawn(async move {
            let rotation = accounts.rotate(&old, &new, now_ms, now_ms + SIGN_IN_MS).await?;
            if let Rotation::Reused(ended) = &rotation {
                hub.close_sign_in(&ended.user, SignInId(ended.id), CloseCode::Token);
            }
            Ok::<_, AccountError>(rotation)
        });
        Ok(work.await.map_err(AuthError::internal)??)
    }

    pub(super) async fn logout(&self, caller: &AuthUser) -> Result<(), AuthError> {
        let (accounts, hub) = (self.accounts.clone(), self.hub.clone());
        let (user, sign_in, expires_at_ms) = (caller.user.id.clone(), caller.sign_in, caller.expires_at_ms);
        let work = tokio::spawn(async move {
            if is_token_id(sign_in.0) {
                accounts.end_token(sign_in.0, expires_at_ms).await?;
            } else {
                accounts.revoke(sign_in.0).await?;
            }
            hub.close_sign_in(&user, sign_in, CloseCode::Token);
            Ok::<_, AccountError>(())
        });
        Ok(work.await.map_err(AuthError::internal)??)
    }

    pub(super) async fn list(&self, caller: &AuthUser) -> Result<Vec<OwnSignIn>, AuthError> {
        let (user, now_ms) = (&caller.user.id, self.clock.now_ms());
        let listed = self.accounts.sign_ins_of(user, now_ms).await?;
        let connected = self.hub.sign_ins_of(user);
        let own = listed.into_iter().filter(|it| is_bounded(it.expires_at_ms, now_ms)).map(|listed| {
            let id = SignInId(listed.id);
            let (is_current, is_connected) = (id == caller.sign_in, connected.contains(&id));
            let is_used = is_current || is_connected;
            let noted = self.seen.pending(listed.id).unwrap_or(listed.seen_at_ms);
            OwnSignIn { seen_at_ms: if is_used { now_ms } else { noted }, listed, is_current, is_connected }
        });
        let mut own: Vec<_> = own.collect();
        own.sort_by_key(|it| (!it.is_current, std::cmp::Reverse(it.seen_at_ms)));
        Ok(own)
    }

    pub(super) async fn end_one(&self, caller: &AuthUser, id: Uuid) -> Result<(), AuthError> {
        let ended = self.end(caller, Ending::One(id)).await?;
        if ended == 0 { Err(AuthError::NoSuchSignIn) } else { Ok(()) }
    }

    pub(super) async fn end_others(&self, caller: &AuthUser) -> Result<usize, AuthError> {
        self.end(caller, Ending::Others).await
    }

    async fn end(&self, caller: &AuthUser, ending: Ending) -> Result<usize, AuthError> {
        let sign_in = caller.sign_in.0;
        let command = EndSignIns {
            user: caller.user.id.clone(),
            by: Some(sign_in).filter(|id| !is_token_id(*id)),
            ending,
            now_ms: self.clock.now_ms(),
        };
        let (accounts, user) = (self.accounts.clone(), caller.user.id.clone());
        self.close_ended(user, async move { accounts.end_sign_ins(command).await }).await
    }

    /// Stores another password and closes the connections of all other sign-ins, which end with it.
    pub(super) async fn change_password(&self, change: NewPassword) -> Result<(), AuthError> {
        let (accounts, user) = (self.accounts.clone(), change.user.clone());
        self.close_ended(user, async move { accounts.change_password(change).await }).await?;
        Ok(())
    }

    /// Runs a change and closes the connections of the sign-ins that it has ended. As a task: they are closed even if the
    /// client has left.
    async fn close_ended(
        &self,
        user: UserId,
        change: impl Future<Output = Result<Option<Vec<Uuid>>, AccountError>> + Send + 'static,
    ) -> Result<usize, AuthError> {
        let hub = self.hub.clone();
        let work = tokio::spawn(async move {
            let Some(ended) = change.await? else { return Err(AuthError::Unauthorized) };
            for id in &ended {
                hub.close_sign_in(&user, SignInId(*id), CloseCode::Token);
            }
            Ok(ended.len())
        });
        work.await.map_err(AuthError::internal)?
    }
}
