//! Error: why a request is not served, with the codes and texts of the reference server.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;

use crate::admission::AdmitError;

/// Why a request is not served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// `transport` is neither `polling` nor `websocket`.
    #[error("Transport unknown")]
    Transport,
    /// No session has this `sid`, or not any more.
    #[error("Session ID unknown")]
    Session,
    /// A session begins with a GET.
    #[error("Bad handshake method")]
    HandshakeMethod,
    /// The request does not fit the session's state.
    #[error("Bad request")]
    BadRequest,
    /// The application does not admit the client.
    #[error("{}", .0.message)]
    Refused(AdmitError),
    /// `EIO` is not 4.
    #[error("Unsupported protocol version")]
    Version,
    /// A payload has more bytes than were announced as the limit.
    #[error("Payload too large")]
    TooLarge,
    /// No more sessions now.
    #[error("Too many sessions")]
    Full,
    /// The WebSocket handshake asks for another version than 13 (RFC 6455, section 4.4).
    #[error("Bad request")]
    WebSocketVersion,
}

impl RequestError {
    /// Its number in the reference server, where 3 is every invalid request.
    fn code(&self) -> u8 {
        match self {
            Self::Transport => 0,
            Self::Session => 1,
            Self::HandshakeMethod => 2,
            Self::BadRequest | Self::TooLarge | Self::WebSocketVersion => 3,
            Self::Refused(_) | Self::Full => 4,
            Self::Version => 5,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Transport | Self::Session | Self::HandshakeMethod | Self::BadRequest | Self::Version => {
                StatusCode::BAD_REQUEST
            }
            Self::Refused(error) => error.status,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Full => StatusCode::SERVICE_UNAVAILABLE,
            Self::WebSocketVersion => StatusCode::UPGRADE_REQUIRED,
        }
    }
}

impl RequestError {
    /// The response to the request.
    pub(crate) fn response(&self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = self.status();
        if *self == Self::TooLarge {
            // As the reference server: the status is enough.
            return response;
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Self::Refused(AdmitError { retry_after_s: Some(seconds), .. }) = self {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
        }
        if *self == Self::WebSocketVersion {
            headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        let body = json!({ "code": self.code(), "message": self.to_string() }).to_string();
        *response.body_mut() = Bytes::from(body);
        response
    }
}
