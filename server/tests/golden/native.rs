//! The native protocol: every frame of the server is received, and every frame of a client is sent.

use protocol::{ClientFrame, ServerFrame};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::client::Client;
use crate::common::{App, mint};
use crate::transcript::Transcript;

/// The names of the frames of one side, as serde lists them when it meets another one.
fn known<F: DeserializeOwned>() -> Vec<String> {
    let error = serde_json::from_str::<F>(r#"{"type":"?","data":{}}"#).err().unwrap().to_string();
    error.split('`').skip(3).step_by(2).map(str::to_owned).collect()
}

fn draft(number: u32) -> String {
    format!("00000000-0000-0000-0000-{number:012}")
}

/// Ends in 50 seconds: sooner than a client is warned of it.
fn ending(id: &str) -> String {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    mint(&json!({ "sub": id, "exp": now + 50, "iat": now }))
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "Long because it is a script, read from top to bottom")]
async fn frames_of_the_native_protocol_are_unchanged() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let (ann_id, bob_id) = (ann.user.id.as_str(), bob.user.id.as_str());
    let admin = mint(&json!({ "sub": ann_id, "exp": crate::common::FAR_AWAY, "hubbub_role": "admin" }));
    let mut notes = Transcript::default();
    let t = &mut notes;
    let native = "/api/v1/ws";

    t.heading("entering");
    let mut hers = Client::open(&app, "ann", &format!("{native}?token={}", ann.access_token)).await;
    hers.expect(t, r#""welcome""#).await;
    let mut his = Client::open(&app, "bob", native).await;
    his.send(t, &format!(r#"{{"type":"authenticate","data":{{"token":"{}","inbox":0}}}}"#, bob.access_token))
        .await;
    his.expect(t, r#""welcome""#).await;
    his.expect(t, r#""type":"inbox""#).await;
    let renewal = format!(r#"{{"type":"authenticate","data":{{"token":"{}"}}}}"#, ann.access_token);
    hers.ask(t, &renewal, r#""authenticated""#).await;
    let mut short = Client::open(&app, "short", &format!("{native}?token={}", ending(ann_id))).await;
    short.expect(t, r#""expiring""#).await;

    t.heading("rooms");
    let body = json!({ "name": "Kitchen", "id": "kitchen", "member_ids": [bob_id] });
    assert_eq!(app.post("/api/v1/chats", &ann, &body).await.status.as_u16(), 201);
    his.expect(t, r#""room_added""#).await;
    hers.ask(t, r#"{"type":"join","data":{"room":"kitchen"}}"#, r#""joined""#).await;
    his.ask(t, r#"{"type":"join","data":{"room":"kitchen"}}"#, r#""joined""#).await;
    app.patch("/api/v1/chats/kitchen", &ann, &json!({ "name": "Galley" })).await;
    his.expect(t, r#""room_renamed""#).await;
    let cid = app.register("cid").await;
    app.post("/api/v1/chats/kitchen/members", &ann, &json!({ "user_ids": [cid.user.id] })).await;
    his.expect(t, r#""member_added""#).await;
    let mut cids = Client::open(&app, "cid", &format!("{native}?token={}", cid.access_token)).await;
    cids.expect(t, r#""welcome""#).await;
    his.expect(t, &format!(r#""online":["{}"]"#, cid.user.id)).await;
    app.delete(&format!("/api/v1/chats/kitchen/members/{}", cid.user.id), &ann).await;
    his.expect(t, r#""member_removed""#).await;
    cids.expect(t, r#""room_removed""#).await;

    t.heading("messages");
    his.send(t, r#"{"type":"typing","data":{"room":"kitchen","on":true}}"#).await;
    hers.expect(t, r#""typing""#).await;
    his.send(t, r#"{"type":"typing","data":{"room":"kitchen","on":false}}"#).await;
    hers.expect(t, r#""typing""#).await;
    let post = |number: u32, more: &str| {
        let draft = draft(number);
        format!(
            r#"{{"type":"post","data":{{"room":"kitchen","draft":"{draft}","body":"Tea \"is\" ready \u0001 שלום"{more}}}}}"#
        )
    };
    let posted = hers.ask(t, &post(1, ""), r#""posted""#).await;
    his.expect(t, r#""type":"message""#).await;
    let posted: serde_json::Value = serde_json::from_str(&posted).unwrap();
    let parent = format!(r#","parent":{},"kind":"question""#, posted["data"]["id"]);
    hers.ask(t, &post(2, &parent), r#""posted""#).await;
    his.expect(t, r#""kind":"question""#).await;
    hers.ask(t, &post(1, ""), r#""posted""#).await;
    his.send(t, r#"{"type":"read","data":{"room":"kitchen","seq":2}}"#).await;
    hers.expect(t, r#""type":"read""#).await;
    let join =
        format!(r#"{{"type":"join","data":{{"room":"kitchen","since":{}}}}}"#, posted["data"]["cursor"]);
    hers.ask(t, &join, r#""joined""#).await;
    hers.ask(t, r#"{"type":"join","data":{"room":"kitchen"}}"#, r#""joined""#).await;
    let direct =
        format!(r#"{{"type":"direct","data":{{"room":"kitchen","to":"{bob_id}","body":"Which one?"}}}}"#);
    hers.ask(t, &direct, r#""type":"direct""#).await;
    his.expect(t, r#""type":"direct""#).await;
    let broadcast =
        r#"{"type":"broadcast","data":{"room":"kitchen","event":"pointer","data":{"x":0.50,"y":[1,2]}}}"#;
    hers.ask(t, broadcast, r#""broadcast""#).await;
    his.ask(t, r#"{"type":"leave","data":{"room":"kitchen"}}"#, r#""left""#).await;

    t.heading("changes of messages");
    let take = r#"{"type":"join","data":{"room":"kitchen","changes":0}}"#;
    his.ask(t, take, r#""rev":0"#).await;
    let message = posted["data"]["id"].as_str().unwrap();
    let change = |kind: &str, number: u32, more: &str| {
        let draft = draft(number);
        format!(
            r#"{{"type":"{kind}","data":{{"room":"kitchen","draft":"{draft}","message":"{message}"{more}}}}}"#
        )
    };
    let edit = change("edit", 21, r#","body":"Tea is cold","base_rev":0"#);
    hers.ask(t, &edit, r#""done""#).await;
    his.expect(t, r#""changed""#).await;
    hers.ask(t, &change("react", 22, r#","emoji":"👍","on":true"#), r#""done""#).await;
    his.expect(t, r#""changed""#).await;
    hers.ask(t, &change("pin", 23, r#","on":true"#), r#""done""#).await;
    his.expect(t, r#""changed""#).await;
    hers.ask(t, &change("delete", 24, ""), r#""done""#).await;
    his.expect(t, r#""changed""#).await;
    hers.ask(t, &change("edit", 25, r#","body":"Too late""#), r#""error""#).await;
    let since = &posted["data"]["cursor"];
    let back = format!(r#"{{"type":"join","data":{{"room":"kitchen","since":{since},"changes":1}}}}"#);
    his.ask(t, &back, r#""changed""#).await;
    his.ask(t, r#"{"type":"leave","data":{"room":"kitchen"}}"#, r#""left""#).await;

    t.heading("live sessions");
    hers.ask(t, r#"{"type":"join","data":{"room":"session_kitchen"}}"#, r#""joined""#).await;
    his.ask(t, r#"{"type":"join","data":{"room":"session_kitchen"}}"#, r#""joined""#).await;
    hers.expect(t, r#""participant""#).await;
    let live = r#"{"type":"live","data":{"room":"session_kitchen","status":"paused","details":{"slide":3}}}"#;
    hers.ask(t, live, r#""type":"live""#).await;
    hers.ask(t, r#"{"type":"join","data":{"room":"session_kitchen"}}"#, r#""joined""#).await;

    t.heading("what reaches a user");
    let job = json!({ "title": "Import", "subject": "list-7", "message": "soon" });
    let job = app.post("/api/v1/jobs", &ann, &job).await.json();
    hers.expect(t, r#""step":"started""#).await;
    let path = format!("/api/v1/jobs/{}", job["id"].as_str().unwrap());
    app.patch(&path, &ann, &json!({ "progress": 40, "stage": "sorting", "message": "Almost" })).await;
    hers.expect(t, r#""step":"progressed""#).await;
    app.patch(&path, &ann, &json!({ "status": "completed", "result": { "rows": 7 } })).await;
    hers.expect(t, r#""step":"completed""#).await;
    hers.expect(t, r#""type":"notification""#).await;
    app.delete(&path, &ann).await;
    hers.expect(t, r#""step":"deleted""#).await;
    let failed = app.post("/api/v1/jobs", &ann, &json!({ "title": "Export", "kind": "report" })).await.json();
    let path = format!("/api/v1/jobs/{}", failed["id"].as_str().unwrap());
    app.patch(&path, &ann, &json!({ "status": "failed", "error": "disk full", "retryable": true })).await;
    hers.expect(t, r#""step":"failed""#).await;
    let signal = json!({ "userId": ann_id, "event": "deal-won", "message": "Won", "data": { "amount": 7 } });
    let request =
        app.request(reqwest::Method::POST, "/api/v1/websocket/test/emit-to-user").bearer_auth(&admin);
    assert_eq!(request.json(&signal).send().await.unwrap().status().as_u16(), 200);
    hers.expect(t, r#""signal""#).await;
    let mode = json!({ "enabled": true, "message": "Back at six" });
    let request = app.request(reqwest::Method::POST, "/api/v1/admin/maintenance").bearer_auth(&admin);
    request.json(&mode).send().await.unwrap();
    hers.expect(t, r#""maintenance""#).await;

    t.heading("liveness and simulated jobs");
    hers.ask(t, r#"{"type":"ping","data":{"nonce":1}}"#, r#""pong""#).await;
    let run = draft(9);
    let simulate = format!(
        r#"{{"type":"simulate","data":{{"run":"{run}","duration_ms":100,"frequency_ms":100,"prefix":"Step","failure_rate":0.0}}}}"#
    );
    hers.ask(t, &simulate, r#""progress""#).await;
    hers.expect(t, r#""finished""#).await;
    let long = simulate.replace("\"duration_ms\":100", "\"duration_ms\":9000000").replace("000009", "000010");
    hers.ask(t, &long, r#""error""#).await;
    let long = long.replace("9000000", "3000000").replace("\"frequency_ms\":100", "\"frequency_ms\":60000");
    hers.send(t, &long).await;
    hers.ask(t, &format!(r#"{{"type":"cancel","data":{{"run":"{}"}}}}"#, draft(10)), r#""finished""#).await;

    t.heading("errors");
    let blank = post(3, "").replace("Tea \\\"is\\\" ready \\u0001 שלום", " ");
    let long_body = post(4, "").replace("Tea", &"x".repeat(70_000));
    for frame in [
        "{",
        "[]",
        r#"{"type":"join"}"#,
        r#"{"type":"join","data":{"room":7}}"#,
        r#"{"type":"join","data":{"room":"no spaces"}}"#,
        r#"{"type":"welcome","data":{}}"#,
        r#"{"type":"join","data":{"room":"nowhere"}}"#,
        r#"{"type":"read","data":{"room":"attic","seq":1}}"#,
        r#"{"type":"authenticate","data":{"token":"wrong"}}"#,
        blank.as_str(),
        r#"{"type":"direct","data":{"room":"kitchen","to":"nobody","body":"x"}}"#,
        r#"{"type":"live","data":{"room":"kitchen","status":""}}"#,
    ] {
        hers.ask(t, frame, r#""type":"error""#).await;
    }
    his.ask(t, &live.replace("paused", "live"), r#""type":"error""#).await;
    let answer = {
        let mut unnoted = Transcript::default();
        hers.ask(&mut unnoted, &long_body, r#""type":"error""#).await
    };
    t.note("ann < to 70,000 letters", &answer);
    hers.send_bytes(t, &[0xff, 0]).await;
    hers.expect(t, r#""type":"error""#).await;

    t.heading("ends");
    app.post("/api/v1/auth/logout", &cid, &serde_json::Value::Null).await;
    cids.expect_close(t).await;
    let mut stranger = Client::open(&app, "stranger", native).await;
    stranger.send(t, r#"{"type":"ping","data":{"nonce":1}}"#).await;
    stranger.expect_close(t).await;
    tokio::join!(app.stop(), async {
        hers.expect(t, r#""closing""#).await;
        hers.expect_close(t).await;
    });

    let frozen = notes.compare("native.txt");
    let is_missing = |mark: &str, name: &str| {
        !frozen.lines().any(|line| line.contains(mark) && line.contains(&format!(r#""type":"{name}""#)))
    };
    let missing: Vec<String> =
        known::<ServerFrame>().into_iter().filter(|name| is_missing(" < ", name)).collect();
    assert_eq!(missing, [""; 0], "frames of the server that no line has");
    let missing: Vec<String> =
        known::<ClientFrame>().into_iter().filter(|name| is_missing(" > ", name)).collect();
    assert_eq!(missing, [""; 0], "frames of clients that no line has");
}
