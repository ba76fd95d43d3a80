//! Server: answers requests, as an application of Engine.IO.

use std::fmt::Display;
use std::time::Duration;

use bytes::Bytes;
use engineio::{AdmitError, EngineIo, MessageReceiver, Permit, Session, Upgrade, WriterPool};
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;

use crate::application::Application;
use crate::client_task::ClientTask;
use crate::settings::SocketIoSettings;

/// A Socket.IO server for one application. Cloning it copies one pointer.
///
/// Give every request of one path to [`handle`](Self::handle), whatever its method; headers for foreign origins are
/// added outside. The bytes of a response are its whole body.
pub struct SocketIo<A> {
    engine: EngineIo<Clients<A>>,
}

impl<A> Clone for SocketIo<A> {
    fn clone(&self) -> Self {
        Self { engine: self.engine.clone() }
    }
}

impl<A: Application> SocketIo<A> {
    /// A server without clients. `pool` writes for its sockets.
    pub fn new(settings: SocketIoSettings, pool: WriterPool, application: A) -> Self {
        Self { engine: EngineIo::new(settings.engine, pool, Clients { settings, application }) }
    }

    /// The application.
    pub fn application(&self) -> &A {
        &self.engine.application().application
    }

    /// How many sessions there are.
    pub fn sessions(&self) -> usize {
        self.engine.sessions()
    }

    /// Answers a request. `upgrade` is what the HTTP server has for a request that can become a WebSocket.
    pub async fn handle<B>(&self, request: Request<B>, upgrade: Option<Upgrade>) -> Response<Bytes>
    where
        B: Body<Error: Display> + Send,
        B::Data: Send,
    {
        self.engine.handle(request, upgrade).await
    }

    /// Begins no more sessions, and ends those that there are: gently, and after `patience` at once.
    pub async fn shutdown(&self, patience: Duration) {
        self.engine.shutdown(patience).await;
    }
}

/// Socket.IO as an application of Engine.IO.
struct Clients<A> {
    settings: SocketIoSettings,
    application: A,
}

impl<A: Application> engineio::SessionHandler for Clients<A> {
    type Admission = A::Admission;

    async fn admit(&self, request: &Parts) -> Result<A::Admission, AdmitError> {
        self.application.admit(request).await
    }

    fn permit(&self, admission: &A::Admission) -> Option<Permit> {
        self.application.permit(admission)
    }

    fn serve(
        &self,
        session: Session,
        messages: MessageReceiver,
        admission: A::Admission,
    ) -> impl Future<Output = ()> + Send {
        // In a box, and made before the future: that would keep room for it wherever it is moved through.
        let mut client =
            Box::new(ClientTask::new(&self.application, &self.settings, session, messages, admission));
        async move { client.run().await }
    }
}
