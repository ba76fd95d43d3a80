//! Offsets: a last argument of each event, sent only to clients that resume.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::RoomId;
use protocol::rest::Tokens;
use serde_json::{Value, json};

use crate::client::Client;
use crate::common::App;

const PYTHON: (&str, &str) = ("user-agent", "Python/3.11 aiohttp/3.14.5");
const BROWSER: (&str, &str) = ("user-agent", "Mozilla/5.0 (X11; Linux x86_64)");

#[tokio::test]
async fn only_clients_that_resume_receive_offsets() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Kitchen", &[]).await;
    let token = &ann.access_token;
    for (query, headers, resume, has_offsets) in [
        ("", vec![], None, true),
        ("", vec![BROWSER], None, true),
        ("", vec![PYTHON], None, false),
        ("", vec![("user-agent", "python-requests/2.34.2")], None, false),
        ("", vec![("user-agent", "Dart/3.4 (dart:io)")], None, false),
        ("&resume=0", vec![], None, false),
        ("&resume=0", vec![BROWSER], None, false),
        ("&resume=1", vec![PYTHON], None, true),
        ("&resume=0", vec![], Some(json!(true)), true),
        ("&resume=1", vec![BROWSER], Some(json!(false)), false),
    ] {
        let case = format!("{query} {headers:?} {resume:?}");
        let mut client = Client::open(&app, query, &headers).await;
        let mut auth = json!({ "token": token });
        if let Some(resume) = resume {
            auth["resume"] = resume;
        }
        let connected = client.connect(&auth).await;
        assert_eq!(connected.get("pid").is_some(), has_offsets, "{case}");
        // From the inbox and from a room.
        client.say(&format!("421{}", json!(["join-chat-room", room]))).await;
        client.hear("431[").await;
        app.say(&ann, &room, "hello").await;
        let arguments = client.event("chat-message").await;
        assert_eq!(arguments.len(), if has_offsets { 2 } else { 1 }, "{case}: {arguments:?}");
        assert_eq!(arguments[0]["content"], "hello", "{case}");
    }
}

#[tokio::test]
async fn a_client_that_does_not_resume_starts_over() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let mut first = Client::open(&app, "", &[]).await;
    let connected = first.connect(&json!({ "token": ann.access_token })).await;
    let offset = first.event("connected").await.pop().unwrap();
    let mut auth = json!({ "token": ann.access_token, "pid": connected["pid"], "offset": offset });
    let back = Client::open(&app, "", &[]).await.connect(&auth).await;
    assert_eq!(back["sid"], connected["sid"]);
    auth["resume"] = json!(false);
    let over = Client::open(&app, "", &[]).await.connect(&auth).await;
    assert_ne!(over["sid"], connected["sid"]);
    assert_eq!(over.get("pid"), None);
}

#[tokio::test]
async fn an_invalid_resume_option_is_rejected_by_name() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    for (query, resume) in [("&resume=maybe", Value::Null), ("", json!("maybe")), ("", json!([]))] {
        let mut client = Client::open(&app, query, &[]).await;
        let answer = client.ask(&json!({ "token": ann.access_token, "resume": resume })).await;
        let error: Value = serde_json::from_str(answer.strip_prefix("44").unwrap()).unwrap();
        assert_eq!(error["data"], json!({ "code": "invalid", "field": "resume" }), "{query} {resume}");
    }
}

/// The server, started again after all rooms were given one epoch. Epochs are drawn, and may be the same.
async fn with_one_epoch(app: App) -> App {
    let database = app.folder().join("hubbub.db");
    let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", database.display())).await.unwrap();
    sqlx::query("UPDATE rooms SET epoch = 7").execute(&pool).await.unwrap();
    pool.close().await;
    app.restart().await
}

/// The recovery data of a client that joined a room, received one message there, and left.
async fn left_after_a_message(app: &App, who: &Tokens, author: &Tokens, room: &RoomId) -> (Value, String) {
    let mut client = Client::open(app, "", &[]).await;
    let connected = client.connect(&json!({ "token": who.access_token })).await;
    client.say(&format!("421{}", json!(["join-chat-room", room]))).await;
    client.hear("431[").await;
    app.say(author, room, "before").await;
    let arguments = client.event("chat-message").await;
    (connected, arguments[1].as_str().unwrap().to_owned())
}

/// A client that comes back, and whether it is recovered.
async fn come_back(app: &App, who: &Tokens, was: &Value, offset: &str) -> (Client, bool) {
    let mut client = Client::open(app, "", &[]).await;
    let auth = json!({ "token": who.access_token, "pid": was["pid"], "offset": offset });
    let connected = client.connect(&auth).await;
    (client, connected["sid"] == was["sid"])
}

#[tokio::test]
async fn two_rooms_of_one_epoch_are_not_confused() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let kitchen = app.create_room(&bob, "Kitchen", &[&ann]).await;
    let attic = app.create_room(&bob, "Attic", &[&ann]).await;
    let app = with_one_epoch(app).await;
    for (here, elsewhere) in [(&kitchen, &attic), (&attic, &kitchen)] {
        let (was, offset) = left_after_a_message(&app, &ann, &bob, here).await;
        app.say(&bob, here, "missed").await;
        for _ in 0..2 {
            app.say(&bob, elsewhere, "elsewhere").await;
        }
        let (mut client, is_recovered) = come_back(&app, &ann, &was, &offset).await;
        assert!(is_recovered);
        assert_eq!(client.event("chat-message").await[0]["content"], "missed");
    }
}

#[tokio::test]
async fn a_left_room_is_not_confused_with_another_of_its_epoch() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let left = app.create_room(&bob, "Kitchen", &[&ann]).await;
    let other = app.create_room(&bob, "Attic", &[&ann]).await;
    let app = with_one_epoch(app).await;
    let (was, offset) = left_after_a_message(&app, &ann, &bob, &left).await;
    app.say(&bob, &other, "elsewhere").await;
    let path = format!("/api/v1/chats/{left}/members/{}", ann.user.id);
    assert_eq!(app.delete(&path, &bob).await.status, 204);
    let (_, is_recovered) = come_back(&app, &ann, &was, &offset).await;
    assert!(!is_recovered, "the client must learn that it is not in the room any more");
}

/// The text as 0.1 wrote it, where epochs alone named rooms, from one of a client of one room with small numbers and without changes.
fn as_of_the_first_release(offset: &str) -> String {
    let bytes = URL_SAFE_NO_PAD.decode(offset).unwrap();
    let &[3, inbox, ref epoch_and_check @ .., seq, 0] = bytes.as_slice() else { panic!("{bytes:?}") };
    assert_eq!(epoch_and_check.len(), 8, "{bytes:?}");
    URL_SAFE_NO_PAD.encode([&[1, inbox], &epoch_and_check[..4], &[seq]].concat())
}

#[tokio::test]
async fn an_offset_of_version_0_1_recovers_if_its_epochs_are_unique() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let kitchen = app.create_room(&bob, "Kitchen", &[&ann]).await;
    app.create_room(&bob, "Attic", &[&ann]).await;
    let (was, offset) = left_after_a_message(&app, &ann, &bob, &kitchen).await;
    app.say(&bob, &kitchen, "missed").await;
    let (mut client, is_recovered) = come_back(&app, &ann, &was, &as_of_the_first_release(&offset)).await;
    assert!(is_recovered);
    assert_eq!(client.event("chat-message").await[0]["content"], "missed");

    let app = with_one_epoch(app).await;
    let (was, offset) = left_after_a_message(&app, &ann, &bob, &kitchen).await;
    let (_, is_recovered) = come_back(&app, &ann, &was, &as_of_the_first_release(&offset)).await;
    assert!(!is_recovered, "which of the two rooms is meant cannot be told");
}
