//! `/api/v1/websocket/stats` and `/user/{userId}/status`: who is there, and how much is said.

use axum::Json;
use axum::extract::State;
use protocol::rest::{HubStats, Success, UserStatus};

use super::person_id;
use super::rights::may_watch;
use crate::auth::AuthUser;
use crate::clock::rfc3339;
use crate::error::ApiError;
use crate::gateway::extract::ApiPath;
use crate::state::AppState;

pub(crate) async fn stats(
    State(state): State<AppState>,
    caller: AuthUser,
) -> Result<Json<Success<HubStats>>, ApiError> {
    may_watch(&state, &caller)?;
    let hub = state.hub();
    let counts = hub.stats();
    Ok(Json(Success::of(HubStats {
        connected: counts.connections,
        users: counts.users,
        rooms: counts.rooms,
        nodes: 1,
        messages_per_second: hub.messages_per_second(),
        timestamp: rfc3339(state.clock().now_ms()),
    })))
}

pub(crate) async fn status(
    State(state): State<AppState>,
    caller: AuthUser,
    ApiPath(user): ApiPath<String>,
) -> Result<Json<Success<UserStatus>>, ApiError> {
    if user != caller.user.id.as_str() {
        may_watch(&state, &caller)?;
    }
    let user = person_id(&user)?;
    let known = state.auth().accounts.by_id(&user).await?;
    let user = known.ok_or(hub::HubError::NoSuchPerson(user))?.user;
    let sockets = state.hub().connections_of(&user.id);
    Ok(Json(Success::of(UserStatus {
        is_connected: sockets > 0,
        sockets,
        last_seen: state.hub().last_seen(&user.id).map(rfc3339),
        user_id: user.id.clone(),
    })))
}
