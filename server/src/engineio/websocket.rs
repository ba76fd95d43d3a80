//! A session's WebSocket: what is read goes to the application, what waits is written in bursts.

use std::io;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use tokio::time::timeout;
use wire::engineio::Packet;

use super::outgoing::{Kind, Outgoing};
use super::session::Shared;
use super::settings::Settings;
use super::state::{CloseReason, State, Turn};
use crate::websocket::{self, Ended, Incoming, Limits, OutFrame, Reader, Violation, Writer};

/// Frames that a message may come in. No client of Socket.IO sends more than one.
const FRAGMENTS: u32 = 1_024;

/// What the WebSocket below has to know.
pub(super) fn settings(settings: &Settings) -> websocket::Settings {
    websocket::Settings {
        limits: Limits { message_bytes: settings.max_payload, fragments: FRAGMENTS },
        deflate_from_bytes: settings.deflate_from_bytes,
    }
}

/// Moves packets until the session or the connection has ended. One task does both directions; neither waits for the
/// other.
pub(super) async fn run(shared: &Arc<Shared>, mut reader: Reader, writer: Writer) {
    // A session has one WebSocket at most.
    shared.progress.get_or_init(|| writer.progress());
    let reading = async {
        let reason = read(shared, &mut reader).await;
        shared.abort(reason);
    };
    let ((), written) = tokio::join!(reading, write(shared, writer));
    match written {
        Ok(()) => reader.drain(shared.settings.farewell).await,
        Err(error) => {
            tracing::debug!(%error, "A client did not take what was written");
            shared.abort(CloseReason::Lost);
        }
    }
}

/// Takes packets up until the end; answers why it came.
async fn read(shared: &Shared, reader: &mut Reader) -> CloseReason {
    loop {
        let said = tokio::select! {
            said = reader.next() => said,
            () = shared.ended.cancelled() => return CloseReason::Server,
        };
        let packet = match said {
            Ok(Incoming::Text(text)) => Packet::decode(text.into_bytes()),
            Ok(Incoming::Binary(data)) => Ok(Packet::Binary(data)),
            Ok(Incoming::Ping(_) | Incoming::Pong(_)) => continue,
            Ok(Incoming::Close(_)) => return CloseReason::Client,
            Err(error) => return why(&error),
        };
        let packet = match packet {
            Ok(packet) => packet,
            Err(error) => {
                tracing::debug!(%error, "A frame was not understood");
                return CloseReason::Protocol;
            }
        };
        if let Err(reason) = shared.take_up(packet).await {
            return reason;
        }
    }
}

fn why(error: &Ended) -> CloseReason {
    match error {
        Ended::Violation(Violation::TooBig | Violation::TooManyFragments) => CloseReason::TooBig,
        Ended::Violation(violation) => {
            tracing::debug!(%violation, "A WebSocket broke the rules");
            CloseReason::Protocol
        }
        Ended::Lost | Ended::Broken(_) => CloseReason::Lost,
    }
}

/// Writes what waits, and the close frame at the end.
async fn write(shared: &Shared, mut writer: Writer) -> io::Result<()> {
    let reason = loop {
        let (messages, end) = match shared.take_turn(State::turn_of_writer) {
            Turn::Write(messages, end) => (messages, end),
            Turn::End(reason) => break reason,
            Turn::Wait | Turn::WaitBriefly | Turn::Displaced => {
                tokio::select! {
                    () = shared.wake_writer.notified() => {}
                    () = writer.pinged() => patiently(shared, writer.answer_pings()).await?,
                }
                continue;
            }
        };
        let mut frames = Vec::with_capacity(messages.len());
        for message in messages {
            add_frames(&mut frames, message);
        }
        patiently(shared, writer.write(frames)).await?;
        if let Some(reason) = end {
            break reason;
        }
    };
    let close = writer.close(reason.close_code(), "");
    timeout(shared.settings.farewell, close).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Writes for as long as it takes; once the session has ended, there is a last chance, then the line is dead.
async fn patiently(shared: &Shared, writing: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    let mut writing = pin!(writing);
    tokio::select! {
        written = &mut writing => written,
        () = shared.ended.cancelled() => {
            let written = timeout(shared.settings.farewell, writing).await;
            written.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        }
    }
}

fn add_frames(frames: &mut Vec<OutFrame>, message: Outgoing) {
    const MESSAGE: Bytes = Bytes::from_static(b"4");
    const PING: Bytes = Bytes::from_static(b"2");
    frames.push(match message.kind {
        Kind::Text => OutFrame::message(websocket::Kind::Text, [MESSAGE, message.head, message.tail]),
        Kind::Binary => OutFrame::binary(message.head),
        Kind::Ping => OutFrame::text(PING),
    });
    for attachment in message.attachments.iter().flat_map(|it| it.iter()) {
        frames.push(OutFrame::binary(attachment.clone()));
    }
}
