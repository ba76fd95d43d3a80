//! Socket.IO: messages come back as events and as acknowledgements.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::routing::any;
use server::tcp_upgrade;
use socketio::{
    Accepted, AdmitError, Application, ClientEvent, ConnectError, ConnectRequest, DisconnectReason,
    OutgoingArgs, Socket, SocketIo, SocketIoSettings,
};
use websocket::WriterPool;

use super::engine_io::{PING_INTERVAL, PING_TIMEOUT};

/// How long `auth` waits behind the answer to a connect. The suite listens for one frame at a time: of two that arrive in
/// one segment it would miss the second. The reference server writes them in two turns of its loop.
const AFTER_CONNECT: Duration = Duration::from_millis(20);

struct Messages;

impl Application for Messages {
    type Admission = ();
    type Connection = ();

    async fn admit(&self, _: &Parts) -> Result<(), AdmitError> {
        Ok(())
    }

    async fn connect(
        &self,
        (): &(),
        request: ConnectRequest,
        socket: &Socket,
    ) -> Result<Accepted<()>, ConnectError> {
        if !matches!(&*request.namespace, "/" | "/custom") {
            return Err(ConnectError::new("Invalid namespace"));
        }
        let auth = request.auth_json.as_deref().and_then(|json| std::str::from_utf8(json).ok());
        let auth = OutgoingArgs::new().with_raw(auth.unwrap_or("{}"));
        let socket = socket.clone();
        tokio::spawn(async move {
            tokio::time::sleep(AFTER_CONNECT).await;
            socket.emit("auth", &auth).ok();
        });
        Ok(Accepted::new(()))
    }

    async fn event(&self, (): &mut (), socket: &Socket, event: ClientEvent) {
        let args = OutgoingArgs::from(&event.args);
        // A client that has left needs no answer.
        match (&*event.name, event.ack) {
            ("message", _) => socket.emit("message-back", &args).ok(),
            ("message-with-ack", Some(id)) => socket.ack(id, &args).ok(),
            _ => None,
        };
    }

    async fn disconnect(&self, (): (), _: &Socket, _: DisconnectReason) {}
}

pub(crate) fn router() -> Router {
    let engine = engineio::EngineSettings {
        ping_interval: PING_INTERVAL,
        ping_timeout: PING_TIMEOUT,
        ..engineio::EngineSettings::default()
    };
    let settings =
        SocketIoSettings { engine, connect_timeout: Duration::from_secs(1), ..SocketIoSettings::default() };
    mount(SocketIo::new(settings, WriterPool::start(), Messages))
}

/// Takes every request to the usual path.
pub(crate) fn mount<A: Application>(server: SocketIo<A>) -> Router {
    let handler = move |mut request: Request| {
        let server = server.clone();
        async move {
            let upgrade = tcp_upgrade::take(request.extensions_mut());
            server.handle(request, upgrade).await.map(Body::from)
        }
    };
    Router::new().route("/socket.io/", any(handler))
}
