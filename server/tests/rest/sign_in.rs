//! Logins: how names and passwords are normalized, and which attempts share a limit.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use reqwest::StatusCode;
use serde_json::json;
use server::config::RateLimits;

use crate::common::{Answer, App, PASSWORD};
use crate::{LOGIN, REGISTER, error};

async fn sign_in(app: &App, username: &str, password: &str) -> Answer {
    app.post_signed_out(LOGIN, &json!({ "username": username, "password": password })).await
}

#[tokio::test]
async fn a_password_matches_in_every_unicode_form() {
    let app = App::spawn().await;
    let (composed, decomposed) =
        ("caf\u{e9} cr\u{e8}me br\u{fb}l\u{e9}e", "cafe\u{301} cre\u{300}me bru\u{302}le\u{301}e");
    for (name, password) in [("ann", composed), ("bob", decomposed)] {
        let form = json!({ "username": name, "email": format!("{name}@example.org"), "password": password });
        assert_eq!(app.post_signed_out(REGISTER, &form).await.status, StatusCode::CREATED);
        for typed in [composed, decomposed] {
            assert_eq!(sign_in(&app, name, typed).await.status, StatusCode::OK, "{name} {typed:?}");
        }
        let wrong = sign_in(&app, name, "cafe creme brulee").await;
        assert_eq!(wrong.error(), error(401, "wrong_credentials", ""));
    }
}

#[tokio::test]
async fn spaces_around_a_name_or_email_are_ignored() {
    let app = App::spawn().await;
    let form = json!({ "username": " ann ", "email": " zo\u{eb}@example.org\t", "password": PASSWORD });
    let made = app.post_signed_out(REGISTER, &form).await.json();
    assert_eq!(
        (&made["user"]["username"], &made["user"]["email"]),
        (&json!("ann"), &json!("zo\u{eb}@example.org"))
    );
    for typed in ["ann ", "\tANN", "zo\u{eb}@example.org ", " zoe\u{308}@example.org"] {
        assert_eq!(sign_in(&app, typed, PASSWORD).await.status, StatusCode::OK, "{typed:?}");
    }
    // A password is what it is, with its spaces.
    let wrong = sign_in(&app, "ann", &format!("{PASSWORD} ")).await;
    assert_eq!(wrong.error(), error(401, "wrong_credentials", ""));
}

#[tokio::test]
async fn name_and_email_of_an_account_share_one_login_limit() {
    let app = App::spawn_with(|config| {
        config.rate_limits = RateLimits { logins_per_minute_per_user: Some(6), ..RateLimits::OFF };
    })
    .await;
    app.register("ann").await;
    let from = |last: usize| format!("203.0.113.{last}");
    let mut wrong = 0;
    for (number, login) in ["ann", "ann@example.org", "ANN", " ann "].iter().cycle().take(20).enumerate() {
        let form = json!({ "username": login, "password": "wrong horse battery" });
        // Each from an address of its own: only the login is what they share.
        let request = app.request(reqwest::Method::POST, LOGIN).header("x-forwarded-for", from(number));
        let answer = Answer::to(request.json(&form)).await;
        if answer.status == StatusCode::UNAUTHORIZED {
            wrong += 1;
        } else {
            assert_eq!(answer.error(), error(429, "rate_limited", ""));
        }
    }
    // What six a minute makes of the time that the test takes may come on top.
    assert!((6..10).contains(&wrong), "{wrong}");
}

#[tokio::test]
async fn a_full_password_queue_answers_logins_with_a_retry_time() {
    let app = App::spawn().await;
    let mut tries: FuturesUnordered<_> =
        (0..300).map(|_| sign_in(&app, "nemo", "wrong horse battery")).collect();
    let mut refused = 0;
    // 128 may wait, and of those that are answered some were compared.
    while tries.len() > 128 {
        let answer = tries.next().await.unwrap();
        if answer.status != StatusCode::UNAUTHORIZED {
            assert_eq!(answer.error(), error(503, "unavailable", ""));
            assert_eq!(answer.header("retry-after"), "1");
            refused += 1;
        }
    }
    assert!(refused > 0, "all were compared");
    // Clients that hang up leave the queue, as soon as the server has noticed it.
    drop(tries);
    let next = loop {
        let answer = sign_in(&app, "nemo", PASSWORD).await;
        if answer.status != StatusCode::SERVICE_UNAVAILABLE {
            break answer;
        }
    };
    assert_eq!(next.status, StatusCode::UNAUTHORIZED);
}
