//! SkillLift: rooms, participants, live sessions.

use protocol::RoomId;
use protocol::rest::Tokens;
use serde_json::{Value, json};

use crate::common::App;
use crate::raw::Raw;
use crate::{TEXT, history, skilllift};

fn join(room: &str) -> Value {
    json!({ "type": "join_room", "data": { "roomId": room } })
}

fn leave(room: &str) -> Value {
    json!({ "type": "leave_room", "data": { "roomId": room } })
}

fn say(room: &str, text: &str) -> Value {
    json!({ "type": "chat_message", "data": { "roomId": room, "message": text, "messageType": "text" } })
}

/// The type and the user of a frame about a participant.
fn who(frame: &Value) -> (String, String) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&frame["type"]), text(&frame["payload"]["userName"]))
}

fn joined(name: &str) -> (String, String) {
    ("user_joined".to_owned(), name.to_owned())
}

fn left(name: &str) -> (String, String) {
    ("user_left".to_owned(), name.to_owned())
}

/// The socket of a user in a room, after all participants were named, this user last.
async fn inside(app: &App, user: &Tokens, room: &str) -> Raw {
    let mut socket = skilllift(app, user).await;
    socket.say(&join(room)).await;
    while who(&socket.hear().await) != joined(&user.user.username) {}
    socket
}

async fn kitchen() -> (App, Tokens, Tokens, RoomId) {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Kitchen", &[&bob]).await;
    (app, ann, bob, room)
}

#[tokio::test]
async fn sl_03_any_name_joins_the_room_and_frames_have_the_documented_shape() {
    let (app, ann, bob, room) = kitchen().await;
    let mut his = inside(&app, &bob, room.as_str()).await;
    for key in ["roomId", "room_id", "room"] {
        let mut socket = skilllift(&app, &ann).await;
        socket.say(&json!({ "type": "join_room", "data": { key: room } })).await;
        assert_eq!(who(&socket.hear().await), joined("bob"), "{key}");
        assert_eq!(who(&socket.hear().await), joined("ann"), "{key}");
        socket
            .say(&json!({ "type": "chat_message", "data": { key: room, "message": TEXT, "userId": "eve" } }))
            .await;
        let received = socket.hear().await;
        let expected = json!({ "type": "chat_message", "payload": {
            "messageId": received["payload"]["messageId"],
            "roomId": room,
            "userId": ann.user.id,
            "userName": "ann",
            "message": TEXT,
            "messageType": "text",
            "timestamp": received["payload"]["timestamp"],
        } });
        assert_eq!(received, expected);
        assert_eq!(his.hear_a("chat_message").await, received);
        socket.say(&leave(room.as_str())).await;
        assert_eq!(who(&his.hear_a("user_left").await), left("ann"));
    }
}

#[tokio::test]
async fn sl_04_05_rooms_are_separate_and_outsiders_receive_nothing() {
    let (app, ann, bob, room) = kitchen().await;
    let eve = app.register("eve").await;
    let attic = app.create_room(&ann, "Attic", &[&eve]).await;
    let mut his = inside(&app, &bob, room.as_str()).await;
    let mut hers = inside(&app, &ann, room.as_str()).await;
    hers.say(&join(attic.as_str())).await;
    assert_eq!(who(&hers.hear().await), joined("ann"));
    let mut eves = inside(&app, &eve, attic.as_str()).await;

    for place in [room.as_str(), "session_nowhere", "nowhere"] {
        eves.say(&join(place)).await;
        let refused = eves.hear().await;
        assert_eq!(
            (&refused["data"]["code"], &refused["payload"]["roomId"]),
            (&json!("not_found"), &json!(place))
        );
        eves.say(&say(place, "let me in")).await;
        assert_eq!(eves.error().await, "not_joined");
    }
    let live = format!("session_{room}");
    eves.say(&join(&live)).await;
    assert_eq!(eves.error().await, "not_found");

    hers.say(&say(room.as_str(), "for the kitchen")).await;
    hers.say(&say(attic.as_str(), "for the attic")).await;
    assert_eq!(his.hear_a("chat_message").await["payload"]["message"], "for the kitchen");
    assert!(his.before_pong().await.is_empty());
    let heard = eves.before_pong().await;
    assert!(heard.iter().all(|frame| frame["payload"]["roomId"] == json!(attic)), "{heard:?}");
    assert_eq!(history(&app, &ann, &room).await.len(), 1);
}

#[tokio::test]
async fn sl_05_a_message_requires_a_join_on_the_same_connection() {
    let (app, ann, _, room) = kitchen().await;
    let mut inside = inside(&app, &ann, room.as_str()).await;
    let mut outside = skilllift(&app, &ann).await;
    outside.say(&say(room.as_str(), "from nowhere")).await;
    assert_eq!(outside.error().await, "not_joined");
    inside.say(&leave(room.as_str())).await;
    inside.say(&say(room.as_str(), "from the stairs")).await;
    assert_eq!(inside.error().await, "not_joined");
    assert!(history(&app, &ann, &room).await.is_empty());
}

#[tokio::test]
async fn sl_06_a_ping_is_answered_outside_any_room() {
    let (app, ann, _, _) = kitchen().await;
    let mut socket = skilllift(&app, &ann).await;
    socket.say(&json!({ "type": "ping" })).await;
    assert_eq!(socket.hear().await["type"], "pong");
}

#[tokio::test]
async fn sl_07_two_tabs_are_one_participant_and_joining_twice_changes_nothing() {
    let (app, ann, bob, room) = kitchen().await;
    let mut his = inside(&app, &bob, room.as_str()).await;
    let mut tab = inside(&app, &ann, room.as_str()).await;
    assert_eq!(who(&his.hear().await), joined("ann"));
    tab.say(&join(room.as_str())).await;
    assert!(tab.before_pong().await.is_empty());
    let mut other_tab = inside(&app, &ann, room.as_str()).await;
    tab.say(&leave(room.as_str())).await;
    other_tab.say(&say(room.as_str(), "still here")).await;
    // Nothing of the second tab that came, nor of the first one that went.
    assert_eq!(his.hear().await["payload"]["message"], "still here");
    other_tab.say(&leave(room.as_str())).await;
    assert_eq!(who(&his.hear().await), left("ann"));
}

#[tokio::test]
async fn sl_07_a_lost_connection_leaves_after_a_grace_period() {
    let (app, ann, bob, room) = kitchen().await;
    let mut his = inside(&app, &bob, room.as_str()).await;
    let hers = inside(&app, &ann, room.as_str()).await;
    assert_eq!(who(&his.hear().await), joined("ann"));
    drop(hers);
    // A user who reconnects in time did not leave.
    let again = inside(&app, &ann, room.as_str()).await;
    app.say(&ann, &room, "back").await;
    assert_eq!(his.hear().await["payload"]["message"], "back");
    drop(again);
    assert_eq!(who(&his.hear().await), left("ann"));
}

#[tokio::test]
async fn sl_04_11_members_attend_a_live_session_and_its_owner_leads_it() {
    let (app, ann, bob, room) = kitchen().await;
    let live = format!("session_{room}");
    let mut his = inside(&app, &bob, &live).await;
    let mut hers = inside(&app, &ann, &live).await;
    assert_eq!(who(&his.hear().await), joined("ann"));
    let update = |status: &str| json!({ "type": "live_session_update", "data": { "roomId": live, "status": status, "slide": 3, "userId": "eve" } });
    his.say(&update("ended")).await;
    assert_eq!(his.error().await, "forbidden");
    hers.say(&update("live")).await;
    let received = his.hear().await;
    let expected = json!({ "type": "live_session_update", "payload": {
        "roomId": live, "status": "live", "slide": 3, "userId": ann.user.id,
        "timestamp": received["payload"]["timestamp"],
    } });
    assert_eq!(received, expected);
    assert_eq!(hers.hear().await, received);
    // A later participant receives the status of the session.
    let mut late = skilllift(&app, &bob).await;
    late.say(&join(&live)).await;
    assert_eq!(late.hear_a("live_session_update").await, received);
    // Messages of the session are not delivered elsewhere.
    hers.say(&say(&live, "welcome")).await;
    assert_eq!(his.hear_a("chat_message").await["payload"]["roomId"], json!(live));
    assert!(history(&app, &ann, &room).await.is_empty());
    // It ends for a user who is no longer a member of the chat.
    app.delete(&format!("/api/v1/chats/{room}/members/{}", bob.user.id), &ann).await;
    assert_eq!(who(&hers.hear_a("user_left").await), left("bob"));
    his.say(&say(&live, "let me in")).await;
    assert_eq!(his.hear_a("error").await["data"]["code"], "not_found");
}

#[tokio::test]
async fn sl_14_bad_input_gets_an_error_and_keeps_the_connection() {
    let (app, ann, _, room) = kitchen().await;
    let mut socket = inside(&app, &ann, room.as_str()).await;
    for (frame, code) in [
        ("{", "bad_json"),
        ("[]", "bad_frame"),
        (r#"{"type":"shout"}"#, "unknown_type"),
        (r#"{"type":"connected","payload":{"userId":"eve"}}"#, "unknown_type"),
        (r#"{"type":"user_joined","payload":{"roomId":"x"}}"#, "unknown_type"),
        (r#"{"type":"notification","payload":{"title":"forged"}}"#, "unknown_type"),
        (r#"{"type":"join_room","data":{}}"#, "bad_frame"),
        (r#"{"type":"join_room","data":{"roomId":{}}}"#, "bad_frame"),
        (r#"{"type":"chat_message","data":"x"}"#, "bad_frame"),
    ] {
        socket.say_raw(frame).await;
        assert_eq!(socket.error().await, code, "{frame}");
    }
    socket.say_bytes(&[1]).await;
    assert_eq!(socket.error().await, "binary_frame");
    socket.say(&say(room.as_str(), " \t")).await;
    assert_eq!(socket.error().await, "blank");
    socket.say(&say(room.as_str(), "fine")).await;
    assert_eq!(socket.hear().await["payload"]["message"], "fine");
}
