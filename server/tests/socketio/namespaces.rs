//! Namespaces: a client or the application connects and disconnects them.

use crate::application::{TestServer, quiet};

#[tokio::test]
async fn a_connect_is_answered_before_the_first_event() {
    let server = TestServer::open(quiet()).await;
    let mut socket = server.http.begin_on_socket().await;
    socket.say("40/greeting,{\"token\":\"x\"}").await;
    let entered = socket.hear().await;
    assert!(entered.starts_with("40/greeting,{\"sid\":\""), "{entered}");
    assert!(entered.ends_with("\",\"pid\":\"private\"}"), "{entered}");
    assert_eq!(socket.hear().await, "42/greeting,[\"first\",{\"token\":\"x\"}]");
    assert_eq!(socket.hear().await, "42/greeting,[\"second\"]");
}

#[tokio::test]
async fn a_returning_client_receives_missed_events_first() {
    let server = TestServer::open(quiet()).await;
    let mut socket = server.http.begin_on_socket().await;
    socket.say("40/recovering,{\"pid\":\"private\",\"offset\":\"seen\"}").await;
    assert_eq!(socket.hear().await, "40/recovering,{\"sid\":\"same\",\"pid\":\"private\"}");
    assert_eq!(socket.hear().await, "42/recovering,[\"one\",\"offset\"]");
    assert_eq!(socket.hear().await, "42/recovering,[\"two\",\"offset\"]");
    assert_eq!(socket.hear().await, "42/recovering,[\"after\"]");

    let mut socket = server.http.begin_on_socket().await;
    for nothing in ["", "{}", "{\"pid\":7}"] {
        socket.say(&format!("40/recovering,{nothing}")).await;
        assert_eq!(socket.hear().await, "44/recovering,{\"message\":\"Nothing to recover\"}");
    }
}

#[tokio::test]
async fn a_refused_connect_names_its_reason_and_keeps_the_session() {
    let server = TestServer::open(quiet()).await;
    let mut socket = server.enter().await;
    socket.say("40/secret").await;
    assert_eq!(
        socket.hear().await,
        "44/secret,{\"message\":\"Not \\\"you\\\"\",\"data\":{\"code\":\"forbidden\"}}"
    );
    socket.say("40/unknown,").await;
    assert_eq!(socket.hear().await, "44/unknown,{\"message\":\"Invalid namespace\"}");
    socket.say("42[\"a\"]").await;
    assert_eq!(socket.hear().await, "42[\"a\"]");
}

#[tokio::test]
async fn namespaces_are_independent_of_each_other() {
    let server = TestServer::open(quiet()).await;
    let mut socket = server.enter().await;
    socket.say("40/other,").await;
    let entered = socket.hear().await;
    assert!(entered.starts_with("40/other,{\"sid\":"), "{entered}");
    socket.say("42/other,5[\"a\",1]").await;
    assert_eq!(socket.hear().await, "43/other,5[1]");
    socket.say("42/other,[\"out\"]").await;
    assert_eq!(socket.hear().await, "41/other,");
    assert_eq!(server.next_report().await, "/other Server");
    // It may not have known; no handler gets it.
    socket.say("42/other,[\"a\"]").await;
    socket.say("43/other,1[]").await;
    socket.say("41/other,").await;
    socket.say("42[\"a\"]").await;
    assert_eq!(socket.hear().await, "42[\"a\"]");
    // It may come again, and leave by itself.
    socket.say("40/other,").await;
    assert!(socket.hear().await.starts_with("40/other,{\"sid\":"));
    socket.say("41/other,").await;
    assert_eq!(server.next_report().await, "/other Left");
    socket.say("42[\"a\"]").await;
    assert_eq!(socket.hear().await, "42[\"a\"]");
}

#[tokio::test]
async fn open_namespaces_are_limited() {
    let server = TestServer::open(quiet()).await;
    let mut socket = server.enter().await;
    for namespace in ["/other", "/third"] {
        socket.say(&format!("40{namespace},")).await;
        assert!(socket.hear().await.starts_with("40/"));
    }
    socket.say("40/fourth,").await;
    assert_eq!(socket.hear().await, "44/fourth,{\"message\":\"Too many namespaces\"}");
    socket.say("41/third,").await;
    socket.say("40/fourth,").await;
    assert!(socket.hear().await.starts_with("40/fourth,{"));
}

#[tokio::test]
async fn a_disconnected_client_is_notified_in_every_namespace() {
    let server = TestServer::open(quiet()).await;
    let mut socket = server.enter().await;
    socket.say("40/other,").await;
    assert!(socket.hear().await.starts_with("40/other,"));
    socket.say("42[\"away\"]").await;
    assert_eq!(socket.hear().await, "41");
    assert_eq!(socket.hear().await, "41/other,");
    assert_eq!(socket.end().await, 1000);
    let mut reports = [server.next_report().await, server.next_report().await];
    reports.sort();
    assert_eq!(reports, ["/ Server", "/other Server"]);
}

#[tokio::test]
async fn a_client_may_be_disconnected_while_it_connects() {
    let server = TestServer::open(quiet()).await;
    let mut socket = server.http.begin_on_socket().await;
    socket.say("40/short,").await;
    assert_eq!(socket.hear().await, "41/short,");
    assert_eq!(server.next_report().await, "/short Server");
}

#[tokio::test]
async fn events_that_wait_for_a_connect_are_bounded() {
    let server = TestServer::open(quiet()).await;
    let mut socket = server.http.begin_on_socket().await;
    socket.say("40/flooded,").await;
    assert_eq!(socket.end().await, 4008);
    assert_eq!(server.next_report().await, "/flooded Ended(TooSlow)");
}

/// Twice as many echoed events as may wait for a client.
fn flood_of_questions() -> Vec<String> {
    let load = "x".repeat(1_000);
    (0..100).map(|number| format!("42[\"back\",{number},\"{load}\"]")).collect()
}

#[tokio::test]
async fn a_polling_client_receives_more_answers_than_may_wait() {
    let server = TestServer::open(quiet()).await;
    let session = server.http.begin().await;
    session.post("40").await;
    assert!(session.poll().await.1.starts_with("40{\"sid\":"));
    let questions = flood_of_questions();
    let asking = async {
        for some in questions.chunks(10) {
            assert_eq!(session.post(some.join("\u{1e}")).await, (200, "ok".to_owned()));
        }
    };
    let polling = async {
        let mut answers = Vec::new();
        // Not before all was asked that the server takes: what waits meanwhile is bounded, and no client is closed for it.
        for _ in 0..20 {
            assert!(session.is_known().await);
        }
        while answers.len() < questions.len() {
            let (status, payload) = session.poll().await;
            assert_eq!(status, 200, "{} have come", answers.len());
            answers.extend(payload.split('\u{1e}').map(str::to_owned));
        }
        answers
    };
    let ((), answers) = tokio::join!(asking, polling);
    assert_eq!(answers, questions);
}
