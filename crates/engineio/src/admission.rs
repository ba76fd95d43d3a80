//! Admission: what an application says of a client that asks for a session.

use std::any::Any;
use std::borrow::Cow;
use std::sync::Arc;

use http::StatusCode;

/// What counts a session; dropping it gives it back.
pub type Permit = Arc<dyn Any + Send + Sync>;

/// Why a session is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdmitError {
    /// The status of the response.
    pub status: StatusCode,
    /// The message in the response, for whoever debugs a client.
    pub message: Cow<'static, str>,
    /// When trying again may help, in seconds.
    pub retry_after_s: Option<u64>,
}

impl AdmitError {
    /// 403: this client may not, now or later.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self { status: StatusCode::FORBIDDEN, message: message.into(), retry_after_s: None }
    }

    /// 503: nobody may come in now; clients come back by themselves.
    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, message: message.into(), retry_after_s: Some(1) }
    }
}
