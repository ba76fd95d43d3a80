//! Stalled clients: requests and responses without progress end, and slow ones complete.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::json;
use server::config::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::common::{Answer, App};
use crate::socket::PATIENCE;
use crate::{LOGIN, ME};

/// How long nothing may move.
const LIMIT: Duration = Duration::from_millis(500);

/// Longer than an answer may take from which nothing is taken.
const LONG: Duration = Duration::from_millis(1_500);

/// More than the system holds for a client that does not read.
const BIG: usize = 12 * 1024 * 1024;

async fn app() -> App {
    app_with(LIMIT).await
}

async fn app_with(response: Duration) -> App {
    App::spawn_with(|config| {
        config.limits = Limits { body: LIMIT, response, keep_alive: LIMIT, ..Limits::default() };
    })
    .await
}

/// Sends the beginning of a request, and nothing more.
async fn begin(app: &App, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(app.addr).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

fn post(path: &str, media_type: &str, length: usize, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nsec-fetch-site: same-origin\r\ncontent-type: {media_type}\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}

/// All bytes until the server closes.
async fn to_the_end(mut stream: TcpStream) -> String {
    let mut received = Vec::new();
    let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut received)).await;
    assert!(ended.is_ok(), "the connection is kept open");
    String::from_utf8_lossy(&received).into_owned()
}

/// Keeps the server at work meanwhile.
async fn pass(app: &App, time: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < time {
        assert_eq!(app.visit("/healthz", "").await.status, StatusCode::OK);
    }
}

/// A session that polls; the query that names it.
async fn polling_session(app: &App, token: &str) -> String {
    let base = "/socket.io/?EIO=4&transport=polling";
    let open = Answer::to(app.request(Method::GET, base)).await;
    let open: serde_json::Value = serde_json::from_str(open.text.trim_start_matches('0')).unwrap();
    let query = format!("{base}&sid={}", open["sid"].as_str().unwrap());
    let connect = format!(r#"40{{"token":"{token}"}}"#);
    assert_eq!(Answer::to(app.request(Method::POST, &query).body(connect)).await.text, "ok");
    assert!(Answer::to(app.request(Method::GET, &query)).await.text.starts_with("40"));
    query
}

#[tokio::test]
async fn a_missing_body_ends_the_connection_on_every_gateway() {
    let app = app().await;
    let ann = app.register("ann").await;
    let polling = polling_session(&app, &ann.access_token).await;
    for (path, media_type, status) in [
        (LOGIN, "application/json", "HTTP/1.1 408 "),
        ("/sign-in", "application/x-www-form-urlencoded", "HTTP/1.1 4"),
        (polling.as_str(), "text/plain", "HTTP/1.1 400 "),
        ("/nothing", "application/json", "HTTP/1.1 404 "),
    ] {
        let received = to_the_end(begin(&app, &post(path, media_type, 100, "{")).await).await;
        assert!(received.starts_with(status), "{path}: {received}");
    }
}

#[tokio::test]
async fn a_slow_body_is_read_to_its_end() {
    let app = app().await;
    let body = json!({ "username": "nemo", "password": "correct horse battery" }).to_string();
    let mut stream = begin(&app, &post(LOGIN, "application/json", body.len(), "")).await;
    let (begun, mut sent) = (Instant::now(), 0);
    while begun.elapsed() < LONG && sent + 1 < body.len() {
        stream.write_all(&body.as_bytes()[sent..=sent]).await.unwrap();
        sent += 1;
        pass(&app, LIMIT / 10).await;
    }
    stream.write_all(&body.as_bytes()[sent..]).await.unwrap();
    let received = to_the_end(stream).await;
    assert!(received.starts_with("HTTP/1.1 401 "), "{received}");
}

#[tokio::test]
async fn an_idle_keep_alive_connection_is_closed() {
    let app = app().await;
    let received = to_the_end(begin(&app, "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await).await;
    assert!(received.starts_with("HTTP/1.1 200 "), "{received}");
    let received = to_the_end(begin(&app, "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\nGET /he").await).await;
    assert!(received.starts_with("HTTP/1.1 200 "), "{received}");
}

fn put_big_file(app: &App) {
    std::fs::create_dir_all(app.folder().join("site/pkg")).unwrap();
    std::fs::write(app.folder().join("site/pkg/big.wasm"), vec![7; BIG]).unwrap();
}

/// Sockets and site files that this process has open; the server is a part of it. Others do not count: the database opens
/// readers of its own when it likes.
fn open_files() -> usize {
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    let targets = open.filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok());
    targets.filter(|it| it.to_string_lossy().starts_with("socket:") || it.ends_with("big.wasm")).count()
}

/// Asks for the big file with little room for it.
async fn ask_for_big_file(app: &App) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    let mut stream = socket.connect(app.addr).await.unwrap();
    stream.write_all(b"GET /pkg/big.wasm HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    stream
}

#[tokio::test]
async fn an_unread_response_ends_and_frees_its_files() {
    const CLIENTS: usize = 40;
    // All of them are answered within it.
    let app = app_with(Duration::from_secs(4)).await;
    put_big_file(&app);
    let mut readers = Vec::new();
    let before = open_files();
    for _ in 0..CLIENTS {
        readers.push(ask_for_big_file(&app).await);
    }
    let all_are_answered = async {
        while open_files() < before + 3 * CLIENTS {
            tokio::task::yield_now().await;
        }
    };
    // One file here, two in the server.
    assert!(tokio::time::timeout(PATIENCE, all_are_answered).await.is_ok(), "{} of {before}", open_files());
    let all_have_ended = async {
        while open_files() > before + CLIENTS {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, all_have_ended).await.is_ok(), "{} of {before}", open_files());
    for mut reader in readers {
        let mut received = Vec::new();
        // A reset is an end, too.
        tokio::time::timeout(PATIENCE, reader.read_to_end(&mut received)).await.unwrap().ok();
        assert!(received.len() < BIG, "it was told everything");
    }
}

#[tokio::test]
async fn a_slowly_read_response_arrives_whole() {
    let app = app().await;
    put_big_file(&app);
    let mut reader = ask_for_big_file(&app).await;
    let (begun, mut received, mut piece) = (Instant::now(), 0, vec![0; 64 * 1024]);
    loop {
        let bytes = tokio::time::timeout(PATIENCE, reader.read(&mut piece)).await.unwrap().unwrap();
        received += bytes;
        if bytes == 0 {
            break;
        }
        if begun.elapsed() < LONG {
            pass(&app, LIMIT / 25).await;
        }
    }
    assert!(received > BIG, "{received} bytes");
    assert!(begun.elapsed() >= LONG, "it was not slow");
}

#[tokio::test]
async fn held_polls_and_silent_sockets_have_their_own_limits() {
    let app = app().await;
    let ann = app.register("ann").await;
    let polling = polling_session(&app, &ann.access_token).await;
    // The first bytes.
    assert_eq!(Answer::to(app.request(Method::GET, &polling)).await.status, StatusCode::OK);
    let mut socket = app.enter(&ann).await;
    let poll = tokio::spawn(Answer::to(app.request(Method::GET, &polling)));
    pass(&app, LONG).await;
    assert!(!poll.is_finished());
    let new = json!({ "user_id": ann.user.id, "title": "Lunch", "message": "at the river", "type": "info" });
    assert_eq!(app.post("/api/v1/notifications", &ann, &new).await.status, StatusCode::CREATED);
    let received = poll.await.unwrap();
    assert!(received.status == StatusCode::OK && received.text.contains("at the river"), "{received:?}");
    socket.hear().await;
    assert!(socket.before_pong().await.is_empty());
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_before_it_is_sent() {
    let app = app().await;
    let ann = app.register("ann").await;
    let polling = polling_session(&app, &ann.access_token).await;
    for path in [LOGIN, "/sign-in", "/theme", "/api/v1/chats", "/nothing", "/socket.io/", ME, &polling] {
        let method = if path == ME || path == "/socket.io/" { "PUT" } else { "POST" };
        for expect in ["", "expect: 100-continue\r\n"] {
            let head = format!(
                "{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{expect}\
                 content-length: 99999999999\r\n\r\n"
            );
            let received = to_the_end(begin(&app, &head).await).await;
            let status = if path == "/socket.io/" { "HTTP/1.1 400 " } else { "HTTP/1.1 413 " };
            // The session ended with the first one.
            let gone = path == polling && expect.len() > 1;
            assert!(received.starts_with(if gone { "HTTP/1.1 400 " } else { status }), "{path}: {received}");
        }
    }
}
