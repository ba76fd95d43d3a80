//! Connects: which are accepted, and what errors the others get.

use protocol::limits;
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Client, PATH, Polling};
use crate::common::{Answer, App, mint};

/// The data behind `44`.
fn error(answer: &str) -> Value {
    serde_json::from_str(answer.strip_prefix("44").unwrap_or_else(|| panic!("let in: {answer}"))).unwrap()
}

#[tokio::test]
async fn every_carrier_accepts_a_token_with_its_scheme_and_spaces() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let token = &ann.access_token;
    for carried in [token.clone(), format!("Bearer {token}"), format!(" bearer  {token}\n")] {
        Client::open(&app, "", &[]).await.connect(&json!({ "token": carried })).await;
        let query = format!("&token={}", carried.replace(' ', "%20").replace('\n', "%0A"));
        Client::open(&app, &query, &[]).await.connect(&json!({})).await;
    }
    let header = format!("Bearer {token}");
    Client::open(&app, "", &[("authorization", &header)]).await.connect(&json!({})).await;
    for bad in [format!("Basic {token}"), "Bearer".to_owned(), format!("Bearer x{token}")] {
        let answer = Client::open(&app, "", &[]).await.ask(&json!({ "token": bad })).await;
        assert_eq!(error(&answer)["data"]["code"], "unauthorized", "{bad}");
    }
    let begun = mint(&json!({ "sub": ann.user.id, "exp": 4_102_444_800.5, "iat": 1.5, "nbf": 1.25 }));
    Client::open(&app, "", &[]).await.connect(&json!({ "token": begun })).await;
}

/// A CONNECT that is refused, and packets that a client sends without waiting for the answer.
fn impatient() -> [String; 3] {
    let event = json!(["send-chat-message", { "roomId": "kitchen", "content": "hello" }]);
    [format!("40{}", json!({ "token": "wrong" })), format!("42{event}"), format!("427{event}")]
}

#[tokio::test]
async fn a_connect_error_arrives_despite_packets_sent_after_the_request() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    for _ in 0..20 {
        let mut client = Client::open(&app, "", &[]).await;
        client.say_at_once(&impatient()).await;
        assert_eq!(error(&client.hear("4").await)["data"]["code"], "unauthorized");
        // It may try again, in the same session.
        client.say(&impatient()[1]).await;
        client.connect(&json!({ "token": ann.access_token })).await;
        client.say(r#"427["unheard-of"]"#).await;
        client.hear("437[").await;

        let session = Polling::begin(&app).await;
        assert_eq!(session.post(&impatient()).await, (200, "ok".to_owned()));
        assert_eq!(error(&session.hear("4").await)["data"]["code"], "unauthorized");
        assert_eq!(session.post(&impatient()).await.0, 200);
        session.hear("44").await;
        assert_eq!(session.post(&["1".to_owned()]).await, (200, "ok".to_owned()));
    }
    // A packet without a CONNECT is still unexpected.
    let mut client = Client::open(&app, "", &[]).await;
    client.say(&impatient()[1]).await;
    let (code, why) = client.end().await;
    assert!(code == 1002 && why.contains("no packet"), "{code} {why}");
}

#[tokio::test]
async fn a_polling_client_leaves_without_an_error() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    for _ in 0..20 {
        let session = Polling::begin(&app).await;
        session.post(&[format!("40{}", json!({ "token": ann.access_token }))]).await;
        session.hear("40{").await;
        session.hear(r#"42["connected","#).await;
        // The library leaves its namespace, and then its session, while a poll is under way.
        let (polled, ()) = tokio::join!(session.poll(), async {
            assert_eq!(session.post(&["41".to_owned()]).await, (200, "ok".to_owned()));
            assert_eq!(session.post(&["1".to_owned()]).await, (200, "ok".to_owned()));
        });
        assert_eq!(polled, (200, "6".to_owned()));
    }
}

#[tokio::test]
async fn a_client_that_left_its_namespace_may_connect_again() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let auth = json!({ "token": ann.access_token });
    let mut client = Client::open(&app, "", &[]).await;
    for _ in 0..3 {
        client.connect(&auth).await;
        client.event("connected").await;
        client.say("41").await;
    }
    client.connect(&auth).await;
    client.say(r#"427["unheard-of"]"#).await;
    client.hear("437[").await;
}

#[tokio::test]
async fn a_connection_over_the_limit_gets_a_code_and_may_retry() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let mut clients = Vec::new();
    for _ in 0..limits::MAX_CONNECTIONS_PER_USER {
        clients.push(Client::enter(&app, &ann.access_token).await);
    }
    let auth = json!({ "token": ann.access_token });
    let mut one_more = Client::open(&app, "", &[]).await;
    let refused = error(&one_more.ask(&auth).await);
    assert_eq!(refused["data"], json!({ "code": "too_many" }));
    // Room is made by one that leaves, which the server notices a little later.
    clients.pop().unwrap().say("41").await;
    for number in 0.. {
        // A session has a few tries.
        if number % 3 == 2 {
            one_more = Client::open(&app, "", &[]).await;
        }
        let answer = one_more.ask(&auth).await;
        if answer.starts_with("40{") {
            break;
        }
        assert_eq!(error(&answer)["data"]["code"], "too_many");
    }
}

#[tokio::test]
async fn a_messagepack_client_is_refused_once_in_its_own_format() {
    const CONNECT: &[u8] = b"\x83\xa4type\x00\xa4data\x81\xa5token\xa1x\xa3nsp\xa1/";
    const EVENT: &[u8] = b"\x83\xa4type\x02\xa4data\x91\xa5hello\xa3nsp\xa1/";
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let mut client = Client::open(&app, "", &[]).await;
    client.say_bytes(CONNECT).await;
    client.say_bytes(EVENT).await;
    let refused = client.bytes().await;
    assert!(refused.starts_with(b"\x83\xa4type\x04\xa4data\x81\xa7message\xda"), "{refused:?}");
    let words = String::from_utf8_lossy(&refused);
    assert!(words.contains("leave out the option `parser`") && refused.ends_with(b"\xa3nsp\xda\x00\x01/"));
    // The session is not ended, so the library does not come back to be refused again.
    client.connect(&json!({ "token": ann.access_token })).await;

    let session = Polling::begin(&app).await;
    let encode = |bytes: &[u8]| {
        use base64::Engine;
        format!("b{}", base64::engine::general_purpose::STANDARD.encode(bytes))
    };
    assert_eq!(session.post(&[encode(CONNECT), encode(EVENT)]).await, (200, "ok".to_owned()));
    assert_eq!(session.poll().await, (200, encode(&refused)));

    // Bytes that are no packet of any parser.
    let mut client = Client::open(&app, "", &[]).await;
    client.say_bytes(&[1, 2, 3]).await;
    assert_eq!(client.end().await.0, 1002);
}

#[tokio::test]
async fn a_request_without_a_session_gets_a_described_error() {
    let app = App::spawn().await;
    let answer = Answer::to(app.request(Method::GET, PATH)).await;
    assert_eq!((answer.status.as_u16(), answer.json()["message"].clone()), (400, json!("Transport unknown")));
}
