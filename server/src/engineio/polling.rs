//! HTTP long-polling: a GET fetches what waits, a POST brings what the client says.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::time::timeout;
use wire::engineio::{PayloadDecoder, PayloadEncoder, kind};

use super::error::RequestError;
use super::outgoing::{Kind, Outgoing};
use super::session::Shared;
use super::state::{CloseReason, State, Transport, Turn};

/// Not `text/plain`: some old browsers offer that for download. A payload of the server is only read by scripts.
const ANSWER_TYPE: &str = "text/html";
const PAYLOAD_TYPE: &str = "text/plain; charset=UTF-8";

/// How long a poll with nothing to say goes on while a WebSocket waits for its end. Not at once: a client that polls
/// again and again until it has heard of its probe should not do so as fast as it can.
const RELEASE: Duration = Duration::from_millis(20);

/// The answer to a handshake.
pub(super) fn handshake(open: &str) -> Response {
    let mut payload = PayloadEncoder::new();
    payload.text(kind::OPEN, &[open.as_bytes()]);
    answer(PAYLOAD_TYPE, payload.finish())
}

/// `GET`: waits until there is something to say.
pub(super) async fn poll(shared: &Arc<Shared>) -> Result<Response, RequestError> {
    let busy = Busy::begin(shared, |state| &mut state.is_polled)?;
    shared.lock().hear_poll();
    loop {
        let mut payload = PayloadEncoder::new();
        match shared.take_turn(State::turn_of_poll) {
            Turn::Displaced => return Err(RequestError::BadRequest),
            Turn::End(CloseReason::Client) => payload.text(kind::NOOP, &[]),
            Turn::End(_) => payload.text(kind::CLOSE, &[]),
            Turn::Write(messages, end) => {
                for message in &messages {
                    write(&mut payload, message);
                }
                if end.is_some() {
                    payload.text(kind::CLOSE, &[]);
                }
            }
            Turn::Wait => {
                shared.wake_poll.notified().await;
                continue;
            }
            Turn::WaitBriefly => match timeout(RELEASE, shared.wake_poll.notified()).await {
                Ok(()) => continue,
                Err(_) => payload.text(kind::NOOP, &[]),
            },
        }
        busy.answered();
        return Ok(answer(PAYLOAD_TYPE, payload.finish()));
    }
}

fn write(payload: &mut PayloadEncoder, message: &Outgoing) {
    match message.kind {
        Kind::Text => payload.text(kind::MESSAGE, &[&message.head, &message.tail]),
        Kind::Binary => payload.binary(&message.head),
        Kind::Ping => payload.text(kind::PING, &[]),
    }
    for attachment in message.attachments() {
        payload.binary(attachment);
    }
}

/// `POST`: takes the client's packets up in their order, and answers when the application has room for the last one.
pub(super) async fn post(
    shared: &Arc<Shared>,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, RequestError> {
    let busy = Busy::begin(shared, |state| &mut state.is_posted)?;
    let is_binary = headers.get(header::CONTENT_TYPE).is_some_and(|it| it == "application/octet-stream");
    if is_binary {
        // Only older revisions have it.
        shared.abort(CloseReason::Protocol);
        return Err(RequestError::BadRequest);
    }
    let body = tokio::select! {
        body = read(shared, body) => body?,
        () = shared.ended() => return Err(RequestError::Session),
    };
    for packet in PayloadDecoder::new(body) {
        let packet = packet.map_err(|error| {
            tracing::debug!(%error, "A polling payload was not understood");
            shared.abort(CloseReason::Protocol);
            RequestError::BadRequest
        })?;
        match shared.take_up(packet) {
            Ok(None) => {}
            Ok(Some(message)) => shared.mailbox.deliver(message).await,
            Err(CloseReason::Client) => break,
            Err(_) => return Err(RequestError::BadRequest),
        }
    }
    busy.answered();
    Ok(answer(ANSWER_TYPE, Bytes::from_static(b"ok")))
}

/// The whole body, as long as it is not too long. One that says so itself is not asked for.
async fn read(shared: &Shared, body: Body) -> Result<Bytes, RequestError> {
    let most = shared.max_payload();
    if body.size_hint().lower() > u64::try_from(most).unwrap_or(u64::MAX) {
        shared.abort(CloseReason::TooBig);
        return Err(RequestError::TooLarge);
    }
    let mut chunks = body.into_data_stream();
    let mut whole = BytesMut::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| {
            tracing::debug!(%error, "A polling payload was not read to its end");
            shared.abort(CloseReason::Lost);
            RequestError::BadRequest
        })?;
        if whole.len() + chunk.len() > most {
            shared.abort(CloseReason::TooBig);
            return Err(RequestError::TooLarge);
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

fn answer(content_type: &'static str, body: Bytes) -> Response {
    let headers = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-store")];
    (StatusCode::OK, headers, body).into_response()
}

/// There may be one poll and one post at a time: two of a kind could overtake each other. Whoever gives one up before
/// it is answered may have lost a packet, so that ends the session, too.
struct Busy<'a> {
    shared: &'a Arc<Shared>,
    flag: fn(&mut State) -> &mut bool,
    is_answered: bool,
}

impl<'a> Busy<'a> {
    fn begin(shared: &'a Arc<Shared>, flag: fn(&mut State) -> &mut bool) -> Result<Self, RequestError> {
        let mut state = shared.lock();
        if state.transport == Transport::WebSocket {
            return Err(RequestError::BadRequest);
        }
        if std::mem::replace(flag(&mut state), true) {
            drop(state);
            shared.abort(CloseReason::Protocol);
            return Err(RequestError::BadRequest);
        }
        Ok(Self { shared, flag, is_answered: false })
    }

    fn answered(mut self) {
        self.is_answered = true;
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        *(self.flag)(&mut state) = false;
        let is_displaced = state.transport == Transport::WebSocket;
        drop(state);
        if !self.is_answered && !is_displaced {
            self.shared.abort(CloseReason::Lost);
        }
    }
}
