//! `/healthz` and `/readyz`, for whoever watches the process.

use axum::extract::State;

use crate::error::ApiError;
use crate::state::AppState;

/// The process runs.
pub(crate) async fn alive() -> &'static str {
    "ok"
}

/// The process can do its work: something could be stored a moment ago and no stop is under way. Why it cannot is in the
/// log, and not for strangers. Maintenance is of the application, and the server is needed to tell of it.
pub(crate) async fn ready(State(state): State<AppState>) -> Result<&'static str, ApiError> {
    let is_ready = state.readiness().can_store() && !state.stopping().is_cancelled();
    if is_ready { Ok("ok") } else { Err(ApiError::NotReady) }
}
