//! Application: the trait of a program that is served over Engine.IO.

use std::future::Future;

use http::request::Parts;

use crate::admission::{AdmitError, Permit};
use crate::message_receiver::MessageReceiver;
use crate::session::Session;

/// The program that an [`EngineIo`](crate::EngineIo) serves.
pub trait SessionHandler: Send + Sync + 'static {
    /// What the application knows of an admitted client.
    type Admission: Send + 'static;

    /// Decides whether a session may begin. Called once for each session, not for each request.
    fn admit(&self, request: &Parts) -> impl Future<Output = Result<Self::Admission, AdmitError>> + Send;

    /// The permit of a session. It is held until the session and its connections are gone, which is later than
    /// [`serve`](Self::serve) returns: a client may take its time to close its connection.
    fn permit(&self, _: &Self::Admission) -> Option<Permit> {
        None
    }

    /// Serves one session. It is closed when this returns; what was sent before still arrives. Should return soon after
    /// `messages` has ended.
    fn serve(
        &self,
        session: Session,
        messages: MessageReceiver,
        admission: Self::Admission,
    ) -> impl Future<Output = ()> + Send;
}
