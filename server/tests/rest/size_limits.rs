//! Size limits: bytes are counted and bounded before they are decoded, on every raw socket and in REST.

use std::time::{Duration, Instant};

use protocol::{ClientFrame, ServerFrame};
use reqwest::{Method, StatusCode};
use serde_json::json;
use server::config::{Environment, RateLimits};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::common::{Answer, App, PASSWORD};
use crate::socket::{End, Socket, post};
use crate::{LOGIN, ME, application_token, error};

async fn with_rates(rates: RateLimits) -> App {
    App::spawn_with(|config| config.rate_limits = rates).await
}

/// A list of zeros, as many bytes as this at least.
fn zeros(bytes: usize) -> String {
    format!("[{}0]", "0,".repeat(bytes / 2))
}

#[tokio::test]
async fn a_frame_is_rejected_by_size_and_type_before_it_is_parsed() {
    let app = App::spawn_with(|config| config.environment = Environment::Development).await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Ours", &[]).await;
    let token = &ann.access_token;
    let (small, token_sized, large) = (zeros(4_096), zeros(16_384), zeros(400_000));
    for (path, frame) in [
        ("/api/v1/ws", format!(r#"{{"type":"ping","data":{{"nonce":1,"a":{small}}}}}"#)),
        ("/api/v1/ws", format!(r#"{{ "type" : "shrug", "data":{small}}}"#)),
        ("/api/v1/ws", format!(r#"{{"type":"authenticate","data":{token_sized}}}"#)),
        ("/api/v1/ws", format!(r#"{{"type":"post","data":{large}}}"#)),
        ("/api/v1/ws", format!(r#"{{"data":{large},"type":"ping"}}"#)),
        ("/api/v1/ws", format!(r#"{{"\u0074ype":"ping","data":{large}}}"#)),
        (&format!("/api/v1/ws/chat/{room}"), format!(r#"{{"type":"typing_indicator","data":{small}}}"#)),
        (&format!("/api/v1/ws/chat/{room}"), format!(r#"{{"type":"send_message","data":{large}}}"#)),
        (&format!("/api/v1/ws/{}", ann.user.id), format!(r#"{{"type":"ping","data":{small}}}"#)),
        ("/ws/endpoint", format!(r#"{{"type":"simulate","data":{small}}}"#)),
        ("/ws/endpoint", format!(r#"{{"data":{token_sized},"type":"simulate"}}"#)),
        ("/dev/ws/test", format!(r#"{{"a":{token_sized}}}"#)),
        ("/", format!(r#"{{"type":"join_room","data":{small}}}"#)),
        ("/", format!(r#"{{"type":"chat_message","data":{large}}}"#)),
    ] {
        let mut socket = Text::open(&app, &format!("{path}?token={token}")).await;
        socket.say(&frame).await;
        let answer = socket.hear("too_big").await;
        assert!(answer.contains("at most"), "{path} {answer}");
    }
}

#[tokio::test]
async fn an_oversized_frame_is_charged_eight_times() {
    const PER_SECOND: u32 = 1_000_000;
    let app = with_rates(RateLimits { bytes_per_second: Some(PER_SECOND), ..RateLimits::OFF }).await;
    let ann = app.register("ann").await;
    let mut socket = Text::open(&app, &format!("/api/v1/ws?token={}", ann.access_token)).await;
    let begun = Instant::now();
    socket.say(&format!(r#"{{"type":"ping","data":{{"nonce":1,"a":{}}}}}"#, zeros(1_048_000))).await;
    socket.hear("too_big").await;
    socket.say(r#"{"type":"ping","data":{"nonce":2}}"#).await;
    socket.hear("pong").await;
    // What is had at once is used up. Only that the socket was slowed: the machine may be as slow as it likes.
    assert!(begun.elapsed() > Duration::from_millis(380), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn the_longest_text_is_accepted_in_any_json_escaping() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Ours", &[]).await;
    let mut socket = app.enter(&ann).await;
    socket.join(&room, None).await;
    let text = "\\u0041".repeat(64 * 1024);
    let data = |draft: u8| {
        let draft = format!("018f0000-0000-7000-8000-0000000000{draft:02}");
        format!(r#"{{"room":"{room}","draft":"{draft}","body":"{text}"}}"#)
    };
    socket.say_raw(&format!(r#"{{"type":"post","data":{}}}"#, data(1))).await;
    socket.say_raw(&format!(r#"{{"data":{},"type":"post"}}"#, data(2))).await;
    // However its characters lie about the limits of other types.
    for draft in 3..6_u8 {
        let text = format!("{}{}", "x".repeat(usize::from(draft)), "語".repeat(20_000));
        socket.say(&post(&room, draft.into(), &text)).await;
    }
    let mut bodies = Vec::new();
    for _ in 0..5 {
        let body = socket.hear_some(|frame| match frame {
            ServerFrame::Message { data } => Some(data.body),
            _ => None,
        });
        bodies.push(body.await);
    }
    assert!(bodies.iter().take(2).all(|body| *body == "A".repeat(64 * 1024)));
    assert!(bodies.iter().skip(2).all(|body| body.ends_with(&"語".repeat(20_000))));
}

#[tokio::test]
async fn error_details_are_worked_out_for_short_frames_only() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let mut socket = app.enter(&ann).await;
    for (filler, field) in [(10, Some("room".to_owned())), (70_000, None)] {
        let body = "x".repeat(filler);
        socket.say_raw(&format!(r#"{{"type":"post","data":{{"body":"{body}","room":7}}}}"#)).await;
        assert_eq!(socket.error().await, ("bad_frame".to_owned(), field), "{filler}");
    }
    socket.say_raw(&format!(r#"{{"type":"post","data":{{"body":"{}""#, "x".repeat(70_000))).await;
    assert_eq!(socket.error().await.0, "bad_json");
}

#[tokio::test]
async fn an_unauthenticated_socket_accepts_no_more_than_a_token() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    for path in ["/api/v1/ws", "/"] {
        let url = format!("ws://{}{path}", app.addr);
        for (bytes, code) in [(16_000, 4401), (16_385, 1009), (500_000, 1009)] {
            let mut socket = Text::open_at(&url).await;
            let frame = r#"{"type":"authenticate","data":{"token":""}}"#;
            socket.say(&frame.replace(r#""""#, &format!("\"{}\"", "x".repeat(bytes - frame.len())))).await;
            assert_eq!(socket.end().await, code, "{path} {bytes}");
        }
    }
    // And afterwards as much as any other.
    let room = app.create_room(&ann, "Ours", &[]).await;
    let mut socket = Socket::try_connect(&app.socket_url(""), &[]).await.unwrap();
    socket.say(&ClientFrame::Authenticate { token: ann.access_token.clone(), inbox: None }).await;
    socket.join(&room, None).await;
    socket.say(&post(&room, 1, &"x".repeat(60_000))).await;
    let posted = socket.hear_some(|frame| matches!(frame, ServerFrame::Posted { .. }).then_some(()));
    posted.await;
}

#[tokio::test]
async fn a_client_that_ignores_rate_limit_errors_is_closed() {
    let app = with_rates(RateLimits { commands_per_second: Some(1), ..RateLimits::OFF }).await;
    let ann = app.register("ann").await;
    let url = app.socket_url(&format!("?token={}", ann.access_token));
    let mut socket = Socket::enter(&url).await;
    // Some of it may be sent when the server has closed.
    for nonce in 0..20_000 {
        if !socket.try_say(&ClientFrame::Ping { nonce }).await {
            break;
        }
    }
    assert_eq!(socket.end().await, End::Closed(4429));
}

#[tokio::test]
async fn a_user_over_the_byte_rate_is_slowed_and_loses_nothing() {
    const PER_SECOND: u32 = 100_000;
    let app = with_rates(RateLimits { bytes_per_second: Some(PER_SECOND), ..RateLimits::OFF }).await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Ours", &[&bob]).await;
    let mut his = app.enter(&bob).await;
    his.join(&room, None).await;
    let (mut one, mut other) = (app.enter(&ann).await, app.enter(&ann).await);
    one.join(&room, None).await;
    other.join(&room, None).await;
    let begun = Instant::now();
    // Eight seconds' worth at once, and two more.
    for draft in 0..20 {
        let socket = if draft % 2 == 0 { &mut one } else { &mut other };
        socket.say(&post(&room, draft, &"x".repeat(50_000))).await;
    }
    for _ in 0..20 {
        his.hear_some(|frame| matches!(frame, ServerFrame::Message { .. }).then_some(())).await;
    }
    // Only that it was slowed: the machine may be as slow as it likes.
    assert!(begun.elapsed() > Duration::from_millis(1_500), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn an_oversized_body_is_rejected_before_it_is_read() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let long = "x".repeat(16_384);
    for path in [LOGIN, "/api/v1/auth/register", "/api/v1/auth/refresh"] {
        let answer = app.post_signed_out(path, &json!({ "username": long, "password": PASSWORD })).await;
        assert_eq!(answer.error(), error(413, "too_big", ""), "{path}");
    }
    for path in ["/sign-in", "/register", "/theme"] {
        let answer = app.submit(path, "", &format!("username={long}&password=x")).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
    }
    let body = json!({ "name": "x".repeat(65_536) });
    assert_eq!(app.post("/api/v1/chats", &ann, &body).await.error(), error(413, "too_big", ""));
}

#[tokio::test]
async fn an_oversized_body_with_a_text_is_rejected_before_it_is_read() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Ours", &[]).await;
    let (messages, backend) = (format!("/api/v1/chats/{room}/messages"), application_token("service"));
    let most = 6 * 64 * 1024 + 4 * 1024;
    for (path, beginning) in [
        (messages.as_str(), r#"{"content":"x""#),
        ("/api/v1/jobs", r#"{"title":"x""#),
        ("/api/v1/notifications", r#"{"user_ids":[],"title":"x","message":"y""#),
        ("/api/v1/websocket/test/emit-to-user", r#"{"userId":"x","event":"y""#),
    ] {
        let who = if path == messages { &ann } else { &backend };
        let send = async |bytes: usize| {
            let body = format!("{beginning}{}}}", " ".repeat(bytes - beginning.len() - 1));
            let request = app.request(Method::POST, path).bearer_auth(&who.access_token);
            Answer::to(request.header("content-type", "application/json").body(body)).await
        };
        assert_ne!(send(most).await.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        assert_eq!(send(most + 1).await.error(), error(413, "too_big", ""), "{path}");
    }
}

#[tokio::test]
async fn a_body_with_too_many_values_is_not_parsed() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Ours", &[]).await;
    let path = format!("/api/v1/chats/{room}/messages");
    let send = async |body: String| {
        let request = app.request(Method::POST, &path).bearer_auth(&ann.access_token);
        Answer::to(request.header("content-type", "application/json").body(body)).await
    };
    let lists = format!("[{}1]", "[[[[1]]]],".repeat(10_000));
    let keys = format!("{{{}\"z\":1}}", "\"a\":1,".repeat(30_000));
    for many in [zeros(200_000), lists, keys] {
        let refused = send(format!(r#"{{"content":"x","parent":{many}}}"#)).await;
        assert_eq!(refused.error(), error(413, "too_big", ""));
    }
    // The error of a short one has details, and a text may have any content.
    let refused = send(format!(r#"{{"content":{}}}"#, zeros(60_000))).await;
    assert_eq!(refused.error(), error(422, "bad_frame", "content"));
    let text = format!("{}\\\\\\\"{}", ",".repeat(30_000), "[:{".repeat(10_000));
    assert_eq!(send(format!(r#"{{"content":"{text}"}}"#)).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_request_head_over_32_kib_is_refused() {
    let app = App::spawn().await;
    for (bytes, status) in [(30 * 1024, 200), (34 * 1024, 431)] {
        let request = app.request(Method::GET, "/healthz").header("x-long", "x".repeat(bytes));
        assert_eq!(Answer::to(request).await.status.as_u16(), status, "{bytes}");
    }
}

#[tokio::test]
async fn at_most_sixteen_cookies_are_checked() {
    let app = App::spawn().await;
    app.register("ann").await;
    let good = app.browser("ann").await;
    let name = good.split('=').next().unwrap();
    for (wrong, status) in [(15, StatusCode::OK), (16, StatusCode::UNAUTHORIZED)] {
        let wrong = format!("{name}=wrong; ").repeat(wrong);
        assert_eq!(app.visit(ME, &format!("{wrong}{good}")).await.status, status);
    }
}

#[tokio::test]
async fn a_request_names_at_most_200_users() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Ours", &[]).await;
    let members = format!("/api/v1/chats/{room}/members");
    let users = |count: usize| (0..count).map(|number| format!("user-{number}")).collect::<Vec<_>>();
    for (count, is_looked_at) in [(200, true), (201, false)] {
        for (path, field, body) in [
            ("/api/v1/chats", "member_ids", json!({ "name": "x", "member_ids": users(count) })),
            (&members, "user_ids", json!({ "user_ids": users(count) })),
            (&members, "usernames", json!({ "usernames": users(count) })),
        ] {
            let refused = app.post(path, &ann, &body).await;
            let (_, code, received) = refused.error();
            assert_eq!(code, if is_looked_at { "not_found" } else { "invalid" }, "{field} {refused:?}");
            assert!(is_looked_at || received == field, "{refused:?}");
        }
    }
}

/// A socket of any dialect.
struct Text {
    stream: tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>,
}

impl Text {
    async fn open(app: &App, path: &str) -> Self {
        Self::open_at(&format!("ws://{}{path}", app.addr)).await
    }

    async fn open_at(url: &str) -> Self {
        let (stream, _) = tokio_tungstenite::connect_async(url.into_client_request().unwrap()).await.unwrap();
        Self { stream }
    }

    async fn say(&mut self, text: &str) {
        use futures_util::SinkExt;
        use tokio_tungstenite::tungstenite::Message;
        // A client that is refused before its end may be gone.
        self.stream.send(Message::text(text)).await.ok();
    }

    /// The next text with this in it.
    async fn hear(&mut self, word: &str) -> String {
        loop {
            match self.next().await {
                Ok(text) if text.contains(word) => return text,
                Ok(_) => {}
                Err(code) => panic!("closed with {code} while waiting for `{word}`"),
            }
        }
    }

    async fn end(&mut self) -> u16 {
        loop {
            if let Err(code) = self.next().await {
                return code;
            }
        }
    }

    async fn next(&mut self) -> Result<String, u16> {
        use futures_util::StreamExt;
        use tokio_tungstenite::tungstenite::Message;
        loop {
            let said = tokio::time::timeout(crate::socket::PATIENCE, self.stream.next()).await.unwrap();
            match said {
                Some(Ok(Message::Text(text))) => return Ok(text.to_string()),
                Some(Ok(Message::Close(frame))) => return Err(frame.map_or(1005, |frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(1006),
            }
        }
    }
}
