//! The door: requests in, answers out.

use std::time::Duration;

use axum::extract::Request;
use axum::http::request::Parts;
use axum::response::Response;

use super::application::Application;
use super::client::Client;
use super::settings::Settings;
use crate::engineio::{self, EngineIo, Inbox, Permit, Refusal, Session};
use crate::websocket::Loops;

/// A Socket.IO server for one application. Cloning it copies one pointer.
///
/// Give every request of one path to [`handle`](Self::handle), whatever its method; headers for foreign origins are
/// added outside.
pub struct SocketIo<A> {
    engine: EngineIo<Clients<A>>,
}

impl<A> Clone for SocketIo<A> {
    fn clone(&self) -> Self {
        Self { engine: self.engine.clone() }
    }
}

impl<A: Application> SocketIo<A> {
    /// A server without clients. `loops` write for its sockets.
    pub fn new(settings: Settings, loops: Loops, application: A) -> Self {
        Self { engine: EngineIo::new(settings.engine, loops, Clients { settings, application }) }
    }

    /// What is served.
    pub fn application(&self) -> &A {
        &self.engine.application().application
    }

    /// How many sessions there are.
    pub fn sessions(&self) -> usize {
        self.engine.sessions()
    }

    /// Answers a request.
    pub async fn handle(&self, request: Request) -> Response {
        self.engine.handle(request).await
    }

    /// Begins no more sessions, and ends those that there are: gently, and after `patience` at once.
    pub async fn shutdown(&self, patience: Duration) {
        self.engine.shutdown(patience).await;
    }
}

/// Socket.IO as what Engine.IO serves.
struct Clients<A> {
    settings: Settings,
    application: A,
}

impl<A: Application> engineio::Application for Clients<A> {
    type Admission = A::Admission;

    async fn admit(&self, request: &Parts) -> Result<A::Admission, Refusal> {
        self.application.admit(request).await
    }

    fn permit(&self, admission: &A::Admission) -> Option<Permit> {
        self.application.permit(admission)
    }

    fn serve(
        &self,
        session: Session,
        inbox: Inbox,
        admission: A::Admission,
    ) -> impl Future<Output = ()> + Send {
        // In a box, and made before the future: that would keep room for it wherever it is moved through.
        let mut client = Box::new(Client::new(&self.application, &self.settings, session, inbox, admission));
        async move { client.run().await }
    }
}
