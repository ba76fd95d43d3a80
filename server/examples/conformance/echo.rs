//! Raw WebSocket on any path: every text and binary message comes back unchanged.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, SEC_WEBSOCKET_VERSION};
use axum::response::{IntoResponse, Response};
use server::tcp_upgrade;
use websocket::{
    HandshakeError, Incoming, Limits, MESSAGE_TIMEOUT, OutFrame, PendingUpgrade, ReadError, Reader,
    WebSocketSettings, Writer, accept,
};

/// Suites send 65,536 fragments, and some an empty one to end them.
pub(crate) const FRAGMENTS: u32 = 100_000;

/// As much as the suites send. What is shorter than 64 bytes is not worth compressing.
const SETTINGS: WebSocketSettings = WebSocketSettings {
    limits: Limits { message_bytes: 16 * 1024 * 1024, fragments: FRAGMENTS },
    message_timeout: MESSAGE_TIMEOUT,
    deflate_from_bytes: Some(64),
};

/// How long a client has to hang up after the close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) fn router() -> Router {
    Router::new().fallback(upgrade)
}

async fn upgrade(request: Request) -> Response {
    let (mut request, _) = request.into_parts();
    let upgrade = tcp_upgrade::take(&mut request.extensions);
    match accept(&request, upgrade, SETTINGS) {
        Ok((response, pending)) => {
            tokio::spawn(serve(pending));
            response.map(Body::from)
        }
        Err(error @ HandshakeError::Version) => {
            let version = [(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"))];
            (StatusCode::UPGRADE_REQUIRED, version, error.to_string()).into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

async fn serve(pending: PendingUpgrade) {
    let (mut reader, mut writer) = match pending.open().await {
        Ok(halves) => halves,
        Err(error) => return tracing::debug!(%error, "A client was gone before it was let in"),
    };
    let (code, reason) = match echo(&mut reader, &mut writer).await {
        Ok(code) => (code, String::new()),
        Err(ReadError::Violation(violation)) => (violation.close_code(), violation.to_string()),
        Err(error) => return tracing::debug!(%error, "A connection ended"),
    };
    if let Err(error) = writer.close(code, &reason).await {
        return tracing::debug!(%error, "A client did not take the close");
    }
    reader.discard_rest(CLOSE_TIMEOUT).await;
}

/// Answers until the client says goodbye; with which code.
async fn echo(reader: &mut Reader, writer: &mut Writer) -> Result<u16, ReadError> {
    loop {
        let written = match reader.next().await? {
            Incoming::Text(text) => writer.send(OutFrame::text(text.into_bytes())).await,
            Incoming::Binary(bytes) => writer.send(OutFrame::binary(bytes)).await,
            Incoming::Ping(_) => writer.answer_pings().await,
            Incoming::Pong(_) => Ok(()),
            // A close without a code is answered with one without a code (RFC 6455, section 5.5.1).
            Incoming::Close(close) => return Ok(close.map_or(1005, |close| close.code)),
        };
        written.map_err(ReadError::Broken)?;
    }
}
