//! Text in REST and the native socket: blank text, and names that change the direction of text beside them.

use protocol::{ClientFrame, DraftId, ErrorCode, ServerFrame};
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::common::App;
use crate::error;

/// White space, controls, format characters, characters that fonts ignore, and the empty Braille pattern.
const BLANK: [&str; 8] = [
    "",
    " \r\n\t\u{a0}\u{3000}",
    "\u{2800}",
    "\u{3164}",
    "\u{ffa0}\u{115f}",
    "\u{ad}\u{200b}\u{feff}",
    "\u{202e}\u{2069}",
    "\u{180e}\u{e0041}\u{fe0f}",
];

#[tokio::test]
async fn blank_text_is_rejected_by_every_rest_call() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Ours", &[]).await;
    let job = app.post("/api/v1/jobs", &ann, &json!({ "title": "Import" })).await.json();
    let messages = format!("/api/v1/chats/{room}/messages");
    for blank in BLANK {
        for (path, body, field) in [
            (messages.as_str(), json!({ "content": blank }), "content"),
            ("/api/v1/chats", json!({ "name": blank }), "name"),
            ("/api/v1/jobs", json!({ "title": blank }), "title"),
            ("/api/v1/jobs", json!({ "title": "x", "subject": blank }), "subject"),
            ("/api/v1/notifications", json!({ "user_id": ann.user.id, "title": blank }), "title"),
        ] {
            let answer = app.post(path, &ann, &body).await;
            assert_eq!(answer.error(), error(422, "blank", field), "{path} {body}");
        }
        let renamed = app.patch(&format!("/api/v1/chats/{room}"), &ann, &json!({ "name": blank })).await;
        assert_eq!(renamed.error(), error(422, "blank", "name"), "{blank:?}");
        let path = format!("/api/v1/jobs/{}", job["id"].as_str().unwrap_or_default());
        let staged = app.patch(&path, &ann, &json!({ "stage": blank })).await;
        assert_eq!(staged.error(), error(422, "blank", "stage"), "{blank:?}");
    }
    assert_eq!(app.get(&messages, &ann).await.json()["messages"], json!([]));
}

#[tokio::test]
async fn blank_text_is_rejected_by_the_native_socket() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Ours", &[]).await;
    let mut socket = app.enter(&ann).await;
    socket.join(&room, None).await;
    for blank in BLANK {
        let draft = DraftId(Uuid::now_v7());
        socket
            .say_raw(
                &json!({ "type": "post", "data": { "room": room, "draft": draft, "body": blank } })
                    .to_string(),
            )
            .await;
        let received = socket.hear().await;
        assert!(
            matches!(&received, ServerFrame::Error { data, .. } if data.code == ErrorCode::Blank && data.draft == Some(draft)),
            "{blank:?}: {received:?}"
        );
    }
    socket.say(&ClientFrame::Ping { nonce: 1 }).await;
    assert!(matches!(socket.hear().await, ServerFrame::Pong { .. }));
}

#[tokio::test]
async fn visible_text_is_accepted_unchanged() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Ours", &[]).await;
    for text in ["\u{2801}", "\u{202e}x", "\u{e000}", "\u{fffc}", "👩\u{200d}👩", "a\rb"] {
        let path = format!("/api/v1/chats/{room}/messages");
        let said = app.post(&path, &ann, &json!({ "content": text })).await;
        assert_eq!((said.status, &said.json()["content"]), (StatusCode::CREATED, &json!(text)));
    }
}

#[tokio::test]
async fn a_room_name_that_changes_text_direction_is_rejected() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Ours", &[]).await;
    for name in ["invoice\u{202e}fdp.exe", "\u{202a}a", "a\u{2066}b\u{2069}", "a\u{2028}b", "a\u{2029}b"] {
        let made = app.post("/api/v1/chats", &ann, &json!({ "name": name })).await;
        assert_eq!(made.error(), error(422, "invalid", "name"), "{name:?}");
        let renamed = app.patch(&format!("/api/v1/chats/{room}"), &ann, &json!({ "name": name })).await;
        assert_eq!(renamed.error(), error(422, "invalid", "name"), "{name:?}");
    }
    for name in ["מטבח", "مطبخ \u{200f}1", "Küche\u{200e}", "نمی\u{200c}خواهم"] {
        let made = app.post("/api/v1/chats", &ann, &json!({ "name": name })).await;
        assert_eq!((made.status, &made.json()["name"]), (StatusCode::CREATED, &json!(name)));
    }
}

#[tokio::test]
async fn a_room_id_that_no_url_can_contain_is_rejected() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    for id in [".", ".."] {
        let made = app.post("/api/v1/chats", &ann, &json!({ "name": "Dots", "id": id })).await;
        assert_eq!(made.error(), error(422, "invalid", "id"), "{id}");
    }
    for id in ["...", ".a", "a."] {
        let made = app.post("/api/v1/chats", &ann, &json!({ "name": "Dots", "id": id })).await;
        assert_eq!(made.status, StatusCode::CREATED, "{id}");
    }
}

#[tokio::test]
async fn a_right_to_left_title_is_isolated_in_its_sentence() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let job = app.post("/api/v1/jobs", &ann, &json!({ "title": "Report\u{202e}" })).await.json();
    let path = format!("/api/v1/jobs/{}", job["id"].as_str().unwrap_or_default());
    app.patch(&path, &ann, &json!({ "status": "completed" })).await;
    let list: Value = app.get("/api/v1/notifications", &ann).await.json();
    assert_eq!(list["notifications"][0]["title"], "\u{2068}Report\u{202e}\u{2069} is done");
}
