//! Close codes: maps what ended a connection to the code that the client is sent.

use hub::HubError;
use protocol::CloseCode;
use websocket::{ReadError, Violation};

/// The code for how reading ended. A connection that is lost receives nothing more.
pub(super) fn of_read_error(error: &ReadError) -> CloseCode {
    match error {
        ReadError::Violation(Violation::TooBig | Violation::TooManyFragments) => CloseCode::TooBig,
        ReadError::Violation(Violation::NotUtf8 | Violation::NotDeflate) => CloseCode::BadText,
        ReadError::Violation(_) => CloseCode::Protocol,
        ReadError::Unfinished => CloseCode::GoingAway,
        ReadError::Lost | ReadError::Broken(_) => CloseCode::Normal,
    }
}

/// The code for why a client could not be attached.
pub(super) fn of_attach_error(error: &HubError) -> CloseCode {
    match error {
        HubError::Stopping => CloseCode::Restart,
        HubError::TooManyConnections | HubError::TooFast { .. } => CloseCode::TooMany,
        HubError::NoSuchRoom => CloseCode::Forbidden,
        HubError::Unauthorized | HubError::BadToken(_) => CloseCode::Token,
        _ => CloseCode::Internal,
    }
}
