//! Properties of decoders and encoders: any text becomes a command or a described error, and no frame claims another user's
//! identity. Pure functions, so no server is needed.

use hub::{Command, Event};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use protocol::RoomId;
use serde_json::{Value, json};
use server::dialect::{Decoded, Dialect, ENDPOINTS, Request, Scope, socketio};

/// Keys under which clients have claimed an identity.
const IDENTITIES: [&str; 6] = ["user_id", "userId", "sender_id", "senderId", "senderName", "userName"];

/// The dialect of an address, and the scope of a socket there.
fn spoken_at(path: &str) -> (&'static Dialect, Scope) {
    let place = ENDPOINTS.iter().find(|place| place.path == path).unwrap();
    let scope = match path {
        "/api/v1/ws/chat/{id}" => Scope::Room(RoomId::parse("kitchen").unwrap()),
        "/api/v1/ws/{id}" => Scope::Inbox,
        _ => Scope::Anything,
    };
    (place.dialect, scope)
}

const MESSAGE: &str = "0192d3a0-0000-7000-8000-00000000000e";

/// Frames of the published dialects that are taken, each with its address. Without one: an event of Socket.IO.
fn frames() -> Vec<(&'static str, &'static str, Value)> {
    let direct = json!({ "content": "hello", "recipient_id": "bob", "chat_id": "kitchen" });
    let said = json!({ "content": "hello", "roomId": "kitchen", "type": "text" });
    let simulation = json!({ "duration_seconds": 1, "frequency_seconds": 0.5, "message_prefix": "x" });
    let live = json!({ "roomId": "session_kitchen", "status": "live", "slide": 3 });
    vec![
        ("/api/v1/ws/chat/{id}", "send_message", json!({ "content": "hello" })),
        ("/api/v1/ws/chat/{id}", "typing_indicator", json!({ "is_typing": true })),
        ("/api/v1/ws/chat/{id}", "read_receipt", json!({ "message_id": MESSAGE })),
        ("/api/v1/ws/chat/{id}", "ping", json!({})),
        ("/api/v1/ws/{id}", "direct_message", direct),
        ("/", "join_room", json!({ "roomId": "kitchen" })),
        ("/", "chat_message", json!({ "roomId": "kitchen", "message": "hello" })),
        ("/", "live_session_update", live),
        ("/ws/endpoint", "simulate", simulation),
        ("", "broadcast", json!({ "roomId": "kitchen", "event": "move", "data": { "x": 1 } })),
        ("", "join-chat-room", json!({ "roomId": "kitchen" })),
        ("", "send-chat-message", said),
        ("", "mark-message-read", json!({ "messageId": MESSAGE })),
    ]
}

fn understand(path: &str, kind: &str, data: &Value) -> Decoded {
    if path.is_empty() {
        return socketio::decode(kind, &data.to_string());
    }
    let (dialect, scope) = spoken_at(path);
    (dialect.decode)(&json!({ "type": kind, "data": data }).to_string(), &scope)
}

/// A command without the fields of the application: a claim among those is only text.
fn without_free_words(request: Request) -> Request {
    match request {
        Request::Hub(Command::Live { room, status, mut details }) => {
            for key in ["user_id", "sender_id", "senderId", "senderName"] {
                details.remove(key);
            }
            Request::Hub(Command::Live { room, status, details })
        }
        other => other,
    }
}

fn claim() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => Just(json!("mallory")),
        1 => any::<i64>().prop_map(Value::from),
        1 => Just(json!({ "id": "mallory" })),
        1 => Just(Value::Null),
    ]
}

/// A frame that is almost one: a part of it is replaced.
fn almost_a_frame() -> impl Strategy<Value = String> {
    let noise = prop_oneof![
        "\\PC{0,4}",
        select(vec!["\"", "{", "}", "null", "-1e9", ",\"roomId\":7", "\\u0000"]).prop_map(str::to_owned)
    ];
    (select(frames()), any::<[Index; 2]>(), noise).prop_map(|((_, kind, data), places, noise)| {
        let text: Vec<char> = json!({ "type": kind, "data": data }).to_string().chars().collect();
        let [one, two] = places.map(|place| place.index(text.len() + 1));
        let (before, after) = (&text[..one.min(two)], &text[one.max(two)..]);
        before.iter().collect::<String>() + &noise + &after.iter().collect::<String>()
    })
}

proptest! {
    #[test]
    fn identity_claims_of_clients_are_ignored(
        (path, kind, data) in select(frames()),
        claims in vec((select(IDENTITIES.to_vec()), claim()), 1..4),
    ) {
        let honest = understand(path, kind, &data).unwrap();
        let mut claiming = data;
        for (key, value) in claims {
            claiming[key] = value;
        }
        let request = understand(path, kind, &claiming).unwrap();
        prop_assert_eq!(without_free_words(request), honest);
    }

    #[test]
    fn any_text_decodes_to_a_command_or_a_described_error(frame in prop_oneof![any::<String>(), almost_a_frame()]) {
        for place in &ENDPOINTS {
            let (dialect, scope) = spoken_at(place.path);
            if let Err(failure) = (dialect.decode)(&frame, &scope) {
                let said = (dialect.encoder.encode)(&Event::Failed(*failure)).unwrap();
                let said: Value = serde_json::from_slice(&said).unwrap();
                prop_assert_eq!(&said["type"], "error");
            }
        }
    }

    #[test]
    fn any_socketio_event_decodes_to_a_command_or_an_error(
        (_, name, _) in select(frames()),
        frame in almost_a_frame(),
    ) {
        let data: Value = serde_json::from_str(&frame).unwrap_or(Value::String(frame));
        if let Err(failure) = socketio::decode(name, &data.to_string()) {
            prop_assert!((socketio::ENCODER.encode)(&Event::Failed(*failure)).is_some());
        }
    }
}
