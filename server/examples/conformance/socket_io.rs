//! Socket.IO: messages come back as events and as acknowledgements.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::routing::any;
use server::engineio;
use server::socketio::{
    Accepted, Application, Arguments, ConnectRefusal, ConnectRequest, Disconnect, Event, Refusal, Settings,
    Socket, SocketIo,
};
use server::websocket::Loops;

use super::engine_io::{PING_INTERVAL, PING_TIMEOUT};

/// How long `auth` waits behind the answer to a connect. The suite listens for one frame at a time: of two that arrive in
/// one segment it would miss the second. The reference server writes them in two turns of its loop.
const AFTER_CONNECT: Duration = Duration::from_millis(20);

struct Messages;

impl Application for Messages {
    type Admission = ();
    type Connection = ();

    async fn admit(&self, _: &Parts) -> Result<(), Refusal> {
        Ok(())
    }

    async fn connect(
        &self,
        (): &(),
        request: ConnectRequest,
        socket: &Socket,
    ) -> Result<Accepted<()>, ConnectRefusal> {
        if !matches!(&*request.namespace, "/" | "/custom") {
            return Err(ConnectRefusal::new("Invalid namespace"));
        }
        let auth = request.auth_json.as_deref().and_then(|json| std::str::from_utf8(json).ok());
        let auth = Arguments::new().with_raw(auth.unwrap_or("{}"));
        let socket = socket.clone();
        tokio::spawn(async move {
            tokio::time::sleep(AFTER_CONNECT).await;
            socket.emit("auth", &auth).ok();
        });
        Ok(Accepted::new(()))
    }

    async fn event(&self, (): &mut (), socket: &Socket, event: Event) {
        let args = Arguments::from(&event.args);
        // A client that has left needs no answer.
        match (&*event.name, event.ack) {
            ("message", _) => socket.emit("message-back", &args).ok(),
            ("message-with-ack", Some(id)) => socket.ack(id, &args).ok(),
            _ => None,
        };
    }

    async fn disconnect(&self, (): (), _: &Socket, _: Disconnect) {}
}

pub(crate) fn router() -> Router {
    let engine = engineio::Settings {
        ping_interval: PING_INTERVAL,
        ping_timeout: PING_TIMEOUT,
        ..engineio::Settings::default()
    };
    let settings = Settings { engine, connect_timeout: Duration::from_secs(1), ..Settings::default() };
    mount(SocketIo::new(settings, Loops::start(), Messages))
}

/// Takes every request to the usual path.
pub(crate) fn mount<A: Application>(server: SocketIo<A>) -> Router {
    let handler = move |request: Request| {
        let server = server.clone();
        async move { server.handle(request).await }
    };
    Router::new().route("/socket.io/", any(handler))
}
