//! `/api/v1/websocket/test`: events sent by hand, for applications that try out their clients.

use axum::Json;
use axum::extract::State;
use protocol::rest::{Analysis, Delivered, Emit, Started, Success};
use protocol::{Signal, UserId};
use serde_json::{Map, Value};

use super::notifications::PLAIN;
use super::person_id;
use super::rights::Tester;
use crate::clock::rfc3339;
use crate::demo::analysis;
use crate::error::ApiError;
use crate::gateway::extract::{ApiBody, ApiPath};
use crate::state::AppState;

/// Names that Socket.IO's clients and servers use themselves (socket.io 4, "Emit cheatsheet"), and events that would put
/// words into the mouth of a room.
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

/// The event that is not only told but kept and listed.
const NOTIFICATION: &str = "notification";

pub(crate) async fn emit(
    State(state): State<AppState>,
    Tester(caller): Tester,
    ApiBody(emit): ApiBody<Emit>,
) -> Result<Json<Success<Delivered>>, ApiError> {
    state.hub().count(caller.actor())?;
    if RESERVED.contains(&emit.event.as_str()) {
        return Err(ApiError::ReservedEvent(emit.event));
    }
    let user = person_id(&emit.user_id)?;
    let delivered = if emit.event == NOTIFICATION {
        notify(&state, &user, &emit).await?
    } else {
        let signal = Signal { name: emit.event, data: payload(&state, emit.message, emit.data) };
        let told = state.hub().signal(&user, signal).await;
        told.map_err(|error| ApiError::renaming(error, "user_ids", "userId"))?
    };
    Ok(Json(Success::of(Delivered { delivered })))
}

/// What was given goes before what is added: whoever tries out a client may want to send it anything.
fn payload(state: &AppState, message: String, data: Map<String, Value>) -> Value {
    let stamp = state.hub().stamp();
    let mut payload = Map::new();
    payload.insert("message".to_owned(), message.into());
    payload.insert("timestamp".to_owned(), rfc3339(stamp.at_ms).into());
    payload.insert("server".to_owned(), (*stamp.server).into());
    payload.extend(data);
    Value::Object(payload)
}

/// The message is the title, unless there is another one for it to explain.
async fn notify(state: &AppState, user: &UserId, emit: &Emit) -> Result<usize, ApiError> {
    let given = |key: &str| emit.data.get(key).and_then(Value::as_str);
    let (title, message) = match given("title") {
        Some(title) => (title, emit.message.as_str()),
        None => (emit.message.as_str(), ""),
    };
    let told = state.hub().notify(user, title, message, given("type").unwrap_or(PLAIN)).await;
    let (_, delivered) = told.map_err(|error| match error.field() {
        Some("title") if given("title").is_none() => ApiError::renaming(error, "title", "message"),
        _ => ApiError::renaming(error, "user_ids", "userId"),
    })?;
    Ok(delivered)
}

pub(crate) async fn analysis_events(
    State(state): State<AppState>,
    Tester(caller): Tester,
    ApiPath(user): ApiPath<String>,
    ApiBody(wish): ApiBody<Analysis>,
) -> Result<Json<Success<Started>>, ApiError> {
    state.hub().count(caller.actor())?;
    let user = person_id(&user)?;
    let started = analysis::start(&state, user, wish.interview_id, wish.outcome).await;
    let job_id = started.map_err(|error| match error.field() {
        Some("subject") => ApiError::renaming(error, "subject", "interviewId"),
        _ => ApiError::renaming(error, "user_ids", "userId"),
    })?;
    Ok(Json(Success::of(Started { job_id })))
}
