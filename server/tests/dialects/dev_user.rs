//! The development user: stands in for a client without a token at QuizMaster's addresses, in development only.

use serde_json::json;
use server::config::Environment;

use crate::common::{App, FAR_AWAY, mint};
use crate::raw::Raw;

const MOCK: &str = "f9b5645d-898b-4d58-b10a-a6b50a9d234b";

async fn development() -> App {
    App::spawn_with(|config| config.environment = Environment::Development).await
}

#[tokio::test]
async fn qm_08_09_development_accepts_the_mock_id_and_no_token_at_all() {
    let app = development().await;
    // Both at once: the account is made once.
    let named = format!("/ws/endpoint?token={MOCK}");
    let (by_id, anonymous) =
        tokio::join!(Raw::try_connect(&app, &named, &[]), Raw::try_connect(&app, "/ws/endpoint", &[]));
    for mut socket in [by_id.unwrap(), anonymous.unwrap()] {
        assert_eq!(socket.hear().await["type"], "connection_status");
    }
    let token = mint(&json!({ "sub": MOCK, "exp": FAR_AWAY }));
    let me = app.request(reqwest::Method::GET, "/api/v1/auth/me").bearer_auth(token).send().await.unwrap();
    let me: serde_json::Value = me.json().await.unwrap();
    assert_eq!((&me["id"], &me["username"]), (&json!(MOCK), &json!("mock-user")));
}

#[tokio::test]
async fn development_refuses_wrong_tokens_and_requires_one_elsewhere() {
    let app = development().await;
    for path in [
        "/ws/endpoint?token=garbage",
        "/ws/endpoint?token=",
        "/ws/endpoint?ticket=x",
        "/dev/ws/test?token=x",
        &format!("/?token={MOCK}"),
        &format!("/api/v1/ws?token={MOCK}"),
        &format!("/api/v1/ws/{MOCK}?token={MOCK}"),
    ] {
        assert_eq!(Raw::status(&app, path).await, Some(401), "{path}");
    }
}

#[tokio::test]
async fn qm_08_09_production_has_no_mock_user() {
    let app = App::spawn().await;
    for query in [format!("?token={MOCK}"), String::new()] {
        let (status, body) =
            Raw::try_connect(&app, &format!("/ws/endpoint{query}"), &[]).await.err().unwrap();
        assert_eq!((status, &body["code"]), (401, &json!("unauthorized")));
        assert!(body["message"].as_str().unwrap().contains("token"), "{body}");
    }
    assert_eq!(Raw::status(&app, &format!("/dev/ws/test?token={MOCK}")).await, Some(404));
    let ann = app.register("ann").await;
    let path = format!("/dev/ws/test?token={}", ann.access_token);
    assert_eq!(Raw::status(&app, &path).await, Some(404));
}

#[tokio::test]
async fn qm_17_the_test_page_uses_flat_frames() {
    let app = development().await;
    let mut socket = Raw::try_connect(&app, &format!("/dev/ws/test?token={MOCK}"), &[]).await.unwrap();
    assert_eq!(socket.next().await.unwrap(), r#"{"message":"Connection successful","type":"test"}"#);
    for wrong in ["nonsense", r#"{"duration_seconds":1}"#, r#"{"type":"simulation_complete"}"#] {
        socket.say_raw(wrong).await;
        assert_eq!(socket.hear().await["type"], "error", "{wrong}");
    }
    let config = json!({ "duration_seconds": 0.2, "frequency_seconds": 0.1, "message_prefix": "Test" });
    socket.say(&config).await;
    assert_eq!(socket.hear().await, json!({ "type": "simulation_started", "config": config }));
    let step = |n: u32, elapsed: f64, remaining: f64| {
        json!({ "type": "simulation_update", "message": format!("Test #{n}"),
                "elapsed_seconds": elapsed, "remaining_seconds": remaining })
    };
    assert_eq!(socket.hear().await, step(1, 0.1, 0.1));
    assert_eq!(socket.hear().await, step(2, 0.2, 0.0));
    let end = json!({ "type": "simulation_complete", "total_messages": 2, "duration_seconds": 0.2 });
    assert_eq!(socket.hear().await, end);
}
