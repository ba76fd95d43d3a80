//! Socket.IO over HTTP: namespaces, events, acknowledgements and how they end.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

mod application;
#[path = "../engine/mod.rs"]
mod engine;
mod namespaces;

use std::time::Duration;

use engine::Heard;
use serde_json::json;
use socketio::SocketIoSettings;

use crate::application::{TestServer, quiet};

#[tokio::test]
async fn events_are_echoed_in_order() {
    let server = TestServer::open(quiet()).await;
    let mut socket = server.enter().await;
    for number in 0..1_000 {
        let name = if number % 3 == 0 { "slow" } else { "back" };
        socket.say(&format!("42[\"{name}\",{number},{{\"a\":[true]}}]")).await;
    }
    for number in 0..1_000 {
        assert_eq!(socket.hear().await, format!("42[\"back\",{number},{{\"a\":[true]}}]"));
    }
    socket.say("42[\"count\"]").await;
    assert_eq!(server.next_report().await, "1001");
}

#[tokio::test]
async fn events_are_echoed_over_polling_and_after_an_upgrade() {
    let server = TestServer::open(quiet()).await;
    let session = server.http.begin().await;
    assert_eq!(session.handshake.get("upgrades"), Some(&json!(["websocket"])));
    session.post("40").await;
    let entered = session.poll().await.1;
    assert!(entered.starts_with("40{\"sid\":"), "{entered}");
    session.post("42[\"a\",\"\u{43f}\"]").await;
    assert_eq!(session.poll().await.1, "42[\"a\",\"\u{43f}\"]");
    session.post("451-[\"b\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAQIDBA==").await;
    assert_eq!(session.poll().await.1, "451-[\"b\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAQIDBA==");

    let mut socket = session.upgrade().await;
    socket.say("2probe").await;
    assert_eq!(socket.hear().await, "3probe");
    socket.say("5").await;
    socket.say("42[\"c\"]").await;
    assert_eq!(socket.hear().await, "42[\"c\"]");
    socket.say("1").await;
    assert_eq!(server.next_report().await, "/ Ended(ClosedByClient)");
    assert!(!session.is_known().await);
}

#[tokio::test]
async fn the_server_acknowledges_events() {
    let server = TestServer::open(quiet()).await;
    let mut socket = server.enter().await;
    socket.say("4212[\"a\",1,\"x\"]").await;
    assert_eq!(socket.hear().await, "4312[1,\"x\"]");
    socket.say("420[\"a\"]").await;
    assert_eq!(socket.hear().await, "430[]");
    socket.say("452-7[\"a\",{\"_placeholder\":true,\"num\":1},[{\"_placeholder\":true,\"num\":0}]]").await;
    socket.say_bytes(b"zero").await;
    socket.say_bytes(b"one").await;
    assert_eq!(
        socket.hear().await,
        "462-7[{\"_placeholder\":true,\"num\":1},[{\"_placeholder\":true,\"num\":0}]]"
    );
    assert_eq!(socket.next().await, Heard::Binary(b"zero".to_vec()));
    assert_eq!(socket.next().await, Heard::Binary(b"one".to_vec()));
}

#[tokio::test]
async fn client_acknowledgements_reach_the_application() {
    let server = TestServer::open(quiet()).await;
    let mut socket = server.enter().await;
    socket.say("42[\"ask\",1]").await;
    assert_eq!(socket.hear().await, "420[\"question\",1]");
    socket.say("42[\"ask\",2]").await;
    assert_eq!(socket.hear().await, "421[\"question\",2]");
    // Nobody waits for this one.
    socket.say("439[\"nothing\"]").await;
    socket.say("431[\"two\",{}]").await;
    assert_eq!(server.next_report().await, "\"two\",{}");
    socket.say("430[]").await;
    assert_eq!(server.next_report().await, "");
    // Once is enough.
    socket.say("430[]").await;
    socket.say("42[\"ask\",3]").await;
    assert_eq!(socket.hear().await, "422[\"question\",3]");
    socket.say("41").await;
    let mut reports = [server.next_report().await, server.next_report().await];
    reports.sort();
    assert_eq!(reports, ["/ Left", "gone"]);
}

#[tokio::test]
async fn an_invalid_packet_ends_the_connection() {
    let server = TestServer::open(quiet()).await;
    let illegal = [
        "4abc",
        "42{}",
        "42[]",
        "42abc[\"a\"]",
        "42[\"disconnect\"]",
        "43[]",
        "44{\"message\":\"no\"}",
        "45[\"a\"]",
        "4511-[\"a\"]",
        "451-[\"a\",{\"_placeholder\":true,\"num\":1}]",
        "40",
        "42/other,[\"a\"]",
        "41/other,",
        "43/other,1[]",
    ];
    for text in illegal {
        let mut socket = server.enter().await;
        socket.say(text).await;
        assert_eq!(socket.end().await, 1002, "{text}");
        assert_eq!(server.next_report().await, "/ Ended(Protocol)", "{text}");
    }
    let mut socket = server.enter().await;
    socket.say_bytes(b"unexpected").await;
    assert_eq!(socket.end().await, 1002);
    let mut socket = server.enter().await;
    socket.say("451-[\"a\",{\"_placeholder\":true,\"num\":0}]").await;
    socket.say("42[\"a\"]").await;
    assert_eq!(socket.end().await, 1002);
}

#[tokio::test]
async fn a_client_without_a_namespace_is_disconnected() {
    let server =
        TestServer::open(SocketIoSettings { connect_timeout: Duration::from_millis(5), ..quiet() }).await;
    let mut socket = server.http.begin_on_socket().await;
    assert_eq!(socket.end().await, 1000);
    // A refused connect is not enough.
    let mut socket = server.http.begin_on_socket().await;
    socket.say("40/unknown,").await;
    let heard = socket.next().await;
    let error = Heard::Text("44/unknown,{\"message\":\"Invalid namespace\"}".to_owned());
    assert!(heard == error || heard == Heard::Closed(1000), "{heard:?}");
    if heard == error {
        assert_eq!(socket.end().await, 1000);
    }
}

#[tokio::test]
async fn the_application_receives_the_disconnect_reason() {
    let server = TestServer::open(quiet()).await;
    let mut socket = server.enter().await;
    socket.say("41").await;
    assert_eq!(server.next_report().await, "/ Left");
    drop(socket);

    drop(server.enter().await);
    assert_eq!(server.next_report().await, "/ Ended(Lost)");

    let mut socket = server.enter().await;
    socket.say("1").await;
    assert_eq!(server.next_report().await, "/ Ended(ClosedByClient)");
    drop(socket);

    let mut socket = server.enter().await;
    socket.say("42[\"out\"]").await;
    assert_eq!(socket.hear().await, "41");
    assert_eq!(server.next_report().await, "/ Server");
    drop(socket);

    // Events before the end are delivered.
    let mut socket = server.enter().await;
    socket.say("42[\"count\"]").await;
    socket.say("1").await;
    assert_eq!(server.next_report().await, "1");
    assert_eq!(server.next_report().await, "/ Ended(ClosedByClient)");
    drop(socket);

    let mut socket = server.enter().await;
    tokio::join!(server.socketio.shutdown(Duration::from_secs(20)), async move {
        assert_eq!(socket.end().await, 1012);
    });
    assert_eq!(server.next_report().await, "/ Ended(Stopping)");
}
