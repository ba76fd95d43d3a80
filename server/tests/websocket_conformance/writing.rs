//! The writer, when there is more than the socket takes at once.

use std::pin::pin;
use std::task::Poll;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::get;
use bytes::Bytes;
use futures_util::poll;
use server::tcp_upgrade;
use websocket::{Kind, Limits, MESSAGE_TIMEOUT, OutFrame, WebSocketSettings, Writer, accept};

use crate::client::{BINARY, CLOSE, Client, FIN, TEXT, request, serve};

const SETTINGS: WebSocketSettings = WebSocketSettings {
    limits: Limits { message_bytes: 1_000, fragments: 10 },
    message_timeout: MESSAGE_TIMEOUT,
    deflate_from_bytes: None,
};

/// More than the buffers of a connection hold.
const FRAMES: usize = 3_000;
const SHARED_BYTES: usize = 9_001;

/// A frame in three pieces, of which the middle one is shared by all.
fn frame(number: usize, shared: &Bytes) -> OutFrame {
    let pieces = [Bytes::from(format!("<{number}")), shared.clone(), Bytes::from(format!("{number}>"))];
    OutFrame::message(Kind::Text, pieces)
}

fn shared() -> Bytes {
    Bytes::from("x".repeat(SHARED_BYTES))
}

/// Cancels writes half-way, goes on with others, and closes.
async fn write(mut writer: Writer) {
    let shared = shared();
    {
        let mut given_up = pin!(writer.write((0..FRAMES).map(|number| frame(number, &shared))));
        assert!(matches!(poll!(&mut given_up), Poll::Pending), "too little to fill the buffers");
    }
    writer.write([OutFrame::binary(Bytes::from_static(b"later"))]).await.unwrap();
    writer.close(1001, "done").await.unwrap();
}

#[tokio::test]
async fn frames_arrive_whole_and_in_order_despite_cancelled_writes() {
    let application = Router::new().route(
        "/",
        get(async |request: Request| {
            let (mut request, _) = request.into_parts();
            let upgrade = tcp_upgrade::take(&mut request.extensions);
            let (response, pending) = accept(&request, upgrade, SETTINGS).unwrap();
            tokio::spawn(async {
                let (reader, writer) = pending.open().await.unwrap();
                write(writer).await;
                drop(reader);
            });
            response.map(Body::from)
        }),
    );
    let (mut client, _) = Client::try_connect(serve(application).await, request("/", "").as_bytes()).await;
    let shared = shared();
    for number in 0..FRAMES {
        client.hears(FIN | TEXT, &frame(number, &shared).pieces().concat()).await;
    }
    client.hears(FIN | BINARY, b"later").await;
    client.hears(FIN | CLOSE, b"\x03\xe9done").await;
    assert_eq!(client.hear().await, None);
}
