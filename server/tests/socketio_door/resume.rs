//! Which clients are told where they stand: as a last argument of each event, which only some libraries understand.

use serde_json::{Value, json};

use crate::client::Client;
use crate::common::App;

const PYTHON: (&str, &str) = ("user-agent", "Python/3.11 aiohttp/3.14.5");
const BROWSER: (&str, &str) = ("user-agent", "Mozilla/5.0 (X11; Linux x86_64)");

#[tokio::test]
async fn only_clients_that_resume_are_told_where_they_stand() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Kitchen", &[]).await;
    let token = &ann.access_token;
    for (query, headers, resume, is_told) in [
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
        assert_eq!(connected.get("pid").is_some(), is_told, "{case}");
        // From the inbox and from a room.
        client.say(&format!("421{}", json!(["join-chat-room", room]))).await;
        client.hear("431[").await;
        app.say(&ann, &room, "hello").await;
        let arguments = client.event("chat-message").await;
        assert_eq!(arguments.len(), if is_told { 2 } else { 1 }, "{case}: {arguments:?}");
        assert_eq!(arguments[0]["content"], "hello", "{case}");
    }
}

#[tokio::test]
async fn a_client_that_does_not_resume_starts_over_when_it_comes_back() {
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
async fn a_wish_that_is_neither_is_refused_by_name() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    for (query, resume) in [("&resume=maybe", Value::Null), ("", json!("maybe")), ("", json!([]))] {
        let mut client = Client::open(&app, query, &[]).await;
        let answer = client.ask(&json!({ "token": ann.access_token, "resume": resume })).await;
        let refusal: Value = serde_json::from_str(answer.strip_prefix("44").unwrap()).unwrap();
        assert_eq!(refusal["data"], json!({ "code": "invalid", "field": "resume" }), "{query} {resume}");
    }
}
