//! `/api/v1/websocket/stats` and `/user/{user}/status`: counts of connections, users and messages, and whether a user is
//! connected.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hub::store::Clock;
use hub::{Hub, HubError};
use protocol::rest::{HubStats, Success, UserStatus};

use super::rights::check_may_watch;
use crate::auth::{AuthService, AuthUser};
use crate::clock::rfc3339;
use crate::config::Config;
use crate::error::ApiError;
use crate::gateway::extract::{ApiPath, PathId, UserPath};

pub(crate) async fn stats(
    State(hub): State<Hub>,
    State(config): State<Arc<Config>>,
    State(clock): State<Arc<dyn Clock>>,
    caller: AuthUser,
) -> Result<Json<Success<HubStats>>, ApiError> {
    check_may_watch(&config, &caller)?;
    let counts = hub.stats();
    Ok(Json(Success::of(HubStats {
        connected: counts.connections,
        users: counts.users,
        rooms: counts.rooms,
        nodes: 1,
        messages_per_second: hub.messages_per_second(),
        timestamp: rfc3339(clock.now_ms()),
    })))
}

pub(crate) async fn status(
    State(hub): State<Hub>,
    State(config): State<Arc<Config>>,
    State(auth): State<Arc<AuthService>>,
    caller: AuthUser,
    ApiPath(user): ApiPath<String>,
) -> Result<Json<Success<UserStatus>>, ApiError> {
    if user != caller.user.id.as_str() {
        check_may_watch(&config, &caller)?;
    }
    let UserPath(user) = UserPath::parse(&user)?;
    let known = auth.accounts().by_id(&user).await?;
    let user = known.ok_or(HubError::NoSuchUser(user))?.user;
    let sockets = hub.connections_of(&user.id);
    Ok(Json(Success::of(UserStatus {
        is_connected: sockets > 0,
        sockets,
        last_seen: hub.last_seen(&user.id).map(rfc3339),
        user_id: user.id.clone(),
    })))
}
