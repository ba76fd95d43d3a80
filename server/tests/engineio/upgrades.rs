//! Upgrades from polling to WebSocket: they neither lose nor reorder a message.

use std::time::Duration;

use engineio::{CloseReason, EngineSettings};
use tokio::io::AsyncReadExt;

use crate::application::{COUNT, TestServer, begin_request, quiet};
use crate::engine::{Polling, Socket, soon};

/// Takes numbered messages; `next` is the one that is due.
fn take(next: &mut usize, messages: &str) {
    for message in messages.split('\u{1e}').filter(|it| *it != "6") {
        assert_eq!(message, format!("4{next}"));
        *next += 1;
    }
}

/// Sends the probe and receives its answer.
async fn probe(session: &Polling<'_>) -> Socket {
    let mut socket = session.upgrade().await;
    socket.say("2probe").await;
    assert_eq!(socket.hear().await, "3probe");
    socket
}

#[tokio::test]
async fn an_upgrade_neither_loses_nor_reorders_messages() {
    let server = TestServer::open(quiet()).await;
    for polls_before in 0..12 {
        let session = server.http.begin().await;
        let mut next = 0;
        session.post("4count").await;
        for _ in 0..polls_before {
            if next < COUNT {
                take(&mut next, &session.poll().await.1);
            }
        }
        let mut socket = probe(&session).await;
        // A client ends its poll before it changes over.
        take(&mut next, &session.poll().await.1);
        socket.say("5").await;
        while next < COUNT {
            take(&mut next, &socket.hear().await);
        }
        socket.say("4after").await;
        assert_eq!(socket.hear().await, "4after");
        socket.say("1").await;
        assert_eq!(server.end().await, CloseReason::ClosedByClient);
    }
}

#[tokio::test]
async fn a_waiting_poll_is_released_for_the_probe() {
    let server = TestServer::open(quiet()).await;
    let session = server.http.begin().await;
    let (polled, mut socket) = tokio::join!(session.poll(), probe(&session));
    assert_eq!(polled, (200, "6".to_owned()));
    // Messages sent meanwhile still leave by polls.
    session.post("4meanwhile").await;
    let mut heard = session.poll().await;
    while heard.1 == "6" {
        heard = session.poll().await;
    }
    assert_eq!(heard.1, "4meanwhile");
    socket.say("5").await;
    socket.say("4hello").await;
    assert_eq!(socket.hear().await, "4hello");
}

#[tokio::test]
async fn after_an_upgrade_only_the_websocket_is_served() {
    let server = TestServer::open(quiet()).await;
    let session = server.http.begin().await;
    let mut socket = probe(&session).await;
    socket.say("5").await;
    socket.say("4hello").await;
    assert_eq!(socket.hear().await, "4hello");
    assert_eq!(session.poll().await.0, 400);
    assert_eq!(session.post("4too late").await.0, 400);
    assert_eq!(session.upgrade().await.end().await, 1000);
    socket.say("4undisturbed").await;
    assert_eq!(socket.hear().await, "4undisturbed");
}

#[tokio::test]
async fn a_poll_after_the_upgrade_is_refused() {
    let server = TestServer::open(quiet()).await;
    loop {
        let session = server.http.begin().await;
        let mut socket = session.upgrade().await;
        let path = format!("/engine.io/?EIO=4&transport=polling&sid={}", session.sid);
        let head = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
        let mut poll = begin_request(&server.http.authority, &head).await;
        // Each of these is answered, so the poll has most likely arrived, too.
        for _ in 0..5 {
            assert!(session.is_known().await);
        }
        // No client of ours is that hasty.
        socket.say("2probe").await;
        socket.say("5").await;
        assert_eq!(socket.hear().await, "3probe");
        socket.say("4hello").await;
        assert_eq!(socket.hear().await, "4hello");
        let mut polled = String::new();
        soon(poll.read_to_string(&mut polled)).await.unwrap();
        if polled.starts_with("HTTP/1.1 400 ") {
            break;
        }
        // The poll was released before the upgrade was complete. Another try.
        assert!(polled.starts_with("HTTP/1.1 200 ") && polled.ends_with('6'), "{polled}");
    }
}

#[tokio::test]
async fn an_upgrade_that_times_out_is_abandoned() {
    let server =
        TestServer::open(EngineSettings { upgrade_timeout: Duration::from_millis(5), ..quiet() }).await;
    let session = server.http.begin().await;
    let mut socket = session.upgrade().await;
    assert_eq!(socket.end().await, 1000);
    session.post("4hello").await;
    assert_eq!(session.poll().await.1, "4hello");
}

#[tokio::test]
async fn one_upgrade_is_attempted_at_a_time() {
    let server = TestServer::open(quiet()).await;
    let session = server.http.begin().await;
    let mut first = probe(&session).await;
    assert_eq!(session.upgrade().await.end().await, 1000);
    first.say("5").await;
    first.say("4hello").await;
    assert_eq!(first.hear().await, "4hello");
}

#[tokio::test]
async fn four_late_websockets_are_answered_at_a_time() {
    let server = TestServer::open(quiet()).await;
    let session = server.http.begin().await;
    let mut first = probe(&session).await;
    let query = format!("EIO=4&transport=websocket&sid={}", session.sid);
    let mut late = Vec::new();
    for _ in 0..4 {
        // They get an error, and do not close.
        late.push(session.upgrade().await);
    }
    assert_eq!(server.http.connect(&query).await.err(), Some(400));
    first.say("5").await;
    first.say("4hello").await;
    assert_eq!(first.hear().await, "4hello");
    drop(late);
    let received = async { while server.http.connect(&query).await.is_err() {} };
    soon(received).await;
}

#[tokio::test]
async fn a_failed_upgrade_leaves_polling_unchanged() {
    let server = TestServer::open(quiet()).await;
    let session = server.http.begin().await;
    for wrong in ["4hello", "2", "2other", "1", "abc"] {
        let mut socket = session.upgrade().await;
        socket.say(wrong).await;
        assert_eq!(socket.end().await, 1000, "{wrong}");
    }
    let mut socket = probe(&session).await;
    socket.say("6").await;
    assert_eq!(socket.end().await, 1000);
    let (polled, _) = tokio::join!(session.poll(), session.post("4hello"));
    assert_eq!(polled, (200, "4hello".to_owned()));
    // Another attempt succeeds.
    let mut socket = probe(&session).await;
    socket.say("5").await;
    socket.say("4hello").await;
    assert_eq!(socket.hear().await, "4hello");
}

#[tokio::test]
async fn an_ended_session_ends_its_upgrade_attempt() {
    let server = TestServer::open(quiet()).await;
    let session = server.http.begin().await;
    let mut socket = probe(&session).await;
    session.post("1").await;
    assert_eq!(server.end().await, CloseReason::ClosedByClient);
    assert_eq!(socket.end().await, 1000);
}
