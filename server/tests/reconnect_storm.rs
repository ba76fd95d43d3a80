//! Reconnect storms: refused clients get a retry time and all connect, and vanished ones are offline in seconds.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so")]

mod common;
mod socket;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use common::App;
use futures_util::{SinkExt, StreamExt};
use protocol::rest::Tokens;
use protocol::{RoomId, ServerFrame, UserId};
use serde_json::{Value, json};
use socket::{End, PATIENCE, Socket};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async, connect_async};

/// Admits one handshake at a time, and one more may wait.
async fn narrow() -> App {
    App::spawn_with(|config| {
        config.limits.max_concurrent_handshakes = 1;
        config.limits.max_queued_handshakes = 1;
        config.limits.connections_per_user = 1_000;
    })
    .await
}

/// Connects with retries; returns how many attempts were refused.
async fn connect_with_retry(url: String) -> usize {
    let mut refused_attempts = 0;
    loop {
        match timeout(PATIENCE, connect_async(&url)).await.unwrap() {
            Ok((mut stream, _)) => {
                let first = timeout(PATIENCE, stream.next()).await.unwrap().unwrap().unwrap();
                assert!(first.to_text().unwrap().contains("welcome"), "{first:?}");
                return refused_attempts;
            }
            Err(Error::Http(response)) => {
                assert_eq!(response.status(), 503);
                let seconds: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
                assert!((1..=5).contains(&seconds));
                refused_attempts += 1;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_handshakes_get_a_retry_time_and_all_clients_connect() {
    const CROWD: usize = 60;
    let app = narrow().await;
    let ann = app.register("ann").await;
    let url = app.socket_url(&format!("?token={}", ann.access_token));
    let mut refused_attempts = 0;
    // A machine that gives each its turn lets all of a crowd in at once: then another one comes.
    while refused_attempts == 0 {
        let crowd: Vec<_> = (0..CROWD).map(|_| tokio::spawn(connect_with_retry(url.clone()))).collect();
        for one in crowd {
            refused_attempts += one.await.unwrap();
        }
    }
}

/// A client of Socket.IO that comes back as the library does: after a refused handshake, and after its session ended.
async fn connect_over_socket_io_with_retry(addr: SocketAddr, token: String) -> usize {
    let mut refused_attempts = 0;
    loop {
        let url = format!("ws://{addr}/socket.io/?EIO=4&transport=websocket");
        let (mut stream, _) = match timeout(PATIENCE, connect_async(url)).await.unwrap() {
            Ok(opened) => opened,
            Err(Error::Http(response)) => {
                assert_eq!(response.status(), 503);
                assert!(response.headers().contains_key("retry-after"));
                refused_attempts += 1;
                continue;
            }
            Err(error) => panic!("{error}"),
        };
        stream.send(Message::text(format!("40{}", json!({ "token": token })))).await.unwrap();
        while let Some(Ok(message)) = timeout(PATIENCE, stream.next()).await.unwrap() {
            match message {
                Message::Text(text) if text.starts_with("40{") => return refused_attempts,
                // After this the library would not come back.
                Message::Text(text) => assert!(!text.starts_with("44"), "{text}"),
                Message::Close(Some(frame)) => assert_eq!(u16::from(frame.code), 1013),
                _ => {}
            }
        }
        refused_attempts += 1;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_socketio_clients_connect_by_the_retries_of_their_library() {
    const CROWD: usize = 40;
    let app = narrow().await;
    let ann = app.register("ann").await;
    let mut refused_attempts = 0;
    // As above.
    while refused_attempts == 0 {
        let crowd: Vec<_> = (0..CROWD)
            .map(|_| tokio::spawn(connect_over_socket_io_with_retry(app.addr, ann.access_token.clone())))
            .collect();
        for one in crowd {
            refused_attempts += one.await.unwrap();
        }
    }
}

/// How a client vanishes.
#[derive(Debug, Clone, Copy)]
enum Vanishing {
    /// Its process is killed: the system sends FIN.
    Fin,
    /// Its machine forgets it: RST.
    Reset,
}

/// A socket whose connection can be cut without a close frame.
async fn cut(stream: WebSocketStream<TcpStream>, how: Vanishing) {
    let mut tcp = stream.into_inner();
    match how {
        Vanishing::Fin => tcp.shutdown().await.unwrap(),
        Vanishing::Reset => tcp.set_zero_linger().unwrap(),
    }
}

/// A raw socket that has joined a room.
async fn come(app: &App, url: &str, hello: &str, until: &str) -> WebSocketStream<TcpStream> {
    let tcp = TcpStream::connect(app.addr).await.unwrap();
    let (mut stream, _) = client_async(url, tcp).await.unwrap();
    if !hello.is_empty() {
        stream.send(Message::text(hello)).await.unwrap();
    }
    loop {
        let message = timeout(PATIENCE, stream.next()).await.unwrap().unwrap().unwrap();
        if message.to_text().unwrap().contains(until) {
            return stream;
        }
    }
}

/// The next presence event about a user.
async fn next_presence(socket: &mut Socket, user: &UserId) -> &'static str {
    socket
        .hear_some(|frame| match frame {
            ServerFrame::Presence { data } if data.online.contains(user) => Some("came"),
            ServerFrame::Presence { data } if data.offline.contains(user) => Some("went"),
            _ => None,
        })
        .await
}

/// Each dialect with its address, its first frame, and the frame that confirms it.
fn gateways(room: &RoomId, who: &Tokens) -> Vec<(String, String, &'static str)> {
    let token = &who.access_token;
    let join = json!({ "type": "join", "data": { "room": room } }).to_string();
    vec![
        (format!("/api/v1/ws?token={token}"), join, "\"joined\""),
        (format!("/api/v1/ws/chat/{room}?token={token}"), json!({ "type": "ping" }).to_string(), "pong"),
        (format!("/?token={token}"), String::new(), "connected"),
        (
            "/socket.io/?EIO=4&transport=websocket".to_owned(),
            format!("40{}", json!({ "token": token })),
            "40{",
        ),
    ]
}

#[tokio::test]
async fn a_vanished_client_is_offline_within_seconds_on_every_gateway() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let mut users = Vec::new();
    for name in ["bob", "eve", "kim", "zoe"] {
        users.push(app.register(name).await);
    }
    let room = app.create_room(&ann, "Kitchen", &users.iter().collect::<Vec<_>>()).await;
    let mut hers = Socket::enter(&app.socket_url(&format!("?token={}", ann.access_token))).await;
    hers.join(&room, None).await;
    let mut streams = Vec::new();
    for (n, who) in users.iter().enumerate() {
        let (path, hello, until) = gateways(&room, who).swap_remove(n);
        streams.push(come(&app, &format!("ws://{}{path}", app.addr), &hello, until).await);
        assert_eq!(next_presence(&mut hers, &who.user.id).await, "came", "{path}");
    }
    for (n, stream) in streams.into_iter().enumerate() {
        cut(stream, if n % 2 == 0 { Vanishing::Fin } else { Vanishing::Reset }).await;
    }
    let mut left: BTreeSet<UserId> = users.into_iter().map(|who| who.user.id).collect();
    let all_gone = async {
        while !left.is_empty() {
            if let ServerFrame::Presence { data } = hers.hear().await {
                assert!(data.online.is_empty());
                left.retain(|user| !data.offline.contains(user));
            }
        }
    };
    timeout(Duration::from_secs(10), all_gone).await.unwrap();
}

#[tokio::test]
async fn a_client_that_aborts_its_poll_is_offline_within_seconds() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Kitchen", &[&bob]).await;
    let mut hers = Socket::enter(&app.socket_url(&format!("?token={}", ann.access_token))).await;
    hers.join(&room, None).await;

    let base = "/socket.io/?EIO=4&transport=polling";
    let open = app.client.get(app.url(base)).send().await.unwrap().text().await.unwrap();
    let open: Value = serde_json::from_str(open.strip_prefix('0').unwrap()).unwrap();
    let with_sid = app.url(&format!("{base}&sid={}", open["sid"].as_str().unwrap()));
    let connect = format!("40{}", json!({ "token": bob.access_token }));
    assert_eq!(app.client.post(&with_sid).body(connect).send().await.unwrap().status(), 200);
    assert_eq!(next_presence(&mut hers, &bob.user.id).await, "came");
    let entered = app.client.get(&with_sid).send().await.unwrap().text().await.unwrap();
    assert!(entered.starts_with("40{"), "{entered}");
    // What is left of the welcome, and then a poll that nothing answers.
    let mut poll = TcpStream::connect(app.addr).await.unwrap();
    let path = with_sid.split_once(&app.addr.to_string()).unwrap().1;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", app.addr);
    poll.write_all(request.as_bytes()).await.unwrap();
    drop(poll);
    let gone = timeout(Duration::from_secs(10), next_presence(&mut hers, &bob.user.id)).await;
    assert_eq!(gone.unwrap(), "went");
}

#[tokio::test]
async fn a_quick_reconnect_sends_no_offline_event() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Kitchen", &[&bob]).await;
    let mut hers = Socket::enter(&app.socket_url(&format!("?token={}", ann.access_token))).await;
    hers.join(&room, None).await;
    let (path, join, until) = gateways(&room, &bob).swap_remove(0);
    let url = format!("ws://{}{path}", app.addr);
    let his = come(&app, &url, &join, until).await;
    assert_eq!(next_presence(&mut hers, &bob.user.id).await, "came");
    cut(his, Vanishing::Reset).await;
    // The server knows that the connection is gone, and waits for the grace period of its user.
    let path = format!("/api/v1/websocket/user/{}/status", bob.user.id);
    let noticed = async { while app.get(&path, &bob).await.json()["data"]["sockets"] != json!(0) {} };
    timeout(PATIENCE, noticed).await.unwrap();
    let his = come(&app, &url, &join, until).await;
    cut(his, Vanishing::Fin).await;
    assert_eq!(next_presence(&mut hers, &bob.user.id).await, "went");
    // Had the first loss been announced, the event above would have been that one.
    let more = hers.before_pong().await;
    assert!(!more.iter().any(|frame| matches!(frame, ServerFrame::Presence { .. })), "{more:?}");
    app.stop().await;
    assert_eq!(hers.end().await, End::Closed(1012));
}
