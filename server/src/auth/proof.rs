//! Whose proof of identity this is: a token, a cookie, a name that is believed.

use hub::SignInId;
use protocol::UserId;
use serde_json::Value;
use uuid::Uuid;

use super::accounts::{Account, AccountError};
use super::service::is_bounded;
use super::{AuthError, AuthService, AuthUser, Claims, ClaimsRole, TokenFault, secret};
use crate::config::AccountsMode;

impl AuthService {
    /// Whose access token this is.
    ///
    /// # Errors
    /// [`AuthError::Token`] for whatever is wrong with it, and failures of the store.
    pub async fn by_token(&self, token: &str) -> Result<AuthUser, AuthError> {
        let now_ms = self.clock.now_ms();
        let claims = self.keys.verify(token, now_ms).map_err(|fault| self.refuse(fault))?;
        let id = UserId::parse(&claims.sub).map_err(|_| self.refuse(TokenFault::BadSubject))?;
        let (expires_at_ms, claims_role) =
            (claims.expires_at_ms(), self.roles.claims_role(&claims, self.clock.monotonic_ms()));
        let (account, sign_in) = match (&claims.sid, self.mode) {
            (Some(sid), AccountsMode::Local) => {
                let sid = Uuid::try_parse(sid).map_err(|_| self.refuse(TokenFault::Ended))?;
                let live = self.accounts.sign_in(sid, now_ms).await?;
                let live = live.filter(|it| it.0.user == id && is_bounded(it.0.expires_at_ms, now_ms));
                let (sign_in, account) = live.ok_or_else(|| self.refuse(TokenFault::Ended))?;
                self.seen.note(&sign_in, now_ms);
                (account, sign_in.id)
            }
            // Signed with our secret by somebody who does not know our sign-ins. The token is its own sign-in.
            (_, mode) => {
                let token_id = token_id(&claims, token);
                if !self.is_live(token_id).await? {
                    return Err(self.refuse(TokenFault::Ended));
                }
                // A part of the application has no account anywhere.
                let made_here = mode == AccountsMode::External || claims_role.is_service();
                let account = match self.accounts.by_id(&id).await? {
                    Some(account) => account,
                    None if made_here => {
                        let name = claims.username.as_deref().or(claims.name.as_deref());
                        let user = self.create_from(&id, name.unwrap_or_default(), claims.email).await?;
                        Account { user, claims_role: ClaimsRole::Person }
                    }
                    None => return Err(self.refuse(TokenFault::NoAccount)),
                };
                (account, token_id)
            }
        };
        let Account { user, claims_role: of_account } = account;
        if !user.is_active {
            return Err(self.refuse(TokenFault::Disabled));
        }
        let claims_role = claims_role.max(of_account);
        Ok(AuthUser { user, sign_in: SignInId(sign_in), expires_at_ms, claims_role })
    }

    /// The refusal of a token, in as many words as the environment allows.
    pub fn refuse(&self, fault: TokenFault) -> AuthError {
        AuthError::Token { fault, is_told: self.tells_faults }
    }

    /// A person who is believed without proof, until the server stops.
    ///
    /// # Errors
    /// [`AuthError::Unauthorized`] for nobody here.
    pub async fn trusted_user_id(&self, id: &UserId) -> Result<AuthUser, AuthError> {
        let account = self.accounts.by_id(id).await?.filter(|account| account.user.is_active);
        let user = account.ok_or(AuthError::Unauthorized)?.user;
        let sign_in = SignInId(named_id("word", id.as_str(), ""));
        Ok(AuthUser { user, sign_in, expires_at_ms: i64::MAX, claims_role: ClaimsRole::Person })
    }

    /// Whose cookie this is.
    ///
    /// # Errors
    /// [`AuthError::Unauthorized`] when it is unknown, expired or revoked.
    pub async fn by_cookie(&self, cookie: &str) -> Result<AuthUser, AuthError> {
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

    /// Whether somebody who was let in a moment ago still is: the sign-in may have ended meanwhile.
    ///
    /// # Errors
    /// [`AuthError::Token`].
    pub async fn check_still(&self, caller: &AuthUser) -> Result<(), AuthError> {
        let (now_ms, sign_in) = (self.clock.now_ms(), caller.sign_in.0);
        if caller.expires_at_ms <= now_ms {
            return Err(self.refuse(TokenFault::Expired));
        }
        if !self.is_live(sign_in).await? {
            return Err(self.refuse(TokenFault::Ended));
        }
        let account = self.accounts.by_id(&caller.user.id).await?;
        let is_active = account.is_some_and(|account| account.user.is_active);
        if is_active { Ok(()) } else { Err(self.refuse(TokenFault::Disabled)) }
    }

    /// Whether a sign-in has not ended. One that was made elsewhere, or by nobody, is in no list: it is live until it is
    /// ended here.
    pub(crate) async fn is_live(&self, sign_in: Uuid) -> Result<bool, AccountError> {
        let now_ms = self.clock.now_ms();
        if is_token_id(sign_in) || sign_in.is_nil() {
            let ended_until = self.accounts.token_ended_until(sign_in).await?;
            return Ok(ended_until.is_none_or(|until| until <= now_ms));
        }
        let live = self.accounts.sign_in(sign_in, now_ms).await?;
        Ok(live.is_some_and(|it| is_bounded(it.0.expires_at_ms, now_ms)))
    }
}

/// The sign-in of a token that was signed elsewhere: that of its claim `sid`, else that of its `jti`, else that of this very
/// text.
fn token_id(claims: &Claims, token: &str) -> Uuid {
    match (&claims.sid, claims.more.get("jti")) {
        (Some(sid), _) => named_id("sid", &claims.sub, sid),
        (None, Some(jti @ (Value::String(_) | Value::Number(_)))) => {
            named_id("jti", &claims.sub, &jti.to_string())
        }
        _ => named_id("token", &claims.sub, token),
    }
}

/// The same for the same names, and unlike any that is made here (version 8 instead of 7, RFC 9562). Identifiers have no zero
/// bytes, so that no two lists of names make one text.
fn named_id(kind: &str, user: &str, name: &str) -> Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(secret::hash(&[kind, user, name].join("\0")).split_at(16).0);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Whether a sign-in is that of a token which was signed elsewhere.
pub(super) fn is_token_id(id: Uuid) -> bool {
    id.get_version_num() == 8
}
