//! Socket.IO: the events of Talim and MockVerse, acknowledgements, and refused connections.

use serde_json::{Value, json};

use crate::client::Client;
use crate::common::{App, FAR_AWAY, mint};
use crate::transcript::Transcript;

const PATH: &str = "/socket.io/?EIO=4&transport=websocket";

async fn connected(t: &mut Transcript, app: &App, name: &'static str, token: &str) -> Client {
    let mut client = Client::open(app, name, PATH).await;
    client.expect(t, "0{").await;
    client.ask(t, &format!("40{}", json!({ "token": token, "resume": false })), "40{").await;
    client.expect(t, r#"42["connected","#).await;
    client
}

fn arguments(packet: &str) -> Value {
    serde_json::from_str(packet.trim_start_matches(|it: char| it.is_ascii_digit())).unwrap()
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "Long because it is a script, read from top to bottom")]
async fn events_and_acknowledgements_of_socketio_are_unchanged() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let body = json!({ "name": "Kitchen", "id": "kitchen", "member_ids": [bob.user.id] });
    app.post("/api/v1/chats", &ann, &body).await;
    let mut notes = Transcript::default();
    let t = &mut notes;
    t.heading("connecting");
    let mut hers = connected(t, &app, "ann", &ann.access_token).await;
    let mut his = connected(t, &app, "bob", &bob.access_token).await;
    t.heading("rooms and messages, with and without an acknowledgement");
    hers.ask(t, r#"421["join-chat-room","kitchen"]"#, "431[").await;
    his.ask(t, r#"42["join-chat-room",{"roomId":"kitchen"}]"#, "chat-room-joined").await;
    his.expect(t, "chat-room-history").await;
    let message = r#"422["send-chat-message",{"content":"Tea \"is\" ready \u0001 שלום","roomId":"kitchen","senderName":"eve","type":"text"}]"#;
    let stored = hers.ask(t, message, "432[").await;
    his.expect(t, r#"42["chat-message","#).await;
    let id = arguments(&stored)[0]["_id"].as_str().unwrap().to_owned();
    hers.send(t, r#"42["send-chat-message",{"content":"Again","roomId":"kitchen"}]"#).await;
    hers.expect(t, "Again").await;
    his.ask(t, &format!(r#"423["mark-message-read","{id}"]"#), "433[").await;
    his.send(t, &format!(r#"42["mark-message-read",{{"messageId":"{id}","roomId":"kitchen"}}]"#)).await;
    hers.ask(t, r#"424["join-chat-room",{"roomId":"kitchen"}]"#, "chat-room-history").await;
    hers.expect(t, "434[").await;
    for (number, event, answer) in [
        (
            30,
            format!(
                r#"["edit-chat-message",{{"messageId":"{id}","roomId":"kitchen","content":"Tea is cold"}}]"#
            ),
            "updated",
        ),
        (
            31,
            format!(r#"["react-to-chat-message",{{"messageId":"{id}","roomId":"kitchen","emoji":"👍"}}]"#),
            "reaction",
        ),
        (32, format!(r#"["delete-chat-message",{{"messageId":"{id}","roomId":"kitchen"}}]"#), "deleted"),
        (
            33,
            format!(
                r#"["edit-chat-message",{{"messageId":"{id}","roomId":"kitchen","content":"Too late"}}]"#
            ),
            "",
        ),
    ] {
        let event = format!("42{number}{event}");
        if answer.is_empty() {
            hers.ask(t, &event, &format!("43{number}[")).await;
        } else {
            hers.ask(t, &event, &format!(r#"42["chat-message-{answer}","#)).await;
            hers.expect(t, &format!("43{number}[")).await;
        }
    }
    hers.ask(t, r#"4240["fetch-chat-rooms"]"#, r#"42["chat-rooms-update","#).await;
    hers.expect(t, "4340[").await;
    hers.ask(t, r#"4241["fetch-messages",{"roomId":"kitchen","limit":1}]"#, r#"42["messages-fetched","#)
        .await;
    let older = format!(r#"4242["fetch-messages",{{"roomId":"kitchen","before":"{id}"}}]"#);
    hers.ask(t, &older, r#"42["messages-fetched","#).await;
    let broadcast = r#"425["broadcast",{"roomId":"kitchen","event":"pointer","data":{"x":0.50}}]"#;
    hers.ask(t, broadcast, "435[").await;
    his.expect(t, r#"42["broadcast","#).await;
    hers.ask(t, &format!(r#"426["authenticate",{{"token":"{}"}}]"#, ann.access_token), "436[").await;
    his.ask(t, r#"427["leave-chat-room","kitchen"]"#, "chat-room-left").await;
    his.expect(t, "437[").await;

    t.heading("what reaches a user");
    for (kind, ends) in [
        ("analysis", vec![json!({ "status": "completed", "result": { "score": 8 } })]),
        ("analysis", vec![json!({ "status": "failed", "error": "no sound", "retryable": true })]),
        ("interview", vec![json!({ "status": "completed" })]),
        (
            "report",
            vec![
                json!({ "status": "completed", "result": { "pages": 2 } }),
                json!({ "result": { "pages": 3 } }),
            ],
        ),
    ] {
        let new = json!({ "title": "Work", "kind": kind, "subject": "interview-7", "message": "soon" });
        let job = app.post("/api/v1/jobs", &ann, &new).await.json();
        let path = format!("/api/v1/jobs/{}", job["id"].as_str().unwrap());
        app.patch(&path, &ann, &json!({ "progress": 40, "stage": "hearing", "message": "Almost" })).await;
        for end in ends {
            app.patch(&path, &ann, &end).await;
        }
        if kind == "interview" {
            app.delete(&path, &ann).await;
        }
    }
    for part in [
        "analysis:started",
        "analysis:progress",
        "analysis:completed",
        r#"42["notification","#,
        "analysis:failed",
        "interview:updated",
        "interview:deleted",
        "report:generated",
        "report:updated",
    ] {
        hers.expect(t, part).await;
    }
    let part = |role: &str| mint(&json!({ "sub": "part", "exp": FAR_AWAY, "hubbub_role": role }));
    let post = |path: &str, role: &str, body: Value| {
        app.request(reqwest::Method::POST, path).bearer_auth(part(role)).json(&body).send()
    };
    let signal =
        json!({ "userId": ann.user.id, "event": "deal-won", "message": "Won", "data": { "amount": 7 } });
    post("/api/v1/websocket/test/emit-to-user", "service", signal).await.unwrap();
    hers.expect(t, "deal-won").await;
    post("/api/v1/admin/maintenance", "admin", json!({ "enabled": true, "message": "Back at six" }))
        .await
        .unwrap();
    hers.expect(t, "maintenance:mode").await;

    t.heading("errors, with and without an acknowledgement");
    for (number, event) in [
        r#"["join-chat-room","nowhere"]"#,
        r#"["join-chat-room",7]"#,
        r#"["leave-chat-room","no spaces"]"#,
        r#"["send-chat-message",{"content":" ","roomId":"kitchen"}]"#,
        r#"["send-chat-message",{"content":7,"roomId":"kitchen"}]"#,
        r#"["send-chat-message",{"content":"x","roomId":"attic"}]"#,
        r#"["mark-message-read","00000000-0000-0000-0000-000000000000"]"#,
        r#"["fetch-messages",{"roomId":"attic"}]"#,
        r#"["fetch-messages",{"roomId":"kitchen","before":"00000000-0000-0000-0000-000000000000"}]"#,
        r#"["fetch-chat-rooms",7]"#,
        r#"["broadcast",{"roomId":"kitchen"}]"#,
        r#"["authenticate",{"token":"wrong"}]"#,
        r#"["chat-message",{"content":"forged"}]"#,
        r#"["nothing"]"#,
    ]
    .into_iter()
    .enumerate()
    {
        hers.ask(t, &format!("42{}{event}", 20 + number), &format!("43{}[", 20 + number)).await;
        hers.ask(t, &format!("42{event}"), r#"42["error","#).await;
    }

    t.heading("ends");
    app.post("/api/v1/auth/logout", &bob, &Value::Null).await;
    his.expect(t, "41").await;
    tokio::join!(app.stop(), async {
        hers.expect(t, "server:shutdown").await;
        hers.expect_close(t).await;
    });
    notes.compare("socketio.txt");
}

#[tokio::test]
async fn offsets_and_identifiers_of_recovery_are_unchanged() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    app.post("/api/v1/chats", &ann, &json!({ "name": "Kitchen", "id": "kitchen" })).await;
    let mut client = Client::open(&app, "ann", PATH).await;
    let mut unnoted = Transcript::default();
    client.expect(&mut unnoted, "0{").await;
    let answer =
        client.ask(&mut unnoted, &format!("40{}", json!({ "token": ann.access_token })), "40{").await;
    let answer = arguments(&answer);
    let (sid, pid) = (answer["sid"].as_str().unwrap(), answer["pid"].as_str().unwrap());
    assert_eq!(pid.split_once('.').map(|(public, _)| public), Some(sid), "a pid is the sid and a seal");
    client.ask(&mut unnoted, r#"421["join-chat-room","kitchen"]"#, "431[").await;
    client.send(&mut unnoted, r#"42["send-chat-message",{"content":"x","roomId":"kitchen"}]"#).await;
    let event = arguments(&client.expect(&mut unnoted, "chat-message\",").await);
    let arguments = event.as_array().unwrap();
    assert_eq!(arguments.len(), 3, "the offset is the last argument: {event}");
    let offset = arguments[2].as_str().unwrap();
    assert!(offset.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it)), "{offset}");
}

#[tokio::test]
async fn refused_connections_of_socketio_are_unchanged() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let mut notes = Transcript::default();
    let t = &mut notes;
    for auth in [
        "40".to_owned(),
        r#"40{"token":"wrong"}"#.to_owned(),
        format!("40/admin,{}", json!({ "token": ann.access_token })),
        format!("40{}", json!({ "token": ann.access_token, "resume": "perhaps" })),
    ] {
        let mut client = Client::open(&app, "client", PATH).await;
        client.expect(t, "0{").await;
        client.ask(t, &auth, "44").await;
    }
    let mut client = Client::open(&app, "client", PATH).await;
    client.send(t, r#"42["nothing"]"#).await;
    client.expect_close(t).await;
    for (words, path) in [
        ("another version", "/socket.io/?EIO=3&transport=polling"),
        ("no transport", "/socket.io/?EIO=4"),
        ("no session", "/socket.io/?EIO=4&transport=polling&sid=nothing"),
    ] {
        let answer = crate::common::Answer::to(app.request(reqwest::Method::GET, path)).await;
        t.note(words, &format!("{} {}", answer.status.as_u16(), answer.text));
    }
    notes.compare("socketio_refused.txt");
}
