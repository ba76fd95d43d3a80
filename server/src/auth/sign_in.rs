//! Signing up, in, on and out.

use std::sync::Arc;

use hub::model::Person;
use hub::port::Clock;
use hub::{Hub, SignInId};
use protocol::limits::MAX_EMAIL_CHARS;
use protocol::rest::{Login, Register, Tokens};
use protocol::{CloseCode, UserId};
use uuid::Uuid;

use super::accounts::{AccountError, Accounts, NewAccount, Rotation, SignIn, SignInKind};
use super::address::Address;
use super::{Attempts, AuthError, Caller, Clearance, Keys, Passwords, names, secret};
use crate::clock::rfc3339;
use crate::config::AccountsMode;

/// Milliseconds that a device stays signed in: 30 days from the last refresh, or from the sign-in of a browser.
pub const SIGN_IN_MS: i64 = 30 * 24 * 60 * 60 * 1_000;

/// How long a sign-in that is over is kept. A clock that was set too far ahead and is set right again has taken none away
/// then.
pub(crate) const KEPT_AFTER_END_MS: i64 = SIGN_IN_MS;

/// How much longer than [`SIGN_IN_MS`] a sign-in may last because the clock was set back.
const CLOCK_STEP_MS: i64 = 24 * 60 * 60 * 1_000;

/// Whether a sign-in ends when one can end. If not, it was made while the clock was set far ahead, and would last too long.
fn is_bounded(sign_in: &SignIn, now_ms: i64) -> bool {
    sign_in.expires_at_ms <= now_ms.saturating_add(SIGN_IN_MS + CLOCK_STEP_MS)
}

/// The desk where identity is proven. All doors use the same one.
pub struct SignIns {
    /// Remembers accounts and sign-ins.
    pub accounts: Arc<dyn Accounts>,
    /// Knows which sockets a sign-in has.
    pub hub: Hub,
    /// Knows the time.
    pub clock: Arc<dyn Clock>,
    /// Signs tokens.
    pub keys: Keys,
    /// Compares passwords.
    pub passwords: Passwords,
    /// Counts who tries how often.
    pub attempts: Attempts,
    /// Who keeps the accounts.
    pub mode: AccountsMode,
}

/// A browser that has just signed in.
pub struct CookieSignIn {
    /// The cookie's value.
    pub secret: String,
    /// Who.
    pub person: Person,
}

impl SignIns {
    /// Makes an account and signs in with tokens.
    ///
    /// # Errors
    /// [`AuthError`] for values outside their limits, names that are taken, too many attempts.
    pub async fn register(&self, form: Register, address: Address) -> Result<Tokens, AuthError> {
        let person = self.make_account(form, address).await?;
        self.open_tokens(person).await
    }

    /// Makes an account and signs in a browser.
    ///
    /// # Errors
    /// As [`Self::register`].
    pub async fn register_browser(
        &self,
        form: Register,
        address: Address,
    ) -> Result<CookieSignIn, AuthError> {
        let person = self.make_account(form, address).await?;
        self.open_cookie(person).await
    }

    /// Signs in with tokens.
    ///
    /// # Errors
    /// [`AuthError::WrongCredentials`], [`AuthError::TooFast`] and failures of the store.
    pub async fn login(&self, form: Login, address: Address) -> Result<Tokens, AuthError> {
        let person = self.check_password(form, address).await?;
        self.open_tokens(person).await
    }

    /// Signs in a browser.
    ///
    /// # Errors
    /// As [`Self::login`].
    pub async fn login_browser(&self, form: Login, address: Address) -> Result<CookieSignIn, AuthError> {
        let person = self.check_password(form, address).await?;
        self.open_cookie(person).await
    }

    /// Trades a refresh token for a new pair. A spent one has been stolen, from its owner or by him: the sign-in ends.
    ///
    /// # Errors
    /// [`AuthError::Unauthorized`] for a wrong, spent or expired one.
    pub async fn refresh(&self, refresh_token: &str) -> Result<Tokens, AuthError> {
        let now_ms = self.clock.now_ms();
        let fresh = secret::new_secret().map_err(AuthError::internal)?;
        let (old_hash, new_hash) = (secret::hash(refresh_token), secret::hash(&fresh));
        match self.accounts.rotate(&old_hash, &new_hash, now_ms, now_ms + SIGN_IN_MS).await? {
            Rotation::Rotated(sign_in, person) => self.tokens(&person, sign_in.id, fresh),
            Rotation::Reused(sign_in) => {
                tracing::warn!(
                    sign_in.id = %sign_in.id,
                    "Sign-in `{}` ended: its refresh token was used a second time", sign_in.id
                );
                self.hub.close_sign_in(SignInId(sign_in.id), CloseCode::Token);
                Err(AuthError::Unauthorized)
            }
            Rotation::Unknown => Err(AuthError::Unauthorized),
        }
    }

    /// Ends a sign-in and closes its sockets.
    ///
    /// # Errors
    /// [`AuthError::Account`] when the store fails; then nothing has ended.
    pub async fn logout(&self, sign_in: SignInId) -> Result<(), AuthError> {
        self.accounts.revoke(sign_in.0).await?;
        self.hub.close_sign_in(sign_in, CloseCode::Token);
        Ok(())
    }

    /// Whose access token this is.
    ///
    /// # Errors
    /// [`AuthError::Unauthorized`] for whatever is wrong with it.
    pub async fn by_token(&self, token: &str) -> Result<Caller, AuthError> {
        let now_ms = self.clock.now_ms();
        let claims = self.keys.verify(token, now_ms)?;
        let id = UserId::parse(&claims.sub).map_err(|_| AuthError::Unauthorized)?;
        let (expires_at_ms, clearance) = (claims.expires_at_ms(), claims.clearance());
        let (person, sign_in) = match (&claims.sid, self.mode) {
            (Some(sid), AccountsMode::Local) => {
                let sid = Uuid::try_parse(sid).map_err(|_| AuthError::Unauthorized)?;
                let live = self.accounts.sign_in(sid, now_ms).await?;
                let live = live.filter(|it| it.0.user == id && is_bounded(&it.0, now_ms));
                let (sign_in, person) = live.ok_or(AuthError::Unauthorized)?;
                (person, sign_in.id)
            }
            // Signed with our secret by somebody who does not know our sign-ins. The token is its own sign-in.
            (_, mode) => {
                // A part of the application has no account anywhere.
                let made_here = mode == AccountsMode::External || clearance.is_service();
                let person = match self.accounts.by_id(&id).await? {
                    Some(person) => person,
                    None if made_here => {
                        let name = claims.username.as_deref().or(claims.name.as_deref());
                        Arc::new(self.create_from(&id, name.unwrap_or_default(), claims.email).await?)
                    }
                    None => return Err(AuthError::Unauthorized),
                };
                (person, token_id(token))
            }
        };
        if !person.is_active {
            return Err(AuthError::Unauthorized);
        }
        Ok(Caller { person, sign_in: SignInId(sign_in), expires_at_ms, clearance })
    }

    /// A person who is believed without proof, until the server stops.
    ///
    /// # Errors
    /// [`AuthError::Unauthorized`] for nobody here.
    pub async fn by_word(&self, id: &UserId) -> Result<Caller, AuthError> {
        let person = self.accounts.by_id(id).await?.filter(|person| person.is_active);
        let person = person.ok_or(AuthError::Unauthorized)?;
        let sign_in = SignInId(token_id(id.as_str()));
        Ok(Caller { person, sign_in, expires_at_ms: i64::MAX, clearance: Clearance::Person })
    }

    /// Whose cookie this is.
    ///
    /// # Errors
    /// [`AuthError::Unauthorized`] when it is unknown, expired or revoked.
    pub async fn by_cookie(&self, cookie: &str) -> Result<Caller, AuthError> {
        let now_ms = self.clock.now_ms();
        let found = self.accounts.sign_in_by_secret(&secret::hash(cookie), now_ms).await?;
        let found = found.filter(|it| it.1.is_active && is_bounded(&it.0, now_ms));
        let (sign_in, person) = found.ok_or(AuthError::Unauthorized)?;
        Ok(Caller {
            person: Arc::new(person),
            sign_in: SignInId(sign_in.id),
            expires_at_ms: sign_in.expires_at_ms,
            clearance: Clearance::Person,
        })
    }

    /// Whether somebody who was let in a moment ago still is: the sign-in may have ended meanwhile.
    ///
    /// # Errors
    /// [`AuthError::Unauthorized`].
    pub async fn still(&self, caller: Caller) -> Result<Caller, AuthError> {
        let now_ms = self.clock.now_ms();
        let live = if is_token_id(caller.sign_in.0) {
            // It is in no memory of sign-ins: the account decides.
            let person = self.accounts.by_id(&caller.person.id).await?;
            caller.expires_at_ms > now_ms && person.is_some_and(|person| person.is_active)
        } else {
            let live = self.accounts.sign_in(caller.sign_in.0, now_ms).await?;
            live.is_some_and(|it| is_bounded(&it.0, now_ms))
        };
        if live { Ok(caller) } else { Err(AuthError::Unauthorized) }
    }

    async fn make_account(&self, form: Register, address: Address) -> Result<Person, AuthError> {
        self.kept_here()?;
        names::check_username(&form.username)?;
        names::check_email(&form.email)?;
        names::check_password(&form.password, &form.username, &form.email)?;
        let now_ms = self.clock.now_ms();
        self.attempts.count(&format!("from {}", address.0), self.clock.monotonic_ms())?;
        let password_hash = Some(self.passwords.hash(&form.password).await?);
        let id = UserId::parse(&Uuid::now_v7().to_string()).map_err(AuthError::internal)?;
        let account = NewAccount {
            id,
            username: form.username,
            email: form.email,
            password_hash,
            created_at_ms: now_ms,
        };
        let person = self.accounts.create(account).await?;
        tracing::info!(user.id = %person.id, "Account `{}` was made", person.id);
        Ok(person)
    }

    async fn check_password(&self, form: Login, address: Address) -> Result<Person, AuthError> {
        self.kept_here()?;
        let passed_ms = self.clock.monotonic_ms();
        self.attempts.count(&format!("from {}", address.0), passed_ms)?;
        // No login is longer than an address; what is remembered of one is bounded.
        let login = form.username.chars().take(MAX_EMAIL_CHARS);
        let login: String = login.flat_map(char::to_lowercase).collect();
        self.attempts.count(&format!("login {login}"), passed_ms)?;
        let found = self.accounts.by_login(&form.username).await?;
        let (person, stored) = found.map(|it| (it.person, it.password_hash)).unzip();
        let right = self.passwords.is_right(&form.password, stored.flatten()).await?;
        person.filter(|person| right && person.is_active).ok_or(AuthError::WrongCredentials)
    }

    async fn open_tokens(&self, person: Person) -> Result<Tokens, AuthError> {
        let (id, secret) = self.open(&person, SignInKind::Tokens).await?;
        self.tokens(&person, id, secret)
    }

    async fn open_cookie(&self, person: Person) -> Result<CookieSignIn, AuthError> {
        let (_, secret) = self.open(&person, SignInKind::Cookie).await?;
        Ok(CookieSignIn { secret, person })
    }

    async fn open(&self, person: &Person, kind: SignInKind) -> Result<(Uuid, String), AuthError> {
        let secret = secret::new_secret().map_err(AuthError::internal)?;
        let (id, now_ms) = (Uuid::now_v7(), self.clock.now_ms());
        let sign_in = SignIn {
            id,
            user: person.id.clone(),
            kind,
            secret_hash: secret::hash(&secret),
            created_at_ms: now_ms,
            expires_at_ms: now_ms + SIGN_IN_MS,
        };
        self.accounts.open_sign_in(sign_in).await?;
        Ok((id, secret))
    }

    fn tokens(&self, person: &Person, sign_in: Uuid, refresh_token: String) -> Result<Tokens, AuthError> {
        Ok(Tokens {
            access_token: self.keys.issue(&person.id, sign_in, self.clock.now_ms())?,
            refresh_token,
            token_type: "Bearer".to_owned(),
            expires_in: self.keys.access_seconds(),
            user: user(person),
        })
    }

    /// A person whom somebody else vouches for, at first sight. A name or address that somebody here has already is
    /// replaced by one that is made up.
    pub(super) async fn create_from(
        &self,
        id: &UserId,
        name: &str,
        email: Option<String>,
    ) -> Result<Person, AuthError> {
        let spare = Uuid::now_v7().simple().to_string();
        let made_up = format!("{spare}@people.invalid");
        let email = email.filter(|it| names::check_email(it).is_ok()).unwrap_or_else(|| made_up.clone());
        let first = (names::username_like(name, id.as_str()), email);
        for (username, email) in [first, (spare.clone(), made_up)] {
            let account = NewAccount {
                id: id.clone(),
                username,
                email,
                password_hash: None,
                created_at_ms: self.clock.now_ms(),
            };
            match self.accounts.create(account).await {
                Ok(person) => return Ok(person),
                // Taken perhaps by this very person, who came through another door at the same moment.
                Err(AccountError::UsernameTaken | AccountError::EmailTaken | AccountError::IdTaken) => {
                    if let Some(person) = self.accounts.by_id(id).await? {
                        return Ok(Arc::unwrap_or_clone(person));
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(AuthError::Unauthorized)
    }

    fn kept_here(&self) -> Result<(), AuthError> {
        match self.mode {
            AccountsMode::Local => Ok(()),
            AccountsMode::External => Err(AuthError::KeptElsewhere),
        }
    }
}

/// A person in the shape of the REST API.
pub fn user(person: &Person) -> protocol::rest::User {
    protocol::rest::User {
        id: person.id.clone(),
        username: person.username.clone(),
        email: person.email.clone(),
        is_active: person.is_active,
        created_at: rfc3339(person.created_at_ms),
    }
}

/// The sign-in of a token that names none: the same for the same token, and unlike any that is made here (version 8
/// instead of 7, RFC 9562).
fn token_id(token: &str) -> Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(secret::hash(token).split_at(16).0);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

fn is_token_id(id: Uuid) -> bool {
    id.get_version_num() == 8
}
