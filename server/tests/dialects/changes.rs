//! Changes of messages: made in one dialect, named in the others, and refused with the names of each.

use protocol::RoomId;
use protocol::rest::Tokens;
use serde_json::{Value, json};

use crate::common::App;
use crate::raw::Raw;
use crate::{history, in_chat, personal, skilllift};

/// Ann on the socket of a chat, and bob over SkillLift. Ann has said something; its id comes last.
async fn kitchen(app: &App) -> (Tokens, RoomId, Raw, Raw, Value) {
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Kitchen", &[&bob]).await;
    let (mut hers, mut his) = (in_chat(app, &ann, &room).await, skilllift(app, &bob).await);
    his.say(&json!({ "type": "join_room", "data": { "roomId": room } })).await;
    while his.hear().await["payload"]["userName"] != "bob" {}
    hers.say(&chat_frame("send_message", &json!({ "content": "tea" }))).await;
    let id = hers.hear_a("new_message").await["data"]["id"].clone();
    assert_eq!(his.hear_a("chat_message").await["payload"]["messageId"], id);
    (ann, room, hers, his, id)
}

fn chat_frame(kind: &str, data: &Value) -> Value {
    json!({ "type": kind, "data": data })
}

/// A SkillLift frame about a message, with more keys.
fn skill_frame(kind: &str, room: &RoomId, message: &Value, more: Value) -> Value {
    let mut data = more;
    data["roomId"] = json!(room);
    data["messageId"] = message.clone();
    json!({ "type": kind, "data": data })
}

#[tokio::test]
async fn changes_of_one_dialect_are_named_in_the_others() {
    let app = App::spawn().await;
    let (ann, room, mut hers, mut his, id) = kitchen(&app).await;

    hers.say(&chat_frame("edit_message", &json!({ "message_id": id, "content": "coffee" }))).await;
    let edited = hers.hear().await;
    assert_eq!((&edited["type"], &edited["data"]["content"]), (&json!("message_updated"), &json!("coffee")));
    assert!(edited["data"]["updated_at"].as_str() > edited["data"]["created_at"].as_str(), "{edited}");
    let edited = his.hear().await;
    assert_eq!(edited["type"], "message_updated");
    assert_eq!(
        (&edited["payload"]["message"], &edited["payload"]["messageId"]),
        (&json!("coffee"), &id),
        "{edited}"
    );

    for on in [true, false] {
        let more = json!({ "emoji": "👍", "on": on });
        his.say(&skill_frame("react_to_message", &room, &id, more)).await;
        let (named, shown) = (hers.hear().await, his.hear().await);
        let bob = shown["payload"]["userId"].clone();
        let data = json!({ "message_id": id, "chat_id": room, "emoji": "👍", "user_id": bob, "on": on });
        assert_eq!(named, chat_frame("message_reaction", &data));
        assert_eq!((&shown["type"], &shown["payload"]["on"]), (&json!("message_reaction"), &json!(on)));
    }

    hers.say(&chat_frame("pin_message", &json!({ "message_id": id }))).await;
    let data = json!({ "message_id": id, "chat_id": room, "user_id": ann.user.id, "on": true });
    assert_eq!(hers.hear().await, chat_frame("message_pinned", &data));

    hers.say(&chat_frame("delete_message", &json!({ "message_id": id }))).await;
    let deleted = hers.hear().await;
    assert_eq!((&deleted["type"], &deleted["data"]["content"]), (&json!("message_deleted"), &json!("")));
    assert!(deleted["data"]["deleted_at"].is_string(), "{deleted}");
    // SkillLift has no frame for pins.
    let deleted = his.hear().await;
    assert_eq!((&deleted["type"], &deleted["payload"]["message"]), (&json!("message_deleted"), &json!("")));
    assert_eq!(history(&app, &ann, &room).await[0]["content"], "");
    assert!(hers.before_pong().await.is_empty() && his.before_pong().await.is_empty());
}

#[tokio::test]
async fn a_refused_change_is_answered_in_the_words_of_the_dialect() {
    let app = App::spawn().await;
    let (ann, room, mut hers, mut his, id) = kitchen(&app).await;
    let nothing = json!(uuid::Uuid::nil());
    for (kind, data, code, field) in [
        ("edit_message", json!({ "message_id": id, "content": " " }), "blank", json!("content")),
        ("edit_message", json!({ "message_id": id }), "bad_frame", json!("content")),
        ("edit_message", json!({ "message_id": nothing, "content": "x" }), "not_found", json!("message_id")),
        ("delete_message", json!({ "message_id": 7 }), "bad_frame", json!("message_id")),
        ("react_to_message", json!({ "message_id": id, "emoji": "tea" }), "invalid", json!("emoji")),
    ] {
        hers.say(&chat_frame(kind, &data)).await;
        let refused = hers.hear().await;
        let found = (&refused["data"]["code"], &refused["data"]["field"]);
        assert_eq!(found, (&json!(code), &field), "{kind} {data}");
    }
    for (kind, message, more, code, field) in [
        ("edit_message", &id, json!({ "message": "mine" }), "forbidden", Value::Null),
        ("edit_message", &id, json!({}), "bad_frame", json!("message")),
        ("delete_message", &id, json!({}), "forbidden", Value::Null),
        ("delete_message", &nothing, json!({}), "not_found", json!("messageId")),
        ("delete_message", &json!("soon"), json!({}), "bad_frame", json!("messageId")),
        ("react_to_message", &id, json!({ "emoji": "👍", "on": "yes" }), "bad_frame", json!("on")),
        ("react_to_message", &id, json!({ "emoji": "👍👍" }), "invalid", json!("emoji")),
    ] {
        let frame = skill_frame(kind, &room, message, more);
        his.say(&frame).await;
        let refused = his.hear().await;
        assert_eq!(
            (&refused["payload"]["code"], &refused["payload"]["field"]),
            (&json!(code), &field),
            "{frame}"
        );
    }
    let mut own = personal(&app, &ann).await;
    own.say(&chat_frame("delete_message", &json!({ "message_id": id }))).await;
    assert_eq!(own.error().await, "bad_frame", "which chat?");
    assert!(hers.before_pong().await.is_empty() && his.before_pong().await.is_empty());
    let kept = history(&app, &ann, &room).await;
    assert_eq!(kept[0]["content"], "tea");
    assert!(kept[0].get("rev").is_none(), "{kept:?}");
}
