//! The application under test: echoes messages, and some words make it do more.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::request::Parts;
use bytes::Bytes;
use engineio::{
    AdmitError, CloseReason, DeliveryPolicy, EngineIo, EngineSettings, Message, MessageReceiver, Outgoing,
    Permit, Session, SessionHandler,
};
use server::tcp_upgrade;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::{Mutex, mpsc};
use websocket::WriterPool;

use crate::engine::{HttpServer, serve_http, soon};

/// A server of its own, and how its sessions ended.
pub(crate) struct TestServer {
    pub(crate) http: HttpServer,
    pub(crate) engine: EngineIo<Words>,
    ends: Mutex<mpsc::UnboundedReceiver<CloseReason>>,
    /// Each session has a copy, and one is kept here.
    counted: Arc<()>,
}

/// No ping is sent during a test.
pub(crate) fn quiet() -> EngineSettings {
    EngineSettings {
        ping_interval: Duration::from_hours(1),
        max_payload: 10_000,
        send_queue_bytes: 50_000,
        close_timeout: Duration::from_secs(10),
        upgrade_timeout: Duration::from_hours(1),
        ..EngineSettings::default()
    }
}

/// Pings come soon, and their answers may be late.
pub(crate) fn quick() -> EngineSettings {
    EngineSettings { ping_interval: Duration::from_millis(5), ..quiet() }
}

/// Pings come soon, and no client can answer in time.
pub(crate) fn impatient() -> EngineSettings {
    EngineSettings { ping_timeout: Duration::from_millis(5), ..quick() }
}

impl TestServer {
    pub(crate) async fn open(settings: EngineSettings) -> Self {
        let (ends_sender, ends) = mpsc::unbounded_channel();
        let counted = Arc::<()>::default();
        let engine =
            EngineIo::new(settings, WriterPool::start(), Words { ends_sender, counted: counted.clone() });
        let served = engine.clone();
        let http = serve_http(move |mut request| {
            let engine = served.clone();
            async move {
                let upgrade = tcp_upgrade::take(request.extensions_mut());
                engine.handle(request, upgrade).await.map(Body::from)
            }
        })
        .await;
        Self { http, engine, ends: Mutex::new(ends), counted }
    }

    /// The number of sessions that hold a permit.
    pub(crate) fn permits(&self) -> usize {
        // One is ours, one the application's.
        Arc::strong_count(&self.counted) - 2
    }

    /// Why the next session that ends has ended.
    pub(crate) async fn end(&self) -> CloseReason {
        soon(async { self.ends.lock().await.recv().await }).await.unwrap()
    }
}

/// Begins a request on a connection of its own.
pub(crate) async fn begin_request(authority: &str, head: &str) -> TcpStream {
    let mut connection = TcpStream::connect(authority).await.unwrap();
    connection.write_all(head.as_bytes()).await.unwrap();
    connection
}

pub(crate) struct Words {
    ends_sender: mpsc::UnboundedSender<CloseReason>,
    counted: Arc<()>,
}

impl SessionHandler for Words {
    type Admission = ();

    async fn admit(&self, request: &Parts) -> Result<(), AdmitError> {
        match request.headers.get("x-test").map(|it| it.to_str().unwrap()) {
            Some("forbidden") => Err(AdmitError::forbidden("Not you")),
            Some("too many") => Err(AdmitError {
                status: StatusCode::TOO_MANY_REQUESTS,
                message: "Not so often".into(),
                retry_after_s: Some(7),
            }),
            _ => Ok(()),
        }
    }

    fn permit(&self, (): &()) -> Option<Permit> {
        Some(self.counted.clone())
    }

    async fn serve(&self, session: Session, mut messages: MessageReceiver, (): ()) {
        while let Some(message) = messages.next().await {
            let word = if let Message::Text(text) = &message { text.as_ref() } else { b"" };
            let sent = match word {
                b"parts" => session.send(parts()),
                b"fleeting" => {
                    // Whether they are accepted is the same as whether the last one is.
                    for _ in 0..1_000 {
                        let message = Outgoing::text(Bytes::from_static(b"fleeting"));
                        session.send(message.with_delivery(DeliveryPolicy::BestEffort)).ok();
                    }
                    session.send(Outgoing::text(Bytes::from_static(b"sure")))
                }
                b"count" => count(&session).await,
                b"flood" => flood(&session).await,
                b"bye" => {
                    session.send(Outgoing::text(Bytes::from_static(b"bye"))).unwrap();
                    break;
                }
                b"panic" => panic!("an application may be wrong"),
                _ => session.send(match message {
                    Message::Text(text) => Outgoing::text(text),
                    Message::Binary(data) => Outgoing::binary(data),
                }),
            };
            if sent.is_err() {
                break;
            }
        }
        self.ends_sender.send(session.close_reason().unwrap_or(CloseReason::Server)).unwrap();
    }
}

fn parts() -> Outgoing {
    let attachments: Arc<[Bytes]> = [Bytes::from_static(b"x"), Bytes::from_static(b"y")].into();
    Outgoing::text(Bytes::from_static(b"head "))
        .with_tail(Bytes::from_static(b"tail"))
        .with_attachments(attachments)
}

/// How far [`count`] counts.
pub(crate) const COUNT: usize = 500;

/// Messages with numbers, with time for other things in between.
async fn count(session: &Session) -> Result<(), engineio::SessionClosed> {
    for number in 0..COUNT {
        session.send(Outgoing::text(number.to_string().into()))?;
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// More than a send queue holds.
async fn flood(session: &Session) -> Result<(), engineio::SessionClosed> {
    let much = Bytes::from(vec![b'x'; 10_000]);
    loop {
        session.send(Outgoing::text(much.clone()))?;
        tokio::task::yield_now().await;
    }
}
