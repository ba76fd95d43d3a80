//! The application under test: echoes events, and some names make it do more.

use std::time::Duration;

use axum::body::Body;
use axum::http::request::Parts;
use bytes::Bytes;
use serde_json::json;
use server::tcp_upgrade;
use socketio::{
    Accepted, AdmitError, Application, ClientEvent, ConnectError, ConnectRequest, DisconnectReason, Outgoing,
    OutgoingArgs, SessionClosed, Socket, SocketIo, SocketIoSettings,
};
use tokio::sync::{Mutex, mpsc};
use websocket::WriterPool;

use crate::engine::{self, HttpServer, serve_http, soon};

/// A server of its own, and the reports of its application.
pub(crate) struct TestServer {
    pub(crate) http: HttpServer,
    pub(crate) socketio: SocketIo<Names>,
    reports: Mutex<mpsc::UnboundedReceiver<String>>,
}

/// No ping is sent during a test.
pub(crate) fn quiet() -> SocketIoSettings {
    let engine = engineio::EngineSettings {
        ping_interval: Duration::from_hours(1),
        send_queue_bytes: 50_000,
        ..engineio::EngineSettings::default()
    };
    SocketIoSettings { engine, max_namespaces: 3, ..SocketIoSettings::default() }
}

impl TestServer {
    pub(crate) async fn open(settings: SocketIoSettings) -> Self {
        let (report, reports) = mpsc::unbounded_channel();
        let server = SocketIo::new(settings, WriterPool::start(), Names { report });
        let for_requests = server.clone();
        let http = serve_http(move |mut request| {
            let server = for_requests.clone();
            async move {
                let upgrade = tcp_upgrade::take(request.extensions_mut());
                server.handle(request, upgrade).await.map(Body::from)
            }
        })
        .await;
        Self { http, socketio: server, reports: Mutex::new(reports) }
    }

    /// A WebSocket in the main namespace.
    pub(crate) async fn enter(&self) -> engine::Socket {
        let mut socket = self.http.begin_on_socket().await;
        socket.say("40").await;
        let answer = socket.hear().await;
        assert!(answer.starts_with("40{\"sid\":"), "{answer}");
        socket
    }

    /// The next report of the application.
    pub(crate) async fn next_report(&self) -> String {
        soon(async { self.reports.lock().await.recv().await }).await.unwrap()
    }
}

pub(crate) struct Names {
    report: mpsc::UnboundedSender<String>,
}

impl Names {
    fn report(&self, what: impl Into<String>) {
        self.report.send(what.into()).unwrap();
    }
}

impl Application for Names {
    type Admission = ();
    /// How many events came.
    type Connection = usize;

    async fn admit(&self, _: &Parts) -> Result<(), AdmitError> {
        Ok(())
    }

    async fn connect(
        &self,
        (): &(),
        request: ConnectRequest,
        socket: &Socket,
    ) -> Result<Accepted<usize>, ConnectError> {
        match &*request.namespace {
            "/" | "/other" | "/third" | "/fourth" => Ok(Accepted::new(0)),
            "/greeting" => {
                // Events before the connect is confirmed are delivered after it.
                emit(socket, "first", &OutgoingArgs::new().with(&request.auth()).unwrap());
                let later = socket.clone();
                tokio::spawn(async move { emit(&later, "second", &OutgoingArgs::new()) }).await.unwrap();
                Ok(Accepted::new(0).with_pid("private"))
            }
            "/recovering" => {
                emit(socket, "after", &OutgoingArgs::new());
                let recovery = request.recovery().ok_or_else(|| ConnectError::new("Nothing to recover"))?;
                assert_eq!((&*recovery.pid, recovery.offset.as_deref()), ("private", Some("seen")));
                let missed = |name: &str| {
                    Outgoing::text(format!("2/recovering,[\"{name}\"").into())
                        .with_tail(Bytes::from_static(b",\"offset\"]"))
                };
                Ok(Accepted::recovered(0, "same", recovery.pid, vec![missed("one"), missed("two")]))
            }
            "/flooded" => {
                while socket.emit("flood", &OutgoingArgs::new().with_raw(&"1".repeat(1_000))).is_ok() {}
                Ok(Accepted::new(0))
            }
            "/short" => {
                socket.disconnect(false);
                Ok(Accepted::new(0))
            }
            "/secret" => Err(ConnectError::new("Not \"you\"").with_data(json!({ "code": "forbidden" }))),
            _ => Err(ConnectError::new("Invalid namespace")),
        }
    }

    async fn event(&self, events: &mut usize, socket: &Socket, event: ClientEvent) {
        *events += 1;
        match &*event.name {
            "slow" => {
                // Others would overtake it, if they could.
                for _ in 0..50 {
                    tokio::task::yield_now().await;
                }
                emit(socket, "back", &OutgoingArgs::from(&event.args));
            }
            "ask" => {
                let pending = socket.emit_with_ack("question", &OutgoingArgs::from(&event.args)).unwrap();
                let report = self.report.clone();
                tokio::spawn(async move {
                    let answer = pending.answer().await;
                    let answer = answer
                        .map_or_else(|SessionClosed| "gone".to_owned(), |args| args.raw_all().to_owned());
                    report.send(answer).unwrap();
                });
            }
            "out" => {
                socket.disconnect(false);
                assert_eq!(socket.emit("too late", &OutgoingArgs::new()), Err(SessionClosed));
            }
            "away" => socket.disconnect(true),
            "count" => self.report(events.to_string()),
            name => match event.ack {
                Some(id) => socket.ack(id, &OutgoingArgs::from(&event.args)).unwrap(),
                None => emit(socket, name, &OutgoingArgs::from(&event.args)),
            },
        }
    }

    async fn disconnect(&self, _: usize, socket: &Socket, reason: DisconnectReason) {
        soon(socket.left()).await;
        self.report(format!("{} {reason:?}", socket.namespace()));
    }
}

fn emit(socket: &Socket, name: &str, args: &OutgoingArgs) {
    // A client that has left needs no answer.
    socket.emit(name, args).ok();
}
