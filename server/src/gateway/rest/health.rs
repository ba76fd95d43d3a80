//! `/healthz` and `/readyz`, for whoever watches the process.

use axum::extract::State;

use crate::error::ApiError;
use crate::state::AppState;

/// The process runs.
pub(crate) async fn alive() -> &'static str {
    "ok"
}

/// The process can do its work: something can be stored and no stop is under way. Maintenance is of the application, and
/// the server is needed to tell of it.
pub(crate) async fn ready(State(state): State<AppState>) -> Result<&'static str, ApiError> {
    if state.stopping().is_cancelled() {
        return Err(ApiError::NotReady("the server is stopping"));
    }
    if !state.readiness().can_store(&state.sign_ins().accounts).await {
        return Err(ApiError::NotReady("nothing can be stored"));
    }
    Ok(if state.maintenance().is_some() { "ok, in maintenance" } else { "ok" })
}
