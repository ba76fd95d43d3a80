//! Opening (RFC 6455, section 4.2).

use crate::client::{Client, FIN, TEXT, echo, frame, request};

#[tokio::test]
async fn a_handshake_is_answered_as_the_standard_requires() {
    let addr = echo().await;
    let (_client, answer) = Client::try_connect(addr, request("/any/path?x=y", "").as_bytes()).await;
    let answer = answer.to_lowercase();
    for line in [
        "http/1.1 101 switching protocols\r\n",
        "\r\nupgrade: websocket\r\n",
        "\r\nconnection: upgrade\r\n",
        "\r\nsec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n",
    ] {
        assert!(answer.contains(line), "{line} in {answer}");
    }
    assert!(!answer.contains("sec-websocket-extensions"), "{answer}");
}

#[tokio::test]
async fn frames_sent_right_after_the_handshake_are_read() {
    let addr = echo().await;
    let both = [request("/", "").as_bytes(), &frame(FIN | TEXT, b"early")].concat();
    let (mut client, _) = Client::try_connect(addr, &both).await;
    client.hears(FIN | TEXT, b"early").await;
    client.is_echoed(TEXT, b"later").await;
}

#[tokio::test]
async fn invalid_handshakes_are_refused_by_name() {
    let addr = echo().await;
    for (wrong, status) in [
        (request("/", "").replace("GET", "POST"), "400"),
        (request("/", "").replace("Upgrade: websocket", "Upgrade: h2c"), "400"),
        (request("/", "").replace("Connection: Upgrade", "Connection: keep-alive"), "400"),
        (request("/", "").replace("Key: dGhlIHNhbXBsZSBub25jZQ==", "Key: eA=="), "400"),
        (request("/", "").replace("Sec-WebSocket-Key", "X-Key"), "400"),
        (request("/", "Sec-WebSocket-Extensions: permessage-deflate; =\r\n"), "400"),
        (request("/", "").replace("Version: 13", "Version: 12"), "426"),
        ("GET / HTTP/1.1\r\nHost: test\r\n\r\n".to_owned(), "400"),
    ] {
        let (_client, answer) = Client::try_connect(addr, wrong.as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{wrong}\n{answer}");
        assert_eq!(answer.contains("sec-websocket-version: 13\r\n"), status == "426", "{answer}");
    }
}
