//! Changes of messages: edits, deletions, reactions, pins and earlier texts.

use protocol::rest::{ChatMessage, Tokens};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::common::{Answer, App};
use crate::error;

/// Ann's room with bob in it, and a message of ann's.
async fn kitchen(app: &App) -> (Tokens, Tokens, ChatMessage) {
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Kitchen", &[&bob]).await;
    let said = app.say(&ann, &room, "tea").await;
    (ann, bob, said)
}

fn path(message: &ChatMessage, rest: &str) -> String {
    format!("/api/v1/messages/{}{rest}", message.id)
}

async fn put(app: &App, path: &str, who: &Tokens) -> Answer {
    Answer::to(app.request(Method::PUT, path).bearer_auth(&who.access_token)).await
}

async fn page(app: &App, who: &Tokens, message: &ChatMessage) -> Value {
    app.get(&format!("/api/v1/chats/{}/messages", message.chat_id), who).await.json()["messages"].take()
}

#[tokio::test]
async fn a_message_is_edited_and_its_earlier_texts_are_kept() {
    let app = App::spawn().await;
    let (ann, bob, said) = kitchen(&app).await;
    let plain = page(&app, &bob, &said).await;
    assert!(plain[0].get("rev").is_none(), "what was never changed has no new keys: {plain}");

    let patch = json!({ "content": "coffee", "draft_id": "0197f2a0-0000-7000-8000-000000000001" });
    let edited = app.patch(&path(&said, ""), &ann, &patch).await;
    assert_eq!(edited.status, StatusCode::OK, "{edited:?}");
    let edited = edited.json();
    assert_eq!(
        (&edited["content"], &edited["rev"], &edited["seq"]),
        (&json!("coffee"), &json!(1), &json!(1))
    );
    assert_eq!(edited["edited_at"], edited["updated_at"]);
    assert_eq!(page(&app, &bob, &said).await, json!([edited]));
    assert_eq!(app.patch(&path(&said, ""), &ann, &patch).await.json(), edited, "the same draft again");

    app.patch(&path(&said, ""), &ann, &json!({ "content": "water", "base_rev": 1 })).await;
    let history = app.get(&path(&said, "/history"), &bob).await.json();
    let versions = history["versions"].as_array().unwrap();
    let texts: Vec<_> =
        versions.iter().map(|it| (it["rev"].as_u64().unwrap(), it["content"].as_str().unwrap())).collect();
    assert_eq!(texts, [(0, "tea"), (1, "coffee")]);
    assert_eq!(versions[0]["created_at"], json!(said.created_at));
}

#[tokio::test]
async fn a_refused_change_changes_nothing() {
    let app = App::spawn().await;
    let (ann, bob, said) = kitchen(&app).await;
    let eve = app.register("eve").await;
    app.patch(&path(&said, ""), &ann, &json!({ "content": "coffee" })).await;
    let before = page(&app, &ann, &said).await;
    let edit = |content: &str| json!({ "content": content });
    for (who, body, expected) in [
        (&bob, edit("mine"), error(403, "forbidden", "")),
        (&eve, edit("mine"), error(404, "not_found", "")),
        (&ann, edit(" "), error(422, "blank", "content")),
        (&ann, json!({ "content": "x", "base_rev": 0 }), error(409, "conflict", "base_rev")),
        (&ann, json!({ "content": "x", "rev": 0 }), error(400, "bad_frame", "rev")),
    ] {
        assert_eq!(app.patch(&path(&said, ""), who, &body).await.error(), expected, "{body}");
    }
    for (who, rest, expected) in [
        (&bob, "/pin", error(403, "forbidden", "")),
        (&eve, "/pin", error(404, "not_found", "")),
        (&bob, "/reactions/tea", error(422, "invalid", "emoji")),
        (&bob, "/reactions/%F0%9F%91%8D%F0%9F%91%8D", error(422, "invalid", "emoji")),
        (&eve, "/reactions/%F0%9F%91%8D", error(404, "not_found", "")),
    ] {
        assert_eq!(put(&app, &path(&said, rest), who).await.error(), expected, "{rest}");
    }
    for unknown in ["0197f2a0-0000-7000-8000-000000000009", "soon"] {
        let answer = app.patch(&format!("/api/v1/messages/{unknown}"), &ann, &edit("x")).await;
        assert_eq!(answer.error(), error(404, "not_found", ""), "{unknown}");
    }
    assert_eq!(app.delete(&path(&said, ""), &bob).await.error(), error(403, "forbidden", ""));
    assert_eq!(app.get(&path(&said, "/history"), &eve).await.error(), error(404, "not_found", ""));
    assert_eq!(page(&app, &ann, &said).await, before);
}

#[tokio::test]
async fn reactions_and_pins_are_set_and_removed_again() {
    let app = App::spawn_with(|config| {
        config.changes.members_may_pin = true;
        config.changes.reaction_words = vec!["party-parrot".to_owned()];
    })
    .await;
    let (ann, bob, said) = kitchen(&app).await;
    let thumb = path(&said, "/reactions/%F0%9F%91%8D");
    assert_eq!(put(&app, &thumb, &bob).await.status, StatusCode::OK);
    put(&app, &path(&said, "/reactions/party-parrot"), &ann).await;
    let reacted = put(&app, &thumb, &ann).await.json();
    let expected = json!([
        { "emoji": "👍", "count": 2, "users": [bob.user.id, ann.user.id] },
        { "emoji": "party-parrot", "count": 1, "users": [ann.user.id] },
    ]);
    assert_eq!((&reacted["reactions"], &reacted["rev"]), (&expected, &json!(3)));
    assert_eq!(put(&app, &thumb, &ann).await.json(), reacted, "it is set already");
    let pinned = put(&app, &path(&said, "/pin"), &bob).await.json();
    assert_eq!(pinned["pinned"], json!(true));

    app.delete(&path(&said, "/pin"), &ann).await;
    app.delete(&thumb, &bob).await;
    let left = app.delete(&thumb, &ann).await.json();
    let expected = json!([{ "emoji": "party-parrot", "count": 1, "users": [ann.user.id] }]);
    assert_eq!((&left["reactions"], left.get("pinned")), (&expected, None));
    assert_eq!(page(&app, &bob, &said).await, json!([left]));
}

#[tokio::test]
async fn a_deleted_message_keeps_its_number_and_loses_its_text() {
    let app = App::spawn().await;
    let (ann, bob, said) = kitchen(&app).await;
    let of_bob = app.say(&bob, &said.chat_id, "secret").await;
    app.patch(&path(&of_bob, ""), &bob, &json!({ "content": "top secret" })).await;
    put(&app, &path(&of_bob, "/reactions/%F0%9F%91%8D"), &ann).await;
    let deleted = app.delete(&path(&of_bob, ""), &ann).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT, "an owner may: {deleted:?}");

    let now = page(&app, &bob, &said).await[1].take();
    assert_eq!((&now["content"], &now["seq"]), (&json!(""), &json!(2)));
    assert!(now["deleted_at"].is_string() && now.get("reactions").is_none(), "{now}");
    assert_eq!(app.get(&path(&of_bob, "/history"), &bob).await.json(), json!({ "versions": [] }));
    let room = app.get(&format!("/api/v1/chats/{}", said.chat_id), &ann).await.json();
    assert_eq!((&room["last"]["text"], &room["unread"]), (&json!(""), &json!(0)));
    for (answer, expected) in [
        (
            app.patch(&path(&of_bob, ""), &bob, &json!({ "content": "x" })).await,
            error(422, "invalid", "message"),
        ),
        (put(&app, &path(&of_bob, "/pin"), &ann).await, error(422, "invalid", "message")),
    ] {
        assert_eq!(answer.error(), expected);
    }
    assert_eq!(app.delete(&path(&of_bob, ""), &ann).await.status, StatusCode::NO_CONTENT);
}
