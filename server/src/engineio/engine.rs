//! Requests in, answers out: where sessions begin, and where later requests find theirs.

use std::error::Error;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use wire::engineio::{Handshake, kind};

use super::application::Application;
use super::error::RequestError;
use super::heartbeat::keep_alive;
use super::inbox::Inbox;
use super::registry::Registry;
use super::request::{Asked, Parameters, is_upgrade};
use super::session::{Session, Shared};
use super::settings::Settings;
use super::sid::Sid;
use super::state::{CloseReason, Transport};
use super::upgrade::{Attempt, Surplus};
use super::{polling, websocket};
use crate::websocket::{HandshakeError, Loops, OpenError, OutFrame, Pending, Reader, Writer, accept};

/// An Engine.IO server for one application. Cloning it copies one pointer.
///
/// Give every request of one path to [`handle`](Self::handle), whatever its method; headers for foreign origins are
/// added outside.
pub struct EngineIo<A> {
    shared: Arc<Engine<A>>,
}

struct Engine<A> {
    application: A,
    settings: Arc<Settings>,
    registry: Registry,
    loops: Loops,
    tasks: TaskTracker,
}

impl<A> Clone for EngineIo<A> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<A: Application> EngineIo<A> {
    /// A server without sessions. `loops` write for its sockets.
    pub fn new(settings: Settings, loops: Loops, application: A) -> Self {
        let registry = Registry::new(settings.max_sessions);
        let settings = Arc::new(settings);
        let tasks = TaskTracker::new();
        Self { shared: Arc::new(Engine { application, settings, registry, loops, tasks }) }
    }

    /// What is served.
    pub fn application(&self) -> &A {
        &self.shared.application
    }

    /// How many sessions there are.
    pub fn sessions(&self) -> usize {
        self.shared.registry.count()
    }

    /// Answers a request.
    pub async fn handle(&self, request: Request) -> Response {
        let (mut parts, body) = request.into_parts();
        // What a browser asks before a request to a foreign origin. Whether it may is said by headers that others add.
        if parts.method == Method::OPTIONS {
            return StatusCode::NO_CONTENT.into_response();
        }
        match self.answer(&mut parts, body).await {
            Ok(response) => response,
            Err(error) => {
                tracing::debug!(%error, "A request of Engine.IO was refused");
                error.into_response()
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

    async fn answer(&self, parts: &mut Parts, body: Body) -> Result<Response, RequestError> {
        let parameters = Parameters::read(parts)?;
        let transport = parameters.transport()?;
        // A connection is upgraded to a WebSocket, and a WebSocket is had in no other way.
        let fits = is_upgrade(&parts.headers) == (transport == Asked::WebSocket);
        let Some(sid) = &parameters.sid else {
            parameters.check_handshake(&parts.method)?;
            if !fits {
                return Err(RequestError::BadRequest);
            }
            return match transport {
                Asked::Polling => self.begin_polling(parts).await,
                Asked::WebSocket => self.begin_websocket(parts).await,
            };
        };
        let session = self.shared.registry.find(sid).ok_or(RequestError::Session)?;
        let is_poll = transport == Asked::Polling && parts.method == Method::GET;
        if session.has_ended() && !(is_poll && session.take_late_poll()) {
            return Err(RequestError::Session);
        }
        if !fits {
            return Err(RequestError::BadRequest);
        }
        match (transport, &parts.method) {
            (Asked::WebSocket, _) => self.upgrade(parts, session),
            (Asked::Polling, &Method::GET) => polling::poll(&session).await,
            (Asked::Polling, &Method::POST) => polling::post(&session, &parts.headers, body).await,
            (Asked::Polling, _) => Err(RequestError::BadRequest),
        }
    }

    async fn begin_polling(&self, parts: &Parts) -> Result<Response, RequestError> {
        let admission = self.shared.application.admit(parts).await.map_err(RequestError::Refused)?;
        let session = self.add_session(Transport::Polling, &admission)?;
        let open = self.open_packet(&session);
        self.start(session, admission);
        Ok(polling::handshake(&open))
    }

    async fn begin_websocket(&self, parts: &mut Parts) -> Result<Response, RequestError> {
        let admission = self.shared.application.admit(parts).await.map_err(RequestError::Refused)?;
        let session = self.add_session(Transport::WebSocket, &admission)?;
        let accepted = accept(parts, websocket::settings(&self.shared.settings));
        let (response, pending) = accepted.map_err(refusal)?;
        // In a box of its own, which is gone when the session has begun: a task is as large as the largest of what it ever does.
        let opening = Box::pin(self.clone().open_websocket(session, admission, pending));
        self.shared.tasks.spawn(async move {
            if let Some(connection) = opening.await {
                connection.serve().await;
            }
        });
        Ok(response)
    }

    /// Waits for the connection, says how the session is called, and begins it.
    async fn open_websocket(
        self,
        session: Registered<A>,
        admission: A::Admission,
        pending: Pending,
    ) -> Option<Box<websocket::Connection>> {
        let (reader, mut writer) = open(&session, pending).await?;
        let first = format!("{}{}", char::from(kind::OPEN), self.open_packet(&session));
        if let Err(error) = writer.send(OutFrame::text(first.into())).await {
            tracing::debug!(%error, "A client was gone before its session began");
            return None;
        }
        let shared = session.shared.clone();
        self.start(session, admission);
        let connection = websocket::Connection::begin(shared, reader, writer, &self.shared.loops);
        Some(Box::new(connection))
    }

    fn upgrade(&self, parts: &mut Parts, session: Arc<Shared>) -> Result<Response, RequestError> {
        let accepted = accept(parts, websocket::settings(&self.shared.settings));
        let (response, pending) = accepted.map_err(refusal)?;
        // Before the answer: of two WebSockets the first one wins, whichever task is faster.
        let attempt = match Attempt::begin(&session) {
            Some(attempt) => Ok(attempt),
            None => Err(Surplus::begin(&session).ok_or(RequestError::BadRequest)?),
        };
        let loops = self.shared.loops.clone();
        // As with a session that begins with a WebSocket.
        let upgrading = Box::pin(async move {
            let (reader, writer) = open(&session, pending).await?;
            match attempt {
                Ok(attempt) => attempt.take_over(reader, writer, &loops).await,
                Err(surplus) => {
                    surplus.hang_up(reader, writer).await;
                    None
                }
            }
        });
        self.shared.tasks.spawn(async move {
            if let Some(connection) = upgrading.await {
                connection.serve().await;
            }
        });
        Ok(response)
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
        let shared = Arc::new(Shared::new(sid, self.shared.settings.clone(), transport, permit));
        self.shared.registry.add(shared.clone())?;
        Ok(Registered { engine: self.shared.clone(), shared })
    }

    /// Lets the application serve a session, in a task that ends with it.
    fn start(&self, session: Registered<A>, admission: A::Admission) {
        self.shared.tasks.spawn(async move {
            let inbox = Inbox::new(session.shared.clone());
            let handle = Session::new(session.shared.clone());
            // Written where it is joined: a future that is moved into another one has two places in it.
            tokio::join!(
                async {
                    session.engine.application.serve(handle, inbox, admission).await;
                    session.close(CloseReason::Server);
                },
                keep_alive(&session)
            );
        });
    }

    fn open_packet(&self, session: &Shared) -> String {
        let settings = &self.shared.settings;
        let sid = session.sid.to_text();
        let handshake = Handshake {
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
    shared: Arc<Shared>,
}

impl<A> Deref for Registered<A> {
    type Target = Shared;

    fn deref(&self) -> &Shared {
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
async fn open(session: &Shared, pending: Pending) -> Option<(Reader, Writer)> {
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

fn refusal(error: HandshakeError) -> RequestError {
    tracing::debug!(%error, "A WebSocket handshake was not understood");
    match error {
        HandshakeError::Version => RequestError::WebSocketVersion,
        _ => RequestError::BadRequest,
    }
}
