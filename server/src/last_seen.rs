//! Stores when sign-ins were last used, many in one change of the database.

use std::error::Error;
use std::time::Duration;

use hub::SignInId;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::auth::accounts::AccountError;
use crate::state::AppState;

/// How often the sign-ins of open connections are noted: a page that is open for days asks for nothing else.
const CONNECTED: Duration = Duration::from_hours(1);

/// The pause after each storing, in which others gather.
const PAUSE: Duration = Duration::from_secs(1);

/// Sign-ins in one change of the database, so that messages do not wait long behind it.
const BATCH: usize = 256;

/// Stores what is noted until the server stops, and what is left then.
pub(crate) async fn keep(state: AppState) {
    let mut hours = interval(CONNECTED);
    hours.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_failing = false;
    let stopping = state.stopping();
    loop {
        tokio::select! {
            () = state.auth().seen.noted() => {}
            _ = hours.tick() => note_connected(&state),
            () = stopping.cancelled() => {}
        }
        match store(&state).await {
            Ok(()) => is_failing = false,
            Err(error) => {
                // Said once: it will be tried again and again.
                if !is_failing {
                    tracing::error!(
                        error = &error as &dyn Error,
                        "Could not store when sign-ins were last used"
                    );
                }
                is_failing = true;
            }
        }
        if stopping.is_cancelled() {
            return;
        }
        timeout(PAUSE, stopping.cancelled()).await.ok();
    }
}

fn note_connected(state: &AppState) {
    let now_ms = state.clock().now_ms();
    for SignInId(id) in state.hub().sign_ins() {
        state.auth().seen.note_id(id, now_ms);
    }
}

async fn store(state: &AppState) -> Result<(), AccountError> {
    let sign_ins = state.auth();
    loop {
        let batch = sign_ins.seen.batch(BATCH);
        if batch.is_empty() {
            return Ok(());
        }
        sign_ins.accounts.note_seen(batch.clone()).await?;
        sign_ins.seen.stored(&batch);
    }
}
