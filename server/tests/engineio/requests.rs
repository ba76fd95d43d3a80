//! Refused requests: each gets the error that Engine.IO defines for it.

use axum::http::StatusCode;
use engineio::EngineSettings;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::application::{TestServer, quiet};
use crate::engine::soon;

#[tokio::test]
async fn invalid_requests_get_the_errors_of_the_protocol() {
    let server = TestServer::open(quiet()).await;
    let session = server.http.begin().await;
    let known = format!("EIO=4&transport=polling&sid={}", session.sid);
    let known_socket = format!("EIO=4&transport=websocket&sid={}", session.sid);
    let cases = [
        (Method::GET, "EIO=4", 0, "Transport unknown"),
        (Method::GET, "EIO=4&transport=abc", 0, "Transport unknown"),
        (Method::GET, "EIO=4&transport=webtransport", 0, "Transport unknown"),
        (Method::GET, "EIO=4&transport=polling&sid=abc", 1, "Session ID unknown"),
        (Method::POST, "EIO=4&transport=polling&sid=abc", 1, "Session ID unknown"),
        (Method::GET, "EIO=4&transport=websocket&sid=abc", 1, "Session ID unknown"),
        (Method::POST, "EIO=4&transport=polling", 2, "Bad handshake method"),
        (Method::PUT, "EIO=4&transport=polling", 2, "Bad handshake method"),
        (Method::GET, "EIO=4&transport=websocket", 3, "Bad request"),
        (Method::PUT, &known, 3, "Bad request"),
        (Method::GET, &known_socket, 3, "Bad request"),
        (Method::GET, "transport=polling", 5, "Unsupported protocol version"),
        (Method::GET, "EIO=3&transport=polling", 5, "Unsupported protocol version"),
        (Method::GET, "EIO=abc&transport=polling", 5, "Unsupported protocol version"),
    ];
    for (method, query, code, message) in cases {
        let (status, body) = server.http.ask(method.clone(), query, "").await;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, body), (400, json!({ "code": code, "message": message })), "{method} {query}");
    }
    assert!(session.is_known().await, "none of it harmed the session");
    for query in ["transport=websocket", "EIO=4&transport=polling", "EIO=4&transport=websocket&sid=abc"] {
        assert_eq!(server.http.connect(query).await.err(), Some(400), "{query}");
    }
}

#[tokio::test]
async fn the_application_admits_or_refuses_a_session() {
    let server = TestServer::open(quiet()).await;
    let url = format!("http://{}/engine.io/?EIO=4&transport=polling", server.http.authority);
    for (word, status, message) in [("forbidden", 403, "Not you"), ("too many", 429, "Not so often")] {
        let response = soon(Client::new().get(&url).header("x-test", word).send()).await.unwrap();
        assert_eq!(response.status().as_u16(), status);
        let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert_eq!(body, json!({ "code": 4, "message": message }));
    }
    assert_eq!(server.engine.sessions(), 0);
}

#[tokio::test]
async fn sessions_beyond_the_limit_are_refused() {
    let server = TestServer::open(EngineSettings { max_sessions: 1, ..quiet() }).await;
    let session = server.http.begin().await;
    let (status, body) = server.http.ask(Method::GET, "EIO=4&transport=polling", "").await;
    assert_eq!(status, 503);
    assert!(body.contains("Too many sessions"), "{body}");
    assert_eq!(server.http.connect("EIO=4&transport=websocket").await.err(), Some(503));
    session.post("1").await;
    while server.engine.sessions() > 0 {
        tokio::task::yield_now().await;
    }
    server.http.begin().await;
}

#[tokio::test]
async fn responses_forbid_caching_and_options_is_answered() {
    let server = TestServer::open(quiet()).await;
    let url = format!("http://{}/engine.io/?EIO=4&transport=polling", server.http.authority);
    let response = soon(Client::new().get(&url).send()).await.unwrap();
    assert_eq!(response.headers().get("cache-control").unwrap(), "no-store");
    assert_eq!(response.headers().get("content-type").unwrap(), "text/plain; charset=UTF-8");
    let response = soon(Client::new().request(Method::OPTIONS, &url).send()).await.unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn an_unknown_websocket_version_gets_the_supported_one() {
    let server = TestServer::open(quiet()).await;
    let url = format!("http://{}/engine.io/?EIO=4&transport=websocket", server.http.authority);
    let request = Client::new()
        .get(url)
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "8")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let response = soon(request.send()).await.unwrap();
    assert_eq!(response.status(), StatusCode::UPGRADE_REQUIRED);
    assert_eq!(response.headers().get("sec-websocket-version").unwrap(), "13");
    assert_eq!(server.engine.sessions(), 0, "nothing is left of it");
}
