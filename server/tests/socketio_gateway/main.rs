//! The Socket.IO gateway: connects, acknowledgements, expiry of tokens and limits.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so"
)]

mod client;
#[path = "../common/mod.rs"]
mod common;
mod connect;
mod library;
mod limits;
mod resume;

use std::time::UNIX_EPOCH;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use client::{Client, Polling};
use common::{App, mint};
use protocol::rest::Tokens;
use serde_json::{Value, json};

/// Events of each kind, sent without waiting: more acknowledgements than may be pending at a time.
const EVENTS: usize = 400;

/// The claims of a token, read without checking the signature.
fn claim_of(token: &str, claim: &str) -> Value {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<Value>(&claims).unwrap()[claim].clone()
}

/// A token of the same sign-in that ends in so many seconds.
fn ending(who: &Tokens, seconds: u64) -> String {
    let now = UNIX_EPOCH.elapsed().unwrap().as_secs();
    let sid = claim_of(&who.access_token, "sid");
    mint(&json!({ "sub": who.user.id, "exp": now + seconds, "iat": now, "sid": sid }))
}

#[tokio::test]
async fn acknowledgements_arrive_in_the_order_of_their_events() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Kitchen", &[]).await;
    let mut client = Client::enter(&app, &ann.access_token).await;
    client.say(&format!("421{}", json!(["join-chat-room", room]))).await;
    client.hear("431[").await;

    // A post waits for its commit; an event that nobody knows is answered at once.
    for number in 0..EVENTS {
        let said = json!({ "roomId": room, "content": number.to_string() });
        client.say(&format!("42{}{}", 10 + 2 * number, json!(["send-chat-message", said]))).await;
        client.say(&format!("42{}{}", 11 + 2 * number, json!(["unheard-of", {}]))).await;
    }
    for number in 0..2 * EVENTS {
        let answer = client.hear("43").await;
        let is_post = number % 2 == 0;
        assert!(answer.starts_with(&format!("43{}[", 10 + number)), "{answer} came as number {number}");
        assert_eq!(answer.contains(r#""ok":true"#), is_post, "{answer}");
    }
    // And once all are acknowledged.
    client.say("429[\"unheard-of\",{}]").await;
    client.hear("439[").await;
}

#[tokio::test]
async fn an_expiring_token_is_announced_once_and_may_be_renewed() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let mut renewed = Client::enter(&app, &ending(&ann, 50)).await;
    renewed.hear(r#"42["expiring","#).await;
    // As other carriers take it.
    let token = format!("Bearer {}\n", ending(&ann, 50));
    renewed.say(&format!("421{}", json!(["authenticate", { "token": token }]))).await;
    assert!(renewed.hear("431[").await.contains(r#""ok":true"#));
    // The new one ends soon, too.
    renewed.hear(r#"42["expiring","#).await;
}

#[tokio::test]
async fn a_client_with_an_expired_token_recovers_with_a_new_one() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Kitchen", &[]).await;
    let mut client = Client::open(&app, "", &[]).await;
    let first = client.connect(&json!({ "token": ending(&ann, 3) })).await;
    client.say(&format!("421{}", json!(["join-chat-room", room]))).await;
    client.hear("431[").await;
    let error = client.event("error").await;
    assert_eq!(error[0]["code"], "unauthorized");
    // Not shown out (`41`), after which the library would not come back by itself.
    assert_eq!(client.end().await, (4401, "the token has expired".to_owned()));
    app.say(&ann, &room, "meanwhile").await;
    let offset = error[1].as_str().unwrap();
    let mut back = Client::open(&app, "", &[]).await;
    let auth = json!({ "token": ann.access_token, "pid": first["pid"], "offset": offset });
    assert_eq!(back.connect(&auth).await["sid"], first["sid"]);
    assert_eq!(back.event("chat-message").await[0]["content"], "meanwhile");
}

#[tokio::test]
async fn an_expired_token_closes_the_transport_of_a_polling_client() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let session = Polling::begin(&app).await;
    session.post(&[format!("40{}", json!({ "token": ending(&ann, 2) }))]).await;
    session.hear("40{").await;
    session.hear(r#"42["error","#).await;
    assert_eq!(session.poll().await, (200, "1".to_owned()));
}

#[tokio::test]
async fn binary_events_are_refused_and_not_delivered() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Board", &[&bob]).await;
    let mut hers = Client::enter(&app, &ann.access_token).await;
    let mut his = Client::enter(&app, &bob.access_token).await;
    for client in [&mut hers, &mut his] {
        client.say(&format!("421{}", json!(["join-chat-room", room]))).await;
        client.hear("431[").await;
    }
    let placeholder = json!({ "_placeholder": true, "num": 0 });
    for event in [
        json!(["broadcast", { "roomId": room, "event": "move", "data": placeholder }]),
        json!(["send-chat-message", { "roomId": room, "content": "hello", "file": placeholder }]),
    ] {
        hers.say(&format!("451-7{event}")).await;
        hers.say_bytes(&[1, 2, 3]).await;
        let answer: Value =
            serde_json::from_str(hers.hear("437").await.strip_prefix("437").unwrap()).unwrap();
        let received = (&answer[0]["ok"], &answer[0]["code"], &answer[0]["field"]);
        assert_eq!(received, (&json!(false), &json!("invalid"), &json!("data")), "{event}");
    }
    let said = json!(["broadcast", { "roomId": room, "event": "move", "data": "text" }]);
    hers.say(&format!("42{said}")).await;
    assert_eq!(his.event("broadcast").await[0]["data"], "text");
    assert_eq!(app.get(&format!("/api/v1/chats/{room}/messages"), &ann).await.json()["messages"], json!([]));
}
