//! Sweep: deletes expired sign-ins. They are rejected anyway; this only frees space.

use std::time::Duration;

use crate::auth::KEPT_AFTER_END_MS;
use crate::state::AppState;

/// How often expired sign-ins are deleted.
const PERIOD: Duration = Duration::from_hours(1);

/// Deletes expired sign-ins until the server stops.
pub(super) async fn sweep(state: AppState) {
    let mut ticks = tokio::time::interval(PERIOD);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = state.stopping().cancelled() => return,
        }
        let over_before_ms = state.clock().now_ms() - KEPT_AFTER_END_MS;
        match state.auth().accounts().purge_expired(over_before_ms).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "Deleted {count} expired sign-ins"),
            Err(error) => {
                // The next one does it.
                tracing::warn!(error = &error as &dyn std::error::Error, "Could not delete expired sign-ins");
            }
        }
    }
}
