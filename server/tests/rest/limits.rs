//! Limits of a public server on attempts, sockets and frames, without an effect on other users.

use std::time::Duration;

use protocol::{ClientFrame, ErrorCode, ServerFrame};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use server::config::{Environment, Limits, RateLimits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::{Answer, App, PASSWORD};
use crate::socket::{End, Socket, post};
use crate::{LOGIN, error};

async fn with_rates(rates: RateLimits) -> App {
    App::spawn_with(|config| config.rate_limits = rates).await
}

async fn with_limits(limits: Limits) -> App {
    App::spawn_with(|config| config.limits = limits).await
}

#[tokio::test]
async fn ten_of_fifty_login_attempts_are_checked() {
    let app = with_rates(RateLimits::of(Environment::Production)).await;
    let mut looked_at = 0;
    for number in 0..50 {
        let form = json!({ "username": format!("nemo-{number}"), "password": PASSWORD });
        let answer = app.post_signed_out(LOGIN, &form).await;
        if answer.status == StatusCode::UNAUTHORIZED {
            looked_at += 1;
        } else {
            assert_eq!(answer.error(), error(429, "rate_limited", ""));
            assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|wait| wait > 0), "{answer:?}");
        }
    }
    assert!((10..=15).contains(&looked_at), "{looked_at}");
}

#[tokio::test]
async fn handshakes_of_an_address_are_limited_per_minute() {
    let app = with_rates(RateLimits { handshakes_per_minute: Some(3), ..RateLimits::OFF }).await;
    let ann = app.register("ann").await;
    let url = app.socket_url(&format!("?token={}", ann.access_token));
    for _ in 0..3 {
        assert!(Socket::try_connect(&url, &[]).await.is_ok());
    }
    assert_eq!(Socket::try_connect(&url, &[]).await.err(), Some(429));
    // Also before a token is looked at.
    let refused = Answer::to(app.request(Method::GET, "/api/v1/ws?token=wrong")).await;
    assert_eq!(refused.error(), error(429, "rate_limited", ""));
    assert!(refused.json()["retry_after_ms"].as_u64().is_some_and(|wait| wait <= 20_000), "{refused:?}");
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|wait| (1..=20).contains(&wait)));
    assert!(Socket::try_connect(&url, &[("x-forwarded-for", "203.0.113.7")]).await.is_ok());
    assert_eq!(app.visit("/healthz", "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn handshakes_count_on_every_gateway() {
    let engine = "/socket.io/?EIO=4&transport=polling";
    for path in [engine, "/ws/endpoint", "/api/v1/ws/chat/none", "/api/v1/ws/nobody"] {
        let app = with_rates(RateLimits { handshakes_per_minute: Some(1), ..RateLimits::OFF }).await;
        let try_connect = async || Answer::to(app.request(Method::GET, path)).await;
        assert_ne!(try_connect().await.status, StatusCode::TOO_MANY_REQUESTS, "{path}");
        let refused = try_connect().await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{path}");
        assert!(
            refused.header("retry-after").parse::<u64>().is_ok_and(|wait| (1..=60).contains(&wait)),
            "{path}"
        );
    }
    let app = with_limits(Limits { connections: 1, ..Limits::default() }).await;
    let ann = app.register("ann").await;
    let _open = app.enter(&ann).await;
    let full = app.visit(engine, "").await;
    assert_eq!(full.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_ne!(full.header("retry-after"), "");
}

#[tokio::test]
async fn open_sockets_are_limited_and_a_closed_one_frees_its_permit() {
    let app = with_limits(Limits { connections: 3, connections_per_address: 2, ..Limits::default() }).await;
    let ann = app.register("ann").await;
    let url = app.socket_url(&format!("?token={}", ann.access_token));
    let elsewhere = |last: u8| format!("203.0.113.{last}");
    let first = app.enter(&ann).await;
    let _second = app.enter(&ann).await;
    assert_eq!(Socket::try_connect(&url, &[]).await.err(), Some(429));
    let _third = Socket::try_connect(&url, &[("x-forwarded-for", &elsewhere(1))]).await.unwrap();
    assert_eq!(Socket::try_connect(&url, &[("x-forwarded-for", &elsewhere(2))]).await.err(), Some(503));
    let full =
        Answer::to(app.request(Method::GET, "/api/v1/ws").header("x-forwarded-for", elsewhere(2))).await;
    assert_eq!(full.error(), error(503, "unavailable", ""));
    assert_ne!(full.header("retry-after"), "");
    drop(first);
    let patience = tokio::time::timeout(Duration::from_secs(20), async {
        while Socket::try_connect(&url, &[("x-forwarded-for", &elsewhere(2))]).await.is_err() {}
    });
    assert!(patience.await.is_ok());
}

#[tokio::test]
async fn limits_per_user_and_connection_are_configurable() {
    let limits = Limits {
        connections_per_user: 1,
        rooms_per_connection: 1,
        message_bytes: 10,
        frame_bytes: 1_000,
        ..Limits::default()
    };
    let app = with_limits(limits).await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let (one, other) =
        (app.create_room(&ann, "One", &[&bob]).await, app.create_room(&ann, "Other", &[]).await);
    let mut socket = app.enter(&ann).await;
    let mut second =
        Socket::try_connect(&app.socket_url(&format!("?token={}", ann.access_token)), &[]).await.unwrap();
    assert_eq!(second.error().await.0, "too_many");
    assert_eq!(second.end().await, End::Closed(4429));

    socket.join(&one, None).await;
    socket.say(&ClientFrame::Join { room: other.clone(), since: None, changes: None }).await;
    assert_eq!(socket.error().await.0, "too_many");
    socket.say(&post(&one, 1, "ten bytes!")).await;
    socket.say(&post(&one, 2, "eleven byte")).await;
    assert_eq!(socket.error().await.0, "too_long");
    let path = format!("/api/v1/chats/{one}/messages");
    let over_rest = |content: &str| json!({ "content": content });
    assert_eq!(
        app.post(&path, &ann, &over_rest("eleven byte")).await.error(),
        error(422, "too_long", "content")
    );
    assert_eq!(
        app.post(&path, &ann, &over_rest(&"x".repeat(1_001))).await.error(),
        error(413, "too_big", "")
    );
    socket.say_raw(&"x".repeat(1_001)).await;
    assert_eq!(socket.end().await, End::Closed(1009));
}

#[tokio::test]
async fn a_flood_is_refused_without_disturbing_others() {
    let app = with_rates(RateLimits { messages_per_second: Some(2), ..RateLimits::OFF }).await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Ours", &[&bob]).await;
    let (mut flooding, mut calm) = (app.enter(&ann).await, app.enter(&bob).await);
    flooding.join(&room, None).await;
    calm.join(&room, None).await;
    for draft in 1..=100 {
        flooding.say(&post(&room, draft, "flood")).await;
    }
    flooding.say(&ClientFrame::Ping { nonce: 7 }).await;
    let (mut refused, mut taken) = (0, 0);
    while refused + taken < 100 {
        match flooding.hear().await {
            ServerFrame::Posted { .. } => taken += 1,
            ServerFrame::Error { data, .. } => {
                assert_eq!((data.code, data.draft.is_some()), (ErrorCode::RateLimited, true));
                assert!(data.retry_after_ms.is_some_and(|wait| (1..=500).contains(&wait)), "{data:?}");
                refused += 1;
            }
            _ => {}
        }
    }
    // Ten at once, and what two a second make of the time that the test takes.
    assert!(taken >= 10 && refused > 0, "{taken} taken, {refused} refused");
    calm.say(&post(&room, 1, "calm")).await;
    let mut heard = 0;
    loop {
        let body = calm
            .hear_some(|frame| match frame {
                ServerFrame::Message { data } => Some(data.body),
                _ => None,
            })
            .await;
        if body == "calm" {
            break;
        }
        heard += 1;
    }
    assert_eq!(heard, taken);
}

#[tokio::test]
async fn frames_without_a_command_count_too() {
    let app = with_rates(RateLimits { commands_per_second: Some(1), ..RateLimits::OFF }).await;
    let ann = app.register("ann").await;
    for noise in ["{", r#"{"type":"shrug","data":{}}"#, r#"{"type":"authenticate","data":{"token":"x"}}"#] {
        let mut socket = app.enter(&ann).await;
        let mut refused_attempts = 0;
        // Ten at once, and what one a second makes of the time that the test takes.
        while refused_attempts < 1_000 {
            socket.say_raw(noise).await;
            refused_attempts += 1;
            if socket.error().await.0 == "rate_limited" {
                break;
            }
        }
        assert!((11..1_000).contains(&refused_attempts), "{refused_attempts} {noise}");
    }
}

#[tokio::test]
async fn commands_with_malformed_ids_count_like_others() {
    let app = with_rates(RateLimits { messages_per_second: Some(1), ..RateLimits::OFF }).await;
    let renamed = json!({ "name": "x" });
    for (name, path, body) in [
        ("ann", "/api/v1/chats/a%20b", &renamed),
        ("bob", "/api/v1/chats/unknown", &renamed),
        ("eve", "/api/v1/jobs/nonsense", &json!({ "progress": 5 })),
    ] {
        let user = app.register(name).await;
        let mut last = app.patch(path, &user, body).await;
        assert_eq!(last.status, StatusCode::NOT_FOUND, "{path}");
        for _ in 0..200 {
            if last.status != StatusCode::NOT_FOUND {
                break;
            }
            last = app.patch(path, &user, body).await;
        }
        assert_eq!(last.error(), error(429, "rate_limited", ""), "{path}");
    }
}

#[tokio::test]
async fn posts_over_rest_count_for_the_user_too() {
    let app = with_rates(RateLimits { messages_per_second: Some(1), ..RateLimits::OFF }).await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Ours", &[&bob]).await;
    let path = format!("/api/v1/chats/{room}/messages");
    let over_rest = async |who| app.post(&path, who, &json!({ "content": "x" })).await;
    let mut last = over_rest(&ann).await;
    for _ in 0..200 {
        if last.status != StatusCode::CREATED {
            break;
        }
        last = over_rest(&ann).await;
    }
    assert_eq!(last.error(), error(429, "rate_limited", ""));
    assert_eq!(last.header("retry-after"), "1");
    assert!(
        last.json()["retry_after_ms"].as_u64().is_some_and(|wait| (1..=1_000).contains(&wait)),
        "{last:?}"
    );
    // Neither a new connection nor another kind of message is a way around it.
    let mut socket = app.enter(&ann).await;
    socket.join(&room, None).await;
    let jobs = async |who| app.post("/api/v1/jobs", who, &json!({ "title": "x" })).await;
    let (mut by_socket, mut by_job) = (false, false);
    for draft in 1..=200 {
        socket.say(&post(&room, draft, "x")).await;
        by_job |= jobs(&ann).await.status == StatusCode::TOO_MANY_REQUESTS;
        if by_job {
            break;
        }
    }
    while !by_socket {
        let (code, _) = socket.error().await;
        by_socket = code == "rate_limited";
    }
    assert!(by_job);
    assert_eq!(over_rest(&bob).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn commands_per_connection_and_typing_per_user_are_rate_limited() {
    let rates = RateLimits { commands_per_second: Some(1), typing_per_second: Some(1), ..RateLimits::OFF };
    let app = with_rates(rates).await;
    let ann = app.register("ann").await;
    let mut socket = app.enter(&ann).await;
    for nonce in 0..200 {
        socket.say(&ClientFrame::Ping { nonce }).await;
    }
    assert_eq!(socket.error().await.0, "rate_limited");
    let mut fresh = app.enter(&ann).await;
    fresh.say(&ClientFrame::Ping { nonce: 1 }).await;
    assert!(matches!(fresh.hear().await, ServerFrame::Pong { .. }));

    let rates = RateLimits { commands_per_second: None, ..rates };
    let app = with_rates(rates).await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Ours", &[]).await;
    let mut socket = app.enter(&ann).await;
    socket.join(&room, None).await;
    for _ in 0..200 {
        socket.say(&ClientFrame::Typing { room: room.clone(), on: true }).await;
    }
    assert_eq!(socket.error().await.0, "rate_limited");
}

#[tokio::test]
async fn a_connection_without_a_request_is_closed() {
    let app = with_limits(Limits { first_request: Duration::from_secs(1), ..Limits::default() }).await;
    let mut asked = TcpStream::connect(app.addr).await.unwrap();
    let question = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut answer = [0; 15];
    asked.write_all(question).await.unwrap();
    asked.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");

    for half in ["", "G", "GET /healthz HTTP/1.1\r\nhost: x\r\n", "PRI * HTTP/2"] {
        let mut slow = TcpStream::connect(app.addr).await.unwrap();
        slow.write_all(half.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(20), slow.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "{half}");
    }
    // A connection with an earlier request may be idle for longer.
    asked.write_all(question).await.unwrap();
    let mut received = String::new();
    while received.matches("200 OK").count() < 1 {
        let mut some = [0; 1_024];
        let count = asked.read(&mut some).await.unwrap();
        assert_ne!(count, 0, "{received}");
        received.push_str(&String::from_utf8_lossy(&some[..count]));
    }
}

#[tokio::test]
async fn a_preflight_allows_every_method_and_no_cookies() {
    let friend = "https://friend.example";
    let app = App::spawn_with(|config| {
        config.origins = server::auth::origin::Origins::parse(friend).unwrap();
    })
    .await;
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        let ask = app.request(Method::OPTIONS, "/api/v1/jobs").header("origin", friend);
        let ask = ask.header("access-control-request-method", method);
        let answer =
            Answer::to(ask.header("access-control-request-headers", "authorization,content-type")).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(
            answer.header("access-control-allow-methods").split(',').any(|it| it == method),
            "{answer:?}"
        );
        assert_eq!(answer.header("access-control-allow-credentials"), "");
    }
    let wrong: Value =
        Answer::to(app.request(Method::GET, "/api/v1/jobs").header("origin", friend)).await.json();
    assert_eq!(wrong["code"], "unauthorized");
}
