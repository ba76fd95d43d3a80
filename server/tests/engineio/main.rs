//! Engine.IO over HTTP: requests, sessions, transports and the change between them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so")]

mod application;
#[path = "../engine/mod.rs"]
mod engine;
mod requests;
mod session_end;
mod upgrades;

use engine::Heard;
use serde_json::json;

use crate::application::{TestServer, quick, quiet};

#[tokio::test]
async fn a_handshake_has_exactly_the_fields_of_the_protocol() {
    let server = TestServer::open(quiet()).await;
    let session = server.http.begin().await;
    assert_eq!(session.sid.len(), 22, "128 bits");
    assert_ne!(session.sid, server.http.begin().await.sid);
    assert_eq!(
        session.handshake,
        json!({
            "sid": session.sid,
            "upgrades": ["websocket"],
            "pingInterval": 3_600_000,
            "pingTimeout": 20_000,
            "maxPayload": 10_000,
        })
    );
    let mut socket = server.http.connect("EIO=4&transport=websocket").await.unwrap();
    let open: serde_json::Value =
        serde_json::from_str(socket.hear().await.strip_prefix('0').unwrap()).unwrap();
    assert_eq!(open.get("upgrades"), Some(&json!([])));
    assert_eq!(open.as_object().unwrap().len(), 5);
}

#[tokio::test]
async fn messages_are_echoed_over_polling() {
    let server = TestServer::open(quiet()).await;
    let session = server.http.begin().await;
    assert_eq!(session.post("4hello").await, (200, "ok".to_owned()));
    assert_eq!(session.poll().await, (200, "4hello".to_owned()));
    assert_eq!(session.post("4a\u{1e}4\u{43f}\u{1e}bAQIDBA==\u{1e}4").await, (200, "ok".to_owned()));
    let mut heard = String::new();
    while heard.matches('\u{1e}').count() < 4 {
        heard += &session.poll().await.1;
        heard.push('\u{1e}');
    }
    assert_eq!(heard, "4a\u{1e}4\u{43f}\u{1e}bAQIDBA==\u{1e}4\u{1e}");
    // A poll that is there first waits for the answer.
    let (polled, posted) = tokio::join!(session.poll(), session.post("4later"));
    assert_eq!((polled.1.as_str(), posted.1.as_str()), ("4later", "ok"));
}

#[tokio::test]
async fn messages_are_echoed_over_websocket() {
    let server = TestServer::open(quiet()).await;
    let mut socket = server.http.begin_on_socket().await;
    socket.say("4hello").await;
    assert_eq!(socket.hear().await, "4hello");
    socket.say_bytes(&[1, 2, 3, 4]).await;
    assert_eq!(socket.next().await, Heard::Binary(vec![1, 2, 3, 4]));
    // A client may send text frames only.
    socket.say("bAQIDBA==").await;
    assert_eq!(socket.next().await, Heard::Binary(vec![1, 2, 3, 4]));
    for number in 0..2_000 {
        socket.say(&format!("4{number}")).await;
    }
    for number in 0..2_000 {
        assert_eq!(socket.hear().await, format!("4{number}"));
    }
}

#[tokio::test]
async fn parts_of_one_message_are_sent_together() {
    let server = TestServer::open(quiet()).await;
    let session = server.http.begin().await;
    session.post("4parts").await;
    assert_eq!(session.poll().await.1, "4head tail\u{1e}beA==\u{1e}beQ==");
    let mut socket = server.http.begin_on_socket().await;
    socket.say("4parts").await;
    assert_eq!(socket.hear().await, "4head tail");
    assert_eq!(socket.next().await, Heard::Binary(b"x".to_vec()));
    assert_eq!(socket.next().await, Heard::Binary(b"y".to_vec()));
}

#[tokio::test]
async fn an_answered_ping_keeps_the_session() {
    let server = TestServer::open(quick()).await;
    let session = server.http.begin().await;
    for _ in 0..3 {
        assert_eq!(session.poll().await, (200, "2".to_owned()));
        session.post("3").await;
    }
    let mut socket = server.http.begin_on_socket().await;
    for answer in ["3", "3", "6", "4any traffic will do"] {
        assert_eq!(socket.hear().await, "2");
        socket.say(answer).await;
    }
    assert_eq!(socket.hear().await, "4any traffic will do");
}

#[tokio::test]
async fn a_best_effort_message_is_dropped_for_a_lagging_client() {
    let server = TestServer::open(quiet()).await;
    let session = server.http.begin().await;
    session.post("4fleeting").await;
    let mut heard = String::new();
    while !heard.ends_with("4sure") {
        let (status, messages) = session.poll().await;
        assert_eq!(status, 200);
        heard += &messages;
    }
    let fleeting = heard.matches("4fleeting").count();
    assert!((1..1_000).contains(&fleeting), "{fleeting} of 1,000");
}
