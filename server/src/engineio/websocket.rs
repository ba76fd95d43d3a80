//! A session's WebSocket: what is read goes to the application, what waits is written in turn with others.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Waker;

use bytes::Bytes;
use wire::engineio::Packet;

use super::inbox::Message;
use super::outgoing::{Kind, Outgoing};
use super::session::Shared;
use super::settings::Settings;
use super::state::{CloseReason, State, Turn};
use crate::websocket::{
    self, Ended, Incoming, Limits, Line, Loops, OutFrame, Reader, Source, Violation, Writer,
};

/// Frames that a message may come in. No client of Socket.IO sends more than one.
const FRAGMENTS: u32 = 1_024;

/// What the WebSocket below has to know. How much a message may be is said again at each read.
pub(super) fn settings(settings: &Settings) -> websocket::Settings {
    let message_bytes = settings.early_payload.min(settings.max_payload);
    websocket::Settings {
        limits: Limits { message_bytes, fragments: FRAGMENTS },
        unfinished: settings.unfinished,
        deflate_from_bytes: settings.deflate_from_bytes,
    }
}

/// A session's WebSocket that is open. To be kept in a box: a future would have room for it wherever it is moved through.
pub(super) struct Connection {
    shared: Arc<Shared>,
    reader: Reader,
    line: Line,
}

impl Connection {
    /// From now on what the session has waiting leaves by this WebSocket.
    pub(super) fn begin(shared: Arc<Shared>, reader: Reader, writer: Writer, loops: &Loops) -> Self {
        let line = writer.hand_over(Waiting(shared.clone()), loops);
        // A session has one WebSocket at most.
        shared.progress.get_or_init(|| line.progress().clone());
        Self { shared, reader, line }
    }

    /// Moves packets until the session or the connection has ended.
    pub(super) async fn serve(mut self: Box<Self>) {
        let reason = self.read().await;
        self.shared.abort(reason);
        Box::pin(self.take_leave()).await;
    }

    /// Takes packets up until the end; answers why it came.
    async fn read(&mut self) -> CloseReason {
        loop {
            let said = tokio::select! {
                said = poll_fn(|cx| {
                    // The client may have been let in since the last look.
                    let message_bytes = self.shared.max_payload();
                    self.reader.set_limits(Limits { message_bytes, fragments: FRAGMENTS });
                    self.reader.poll_next(cx)
                }) => said,
                () = poll_fn(|cx| self.shared.poll_ended(cx)) => return CloseReason::Server,
            };
            match take_up(&self.shared, said) {
                Ok(None) => {}
                // In a box, so that a task that waits for the next packet is small.
                Ok(Some(message)) => Box::pin(self.shared.mailbox.deliver(message)).await,
                Err(reason) => return reason,
            }
        }
    }

    async fn take_leave(self: Box<Self>) {
        let Self { shared, reader, line } = *self;
        if line.closed_within(shared.settings.farewell).await {
            reader.drain(shared.settings.farewell).await;
        }
    }
}

/// Takes up what was said. Answers a message that has to wait for room, or why nothing more is to be read.
fn take_up(shared: &Shared, said: Result<Incoming, Ended>) -> Result<Option<Message>, CloseReason> {
    let packet = match said {
        Ok(Incoming::Text(text)) => Packet::decode(text.into_bytes()),
        Ok(Incoming::Binary(data)) => Ok(Packet::Binary(data)),
        Ok(Incoming::Ping(_) | Incoming::Pong(_)) => return shared.take_idle().map(|()| None),
        Ok(Incoming::Close(_)) => return Err(CloseReason::Client),
        Err(error) => return Err(why(&error)),
    };
    let packet = packet.map_err(|error| {
        tracing::debug!(%error, "A frame was not understood");
        CloseReason::Protocol
    })?;
    shared.take_up(packet)
}

fn why(error: &Ended) -> CloseReason {
    match error {
        Ended::Violation(Violation::TooBig | Violation::TooManyFragments) => CloseReason::TooBig,
        Ended::Violation(violation) => {
            tracing::debug!(%violation, "A WebSocket broke the rules");
            CloseReason::Protocol
        }
        Ended::Unfinished => CloseReason::Unfinished,
        Ended::Lost | Ended::Broken(_) => CloseReason::Lost,
    }
}

/// What waits for the client of a session.
struct Waiting(Arc<Shared>);

impl Source for Waiting {
    fn wake_with(&self, waker: &Waker) {
        self.0.lock().writer = Some(waker.clone());
    }

    fn next(&self, _: usize, put: &mut dyn FnMut(OutFrame)) -> websocket::Turn {
        match self.0.take_turn(State::turn_of_writer) {
            Turn::Write(messages, end) => {
                for message in messages {
                    hand_frames(message, put);
                }
                end.map_or(websocket::Turn::All, |_| websocket::Turn::Some)
            }
            Turn::End(reason) => websocket::Turn::Close(reason.close_code(), reason.close_text()),
            Turn::Wait | Turn::WaitBriefly | Turn::Displaced => websocket::Turn::Wait,
        }
    }

    /// A line that breaks ends the session, even if the client goes on speaking.
    fn end(&self) {
        self.0.lock().writer = None;
        self.0.abort(CloseReason::Lost);
    }
}

fn hand_frames(message: Outgoing, put: &mut dyn FnMut(OutFrame)) {
    const MESSAGE: Bytes = Bytes::from_static(b"4");
    const PING: Bytes = Bytes::from_static(b"2");
    put(match message.kind {
        Kind::Text => OutFrame::message(websocket::Kind::Text, [MESSAGE, message.head, message.tail]),
        Kind::Binary => OutFrame::binary(message.head),
        Kind::Ping => OutFrame::text(PING),
    });
    for attachment in message.attachments.iter().flat_map(|it| it.iter()) {
        put(OutFrame::binary(attachment.clone()));
    }
}
