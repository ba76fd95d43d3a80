//! Admission: the answer of an application to a client that requests a session.

use std::any::Any;
use std::borrow::Cow;
use std::sync::Arc;

use http::StatusCode;

/// The permit of a session; dropping it gives it back.
pub type Permit = Arc<dyn Any + Send + Sync>;

/// Why a session is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdmitError {
    /// The status of the response.
    pub status: StatusCode,
    /// The message in the response, for developers of clients.
    pub message: Cow<'static, str>,
    /// When trying again may help, in seconds.
    pub retry_after_s: Option<u64>,
}

impl AdmitError {
    /// 403: this client is never admitted.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self { status: StatusCode::FORBIDDEN, message: message.into(), retry_after_s: None }
    }

    /// 503: no client is admitted now; clients try again by themselves.
    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, message: message.into(), retry_after_s: Some(1) }
    }
}
