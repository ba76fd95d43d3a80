//! Sign-in use: stores when sign-ins were last used, many in one change of the database.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use hub::SignInId;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::auth::AuthService;
use crate::auth::accounts::AccountError;

/// How often the sign-ins of open connections are noted: a page that is open for days asks for nothing else.
const CONNECTED: Duration = Duration::from_hours(1);

/// The pause after each storing, in which others gather.
const PAUSE: Duration = Duration::from_secs(1);

/// Sign-ins in one change of the database, so that messages do not wait long behind it.
const BATCH: usize = 256;

/// Stores what is noted until the server stops, and what is left then.
pub(crate) async fn keep(auth: Arc<AuthService>, stopping: CancellationToken) {
    let mut hours = interval(CONNECTED);
    hours.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_failing = false;
    loop {
        tokio::select! {
            () = auth.seen().noted() => {}
            _ = hours.tick() => note_connected(&auth),
            () = stopping.cancelled() => {}
        }
        match store(&auth).await {
            Ok(()) => is_failing = false,
            Err(error) => {
                // Logged once: it is tried again and again.
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

fn note_connected(auth: &AuthService) {
    let now_ms = auth.clock().now_ms();
    for SignInId(id) in auth.hub().sign_ins() {
        auth.seen().note_id(id, now_ms);
    }
}

async fn store(auth: &AuthService) -> Result<(), AccountError> {
    loop {
        let batch = auth.seen().batch(BATCH);
        if batch.is_empty() {
            return Ok(());
        }
        auth.accounts().note_seen(batch.clone()).await?;
        auth.seen().stored(&batch);
    }
}
