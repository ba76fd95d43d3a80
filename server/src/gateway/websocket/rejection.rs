//! Rejections: logs why a token was not taken, and sends an error to a client before its connection is closed.

use hub::{ClientTransport, DeliveryPolicy, Event, HubError, Outbox};

use crate::auth::AuthError;
use crate::auth::client_ip::ClientIp;
use crate::dialect::Dialect;
use crate::state::AppState;

/// The error for a token in a frame, noted in the log; in development with what is wrong with the token.
pub(super) fn token_error(state: &AppState, client_ip: ClientIp, what: &str, error: &AuthError) -> HubError {
    if let AuthError::Token { error, .. } = error {
        let reason = format!("the token is refused: {error}");
        state.rejection_log().note(client_ip, state.clock().monotonic_ms(), &what, &reason);
    } else {
        tracing::debug!(error = error as &dyn std::error::Error, "A token in a frame was not checked");
    }
    error.shown_error().map_or(HubError::Unauthorized, |error| HubError::BadToken(error.to_string()))
}

/// Sends an error to a client whose connection is about to be closed, so a full outbox does not matter.
pub(super) fn send_error(dialect: &Dialect, outbox: &Outbox, error: HubError) {
    if let Some(frame) = (dialect.encoder.encode)(&Event::Failed(error.into())) {
        outbox.push(frame, DeliveryPolicy::Reliable).ok();
    }
}
