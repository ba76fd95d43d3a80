//! Accounts: registration, login and sign-out.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use server::config::{AccountsMode, Environment, RateLimits, Registration};

use crate::common::{Answer, App, FAR_AWAY, PASSWORD, mint};
use crate::{LOGIN, ME, REFRESH, REGISTER, error, me, unauthorized};

#[tokio::test]
async fn a_registration_signs_the_user_in() {
    let app = App::spawn().await;
    let form = json!({ "username": "Ann_1", "email": "Ann@Example.org", "password": "correct horse" });
    let answer = app.post_signed_out(REGISTER, &form).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let body = answer.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(900)));
    let user = &body["user"];
    assert_eq!((&user["username"], &user["email"]), (&json!("Ann_1"), &json!("Ann@Example.org")));
    assert_eq!(user["is_active"], true);
    let id = uuid::Uuid::try_parse(user["id"].as_str().unwrap_or_default()).unwrap();
    assert_eq!(id.get_version_num(), 7);
    assert_eq!(me(&app, body["access_token"].as_str().unwrap()).await.json(), *user);
}

#[tokio::test]
async fn an_invalid_registration_is_reported_by_field() {
    let app = App::spawn().await;
    app.register("ann").await;
    for (username, email, password, expected) in [
        ("ANN", "new@example.org", PASSWORD, error(409, "taken", "username")),
        ("newer", "ANN@example.org", PASSWORD, error(409, "taken", "email")),
        ("no", "new@example.org", PASSWORD, error(422, "invalid", "username")),
        ("no spaces", "new@example.org", PASSWORD, error(422, "invalid", "username")),
        ("newer", "new.example.org", PASSWORD, error(422, "invalid", "email")),
        ("newer", "new@example.org", "too short", error(422, "weak_password", "password")),
        ("newer", "new@example.org", "Password123", error(422, "weak_password", "password")),
        ("long-enough", "new@example.org", "long-enough", error(422, "weak_password", "password")),
    ] {
        let form = json!({ "username": username, "email": email, "password": password });
        assert_eq!(app.post_signed_out(REGISTER, &form).await.error(), expected, "{form}");
    }
    let missing =
        app.post_signed_out(REGISTER, &json!({ "username": "newer", "email": "new@example.org" })).await;
    assert_eq!(missing.error(), error(422, "bad_frame", "password"));
    let anyone = app.login("ann").await;
    let found = app.get("/api/v1/users", &anyone).await.json();
    assert_eq!(found["users"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_login_takes_the_name_or_email_in_any_case() {
    let app = App::spawn().await;
    app.register("ann").await;
    for login in ["ann", "ANN", "ann@example.org", "Ann@Example.ORG"] {
        let answer = app.post_signed_out(LOGIN, &json!({ "username": login, "password": PASSWORD })).await;
        assert_eq!(
            (answer.status, &answer.json()["user"]["username"]),
            (StatusCode::OK, &json!("ann")),
            "{login}"
        );
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_get_the_same_response() {
    let app = App::spawn().await;
    app.register("ann").await;
    let wrong =
        app.post_signed_out(LOGIN, &json!({ "username": "ann", "password": "wrong horse battery" })).await;
    let unknown = app.post_signed_out(LOGIN, &json!({ "username": "nemo", "password": PASSWORD })).await;
    assert_eq!(wrong.error(), error(401, "wrong_credentials", ""));
    assert_eq!(wrong.text, unknown.text);
}

#[tokio::test]
async fn signing_out_ends_only_the_current_sign_in() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let other_device = app.login("ann").await;
    let out = app.post("/api/v1/auth/logout", &ann, &Value::Null).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert_eq!(me(&app, &ann.access_token).await.error(), unauthorized());
    let refresh = app.post_signed_out(REFRESH, &json!({ "refresh_token": ann.refresh_token })).await;
    assert_eq!(refresh.error(), unauthorized());
    assert_eq!(me(&app, &other_device.access_token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn too_many_login_attempts_get_a_retry_time() {
    let app = App::spawn_with(|config| config.rate_limits = RateLimits::of(Environment::Production)).await;
    let wrong = json!({ "username": "nemo", "password": "wrong horse battery" });
    let mut last = app.post_signed_out(LOGIN, &wrong).await;
    for _ in 0..20 {
        if last.status != StatusCode::UNAUTHORIZED {
            break;
        }
        last = app.post_signed_out(LOGIN, &wrong).await;
    }
    assert_eq!(last.error(), error(429, "rate_limited", ""));
    assert!(
        last.json()["retry_after_ms"].as_u64().is_some_and(|wait| (1..=60_000).contains(&wait)),
        "{last:?}"
    );
    assert_ne!(last.header("retry-after"), "");
    // Counted by the network it comes from, which a proxy on this machine may name.
    let elsewhere = app.request(Method::POST, LOGIN).header("x-forwarded-for", "203.0.113.7");
    let form = json!({ "username": "somebody", "password": PASSWORD });
    assert_eq!(Answer::to(elsewhere.json(&form)).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn registration_can_be_closed() {
    let app = App::spawn_with(|config| config.users.registration = Registration::Closed).await;
    let form = json!({ "username": "ann", "email": "ann@example.org", "password": PASSWORD });
    let answer = app.post_signed_out(REGISTER, &form).await;
    assert_eq!(answer.error(), error(403, "forbidden", ""));
    assert!(answer.text.contains("registration is closed"), "{answer:?}");
}

#[tokio::test]
async fn users_of_another_backend_are_created_at_first_use() {
    let app = App::spawn_with(|config| config.accounts = AccountsMode::External).await;
    let claims = json!({ "sub": "auth0|7", "exp": FAR_AWAY, "name": "Anna K", "email": "anna@example.org", "sid": "x" });
    let token = mint(&claims);
    let seen = me(&app, &token).await.json();
    assert_eq!((&seen["id"], &seen["username"]), (&json!("auth0|7"), &json!("Anna-K")));
    assert_eq!(seen["email"], "anna@example.org");
    assert_eq!(me(&app, &token).await.json(), seen);

    // Somebody else of the same name and address gets others, not hers.
    let twin =
        mint(&json!({ "sub": "8", "exp": FAR_AWAY, "username": "anna-k", "email": "ANNA@example.org" }));
    let twin = me(&app, &twin).await.json();
    assert_eq!(twin["id"], "8");
    assert_ne!(twin["username"], "anna-k");
    let nameless = me(&app, &mint(&json!({ "sub": "9", "exp": FAR_AWAY }))).await;
    assert_eq!(nameless.json()["username"], "user-9");
    assert_eq!(me(&app, &mint(&json!({ "sub": "9", "exp": 1 }))).await.error(), unauthorized());

    let register = json!({ "username": "ann", "email": "a@b.c", "password": PASSWORD });
    let login = json!({ "username": "ann", "password": PASSWORD });
    for (path, form) in [(REGISTER, register), (LOGIN, login)] {
        assert_eq!(app.post_signed_out(path, &form).await.error(), error(404, "not_found", ""), "{path}");
    }
}

#[tokio::test]
async fn a_disabled_account_cannot_sign_in() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let cookie = app.browser("ann").await;
    let database = app.folder().join("hubbub.db");
    let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", database.display())).await.unwrap();
    sqlx::query("UPDATE people SET is_active = 0").execute(&pool).await.unwrap();
    pool.close().await;
    // Noticed in a moment, without a restart.
    while me(&app, &ann.access_token).await.status == StatusCode::OK {}

    assert_eq!(me(&app, &ann.access_token).await.error(), unauthorized());
    let by_claims = mint(&json!({ "sub": ann.user.id, "exp": FAR_AWAY }));
    assert_eq!(me(&app, &by_claims).await.error(), unauthorized());
    assert_eq!(
        Answer::to(app.request(Method::GET, ME).header("cookie", cookie)).await.error(),
        unauthorized()
    );
    let login = app.post_signed_out(LOGIN, &json!({ "username": "ann", "password": PASSWORD })).await;
    assert_eq!(login.error(), error(401, "wrong_credentials", ""));
    let refresh = app.post_signed_out(REFRESH, &json!({ "refresh_token": ann.refresh_token })).await;
    assert_eq!(refresh.error(), unauthorized());
}
