//! The reader: endless messages, and bytes after the close.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::get;
use server::tcp_upgrade;
use websocket::{Incoming, Limits, ReadError, WebSocketSettings, accept};

use crate::client::{CLOSE, CONTINUATION, Client, FIN, PING, PONG, TEXT, frame, request, serve};
use crate::common::App;

/// How long a test waits for what should come soon, before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

const SETTINGS: WebSocketSettings = WebSocketSettings {
    limits: Limits { message_bytes: 1_000, fragments: 10 },
    message_timeout: Duration::from_millis(200),
    deflate_from_bytes: None,
};

/// Answers pings until a message is there, which is the end with 1000, or is not there in time, which is 1001.
fn impatient() -> Router {
    let application = async |request: Request| {
        let (mut request, _) = request.into_parts();
        let upgrade = tcp_upgrade::take(&mut request.extensions);
        let (response, pending) = accept(&request, upgrade, SETTINGS).unwrap();
        tokio::spawn(async {
            let (mut reader, mut writer) = pending.open().await.unwrap();
            let code = loop {
                match reader.next().await {
                    Ok(Incoming::Ping(_)) => writer.answer_pings().await.unwrap(),
                    Ok(_) => break 1000,
                    Err(ReadError::Unfinished) => break 1001,
                    Err(error) => panic!("{error}"),
                }
            };
            writer.close(code, "").await.unwrap();
        });
        response.map(Body::from)
    };
    Router::new().route("/", get(application))
}

#[tokio::test]
async fn an_endless_message_is_abandoned_despite_control_frames() {
    let (mut client, _) = Client::try_connect(serve(impatient()).await, request("/", "").as_bytes()).await;
    client.say(&frame(TEXT, b"begun")).await;
    let closed = async {
        loop {
            // The last one may not be read any more.
            client.try_say(&frame(FIN | PING, b"")).await.ok();
            let (first, payload) = client.hear().await.unwrap();
            if first == FIN | CLOSE {
                break payload;
            }
            assert_eq!(first, FIN | PONG);
        }
    };
    let code = tokio::time::timeout(PATIENCE, closed).await.unwrap();
    assert_eq!(code, 1001_u16.to_be_bytes());
}

#[tokio::test]
async fn a_client_may_be_silent_between_messages() {
    let (mut client, _) = Client::try_connect(serve(impatient()).await, request("/", "").as_bytes()).await;
    // Another one is given up meanwhile.
    let (mut other, _) = Client::try_connect(serve(impatient()).await, request("/", "").as_bytes()).await;
    other.say(&frame(TEXT, b"begun")).await;
    other.hears(FIN | CLOSE, &1001_u16.to_be_bytes()).await;
    client.say(&frame(TEXT, b"begun, ")).await;
    client.say(&frame(FIN | CONTINUATION, b"and ended")).await;
    client.hears(FIN | CLOSE, &1000_u16.to_be_bytes()).await;
}

#[tokio::test]
async fn a_client_that_sends_after_the_close_is_read_up_to_a_limit() {
    /// More than is read, and than the system holds for a connection.
    const PIECES: usize = 64;

    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let path = format!("/api/v1/ws?token={}", ann.access_token);
    let (mut client, _) = Client::try_connect(app.addr, request(&path, "").as_bytes()).await;
    client.say(&frame(FIN | 3, b"no opcode")).await;
    let piece = vec![0; 1 << 20];
    let mut sent = 0;
    while sent < PIECES && client.try_say(&piece).await.is_ok() {
        sent += 1;
    }
    assert!(sent < PIECES, "all of it was read");
}
