//! A user's own sign-ins: listed, ended, and ended all together with a change of the password.

use hub::SignInId;
use protocol::rest::NewPassword as Form;
use protocol::{CloseCode, UserId};
use uuid::Uuid;

use super::accounts::{AccountError, EndSignIns, Ending, ListedSignIn, NewPassword};
use super::client_ip::ClientIp;
use super::proof::is_token_id;
use super::service::is_bounded;
use super::{AuthError, AuthService, AuthUser, Guessed, validation};
use crate::config::AccountsMode;

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

impl AuthService {
    /// The sign-ins of the caller that are live, the one that asks first, then by when they were used.
    ///
    /// # Errors
    /// [`AuthError::Account`] when the store fails.
    pub async fn own_sign_ins(&self, caller: &AuthUser) -> Result<Vec<OwnSignIn>, AuthError> {
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

    /// Ends one sign-in of the caller, and closes its connections.
    ///
    /// # Errors
    /// [`AuthError::NoSuchSignIn`] where the caller has no live one of this name, [`AuthError::Unauthorized`] when the caller's
    /// own has ended meanwhile, and failures of the store.
    pub async fn end_one(&self, caller: &AuthUser, id: Uuid) -> Result<(), AuthError> {
        let ended = self.end(caller, Ending::One(id)).await?;
        if ended == 0 { Err(AuthError::NoSuchSignIn) } else { Ok(()) }
    }

    /// Ends all sign-ins of the caller but this one, closes their connections, and answers how many there were.
    ///
    /// # Errors
    /// As [`Self::end_one`].
    pub async fn end_others(&self, caller: &AuthUser) -> Result<usize, AuthError> {
        self.end(caller, Ending::Others).await
    }

    async fn end(&self, caller: &AuthUser, ending: Ending) -> Result<usize, AuthError> {
        let sign_in = caller.sign_in.0;
        let wish = EndSignIns {
            user: caller.user.id.clone(),
            by: Some(sign_in).filter(|id| !is_token_id(*id)),
            ending,
            now_ms: self.clock.now_ms(),
        };
        let (accounts, user) = (self.accounts.clone(), caller.user.id.clone());
        self.carry_out(user, async move { accounts.end_sign_ins(wish).await }).await
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
        form: Form,
        address: ClientIp,
    ) -> Result<(), AuthError> {
        let (user, by) = (&caller.user, caller.sign_in.0);
        match self.mode {
            AccountsMode::External => return Err(AuthError::KeptElsewhere),
            AccountsMode::Local if is_token_id(by) => return Err(AuthError::SignedElsewhere),
            AccountsMode::Local => {}
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
        let change = NewPassword { user: user.id.clone(), by, old_hash, new_hash, now_ms };
        let accounts = self.accounts.clone();
        self.carry_out(user.id.clone(), async move { accounts.change_password(change).await }).await?;
        tracing::info!(user.id = %user.id, "The password of `{}` was changed", user.id);
        Ok(())
    }

    /// As a task: the connections of what has ended are closed even if whoever asked for it has left.
    async fn carry_out(
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

/// The refusal of a password, with the name of the field that it came in.
fn of_new_password(error: AuthError) -> AuthError {
    match error {
        AuthError::WeakPassword(message) => AuthError::WeakNewPassword(message),
        error => error,
    }
}
