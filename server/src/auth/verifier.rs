//! Verifier: checks tokens, cookies and users that are trusted without proof, and that what was good a moment ago still is.

use std::sync::Arc;

use hub::store::Clock;
use hub::{ClientSession, SignInId};
use protocol::{CloseCode, UserId};
use uuid::Uuid;

use super::accounts::{Account, AccountError, Accounts};
use super::carriers::access_token;
use super::lifetime::is_bounded;
use super::provision::create_account;
use super::token_sign_in::{is_token_id, named_id, token_id};
use super::{AuthError, AuthUser, Claims, ClaimsRole, Keys, RoleNotice, SeenTimes, TokenError, secret};
use crate::config::AccountsMode;

/// The name of the user that stands in for clients without a token, in development.
const DEV_USER_NAME: &str = "mock-user";

/// Checks proofs of identity.
pub(super) struct Verifier {
    accounts: Arc<dyn Accounts>,
    clock: Arc<dyn Clock>,
    keys: Arc<Keys>,
    seen: Arc<SeenTimes>,
    roles: RoleNotice,
    mode: AccountsMode,
    shows_token_errors: bool,
}

impl Verifier {
    pub(super) fn new(
        accounts: Arc<dyn Accounts>,
        clock: Arc<dyn Clock>,
        keys: Arc<Keys>,
        seen: Arc<SeenTimes>,
        roles: RoleNotice,
        mode: AccountsMode,
        shows_token_errors: bool,
    ) -> Self {
        Self { accounts, clock, keys, seen, roles, mode, shows_token_errors }
    }

    pub(super) async fn by_token(&self, token: &str) -> Result<AuthUser, AuthError> {
        let now_ms = self.clock.now_ms();
        let claims = self.keys.verify(token, now_ms).map_err(|error| self.token_error(error))?;
        let id = UserId::parse(&claims.sub).map_err(|_| self.token_error(TokenError::BadSubject))?;
        let (expires_at_ms, claims_role) =
            (claims.expires_at_ms(), self.roles.claims_role(&claims, self.clock.monotonic_ms()));
        let (account, sign_in) = match (&claims.sid, self.mode) {
            (Some(sid), AccountsMode::Local) => self.by_sign_in(&id, sid, now_ms).await?,
            // Signed with our secret by a service that does not know our sign-ins. The token is its own sign-in.
            _ => self.by_claims(&id, claims, token, claims_role).await?,
        };
        let Account { user, claims_role: of_account } = account;
        if !user.is_active {
            return Err(self.token_error(TokenError::Disabled));
        }
        let claims_role = claims_role.max(of_account);
        Ok(AuthUser { user, sign_in: SignInId(sign_in), expires_at_ms, claims_role })
    }

    /// The account and the sign-in of a token that was issued here.
    async fn by_sign_in(&self, id: &UserId, sid: &str, now_ms: i64) -> Result<(Account, Uuid), AuthError> {
        let sid = Uuid::try_parse(sid).map_err(|_| self.token_error(TokenError::Ended))?;
        let live = self.accounts.sign_in(sid, now_ms).await?;
        let live = live.filter(|it| it.0.user == *id && is_bounded(it.0.expires_at_ms, now_ms));
        let (sign_in, account) = live.ok_or_else(|| self.token_error(TokenError::Ended))?;
        self.seen.note(&sign_in, now_ms);
        Ok((account, sign_in.id))
    }

    /// The account and the sign-in of a token that another service has signed.
    async fn by_claims(
        &self,
        id: &UserId,
        claims: Claims,
        token: &str,
        claims_role: ClaimsRole,
    ) -> Result<(Account, Uuid), AuthError> {
        let token_id = token_id(&claims, token);
        if !self.is_live(token_id).await? {
            return Err(self.token_error(TokenError::Ended));
        }
        // A part of the application has no account anywhere.
        let is_created = self.mode == AccountsMode::External || claims_role.is_service();
        let account = match self.accounts.by_id(id).await? {
            Some(account) => account,
            None if is_created => {
                let name = claims.username.as_deref().or(claims.name.as_deref()).unwrap_or_default();
                let user = create_account(&*self.accounts, &*self.clock, id, name, claims.email).await?;
                Account { user, claims_role: ClaimsRole::User }
            }
            None => return Err(self.token_error(TokenError::NoAccount)),
        };
        Ok((account, token_id))
    }

    pub(super) fn token_error(&self, error: TokenError) -> AuthError {
        AuthError::Token { error, is_shown: self.shows_token_errors }
    }

    pub(super) async fn trusted_user_id(&self, id: &UserId) -> Result<AuthUser, AuthError> {
        let account = self.accounts.by_id(id).await?.filter(|account| account.user.is_active);
        let user = account.ok_or(AuthError::Unauthorized)?.user;
        let sign_in = SignInId(named_id("word", id.as_str(), ""));
        Ok(AuthUser { user, sign_in, expires_at_ms: i64::MAX, claims_role: ClaimsRole::User })
    }

    pub(super) async fn dev_user(&self, id: &UserId) -> Result<AuthUser, AuthError> {
        let user = match self.accounts.by_id(id).await? {
            Some(account) => account.user,
            None => create_account(&*self.accounts, &*self.clock, id, DEV_USER_NAME, None).await?,
        };
        if !user.is_active {
            return Err(AuthError::Unauthorized);
        }
        // No user has signed in, so there is no sign-in to end and none that expires.
        let sign_in = SignInId(Uuid::nil());
        Ok(AuthUser { user, sign_in, expires_at_ms: i64::MAX, claims_role: ClaimsRole::User })
    }

    pub(super) async fn by_cookie(&self, cookie: &str) -> Result<AuthUser, AuthError> {
        let now_ms = self.clock.now_ms();
        let found = self.accounts.sign_in_by_secret(&secret::hash(cookie), now_ms).await?;
        let found = found.filter(|it| it.1.user.is_active && is_bounded(it.0.expires_at_ms, now_ms));
        let (sign_in, account) = found.ok_or(AuthError::Unauthorized)?;
        self.seen.note(&sign_in, now_ms);
        Ok(AuthUser {
            user: account.user,
            sign_in: SignInId(sign_in.id),
            expires_at_ms: sign_in.expires_at_ms,
            claims_role: account.claims_role,
        })
    }

    pub(super) async fn check_still(&self, caller: &AuthUser) -> Result<(), AuthError> {
        let (now_ms, sign_in) = (self.clock.now_ms(), caller.sign_in.0);
        if caller.expires_at_ms <= now_ms {
            return Err(self.token_error(TokenError::Expired));
        }
        if !self.is_live(sign_in).await? {
            return Err(self.token_error(TokenError::Ended));
        }
        let account = self.accounts.by_id(&caller.user.id).await?;
        let is_active = account.is_some_and(|account| account.user.is_active);
        if is_active { Ok(()) } else { Err(self.token_error(TokenError::Disabled)) }
    }

    /// Whether a sign-in has not ended. One that was made elsewhere, or that stands for none, is in no list: it is live until
    /// it is ended here.
    pub(super) async fn is_live(&self, sign_in: Uuid) -> Result<bool, AccountError> {
        let now_ms = self.clock.now_ms();
        if is_token_id(sign_in) || sign_in.is_nil() {
            let ended_until = self.accounts.token_ended_until(sign_in).await?;
            return Ok(ended_until.is_none_or(|until| until <= now_ms));
        }
        let live = self.accounts.sign_in(sign_in, now_ms).await?;
        Ok(live.is_some_and(|it| is_bounded(it.0.expires_at_ms, now_ms)))
    }

    pub(super) async fn renew(&self, client: &ClientSession, carried: &str) -> Result<AuthUser, AuthError> {
        let caller = self.by_token(access_token(carried)).await?;
        if caller.user.id != client.user().id {
            return Err(AuthError::Unauthorized);
        }
        client.renew(caller.sign_in);
        // Checked again, now that the end of this sign-in closes this connection, too: it may have ended since the first check.
        if let Err(error) = self.check_still(&caller).await {
            client.close(CloseCode::Token);
            return Err(error);
        }
        Ok(caller)
    }
}
