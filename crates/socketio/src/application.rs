//! Application: what is served over Socket.IO.

use std::borrow::Cow;
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use engineio::{AdmitError, CloseReason, Outgoing, Permit};
use http::request::Parts;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::codec::Event;
use crate::socket::Socket;

/// What stands behind a [`SocketIo`](crate::SocketIo).
pub trait Application: Send + Sync + 'static {
    /// What is known of a client from its first request. Kept as long as the session.
    type Admission: Send + Sync + 'static;

    /// What belongs to one client in one namespace.
    type Connection: Send + 'static;

    /// Decides from the first request whether a session may begin.
    fn admit(&self, request: &Parts) -> impl Future<Output = Result<Self::Admission, AdmitError>> + Send;

    /// What counts a session, see [`engineio::Application::permit`](engineio::Application::permit).
    fn permit(&self, _: &Self::Admission) -> Option<Permit> {
        None
    }

    /// Decides whether a client may enter a namespace. What is sent through `socket` meanwhile, by whomever, waits until
    /// the client knows that it is in, and then follows in its order.
    fn connect(
        &self,
        admission: &Self::Admission,
        request: ConnectRequest,
        socket: &Socket,
    ) -> impl Future<Output = Result<Accepted<Self::Connection>, ConnectError>> + Send;

    /// An event of a client. The client's next packet waits until this is done, so the answer to an event that is sent
    /// from here must not be waited for here.
    fn event(
        &self,
        connection: &mut Self::Connection,
        socket: &Socket,
        event: Event,
    ) -> impl Future<Output = ()> + Send;

    /// Counts the bytes of a message, before it is decoded. Answers how long the client's session waits before it goes on; it
    /// reads nothing meanwhile.
    fn charge(&self, _: &Self::Connection, _bytes: usize) -> Duration {
        Duration::ZERO
    }

    /// When [`on_deadline`](Self::on_deadline) is to be called for a client; `None`: never. Asked again after everything that
    /// the client sends, and after each deadline.
    fn next_deadline(&self, _: &Self::Connection) -> Option<Instant> {
        None
    }

    /// The deadline has come.
    fn on_deadline(&self, _: &mut Self::Connection, _: &Socket) {}

    /// A client is in a namespace no longer. Called once for each connection that was accepted.
    fn disconnect(
        &self,
        connection: Self::Connection,
        socket: &Socket,
        reason: DisconnectReason,
    ) -> impl Future<Output = ()> + Send;
}

/// A client asks to enter a namespace.
#[derive(Debug, Clone)]
pub struct ConnectRequest {
    /// Which one; it begins with a slash.
    pub namespace: Box<str>,
    /// What the client calls `auth`, as JSON. An object, if there is any.
    pub auth_json: Option<Bytes>,
}

impl ConnectRequest {
    /// What the client calls `auth`. A client that comes back has `pid` and `offset` in it, too.
    pub fn auth(&self) -> Map<String, Value> {
        self.parsed().unwrap_or_default()
    }

    /// What a client that was here before says about that.
    pub fn recovery(&self) -> Option<Recovery> {
        self.parsed()
    }

    fn parsed<'a, T: Deserialize<'a>>(&'a self) -> Option<T> {
        // Of another shape is as good as not there: the application asks for what it needs.
        self.auth_json.as_deref().and_then(|json| serde_json::from_slice(json).ok())
    }
}

/// Where a client was, and what it has seen. Its own words: believed only as far as the application can check them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Recovery {
    /// The private identifier that it got when it connected.
    pub pid: String,
    /// The last text argument of the last event that it got.
    #[serde(default)]
    pub offset: Option<String>,
}

/// A client may enter.
#[derive(Debug)]
pub struct Accepted<C> {
    /// What belongs to this client from now on.
    pub connection: C,
    /// The identifier that the client had before; otherwise it gets [`Socket::id`]'s proposal.
    pub sid: Option<Box<str>>,
    /// A private identifier that the client shows when it comes back. A client that gets the one it came with knows that
    /// nothing was lost.
    pub pid: Option<Box<str>>,
    /// What the client missed, in order and ready to be sent, before anything else. The application bounds it.
    pub replay: Vec<Outgoing>,
}

impl<C> Accepted<C> {
    /// Without a way to recover.
    pub fn new(connection: C) -> Self {
        Self { connection, sid: None, pid: None, replay: Vec::new() }
    }

    /// The client may come back with `pid`.
    #[must_use]
    pub fn with_pid(mut self, pid: impl Into<Box<str>>) -> Self {
        self.pid = Some(pid.into());
        self
    }

    /// The client has come back: it keeps its identifiers and gets what it missed.
    pub fn recovered(
        connection: C,
        sid: impl Into<Box<str>>,
        pid: impl Into<Box<str>>,
        replay: Vec<Outgoing>,
    ) -> Self {
        Self { connection, sid: Some(sid.into()), pid: Some(pid.into()), replay }
    }
}

/// Why a client may not enter a namespace. It is told so and its session goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectError {
    /// Why, in one sentence.
    pub message: Cow<'static, str>,
    /// More about it.
    pub data: Option<Value>,
}

impl ConnectError {
    /// Without more about it.
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), data: None }
    }

    /// With more about it.
    #[must_use]
    pub fn with_data(mut self, data: Value) -> Self {
        self.data = Some(data);
        self
    }
}

/// Why a client is in a namespace no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisconnectReason {
    /// The client left the namespace.
    Client,
    /// The application disconnected it.
    Server,
    /// Its session ended.
    Ended(CloseReason),
}
