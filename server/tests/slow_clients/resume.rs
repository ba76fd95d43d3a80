//! Recovery of a Socket.IO client that missed much: it gets all of it, or starts over and can tell.

use protocol::RoomId;
use protocol::rest::Tokens;
use serde_json::json;

use crate::common::App;
use crate::socketio::{Client, Memory};

fn body(number: usize, bytes: usize) -> String {
    format!("{number} {}", "x".repeat(bytes))
}

/// A client of bob's in these rooms, which is cut off.
async fn cut_off(app: &App, bob: &Tokens, rooms: &[RoomId], by_polling: bool) -> Memory {
    let mut client = Client::enter(app, bob, by_polling, Memory::default()).await;
    for room in rooms {
        client.join(room).await;
        client.speak(room, "here").await;
    }
    client.memory.clone()
}

#[tokio::test]
async fn five_hundred_events_of_any_size_are_recovered_in_batches() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Kitchen", &[&bob]).await;
    for (by_polling, count, bytes) in [(false, 220, 5_000), (true, 220, 5_000), (false, 60, 60_000)] {
        let memory = cut_off(&app, &bob, std::slice::from_ref(&room), by_polling).await;
        for number in 0..count {
            app.say(&ann, &room, &body(number, bytes)).await;
        }
        let mut back = Client::enter(&app, &bob, by_polling, memory.clone()).await;
        assert_eq!(back.memory.sid, memory.sid, "recovered");
        // It may post at once.
        let said = json!({ "roomId": room, "content": "back" });
        back.say(&format!("421{}", json!(["send-chat-message", said]))).await;
        for number in 0..count {
            assert!(back.hear_message().await == body(number, bytes), "message {number} of {count}");
        }
        assert_eq!(back.hear_message().await, "back");
        app.say(&ann, &room, "live").await;
        assert_eq!(back.hear_message().await, "live");
    }
}

#[tokio::test]
async fn a_client_that_missed_too_many_events_starts_over() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let rooms = [app.create_room(&ann, "One", &[&bob]).await, app.create_room(&ann, "Two", &[&bob]).await];
    for (counts, recovered) in [([250, 250], true), ([300, 300], false), ([501, 0], false)] {
        let memory = cut_off(&app, &bob, &rooms, false).await;
        for (room, count) in rooms.iter().zip(counts) {
            for number in 0..count {
                app.say(&ann, room, &body(number, 1)).await;
            }
        }
        let mut back = Client::enter(&app, &bob, false, memory.clone()).await;
        assert_eq!(back.memory.sid == memory.sid, recovered, "{counts:?}");
        if recovered {
            for _ in 0..counts.iter().sum() {
                back.hear_message().await;
            }
        } else {
            back.join(&rooms[0]).await;
        }
        back.speak(&rooms[0], "in").await;
    }
}

#[tokio::test]
async fn notifications_count_as_missed_events() {
    let app = App::spawn().await;
    let bob = app.register("bob").await;
    for (count, recovered) in [(500, true), (501, false)] {
        let mut client = Client::enter(&app, &bob, false, Memory::default()).await;
        client.hear(r#"42["connected""#).await;
        let memory = client.memory.clone();
        drop(client);
        for number in 0..count {
            let title = number.to_string();
            let notify = json!({ "user_id": bob.user.id, "title": title, "message": "", "type": "info" });
            let answer = app.post("/api/v1/notifications", &bob, &notify).await;
            assert_eq!(answer.status.as_u16(), 201, "{answer:?}");
        }
        let mut back = Client::enter(&app, &bob, false, memory.clone()).await;
        assert_eq!(back.memory.sid == memory.sid, recovered, "{count}");
        for number in 0..if recovered { count } else { 0 } {
            let heard = back.hear(r#"42["notification""#).await;
            assert_eq!(heard[1]["title"], number.to_string());
        }
        back.hear(r#"42["connected""#).await;
    }
}

#[tokio::test]
async fn a_client_removed_from_a_room_is_not_marked_recovered() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    for is_deleted in [false, true] {
        let rooms =
            [app.create_room(&ann, "One", &[&bob]).await, app.create_room(&ann, "Two", &[&bob]).await];
        let memory = cut_off(&app, &bob, &rooms, false).await;
        let path = if is_deleted {
            format!("/api/v1/chats/{}", rooms[0])
        } else {
            format!("/api/v1/chats/{}/members/{}", rooms[0], bob.user.id)
        };
        assert_eq!(app.delete(&path, &ann).await.status.as_u16(), 204);
        let back = Client::enter(&app, &bob, false, memory.clone()).await;
        assert_ne!(back.memory.sid, memory.sid, "deleted: {is_deleted}");
    }
}
