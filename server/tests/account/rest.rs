//! `/api/v1/auth/sessions` and `/api/v1/auth/password`.

use reqwest::{Method, StatusCode};
use serde_json::json;
use server::config::{AccountsMode, RateLimits};

use crate::common::{Answer, App, FAR_AWAY, PASSWORD, mint};
use crate::socket::End;
use crate::{CHANGE, FIREFOX, SESSIONS, error, unauthorized};

const OTHER_PASSWORD: &str = "a second horse battery";

fn change(current: &str, new: &str) -> serde_json::Value {
    json!({ "current_password": current, "new_password": new })
}

#[tokio::test]
async fn a_user_lists_own_sign_ins_with_the_current_one_marked() {
    let app = App::spawn().await;
    app.register("bob").await;
    let ann = app.register("ann").await;
    let laptop = app.login_on("ann", FIREFOX).await;
    app.login_on("ann", &"x".repeat(9_000)).await;

    let sessions = app.sessions(&laptop).await;
    let devices: Vec<_> = sessions.iter().map(|it| it["device"].as_str().unwrap()).collect();
    assert_eq!((devices[0], sessions[0]["is_current"].as_bool()), ("Firefox on Linux", Some(true)));
    assert_eq!(devices[1..], ["x".repeat(40).as_str(), ""], "the newest first");
    assert!(sessions[1..].iter().all(|it| it["is_current"] == false && it["is_connected"] == false));
    for session in &sessions {
        let keys: Vec<_> = session.as_object().unwrap().keys().map(String::as_str).collect();
        let all = ["created_at", "device", "expires_at", "id", "is_connected", "is_current", "last_seen_at"];
        assert_eq!(keys, all);
        // A name opens nothing.
        let id = session["id"].as_str().unwrap();
        let by_name = Answer::to(app.request(Method::GET, SESSIONS).bearer_auth(id)).await;
        assert_eq!(by_name.error(), unauthorized());
    }
    let _socket = app.enter(&ann).await;
    let connected: Vec<_> = app.sessions(&laptop).await.iter().map(|it| it["is_connected"].clone()).collect();
    assert_eq!(connected, [false, true, false]);
    let stranger = Answer::to(app.request(Method::GET, SESSIONS)).await;
    assert_eq!(stranger.error(), unauthorized());
}

#[tokio::test]
async fn a_sign_in_ended_elsewhere_is_refused_by_every_gateway() {
    let app = App::spawn().await;
    let (ann, lost) = (app.register("ann").await, app.login_on("ann", FIREFOX).await);
    let (mut hers, mut theirs) = (app.enter(&ann).await, app.enter(&lost).await);
    let ticket = app.ticket(&lost).await;
    let id = app.session_of(&lost).await;

    let ended = app.delete(&format!("{SESSIONS}/{id}"), &ann).await;

    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    assert_eq!(theirs.end().await, End::Closed(4401));
    assert_eq!(app.me(&lost).await.error(), unauthorized());
    assert_eq!(app.refresh(&lost).await.error(), unauthorized());
    let late = crate::socket::Socket::try_connect(&app.socket_url(&format!("?ticket={ticket}")), &[]).await;
    assert_eq!(late.err(), Some(401));
    assert!(hers.before_pong().await.is_empty());
    assert_eq!(app.sessions(&ann).await.len(), 1);
    let again = app.delete(&format!("{SESSIONS}/{id}"), &ann).await;
    assert_eq!(again.error(), error(404, "not_found", ""));
}

#[tokio::test]
async fn ending_all_others_keeps_the_current_sign_in() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let (phone, cookie) = (app.login("ann").await, app.browser("ann").await);
    let mut sockets = [app.enter(&phone).await, app.enter(&phone).await];
    let (mut hers, mut his) = (app.enter(&ann).await, app.enter(&bob).await);

    assert_eq!(app.delete(SESSIONS, &ann).await.status, StatusCode::NO_CONTENT);

    for socket in &mut sockets {
        assert_eq!(socket.end().await, End::Closed(4401));
    }
    assert_eq!(app.me(&phone).await.error(), unauthorized());
    assert_eq!(app.me_by_cookie(&cookie).await, StatusCode::UNAUTHORIZED);
    assert_eq!(app.refresh(&ann).await.status, StatusCode::OK);
    for socket in [&mut hers, &mut his] {
        assert!(socket.before_pong().await.is_empty());
    }
    assert_eq!(app.sessions(&ann).await.len(), 1);
    assert_eq!(app.delete(SESSIONS, &ann).await.status, StatusCode::NO_CONTENT, "there is nothing to do");
}

#[tokio::test]
async fn a_user_cannot_end_the_sign_in_of_another_user() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let id = app.session_of(&ann).await;
    for id in [id.as_str(), "00000000-0000-7000-8000-000000000000", "nonsense", "%ff"] {
        let refused = app.delete(&format!("{SESSIONS}/{id}"), &bob).await;
        assert_eq!(refused.error(), error(404, "not_found", ""), "{id}");
    }
    app.delete(SESSIONS, &bob).await;
    assert_eq!(app.me(&ann).await.status, StatusCode::OK);
    // A page of another site brings the cookie along and ends nothing.
    let cookie = app.browser("ann").await;
    let foreign = app.request(Method::DELETE, SESSIONS).header("cookie", cookie);
    let foreign = Answer::to(foreign.header("sec-fetch-site", "cross-site")).await;
    assert_eq!(foreign.error(), error(403, "forbidden", ""));
    assert_eq!(app.me(&ann).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_password_change_ends_all_other_sign_ins() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let (phone, cookie) = (app.login("ann").await, app.browser("ann").await);
    let (mut here, mut there) = (app.enter(&ann).await, app.enter(&phone).await);

    let changed = app.post(CHANGE, &ann, &change(PASSWORD, OTHER_PASSWORD)).await;

    assert_eq!(changed.status, StatusCode::NO_CONTENT, "{changed:?}");
    assert_eq!(there.end().await, End::Closed(4401));
    assert_eq!(app.me(&phone).await.error(), unauthorized());
    assert_eq!(app.me_by_cookie(&cookie).await, StatusCode::UNAUTHORIZED);
    assert!(here.before_pong().await.is_empty());
    assert_eq!(app.refresh(&ann).await.status, StatusCode::OK);
    let old = app.try_password("ann", PASSWORD).await;
    assert_eq!(old.error(), error(401, "wrong_credentials", ""));
    assert_eq!(app.try_password("ann", OTHER_PASSWORD).await.status, StatusCode::OK);
    assert_eq!(app.me(&bob).await.status, StatusCode::OK);
    assert_eq!(app.try_password("bob", PASSWORD).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_invalid_password_change_is_reported_by_field() {
    let app = App::spawn().await;
    let (ann, phone) = (app.register("ann").await, app.login("ann").await);
    for (form, expected) in [
        (change("wrong horse battery", OTHER_PASSWORD), error(403, "wrong_credentials", "current_password")),
        (change("", OTHER_PASSWORD), error(403, "wrong_credentials", "current_password")),
        (change(PASSWORD, "short"), error(422, "weak_password", "new_password")),
        (change(PASSWORD, "ann@example.org"), error(422, "weak_password", "new_password")),
        (json!({ "current_password": PASSWORD }), error(422, "bad_frame", "new_password")),
        (json!({ "current_password": PASSWORD, "password": "x" }), error(400, "bad_frame", "password")),
    ] {
        let answer = app.post(CHANGE, &ann, &form).await;
        assert_eq!(answer.error(), expected, "{form}");
        assert!(!answer.text.contains("horse"), "{answer:?}");
    }
    let stranger = app.post_signed_out(CHANGE, &change(PASSWORD, OTHER_PASSWORD)).await;
    assert_eq!(stranger.error(), unauthorized());
    assert_eq!(app.me(&phone).await.status, StatusCode::OK);
    assert_eq!(app.try_password("ann", PASSWORD).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_wrong_current_password_counts_as_a_failed_login() {
    let app = App::spawn_with(|config| {
        config.rate_limits = RateLimits { logins_per_minute_per_user: Some(6), ..RateLimits::OFF };
    })
    .await;
    let ann = app.register("ann").await;
    let mut wrong = 0;
    for number in 0..20 {
        // Each from an address of its own: only the user is what they share.
        let request = app.request(Method::POST, CHANGE).bearer_auth(&ann.access_token);
        let request = request.header("x-forwarded-for", format!("203.0.113.{number}"));
        let answer = Answer::to(request.json(&change("wrong horse battery", OTHER_PASSWORD))).await;
        if answer.status == StatusCode::FORBIDDEN {
            wrong += 1;
        } else {
            assert_eq!(answer.error(), error(429, "rate_limited", ""));
        }
    }
    // What six a minute makes of the time that the test takes may come on top.
    assert!((6..10).contains(&wrong), "{wrong}");
    let elsewhere = app.request(Method::POST, crate::LOGIN).header("x-forwarded-for", "203.0.113.77");
    let form = json!({ "username": "ann", "password": "wrong horse battery" });
    assert_eq!(Answer::to(elsewhere.json(&form)).await.error(), error(429, "rate_limited", ""));
}

#[tokio::test]
async fn a_token_of_another_issuer_cannot_change_a_password() {
    let app = App::spawn().await;
    let (ann, phone) = (app.register("ann").await, app.login("ann").await);
    let token = mint(&json!({ "sub": ann.user.id, "exp": FAR_AWAY }));
    let form = change(PASSWORD, OTHER_PASSWORD);
    let refused = app.request(Method::POST, CHANGE).bearer_auth(&token).json(&form);
    assert_eq!(Answer::to(refused).await.error(), error(403, "forbidden", ""));
    assert_eq!(app.me(&phone).await.status, StatusCode::OK);
    // It is in no list, but its user's sign-ins are, and may be ended.
    let listed = Answer::to(app.request(Method::GET, SESSIONS).bearer_auth(&token)).await.json();
    let listed = listed["sessions"].as_array().unwrap();
    assert!(listed.len() == 2 && listed.iter().all(|it| it["is_current"] == false), "{listed:?}");
    let ended = Answer::to(app.request(Method::DELETE, SESSIONS).bearer_auth(&token)).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    assert_eq!(app.me(&ann).await.error(), unauthorized());

    let app = App::spawn_with(|config| config.accounts = AccountsMode::External).await;
    let refused = Answer::to(app.request(Method::POST, CHANGE).bearer_auth(&token).json(&form)).await;
    assert_eq!(refused.error(), error(404, "not_found", ""));
    let listed = Answer::to(app.request(Method::GET, SESSIONS).bearer_auth(&token)).await;
    assert_eq!(listed.json()["sessions"], json!([]));
}
