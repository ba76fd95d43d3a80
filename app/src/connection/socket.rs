//! Socket: one WebSocket of the browser. Dropping it closes it, and nothing is reported any more.
//!
//! Nothing queues up here. What is sent goes to the browser at once. What comes in passes a channel of `gloo-net` without a
//! bound, which the reader empties before the browser hands out the next frame: it waits for nothing else, and runs as a
//! microtask of the event that filled the channel.

use std::cell::Cell;
use std::rc::Rc;

use futures_util::future::FutureExt;
use futures_util::sink::SinkExt;
use futures_util::stream::{self, AbortHandle, SplitSink, StreamExt};
use gloo_net::websocket::futures::WebSocket;
use gloo_net::websocket::{Message, WebSocketError};
use leptos::prelude::location;
use leptos::task::spawn_local;

/// What a socket reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SocketEvent {
    /// A text frame.
    Text(String),
    /// A frame that is not text; the protocol has none.
    Binary,
    /// It is closed, with this code.
    Closed(u16),
}

/// Why a socket did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(super) enum SocketError {
    /// The page has no address. A page of a browser has one.
    #[error("the page has no address")]
    NoAddress,
    /// The browser does not open it.
    #[error("the browser opens no socket: {0}")]
    NotOpened(String),
    /// No frame has come yet, or it is closed.
    #[error("the socket is not open")]
    NotOpen,
    /// The browser did not take the frame.
    #[error("the browser did not take the frame: {0}")]
    NotSent(WebSocketError),
}

pub(super) struct Socket {
    sink: SplitSink<WebSocket, Message>,
    reader: AbortHandle,
    /// Whether a frame has come in. The server sends the first one.
    is_open: Rc<Cell<bool>>,
}

impl Socket {
    /// Starts to open a socket with a ticket. `report` is called with everything until the socket is dropped.
    pub(super) fn open(ticket: &str, report: impl Fn(SocketEvent) + 'static) -> Result<Self, SocketError> {
        let socket =
            WebSocket::open(&address(ticket)?).map_err(|error| SocketError::NotOpened(error.to_string()))?;
        let (sink, stream) = socket.split();
        // The stream is abortable, not the task: an event may drop the socket, and no other may follow it then.
        let (mut stream, reader) = stream::abortable(stream);
        let is_open = Rc::new(Cell::new(false));
        let has_frame = Rc::clone(&is_open);
        spawn_local(async move {
            while let Some(event) = stream.next().await {
                has_frame.set(event.is_ok());
                match event {
                    Ok(Message::Text(text)) => report(SocketEvent::Text(text)),
                    Ok(Message::Bytes(_)) => report(SocketEvent::Binary),
                    Err(WebSocketError::ConnectionClose(close)) => report(SocketEvent::Closed(close.code)),
                    // Its close follows.
                    Err(_) => {}
                }
            }
        });
        Ok(Self { sink, reader, is_open })
    }

    /// Sends a text. While the socket is open the browser takes it at once, so the order is that of the calls.
    pub(super) fn send(&mut self, text: String) -> Result<(), SocketError> {
        if !self.is_open.get() {
            return Err(SocketError::NotOpen);
        }
        let sent = self.sink.send(Message::Text(text)).now_or_never();
        sent.ok_or(SocketError::NotOpen)?.map_err(SocketError::NotSent)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // The reader lets go of its half, and with both halves gone gloo-net closes the socket.
        self.reader.abort();
    }
}

/// The address of the socket that belongs to this page.
fn address(ticket: &str) -> Result<String, SocketError> {
    let part = |part: Result<String, _>| part.map_err(|_| SocketError::NoAddress);
    let (protocol, host) = (part(location().protocol())?, part(location().host())?);
    let scheme = if protocol == "https:" { "wss" } else { "ws" };
    let ticket = String::from(js_sys::encode_uri_component(ticket));
    Ok(format!("{scheme}://{host}/api/v1/ws?ticket={ticket}"))
}
