//! Blank text: every dialect rejects a text without a visible character.

use serde_json::json;

use crate::common::App;
use crate::raw::Raw;
use crate::{history, in_chat, personal, skilllift};

const BLANK: [&str; 4] = ["\u{2800}", "\u{3164}", "\u{ad}\u{34f}", " \u{202e}\u{fe0f}\n"];

#[tokio::test]
async fn blank_text_is_rejected_in_every_dialect() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Kitchen", &[&bob]).await;
    let mut chat = in_chat(&app, &ann, &room).await;
    let mut own = personal(&app, &ann).await;
    let mut lift = skilllift(&app, &ann).await;
    lift.say(&json!({ "type": "join_room", "data": { "roomId": room } })).await;
    lift.hear().await;
    let mut talim = talim(&app, &ann.access_token).await;
    for blank in BLANK {
        chat.say(&json!({ "type": "send_message", "data": { "content": blank, "message_type": "text" } }))
            .await;
        assert_eq!(chat.error().await, "blank", "{blank:?}");
        own.say(&json!({ "type": "direct_message", "data": {
            "content": blank, "message_type": "text", "recipient_id": bob.user.id, "chat_id": room,
        } }))
        .await;
        assert_eq!(own.error().await, "blank", "{blank:?}");
        lift.say(&json!({ "type": "chat_message", "data": { "roomId": room, "message": blank, "messageType": "text" } }))
            .await;
        assert_eq!(lift.error().await, "blank", "{blank:?}");
        let said = json!({ "content": blank, "roomId": room, "senderName": "ann", "type": "text" });
        talim.say_raw(&format!("42{}", json!(["send-chat-message", said]))).await;
        // A greeting comes first.
        let mut received = talim.next().await.unwrap();
        while !received.starts_with("42[\"error\"") {
            received = talim.next().await.unwrap();
        }
        assert!(received.contains("\"blank\""), "{blank:?}: {received}");
    }
    assert!(history(&app, &ann, &room).await.is_empty());
}

/// A client of Socket.IO that is in.
async fn talim(app: &App, token: &str) -> Raw {
    let mut socket = Raw::try_connect(app, "/socket.io/?EIO=4&transport=websocket", &[]).await.unwrap();
    socket.next().await.unwrap();
    socket.say_raw(&format!("40{}", json!({ "token": token }))).await;
    while !socket.next().await.unwrap().starts_with("40{") {}
    socket
}
