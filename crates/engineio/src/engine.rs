//! Engine: answers requests: begins sessions, and finds the sessions of later requests.

use std::error::Error;
use std::fmt::Display;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use websocket::{
    HandshakeError, OpenError, OutFrame, PendingUpgrade, Reader, Upgrade, Writer, WriterPool, accept,
};

use crate::application::SessionHandler;
use crate::close_reason::CloseReason;
use crate::codec::{OpenData, kind};
use crate::error::RequestError;
use crate::heartbeat::run_heartbeat;
use crate::message_receiver::MessageReceiver;
use crate::polling;
use crate::registry::Registry;
use crate::request::{Parameters, RequestedTransport, is_upgrade};
use crate::session::Session;
use crate::session_inner::SessionInner;
use crate::settings::EngineSettings;
use crate::sid::Sid;
use crate::state::Transport;
use crate::upgrade::{RejectedUpgrade, UpgradeAttempt};
use crate::websocket_transport::{self, Connection};

/// An Engine.IO server for one application. Cloning it copies one pointer.
///
/// Give every request of one path to [`handle`](Self::handle), whatever its method; headers for foreign origins are
/// added outside. The bytes of a response are its whole body.
pub struct EngineIo<A> {
    shared: Arc<Engine<A>>,
}

struct Engine<A> {
    application: A,
    settings: Arc<EngineSettings>,
    registry: Registry,
    pool: WriterPool,
    tasks: TaskTracker,
}

impl<A> Clone for EngineIo<A> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<A: SessionHandler> EngineIo<A> {
    /// A server without sessions. `pool` writes for its sockets.
    pub fn new(settings: EngineSettings, pool: WriterPool, application: A) -> Self {
        let registry = Registry::new(settings.max_sessions);
        let settings = Arc::new(settings);
        let tasks = TaskTracker::new();
        Self { shared: Arc::new(Engine { application, settings, registry, pool, tasks }) }
    }

    /// The application.
    pub fn application(&self) -> &A {
        &self.shared.application
    }

    /// How many sessions there are.
    pub fn sessions(&self) -> usize {
        self.shared.registry.count()
    }

    /// Answers a request. `upgrade` is what the HTTP server has for a request that can become a WebSocket.
    pub async fn handle<B>(&self, request: Request<B>, upgrade: Option<Upgrade>) -> Response<Bytes>
    where
        B: Body<Error: Display> + Send,
        B::Data: Send,
    {
        let (parts, body) = request.into_parts();
        // The preflight request of a browser before a request to a foreign origin. Other code adds the headers that allow it.
        if parts.method == Method::OPTIONS {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::NO_CONTENT;
            return response;
        }
        match self.answer(&parts, body, upgrade).await {
            Ok(response) => response,
            Err(error) => {
                tracing::debug!(%error, "A request of Engine.IO was refused");
                error.response()
            }
        }
    }

    /// Begins no more sessions, and ends those that there are: gently, and after `patience` at once.
    pub async fn shutdown(&self, patience: Duration) {
        let sessions = self.shared.registry.stop();
        for session in &sessions {
            session.close(CloseReason::Stopping);
        }
        self.shared.tasks.close();
        if timeout(patience, self.shared.tasks.wait()).await.is_err() {
            tracing::warn!("Sessions of Engine.IO did not end in time");
            for session in &sessions {
                session.abort(CloseReason::Stopping);
            }
        }
    }

    async fn answer<B>(
        &self,
        parts: &Parts,
        body: B,
        upgrade: Option<Upgrade>,
    ) -> Result<Response<Bytes>, RequestError>
    where
        B: Body<Error: Display> + Send,
        B::Data: Send,
    {
        let parameters = Parameters::read(parts);
        let transport = parameters.transport()?;
        // Only an upgrade request can ask for a WebSocket, and it can ask for nothing else.
        let fits = is_upgrade(&parts.headers) == (transport == RequestedTransport::WebSocket);
        let Some(sid) = &parameters.sid else {
            parameters.check_handshake(&parts.method)?;
            if !fits {
                return Err(RequestError::BadRequest);
            }
            return match transport {
                RequestedTransport::Polling => self.begin_polling(parts).await,
                RequestedTransport::WebSocket => self.begin_websocket(parts, upgrade).await,
            };
        };
        let session = self.shared.registry.find(sid).ok_or(RequestError::Session)?;
        let is_poll = transport == RequestedTransport::Polling && parts.method == Method::GET;
        if session.has_ended() && !(is_poll && session.take_late_poll()) {
            return Err(RequestError::Session);
        }
        if !fits {
            return Err(RequestError::BadRequest);
        }
        match (transport, &parts.method) {
            (RequestedTransport::WebSocket, _) => self.upgrade(parts, upgrade, session),
            (RequestedTransport::Polling, &Method::GET) => polling::poll(&session).await,
            (RequestedTransport::Polling, &Method::POST) => {
                polling::post(&session, &parts.headers, body).await
            }
            (RequestedTransport::Polling, _) => Err(RequestError::BadRequest),
        }
    }

    async fn begin_polling(&self, parts: &Parts) -> Result<Response<Bytes>, RequestError> {
        let admission = self.shared.application.admit(parts).await.map_err(RequestError::Refused)?;
        let session = self.add_session(Transport::Polling, &admission)?;
        let open = self.open_packet(&session);
        self.start(session, admission);
        Ok(polling::handshake(&open))
    }

    async fn begin_websocket(
        &self,
        parts: &Parts,
        upgrade: Option<Upgrade>,
    ) -> Result<Response<Bytes>, RequestError> {
        let admission = self.shared.application.admit(parts).await.map_err(RequestError::Refused)?;
        let session = self.add_session(Transport::WebSocket, &admission)?;
        let accepted = accept(parts, upgrade, websocket_transport::settings(&self.shared.settings));
        let (response, pending) = accepted.map_err(refused)?;
        // In a box of its own, which is gone when the session has begun: a task is as large as the largest of what it ever does.
        let opening = Box::pin(self.clone().open_websocket(session, admission, pending));
        self.shared.tasks.spawn(async move {
            if let Some(connection) = opening.await {
                connection.serve().await;
            }
        });
        Ok(response.map(|()| Bytes::new()))
    }

    /// Waits for the connection, sends the handshake packet, and begins the session.
    async fn open_websocket(
        self,
        session: Registered<A>,
        admission: A::Admission,
        pending: PendingUpgrade,
    ) -> Option<Box<Connection>> {
        let (reader, mut writer) = open(&session, pending).await?;
        let first = format!("{}{}", char::from(kind::OPEN), self.open_packet(&session));
        if let Err(error) = writer.send(OutFrame::text(first.into())).await {
            tracing::debug!(%error, "A client was gone before its session began");
            return None;
        }
        let shared = session.shared.clone();
        self.start(session, admission);
        let connection = Connection::begin(shared, reader, writer, &self.shared.pool);
        Some(Box::new(connection))
    }

    fn upgrade(
        &self,
        parts: &Parts,
        upgrade: Option<Upgrade>,
        session: Arc<SessionInner>,
    ) -> Result<Response<Bytes>, RequestError> {
        let accepted = accept(parts, upgrade, websocket_transport::settings(&self.shared.settings));
        let (response, pending) = accepted.map_err(refused)?;
        // Before the answer: of two WebSockets the first one wins, whichever task is faster.
        let attempt = match UpgradeAttempt::begin(&session) {
            Some(attempt) => Ok(attempt),
            None => Err(RejectedUpgrade::begin(&session).ok_or(RequestError::BadRequest)?),
        };
        let pool = self.shared.pool.clone();
        // As with a session that begins with a WebSocket.
        let upgrading = Box::pin(async move {
            let (reader, writer) = open(&session, pending).await?;
            match attempt {
                Ok(attempt) => attempt.take_over(reader, writer, &pool).await,
                Err(rejected) => {
                    rejected.close_websocket(reader, writer).await;
                    None
                }
            }
        });
        self.shared.tasks.spawn(async move {
            if let Some(connection) = upgrading.await {
                connection.serve().await;
            }
        });
        Ok(response.map(|()| Bytes::new()))
    }

    fn add_session(
        &self,
        transport: Transport,
        admission: &A::Admission,
    ) -> Result<Registered<A>, RequestError> {
        let sid = Sid::random().map_err(|error| {
            tracing::error!(%error, "No randomness for a session's identifier");
            RequestError::Full
        })?;
        let permit = self.shared.application.permit(admission);
        let shared = Arc::new(SessionInner::new(sid, self.shared.settings.clone(), transport, permit));
        self.shared.registry.add(shared.clone())?;
        Ok(Registered { engine: self.shared.clone(), shared })
    }

    /// Lets the application serve a session, in a task that ends with it.
    fn start(&self, session: Registered<A>, admission: A::Admission) {
        self.shared.tasks.spawn(async move {
            let messages = MessageReceiver::new(session.shared.clone());
            let handle = Session::new(session.shared.clone());
            // Inlined, because moving a future into another one doubles its size.
            tokio::join!(
                async {
                    session.engine.application.serve(handle, messages, admission).await;
                    session.close(CloseReason::Server);
                },
                run_heartbeat(&session)
            );
        });
    }

    fn open_packet(&self, session: &SessionInner) -> String {
        let settings = &self.shared.settings;
        let sid = session.sid.to_text();
        let handshake = OpenData {
            sid: &sid,
            may_upgrade: session.lock().transport == Transport::Polling,
            ping_interval: settings.ping_interval,
            ping_timeout: settings.ping_timeout,
            max_payload: settings.max_payload,
        };
        handshake.to_string()
    }
}

/// A session that is in the registry for as long as this is held. However its task ends, the session ends with it.
struct Registered<A> {
    engine: Arc<Engine<A>>,
    shared: Arc<SessionInner>,
}

impl<A> Deref for Registered<A> {
    type Target = SessionInner;

    fn deref(&self) -> &SessionInner {
        &self.shared
    }
}

impl<A> Drop for Registered<A> {
    fn drop(&mut self) {
        self.shared.abort(CloseReason::Server);
        self.engine.registry.remove(&self.shared);
    }
}

/// Waits for the connection of a WebSocket, but not for ever.
async fn open(session: &SessionInner, pending: PendingUpgrade) -> Option<(Reader, Writer)> {
    match timeout(session.settings.upgrade_timeout, pending.open()).await {
        Ok(Ok(halves)) => return Some(halves),
        Ok(Err(error @ OpenError::Upgrade(_))) => {
            tracing::debug!(error = &error as &dyn Error, "A client was gone before it was let in");
        }
        Ok(Err(error)) => tracing::error!(%error, "A connection could not be upgraded"),
        Err(_) => tracing::debug!("A WebSocket did not open in time"),
    }
    None
}

fn refused(error: HandshakeError) -> RequestError {
    tracing::debug!(%error, "A WebSocket handshake was not understood");
    match error {
        HandshakeError::Version => RequestError::WebSocketVersion,
        _ => RequestError::BadRequest,
    }
}
