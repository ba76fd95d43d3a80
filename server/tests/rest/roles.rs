//! Roles: which claims of a token are accepted.

use jsonwebtoken::{EncodingKey, Header};
use protocol::rest::Tokens;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use server::auth::RoleClaim;
use server::config::Environment;

use crate::common::{Answer, App, FAR_AWAY, mint};
use crate::{me, unauthorized};

const STATS: &str = "/api/v1/websocket/stats";

async fn stats(app: &App, token: &str) -> u16 {
    Answer::to(app.request(Method::GET, STATS).bearer_auth(token)).await.status.as_u16()
}

#[tokio::test]
async fn an_application_token_needs_no_account() {
    let app = App::spawn().await;
    let token = mint(
        &json!({ "sub": "interviews", "exp": FAR_AWAY, "hubbub_role": "service", "name": "Interviews" }),
    );
    let seen = me(&app, &token).await.json();
    assert_eq!((&seen["id"], &seen["username"]), (&json!("interviews"), &json!("Interviews")));
    assert_eq!(me(&app, &token).await.json(), seen);
    for (claims, status) in [
        (json!({ "hubbub_role": "service" }), 200),
        (json!({ "hubbub_role": "admin" }), 200),
        (json!({ "hubbub_role": ["editor", "admin"] }), 200),
        (json!({ "hubbub_role": "editor" }), 403),
        (json!({ "hubbub_role": "Admin" }), 403),
        (json!({ "hubbub_role": { "admin": true } }), 403),
        (json!({ "admin": true, "scope": "admin" }), 403),
        // An application's own roles say nothing about the hub.
        (json!({ "role": "admin", "roles": ["admin", "service"] }), 403),
        (json!({}), 403),
    ] {
        let mut claims: Value = claims;
        claims["sub"] = json!("interviews");
        claims["exp"] = json!(FAR_AWAY);
        assert_eq!(stats(&app, &mint(&claims)).await, status, "{claims}");
    }
    for claims in [
        json!({ "sub": "somebody", "exp": FAR_AWAY }),
        json!({ "sub": "somebody", "exp": FAR_AWAY, "hubbub_role": "editor" }),
        json!({ "sub": "somebody", "exp": FAR_AWAY, "role": "service" }),
        json!({ "sub": "somebody", "exp": FAR_AWAY, "hubbub_role": "service", "sid": uuid::Uuid::nil() }),
        json!({ "sub": "somebody", "exp": 1, "hubbub_role": "service" }),
    ] {
        assert_eq!(me(&app, &mint(&claims)).await.error(), unauthorized(), "{claims}");
    }
}

#[tokio::test]
async fn a_forged_role_is_refused() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    assert_eq!(stats(&app, &ann.access_token).await, 403);
    let claims = jsonwebtoken::dangerous::insecure_decode::<Value>(&ann.access_token).unwrap().claims;
    assert_eq!(claims["hubbub_role"], Value::Null);

    let mut raised = claims.clone();
    raised["hubbub_role"] = json!("admin");
    let foreign_key = EncodingKey::from_secret(b"another secret, just as long as ours").unwrap();
    let forged = jsonwebtoken::encode(&Header::default(), &raised, &foreign_key).unwrap();
    assert_eq!(stats(&app, &forged).await, 401);
    let body = forged.split('.').nth(1).unwrap();
    let parts: Vec<&str> = ann.access_token.split('.').collect();
    let spliced = format!("{}.{body}.{}", parts[0], parts[2]);
    assert_eq!(stats(&app, &spliced).await, 401);
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{body}.");
    assert_eq!(stats(&app, &unsigned).await, 401);

    let named = app
        .request(Method::GET, "/api/v1/websocket/stats?hubbub_role=admin")
        .bearer_auth(&ann.access_token)
        .header("x-role", "admin");
    assert_eq!(Answer::to(named).await.status, StatusCode::FORBIDDEN);
    // The same claims with the right signature are what they say.
    assert_eq!(stats(&app, &mint(&raised)).await, 200);
}

#[tokio::test]
async fn the_claim_that_names_roles_is_configurable() {
    let app = App::spawn_with(|config| config.users.role_claim = RoleClaim::chosen("roles").unwrap()).await;
    for (claims, status) in [
        (json!({ "sub": "interviews", "exp": FAR_AWAY, "roles": ["editor", "service"] }), 200),
        (json!({ "sub": "interviews", "exp": FAR_AWAY, "hubbub_role": "admin" }), 403),
        (json!({ "sub": "interviews", "exp": FAR_AWAY, "role": "admin" }), 403),
    ] {
        assert_eq!(stats(&app, &mint(&claims)).await, status, "{claims}");
    }
}

#[tokio::test]
async fn demo_user_alice_is_an_administrator() {
    let app = App::spawn_with(|config| config.environment = Environment::Development).await;
    let app = app.restart().await;
    let login = async |name: &str| {
        let form = json!({ "username": name, "password": "hubbub-demo" });
        let answer = app.post_signed_out("/api/v1/auth/login", &form).await;
        serde_json::from_str::<Tokens>(&answer.text).unwrap()
    };
    let (alice, bob) = (login("alice").await, login("bob").await);
    // What only a part of the application may, in development too.
    let job = |owner: &Tokens| json!({ "title": "Import", "owner_id": owner.user.id });
    assert_eq!(app.post("/api/v1/jobs", &alice, &job(&bob)).await.status, StatusCode::CREATED);
    assert_eq!(app.post("/api/v1/jobs", &bob, &job(&alice)).await.status, StatusCode::FORBIDDEN);
}
