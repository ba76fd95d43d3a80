//! Messages: posting, history and read markers.

use protocol::limits::MAX_MESSAGE_BYTES;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::common::App;
use crate::error;

#[tokio::test]
async fn a_message_is_returned_as_it_was_sent() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Ours", &[]).await;
    let path = format!("/api/v1/chats/{room}/messages");
    let text = "<b>\"Grüße\"</b>\r\n\t👩‍👩‍👧 שלום \u{0}\\";
    let said = app.post(&path, &ann, &json!({ "content": text, "message_type": "text" })).await;
    assert_eq!(said.status, StatusCode::CREATED);
    let said = said.json();
    assert_eq!((&said["content"], &said["seq"], &said["chat_id"]), (&json!(text), &json!(1), &json!(room)));
    assert_eq!((&said["message_type"], &said["parent_message_id"]), (&json!("text"), &Value::Null));
    assert_eq!(
        (&said["sender_id"], &said["sender"]["email"]),
        (&json!(ann.user.id), &json!("ann@example.org"))
    );
    let at = said["created_at"].as_str().unwrap_or_default();
    assert!(at.len() == 24 && at.ends_with('Z') && at.as_bytes()[19] == b'.', "{at}");
    let page = app.get(&path, &ann).await.json();
    assert_eq!(page, json!({ "messages": [said], "has_more": false }));
}

#[tokio::test]
async fn a_draft_sent_again_is_the_same_message() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Ours", &[]).await;
    let path = format!("/api/v1/chats/{room}/messages");
    let body = json!({ "content": "once", "draft_id": "0197f2a0-0000-7000-8000-000000000001" });
    let (first, second) = (app.post(&path, &ann, &body).await, app.post(&path, &ann, &body).await);
    assert_eq!(first.json(), second.json());
    let twice = json!({ "content": "twice" });
    app.post(&path, &ann, &twice).await;
    app.post(&path, &ann, &twice).await;
    let page = app.get(&path, &ann).await.json();
    assert_eq!(page["messages"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn an_invalid_message_is_rejected_and_not_stored() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Ours", &[]).await;
    let path = format!("/api/v1/chats/{room}/messages");
    for (body, expected) in [
        (json!({ "content": "" }), error(422, "blank", "content")),
        (json!({ "content": " \n\u{200B}" }), error(422, "blank", "content")),
        (json!({ "content": "x".repeat(MAX_MESSAGE_BYTES + 1) }), error(422, "too_long", "content")),
        (json!({ "content": 7 }), error(422, "bad_frame", "content")),
        (json!({ "content": "x", "message_type": "two words" }), error(422, "bad_frame", "message_type")),
        (json!({ "content": "x", "message_type": "" }), error(422, "bad_frame", "message_type")),
        (json!({ "content": "x", "message_type": "x".repeat(33) }), error(422, "bad_frame", "message_type")),
        (json!({ "content": "x", "message_type": 7 }), error(422, "bad_frame", "message_type")),
        (
            json!({ "content": "x", "parent_message_id": "soon" }),
            error(422, "bad_frame", "parent_message_id"),
        ),
        (json!({ "content": "x", "draft_id": "soon" }), error(422, "bad_frame", "draft_id")),
        (json!({}), error(422, "bad_frame", "content")),
        (json!({ "text": "x" }), error(400, "bad_frame", "text")),
    ] {
        let answer = app.post(&path, &ann, &body).await;
        assert_eq!(answer.error(), expected);
        assert!(!answer.text.contains("body must"), "{answer:?}");
    }
    assert_eq!(app.get(&path, &ann).await.json(), json!({ "messages": [], "has_more": false }));
    let most = app.post(&path, &ann, &json!({ "content": "x".repeat(MAX_MESSAGE_BYTES) })).await;
    assert_eq!(most.status, StatusCode::CREATED);
}

#[tokio::test]
async fn history_is_paged_in_both_directions() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Ours", &[]).await;
    for number in 1..=7 {
        app.say(&ann, &room, &number.to_string()).await;
    }
    let path = format!("/api/v1/chats/{room}/messages");
    for (query, texts, has_more) in [
        ("", "1234567", false),
        ("?limit=3", "567", true),
        ("?before=5&limit=3", "234", true),
        ("?before=2", "1", false),
        ("?after=3&limit=2", "45", true),
        ("?after=5", "67", false),
        ("?after=18446744073709551615", "", false),
        ("?before=18446744073709551615&limit=1", "7", true),
        ("?limit=0", "7", true),
    ] {
        let page = app.get(&format!("{path}{query}"), &ann).await.json();
        let said: String = page["messages"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|it| it["content"].as_str())
            .collect();
        assert_eq!((said.as_str(), &page["has_more"]), (texts, &json!(has_more)), "{query}");
    }
    assert_eq!(
        app.get(&format!("{path}?before=1&after=1"), &ann).await.error(),
        error(422, "invalid", "after")
    );
    assert_eq!(
        app.get(&format!("{path}?before=soon"), &ann).await.error(),
        error(422, "bad_frame", "before")
    );
}

#[tokio::test]
async fn reading_never_raises_the_unread_count() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Ours", &[&bob]).await;
    for text in ["one", "two", "three"] {
        app.say(&ann, &room, text).await;
    }
    let path = format!("/api/v1/chats/{room}");
    assert_eq!(app.get(&path, &bob).await.json()["unread"], 3);
    for (seq, unread) in [(2, 1), (1, 1), (3, 0)] {
        let answer = app.post(&format!("{path}/read"), &bob, &json!({ "seq": seq })).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert_eq!(app.get(&path, &bob).await.json()["unread"], unread);
    }
}

#[tokio::test]
async fn rooms_and_messages_survive_a_restart() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Ours", &[&bob]).await;
    app.say(&ann, &room, "still here").await;
    let path = format!("/api/v1/chats/{room}/messages");
    let before = app.get(&path, &bob).await.json();
    let app = app.restart().await;
    assert_eq!(app.get(&path, &bob).await.json(), before);
    assert_eq!(app.say(&bob, &room, "me too").await.seq, 2);
    app.stop().await;
}

#[tokio::test]
async fn a_reply_names_a_message_of_the_same_room() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let ours = app.create_room(&ann, "Ours", &[&bob]).await;
    let other = app.create_room(&ann, "Other", &[]).await;
    let path = format!("/api/v1/chats/{ours}/messages");
    let asked = app.say(&ann, &ours, "Lunch?").await;
    let elsewhere = app.say(&ann, &other, "A secret").await;
    let answer = json!({ "content": "Yes", "parent_message_id": asked.id, "message_type": "answer:yes" });
    let answered = app.post(&path, &bob, &answer).await;
    assert_eq!(answered.status, StatusCode::CREATED);
    let answered = answered.json();
    assert_eq!(
        (&answered["parent_message_id"], &answered["message_type"]),
        (&json!(asked.id), &json!("answer:yes"))
    );
    let nothing = "0197f2a0-0000-7000-8000-000000000001";
    for parent in [json!(elsewhere.id), json!(nothing)] {
        let lost = app.post(&path, &bob, &json!({ "content": "Yes", "parent_message_id": parent })).await;
        assert_eq!(lost.error(), error(404, "not_found", "parent_message_id"));
    }
    assert_eq!(
        app.get(&path, &ann).await.json(),
        json!({ "messages": [asked, answered], "has_more": false })
    );
}
