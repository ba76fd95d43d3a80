//! The Chat API: messages, answers, typing, receipts, and what ends a chat's socket.

use protocol::limits::MAX_MESSAGE_BYTES;
use serde_json::{Value, json};

use crate::common::App;
use crate::{TEXT, history, in_chat, personal, skilllift};

fn say(content: &str) -> Value {
    json!({ "type": "send_message", "data": { "content": content, "message_type": "text", "parent_message_id": null } })
}

fn typing(on: bool) -> Value {
    json!({ "type": "typing_indicator", "data": { "is_typing": on, "user_id": "somebody-else" } })
}

fn receipt(message: &Value) -> Value {
    json!({ "type": "read_receipt", "data": { "message_id": message, "user_id": "somebody-else" } })
}

#[tokio::test]
async fn ca_03_05_09_a_message_reaches_all_members_in_the_documented_shape() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Kitchen", &[&bob]).await;
    let (mut hers, mut his) = (in_chat(&app, &ann, &room).await, in_chat(&app, &bob, &room).await);
    let mut frame = say(TEXT);
    frame["data"]["sender_id"] = json!(bob.user.id);
    frame["data"]["user_id"] = json!(bob.user.id);
    hers.say(&frame).await;
    let received = his.hear().await;
    assert_eq!(received, hers.hear().await);
    let data = &received["data"];
    let expected = json!({ "type": "new_message", "data": {
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
    assert!(uuid::Uuid::parse_str(data["id"].as_str().unwrap()).is_ok());
    let at = data["created_at"].as_str().unwrap();
    assert!(at.len() == 24 && at.ends_with('Z') && at.as_bytes()[19] == b'.', "{at}");
    let kept = history(&app, &bob, &room).await;
    assert_eq!((&kept[0]["id"], &kept[0]["content"]), (&data["id"], &json!(TEXT)));
}

#[tokio::test]
async fn ca_03_a_reply_names_a_message_of_the_same_chat() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let (room, other) =
        (app.create_room(&ann, "Kitchen", &[]).await, app.create_room(&ann, "Attic", &[]).await);
    let (here, elsewhere) = (app.say(&ann, &room, "here").await, app.say(&ann, &other, "elsewhere").await);
    let mut socket = in_chat(&app, &ann, &room).await;
    let answer = |parent: &dyn std::fmt::Display| {
        let mut frame = say("yes");
        frame["data"]["parent_message_id"] = json!(parent.to_string());
        frame
    };
    socket.say(&answer(&here.id)).await;
    assert_eq!(socket.hear().await["data"]["parent_message_id"], json!(here.id));
    for wrong in [elsewhere.id.to_string(), uuid::Uuid::nil().to_string()] {
        socket.say(&answer(&wrong)).await;
        assert_eq!(socket.error().await, "not_found", "{wrong}");
    }
    socket.say(&answer(&"soon")).await;
    assert_eq!(socket.error().await, "bad_frame");
    assert_eq!(history(&app, &ann, &room).await.len(), 2);
}

#[tokio::test]
async fn ca_17_sixty_kilobytes_of_every_script_arrive_unchanged() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Kitchen", &[&bob]).await;
    let (mut hers, mut his) = (in_chat(&app, &ann, &room).await, in_chat(&app, &bob, &room).await);
    let text = TEXT.repeat(60 * 1024 / TEXT.len());
    hers.say(&say(&text)).await;
    assert_eq!(his.hear().await["data"]["content"], json!(text));
    for (wrong, code) in
        [(" \n\u{200b}".to_owned(), "blank"), ("x".repeat(MAX_MESSAGE_BYTES + 1), "too_long")]
    {
        hers.say(&say(&wrong)).await;
        let refused = hers.hear_a("error").await;
        assert_eq!((&refused["data"]["code"], &refused["data"]["field"]), (&json!(code), &json!("content")));
    }
    assert_eq!(history(&app, &bob, &room).await.len(), 1);
}

#[tokio::test]
async fn ca_16_bad_input_gets_an_error_code_and_keeps_the_connection() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Kitchen", &[]).await;
    let (mut chat, mut own) = (in_chat(&app, &ann, &room).await, personal(&app, &ann).await);
    for socket in [&mut chat, &mut own] {
        for (frame, code) in [
            ("{", "bad_json"),
            ("[]", "bad_frame"),
            (r#"{"data":{"content":"x"}}"#, "bad_frame"),
            (r#"{"type":"join","data":{}}"#, "unknown_type"),
            (r#"{"type":"new_message","data":{"content":"forged"}}"#, "unknown_type"),
            (r#"{"type":"new_direct_message","data":{"content":"forged"}}"#, "unknown_type"),
            (r#"{"type":"notification","data":{"title":"forged"}}"#, "unknown_type"),
            (r#"{"type":"send_message","data":{"content":["x"]}}"#, "bad_frame"),
            (r#"{"type":"typing_indicator","data":{"is_typing":"yes"}}"#, "bad_frame"),
            (r#"{"type":"read_receipt","data":{"message_id":7}}"#, "bad_frame"),
        ] {
            socket.say_raw(frame).await;
            assert_eq!(socket.error().await, code, "{frame}");
        }
        socket.say_bytes(&[0xff, 0]).await;
        assert_eq!(socket.error().await, "binary_frame");
        assert!(socket.before_pong().await.is_empty());
    }
    own.say(&say("which chat?")).await;
    assert_eq!(own.error().await, "bad_frame");
    assert!(history(&app, &ann, &room).await.is_empty());
}

#[tokio::test]
async fn ca_07_10_typing_reaches_others_and_ends_with_message_or_connection() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Kitchen", &[&bob]).await;
    let (mut hers, mut his) = (in_chat(&app, &ann, &room).await, in_chat(&app, &bob, &room).await);
    let expected =
        |on: bool| json!({ "type": "typing_indicator", "data": { "is_typing": on, "user_id": ann.user.id } });
    hers.say(&typing(true)).await;
    assert_eq!(his.hear().await, expected(true));
    hers.say(&typing(false)).await;
    assert_eq!(his.hear().await, expected(false));
    hers.say(&typing(true)).await;
    assert_eq!(his.hear().await, expected(true));
    hers.say(&say("done")).await;
    assert_eq!(his.hear().await, expected(false));
    assert_eq!(his.hear().await["type"], "new_message");
    // She hears her own message and nothing of her own typing.
    let heard = hers.before_pong().await;
    assert!(heard.iter().all(|frame| frame["type"] == "new_message"), "{heard:?}");
    hers.say(&typing(true)).await;
    assert_eq!(his.hear().await, expected(true));
    drop(hers);
    assert_eq!(his.hear().await, expected(false));
}

#[tokio::test]
async fn ca_08_a_receipt_is_sent_once_with_the_reader_of_the_token() {
    let app = App::spawn().await;
    let (ann, bob, cid) = (app.register("ann").await, app.register("bob").await, app.register("cid").await);
    let room = app.create_room(&ann, "Kitchen", &[&bob, &cid]).await;
    let other = app.create_room(&bob, "Attic", &[]).await;
    let elsewhere = json!(app.say(&bob, &other, "elsewhere").await.id);
    let mut hers = in_chat(&app, &ann, &room).await;
    let mut his = in_chat(&app, &bob, &room).await;
    let mut cids = in_chat(&app, &cid, &room).await;
    hers.say(&say("read this")).await;
    let id = his.hear().await["data"]["id"].clone();
    for _ in 0..2 {
        his.say(&receipt(&id)).await;
    }
    let expected = json!({ "type": "read_receipt", "data": { "message_id": id, "user_id": bob.user.id } });
    for socket in [&mut hers, &mut cids] {
        assert_eq!(socket.hear_a("read_receipt").await, expected);
    }
    his.say(&receipt(&elsewhere)).await;
    assert_eq!(his.error().await, "not_found");
    his.say(&receipt(&json!(uuid::Uuid::nil()))).await;
    assert_eq!(his.error().await, "not_found");
    // A second receipt would have arrived before this.
    his.say(&say("done")).await;
    for socket in [&mut hers, &mut cids] {
        assert_eq!(socket.hear().await["data"]["content"], "done");
    }
}

#[tokio::test]
async fn ca_18_five_hundred_messages_of_two_users_arrive_in_one_order() {
    const EACH: usize = 250;
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Kitchen", &[&bob]).await;
    let (mut hers, mut his) = (in_chat(&app, &ann, &room).await, in_chat(&app, &bob, &room).await);
    for number in 0..EACH {
        hers.say(&say(&format!("ann {number}"))).await;
        his.say(&say(&format!("bob {number}"))).await;
    }
    let mut heard = [Vec::new(), Vec::new()];
    for (socket, heard) in [&mut hers, &mut his].into_iter().zip(&mut heard) {
        for _ in 0..2 * EACH {
            heard.push(socket.hear().await["data"]["content"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(heard[0], heard[1]);
    for name in ["ann", "bob"] {
        let in_order: Vec<String> = (0..EACH).map(|number| format!("{name} {number}")).collect();
        let said: Vec<_> = heard[0].iter().filter(|text| text.starts_with(name)).cloned().collect();
        assert_eq!(said, in_order);
    }
}

#[tokio::test]
async fn a_chat_socket_closes_when_its_user_is_removed_or_the_chat_deleted() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Kitchen", &[&bob]).await;
    let (mut hers, mut his) = (in_chat(&app, &ann, &room).await, in_chat(&app, &bob, &room).await);
    app.delete(&format!("/api/v1/chats/{room}/members/{}", bob.user.id), &ann).await;
    assert_eq!(his.end().await, 4403);
    hers.say(&say("alone")).await;
    assert_eq!(hers.hear().await["data"]["content"], "alone");
    app.delete(&format!("/api/v1/chats/{room}"), &ann).await;
    assert_eq!(hers.end().await, 4403);
}

#[tokio::test]
async fn x06_a_message_sent_in_one_dialect_arrives_in_the_others() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Kitchen", &[&bob]).await;
    let mut hers = in_chat(&app, &ann, &room).await;
    let mut his = skilllift(&app, &bob).await;
    his.say(&json!({ "type": "join_room", "data": { "roomId": room } })).await;
    his.hear_a("user_joined").await;
    hers.say(&say("from the chat")).await;
    assert_eq!(his.hear_a("chat_message").await["payload"]["message"], "from the chat");
    his.say(&json!({ "type": "chat_message", "data": { "roomId": room, "message": "from the lesson" } }))
        .await;
    assert_eq!(hers.hear().await["data"]["content"], "from the chat");
    let received = hers.hear().await;
    let said: Vec<_> = history(&app, &ann, &room).await.iter().map(|it| it["id"].clone()).collect();
    assert_eq!((said.len(), &said[1]), (2, &received["data"]["id"]));
}
