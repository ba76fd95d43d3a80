//! Broadcasts of an application: delivered in order to the subscribers of a room, and never stored.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so")]

mod common;

use std::time::Duration;

use common::App;
use futures_util::{SinkExt, StreamExt};
use protocol::rest::Tokens;
use protocol::{RoomId, limits};
use serde_json::{Value, json};
use server::config::RateLimits;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How long a test waits for an answer that should come at once, before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// JSON that a program which reads and writes it would change: a space, a zero, a number without a fraction, escapes, a key
/// twice.
const DATA: &str = r#"{"b": 1.50,"a":[1e300,"\u00e9\ud83d\ude00",null],"b":2}"#;

/// A client that sees the text itself.
struct TextSocket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl TextSocket {
    async fn open(app: &App, path: &str) -> Self {
        let (stream, _) = connect_async(format!("ws://{}{path}", app.addr)).await.unwrap();
        Self { stream }
    }

    /// A native client that follows a room.
    async fn native(app: &App, who: &Tokens, room: &RoomId) -> Self {
        let mut wire = Self::open(app, &format!("/api/v1/ws?token={}", who.access_token)).await;
        wire.say(&json!({ "type": "join", "data": { "room": room } }).to_string()).await;
        wire.hear(r#"{"type":"joined""#).await;
        wire
    }

    /// A connected client of Socket.IO.
    async fn socket_io(app: &App, who: &Tokens) -> Self {
        let mut wire = Self::open(app, "/socket.io/?EIO=4&transport=websocket").await;
        wire.say(&format!("40{}", json!({ "token": who.access_token }))).await;
        wire.hear("40{").await;
        wire
    }

    async fn say(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    /// The next text that begins so; others are passed over.
    async fn hear(&mut self, beginning: &str) -> String {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.stream.next()).await;
            match message.unwrap_or_else(|_| panic!("nobody said `{beginning}`")) {
                Some(Ok(Message::Text(text))) if text.starts_with(beginning) => return text.to_string(),
                Some(Ok(_)) => {}
                ended => panic!("{ended:?} while waiting for `{beginning}`"),
            }
        }
    }

    /// The next error: its code, its field and its room.
    async fn error(&mut self) -> (String, Option<String>, Option<String>) {
        let said: Value = serde_json::from_str(&self.hear(r#"{"type":"error""#).await).unwrap();
        let named = |key: &str| said.pointer(&format!("/data/{key}")).and_then(Value::as_str);
        (
            named("code").unwrap().to_owned(),
            named("field").map(str::to_owned),
            named("room").map(str::to_owned),
        )
    }
}

fn frame(room: &RoomId, event: &str, data: &str) -> String {
    format!(r#"{{"type":"broadcast","data":{{"room":"{room}","event":"{event}","data":{data}}}}}"#)
}

#[tokio::test]
async fn a_broadcast_reaches_all_subscribers_and_its_sender_unchanged() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Board", &[&bob]).await;
    let (mut hers, mut again) =
        (TextSocket::native(&app, &ann, &room).await, TextSocket::native(&app, &ann, &room).await);
    let (mut his, mut library) =
        (TextSocket::native(&app, &bob, &room).await, TextSocket::socket_io(&app, &bob).await);
    library.say(&format!("420{}", json!(["join-chat-room", room]))).await;
    library.hear("430").await;
    let expected = |user: &Tokens, data: &str| {
        let user = &user.user.id;
        format!(
            r#"{{"type":"broadcast","data":{{"room":"{room}","user":"{user}","event":"move","data":{data}}}}}"#
        )
    };
    let received_by_library = |user: &Tokens, data: &str| {
        let user = &user.user.id;
        format!(r#"42["broadcast",{{"roomId":"{room}","userId":"{user}","event":"move","data":{data}}}]"#)
    };

    hers.say(&frame(&room, "move", DATA)).await;
    for wire in [&mut hers, &mut again, &mut his] {
        assert_eq!(wire.hear(r#"{"type":"broadcast""#).await, expected(&ann, DATA));
    }
    assert_eq!(library.hear(r#"42["broadcast""#).await, received_by_library(&ann, DATA));

    let said = format!(r#"["broadcast",{{"event":"move","data":{DATA},"roomId":"{room}"}}]"#);
    library.say(&format!("427{said}")).await;
    library.say(&format!("42{said}")).await;
    for wire in [&mut hers, &mut again, &mut his] {
        for _ in 0..2 {
            assert_eq!(wire.hear(r#"{"type":"broadcast""#).await, expected(&bob, DATA));
        }
    }
    assert_eq!(library.hear("437").await, r#"437[{"ok":true}]"#);
    assert_eq!(library.hear(r#"42["broadcast""#).await, received_by_library(&bob, DATA));
}

#[tokio::test]
async fn a_broadcast_is_ordered_with_messages_and_not_stored() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Board", &[&bob]).await;
    let mut hers = TextSocket::native(&app, &ann, &room).await;
    let mut his = TextSocket::native(&app, &bob, &room).await;
    for round in 0..20 {
        let draft = uuid::Uuid::from_u128(round + 1);
        let data = json!({ "room": room, "draft": draft, "body": format!("m{round}") });
        hers.say(&json!({ "type": "post", "data": data }).to_string()).await;
        hers.say(&frame(&room, "move", &round.to_string())).await;
    }
    for round in 0..20_u64 {
        let message: Value = serde_json::from_str(&his.hear(r#"{"type":"#).await).unwrap();
        let message = if message.pointer("/type") == Some(&json!("presence")) {
            serde_json::from_str(&his.hear(r#"{"type":"message""#).await).unwrap()
        } else {
            message
        };
        assert_eq!(message.pointer("/data/cursor/seq"), Some(&json!(round + 1)), "{message}");
        let said: Value = serde_json::from_str(&his.hear(r#"{"type":"#).await).unwrap();
        assert_eq!(said.pointer("/data/data"), Some(&json!(round)), "{said}");
    }
    let page = app.get(&format!("/api/v1/chats/{room}/messages"), &bob).await.json();
    assert_eq!(page.pointer("/messages").and_then(Value::as_array).map(Vec::len), Some(20));
}

#[tokio::test]
// Long because most of it is a table of invalid broadcasts.
async fn an_invalid_broadcast_is_rejected_by_field_and_not_delivered() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Board", &[&bob]).await;
    let elsewhere = app.create_room(&ann, "Elsewhere", &[]).await;
    let mut hers = TextSocket::native(&app, &ann, &room).await;
    let mut his = TextSocket::native(&app, &bob, &room).await;
    let long = format!("\"{}\"", "x".repeat(limits::MAX_MESSAGE_BYTES - 1));
    for (said, code, field) in [
        (frame(&elsewhere, "move", "1"), "not_joined", None),
        (frame(&room, "", "1"), "blank", Some("event")),
        (frame(&room, "a\\nb", "1"), "invalid", Some("event")),
        (frame(&room, &"x".repeat(limits::MAX_WORD_BYTES + 1), "1"), "too_long", Some("event")),
        (frame(&room, "move", &long), "too_long", Some("data")),
        (frame(&room, "move", "{"), "bad_json", None),
        (
            format!(r#"{{"type":"broadcast","data":{{"room":"{room}","event":"move"}}}}"#),
            "bad_frame",
            Some("data"),
        ),
        (
            format!(r#"{{"data":{{"room":"{room}","data":1}},"type":"broadcast"}}"#),
            "bad_frame",
            Some("event"),
        ),
        (
            format!(r#"{{"type":"broadcast","data":{{"room":"{room}","event":7,"data":1}}}}"#),
            "bad_frame",
            Some("event"),
        ),
        (r#"{"type":"broadcast"}"#.to_owned(), "bad_frame", Some("data")),
    ] {
        hers.say(&said).await;
        let (received, named, _) = hers.error().await;
        assert_eq!((received.as_str(), named.as_deref()), (code, field), "{said}");
    }
    // Whatever comes first in the frame, and as much as may be.
    let most = format!("\"{}\"", "x".repeat(limits::MAX_MESSAGE_BYTES - 2));
    hers.say(&format!(r#"{{"data":{{"data":{most},"event":"move","room":"{room}"}},"type":"broadcast"}}"#))
        .await;
    assert!(his.hear(r#"{"type":"broadcast""#).await.contains(&most));

    let mut library = TextSocket::socket_io(&app, &bob).await;
    for (data, code, field) in [
        (json!({ "roomId": room, "event": "move", "data": 1 }), "not_joined", None),
        (json!({ "roomId": room, "event": "move" }), "bad_frame", Some("data")),
        (json!({ "roomId": "no spaces", "event": "move", "data": 1 }), "bad_frame", Some("roomId")),
        (json!({ "roomId": room, "event": " ", "data": 1 }), "blank", Some("event")),
        (json!(7), "bad_frame", Some("data")),
    ] {
        library.say(&format!("427{}", json!(["broadcast", data]))).await;
        let answer: Value =
            serde_json::from_str(library.hear("437").await.strip_prefix("437").unwrap()).unwrap();
        assert_eq!(answer.pointer("/0/code"), Some(&json!(code)), "{data}: {answer}");
        assert_eq!(answer.pointer("/0/field").and_then(Value::as_str), field, "{data}: {answer}");
    }

    // A removed member can send nothing more, and must not learn that the room exists.
    let put_out = app.delete(&format!("/api/v1/chats/{room}/members/{}", bob.user.id), &ann).await;
    assert!(put_out.status.is_success(), "{put_out:?}");
    his.hear(r#"{"type":"left""#).await;
    his.say(&frame(&room, "move", "2")).await;
    assert_eq!(his.error().await, ("not_found".to_owned(), None, Some(room.to_string())));
    hers.say(&frame(&room, "move", "3")).await;
    hers.hear(r#"{"type":"broadcast""#).await;
    assert!(hers.hear(r#"{"type":"broadcast""#).await.ends_with(r#""data":3}}"#), "bob was heard");
}

#[tokio::test]
async fn json_that_parsers_disagree_on_is_rejected_and_not_delivered() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Board", &[&bob]).await;
    let mut hers = TextSocket::native(&app, &ann, &room).await;
    let mut his = TextSocket::native(&app, &bob, &room).await;
    let mut library = TextSocket::socket_io(&app, &bob).await;
    library.say(&format!("420{}", json!(["join-chat-room", room]))).await;
    library.hear("430").await;
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for data in [&nested(30_000), &nested(65), "1e999", "[-1E+400]", r#""\ud800""#, r#"{"\udc00x":1}"#] {
        hers.say(&frame(&room, "move", data)).await;
        let (code, field, about) = hers.error().await;
        assert_eq!((code.as_str(), field.as_deref()), ("invalid", Some("data")), "{data}");
        assert_eq!(about, Some(room.to_string()));
        let said = format!(r#"["broadcast",{{"event":"move","data":{data},"roomId":"{room}"}}]"#);
        library.say(&format!("427{said}")).await;
        let answer: Value =
            serde_json::from_str(library.hear("437").await.strip_prefix("437").unwrap()).unwrap();
        assert_eq!(answer.pointer("/0/field"), Some(&json!("data")), "{data}: {answer}");
    }
    let most = nested(64);
    hers.say(&frame(&room, "move", &most)).await;
    assert!(his.hear(r#"{"type":"broadcast""#).await.ends_with(&format!(r#""data":{most}}}}}"#)));
    assert!(library.hear(r#"42["broadcast""#).await.ends_with(&format!(r#""data":{most}}}]"#)));
    // What belongs to a session or a job is passed on, too.
    let live = format!(r#"{{"room":"session_{room}","status":"on","details":{{"slide":{}}}}}"#, nested(65));
    hers.say(&format!(r#"{{"type":"live","data":{live}}}"#)).await;
    let (code, field, _) = hers.error().await;
    assert_eq!((code.as_str(), field.as_deref()), ("invalid", Some("details")));
}

#[tokio::test]
async fn broadcasts_are_rate_limited_per_connection() {
    let rates = RateLimits { broadcasts_per_second: Some(1), ..RateLimits::OFF };
    let app = App::spawn_with(|config| config.rate_limits = rates).await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Board", &[]).await;
    let mut hers = TextSocket::native(&app, &ann, &room).await;
    for round in 0..200 {
        hers.say(&frame(&room, "move", &round.to_string())).await;
    }
    assert_eq!(hers.error().await, ("rate_limited".to_owned(), None, Some(room.to_string())));
    let mut again = TextSocket::native(&app, &ann, &room).await;
    again.say(&frame(&room, "move", "\"other\"")).await;
    let heard = again.hear(r#"{"type":"broadcast""#).await;
    assert!(heard.ends_with(r#""data":"other"}}"#), "{heard}");
}
