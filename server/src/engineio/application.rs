//! What is served over Engine.IO.

use std::any::Any;
use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::request::Parts;

use super::inbox::Inbox;
use super::session::Session;

/// What stands behind an [`EngineIo`](super::EngineIo).
pub trait Application: Send + Sync + 'static {
    /// What is known of a client that may come in.
    type Admission: Send + 'static;

    /// Decides whether a session may begin. Asked once for each session, not for each request.
    fn admit(&self, request: &Parts) -> impl Future<Output = Result<Self::Admission, Refusal>> + Send;

    /// What counts a session. It is held until the session and its connections are gone, which is later than
    /// [`serve`](Self::serve) returns: a client may take its time to hang up.
    fn permit(&self, _: &Self::Admission) -> Option<Permit> {
        None
    }

    /// Serves one session. It is closed when this returns; what was sent before still arrives. Should return soon after
    /// the inbox has ended.
    fn serve(
        &self,
        session: Session,
        inbox: Inbox,
        admission: Self::Admission,
    ) -> impl Future<Output = ()> + Send;
}

/// What counts a session; dropping it gives it back.
pub type Permit = Arc<dyn Any + Send + Sync>;

/// Why somebody may not come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The answer's status.
    pub status: StatusCode,
    /// The answer's message, for whoever debugs a client.
    pub message: Cow<'static, str>,
    /// When trying again may help, in seconds.
    pub retry_after_s: Option<u64>,
}

impl Refusal {
    /// 403: this client may not, now or later.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self { status: StatusCode::FORBIDDEN, message: message.into(), retry_after_s: None }
    }

    /// 503: nobody may come in now; clients come back by themselves.
    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, message: message.into(), retry_after_s: Some(1) }
    }
}
