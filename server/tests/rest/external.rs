//! External tokens: another backend signs them, and they can end before they expire.

use reqwest::StatusCode;
use serde_json::{Value, json};
use server::config::AccountsMode;
use tokio_tungstenite::connect_async;

use crate::common::{Answer, App, FAR_AWAY, mint};
use crate::socket::{End, Socket};
use crate::{me, unauthorized};

async fn external() -> App {
    App::spawn_with(|config| config.accounts = AccountsMode::External).await
}

async fn log_out(app: &App, token: &str) -> StatusCode {
    let request = app.request(reqwest::Method::POST, "/api/v1/auth/logout").bearer_auth(token);
    Answer::to(request.json(&Value::Null)).await.status
}

#[tokio::test]
async fn a_signed_out_token_of_another_backend_is_refused_everywhere() {
    let app = external().await;
    for (claims, same, other) in [
        // By its sign-in, also under another token of it.
        (
            json!({ "sid": "s1", "jti": "1" }),
            Some(json!({ "sid": "s1", "jti": "2" })),
            json!({ "sid": "s2", "jti": "1" }),
        ),
        // By its own name, also when it is written otherwise.
        (json!({ "jti": "j1" }), Some(json!({ "jti": "j1", "name": "Ann" })), json!({ "jti": "j2" })),
        (json!({ "jti": 1 }), Some(json!({ "jti": 1, "name": "Ann" })), json!({ "jti": 2 })),
        // By its text.
        (json!({ "nonce": 1 }), None, json!({ "nonce": 2 })),
    ] {
        let token = |claims: &Value| {
            let mut claims = claims.clone();
            claims["sub"] = json!("7");
            claims["exp"] = json!(FAR_AWAY);
            mint(&claims)
        };
        let (ended, other) = (token(&claims), token(&other));
        let url = app.socket_url(&format!("?token={ended}"));
        let mut socket = Socket::enter(&url).await;
        let mut kept = Socket::enter(&app.socket_url(&format!("?token={other}"))).await;
        let ticket =
            Answer::to(app.request(reqwest::Method::POST, "/api/v1/auth/ticket").bearer_auth(&ended)).await;
        let ticket = ticket.json()["ticket"].as_str().unwrap().to_owned();

        assert_eq!(log_out(&app, &ended).await, StatusCode::NO_CONTENT);

        assert_eq!(socket.end().await, End::Closed(4401), "{claims}");
        for refused in [Some(ended.clone()), same.as_ref().map(token)].into_iter().flatten() {
            assert_eq!(me(&app, &refused).await.error(), unauthorized(), "{claims}");
            assert!(connect_async(app.socket_url(&format!("?token={refused}"))).await.is_err(), "{claims}");
        }
        assert!(connect_async(app.socket_url(&format!("?ticket={ticket}"))).await.is_err(), "{claims}");
        assert_eq!(me(&app, &other).await.status, StatusCode::OK, "{claims}");
        assert!(kept.before_pong().await.is_empty(), "{claims}");
        // Somebody else's token of the same name is another one.
        let stranger =
            mint(&json!({ "sub": "8", "exp": FAR_AWAY, "sid": claims["sid"], "jti": claims["jti"] }));
        assert_eq!(me(&app, &stranger).await.status, StatusCode::OK, "{claims}");
    }
}

#[tokio::test]
async fn an_ended_token_is_refused_after_a_restart() {
    let app = external().await;
    let token = mint(&json!({ "sub": "7", "exp": FAR_AWAY, "jti": "j1" }));
    assert_eq!(me(&app, &token).await.status, StatusCode::OK);
    assert_eq!(log_out(&app, &token).await, StatusCode::NO_CONTENT);
    let app = app.restart().await;
    assert_eq!(me(&app, &token).await.error(), unauthorized());
}

#[tokio::test]
async fn a_numeric_subject_is_accepted_and_an_expiry_in_ms_is_not() {
    let app = external().await;
    let seen = me(&app, &mint(&json!({ "sub": 42, "exp": FAR_AWAY, "username": "ann" }))).await.json();
    assert_eq!((&seen["id"], &seen["username"]), (&json!("42"), &json!("ann")));
    let same = me(&app, &mint(&json!({ "sub": "42", "exp": FAR_AWAY }))).await.json();
    assert_eq!(same, seen);
    let in_milliseconds = mint(&json!({ "sub": 42, "exp": FAR_AWAY * 1_000 }));
    assert_eq!(me(&app, &in_milliseconds).await.error(), unauthorized());
}
