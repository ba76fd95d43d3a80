//! Link: carries a client's frames over a WebSocket or over the polls of Engine.IO.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use engineio::codec::{SEPARATOR, kind};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// So long does a client wait for a connection.
const OPENING: Duration = Duration::from_secs(10);

/// So long may a poll take: the server pings every 25 s.
const POLL: Duration = Duration::from_secs(40);

/// Frames of a poll that the client has not taken up.
const POLLED: usize = 1_000;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// An open connection.
pub(super) struct Link {
    carrier: Carrier,
    /// What the last poll brought before the carrier changed.
    early: VecDeque<String>,
}

enum Carrier {
    WebSocket(Box<Socket>),
    Polling(Polling),
}

/// What a connection brings.
pub(super) enum LinkEvent {
    Frame(String),
    /// A sign of life and nothing else.
    Alive,
    /// The end, with the code of a WebSocket's close frame.
    End(Option<u16>),
}

/// A session of Engine.IO that has not changed to a WebSocket.
struct Polling {
    http: reqwest::Client,
    url: String,
    frames: mpsc::Receiver<String>,
    /// The poll that is under way is the last one.
    is_last: watch::Sender<bool>,
    poller: AbortHandle,
}

impl Link {
    /// Opens a connection; `None` where there is none to be had.
    pub(super) async fn open(addr: SocketAddr, path: &str) -> Option<Self> {
        let opening = async {
            if path.contains("transport=polling") {
                return Polling::open(format!("http://{addr}{path}")).await.map(Carrier::Polling);
            }
            let (socket, _) = connect_async(format!("ws://{addr}{path}")).await.ok()?;
            Some(Carrier::WebSocket(Box::new(socket)))
        };
        let carrier = tokio::time::timeout(OPENING, opening).await.ok().flatten()?;
        Some(Self { carrier, early: VecDeque::new() })
    }

    /// Changes from polls to a WebSocket, as the client library does: a probe, the end of the last poll, and the word that
    /// changes it. `Some(false)`: it stays as it is; `None`: the connection is lost.
    pub(super) async fn upgrade(&mut self) -> Option<bool> {
        let Carrier::Polling(polling) = &mut self.carrier else { return Some(false) };
        let Some(mut socket) = polling.probe().await else { return Some(false) };
        polling.is_last.send_replace(true);
        while let Some(frame) = polling.frames.recv().await {
            self.early.push_back(frame);
        }
        socket.send(Message::text(char::from(kind::UPGRADE).to_string())).await.ok()?;
        self.carrier = Carrier::WebSocket(Box::new(socket));
        Some(true)
    }

    /// What comes next. Nothing is lost when the wait is given up.
    pub(super) async fn next(&mut self) -> LinkEvent {
        if let Some(frame) = self.early.pop_front() {
            return LinkEvent::Frame(frame);
        }
        match &mut self.carrier {
            Carrier::WebSocket(socket) => match socket.next().await {
                Some(Ok(Message::Text(text))) => LinkEvent::Frame(text.to_string()),
                Some(Ok(Message::Close(frame))) => LinkEvent::End(frame.map(|frame| frame.code.into())),
                Some(Err(_)) | None => LinkEvent::End(None),
                Some(Ok(_)) => LinkEvent::Alive,
            },
            Carrier::Polling(polling) => match polling.frames.recv().await {
                Some(frame) => LinkEvent::Frame(frame),
                None => LinkEvent::End(None),
            },
        }
    }

    /// Sends frames; whether it could.
    pub(super) async fn send(&mut self, frames: Vec<String>) -> bool {
        match &mut self.carrier {
            Carrier::WebSocket(socket) => {
                for frame in frames {
                    if socket.feed(Message::text(frame)).await.is_err() {
                        return false;
                    }
                }
                socket.flush().await.is_ok()
            }
            Carrier::Polling(polling) => polling.send(frames).await,
        }
    }

    /// Asks for a sign of life, where the transport has a way to; whether it could.
    pub(super) async fn ping(&mut self) -> bool {
        match &mut self.carrier {
            Carrier::WebSocket(socket) => socket.send(Message::Ping("?".into())).await.is_ok(),
            Carrier::Polling(_) => true,
        }
    }

    /// Whether silence means that the connection is dead.
    pub(super) fn answers_pings(&self) -> bool {
        matches!(self.carrier, Carrier::WebSocket(_))
    }
}

impl Polling {
    async fn open(url: String) -> Option<Self> {
        let http = reqwest::Client::builder().timeout(POLL).build().ok()?;
        let opened = poll(&http, &url).await?;
        let handshake: serde_json::Value = serde_json::from_str(opened.first()?.get(1..)?).ok()?;
        let url = format!("{url}&sid={}", handshake.get("sid")?.as_str()?);
        let (sender, frames) = mpsc::channel(POLLED);
        let (is_last, was_last) = watch::channel(false);
        let (polled, asked) = (http.clone(), url.clone());
        let polls = tokio::spawn(async move {
            let mut next = Some(opened);
            while let Some(frames) = next {
                for frame in frames {
                    if sender.send(frame).await.is_err() {
                        return;
                    }
                }
                next = if *was_last.borrow() { None } else { poll(&polled, &asked).await };
            }
        });
        Some(Self { http, url, frames, is_last, poller: polls.abort_handle() })
    }

    /// A WebSocket of the same session that works; `None`: there is none.
    async fn probe(&self) -> Option<Socket> {
        let url = self.url.replacen("http:", "ws:", 1).replace("transport=polling", "transport=websocket");
        let (mut socket, _) = connect_async(url).await.ok()?;
        socket.send(Message::text(format!("{}probe", char::from(kind::PING)))).await.ok()?;
        let answer = socket.next().await?.ok()?.into_text().ok()?;
        (answer.as_str() == format!("{}probe", char::from(kind::PONG))).then_some(socket)
    }

    async fn send(&self, frames: Vec<String>) -> bool {
        if frames.is_empty() {
            return true;
        }
        let body = frames.join(&char::from(SEPARATOR).to_string());
        let sent =
            self.http.post(&self.url).header("content-type", "text/plain;charset=UTF-8").body(body).send();
        sent.await.is_ok_and(|answer| answer.status().is_success())
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        self.poller.abort();
    }
}

/// The frames of one poll; `None`: the session has ended.
async fn poll(http: &reqwest::Client, url: &str) -> Option<Vec<String>> {
    let answer = http.get(url).send().await.ok()?;
    if !answer.status().is_success() {
        return None;
    }
    let body = answer.text().await.ok()?;
    let frames = body.split(char::from(SEPARATOR)).map(str::to_owned);
    // A noop only ends a poll.
    let noop = char::from(kind::NOOP);
    Some(frames.filter(|frame| !frame.starts_with(noop)).collect())
}
