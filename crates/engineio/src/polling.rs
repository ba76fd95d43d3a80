//! Polling: HTTP long-polling. A GET fetches the messages that wait, and a POST carries those of the client.

use std::fmt::Display;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Response, header};
use http_body::Body;
use tokio::time::timeout;

use crate::close_reason::CloseReason;
use crate::codec::{PayloadDecoder, PayloadEncoder, kind};
use crate::error::RequestError;
use crate::outgoing::{Kind, Outgoing};
use crate::session_inner::SessionInner;
use crate::state::{NextWrite, State, Transport};

/// Not `text/plain`: some old browsers offer that for download. A payload of the server is only read by scripts.
const RESPONSE_TYPE: &str = "text/html";
const PAYLOAD_TYPE: &str = "text/plain; charset=UTF-8";

/// How long an empty poll is held while a WebSocket waits for its end. Not zero, so that a client that polls again until
/// its probe is answered does not poll as fast as it can.
const RELEASE: Duration = Duration::from_millis(20);

/// The answer to a handshake.
pub(crate) fn handshake(open: &str) -> Response<Bytes> {
    let mut payload = PayloadEncoder::new();
    payload.text(kind::OPEN, &[open.as_bytes()]);
    response(PAYLOAD_TYPE, payload.finish())
}

/// `GET`: waits until there is something to send.
pub(crate) async fn poll(shared: &Arc<SessionInner>) -> Result<Response<Bytes>, RequestError> {
    let busy = Busy::begin(shared, |state| &mut state.is_polled)?;
    shared.lock().on_poll();
    loop {
        let mut payload = PayloadEncoder::new();
        match shared.next_write(State::next_for_poll) {
            NextWrite::Displaced => return Err(RequestError::BadRequest),
            NextWrite::End(CloseReason::ClosedByClient) => payload.text(kind::NOOP, &[]),
            NextWrite::End(_) => payload.text(kind::CLOSE, &[]),
            NextWrite::Write(messages, end) => {
                for message in &messages {
                    write(&mut payload, message);
                }
                if end.is_some() {
                    payload.text(kind::CLOSE, &[]);
                }
            }
            NextWrite::Wait => {
                shared.wake_poll.notified().await;
                continue;
            }
            NextWrite::WaitBriefly => match timeout(RELEASE, shared.wake_poll.notified()).await {
                Ok(()) => continue,
                Err(_) => payload.text(kind::NOOP, &[]),
            },
        }
        busy.answered();
        return Ok(response(PAYLOAD_TYPE, payload.finish()));
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

/// `POST`: handles the client's packets in their order, and answers when the application has room for the last one.
pub(crate) async fn post<B>(
    shared: &Arc<SessionInner>,
    headers: &HeaderMap,
    body: B,
) -> Result<Response<Bytes>, RequestError>
where
    B: Body<Error: Display> + Send,
{
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
        match shared.accept_packet(packet) {
            Ok(None) => {}
            Ok(Some(message)) => shared.received.deliver(message).await,
            Err(CloseReason::ClosedByClient) => break,
            Err(_) => return Err(RequestError::BadRequest),
        }
    }
    busy.answered();
    Ok(response(RESPONSE_TYPE, Bytes::from_static(b"ok")))
}

/// The whole body, if it is within the limit. One that announces more is not read.
async fn read<B>(shared: &SessionInner, body: B) -> Result<Bytes, RequestError>
where
    B: Body<Error: Display> + Send,
{
    let most = shared.max_payload();
    if body.size_hint().lower() > u64::try_from(most).unwrap_or(u64::MAX) {
        shared.abort(CloseReason::TooBig);
        return Err(RequestError::TooLarge);
    }
    let mut body = pin!(body);
    let mut whole = BytesMut::new();
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let frame = frame.map_err(|error| {
            tracing::debug!(%error, "A polling payload was not read to its end");
            shared.abort(CloseReason::Lost);
            RequestError::BadRequest
        })?;
        // Trailers are ignored.
        let Ok(chunk) = frame.into_data() else { continue };
        if whole.len() + chunk.remaining() > most {
            shared.abort(CloseReason::TooBig);
            return Err(RequestError::TooLarge);
        }
        whole.put(chunk);
    }
    Ok(whole.freeze())
}

fn response(content_type: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Allows one poll and one post at a time, because two of a kind could overtake each other. A request that is dropped
/// before its answer may have lost a packet, so it ends the session, too.
struct Busy<'a> {
    shared: &'a Arc<SessionInner>,
    flag: fn(&mut State) -> &mut bool,
    is_answered: bool,
}

impl<'a> Busy<'a> {
    fn begin(shared: &'a Arc<SessionInner>, flag: fn(&mut State) -> &mut bool) -> Result<Self, RequestError> {
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
