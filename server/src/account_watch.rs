//! Notices accounts that another process changed beside this server, such as `hubbub user disable`: what is remembered of
//! them is forgotten, and connections whose sign-in has ended are closed.

use std::error::Error;
use std::time::Duration;

use hub::SignInId;
use protocol::{CloseCode, UserId};
use tokio::time::{MissedTickBehavior, interval};

use crate::auth::AuthService;
use crate::auth::accounts::AccountError;
use crate::state::AppState;

/// How often the database is asked. A disabled user is to be out within a second, and one question is some 50 microseconds.
const PERIOD: Duration = Duration::from_millis(300);

/// The newest change of an account. To be asked before any account is remembered.
pub(crate) async fn newest(sign_ins: &AuthService) -> Result<u64, AccountError> {
    sign_ins.accounts.changed_after(None).await.map(|(newest, _)| newest)
}

/// Watches for changes after this one until the server stops.
pub(crate) async fn watch(state: AppState, mut known: u64) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_failing = false;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = state.stopping().cancelled() => return,
        }
        match look(&state, known).await {
            Ok(newest) => (known, is_failing) = (newest, false),
            Err(error) => {
                // Said once: it will be asked again and again.
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

/// Takes in the changes after this one; answers the newest.
async fn look(state: &AppState, known: u64) -> Result<u64, AccountError> {
    let (newest, changed) = state.auth().accounts.changed_after(Some(known)).await?;
    for user in &changed {
        tracing::info!(user.id = %user, "Account `{user}` was changed");
        close_ended(state, user).await?;
    }
    Ok(newest)
}

/// Closes the connections of a user that may not be there any more.
async fn close_ended(state: &AppState, user: &UserId) -> Result<(), AccountError> {
    let (hub, sign_ins) = (state.hub(), state.auth());
    let account = sign_ins.accounts.by_id(user).await?;
    if !account.is_some_and(|account| account.user.is_active) {
        hub.close_user(user, CloseCode::Token);
        return Ok(());
    }
    for SignInId(id) in hub.sign_ins_of(user) {
        if !sign_ins.is_live(id).await? {
            hub.close_sign_in(user, SignInId(id), CloseCode::Token);
        }
    }
    Ok(())
}
