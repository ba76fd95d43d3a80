//! Type errors of every dialect: they use the words of JSON, and a list is not accepted as an object.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::common::App;
use crate::raw::{PATIENCE, Raw};

/// Words of the library that reads frames, and of the language that it is written in.
const OURS_ALONE: [&str; 12] = [
    "struct",
    "enum ",
    "variant",
    "tuple",
    "sequence",
    "expected",
    "invalid type",
    "a map",
    "a string",
    "u64",
    "EOF",
    "RawValue",
];

#[track_caller]
fn assert_names_no_rust_type(sentence: &str) {
    for word in OURS_ALONE {
        assert!(!sentence.contains(word), "{sentence}");
    }
}

#[tokio::test]
// Long because it is a table of frames and their errors.
async fn a_list_is_no_object_and_errors_name_no_rust_type() {
    let app = App::spawn_with(|config| config.environment = server::config::Environment::Development).await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Kitchen", &[]).await;
    let chat = format!("/api/v1/ws/chat/{room}");
    let personal = format!("/api/v1/ws/{}", ann.user.id);
    let draft = "018f0000-0000-7000-8000-000000000001";
    for (path, frames) in [
        (
            "/api/v1/ws",
            vec![
                json!(["join", { "room": room }]),
                json!({ "type": "join", "data": [room] }),
                json!({ "type": "join", "data": { "room": room, "since": [1, 2] } }),
                json!({ "type": "join", "data": { "room": room, "since": {} } }),
                json!({ "type": "join", "data": { "room": [room] } }),
                json!({ "type": "join", "data": room }),
                json!({ "type": "post", "data": [room, draft, "hi"] }),
                json!({ "type": "post", "data": { "room": room, "draft": 7, "body": "hi" } }),
                json!({ "type": "read", "data": { "room": room, "seq": -1 } }),
                json!({ "type": "typing", "data": { "room": room, "on": "yes" } }),
                json!({ "type": "live", "data": { "room": room, "status": "x", "details": [] } }),
                json!({ "type": "simulate", "data": [draft, 1000, 100, "x", 0.0] }),
                json!({ "type": "broadcast", "data": [room, "x", 1] }),
                json!(["broadcast", { "room": room, "event": "x", "data": 1 }]),
                json!({ "type": { "join": null }, "data": {} }),
            ],
        ),
        (
            chat.as_str(),
            vec![
                json!(["send_message", { "content": "hi" }]),
                json!({ "type": "send_message", "data": ["hi"] }),
                json!({ "type": "send_message", "data": { "content": {} } }),
                json!({ "type": "typing_indicator", "data": [true] }),
                json!({ "type": "read_receipt", "data": { "message_id": 1 } }),
            ],
        ),
        (
            personal.as_str(),
            vec![json!({ "type": "direct_message", "data": ["hi", "text", ann.user.id, room] })],
        ),
        (
            "/ws/endpoint",
            vec![
                json!(["simulate", { "duration_seconds": 1, "frequency_seconds": 1, "message_prefix": "x" }]),
                json!({ "type": "simulate", "data": [1, 1, "x"] }),
                json!({ "type": "simulate", "data": { "duration_seconds": "1" } }),
            ],
        ),
        ("/dev/ws/test", vec![json!([1, 1, "x"]), json!({ "duration_seconds": [] }), json!(7)]),
        (
            "/",
            vec![
                json!(["join_room", { "roomId": room }]),
                json!({ "type": "join_room", "data": [room] }),
                json!({ "type": "join_room", "data": { "roomId": [room] } }),
                json!({ "type": "chat_message", "data": { "roomId": room, "message": {} } }),
            ],
        ),
    ] {
        let mut socket = Raw::open(&app, path, &ann).await;
        for frame in frames {
            socket.say(&frame).await;
            let error = socket.hear_a("error").await;
            assert_eq!(error["data"]["code"], "bad_frame", "{path}: {frame} is answered with {error}");
            assert_names_no_rust_type(error["message"].as_str().unwrap());
        }
        for broken in ["{", "", "{\"type\":", "nonsense", "{} {}", "[1e999]"] {
            socket.say_raw(broken).await;
            let error = socket.hear_a("error").await;
            assert_eq!(error["data"]["code"], "bad_json", "{path}: {broken}");
            assert_names_no_rust_type(error["message"].as_str().unwrap());
        }
    }
}

#[tokio::test]
async fn socketio_errors_name_no_rust_type_either() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Kitchen", &[]).await;
    let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket", app.addr);
    let (mut stream, _) = connect_async(url).await.unwrap();
    stream.send(Message::text(format!("40{}", json!({ "token": ann.access_token })))).await.unwrap();
    for (event, data) in [
        ("join-chat-room", json!([room])),
        ("join-chat-room", json!({ "roomId": 7 })),
        ("join-chat-room", json!(null)),
        ("leave-chat-room", json!({})),
        ("send-chat-message", json!(["hi", room, "text"])),
        ("send-chat-message", json!({ "content": [], "roomId": room })),
        ("mark-message-read", json!(["018f0000-0000-7000-8000-000000000001"])),
        ("mark-message-read", json!({ "messageId": "soon" })),
        ("broadcast", json!([room, "x", 1])),
        ("broadcast", json!({ "roomId": room, "event": {}, "data": 1 })),
    ] {
        stream.send(Message::text(format!("421{}", json!([event, data])))).await.unwrap();
        let answer = loop {
            let message = tokio::time::timeout(PATIENCE, stream.next()).await.unwrap().unwrap().unwrap();
            if let Some(answer) = message.to_text().unwrap().strip_prefix("431") {
                break serde_json::from_str::<Value>(answer).unwrap();
            }
        };
        assert_eq!(answer[0]["code"], "bad_frame", "{event} {data}: {answer}");
        assert_names_no_rust_type(answer[0]["message"].as_str().unwrap());
    }
}
