//! What a client of Socket.IO is told of its own events and of its token, through the front door.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so"
)]

mod common;

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{App, mint};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// So long does a test wait for an answer that should come, before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// Events of each kind, sent without waiting: more outcomes than may be untold at a time.
const EVENTS: usize = 400;

struct Client {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    async fn enter(app: &App, token: &str) -> Self {
        let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket", app.addr);
        let (stream, _) = connect_async(url).await.unwrap();
        let mut client = Self { stream };
        client.say(&format!("40{}", json!({ "token": token }))).await;
        client.hear("40{").await;
        client
    }

    async fn say(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    /// The next text that begins so; others are passed over.
    async fn hear(&mut self, beginning: &str) -> String {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.stream.next()).await;
            match message.unwrap_or_else(|_| panic!("nobody said `{beginning}`")) {
                Some(Ok(Message::Text(text))) if text.starts_with(beginning) => return text.to_string(),
                Some(Ok(_)) => {}
                ended => panic!("{ended:?} while waiting for `{beginning}`"),
            }
        }
    }
}

/// What a token says, without a look at its signature.
fn claim_of(token: &str, claim: &str) -> Value {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<Value>(&claims).unwrap()[claim].clone()
}

#[tokio::test]
async fn what_came_of_events_is_told_in_their_order_whatever_takes_longer() {
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
    // And once all are told.
    client.say("429[\"unheard-of\",{}]").await;
    client.hear("439[").await;
}

#[tokio::test]
async fn a_token_that_ends_soon_is_announced_once_renewed_or_ends_the_stay() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let now = UNIX_EPOCH.elapsed().unwrap().as_secs();
    let ending = |seconds: u64| {
        let sid = claim_of(&ann.access_token, "sid");
        mint(&json!({ "sub": ann.user.id, "exp": now + seconds, "iat": now, "sid": sid }))
    };
    let mut renewed = Client::enter(&app, &ending(50)).await;
    renewed.hear(r#"42["expiring","#).await;
    renewed.say(&format!("421{}", json!(["authenticate", { "token": ending(50) }]))).await;
    assert!(renewed.hear("431[").await.contains(r#""ok":true"#));
    // The new one ends soon, too.
    renewed.hear(r#"42["expiring","#).await;

    let mut left_alone = Client::enter(&app, &ending(2)).await;
    left_alone.hear(r#"42["error","#).await;
    left_alone.hear("41").await;
}
