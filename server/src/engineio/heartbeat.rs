//! The pings of a session, and the limits to waiting for its end.

use std::time::Duration;

use tokio::time::{sleep_until, timeout};

use super::session::Shared;
use super::state::CloseReason;

/// How long a session is remembered for a poll that may have been overtaken by its client's farewell.
const LATE_POLL: Duration = Duration::from_millis(500);

/// Resolves when the client counts as gone.
async fn no_sign_of_life(shared: &Shared) {
    loop {
        let gone_at = shared.gone_at();
        sleep_until(gone_at).await;
        if shared.gone_at() <= gone_at {
            return;
        }
    }
}

/// Pings until the session has ended; sees to it that it does.
pub(super) async fn keep_alive(shared: &Shared) {
    loop {
        let ping_at = shared.lock().pulse.ping_at;
        tokio::select! {
            () = shared.ending.cancelled() => break,
            () = sleep_until(ping_at) => {}
        }
        shared.ping();
        tokio::select! {
            // An answer counts, even if this task comes to it late.
            biased;
            () = shared.heard.notified() => {}
            () = shared.ending.cancelled() => break,
            () = no_sign_of_life(shared) => {
                shared.abort(CloseReason::PingTimeout);
                break;
            }
        }
    }
    if timeout(shared.settings.farewell, shared.ended.cancelled()).await.is_err() {
        // The client did not fetch the rest.
        shared.abort(CloseReason::Lost);
    }
    if shared.lock().is_poll_due && timeout(LATE_POLL, shared.late_poll.notified()).await.is_err() {
        tracing::trace!("No poll came after its client has left");
    }
}
