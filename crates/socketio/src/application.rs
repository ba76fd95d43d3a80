//! Application: the trait of a program that is served over Socket.IO.

use std::borrow::Cow;
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use engineio::{AdmitError, CloseReason, Outgoing, Permit};
use http::request::Parts;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::codec::ClientEvent;
use crate::socket::Socket;

/// The program that a [`SocketIo`](crate::SocketIo) serves.
pub trait Application: Send + Sync + 'static {
    /// What the application knows of a client from its first request. Kept as long as the session.
    type Admission: Send + Sync + 'static;

    /// The application's state of one client in one namespace.
    type Connection: Send + 'static;

    /// Decides from the first request whether a session may begin.
    fn admit(&self, request: &Parts) -> impl Future<Output = Result<Self::Admission, AdmitError>> + Send;

    /// The permit of a session, see [`engineio::SessionHandler::permit`](engineio::SessionHandler::permit).
    fn permit(&self, _: &Self::Admission) -> Option<Permit> {
        None
    }

    /// Decides whether a client may enter a namespace. Messages that any task sends through `socket` meanwhile wait until
    /// the client knows that it is in the namespace, and are then sent in their order.
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
        event: ClientEvent,
    ) -> impl Future<Output = ()> + Send;

    /// Counts the bytes of a message, before it is decoded. Returns how long the client's session waits before it continues;
    /// it reads nothing meanwhile.
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

    /// A client has left a namespace. Called once for each connection that was accepted.
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
    /// The `auth` of the client, as JSON. An object, if there is any.
    pub auth_json: Option<Bytes>,
}

impl ConnectRequest {
    /// The `auth` of the client. A client that comes back has `pid` and `offset` in it, too.
    pub fn auth(&self) -> Map<String, Value> {
        self.parsed().unwrap_or_default()
    }

    /// The recovery that a client asks for that was connected before.
    pub fn recovery(&self) -> Option<Recovery> {
        self.parsed()
    }

    fn parsed<'a, T: Deserialize<'a>>(&'a self) -> Option<T> {
        // JSON of another shape is treated as absent: the application checks what it needs.
        self.auth_json.as_deref().and_then(|json| serde_json::from_slice(json).ok())
    }
}

/// The position of a client that comes back. The client claims it: the application has to check it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Recovery {
    /// The private identifier that it got when it connected.
    pub pid: String,
    /// The last text argument of the last event that it got.
    #[serde(default)]
    pub offset: Option<String>,
}

/// A client that is accepted into a namespace.
#[derive(Debug)]
pub struct Accepted<C> {
    /// The application's state of the client.
    pub connection: C,
    /// The identifier that the client had before; otherwise it gets [`Socket::id`]'s proposal.
    pub sid: Option<Box<str>>,
    /// A private identifier that the client sends when it comes back. A client that gets the one it came with knows that
    /// nothing was lost.
    pub pid: Option<Box<str>>,
    /// The messages that the client missed, in order and encoded, sent before anything else. The application bounds it.
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

/// Why a client may not enter a namespace. The client is sent the error, and its session continues.
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

/// Why a client has left a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisconnectReason {
    /// The client left the namespace.
    Left,
    /// The application disconnected it.
    Server,
    /// Its session ended.
    Ended(CloseReason),
}
