//! Direct messages of the Chat API: every device of the recipient gets them, at once or later, and no other user.

use protocol::RoomId;
use protocol::rest::Tokens;
use serde_json::{Value, json};

use crate::common::App;
use crate::raw::Raw;
use crate::{TEXT, history, in_chat, personal};

fn whisper(room: &RoomId, to: &Tokens, content: &str) -> Value {
    json!({ "type": "direct_message", "data": {
        "content": content, "message_type": "text", "recipient_id": to.user.id, "chat_id": room,
    } })
}

#[tokio::test]
async fn ca_04_06_a_direct_message_reaches_only_its_recipients_devices() {
    let app = App::spawn().await;
    let (ann, bob, eve) = (app.register("ann").await, app.register("bob").await, app.register("eve").await);
    let room = app.create_room(&ann, "Kitchen", &[&bob, &eve]).await;
    let mut from = [in_chat(&app, &ann, &room).await, personal(&app, &ann).await];
    let mut devices = [personal(&app, &bob).await, personal(&app, &bob).await];
    let mut others =
        [in_chat(&app, &bob, &room).await, in_chat(&app, &eve, &room).await, personal(&app, &eve).await];
    for socket in &mut from {
        socket.say(&whisper(&room, &bob, TEXT)).await;
        for device in &mut devices {
            let received = device.hear().await;
            let data = &received["data"];
            let expected = json!({ "type": "new_direct_message", "data": {
                "id": data["id"],
                "chat_id": room,
                "sender_id": ann.user.id,
                "content": TEXT,
                "message_type": "text",
                "parent_message_id": null,
                "created_at": data["created_at"],
                "updated_at": data["created_at"],
                "sender": ann.user,
            } });
            assert_eq!(received, expected);
        }
    }
    for socket in others.iter_mut().chain(&mut from) {
        assert_eq!(socket.before_pong().await, Vec::<Value>::new());
    }
    assert!(history(&app, &bob, &room).await.is_empty());
}

#[tokio::test]
async fn members_see_no_email_addresses_when_disabled() {
    let app = App::spawn_with(|config| config.users.member_emails = false).await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Kitchen", &[&bob]).await;
    let mut hers = personal(&app, &ann).await;
    let (mut his, mut his_chat) = (personal(&app, &bob).await, in_chat(&app, &bob, &room).await);
    let mut native = Raw::open(&app, "/api/v1/ws", &bob).await;
    assert_eq!(native.hear().await["type"], "welcome");

    hers.say(&whisper(&room, &bob, "psst")).await;
    assert_eq!(his.hear().await["data"]["sender"]["email"], "");
    let received = native.hear().await;
    assert_eq!((&received["type"], &received["data"]["email"]), (&json!("direct"), &json!("")));
    app.say(&ann, &room, "hello").await;
    assert_eq!(his_chat.hear().await["data"]["sender"]["email"], "");
    // And one that waits for an absent user.
    his.close().await;
    native.close().await;
    hers.say(&whisper(&room, &bob, "later")).await;
    assert!(hers.before_pong().await.is_empty());
    let mut back = Raw::open(&app, "/api/v1/ws", &bob).await;
    // What the closed one received is sent again: it was not acknowledged.
    for body in ["psst", "later"] {
        let received = back.hear_a("direct").await;
        assert_eq!((&received["data"]["body"], &received["data"]["email"]), (&json!(body), &json!("")));
    }
}

#[tokio::test]
async fn ca_06_direct_messages_wait_for_a_personal_socket_and_arrive_once() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Kitchen", &[&bob]).await;
    let mut hers = personal(&app, &ann).await;
    let mut his_chat = in_chat(&app, &bob, &room).await;
    for content in ["one", "two"] {
        hers.say(&whisper(&room, &bob, content)).await;
    }
    assert!(hers.before_pong().await.is_empty());
    assert!(his_chat.before_pong().await.is_empty());
    let mut first = personal(&app, &bob).await;
    for content in ["one", "two"] {
        assert_eq!(first.hear().await["data"]["content"], content);
    }
    assert!(first.before_pong().await.is_empty());
    // Its acknowledgement is stored a moment later.
    while !personal(&app, &bob).await.before_pong().await.is_empty() {}
}

#[tokio::test]
async fn ca_06_direct_messages_beyond_all_limits_arrive_in_order_and_once() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Kitchen", &[&bob]).await;
    let mut hers = personal(&app, &ann).await;
    let body = |number: usize, bytes: usize| format!("{number} {}", "x".repeat(bytes));
    for (count, bytes) in [(30, 60_000), (300, 6_000)] {
        for number in 0..count {
            hers.say(&whisper(&room, &bob, &body(number, bytes))).await;
        }
        assert!(hers.before_pong().await.is_empty());
        let mut his = personal(&app, &bob).await;
        for number in 0..count {
            assert!(
                his.hear().await["data"]["content"] == body(number, bytes),
                "message {number} of {count}"
            );
        }
        assert!(his.before_pong().await.is_empty());
        while !personal(&app, &bob).await.before_pong().await.is_empty() {}
    }
}

#[tokio::test]
async fn ca_04_sender_and_recipient_are_members_of_the_chat() {
    let app = App::spawn().await;
    let (ann, bob, eve) = (app.register("ann").await, app.register("bob").await, app.register("eve").await);
    let room = app.create_room(&ann, "Kitchen", &[&bob]).await;
    let (mut hers, mut eves) = (personal(&app, &ann).await, personal(&app, &eve).await);
    let mut his = personal(&app, &bob).await;
    hers.say(&whisper(&room, &eve, "psst")).await;
    assert_eq!(hers.error().await, "not_found");
    eves.say(&whisper(&room, &bob, "psst")).await;
    assert_eq!(eves.error().await, "not_found");
    let nowhere = RoomId::parse("nowhere").unwrap();
    hers.say(&whisper(&nowhere, &bob, "psst")).await;
    assert_eq!(hers.error().await, "not_found");
    hers.say(&whisper(&room, &bob, " ")).await;
    assert_eq!(hers.error().await, "blank");
    for socket in [&mut his, &mut eves] {
        assert!(socket.before_pong().await.is_empty());
    }
}
