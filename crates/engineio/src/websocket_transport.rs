//! WebSocket transport: moves the packets of a session over its WebSocket, which a writer pool writes for.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Waker;

use bytes::Bytes;
use websocket::{
    FrameSource, Incoming, Limits, OutFrame, ReadError, Reader, Violation, WriteHandle, Writer, WriterPool,
};

use crate::close_reason::CloseReason;
use crate::codec::EnginePacket;
use crate::outgoing::{Kind, Outgoing};
use crate::receive_queue::Message;
use crate::session_inner::SessionInner;
use crate::settings::EngineSettings;
use crate::state::{NextWrite, State};

/// Frames that a message may come in. No client of Socket.IO sends more than one.
const FRAGMENTS: u32 = 1_024;

/// Settings of the WebSocket below. The limit of a message is set again at each read.
pub(crate) fn settings(settings: &EngineSettings) -> websocket::WebSocketSettings {
    let message_bytes = settings.early_payload.min(settings.max_payload);
    websocket::WebSocketSettings {
        limits: Limits { message_bytes, fragments: FRAGMENTS },
        message_timeout: settings.message_timeout,
        deflate_from_bytes: settings.deflate_from_bytes,
    }
}

/// A session's WebSocket that is open. To be kept in a box: a future would have room for it wherever it is moved through.
pub(crate) struct Connection {
    shared: Arc<SessionInner>,
    reader: Reader,
    handle: WriteHandle,
}

impl Connection {
    /// Attaches the WebSocket: from now on the session's messages are sent by it.
    pub(crate) fn begin(
        shared: Arc<SessionInner>,
        reader: Reader,
        writer: Writer,
        pool: &WriterPool,
    ) -> Self {
        let handle = writer.attach(SessionFrames(shared.clone()), pool);
        // A session has one WebSocket at most.
        shared.progress.get_or_init(|| handle.progress().clone());
        Self { shared, reader, handle }
    }

    /// Moves packets until the session or the connection has ended.
    pub(crate) async fn serve(mut self: Box<Self>) {
        let reason = self.read().await;
        self.shared.abort(reason);
        Box::pin(self.close()).await;
    }

    /// Handles packets until the end, and returns its reason.
    async fn read(&mut self) -> CloseReason {
        loop {
            let incoming = tokio::select! {
                incoming = poll_fn(|cx| {
                    // The client may have been admitted since the last read.
                    let message_bytes = self.shared.max_payload();
                    self.reader.set_limits(Limits { message_bytes, fragments: FRAGMENTS });
                    self.reader.poll_next(cx)
                }) => incoming,
                () = poll_fn(|cx| self.shared.poll_ended(cx)) => return CloseReason::Server,
            };
            match accept_incoming(&self.shared, incoming) {
                Ok(None) => {}
                // In a box, so that a task that waits for the next packet is small.
                Ok(Some(message)) => Box::pin(self.shared.received.deliver(message)).await,
                Err(reason) => return reason,
            }
        }
    }

    async fn close(self: Box<Self>) {
        let Self { shared, reader, handle } = *self;
        if handle.closed_within(shared.settings.close_timeout).await {
            reader.discard_rest(shared.settings.close_timeout).await;
        }
    }
}

/// Handles what was received. Returns a message that has to wait for room, or why nothing more is to be read.
fn accept_incoming(
    shared: &SessionInner,
    incoming: Result<Incoming, ReadError>,
) -> Result<Option<Message>, CloseReason> {
    let packet = match incoming {
        Ok(Incoming::Text(text)) => EnginePacket::decode(text.into_bytes()),
        Ok(Incoming::Binary(data)) => Ok(EnginePacket::Binary(data)),
        Ok(Incoming::Ping(_) | Incoming::Pong(_)) => return shared.count_idle().map(|()| None),
        Ok(Incoming::Close(_)) => return Err(CloseReason::ClosedByClient),
        Err(error) => return Err(close_reason(&error)),
    };
    let packet = packet.map_err(|error| {
        tracing::debug!(%error, "A frame was not understood");
        CloseReason::Protocol
    })?;
    shared.accept_packet(packet)
}

fn close_reason(error: &ReadError) -> CloseReason {
    match error {
        ReadError::Violation(Violation::TooBig | Violation::TooManyFragments) => CloseReason::TooBig,
        ReadError::Violation(violation) => {
            tracing::debug!(%violation, "A WebSocket broke the rules");
            CloseReason::Protocol
        }
        ReadError::Unfinished => CloseReason::Unfinished,
        ReadError::Lost | ReadError::Broken(_) => CloseReason::Lost,
    }
}

/// The frames that wait for the client of a session.
struct SessionFrames(Arc<SessionInner>);

impl FrameSource for SessionFrames {
    fn wake_with(&self, waker: &Waker) {
        self.0.lock().writer = Some(waker.clone());
    }

    fn next(&self, _: usize, put: &mut dyn FnMut(OutFrame)) -> websocket::NextWrite {
        match self.0.next_write(State::next_for_websocket) {
            NextWrite::Write(messages, end) => {
                for message in messages {
                    put_frames(message, put);
                }
                end.map_or(websocket::NextWrite::All, |_| websocket::NextWrite::Some)
            }
            NextWrite::End(reason) => websocket::NextWrite::Close(reason.close_code(), reason.close_text()),
            NextWrite::Wait | NextWrite::WaitBriefly | NextWrite::Displaced => websocket::NextWrite::Wait,
        }
    }

    /// A connection that breaks ends the session, even if the client goes on sending.
    fn end(&self) {
        self.0.lock().writer = None;
        self.0.abort(CloseReason::Lost);
    }
}

fn put_frames(message: Outgoing, put: &mut dyn FnMut(OutFrame)) {
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
