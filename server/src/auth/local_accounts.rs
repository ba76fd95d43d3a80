//! Local accounts: registers users whose accounts this hub keeps, and checks and changes their passwords.

use std::sync::Arc;

use hub::model::User;
use hub::store::Clock;
use protocol::rest::{Login, NewPassword as NewPasswordForm, Register};

use super::accounts::{Accounts, NewPassword};
use super::client_ip::ClientIp;
use super::device_token::{KnownDevices, SignInSource};
use super::token_sign_in::is_token_id;
use super::{AuthError, AuthUser, Guessed, Keys, LoginRateLimiter, Passwords, validation};
use crate::config::{AccountsMode, Registration};

/// A user who may sign in now.
pub(super) struct Proven {
    user: User,
    /// What the password was compared with; `None` for an account that was created just now.
    password_hash: Option<String>,
}

impl Proven {
    pub(super) fn into_parts(self) -> (User, Option<String>) {
        (self.user, self.password_hash)
    }
}

/// The accounts that this hub keeps.
pub(super) struct LocalAccounts {
    accounts: Arc<dyn Accounts>,
    clock: Arc<dyn Clock>,
    keys: Arc<Keys>,
    passwords: Arc<Passwords>,
    attempts: Arc<LoginRateLimiter>,
    mode: AccountsMode,
    registration: Registration,
}

impl LocalAccounts {
    pub(super) fn new(
        accounts: Arc<dyn Accounts>,
        clock: Arc<dyn Clock>,
        keys: Arc<Keys>,
        passwords: Arc<Passwords>,
        attempts: Arc<LoginRateLimiter>,
        mode: AccountsMode,
        registration: Registration,
    ) -> Self {
        Self { accounts, clock, keys, passwords, attempts, mode, registration }
    }

    pub(super) fn registration(&self) -> Registration {
        self.registration
    }

    pub(super) async fn register(&self, form: Register, address: ClientIp) -> Result<Proven, AuthError> {
        self.check_mode()?;
        if self.registration == Registration::Closed {
            return Err(AuthError::RegistrationClosed);
        }
        // Counted when the form is good: a user who mistypes a name may correct it at once.
        let new = validation::NewUser::check(&form.username, &form.email, &form.password)?;
        self.attempts.of_address(address, self.clock.monotonic_ms())?;
        let account = new.account(&self.passwords, self.clock.now_ms()).await?;
        let user = self.accounts.create(account).await?;
        tracing::info!(user.id = %user.id, "Account `{}` was made", user.id);
        Ok(Proven { user, password_hash: None })
    }

    pub(super) async fn check_password(
        &self,
        form: Login,
        source: &SignInSource,
    ) -> Result<Proven, AuthError> {
        self.check_mode()?;
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
            // Older addresses are stored as they were typed.
            found = self.accounts.by_login(form.username.trim()).await?;
        }
        let user = found.as_ref().map(|found| &found.user.id);
        if let Some(device) = user.and_then(|user| devices.known_for(user)) {
            self.attempts.of_device(device, passed_ms)?;
        } else {
            // A device of other users is a stranger here.
            if !devices.is_empty() {
                self.attempts.of_address(source.address, passed_ms)?;
            }
            self.attempts.of_login(&user.map_or(Guessed::Unknown(&login), Guessed::User), passed_ms)?;
        }
        let (user, stored) = found.map(|it| (it.user, it.password_hash)).unzip();
        let stored = stored.flatten();
        let right = self.passwords.is_right(&form.password, stored.clone()).await?;
        let user = user.filter(|user| right && user.is_active).ok_or(AuthError::WrongCredentials)?;
        Ok(Proven { user, password_hash: stored })
    }

    /// Checks and counts a change of the caller's password, and hashes the new one.
    pub(super) async fn check_new_password(
        &self,
        caller: &AuthUser,
        form: NewPasswordForm,
        address: ClientIp,
    ) -> Result<NewPassword, AuthError> {
        let (user, by) = (&caller.user, caller.sign_in.0);
        self.check_mode()?;
        if is_token_id(by) {
            return Err(AuthError::SignedElsewhere);
        }
        validation::check_password(&form.new_password, &user.username, &user.email)
            .map_err(of_new_password)?;
        let passed_ms = self.clock.monotonic_ms();
        self.attempts.of_address(address, passed_ms)?;
        // As a sign-in with the name or the address.
        self.attempts.of_login(&Guessed::User(&user.id), passed_ms)?;
        let found = self.accounts.by_login(&user.username).await?.filter(|it| it.user.id == user.id);
        let stored = found.and_then(|it| it.password_hash);
        let is_right = self.passwords.is_right(&form.current_password, stored.clone()).await?;
        let Some(old_hash) = stored.filter(|_| is_right) else { return Err(AuthError::WrongPassword) };
        let new_hash = self.passwords.hash(&form.new_password).await?;
        let now_ms = self.clock.now_ms();
        Ok(NewPassword { user: user.id.clone(), by, old_hash, new_hash, now_ms })
    }

    fn check_mode(&self) -> Result<(), AuthError> {
        match self.mode {
            AccountsMode::Local => Ok(()),
            AccountsMode::External => Err(AuthError::KeptElsewhere),
        }
    }
}

/// The error about a password, with the name of the field that it came in.
fn of_new_password(error: AuthError) -> AuthError {
    match error {
        AuthError::WeakPassword(message) => AuthError::WeakNewPassword(message),
        error => error,
    }
}
