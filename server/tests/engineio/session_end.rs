//! Ends of sessions: by the client, the server, the application, or an error of the protocol.

use std::time::Duration;

use engineio::{CloseReason, EngineSettings};

use crate::application::{TestServer, begin_request, impatient, quiet};
use crate::engine::soon;

#[tokio::test]
async fn an_unanswered_ping_ends_the_session() {
    let server = TestServer::open(impatient()).await;
    let session = server.http.begin().await;
    assert_eq!(server.end().await, CloseReason::PingTimeout);
    assert_eq!(session.poll().await.0, 400);

    let session = server.http.begin().await;
    // The ping may be answered by a poll of its own.
    let mut heard = session.poll().await;
    if heard.1 == "2" {
        heard = session.poll().await;
    }
    assert!(heard == (200, "1".to_owned()) || heard.0 == 400, "{heard:?}");
    assert_eq!(server.end().await, CloseReason::PingTimeout);

    let mut socket = server.http.connect("EIO=4&transport=websocket").await.unwrap();
    socket.hear().await;
    assert_eq!(socket.end().await, 1001);
    assert_eq!(server.end().await, CloseReason::PingTimeout);
}

#[tokio::test]
async fn an_endless_message_ends_the_session_despite_control_frames() {
    let unfinished = Duration::from_millis(200);
    let server =
        TestServer::open(EngineSettings { message_timeout: unfinished, idle_packets: u32::MAX, ..quiet() })
            .await;
    let mut socket = server.http.begin_on_socket().await;
    socket.begin_text("4begun").await;
    assert_eq!(soon(socket.ping_to_the_end()).await, 1001);
    assert_eq!(server.end().await, CloseReason::Unfinished);
}

#[tokio::test]
async fn an_invalid_packet_ends_the_session() {
    let server = TestServer::open(quiet()).await;
    for body in ["", "abc", "4a\u{1e}", "b*", "2", "2probe", "0{}"] {
        let session = server.http.begin().await;
        assert_eq!(session.post(body).await.0, 400, "{body}");
        assert_eq!(session.poll().await.0, 400, "{body}");
        assert_eq!(server.end().await, CloseReason::Protocol);
    }
    let session = server.http.begin().await;
    assert_eq!(session.post(b"4\xff".as_slice()).await.0, 400);
    assert_eq!(server.end().await, CloseReason::Protocol);
    for text in ["", "abc", "2", "b*", "0{}"] {
        let mut socket = server.http.begin_on_socket().await;
        socket.say(text).await;
        assert_eq!(socket.end().await, 1002, "{text}");
        assert_eq!(server.end().await, CloseReason::Protocol);
    }
}

#[tokio::test]
async fn concurrent_polls_end_the_session() {
    let server = TestServer::open(quiet()).await;
    let session = server.http.begin().await;
    let (one, other) = tokio::join!(session.poll(), session.poll());
    let mut answers = [one, other];
    answers.sort();
    assert_eq!(answers[0], (200, "1".to_owned()));
    assert_eq!(answers[1].0, 400);
    assert_eq!(server.end().await, CloseReason::Protocol);
    assert!(!session.is_known().await);
}

#[tokio::test]
async fn concurrent_posts_end_the_session() {
    let server = TestServer::open(quiet()).await;
    let session = server.http.begin().await;
    let head = format!(
        "POST /engine.io/?EIO=4&transport=polling&sid={} HTTP/1.1\r\nhost: test\r\ncontent-length: 6\r\n\r\n4be",
        session.sid
    );
    let _connection = begin_request(&server.http.authority, &head).await;
    // Which of the two is first is open. The one with a whole body is answered until it meets the other.
    while session.post("4hello").await.0 == 200 {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.end().await, CloseReason::Protocol);
}

#[tokio::test]
async fn an_aborted_request_ends_the_session() {
    let server = TestServer::open(quiet()).await;
    for (method, body) in [("GET", "\r\n"), ("POST", "content-length: 6\r\n\r\n4be")] {
        let session = server.http.begin().await;
        let path = format!("/engine.io/?EIO=4&transport=polling&sid={}", session.sid);
        let head = format!("{method} {path} HTTP/1.1\r\nhost: test\r\n{body}");
        drop(begin_request(&server.http.authority, &head).await);
        assert_eq!(server.end().await, CloseReason::Lost, "{method}");
        assert!(!session.is_known().await);
    }
}

#[tokio::test]
async fn a_payload_over_the_announced_limit_ends_the_session() {
    let server = TestServer::open(quiet()).await;
    let fits = format!("4{}", "x".repeat(9_999));
    let session = server.http.begin().await;
    assert_eq!(session.post(fits.clone()).await.0, 200);
    assert_eq!(session.poll().await.1, fits);
    assert_eq!(session.post(format!("{fits}x")).await, (413, String::new()));
    assert_eq!(server.end().await, CloseReason::TooBig);
    assert!(!session.is_known().await);

    let mut socket = server.http.begin_on_socket().await;
    socket.say(&fits).await;
    assert_eq!(socket.hear().await, fits);
    socket.say(&format!("{fits}x")).await;
    assert_eq!(socket.end().await, 1009);
    assert_eq!(server.end().await, CloseReason::TooBig);
}

#[tokio::test]
async fn a_client_closes_its_session() {
    let server = TestServer::open(quiet()).await;
    // Whichever of the two is first.
    for _ in 0..10 {
        let session = server.http.begin().await;
        let (polled, posted) = tokio::join!(session.poll(), session.post("1"));
        assert_eq!((posted.0, posted.1.as_str()), (200, "ok"));
        assert_eq!((polled.0, polled.1.as_str()), (200, "6"));
        assert_eq!(server.end().await, CloseReason::ClosedByClient);
        assert_eq!(session.poll().await.0, 400);
    }
    let session = server.http.begin().await;
    session.post("1").await;
    assert_eq!(session.post("4too late").await.0, 400);
    assert_eq!(session.poll().await, (200, "6".to_owned()));
    assert_eq!(session.poll().await.0, 400);
    assert_eq!(server.end().await, CloseReason::ClosedByClient);

    let mut socket = server.http.begin_on_socket().await;
    socket.say("1").await;
    assert_eq!(socket.end().await, 1000);
    assert_eq!(server.end().await, CloseReason::ClosedByClient);
}

#[tokio::test]
async fn messages_before_a_close_still_arrive() {
    let server = TestServer::open(quiet()).await;
    let session = server.http.begin().await;
    session.post("4bye").await;
    assert_eq!(server.end().await, CloseReason::Server);
    // Not in one payload: a client that reads its end there forgets what stood before it.
    assert_eq!(session.poll().await, (200, "4bye".to_owned()));
    assert_eq!(session.poll().await, (200, "1".to_owned()));
    assert!(!session.is_known().await);

    let mut socket = server.http.begin_on_socket().await;
    socket.say("4bye").await;
    assert_eq!(socket.hear().await, "4bye");
    assert_eq!(socket.end().await, 1000);
}

#[tokio::test]
async fn a_slow_consumer_is_disconnected() {
    let server = TestServer::open(quiet()).await;
    let session = server.http.begin().await;
    session.post("4flood").await;
    assert_eq!(server.end().await, CloseReason::TooSlow);
    assert!(!session.is_known().await);

    let mut socket = server.http.begin_on_socket().await;
    socket.say("4flood").await;
    assert_eq!(server.end().await, CloseReason::TooSlow);
}

#[tokio::test]
async fn a_session_is_counted_until_its_connection_is_gone() {
    let server = TestServer::open(EngineSettings { close_timeout: Duration::from_hours(1), ..quiet() }).await;
    for polls_first in [false, true] {
        let mut socket = if polls_first {
            let session = server.http.begin().await;
            let mut socket = session.upgrade().await;
            socket.say("2probe").await;
            assert_eq!(socket.hear().await, "3probe");
            socket.say("5").await;
            socket
        } else {
            server.http.begin_on_socket().await
        };
        socket.say("this is no packet").await;
        assert_eq!(server.end().await, CloseReason::Protocol);
        while server.engine.sessions() > 0 {
            tokio::task::yield_now().await;
        }
        // The client has not hung up.
        assert_eq!(server.permits(), 1);
        drop(socket);
        soon(async {
            while server.permits() > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_panicking_application_ends_only_its_session() {
    let server = TestServer::open(quiet()).await;
    let other = server.http.begin().await;
    let mut socket = server.http.begin_on_socket().await;
    socket.say("4panic").await;
    assert_eq!(socket.end().await, 1000);
    other.post("4still here").await;
    assert_eq!(other.poll().await.1, "4still here");
    while server.engine.sessions() > 1 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_stop_ends_all_sessions_and_accepts_no_new_ones() {
    let server = TestServer::open(quiet()).await;
    let session = server.http.begin().await;
    let mut socket = server.http.begin_on_socket().await;
    let engine = server.engine.clone();
    let stopping = engine.shutdown(Duration::from_secs(20));
    let clients = async move {
        assert_eq!(session.poll().await.1, "1");
        assert_eq!(socket.end().await, 1012);
    };
    tokio::join!(stopping, clients);
    assert_eq!((server.end().await, server.end().await), (CloseReason::Stopping, CloseReason::Stopping));
    assert_eq!(server.http.connect("EIO=4&transport=websocket").await.err(), Some(503));
}
