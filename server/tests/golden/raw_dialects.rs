//! The published dialects of raw sockets: QuizMaster and its test page, Chat API, SkillLift.

use protocol::rest::Tokens;
use serde_json::{Value, json};
use server::config::Environment;

use crate::client::Client;
use crate::common::{App, FAR_AWAY, mint};
use crate::transcript::Transcript;

/// Frames that no dialect decodes, and that each answers with an error of its own.
const BROKEN: [&str; 5] = ["{", "[]", r#"{"data":{}}"#, r#"{"type":"nothing","data":{}}"#, r#"{"type":7}"#];

async fn answers_to_broken_frames(t: &mut Transcript, client: &mut Client) {
    for frame in BROKEN {
        client.ask(t, frame, r#""error""#).await;
    }
    client.send_bytes(t, &[0xff, 0]).await;
    client.expect(t, r#""error""#).await;
}

/// Ends in 50 seconds: sooner than a client is warned of it.
fn ending(who: &Tokens) -> String {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    mint(&json!({ "sub": who.user.id, "exp": now + 50, "iat": now }))
}

/// Frames that the server sends in every raw dialect unasked: a token ends, was renewed, the server stops.
async fn life_of_a_connection(t: &mut Transcript, app: App, path: &str, who: &Tokens) {
    let mut client = Client::open(&app, "ann", &format!("{path}?token={}", ending(who))).await;
    client.expect(t, r#""expiring""#).await;
    let renewal = format!(r#"{{"type":"authenticate","data":{{"token":"{}"}}}}"#, who.access_token);
    client.ask(t, &renewal, r#""authenticated""#).await;
    client.ask(t, r#"{"type":"authenticate","data":{"token":"wrong"}}"#, r#""error""#).await;
    tokio::join!(app.stop(), async {
        client.expect(t, r#""closing""#).await;
        client.expect_close(t).await;
    });
}

/// A job from its start to its end, with its events.
async fn job(app: &App, who: &Tokens, end: &Value) {
    let job = app.post("/api/v1/jobs", who, &json!({ "title": "Import", "subject": "list-7" })).await.json();
    let path = format!("/api/v1/jobs/{}", job["id"].as_str().unwrap());
    app.patch(&path, who, &json!({ "progress": 40, "stage": "sorting", "message": "Almost" })).await;
    app.patch(&path, who, end).await;
}

#[tokio::test]
async fn frames_of_quizmaster_are_unchanged() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let mut notes = Transcript::default();
    let t = &mut notes;
    let path = "/ws/endpoint";
    let mut client = Client::open(&app, "ann", &format!("{path}?token={}", ann.access_token)).await;
    client.expect(t, "connection_status").await;
    let simulate = r#"{"type":"simulate","data":{"duration_seconds":0.2,"frequency_seconds":0.1,"message_prefix":"Step"}}"#;
    client.ask(t, simulate, r#""update""#).await;
    client.expect(t, r#""update""#).await;
    client.expect(t, r#""complete""#).await;
    job(&app, &ann, &json!({ "status": "completed", "result": { "rows": 7 } })).await;
    for part in [r#""update""#, r#""update""#, r#""complete""#, r#""notification""#] {
        client.expect(t, part).await;
    }
    job(&app, &ann, &json!({ "status": "failed", "error": "disk full", "retryable": true })).await;
    client.expect(t, r#""job_failed""#).await;
    client.expect(t, r#""notification""#).await;
    client.ask(t, &simulate.replace("0.2", "4000"), r#""error""#).await;
    client.ask(t, r#"{"type":"simulate","data":{"duration_seconds":1}}"#, r#""error""#).await;
    answers_to_broken_frames(t, &mut client).await;
    drop(client);
    life_of_a_connection(t, app, path, &ann).await;
    notes.compare("quizmaster.txt");
}

#[tokio::test]
async fn frames_of_the_quizmaster_test_page_are_unchanged() {
    let app = App::spawn_with(|config| config.environment = Environment::Development).await;
    let mut notes = Transcript::default();
    let t = &mut notes;
    let mut client = Client::open(&app, "page", "/dev/ws/test").await;
    client.expect(t, r#""test""#).await;
    let settings = r#"{"duration_seconds":0.1,"frequency_seconds":0.1,"message_prefix":"Test"}"#;
    client.ask(t, settings, "simulation_started").await;
    client.expect(t, "simulation_update").await;
    client.expect(t, "simulation_complete").await;
    client.ask(t, r#"{"duration_seconds":1}"#, r#""error""#).await;
    answers_to_broken_frames(t, &mut client).await;
    notes.compare("quizmaster_page.txt");
}

// Long because it is a script, read from top to bottom.
#[tokio::test]
async fn frames_of_the_chat_api_are_unchanged() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let body = json!({ "name": "Kitchen", "id": "kitchen", "member_ids": [bob.user.id] });
    app.post("/api/v1/chats", &ann, &body).await;
    let mut notes = Transcript::default();
    let t = &mut notes;
    let chat = "/api/v1/ws/chat/kitchen";
    let own = |who: &Tokens| format!("/api/v1/ws/{}?token={}", who.user.id, who.access_token);
    let mut hers = Client::open(&app, "ann", &format!("{chat}?token={}", ann.access_token)).await;
    let mut his = Client::open(&app, "bob", &format!("{chat}?token={}", bob.access_token)).await;
    let mut personal = Client::open(&app, "bob personally", &own(&bob)).await;
    t.heading("in a chat");
    hers.send(t, r#"{"type":"typing_indicator","data":{"is_typing":true}}"#).await;
    his.expect(t, "typing_indicator").await;
    let message =
        r#"{"type":"send_message","data":{"content":"Tea \"is\" ready \u0001 שלום","message_type":"text"}}"#;
    let received = hers.ask(t, message, "new_message").await;
    let received: Value = serde_json::from_str(&received).unwrap();
    let id = received["data"]["id"].as_str().unwrap();
    let answer = message.replace(r#""message_type":"text""#, &format!(r#""parent_message_id":"{id}""#));
    hers.ask(t, &answer, "new_message").await;
    his.expect(t, "new_message").await;
    his.send(t, &format!(r#"{{"type":"read_receipt","data":{{"message_id":"{id}"}}}}"#)).await;
    hers.expect(t, "read_receipt").await;
    hers.ask(t, r#"{"type":"ping"}"#, r#""pong""#).await;
    t.heading("changes");
    for (kind, more, answer) in [
        ("edit_message", r#","content":"Tea is cold""#, "message_updated"),
        ("react_to_message", r#","emoji":"👍""#, "message_reaction"),
        ("react_to_message", r#","emoji":"👍","on":false"#, "message_reaction"),
        ("pin_message", "", "message_pinned"),
        ("delete_message", "", "message_deleted"),
        ("edit_message", r#","content":"Too late""#, r#""error""#),
    ] {
        let frame = format!(r#"{{"type":"{kind}","data":{{"message_id":"{id}"{more}}}}}"#);
        hers.ask(t, &frame, answer).await;
    }
    his.expect(t, "message_deleted").await;
    t.heading("personally");
    let direct = json!({ "content": "Which?", "recipient_id": bob.user.id, "chat_id": "kitchen" });
    hers.send(t, &json!({ "type": "direct_message", "data": direct }).to_string()).await;
    personal.expect(t, "new_direct_message").await;
    job(&app, &bob, &json!({ "status": "completed" })).await;
    personal.expect(t, r#""notification""#).await;
    personal.ask(t, r#"{"type":"ping","data":{"anything":1}}"#, r#""pong""#).await;
    t.heading("errors");
    let nobody = direct_to("nobody");
    for frame in [
        r#"{"type":"send_message","data":{"content":" "}}"#,
        r#"{"type":"send_message","data":{"content":7}}"#,
        r#"{"type":"send_message","data":{"content":"x","parent_message_id":"00000000-0000-0000-0000-000000000000"}}"#,
        r#"{"type":"read_receipt","data":{"message_id":"00000000-0000-0000-0000-000000000000"}}"#,
        r#"{"type":"typing_indicator","data":{"is_typing":"yes"}}"#,
        nobody.as_str(),
    ] {
        hers.ask(t, frame, r#""error""#).await;
    }
    answers_to_broken_frames(t, &mut hers).await;
    personal.ask(t, message, r#""error""#).await;
    t.heading("ends");
    app.delete(&format!("/api/v1/chats/kitchen/members/{}", bob.user.id), &ann).await;
    his.expect_close(t).await;
    drop((hers, personal));
    life_of_a_connection(t, app, chat, &ann).await;
    notes.compare("chat_api.txt");
}

fn direct_to(user: &str) -> String {
    format!(
        r#"{{"type":"direct_message","data":{{"content":"x","recipient_id":"{user}","chat_id":"kitchen"}}}}"#
    )
}

#[tokio::test]
async fn frames_of_skilllift_are_unchanged() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let body = json!({ "name": "Kitchen", "id": "kitchen", "member_ids": [bob.user.id] });
    app.post("/api/v1/chats", &ann, &body).await;
    let mut notes = Transcript::default();
    let t = &mut notes;
    let mut hers = Client::open(&app, "ann", &format!("/?token={}", ann.access_token)).await;
    hers.expect(t, r#""connected""#).await;
    let mut his = Client::open(&app, "bob", "/").await;
    his.send(t, &format!(r#"{{"type":"authenticate","data":{{"token":"{}"}}}}"#, bob.access_token)).await;
    his.expect(t, r#""connected""#).await;
    hers.ask(t, r#"{"type":"join_room","data":{"roomId":"kitchen"}}"#, "user_joined").await;
    his.ask(t, r#"{"type":"join_room","payload":{"room_id":"kitchen"}}"#, r#""userName":"ann""#).await;
    his.expect(t, r#""userName":"bob""#).await;
    hers.expect(t, r#""userName":"bob""#).await;
    let message =
        r#"{"type":"chat_message","data":{"roomId":"kitchen","message":"Tea \"is\" ready \u0001 שלום"}}"#;
    let received = hers.ask(t, message, "chat_message").await;
    his.expect(t, "chat_message").await;
    let received: Value = serde_json::from_str(&received).unwrap();
    let id = received["payload"]["messageId"].as_str().unwrap();
    for (kind, more, answer) in [
        ("edit_message", r#","message":"Tea is cold""#, "message_updated"),
        ("react_to_message", r#","emoji":"👍""#, "message_reaction"),
        ("react_to_message", r#","emoji":"👍","on":false"#, "message_reaction"),
        ("delete_message", "", "message_deleted"),
        ("edit_message", r#","message":"Too late""#, r#""error""#),
    ] {
        let frame = format!(r#"{{"type":"{kind}","data":{{"roomId":"kitchen","messageId":"{id}"{more}}}}}"#);
        hers.ask(t, &frame, answer).await;
    }
    his.expect(t, "message_deleted").await;
    his.send(t, r#"{"type":"leave_room","room":"kitchen"}"#).await;
    hers.expect(t, "user_left").await;
    hers.ask(t, r#"{"type":"join_room","data":{"roomId":"session_kitchen"}}"#, "user_joined").await;
    let live =
        r#"{"type":"live_session_update","data":{"roomId":"session_kitchen","status":"paused","slide":3}}"#;
    hers.ask(t, live, "live_session_update").await;
    hers.ask(t, r#"{"type":"ping"}"#, r#""pong""#).await;
    job(&app, &ann, &json!({ "status": "completed" })).await;
    hers.expect(t, r#""notification""#).await;
    t.heading("errors");
    for frame in [
        r#"{"type":"join_room","data":{"roomId":"nowhere"}}"#,
        r#"{"type":"join_room","data":{}}"#,
        r#"{"type":"chat_message","data":{"roomId":"attic","message":"x"}}"#,
        r#"{"type":"chat_message","data":{"roomId":"kitchen","message":" "}}"#,
        r#"{"type":"chat_message","data":{"roomId":"no spaces","message":"x"}}"#,
    ] {
        hers.ask(t, frame, r#""error""#).await;
    }
    his.ask(t, live, r#""error""#).await;
    answers_to_broken_frames(t, &mut hers).await;
    t.heading("ends");
    drop((hers, his));
    life_of_a_connection(t, app, "/", &ann).await;
    notes.compare("skilllift.txt");
}

/// Handshakes that are refused: the status and the body.
#[tokio::test]
async fn refused_handshakes_are_unchanged() {
    let app = App::spawn().await;
    let (ann, eve) = (app.register("ann").await, app.register("eve").await);
    app.post("/api/v1/chats", &ann, &json!({ "name": "Kitchen", "id": "kitchen" })).await;
    let over = mint(&json!({ "sub": ann.user.id, "exp": 1_700_000_000 }));
    let unsigned = mint(&json!({ "sub": ann.user.id, "exp": FAR_AWAY })) + "x";
    let mut notes = Transcript::default();
    let own = format!("/api/v1/ws/{}?token={}", ann.user.id, eve.access_token);
    for (words, path) in [
        ("no token", "/ws/endpoint".to_owned()),
        ("a wrong token", format!("/ws/endpoint?token={unsigned}")),
        ("a token that is over", format!("/api/v1/ws?token={over}")),
        ("a wrong ticket", "/api/v1/ws?ticket=wrong".to_owned()),
        ("the chat of others", format!("/api/v1/ws/chat/kitchen?token={}", eve.access_token)),
        ("no chat", format!("/api/v1/ws/chat/nowhere?token={}", eve.access_token)),
        ("the id of another user", own),
        ("an address that is for development", format!("/dev/ws/test?token={}", ann.access_token)),
    ] {
        let error = tokio_tungstenite::connect_async(format!("ws://{}{path}", app.addr)).await.err().unwrap();
        let tokio_tungstenite::tungstenite::Error::Http(answer) = error else { panic!("{words}: {error}") };
        let body = answer.body().as_deref().unwrap_or_default();
        let body = String::from_utf8_lossy(body).into_owned();
        // A page that says the same to people.
        let body = if body.contains("<!DOCTYPE") { "a page".to_owned() } else { body };
        notes.note(words, &format!("{} {body}", answer.status().as_u16()));
    }
    notes.compare("handshakes.txt");
}
