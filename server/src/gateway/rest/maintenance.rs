//! `/api/v1/admin/maintenance`: announces that the application is out of service, or back.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hub::HubError;
use protocol::Maintenance;
use protocol::limits::MAX_NOTE_CHARS;
use protocol::rest::NewMaintenance;

use super::rights::Operator;
use crate::error::ApiError;
use crate::gateway::extract::ApiBody;
use crate::state::MaintenanceState;

pub(crate) async fn set(
    State(state): State<Arc<MaintenanceState>>,
    _: Operator,
    ApiBody(new): ApiBody<NewMaintenance>,
) -> Result<Json<Maintenance>, ApiError> {
    let usual = if new.enabled { "We are working on it and will be back soon" } else { "We are back" };
    let message = new.message.unwrap_or_else(|| usual.to_owned());
    let size = message.chars().count();
    if size > MAX_NOTE_CHARS {
        let error = HubError::TooLong { field: "message", size, unit: "characters", limit: MAX_NOTE_CHARS };
        return Err(error.into());
    }
    let maintenance = Maintenance { enabled: new.enabled, message };
    state.set(maintenance.clone());
    Ok(Json(maintenance))
}
