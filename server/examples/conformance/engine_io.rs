//! Engine.IO: every message comes back.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::routing::any;
use engineio::{
    AdmitError, EngineIo, EngineSettings, Message, MessageReceiver, Outgoing, Session, SessionHandler,
};
use server::tcp_upgrade;
use websocket::WriterPool;

/// Short, so that a suite can wait for it.
pub(crate) const PING_INTERVAL: Duration = Duration::from_millis(300);
pub(crate) const PING_TIMEOUT: Duration = Duration::from_millis(200);

struct Echo;

impl SessionHandler for Echo {
    type Admission = ();

    async fn admit(&self, _: &Parts) -> Result<(), AdmitError> {
        Ok(())
    }

    async fn serve(&self, session: Session, mut messages: MessageReceiver, (): ()) {
        while let Some(message) = messages.next().await {
            let answer = match message {
                Message::Text(text) => Outgoing::text(text),
                Message::Binary(data) => Outgoing::binary(data),
            };
            if session.send(answer).is_err() {
                return;
            }
        }
    }
}

pub(crate) fn router() -> Router {
    let settings = EngineSettings {
        ping_interval: PING_INTERVAL,
        ping_timeout: PING_TIMEOUT,
        ..EngineSettings::default()
    };
    let engine = EngineIo::new(settings, WriterPool::start(), Echo);
    let handler = move |mut request: Request| {
        let engine = engine.clone();
        async move {
            let upgrade = tcp_upgrade::take(request.extensions_mut());
            engine.handle(request, upgrade).await.map(Body::from)
        }
    };
    Router::new().route("/engine.io/", any(handler))
}
