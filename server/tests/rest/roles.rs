//! What a token says of its bearer, and what is not believed.

use jsonwebtoken::{EncodingKey, Header};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::common::{Answer, App, FAR_AWAY, mint};
use crate::{me, unauthorized};

const STATS: &str = "/api/v1/websocket/stats";

async fn stats(app: &App, token: &str) -> u16 {
    Answer::to(app.request(Method::GET, STATS).bearer_auth(token)).await.status.as_u16()
}

#[tokio::test]
async fn a_part_of_the_application_needs_no_account() {
    let app = App::spawn().await;
    let token =
        mint(&json!({ "sub": "interviews", "exp": FAR_AWAY, "role": "service", "name": "Interviews" }));
    let seen = me(&app, &token).await.json();
    assert_eq!((&seen["id"], &seen["username"]), (&json!("interviews"), &json!("Interviews")));
    assert_eq!(me(&app, &token).await.json(), seen);
    for (claims, status) in [
        (json!({ "role": "service" }), 200),
        (json!({ "role": "admin" }), 200),
        (json!({ "roles": ["editor", "admin"] }), 200),
        (json!({ "roles": "service" }), 200),
        (json!({ "role": "editor" }), 403),
        (json!({ "role": "Admin" }), 403),
        (json!({ "role": { "admin": true }, "roles": 7 }), 403),
        (json!({ "admin": true, "scope": "admin" }), 403),
        (json!({}), 403),
    ] {
        let mut claims: Value = claims;
        claims["sub"] = json!("interviews");
        claims["exp"] = json!(FAR_AWAY);
        assert_eq!(stats(&app, &mint(&claims)).await, status, "{claims}");
    }
    for claims in [
        json!({ "sub": "somebody", "exp": FAR_AWAY }),
        json!({ "sub": "somebody", "exp": FAR_AWAY, "role": "editor" }),
        json!({ "sub": "somebody", "exp": FAR_AWAY, "role": "service", "sid": uuid::Uuid::nil() }),
        json!({ "sub": "somebody", "exp": 1, "role": "service" }),
    ] {
        assert_eq!(me(&app, &mint(&claims)).await.refusal(), unauthorized(), "{claims}");
    }
}

#[tokio::test]
async fn nobody_makes_a_role_up() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    assert_eq!(stats(&app, &ann.access_token).await, 403);
    let claims = jsonwebtoken::dangerous::insecure_decode::<Value>(&ann.access_token).unwrap().claims;
    assert_eq!((&claims["role"], &claims["roles"]), (&Value::Null, &Value::Null));

    let mut raised = claims.clone();
    raised["role"] = json!("admin");
    let foreign_key = EncodingKey::from_secret(b"another secret, just as long as ours");
    let forged = jsonwebtoken::encode(&Header::default(), &raised, &foreign_key).unwrap();
    assert_eq!(stats(&app, &forged).await, 401);
    let body = forged.split('.').nth(1).unwrap();
    let parts: Vec<&str> = ann.access_token.split('.').collect();
    let spliced = format!("{}.{body}.{}", parts[0], parts[2]);
    assert_eq!(stats(&app, &spliced).await, 401);
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{body}.");
    assert_eq!(stats(&app, &unsigned).await, 401);

    let named = app
        .request(Method::GET, "/api/v1/websocket/stats?role=admin")
        .bearer_auth(&ann.access_token)
        .header("x-role", "admin");
    assert_eq!(Answer::to(named).await.status, StatusCode::FORBIDDEN);
    // The same claims with the right signature are what they say.
    assert_eq!(stats(&app, &mint(&raised)).await, 200);
}
