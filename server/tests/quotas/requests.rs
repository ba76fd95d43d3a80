//! Quotas on requests: their rate, and how many run at a time.

use std::time::Duration;

use futures_util::{StreamExt, stream::FuturesUnordered};
use protocol::ClientFrame;
use protocol::rest::Tokens;
use reqwest::{Method, StatusCode};
use serde_json::json;
use server::config::Quotas;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::common::{Answer, App};
use crate::socket::PATIENCE;
use crate::{error, minted, put_files, with_quotas};

const ME: &str = "/api/v1/auth/me";

/// Asks until the answer is another one than usual; more often than any quota here allows.
async fn until_refused(usual: StatusCode, ask: impl AsyncFn() -> Answer) -> Answer {
    for _ in 0..2_000 {
        let answer = ask().await;
        if answer.status != usual {
            return answer;
        }
    }
    panic!("never refused");
}

fn waits(answer: &Answer) -> bool {
    let received = answer.json()["retry_after_ms"].as_u64().unwrap_or_default();
    let header = answer.header("retry-after").parse::<u64>().unwrap_or_default();
    (1..=1_000).contains(&received) && header == 1
}

#[tokio::test]
async fn requests_of_a_user_are_limited_over_rest_and_sockets_together() {
    let app = with_quotas(Quotas { requests_per_second: Some(1), ..Quotas::OFF }).await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let mut socket = app.enter(&ann).await;
    let refused = until_refused(StatusCode::OK, || app.get(ME, &ann)).await;
    assert_eq!(refused.error(), error(429, "rate_limited", ""));
    assert!(waits(&refused), "{refused:?}");
    for nonce in 0..200 {
        socket.say(&ClientFrame::Ping { nonce }).await;
    }
    assert_eq!(socket.error().await.0, "rate_limited");
    assert_eq!(app.get(ME, &bob).await.status, StatusCode::OK);
    // Its own page counts for the user, too.
    let cookie = app.browser("bob").await;
    until_refused(StatusCode::OK, || app.visit("/", &cookie)).await;
    let backend = minted("backend", "service");
    for _ in 0..100 {
        assert_eq!(app.get(ME, &backend).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn requests_of_an_address_are_limited_before_they_are_checked() {
    let app = with_quotas(Quotas { requests_per_second_per_address: Some(1), ..Quotas::OFF }).await;
    let nonsense = json!({ "refresh_token": "nonsense" });
    let refresh = || app.post_signed_out("/api/v1/auth/refresh", &nonsense);
    let refused = until_refused(StatusCode::UNAUTHORIZED, refresh).await;
    assert_eq!(refused.error(), error(429, "rate_limited", ""));
    assert!(waits(&refused), "{refused:?}");
    let page = || async { Answer::to(app.request(Method::GET, "/sign-in")).await };
    assert_eq!(until_refused(StatusCode::OK, page).await.status, StatusCode::TOO_MANY_REQUESTS);
    let elsewhere = app.request(Method::GET, ME).header("x-forwarded-for", "203.0.113.9");
    assert_eq!(Answer::to(elsewhere).await.error(), error(401, "unauthorized", ""));
    for _ in 0..50 {
        assert_eq!(app.visit("/healthz", "").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn site_files_and_missing_paths_count_for_their_address() {
    let app = with_quotas(Quotas { requests_per_second_per_address: Some(1), ..Quotas::OFF }).await;
    put_files(&app, &["/pkg/hubbub.css", "/favicon.svg", "/socket.io/socket.io.js"]);
    let asked = [
        ("/pkg/hubbub.css", StatusCode::OK),
        ("/favicon.svg", StatusCode::OK),
        ("/socket.io/socket.io.js", StatusCode::OK),
        ("/pkg/nothing.js", StatusCode::NOT_FOUND),
        ("/nothing", StatusCode::NOT_FOUND),
    ];
    for (number, (path, usual)) in asked.into_iter().enumerate() {
        let from = format!("203.0.113.{number}");
        let ask = || Answer::to(app.request(Method::GET, path).header("x-forwarded-for", &from));
        let refused = until_refused(usual, ask).await;
        assert_eq!(refused.error(), error(429, "rate_limited", ""), "{path}");
        assert!(waits(&refused), "{path}: {refused:?}");
    }
}

/// A room with much in it.
async fn full_room(app: &App, who: &Tokens) -> String {
    let room = app.create_room(who, "Ours", &[]).await;
    for _ in 0..10 {
        app.say(who, &room, &"x".repeat(60 * 1024)).await;
    }
    format!("/api/v1/chats/{room}/messages?limit=200")
}

/// Asks for something big and reads only the beginning of the answer.
async fn ask_and_read_little(app: &App, who: &Tokens, path: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 * 1024).unwrap();
    let mut stream = socket.connect(app.addr).await.unwrap();
    let token = &who.access_token;
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut beginning = [0; 15];
    timeout(PATIENCE, stream.read_exact(&mut beginning)).await.unwrap().unwrap();
    assert_eq!(&beginning, b"HTTP/1.1 200 OK");
    stream
}

#[tokio::test]
async fn unread_responses_hold_up_only_the_same_user() {
    let app = with_quotas(Quotas { concurrent_requests_per_user: 1, ..Quotas::OFF }).await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let path = full_room(&app, &ann).await;
    let unread = ask_and_read_little(&app, &ann, &path).await;
    // One is not read, eight wait, and the others are refused at once.
    let mut asked: FuturesUnordered<_> = (0..12).map(|_| app.get(ME, &ann)).collect();
    for _ in 0..4 {
        let first = timeout(Duration::from_secs(4), asked.next()).await.unwrap().unwrap();
        assert_eq!(first.error(), error(429, "rate_limited", ""));
        assert!(waits(&first), "{first:?}");
    }
    assert_eq!(app.get(ME, &bob).await.status, StatusCode::OK);
    drop(unread);
    while let Some(waited) = asked.next().await {
        assert_eq!(waited.status, StatusCode::OK, "{waited:?}");
    }
    // One that is read to its end gives its permit back, too.
    assert_eq!(app.get(&path, &ann).await.status, StatusCode::OK);
    assert_eq!(app.get(ME, &ann).await.status, StatusCode::OK);
}

/// Begins a request whose body does not come, and waits until the server asks for the body.
async fn ask_without_body(app: &App, who: &Tokens) -> TcpStream {
    let mut stream = TcpStream::connect(app.addr).await.unwrap();
    let head = format!(
        "POST /api/v1/jobs HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: 100\r\nexpect: 100-continue\r\n\r\n",
        who.access_token
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut beginning = [0; 12];
    timeout(PATIENCE, stream.read_exact(&mut beginning)).await.unwrap().unwrap();
    assert_eq!(&beginning, b"HTTP/1.1 100");
    stream
}

#[tokio::test]
async fn missing_bodies_hold_up_only_the_same_user() {
    let app = with_quotas(Quotas { concurrent_requests_per_user: 4, ..Quotas::OFF }).await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let mut unfinished = Vec::new();
    for _ in 0..4 {
        unfinished.push(ask_without_body(&app, &ann).await);
    }
    // 32 wait, and the others are refused at once.
    let mut asked: FuturesUnordered<_> = (0..36).map(|_| app.get(ME, &ann)).collect();
    for _ in 0..4 {
        let first = timeout(Duration::from_secs(4), asked.next()).await.unwrap().unwrap();
        assert_eq!(first.error(), error(429, "rate_limited", ""));
    }
    assert_eq!(app.get(ME, &bob).await.status, StatusCode::OK);
    drop(unfinished);
    while let Some(waited) = asked.next().await {
        assert_eq!(waited.status, StatusCode::OK, "{waited:?}");
    }
}

#[tokio::test]
async fn unread_responses_hold_up_their_address() {
    let app = with_quotas(Quotas { concurrent_requests_per_address: 1, ..Quotas::OFF }).await;
    let ann = app.register("ann").await;
    let path = full_room(&app, &ann).await;
    let _unread = ask_and_read_little(&app, &ann, &path).await;
    let stranger = || Answer::to(app.request(Method::GET, ME));
    let mut asked: FuturesUnordered<_> = (0..9).map(|_| stranger()).collect();
    let first = timeout(Duration::from_secs(4), asked.next()).await.unwrap().unwrap();
    assert_eq!(first.error(), error(429, "rate_limited", ""));
    let elsewhere = app.request(Method::GET, ME).header("x-forwarded-for", "203.0.113.9");
    assert_eq!(Answer::to(elsewhere).await.status, StatusCode::UNAUTHORIZED);
}
