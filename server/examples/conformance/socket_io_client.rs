//! Socket.IO with recovery: what the tests of `socket.io-client` expect of their server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Query};
use axum::http::request::Parts;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use socketio::{
    Accepted, AdmitError, Application, ClientEvent, ConnectError, ConnectRequest, DisconnectReason,
    OutgoingArgs, Socket, SocketIo, SocketIoSettings,
};
use websocket::WriterPool;

use super::recovery::{Memory, RecoverableSocket};
use super::socket_io::mount;

/// Some tests time out at once and count on it that no answer is faster.
const ADMISSION: Duration = Duration::from_millis(10);

const BYTES: Bytes = Bytes::from_static(b"asdfasdf");

const TEXTS: [&str; 5] = ["てすと", "Я Б Г Д Ж Й", "Ä ä Ü ü ß", "utf8 — string", "utf8 — string"];

#[derive(Default)]
struct Answers {
    memory: Arc<Memory>,
}

/// What the first request said.
struct Handshake {
    headers: Map<String, Value>,
    query: Map<String, Value>,
    url: String,
    address: String,
}

impl Handshake {
    fn with_auth(&self, auth: &Map<String, Value>) -> Value {
        json!({
            "headers": self.headers,
            "query": self.query,
            "url": self.url,
            "address": self.address,
            "auth": auth,
        })
    }
}

struct Guest {
    connection: RecoverableSocket,
    handshake: Value,
    /// Events with bytes that came, for those that must not come before them.
    binaries: Vec<Box<str>>,
}

impl Application for Answers {
    type Admission = Handshake;
    type Connection = Guest;

    async fn admit(&self, request: &Parts) -> Result<Handshake, AdmitError> {
        tokio::time::sleep(ADMISSION).await;
        let query = Query::<Vec<(String, String)>>::try_from_uri(&request.uri);
        let Query(query) = query.map_err(|_| AdmitError::forbidden("The query cannot be read"))?;
        let headers = request
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), Value::from(value.to_str().ok()?))));
        let peer = request.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Handshake {
            headers: headers.collect(),
            query: query.into_iter().map(|(name, value)| (name, Value::from(value))).collect(),
            url: request.uri.to_string(),
            address: peer.map(|ConnectInfo(peer)| peer.ip().to_string()).unwrap_or_default(),
        })
    }

    async fn connect(
        &self,
        handshake: &Handshake,
        request: ConnectRequest,
        socket: &Socket,
    ) -> Result<Accepted<Guest>, ConnectError> {
        match &*request.namespace {
            "/" if handshake.query.contains_key("fail") => {
                return Err(ConnectError::new("Auth failed (main namespace)"));
            }
            "/" | "/foo" | "/timeout_socket" | "/valid" | "/asd" | "/abc" => {}
            "/no" => return Err(ConnectError::new("Auth failed (custom namespace)")),
            _ => return Err(ConnectError::new("Invalid namespace")),
        }
        let handshake = handshake.with_auth(&request.auth());
        let memory = self.memory.clone();
        if let Some(recovery) = request.recovery()
            && let Some(missed) = memory.recover(socket.namespace(), &recovery)
        {
            let pid: Box<str> = recovery.pid.into();
            let connection = RecoverableSocket { socket: socket.clone(), pid: pid.clone(), memory };
            let guest = Guest { connection, handshake, binaries: Vec::new() };
            return Ok(Accepted::recovered(guest, missed.sid, pid, missed.replay));
        }
        let pid = memory.begin(socket);
        let guest = Guest {
            connection: RecoverableSocket { socket: socket.clone(), pid: pid.clone(), memory },
            handshake,
            binaries: Vec::new(),
        };
        if socket.namespace() == "/abc" {
            guest.connection.emit("handshake", &value(&guest.handshake));
        }
        Ok(Accepted::new(guest).with_pid(pid))
    }

    async fn event(&self, guest: &mut Guest, socket: &Socket, event: ClientEvent) {
        match socket.namespace() {
            "/" => guest.answer(&event),
            "/foo" if &*event.name == "getId" => guest.acknowledge(&event, &value(socket.id())),
            _ => {}
        }
    }

    async fn disconnect(&self, guest: Guest, _: &Socket, reason: DisconnectReason) {
        // Whoever lost the connection may come back.
        if !matches!(reason, DisconnectReason::Ended(_)) {
            self.memory.forget(&guest.connection.pid);
        }
    }
}

impl Guest {
    fn answer(&mut self, event: &ClientEvent) {
        let now = Timestamp::now().to_string();
        let has_binary = !event.args.attachments().is_empty();
        if has_binary {
            self.binaries.push(event.name.clone());
        }
        let came = |name: &str| self.binaries.iter().any(|it| **it == *name);
        let none = OutgoingArgs::new();
        match &*event.name {
            "hi" => self.connection.emit("hi", &none),
            "echo" => self.acknowledge(event, &none.with_raw(event.args.raw(0).unwrap_or("null"))),
            "ack" => self.ask(),
            "getAckDate" => self.acknowledge(event, &value(&now)),
            "getDate" => self.connection.emit("takeDate", &value(&now)),
            "getDateObj" => self.connection.emit("takeDateObj", &value(&json!({ "date": now }))),
            "getUtf8" => TEXTS.iter().for_each(|text| self.connection.emit("takeUtf8", &value(text))),
            "false" => self.connection.emit("false", &value(&false)),
            "doge" => self.connection.emit("doge", &none.with_binary(BYTES)),
            "getbin" => self.connection.emit("takebin", &none.with_binary(BYTES)),
            "buffa" if event.args.binary(0).is_some() => self.connection.emit("buffack", &none),
            "blob" if event.args.binary(0).is_some() => self.connection.emit("back", &none),
            "jsonbuff" if is_mixed(event) => self.connection.emit("jsonbuff-ack", &none),
            "jsonblob" if is_mixed(event) => self.connection.emit("jsonblob-ack", &none),
            "abuff2" if came("abuff1") => self.connection.emit("abuff2-ack", &none),
            "blob3" if came("blob1") && has_binary => self.connection.emit("blob3-ack", &none),
            "getHandshake" => self.acknowledge(event, &value(&self.handshake)),
            "getId" => self.acknowledge(event, &value(self.connection.socket.id())),
            _ => {}
        }
    }

    fn acknowledge(&self, event: &ClientEvent, args: &OutgoingArgs) {
        if let Some(id) = event.ack {
            self.connection.socket.ack(id, args).ok();
        }
    }

    /// Asks for an acknowledgement, and says so when it is the right one. Waited for elsewhere: it comes behind what
    /// this client says next.
    fn ask(&self) {
        let Ok(pending) = self.connection.socket.emit_with_ack("ack", &OutgoingArgs::new()) else { return };
        let connection = self.connection.clone();
        tokio::spawn(async move {
            let Ok(args) = pending.answer().await else { return };
            if args.raw(0) == Some("5") && args.get::<Value>(1).is_ok_and(|it| it == json!({ "test": true }))
            {
                connection.emit("got it", &OutgoingArgs::new());
            }
        });
    }
}

/// Bytes inside of an object.
fn is_mixed(event: &ClientEvent) -> bool {
    let argument = event.args.get::<Value>(0).unwrap_or_default();
    let has = |key: &str, text: &str| argument.get(key).is_some_and(|it| it == text);
    has("hello", "lol") && has("goodbye", "gotcha") && event.args.attachments().len() == 1
}

fn value<T: serde::Serialize + ?Sized>(value: &T) -> OutgoingArgs {
    let args = OutgoingArgs::new();
    args.clone().with(value).unwrap_or(args)
}

pub(crate) fn router() -> Router {
    let engine = engineio::EngineSettings {
        ping_interval: Duration::from_secs(2),
        ..engineio::EngineSettings::default()
    };
    mount(SocketIo::new(
        SocketIoSettings { engine, ..SocketIoSettings::default() },
        WriterPool::start(),
        Answers::default(),
    ))
}
