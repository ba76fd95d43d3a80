//! The last use of a sign-in: stored to the hour and shown to its user.

use std::sync::Arc;

use hub::memory::ManualClock;
use protocol::rest::Tokens;
use reqwest::StatusCode;
use serde_json::Value;

use crate::common::App;

/// 2027-01-01T00:00:00Z
const NEW_YEAR_MS: i64 = 1_798_761_600_000;

const MINUTE_MS: i64 = 60_000;

/// The last use of the sign-in of this name, as its user sees it.
async fn seen(app: &App, who: &Tokens, id: &Value) -> String {
    let sessions = app.sessions(who).await;
    let session = sessions.iter().find(|it| it["id"] == *id).unwrap();
    session["last_seen_at"].as_str().unwrap().to_owned()
}

/// Those that are not the current one.
async fn others(app: &App, who: &Tokens) -> Vec<Value> {
    let sessions = app.sessions(who).await;
    sessions.into_iter().filter(|it| it["is_current"] == false).map(|mut it| it["id"].take()).collect()
}

#[tokio::test]
async fn last_use_of_a_sign_in_is_kept_to_the_hour_over_a_restart() {
    let clock = ManualClock::at_ms(NEW_YEAR_MS);
    let app = App::spawn_at(Arc::new(clock.clone()), |_| {}).await;
    app.register("ann").await;
    let cookie = app.browser("ann").await;
    let looking = app.login("ann").await;
    let ids = others(&app, &looking).await;
    assert_eq!(ids.len(), 2, "the registration and the browser");

    clock.advance_ms(59 * MINUTE_MS);
    assert_eq!(app.me_by_cookie(&cookie).await, StatusCode::OK);
    let looking = app.login("ann").await;
    for id in &ids {
        assert_eq!(seen(&app, &looking, id).await, "2027-01-01T00:00:00.000Z");
    }

    clock.advance_ms(2 * MINUTE_MS);
    assert_eq!(app.me_by_cookie(&cookie).await, StatusCode::OK);
    let mut times = Vec::new();
    for id in &ids {
        times.push(seen(&app, &looking, id).await);
    }
    times.sort();
    assert_eq!(times, ["2027-01-01T00:00:00.000Z", "2027-01-01T01:01:00.000Z"]);

    // What was noted is stored, also by a server that stops at once.
    let app = app.restart().await;
    clock.advance_ms(MINUTE_MS);
    let mut again = Vec::new();
    for id in &ids {
        again.push(seen(&app, &looking, id).await);
    }
    again.sort();
    assert_eq!(again, times);
}

#[tokio::test]
async fn a_refresh_and_an_open_connection_count_as_uses() {
    let clock = ManualClock::at_ms(NEW_YEAR_MS);
    let app = App::spawn_at(Arc::new(clock.clone()), |_| {}).await;
    let ann = app.register("ann").await;
    let phone = app.login("ann").await;
    let id = Value::from(app.session_of(&phone).await);

    clock.advance_ms(5 * MINUTE_MS);
    assert_eq!(seen(&app, &ann, &id).await, "2027-01-01T00:00:00.000Z");
    let phone: Tokens = serde_json::from_str(&app.refresh(&phone).await.text).unwrap();
    assert_eq!(seen(&app, &ann, &id).await, "2027-01-01T00:05:00.000Z");

    let socket = app.enter(&phone).await;
    clock.advance_ms(5 * MINUTE_MS);
    assert_eq!(seen(&app, &ann, &id).await, "2027-01-01T00:10:00.000Z");
    drop(socket);
}
