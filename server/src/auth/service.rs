//! Signing up, in, on and out.

use std::sync::Arc;

use hub::model::User;
use hub::store::Clock;
use hub::{Hub, SignInId};
use protocol::rest::{Login, Register, Tokens};
use protocol::{CloseCode, UserId};
use uuid::Uuid;

use super::accounts::{AccountError, Accounts, NewAccount, NewSignIn, Rotation, SignIn, SignInKind};
use super::client_ip::ClientIp;
use super::device_token::KnownDevices;
use super::proof::is_token_id;
use super::{
    AuthError, AuthUser, Device, Guessed, Keys, LoginRateLimiter, Passwords, RoleNotice, SeenTimes,
    SignInSource, secret, validation,
};
use crate::clock::rfc3339;
use crate::config::{AccountsMode, Registration};

/// Milliseconds that a device stays signed in: 30 days from the last refresh, or from the sign-in of a browser.
pub const SIGN_IN_MS: i64 = 30 * 24 * 60 * 60 * 1_000;

/// How long a sign-in that is over is kept. A clock that was set too far ahead and is set right again has taken none away
/// then.
pub(crate) const KEPT_AFTER_END_MS: i64 = SIGN_IN_MS;

/// How much longer than [`SIGN_IN_MS`] a sign-in may last because the clock was set back.
const CLOCK_STEP_MS: i64 = 24 * 60 * 60 * 1_000;

/// Whether a sign-in ends when one can end. If not, it was made while the clock was set far ahead, and would last too long.
pub(super) fn is_bounded(expires_at_ms: i64, now_ms: i64) -> bool {
    expires_at_ms <= now_ms.saturating_add(SIGN_IN_MS + CLOCK_STEP_MS)
}

/// The desk where identity is proven. All doors use the same one.
pub struct AuthService {
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
    pub attempts: LoginRateLimiter,
    /// How many sign-ins one user may have; beyond it the oldest ends.
    pub most_sign_ins: u32,
    /// Gathers when sign-ins were last used.
    pub seen: SeenTimes,
    /// Who keeps the accounts.
    pub mode: AccountsMode,
    /// Whether strangers may make accounts.
    pub registration: Registration,
    /// Reads the roles of tokens.
    pub roles: RoleNotice,
    /// Whether answers say what is wrong with a token. In development only: a stranger could learn from it.
    pub tells_faults: bool,
}

/// A browser that has just signed in.
pub struct CookieSignIn {
    /// The cookie's value.
    pub secret: String,
    /// Who.
    pub user: User,
}

/// Somebody who may sign in now.
struct Proven {
    user: User,
    /// What the password was compared with; `None` for an account that was made just now.
    password_hash: Option<String>,
}

impl Proven {
    fn new(user: User) -> Self {
        Self { user, password_hash: None }
    }
}

impl AuthService {
    /// Makes an account and signs in with tokens.
    ///
    /// # Errors
    /// [`AuthError`] for values outside their limits, names that are taken, too many attempts.
    pub async fn register(
        &self,
        form: Register,
        address: ClientIp,
        device: Device,
    ) -> Result<Tokens, AuthError> {
        let user = self.make_account(form, address).await?;
        self.open_tokens(Proven::new(user), device).await
    }

    /// Makes an account and signs in a browser.
    ///
    /// # Errors
    /// As [`Self::register`].
    pub async fn register_browser(
        &self,
        form: Register,
        address: ClientIp,
        device: Device,
    ) -> Result<CookieSignIn, AuthError> {
        let user = self.make_account(form, address).await?;
        self.open_cookie(Proven::new(user), device).await
    }

    /// Signs in with tokens.
    ///
    /// # Errors
    /// [`AuthError::WrongCredentials`], [`AuthError::TooFast`] and failures of the store.
    pub async fn login(
        &self,
        form: Login,
        source: &SignInSource,
        device: Device,
    ) -> Result<Tokens, AuthError> {
        let proven = self.check_password(form, source).await?;
        self.open_tokens(proven, device).await
    }

    /// Signs in a browser.
    ///
    /// # Errors
    /// As [`Self::login`].
    pub async fn login_browser(
        &self,
        form: Login,
        source: &SignInSource,
        device: Device,
    ) -> Result<CookieSignIn, AuthError> {
        let proven = self.check_password(form, source).await?;
        self.open_cookie(proven, device).await
    }

    /// What a device is to keep on which a user has just signed in (see [`super::device_token`]).
    ///
    /// # Errors
    /// [`AuthError::Internal`] without randomness.
    pub fn device_tokens(&self, user: &UserId, source: &SignInSource) -> Result<String, AuthError> {
        let now_ms = self.clock.now_ms();
        KnownDevices::of(source, &self.keys, now_ms).with(user, &self.keys, now_ms)
    }

    /// Trades a refresh token for a new pair. The new refresh token follows from the old one, so that the same can be answered
    /// twice without being kept anywhere: an answer may be lost, and two tabs may ask at once. Otherwise a spent token that
    /// comes again has been stolen, and the sign-in ends. A token that is good for nothing counts against its address; a good
    /// one never does, because strangers may be behind the same address.
    ///
    /// # Errors
    /// [`AuthError::Unauthorized`] for a wrong, spent or expired one, [`AuthError::TooFast`] for too many of these.
    pub async fn refresh(&self, refresh_token: &str, address: ClientIp) -> Result<Tokens, AuthError> {
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
    /// task: they are closed even if whoever asked has left.
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

    /// Ends a sign-in, of another backend too, and closes its connections. As a task: they are closed even if whoever asked
    /// has left.
    ///
    /// # Errors
    /// [`AuthError::Account`] when the store fails; then nothing has ended.
    pub async fn logout(&self, caller: &AuthUser) -> Result<(), AuthError> {
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

    async fn make_account(&self, form: Register, address: ClientIp) -> Result<User, AuthError> {
        self.kept_here()?;
        if self.registration == Registration::Closed {
            return Err(AuthError::RegistrationClosed);
        }
        // Counted when the form is good: who mistypes a name may correct it at once.
        let form = validation::NewUser::check(&form.username, &form.email, &form.password)?;
        self.attempts.of_address(address, self.clock.monotonic_ms())?;
        self.add_user(form).await
    }

    /// Makes an account, whoever asks.
    ///
    /// # Errors
    /// [`AuthError::Account`] for names that are taken, and failures of the store.
    pub(super) async fn add_user(&self, new: validation::NewUser) -> Result<User, AuthError> {
        let account = new.account(&self.passwords, self.clock.now_ms()).await?;
        let user = self.accounts.create(account).await?;
        tracing::info!(user.id = %user.id, "Account `{}` was made", user.id);
        Ok(user)
    }

    async fn check_password(&self, form: Login, source: &SignInSource) -> Result<Proven, AuthError> {
        self.kept_here()?;
        let passed_ms = self.clock.monotonic_ms();
        let devices = KnownDevices::of(source, &self.keys, self.clock.now_ms());
        // Counted before anything is read.
        if devices.is_empty() {
            self.attempts.of_address(source.address, passed_ms)?;
        } else {
            self.attempts.of_device_address(source.address, passed_ms)?;
        }
        let login = validation::login(&form.username);
        let mut found = self.accounts.by_login(&login).await?;
        if found.is_none() && login != form.username.trim() {
            // Addresses of before were kept as they were typed.
            found = self.accounts.by_login(form.username.trim()).await?;
        }
        let user = found.as_ref().map(|found| &found.user.id);
        if let Some(device) = user.and_then(|user| devices.known_for(user)) {
            self.attempts.of_device(device, passed_ms)?;
        } else {
            // A device of others is a stranger here.
            if !devices.is_empty() {
                self.attempts.of_address(source.address, passed_ms)?;
            }
            self.attempts.of_login(&user.map_or(Guessed::Nobody(&login), Guessed::User), passed_ms)?;
        }
        let (user, stored) = found.map(|it| (it.user, it.password_hash)).unzip();
        let stored = stored.flatten();
        let right = self.passwords.is_right(&form.password, stored.clone()).await?;
        let user = user.filter(|user| right && user.is_active).ok_or(AuthError::WrongCredentials)?;
        Ok(Proven { user, password_hash: stored })
    }

    async fn open_tokens(&self, proven: Proven, device: Device) -> Result<Tokens, AuthError> {
        let (id, secret) = self.open(&proven, SignInKind::Tokens, device).await?;
        self.tokens(&proven.user, id, secret)
    }

    async fn open_cookie(&self, proven: Proven, device: Device) -> Result<CookieSignIn, AuthError> {
        let (_, secret) = self.open(&proven, SignInKind::Cookie, device).await?;
        Ok(CookieSignIn { secret, user: proven.user })
    }

    async fn open(
        &self,
        Proven { user, password_hash }: &Proven,
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
        let new = NewSignIn { sign_in, device, password_hash: password_hash.clone() };
        match self.accounts.open_sign_in(new).await {
            // Compared with a password of before: what its change has ended must not begin anew.
            Err(AccountError::PasswordChanged) => return Err(AuthError::WrongCredentials),
            opened => opened?,
        }
        self.end_oldest(user.id.clone(), id, now_ms).await?;
        Ok((id, secret))
    }

    /// Ends the oldest sign-ins of a user who has too many, with their connections. As a task: what ended must be closed even
    /// if whoever signs in has left.
    async fn end_oldest(&self, user: UserId, newest: Uuid, now_ms: i64) -> Result<(), AuthError> {
        let (accounts, hub, most) = (self.accounts.clone(), self.hub.clone(), self.most_sign_ins);
        let work = tokio::spawn(async move {
            for ended in accounts.end_oldest(&user, newest, most, now_ms).await? {
                hub.close_sign_in(&user, SignInId(ended), CloseCode::Token);
            }
            Ok::<_, AccountError>(())
        });
        Ok(work.await.map_err(AuthError::internal)??)
    }

    fn tokens(&self, owner: &User, sign_in: Uuid, refresh_token: String) -> Result<Tokens, AuthError> {
        Ok(Tokens {
            access_token: self.keys.issue(&owner.id, sign_in, self.clock.now_ms())?,
            refresh_token,
            token_type: "Bearer".to_owned(),
            expires_in: self.keys.access_seconds(),
            user: user(owner),
        })
    }

    /// A person whom somebody else vouches for, at first sight. A name or address that somebody here has already is
    /// replaced by one that is made up.
    pub(super) async fn create_from(
        &self,
        id: &UserId,
        name: &str,
        email: Option<String>,
    ) -> Result<Arc<User>, AuthError> {
        let spare = Uuid::now_v7().simple().to_string();
        let made_up = format!("{spare}@people.invalid");
        let email = email.filter(|it| validation::check_email(it).is_ok()).unwrap_or_else(|| made_up.clone());
        let first = (validation::username_like(name, id.as_str()), email);
        for (username, email) in [first, (spare.clone(), made_up)] {
            let account = NewAccount {
                id: id.clone(),
                username,
                email,
                password_hash: None,
                created_at_ms: self.clock.now_ms(),
            };
            match self.accounts.create(account).await {
                Ok(user) => return Ok(Arc::new(user)),
                // Taken perhaps by this very person, who came through another door at the same moment.
                Err(AccountError::UsernameTaken | AccountError::EmailTaken | AccountError::IdTaken) => {
                    if let Some(account) = self.accounts.by_id(id).await? {
                        return Ok(account.user);
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
pub fn user(user: &User) -> protocol::rest::User {
    protocol::rest::User {
        id: user.id.clone(),
        username: user.username.clone(),
        email: user.email.clone(),
        is_active: user.is_active,
        created_at: rfc3339(user.created_at_ms),
    }
}
