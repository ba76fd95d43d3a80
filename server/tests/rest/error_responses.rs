//! Error responses: every malformed request gets JSON with a code, or a page.

use std::fmt::Write as _;

use protocol::ErrorCode;
use protocol::limits::MAX_FRAME_BYTES;
use protocol::rest::{ErrorBody, Tokens};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::{Answer, App};

/// Words of the libraries that read requests, and of the language that they are written in.
const OURS_ALONE: [&str; 22] = [
    "adjacently",
    "struct",
    "enum ",
    "variant",
    "tuple",
    "sequence",
    "expected",
    "invalid type",
    "invalid value",
    "a map",
    "a string",
    "boolean",
    "unit",
    "u8",
    "u32",
    "u64",
    "i64",
    "f64",
    "usize",
    "EOF",
    "deserialize",
    "RawValue",
];

/// A refusal whose sentence is for people.
#[track_caller]
fn refused(answer: &Answer, what: &str) -> ErrorBody {
    assert!(answer.status.is_client_error(), "{what}: {answer:?}");
    assert_eq!(answer.header("content-type"), "application/json", "{what}: {answer:?}");
    let body: ErrorBody = serde_json::from_str(&answer.text).unwrap_or_else(|_| panic!("{what}: {answer:?}"));
    for word in OURS_ALONE {
        assert!(!body.message.contains(word), "{what} is told `{}`", body.message);
    }
    body
}

async fn send(app: &App, who: &Tokens, line: &str, media_type: &str, body: String) -> Answer {
    let (method, path) = line.split_once(' ').unwrap();
    let request = app.request(method.parse().unwrap(), path).bearer_auth(&who.access_token);
    let request = if media_type.is_empty() { request } else { request.header("content-type", media_type) };
    Answer::to(request.body(body)).await
}

/// An answer to what no library would send, up to its end.
async fn exchange(app: &App, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(app.addr).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[tokio::test]
async fn every_malformed_request_gets_json_with_a_code() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let json_type = "application/json";
    for (line, media_type, status, code) in [
        // Paths that are no text.
        ("GET /api/v1/chats/%ff", "", 404, ErrorCode::NotFound),
        ("DELETE /api/v1/chats/%ff", "", 404, ErrorCode::NotFound),
        ("PATCH /api/v1/chats/%C0%80", json_type, 404, ErrorCode::NotFound),
        ("GET /api/v1/chats/%ff/members", "", 404, ErrorCode::NotFound),
        ("DELETE /api/v1/chats/a/members/%ff", "", 404, ErrorCode::NotFound),
        ("GET /api/v1/chats/%ff/messages", "", 404, ErrorCode::NotFound),
        ("POST /api/v1/chats/%ff/read", json_type, 404, ErrorCode::NotFound),
        ("GET /api/v1/jobs/%ff", "", 404, ErrorCode::NotFound),
        ("GET /api/v1/websocket/user/%ff/status", "", 404, ErrorCode::NotFound),
        ("GET /pkg/%ff", "", 404, ErrorCode::NotFound),
        // They come before queries, which come before texts that are no identifiers.
        ("GET /api/v1/chats/%ff/messages?limit=x", "", 404, ErrorCode::NotFound),
        ("DELETE /api/v1/chats/a/members/%ff?for_good=x", "", 404, ErrorCode::NotFound),
        ("GET /api/v1/chats/a%20b/messages?before=1&after=2", "", 422, ErrorCode::Invalid),
        ("DELETE /api/v1/chats/a%20b/members/a%20b?for_good=x", "", 422, ErrorCode::BadFrame),
        ("GET /api/v1/chats/a%20b/messages", "", 404, ErrorCode::NotFound),
        ("GET /pkg/none.js", "", 404, ErrorCode::NotFound),
        // Queries.
        ("GET /api/v1/chats?limit=many", "", 422, ErrorCode::BadFrame),
        ("GET /api/v1/chats?limit=1&limit=2", "", 400, ErrorCode::BadFrame),
        ("GET /api/v1/chats?after=a%20b", "", 422, ErrorCode::BadFrame),
        ("GET /api/v1/chats/a/messages?before=-1", "", 422, ErrorCode::BadFrame),
        ("GET /api/v1/jobs?before=soon", "", 422, ErrorCode::BadFrame),
        ("GET /api/v1/notifications?limit=1.5", "", 422, ErrorCode::BadFrame),
        ("GET /api/v1/ws?token=a&token=b", "", 400, ErrorCode::BadFrame),
        // Bodies and what they say they are.
        ("POST /api/v1/chats", "", 415, ErrorCode::BadJson),
        ("POST /api/v1/chats", "text/plain", 415, ErrorCode::BadJson),
        ("POST /api/v1/chats", json_type, 400, ErrorCode::BadJson),
        ("POST /theme", "", 415, ErrorCode::BadJson),
        ("POST /theme", json_type, 415, ErrorCode::BadJson),
        ("POST /sign-out", "", 403, ErrorCode::Forbidden),
        // Methods and addresses.
        ("PUT /api/v1/chats", "", 405, ErrorCode::NotFound),
        ("BREW /api/v1/chats", "", 405, ErrorCode::NotFound),
        ("POST /rooms/a", "", 405, ErrorCode::NotFound),
        ("DELETE /api/v1/ws", "", 405, ErrorCode::NotFound),
        ("POST /pkg/none.js", "", 405, ErrorCode::NotFound),
        ("POST /nothing", "", 404, ErrorCode::NotFound),
        ("GET /api/nothing", "", 404, ErrorCode::NotFound),
    ] {
        let answer = send(&app, &ann, line, media_type, String::new()).await;
        let body = refused(&answer, line);
        assert_eq!((answer.status.as_u16(), body.code), (status, code), "{line}");
    }
    let huge = "x".repeat(MAX_FRAME_BYTES + 1);
    for (line, media_type) in
        [("POST /api/v1/auth/login", json_type), ("POST /theme", "application/x-www-form-urlencoded")]
    {
        let body = refused(&send(&app, &ann, line, media_type, huge.clone()).await, line);
        assert_eq!(body.code, ErrorCode::TooBig, "{line}");
    }
}

#[tokio::test]
async fn browser_requests_are_answered_with_a_page() {
    let app = App::spawn().await;
    app.register("ann").await;
    let cookie = app.browser("ann").await;
    for path in ["/rooms/%ff", "/live/%ff", "/nothing/%ff"] {
        let answer = app.visit(path, &cookie).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.header("content-type").starts_with("text/html"), "{path}: {answer:?}");
    }
    let form = "application/x-www-form-urlencoded";
    for (path, media_type, status, said) in [
        ("/sign-in", "", 415, form),
        ("/register", "text/plain", 415, form),
        ("/sign-in", form, 400, "username: is there twice"),
    ] {
        let request = app.client.post(app.url(path)).header("sec-fetch-site", "same-origin");
        let request =
            if media_type.is_empty() { request } else { request.header("content-type", media_type) };
        let answer = Answer::to(request.body("username=a&username=b")).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.header("content-type").starts_with("text/html"), "{path}: {answer:?}");
        assert!(answer.text.contains(said), "{path}: {}", answer.text);
    }
}

#[tokio::test]
async fn an_http_1_1_request_names_exactly_one_host() {
    let app = App::spawn().await;
    let addr = app.addr;
    for (request, status) in [
        (format!("GET /healthz HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\n\r\n"), 200),
        ("GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n".to_owned(), 400),
        ("GET /api/v1/ws HTTP/1.1\r\nconnection: close\r\n\r\n".to_owned(), 400),
        ("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nconnection: close\r\n\r\n".to_owned(), 400),
        (format!("GET / HTTP/1.1\r\nhost: {addr}\r\nhost: evil.example\r\nconnection: close\r\n\r\n"), 400),
        ("GET / HTTP/1.1\r\nhost: a b\r\nconnection: close\r\n\r\n".to_owned(), 400),
        ("GET /healthz HTTP/1.0\r\n\r\n".to_owned(), 200),
    ] {
        let (received, body) = exchange(&app, &request).await;
        assert_eq!(received, status, "{request}");
        if status == 400 {
            assert!(body.contains(r#""code":"invalid""#) && body.contains(r#""field":"host""#), "{body}");
        }
    }
}

/// Each address that takes a body, with one that has every key.
fn bodies(room: &str, job: &str, user: &str) -> Vec<(String, Value)> {
    vec![
        ("POST /api/v1/auth/register".into(), json!({ "username": "x", "email": "y", "password": "z" })),
        ("POST /api/v1/auth/login".into(), json!({ "username": "x", "password": "z" })),
        ("POST /api/v1/auth/refresh".into(), json!({ "refresh_token": "x" })),
        (
            "POST /api/v1/chats".into(),
            json!({ "name": "x", "member_ids": [user], "id": "y", "kind": "group" }),
        ),
        (format!("PATCH /api/v1/chats/{room}"), json!({ "name": "x" })),
        (format!("POST /api/v1/chats/{room}/members"), json!({ "user_ids": [user], "usernames": ["x"] })),
        (
            format!("POST /api/v1/chats/{room}/messages"),
            json!({ "content": "x", "message_type": "y", "parent_message_id": job, "draft_id": job }),
        ),
        (format!("POST /api/v1/chats/{room}/read"), json!({ "seq": 1 })),
        (
            "POST /api/v1/jobs".into(),
            json!({ "kind": "task", "title": "x", "subject": "y", "message": "z", "owner_id": user }),
        ),
        (
            format!("PATCH /api/v1/jobs/{job}"),
            json!({ "progress": 1, "stage": "x", "message": "y", "status": "failed", "error": "z",
                    "retryable": true }),
        ),
        (
            "POST /api/v1/notifications".into(),
            json!({ "user_id": user, "title": "x", "message": "y", "type": "z" }),
        ),
        ("POST /api/v1/notifications/read".into(), json!({ "ids": [job] })),
        ("POST /api/v1/admin/maintenance".into(), json!({ "enabled": false, "message": "x" })),
        (
            "POST /api/v1/websocket/test/emit-to-user".into(),
            json!({ "userId": user, "event": "x", "message": "y", "data": {} }),
        ),
        (
            format!("POST /api/v1/websocket/test/analysis-events/{user}"),
            json!({ "interviewId": "x", "outcome": "failed" }),
        ),
    ]
}

#[tokio::test]
async fn error_sentences_name_json_types_and_no_rust_type() {
    let app = App::spawn_with(|config| config.environment = server::config::Environment::Development).await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Kitchen", &[]).await;
    let job = app.post("/api/v1/jobs", &ann, &json!({ "title": "x" })).await.json();
    let bodies = bodies(room.as_str(), job["id"].as_str().unwrap(), ann.user.id.as_str());
    let strange = [json!([]), json!({}), json!(null), json!(true), json!(-1.5), json!("\u{0}"), json!([[7]])];
    let mut said = String::new();
    for (line, body) in &bodies {
        let fields = body.as_object().unwrap();
        // A list of the right values in the right order is no object.
        let values: Vec<_> = fields.values().cloned().collect();
        for whole in [json!(values), json!([]), json!(7), json!("x"), json!(null)] {
            let answer = send(&app, &ann, line, "application/json", whole.to_string()).await;
            let error = refused(&answer, &format!("{line} with {whole}"));
            assert_eq!((answer.status.as_u16(), error.code), (422, ErrorCode::BadFrame), "{line} {whole}");
            assert_eq!(error.message, "must be an object", "{line} {whole}");
        }
        for key in fields.keys() {
            for value in &strange {
                let mut body = fields.clone();
                body.insert(key.clone(), value.clone());
                let answer = send(&app, &ann, line, "application/json", json!(body).to_string()).await;
                // Some of them fit.
                if !answer.status.is_success() && answer.status != 404 {
                    let error = refused(&answer, &format!("{line} with {key}: {value}"));
                    writeln!(said, "{}", error.message).unwrap();
                }
            }
        }
        let answer = send(&app, &ann, line, "application/json", "{\"x\":".to_owned()).await;
        assert_eq!(refused(&answer, line).code, ErrorCode::BadJson);
    }
    assert!(
        said.contains("member_ids: must be a list") && said.contains("progress: must be a whole"),
        "{said}"
    );
}

#[tokio::test]
async fn a_list_is_rejected_as_a_login_body() {
    let app = App::spawn().await;
    app.register("ann").await;
    let answer = app.post_signed_out("/api/v1/auth/login", &json!(["ann", crate::common::PASSWORD])).await;
    assert_eq!(answer.error(), crate::error(422, "bad_frame", ""));
}

#[tokio::test]
async fn an_unknown_key_is_rejected_by_name_and_nothing_is_done() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Kitchen", &[]).await;
    let job = app.post("/api/v1/jobs", &ann, &json!({ "title": "x" })).await.json();
    for (line, mut body) in bodies(room.as_str(), job["id"].as_str().unwrap(), ann.user.id.as_str()) {
        body["knid"] = json!("x");
        let answer = send(&app, &ann, &line, "application/json", body.to_string()).await;
        // What is for a part of the application alone is not there for others.
        if !["/test/", "/admin/"].iter().any(|part| line.contains(part)) {
            assert_eq!(answer.error(), crate::error(400, "bad_frame", "knid"), "{line}");
            let message = refused(&answer, &line).message;
            assert!(message.starts_with("knid: is not known here; known are `"), "{message}");
        }
    }
    assert_eq!(app.get("/api/v1/chats", &ann).await.json()["chats"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn keys_have_aliases_and_two_of_them_must_agree() {
    let app = App::spawn().await;
    let service = crate::application_token("service");
    let bob = app.register("bob").await;
    for key in ["members", "user_ids", "member_ids"] {
        let answer = app.post("/api/v1/chats", &service, &json!({ "name": "x", key: [bob.user.id] })).await;
        let path = format!("/api/v1/chats/{}/members", answer.json()["id"].as_str().unwrap());
        assert_eq!(app.get(&path, &bob).await.json()["members"].as_array().unwrap().len(), 2, "{key}");
    }
    for owner in ["owner", "owner_id"] {
        for kind in ["kind", "type"] {
            let body = json!({ "title": "x", owner: bob.user.id, kind: "analysis" });
            let job = app.post("/api/v1/jobs", &service, &body).await.json();
            assert_eq!((&job["owner"], &job["kind"]), (&json!(bob.user.id), &json!("analysis")), "{job}");
        }
    }
    for kind in ["kind", "type"] {
        let body = json!({ "user_id": bob.user.id, "title": "x", kind: "warning" });
        let received = app.post("/api/v1/notifications", &service, &body).await.json();
        assert_eq!(received["notification"]["kind"], "warning", "{received}");
    }
    let send = async |text: &str| {
        send(&app, &service, "POST /api/v1/jobs", "application/json", text.to_owned()).await.error()
    };
    let twice = crate::error(400, "bad_frame", "type");
    assert_eq!(send(r#"{"title":"x","kind":"task","type":"report"}"#).await, twice);
    assert_eq!(send(r#"{"type":"task","title":"x","type":"report"}"#).await, twice);
    assert_eq!(send(r#"{"title":"x","kind":"task","type":"task"}"#).await, crate::error(201, "", ""));
}
