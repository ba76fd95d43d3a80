//! `/healthz` and `/readyz`, for whoever watches the process.

use axum::extract::State;
use axum::http::StatusCode;

use crate::state::AppState;

/// The process runs.
pub(crate) async fn alive() -> &'static str {
    "ok"
}

/// The process can do its work: the store answers and no stop is under way. Maintenance is of the application, and the
/// server is needed to tell of it.
pub(crate) async fn ready(State(state): State<AppState>) -> (StatusCode, &'static str) {
    let well = if state.maintenance().is_some() { "ok, in maintenance" } else { "ok" };
    if state.stopping().is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping");
    }
    match state.sign_ins().accounts.count().await {
        Ok(_) => (StatusCode::OK, well),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "Not ready: the store does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer")
        }
    }
}
