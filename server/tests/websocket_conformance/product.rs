//! The native gateway keeps the same rules as the echo application.

use protocol::rest::Tokens;

use crate::client::{BINARY, Client, FIN, PING, PONG, RSV1, TEXT, frame, head, request};
use crate::common::App;

fn path(who: &Tokens) -> String {
    format!("/api/v1/ws?token={}", who.access_token)
}

async fn enter(app: &App, who: &Tokens, more: &str) -> (Client, String) {
    let (mut client, answer) = Client::try_connect(app.addr, request(&path(who), more).as_bytes()).await;
    let (first, welcome) = client.hear().await.unwrap();
    let welcome = String::from_utf8(welcome).unwrap();
    assert!(first == FIN | TEXT && welcome.contains(r#""type":"welcome""#), "{welcome}");
    (client, answer)
}

#[tokio::test]
async fn a_violation_is_named_and_other_connections_go_on() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let (mut other, _) = enter(&app, &ann, "").await;
    for (wrong, code) in [
        (vec![FIN | TEXT, 0], 1002),
        (frame(FIN | 3, b""), 1002),
        (frame(FIN | TEXT, b"\xff"), 1007),
        ([head(FIN | BINARY, 1 << 20 | 1), vec![0; 4]].concat(), 1009),
    ] {
        let (mut client, _) = enter(&app, &ann, "").await;
        client.say(&wrong).await;
        assert_eq!(client.close_code().await, code, "{wrong:x?}");
    }
    other.say(&frame(FIN | PING, b"still there?")).await;
    other.hears(FIN | PONG, b"still there?").await;
}

#[tokio::test]
async fn the_close_reason_arrives_while_the_client_still_sends() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let (mut client, _) = enter(&app, &ann, "").await;
    client.say(&[head(FIN | BINARY, 20 << 20), vec![0; 4]].concat()).await;
    client.say(&vec![0; 8 << 20]).await;
    assert_eq!(client.close_code().await, 1009);
}

#[tokio::test]
async fn compression_is_negotiated_when_it_is_offered() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let (_, plain) = enter(&app, &ann, "").await;
    assert!(!plain.contains("permessage-deflate"), "{plain}");
    let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    let (mut client, answer) = enter(&app, &ann, offer).await;
    assert!(answer.contains("sec-websocket-extensions: permessage-deflate;"), "{answer}");
    // "{", as short as deflate makes it: no JSON, which is answered and not the end.
    client.say(&frame(FIN | RSV1 | TEXT, &[0xaa, 0x06, 0x00])).await;
    let (_, answer) = client.hear().await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.contains("bad_json"), "{answer}");
}

#[tokio::test]
async fn an_invalid_handshake_gets_the_supported_version() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let old = request(&path(&ann), "").replace("Version: 13", "Version: 8");
    let (_, answer) = Client::try_connect(app.addr, old.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
    assert!(answer.contains("sec-websocket-version: 13\r\n"), "{answer}");
    let plain = format!("GET {} HTTP/1.1\r\nHost: test\r\n\r\n", path(&ann));
    let (_, answer) = Client::try_connect(app.addr, plain.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}
