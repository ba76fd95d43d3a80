//! Connect errors: a sentence for a client whose CONNECT is refused, and `data` by which it can decide what to do.

use hub::HubError;
use protocol::ErrorCode;
use protocol::rest::ErrorBody;
use serde_json::{Value, json};
use socketio::ConnectError;

use crate::auth::AuthError;

/// The client asks for a namespace that does not exist.
pub fn invalid_namespace() -> ConnectError {
    ConnectError::new("Invalid namespace")
}

/// The choice of the client to resume or not cannot be read.
pub fn invalid_resume() -> ConnectError {
    ConnectError::new("resume must be 1, 0, true or false")
        .with_data(json!({ "code": ErrorCode::Invalid, "field": "resume" }))
}

/// The client does not prove its identity. In production one sentence covers all reasons: which part of the proof was wrong is
/// not for strangers.
pub fn not_authenticated(error: &AuthError) -> ConnectError {
    let message = match error.shown_error() {
        Some(token_error) => format!("Authentication failed: the token is refused: {token_error}"),
        None if error.is_unproven() => {
            "Authentication failed: the token is missing, wrong, expired or revoked".to_owned()
        }
        None => error.to_string(),
    };
    ConnectError::new(message).with_data(data(error.code(), None))
}

/// The address of the client connects too often.
pub fn too_many_handshakes(body: ErrorBody) -> ConnectError {
    ConnectError::new(body.message).with_data(data(body.code, body.retry_after_ms))
}

/// Too many handshakes wait. The session ends with it, so the library comes back by itself and needs no data.
pub fn handshake_queue_full(body: ErrorBody) -> ConnectError {
    ConnectError::new(body.message)
}

/// The hub does not attach the client.
pub fn not_attached(error: &HubError) -> ConnectError {
    ConnectError::new(error.to_string()).with_data(data(error.code(), error.retry_after_ms()))
}

fn data(code: ErrorCode, retry_after_ms: Option<u64>) -> Value {
    match retry_after_ms {
        Some(retry_after_ms) => json!({ "code": code, "retry_after_ms": retry_after_ms }),
        None => json!({ "code": code }),
    }
}
