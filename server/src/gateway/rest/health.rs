//! `/healthz` and `/readyz`: tell monitors of the process whether it runs and can do its work.

use std::sync::Arc;

use axum::extract::State;
use tokio_util::sync::CancellationToken;

use crate::error::ApiError;
use crate::readiness::Readiness;

/// The process runs.
pub(crate) async fn alive() -> &'static str {
    "ok"
}

/// The process can do its work: something could be stored a moment ago and no stop is under way. Why it cannot is in the
/// log, and not for strangers. Maintenance is of the application, and the server is needed to announce it.
pub(crate) async fn ready(
    State(readiness): State<Arc<Readiness>>,
    State(stopping): State<CancellationToken>,
) -> Result<&'static str, ApiError> {
    let is_ready = readiness.can_store() && !stopping.is_cancelled();
    if is_ready { Ok("ok") } else { Err(ApiError::NotReady) }
}
