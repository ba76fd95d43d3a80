//! Account watch: notices accounts that another process changed beside this server, such as `hubbub user disable`, drops them
//! from the cache, and closes connections whose sign-in has ended.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use hub::SignInId;
use protocol::{CloseCode, UserId};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::auth::AuthService;
use crate::auth::accounts::AccountError;

/// How often the database is asked. A disabled user is to be out within a second, and one question is some 50 microseconds.
const PERIOD: Duration = Duration::from_millis(300);

/// The newest change of an account. To be read before any account is cached.
pub(crate) async fn newest(auth: &AuthService) -> Result<u64, AccountError> {
    auth.accounts().changed_after(None).await.map(|(newest, _)| newest)
}

/// Watches for changes after this one until the server stops.
pub(crate) async fn watch(auth: Arc<AuthService>, stopping: CancellationToken, mut known: u64) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_failing = false;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stopping.cancelled() => return,
        }
        match apply_changes(&auth, known).await {
            Ok(newest) => (known, is_failing) = (newest, false),
            Err(error) => {
                // Logged once: the read is tried again and again.
                if !is_failing {
                    tracing::error!(
                        error = &error as &dyn Error,
                        "Could not read which accounts were changed"
                    );
                }
                is_failing = true;
            }
        }
    }
}

/// Applies the changes after this one; answers the newest.
async fn apply_changes(auth: &AuthService, known: u64) -> Result<u64, AccountError> {
    let (newest, changed) = auth.accounts().changed_after(Some(known)).await?;
    for user in &changed {
        tracing::info!(user.id = %user, "Account `{user}` was changed");
        close_ended(auth, user).await?;
    }
    Ok(newest)
}

/// Closes the connections of a user that may not be there any more.
async fn close_ended(auth: &AuthService, user: &UserId) -> Result<(), AccountError> {
    let hub = auth.hub();
    let account = auth.accounts().by_id(user).await?;
    if !account.is_some_and(|account| account.user.is_active) {
        hub.close_user(user, CloseCode::Token);
        return Ok(());
    }
    for SignInId(id) in hub.sign_ins_of(user) {
        if !auth.is_live(id).await? {
            hub.close_sign_in(user, SignInId(id), CloseCode::Token);
        }
    }
    Ok(())
}
