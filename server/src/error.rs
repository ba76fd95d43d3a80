//! API errors: why a request was not answered with success, with the status, the code and the body of each. The only place
//! with status codes.

use std::error::Error;

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{
    CONNECTION, HeaderValue, RETRY_AFTER, SEC_WEBSOCKET_VERSION, UPGRADE, WWW_AUTHENTICATE,
};
use axum::response::{IntoResponse, Response};
use hub::HubError;
use protocol::ErrorCode;
use protocol::rest::ErrorBody;
use websocket::HandshakeError;

use crate::auth::AuthError;
use crate::auth::accounts::AccountError;
use crate::json::{Misread, MisreadKind};
use crate::limits::connection_limiter::ConnectionError;
use crate::limits::handshake_limiter::HandshakeQueueFull;
use crate::limits::requests::{TooManyAtWork, TooManyRequests};
use crate::rejection_log::Reason;

/// Why a request was not answered with success.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// An error of the hub.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// An error of the hub about a value that has another name in this gateway.
    #[error("{}", renamed(.error, .from, .to))]
    Renamed {
        /// The error.
        error: HubError,
        /// The name in the hub.
        from: &'static str,
        /// The name in this gateway.
        to: &'static str,
    },
    /// Identity was not proven, or an account was not created.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// An address of another user, or of a room that the caller is not in.
    #[error("this address is not yours to use")]
    Forbidden,
    /// The body has another media type than the one that is read here.
    #[error("send `content-type: {expected}`")]
    MediaType {
        /// The one that is read here.
        expected: &'static str,
    },
    /// The body or the query cannot be read, or has another shape.
    #[error(transparent)]
    Misread(#[from] Misread),
    /// A value of the query or the body is outside what is allowed.
    #[error("{message}")]
    Invalid {
        /// The name of the value.
        field: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// The body is beyond the limit.
    #[error("the body is too big")]
    TooBig,
    /// The body did not arrive, or not in time.
    #[error("the body did not arrive")]
    IncompleteBody,
    /// A user name is unknown.
    #[error("there is no user `{0}`")]
    UserNotFound(String),
    /// Known, but not entitled.
    #[error("{0}")]
    NotAllowed(&'static str),
    /// An event's name that only the server may use.
    #[error("`{0}` is an event that only the server sends by itself")]
    ReservedEvent(String),
    /// A socket may not be opened.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// One address asks too often.
    #[error(transparent)]
    TooManyRequests(#[from] TooManyRequests),
    /// Too many requests of one user or one address are at work, or have an answer that was not read.
    #[error(transparent)]
    TooManyAtWork(#[from] TooManyAtWork),
    /// Too many handshakes come at once.
    #[error(transparent)]
    HandshakeQueueFull(#[from] HandshakeQueueFull),
    /// HTTP/1.1 without a `Host`, with several, or with one that names no host (RFC 9112, section 3.2).
    #[error("send one `host` header that names this server")]
    BadHost,
    /// A name that this development server does not answer to.
    #[error(
        "this development server listens on this machine only and answers to its names only: ask for `localhost`, or name the \
         host that you use in HUBBUB_LISTEN, such as HUBBUB_LISTEN=hub.test:3000, or 0.0.0.0:3000 for other machines"
    )]
    ForeignHost,
    /// The server cannot do its work, as far as it knows.
    #[error("not ready")]
    NotReady,
    /// No such address, or nothing there.
    #[error("there is nothing here")]
    NotFound,
    /// An address that is hidden from users without the right to it.
    #[error("there is nothing here")]
    Hidden(#[source] AuthError),
    /// The pages were built without the client library, or not at all.
    #[error("this server has no client library of Socket.IO; `make build` puts it beside the pages")]
    NoClientLibrary,
    /// The address exists, but not with this method.
    #[error("this address does not know this method")]
    WrongMethod,
    /// A socket's address was asked for without a WebSocket handshake that can be taken.
    #[error("this address is for WebSocket connections (RFC 6455): {0}")]
    NotWebSocket(#[from] HandshakeError),
    /// A handler panicked; the log has it.
    #[error("something went wrong on our side")]
    Panicked,
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        Self::Auth(error.into())
    }
}

impl ApiError {
    /// The same error, with the name that this gateway has for a field.
    #[must_use]
    pub fn renaming(error: HubError, from: &'static str, to: &'static str) -> Self {
        if error.field() == Some(from) { Self::Renamed { error, from, to } } else { Self::Hub(error) }
    }

    /// Status and body. The cause of an error of ours is not in them.
    pub fn describe(&self) -> (StatusCode, ErrorBody) {
        let (code, field, retry_after_ms) = self.row();
        let status = match self {
            Self::MediaType { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::IncompleteBody => StatusCode::REQUEST_TIMEOUT,
            // The body is another one than was meant: nothing in it is to be trusted.
            Self::Misread(misread)
                if matches!(misread.kind(), MisreadKind::UnknownKey | MisreadKind::TwoValues) =>
            {
                StatusCode::BAD_REQUEST
            }
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotWebSocket(HandshakeError::Version) => StatusCode::UPGRADE_REQUIRED,
            // The caller is authenticated: a client must not take it for the end of its sign-in.
            Self::Auth(AuthError::WrongPassword) => StatusCode::FORBIDDEN,
            Self::BadHost | Self::NotWebSocket(_) | Self::ReservedEvent(_) => StatusCode::BAD_REQUEST,
            _ => status(code),
        };
        (status, ErrorBody { code, message: self.to_string(), field, retry_after_ms })
    }

    /// The text for the log, where an operator should know: about a token, a sign-in, a rate, or a store that does not answer.
    fn reason(&self) -> Option<Reason> {
        match self {
            Self::Auth(AuthError::Token { error, .. }) | Self::Hidden(AuthError::Token { error, .. }) => {
                Some(Reason(format!("the token is refused: {error}")))
            }
            Self::Auth(
                AuthError::WrongCredentials | AuthError::WrongPassword | AuthError::TooFast { .. },
            )
            | Self::Connection(ConnectionError::TooManyOfAddress { .. })
            | Self::TooManyRequests(_)
            | Self::TooManyAtWork(_)
            | Self::Hub(HubError::TooFast { .. } | HubError::OverDaily { .. }) => {
                Some(Reason(self.to_string()))
            }
            Self::Auth(AuthError::Account(AccountError::Unavailable(_)))
            | Self::Hub(HubError::Unavailable(_)) => Some(Reason(with_causes(self))),
            _ => None,
        }
    }

    /// Logs what failed here, which the answer does not tell. Once for each error.
    pub(crate) fn log(&self) {
        let (status, _) = self.describe();
        // An answer that asks to try again is no failure: a server that is full, stops or cannot store anything says so once,
        // and not for each client. The cause is in the line about the request.
        if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
            tracing::error!(error = self as &dyn Error, status = status.as_u16(), "A request failed");
        }
    }

    /// Has the log line about the request say why it was rejected.
    pub(crate) fn explain(&self, response: &mut Response) {
        if let Some(reason) = self.reason() {
            response.extensions_mut().insert(reason);
        }
    }

    fn row(&self) -> (ErrorCode, Option<String>, Option<u64>) {
        let named = |field: &str| Some(field.to_owned());
        match self {
            Self::Hub(error) => (error.code(), error.field().map(str::to_owned), error.retry_after_ms()),
            Self::Renamed { error, to, .. } => (error.code(), named(to), error.retry_after_ms()),
            Self::Auth(error) => (error.code(), error.field().map(str::to_owned), error.retry_after_ms()),
            Self::MediaType { .. } | Self::IncompleteBody => (ErrorCode::BadJson, None, None),
            Self::Misread(misread) if misread.kind() == MisreadKind::NotJson => {
                (ErrorCode::BadJson, None, None)
            }
            Self::Misread(misread) => (ErrorCode::BadFrame, misread.first_key().map(str::to_owned), None),
            Self::Invalid { field, .. } => (ErrorCode::Invalid, named(field), None),
            Self::TooBig => (ErrorCode::TooBig, None, None),
            Self::UserNotFound(_) => (ErrorCode::NotFound, named("usernames"), None),
            Self::Forbidden | Self::NotAllowed(_) => (ErrorCode::Forbidden, None, None),
            Self::ReservedEvent(_) => (ErrorCode::Invalid, named("event"), None),
            Self::Connection(ConnectionError::TooManyOfAddress { retry_after_ms })
            | Self::TooManyRequests(TooManyRequests { retry_after_ms })
            | Self::TooManyAtWork(TooManyAtWork { retry_after_ms }) => {
                (ErrorCode::RateLimited, None, Some(*retry_after_ms))
            }
            Self::Connection(ConnectionError::Full { retry_after_ms })
            | Self::HandshakeQueueFull(HandshakeQueueFull { retry_after_ms }) => {
                (ErrorCode::Unavailable, None, Some(*retry_after_ms))
            }
            Self::NotFound | Self::Hidden(_) | Self::NoClientLibrary | Self::WrongMethod => {
                (ErrorCode::NotFound, None, None)
            }
            Self::NotWebSocket(_) => (ErrorCode::Invalid, None, None),
            Self::BadHost => (ErrorCode::Invalid, named("host"), None),
            Self::ForeignHost => (ErrorCode::Forbidden, named("host"), None),
            Self::NotReady => (ErrorCode::Unavailable, None, Some(1_000)),
            Self::Panicked => (ErrorCode::Internal, None, None),
        }
    }
}

/// All sentences, from ours to the first cause.
fn with_causes(error: &dyn Error) -> String {
    let (mut sentence, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        sentence = format!("{sentence}: {error}");
        cause = error.source();
    }
    sentence
}

/// The text of an error of the hub begins with the name that the hub has for the field.
fn renamed(error: &HubError, from: &str, to: &str) -> String {
    let sentence = error.to_string();
    sentence.strip_prefix(from).map(|rest| format!("{to}{rest}")).unwrap_or(sentence)
}

fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::BadJson | ErrorCode::UnknownType | ErrorCode::BinaryFrame => StatusCode::BAD_REQUEST,
        ErrorCode::WrongCredentials | ErrorCode::Unauthorized => StatusCode::UNAUTHORIZED,
        ErrorCode::Forbidden | ErrorCode::NotJoined => StatusCode::FORBIDDEN,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::Taken | ErrorCode::Conflict => StatusCode::CONFLICT,
        ErrorCode::TooBig => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::BadFrame
        | ErrorCode::Invalid
        | ErrorCode::Blank
        | ErrorCode::TooLong
        | ErrorCode::WeakPassword
        | ErrorCode::TooMany => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, body) = self.describe();
        let wait_seconds = body.retry_after_ms.map(|wait_ms| wait_ms.div_ceil(1_000));
        let mut response = (status, Json(body)).into_response();
        self.log();
        self.explain(&mut response);
        if let Some(seconds) = wait_seconds {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UPGRADE_REQUIRED {
            // RFC 6455, section 4.4, and RFC 9110, section 15.5.22.
            response.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
