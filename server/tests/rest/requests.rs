//! All requests: errors of malformed ones, CORS, security headers, health checks and list lengths.

use protocol::limits::MAX_FRAME_BYTES;
use reqwest::{Method, StatusCode};
use serde_json::json;
use server::auth::origin::Origins;

use crate::common::{Answer, App};
use crate::error;

#[tokio::test]
async fn malformed_requests_get_distinct_errors() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let send = |path: &'static str, media_type: &'static str, body: String| {
        let request = app.request(Method::POST, path).bearer_auth(&ann.access_token);
        Answer::to(request.header("content-type", media_type).body(body))
    };
    let json_type = "application/json; charset=utf-8";
    assert_eq!(send("/api/v1/chats", json_type, "{".to_owned()).await.error(), error(400, "bad_json", ""));
    assert_eq!(send("/api/v1/chats", json_type, String::new()).await.error(), error(400, "bad_json", ""));
    assert_eq!(
        send("/api/v1/chats", "text/plain", "{}".to_owned()).await.error(),
        error(415, "bad_json", "")
    );
    assert_eq!(send("/api/v1/chats", json_type, "[]".to_owned()).await.error(), error(422, "bad_frame", ""));
    let huge = format!(r#"{{"name":"{}"}}"#, "x".repeat(MAX_FRAME_BYTES));
    assert_eq!(send("/api/v1/chats", json_type, huge).await.error(), error(413, "too_big", ""));
    assert_eq!(app.get("/api/v1/nothing", &ann).await.error(), error(404, "not_found", ""));
    assert_eq!(app.get("/api", &ann).await.error(), error(404, "not_found", ""));
    assert_eq!(app.post("/nothing", &ann, &json!({})).await.error(), error(404, "not_found", ""));
    assert_eq!(app.delete("/api/v1/chats", &ann).await.error(), error(405, "not_found", ""));
}

#[tokio::test]
async fn other_origins_use_the_api_only_when_allowed() {
    let app =
        App::spawn_with(|config| config.origins = Origins::parse("https://friend.example").unwrap()).await;
    for (origin, expected) in
        [("https://friend.example", "https://friend.example"), ("https://evil.example", "")]
    {
        let ask = app.request(Method::OPTIONS, "/api/v1/chats").header("origin", origin);
        let answer = Answer::to(ask.header("access-control-request-method", "POST")).await;
        assert_eq!(answer.header("access-control-allow-origin"), expected);
        assert_eq!(answer.header("access-control-allow-credentials"), "");
    }
    let app = App::spawn().await;
    let ask = app.request(Method::GET, "/api/v1/chats").header("origin", "https://friend.example");
    assert_eq!(Answer::to(ask).await.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn every_response_carries_security_headers() {
    let app = App::spawn().await;
    for path in ["/", "/sign-in", "/nothing", "/api/v1/chats", "/healthz", "/pkg/none.js"] {
        let answer = app.visit(path, "").await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("strict-transport-security", ""),
        ] {
            assert_eq!(answer.header(name), value, "{path} {name}");
        }
        assert!(answer.header("permissions-policy").contains("camera=()"), "{path}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
    }
    let over_tls =
        Answer::to(app.request(Method::GET, "/healthz").header("x-forwarded-proto", "https")).await;
    assert_eq!(over_tls.header("strict-transport-security"), "max-age=63072000");
}

#[tokio::test]
async fn health_checks_report_a_healthy_server() {
    let app = App::spawn().await;
    for path in ["/healthz", "/readyz"] {
        let answer = app.visit(path, "").await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, "ok"));
    }
}

#[tokio::test]
async fn the_length_of_a_list_page_is_limited() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    for (path, list, most, new) in [
        ("/api/v1/chats", "chats", 200, json!({ "name": "x" })),
        ("/api/v1/jobs", "jobs", 100, json!({ "title": "x" })),
        ("/api/v1/notifications", "notifications", 100, json!({ "user_id": ann.user.id, "title": "x" })),
    ] {
        for _ in 0..=most {
            let made = app.post(path, &ann, &new).await;
            assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        }
        let page = app.get(&format!("{path}?limit=1000000"), &ann).await.json();
        assert_eq!(page[list].as_array().map(Vec::len), Some(most), "{path}");
        assert!(page["next"].is_string(), "{path}");
    }
    for number in 0..20 {
        app.register(&format!("anna-{number}")).await;
    }
    let found = app.get("/api/v1/users?q=ann&limit=1000000", &ann).await.json();
    assert_eq!(found["users"].as_array().map(Vec::len), Some(20));
}
