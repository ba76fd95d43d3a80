//! `/api/v1/websocket/test`: sends events by hand, for applications that try out their clients.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hub::Hub;
use hub::store::Clock;
use protocol::rest::{Analysis, DeliveredCount, Emit, Started, Success};
use protocol::{Opaque, Signal, UserId};
use serde_json::{Map, Value};

use super::notifications::PLAIN;
use super::rights::Tester;
use crate::clock::rfc3339;
use crate::demo::analysis;
use crate::error::ApiError;
use crate::gateway::extract::{ApiBody, PathAndBody, PathId, UserPath};
use crate::state::BackgroundTasks;

/// Names that Socket.IO's clients and servers use themselves (socket.io 4, "Emit cheatsheet"), and events that only a room
/// sends.
const RESERVED: [&str; 9] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
    "chat-message",
    "chat-room-history",
    "error",
];

/// The event that is not only sent but stored and listed.
const NOTIFICATION: &str = "notification";

pub(crate) async fn emit(
    State(hub): State<Hub>,
    Tester(caller): Tester,
    ApiBody(emit): ApiBody<Emit>,
) -> Result<Json<Success<DeliveredCount>>, ApiError> {
    hub.count(caller.requester())?;
    if RESERVED.contains(&emit.event.as_str()) {
        return Err(ApiError::ReservedEvent(emit.event));
    }
    let UserPath(user) = UserPath::parse(&emit.user_id)?;
    let delivered = if emit.event == NOTIFICATION {
        notify(&hub, &user, &emit).await?
    } else {
        let signal = Signal { name: emit.event, data: Opaque(payload(&hub, emit.message, emit.data)) };
        let sent = hub.signal(&user, signal).await;
        sent.map_err(|error| ApiError::renaming(error, "user_ids", "userId"))?
    };
    Ok(Json(Success::of(DeliveredCount { delivered })))
}

/// The values of the caller replace those that are added: a test of a client may want to send it anything.
fn payload(hub: &Hub, message: String, data: Map<String, Value>) -> Value {
    let stamp = hub.stamp();
    let mut payload = Map::new();
    payload.insert("message".to_owned(), message.into());
    payload.insert("timestamp".to_owned(), rfc3339(stamp.at_ms).into());
    payload.insert("server".to_owned(), (*stamp.server).into());
    payload.extend(data);
    Value::Object(payload)
}

/// The message is the title, unless there is another one for it to explain.
async fn notify(hub: &Hub, user: &UserId, emit: &Emit) -> Result<usize, ApiError> {
    let given = |key: &str| emit.data.get(key).and_then(Value::as_str);
    let (title, message) = match given("title") {
        Some(title) => (title, emit.message.as_str()),
        None => (emit.message.as_str(), ""),
    };
    let notified = hub.notify(user, title, message, given("type").unwrap_or(PLAIN)).await;
    let (_, delivered) = notified.map_err(|error| match error.field() {
        Some("title") if given("title").is_none() => ApiError::renaming(error, "title", "message"),
        _ => ApiError::renaming(error, "user_ids", "userId"),
    })?;
    Ok(delivered)
}

pub(crate) async fn analysis_events(
    State(hub): State<Hub>,
    State(tasks): State<BackgroundTasks>,
    State(clock): State<Arc<dyn Clock>>,
    Tester(caller): Tester,
    PathAndBody(user, command): PathAndBody<UserPath, Analysis>,
) -> Result<Json<Success<Started>>, ApiError> {
    hub.count(caller.requester())?;
    let UserPath(user) = user?;
    let started = analysis::start(&hub, &tasks, clock, user, command.interview_id, command.outcome).await;
    let job_id = started.map_err(|error| match error.field() {
        Some("subject") => ApiError::renaming(error, "subject", "interviewId"),
        _ => ApiError::renaming(error, "user_ids", "userId"),
    })?;
    Ok(Json(Success::of(Started { job_id })))
}
