//! Engine.IO: every message comes back.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::routing::any;
use server::engineio::{Application, EngineIo, Inbox, Message, Outgoing, Refusal, Session, Settings};
use server::websocket::Loops;

/// Short, so that a suite can wait for it.
pub(crate) const PING_INTERVAL: Duration = Duration::from_millis(300);
pub(crate) const PING_TIMEOUT: Duration = Duration::from_millis(200);

struct Echo;

impl Application for Echo {
    type Admission = ();

    async fn admit(&self, _: &Parts) -> Result<(), Refusal> {
        Ok(())
    }

    async fn serve(&self, session: Session, mut inbox: Inbox, (): ()) {
        while let Some(message) = inbox.next().await {
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
    let settings =
        Settings { ping_interval: PING_INTERVAL, ping_timeout: PING_TIMEOUT, ..Settings::default() };
    let engine = EngineIo::new(settings, Loops::start(), Echo);
    let handler = move |request: Request| {
        let engine = engine.clone();
        async move { engine.handle(request).await }
    };
    Router::new().route("/engine.io/", any(handler))
}
