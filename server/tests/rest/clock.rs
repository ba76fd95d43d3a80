//! Clock changes: the machine's clock is set to another time while the server runs.

use std::sync::Arc;

use hub::memory::ManualClock;
use reqwest::{Method, StatusCode};
use serde_json::json;
use server::config::RateLimits;

use crate::common::{Answer, App, PASSWORD};
use crate::socket::Socket;
use crate::{LOGIN, error, me};

/// 2027-01-01T00:00:00Z
const NEW_YEAR_MS: i64 = 1_798_761_600_000;

const HOUR_MS: i64 = 3_600_000;

async fn app(rates: RateLimits) -> (App, ManualClock) {
    let clock = ManualClock::at_ms(NEW_YEAR_MS);
    let app = App::spawn_at(Arc::new(clock.clone()), |config| config.rate_limits = rates).await;
    (app, clock)
}

#[tokio::test]
async fn a_clock_set_back_lengthens_no_wait() {
    let rates = RateLimits { logins_per_minute: Some(10), handshakes_per_minute: Some(3), ..RateLimits::OFF };
    let (app, clock) = app(rates).await;
    let ann = app.register("ann").await;
    let sign_in = async || {
        let form = json!({ "username": "ann", "password": PASSWORD });
        app.post_signed_out(LOGIN, &form).await
    };
    for _ in 0..9 {
        assert_eq!(sign_in().await.status, StatusCode::OK);
    }
    let try_connect = async || Answer::to(app.request(Method::GET, "/api/v1/ws?token=wrong")).await;
    for _ in 0..3 {
        assert_eq!(try_connect().await.status, StatusCode::UNAUTHORIZED);
    }
    let wait_ms = |answer: &Answer| answer.json()["retry_after_ms"].as_u64().unwrap();
    for step_ms in [0, -5 * HOUR_MS, 5 * HOUR_MS, -5 * HOUR_MS] {
        clock.set_ms(NEW_YEAR_MS + step_ms);
        let (refused, not_let_in) = (sign_in().await, try_connect().await);
        assert_eq!(refused.error(), error(429, "rate_limited", ""));
        assert_eq!(wait_ms(&refused), 6_000, "after {step_ms}");
        assert_eq!(not_let_in.error(), error(429, "rate_limited", ""));
        assert_eq!(wait_ms(&not_let_in), 20_000, "after {step_ms}");
    }
    clock.advance_ms(20_000);
    assert_eq!(sign_in().await.status, StatusCode::OK);
    let url = app.socket_url(&format!("?token={}", ann.access_token));
    assert!(Socket::try_connect(&url, &[]).await.is_ok());
}

#[tokio::test]
async fn a_ticket_lasts_half_a_minute_despite_a_clock_change() {
    let (app, clock) = app(RateLimits::OFF).await;
    let ann = app.register("ann").await;
    let try_connect =
        async |ticket: String| Socket::try_connect(&app.socket_url(&format!("?ticket={ticket}")), &[]).await;
    let (early, late) = (app.ticket(&ann).await, app.ticket(&ann).await);
    clock.set_ms(NEW_YEAR_MS - 5 * HOUR_MS);
    clock.advance_ms(29_000);
    assert!(try_connect(early).await.is_ok());
    clock.advance_ms(1_000);
    assert_eq!(try_connect(late).await.err(), Some(401));
}

#[tokio::test]
async fn rooms_are_listed_by_latest_message_despite_a_clock_change() {
    let (app, clock) = app(RateLimits::OFF).await;
    let ann = app.register("ann").await;
    let (den, attic) = (app.create_room(&ann, "Den", &[]).await, app.create_room(&ann, "Attic", &[]).await);
    let listed = async || {
        let rooms = app.get("/api/v1/chats", &ann).await.json()["chats"].take();
        let names = rooms.as_array().unwrap().iter().map(|room| room["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    app.say(&ann, &attic, "at midnight").await;
    clock.set_ms(NEW_YEAR_MS - 5 * HOUR_MS);
    let said = app.say(&ann, &den, "five hours earlier").await;
    assert!(said.created_at.starts_with("2026-12-31T19:00"), "{said:?}");
    assert_eq!(listed().await, ["Den", "Attic"]);
    // A step that large is not carried on in a room for as long as it was.
    let said = app.say(&ann, &attic, "then this").await;
    assert!(said.created_at.starts_with("2026-12-31T19:00"), "{said:?}");
    assert_eq!(listed().await, ["Attic", "Den"]);
    app.create_room(&ann, "Cellar", &[]).await;
    assert_eq!(listed().await, ["Cellar", "Attic", "Den"]);
    // A small one is hidden.
    clock.advance_ms(60_000);
    let before = app.say(&ann, &den, "before").await;
    clock.set_ms(NEW_YEAR_MS - 5 * HOUR_MS + 30_000);
    assert_eq!(app.say(&ann, &den, "after").await.created_at, before.created_at);
}

#[tokio::test]
async fn a_sign_in_made_by_a_fast_clock_does_not_last_for_years() {
    let (app, clock) = app(RateLimits::OFF).await;
    app.register("ann").await;
    clock.set_ms(NEW_YEAR_MS + 5 * 365 * 24 * HOUR_MS);
    let ahead = app.login("ann").await;
    let browser = app.browser("ann").await;
    assert_eq!(me(&app, &ahead.access_token).await.status, StatusCode::OK);
    clock.set_ms(NEW_YEAR_MS);
    assert_eq!(me(&app, &ahead.access_token).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(app.visit("/", &browser).await.status, StatusCode::SEE_OTHER);
    // A few hours sign nobody out.
    let usual = app.login("ann").await;
    clock.set_ms(NEW_YEAR_MS - 5 * HOUR_MS);
    assert_eq!(me(&app, &usual.access_token).await.status, StatusCode::OK);
}
