//! Auth service: registers, signs in, verifies and signs out users, for every gateway alike.

use std::sync::Arc;

use hub::store::Clock;
use hub::{ClientSession, Hub};
use protocol::UserId;
use protocol::rest::{Login, NewPassword, Register, Tokens};
use uuid::Uuid;

use super::accounts::{AccountError, Accounts};
use super::client_ip::ClientIp;
use super::device_token::KnownDevices;
use super::local_accounts::LocalAccounts;
use super::sessions::{AuthSessions, CookieSignIn, OwnSignIn};
use super::verifier::Verifier;
use super::{
    AuthError, AuthUser, Device, Keys, LoginRateLimiter, Passwords, RoleClaim, RoleNotice, SeenTimes,
    SignInSource, TokenError,
};
use crate::config::{AccountsMode, Config, RateLimits, Registration};

/// The settings of the service.
#[derive(Debug, Clone)]
pub struct AuthSettings {
    /// Which service keeps the accounts.
    pub mode: AccountsMode,
    /// Whether visitors may create accounts.
    pub registration: Registration,
    /// Sign-ins of one user at most; beyond it the oldest ends.
    pub sign_ins_per_user: u32,
    /// How often passwords and refresh tokens may be tried.
    pub rates: RateLimits,
    /// The claim of a token that names a role of the hub.
    pub role_claim: RoleClaim,
    /// Whether answers say what is wrong with a token. In development only: a stranger could learn from it.
    pub shows_token_errors: bool,
}

impl Default for AuthSettings {
    /// Accounts are kept here, visitors may create them, and attempts are not limited.
    fn default() -> Self {
        Self {
            mode: AccountsMode::Local,
            registration: Registration::Open,
            sign_ins_per_user: 100,
            rates: RateLimits::OFF,
            role_claim: RoleClaim::default(),
            shows_token_errors: false,
        }
    }
}

impl AuthSettings {
    /// The settings of a running server.
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            mode: config.accounts,
            registration: config.users.registration,
            sign_ins_per_user: config.quotas.auth_sessions_per_user,
            rates: config.rate_limits,
            role_claim: config.users.role_claim.clone(),
            shows_token_errors: config.is_development(),
        }
    }
}

/// Proves and manages identity. All gateways use the same one.
pub struct AuthService {
    accounts: Arc<dyn Accounts>,
    hub: Hub,
    clock: Arc<dyn Clock>,
    keys: Arc<Keys>,
    passwords: Arc<Passwords>,
    seen: Arc<SeenTimes>,
    verifier: Verifier,
    sessions: AuthSessions,
    local: LocalAccounts,
}

impl AuthService {
    /// Composes the service. The hub closes the connections of sign-ins that end.
    pub fn new(
        accounts: Arc<dyn Accounts>,
        hub: Hub,
        clock: Arc<dyn Clock>,
        keys: Keys,
        passwords: Passwords,
        settings: AuthSettings,
    ) -> Self {
        let AuthSettings { mode, registration, sign_ins_per_user, rates, role_claim, shows_token_errors } =
            settings;
        let (keys, passwords) = (Arc::new(keys), Arc::new(passwords));
        let (seen, attempts) = (Arc::<SeenTimes>::default(), Arc::new(LoginRateLimiter::new(&rates)));
        let verifier = Verifier::new(
            accounts.clone(),
            clock.clone(),
            keys.clone(),
            seen.clone(),
            RoleNotice::new(role_claim),
            mode,
            shows_token_errors,
        );
        let sessions = AuthSessions::new(
            accounts.clone(),
            hub.clone(),
            clock.clone(),
            keys.clone(),
            seen.clone(),
            attempts.clone(),
            sign_ins_per_user,
        );
        let local = LocalAccounts::new(
            accounts.clone(),
            clock.clone(),
            keys.clone(),
            passwords.clone(),
            attempts,
            mode,
            registration,
        );
        Self { accounts, hub, clock, keys, passwords, seen, verifier, sessions, local }
    }

    /// The accounts and sign-ins that are stored.
    pub fn accounts(&self) -> &dyn Accounts {
        &*self.accounts
    }

    /// The hub whose connections end with their sign-ins.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// The clock that tokens and sign-ins are compared with.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The keys that sign tokens.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The hashes of passwords.
    pub fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    /// When sign-ins were last used, until that is stored.
    pub(crate) fn seen(&self) -> &SeenTimes {
        &self.seen
    }

    /// Whether visitors may create accounts.
    pub fn registration(&self) -> Registration {
        self.local.registration()
    }

    /// Creates an account and signs in with tokens.
    ///
    /// # Errors
    /// [`AuthError`] for values outside their limits, names that are taken, too many attempts.
    pub async fn register(
        &self,
        form: Register,
        address: ClientIp,
        device: Device,
    ) -> Result<Tokens, AuthError> {
        let proven = self.local.register(form, address).await?;
        self.sessions.open_tokens(proven, device).await
    }

    /// Creates an account and signs in a browser.
    ///
    /// # Errors
    /// As [`Self::register`].
    pub async fn register_browser(
        &self,
        form: Register,
        address: ClientIp,
        device: Device,
    ) -> Result<CookieSignIn, AuthError> {
        let proven = self.local.register(form, address).await?;
        self.sessions.open_cookie(proven, device).await
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
        let proven = self.local.check_password(form, source).await?;
        self.sessions.open_tokens(proven, device).await
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
        let proven = self.local.check_password(form, source).await?;
        self.sessions.open_cookie(proven, device).await
    }

    /// The device tokens that a device keeps on which a user has just signed in (see [`super::device_token`]).
    ///
    /// # Errors
    /// [`AuthError::Internal`] without randomness.
    pub fn device_tokens(&self, user: &UserId, source: &SignInSource) -> Result<String, AuthError> {
        let now_ms = self.clock.now_ms();
        KnownDevices::of(source, &self.keys, now_ms).with(user, &self.keys, now_ms)
    }

    /// Trades a refresh token for a new pair. The new refresh token follows from the old one, so that the same can be answered
    /// twice without being stored anywhere: an answer may be lost, and two tabs may ask at once. Otherwise a spent token that
    /// comes again has been stolen, and the sign-in ends. A token that is good for nothing counts against its address; a good
    /// one never does, because strangers may be behind the same address.
    ///
    /// # Errors
    /// [`AuthError::Unauthorized`] for a wrong, spent or expired one, [`AuthError::TooFast`] for too many of these.
    pub async fn refresh(&self, refresh_token: &str, address: ClientIp) -> Result<Tokens, AuthError> {
        self.sessions.refresh(refresh_token, address).await
    }

    /// Ends a sign-in, also one of another service, and closes its connections.
    ///
    /// # Errors
    /// [`AuthError::Account`] when the store fails; then nothing has ended.
    pub async fn logout(&self, caller: &AuthUser) -> Result<(), AuthError> {
        self.sessions.logout(caller).await
    }

    /// The sign-ins of the caller that are live, the one that asks first, then by when they were used.
    ///
    /// # Errors
    /// [`AuthError::Account`] when the store fails.
    pub async fn own_sign_ins(&self, caller: &AuthUser) -> Result<Vec<OwnSignIn>, AuthError> {
        self.sessions.list(caller).await
    }

    /// Ends one sign-in of the caller, and closes its connections.
    ///
    /// # Errors
    /// [`AuthError::NoSuchSignIn`] where the caller has no live one of this id, [`AuthError::Unauthorized`] when the caller's
    /// own has ended meanwhile, and failures of the store.
    pub async fn end_one(&self, caller: &AuthUser, id: Uuid) -> Result<(), AuthError> {
        self.sessions.end_one(caller, id).await
    }

    /// Ends all sign-ins of the caller but this one, closes their connections, and answers how many there were.
    ///
    /// # Errors
    /// As [`Self::end_one`].
    pub async fn end_others(&self, caller: &AuthUser) -> Result<usize, AuthError> {
        self.sessions.end_others(caller).await
    }

    /// Gives the caller another password. All other sign-ins end, and their connections are closed. Counted like a sign-in,
    /// because a password can be guessed here, too.
    ///
    /// # Errors
    /// [`AuthError::WeakNewPassword`], [`AuthError::WrongPassword`], [`AuthError::TooFast`]; [`AuthError::KeptElsewhere`] and
    /// [`AuthError::SignedElsewhere`] where the password is not ours to change; failures of the store.
    pub async fn change_password(
        &self,
        caller: &AuthUser,
        form: NewPassword,
        address: ClientIp,
    ) -> Result<(), AuthError> {
        let change = self.local.check_new_password(caller, form, address).await?;
        self.sessions.change_password(change).await?;
        let id = &caller.user.id;
        tracing::info!(user.id = %id, "The password of `{id}` was changed");
        Ok(())
    }

    /// The user of an access token.
    ///
    /// # Errors
    /// [`AuthError::Token`] for whatever is wrong with it, and failures of the store.
    pub async fn by_token(&self, token: &str) -> Result<AuthUser, AuthError> {
        self.verifier.by_token(token).await
    }

    /// The user of a cookie.
    ///
    /// # Errors
    /// [`AuthError::Unauthorized`] when it is unknown, expired or revoked.
    pub async fn by_cookie(&self, cookie: &str) -> Result<AuthUser, AuthError> {
        self.verifier.by_cookie(cookie).await
    }

    /// A user who is trusted without proof, until the server stops.
    ///
    /// # Errors
    /// [`AuthError::Unauthorized`] without such an account.
    pub async fn trusted_user_id(&self, id: &UserId) -> Result<AuthUser, AuthError> {
        self.verifier.trusted_user_id(id).await
    }

    /// The user that stands in for clients without a token, in development; created at first use. The caller has made sure
    /// that strangers cannot get here.
    ///
    /// # Errors
    /// [`AuthError::Unauthorized`] when the account is disabled, and failures of the store.
    pub async fn dev_user(&self, id: &UserId) -> Result<AuthUser, AuthError> {
        self.verifier.dev_user(id).await
    }

    /// Lets a client continue by a fresh token of the same user. One that is not good changes nothing: the old one is good
    /// until it ends. A token whose sign-in ends meanwhile closes the connection, as if it had ended a moment later.
    ///
    /// # Errors
    /// [`AuthError::Token`] for whatever is wrong with it, [`AuthError::Unauthorized`] for that of another user, and failures
    /// of the store.
    pub async fn renew(&self, client: &ClientSession, carried: &str) -> Result<AuthUser, AuthError> {
        self.verifier.renew(client, carried).await
    }

    /// Checks that a user who was admitted a moment ago still may be here: the sign-in may have ended meanwhile.
    ///
    /// # Errors
    /// [`AuthError::Token`].
    pub async fn check_still(&self, caller: &AuthUser) -> Result<(), AuthError> {
        self.verifier.check_still(caller).await
    }

    /// Whether a sign-in has not ended.
    pub(crate) async fn is_live(&self, sign_in: Uuid) -> Result<bool, AccountError> {
        self.verifier.is_live(sign_in).await
    }

    /// The error of a token, with as many words as the environment allows.
    pub(crate) fn token_error(&self, error: TokenError) -> AuthError {
        self.verifier.token_error(error)
    }
}
