//! Limits of addresses, sites and devices: an attacker who uses one up does not shut out users.

use protocol::rest::Tokens;
use reqwest::{Method, StatusCode};
use serde_json::json;
use server::config::{Environment, Limits, RateLimits};

use crate::common::{Answer, App, PASSWORD};
use crate::socket::Socket;
use crate::{LOGIN, REFRESH, error};

async fn with_rates(rates: RateLimits) -> App {
    App::spawn_with(|config| config.rate_limits = rates).await
}

/// Signs in over REST, from an address and with what the client has kept of earlier sign-ins; `""` for nothing.
async fn sign_in(app: &App, from: &str, device: &str, login: &str, password: &str) -> Answer {
    let form = json!({ "username": login, "password": password });
    let request = app.request(Method::POST, LOGIN).header("x-forwarded-for", from);
    Answer::to(request.header("hubbub-device", device).json(&form)).await
}

async fn refresh(app: &App, from: &str, token: &str) -> Answer {
    let request = app.request(Method::POST, REFRESH).header("x-forwarded-for", from);
    Answer::to(request.json(&json!({ "refresh_token": token }))).await
}

fn too_fast() -> (u16, String, String) {
    error(429, "rate_limited", "")
}

#[tokio::test]
async fn wrong_passwords_lock_out_only_their_own_address() {
    let app = with_rates(RateLimits::of(Environment::Production)).await;
    app.register("ann").await;
    let mut last = sign_in(&app, "203.0.113.1", "", "ann", "wrong horse battery").await;
    for _ in 0..50 {
        if last.status != StatusCode::UNAUTHORIZED {
            break;
        }
        last = sign_in(&app, "203.0.113.1", "", "ann", "wrong horse battery").await;
    }
    assert_eq!(last.error(), too_fast());
    assert_eq!(sign_in(&app, "203.0.113.2", "", "ann", PASSWORD).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_known_device_signs_in_while_others_guess_its_login() {
    let rates =
        RateLimits { logins_per_minute: Some(100), logins_per_minute_per_user: Some(3), ..RateLimits::OFF };
    let app = with_rates(rates).await;
    app.register("ann").await;
    app.register("bob").await;
    let device = sign_in(&app, "203.0.113.1", "", "ann", PASSWORD).await.header("hubbub-device").to_owned();
    let of_bob = sign_in(&app, "203.0.113.2", "", "bob", PASSWORD).await.header("hubbub-device").to_owned();
    assert!(!device.is_empty() && !device.contains("ann"), "{device}");
    let form = "username=ann&password=correct+horse+battery";
    let page = app.submit("/sign-in", "", form).await;
    let mut cookies = page.headers.get_all("set-cookie").iter().map(|it| it.to_str().unwrap());
    let kept = cookies.find(|it| it.contains("_device=")).unwrap_or_default();
    for part in ["; HttpOnly", "; SameSite=Lax", "; Path=/", "; Secure", "; Max-Age="] {
        assert!(kept.contains(part), "{kept}");
    }
    let cookie = kept.split(';').next().unwrap();

    let tries = (0..50_u8).map(|last| format!("198.51.100.{last}"));
    let mut refused = None;
    for from in tries {
        let answer = sign_in(&app, &from, "", "ann", "wrong horse battery").await;
        if answer.status != StatusCode::UNAUTHORIZED {
            refused = Some(answer.error());
            break;
        }
    }
    assert_eq!(refused, Some(too_fast()));
    // Neither a new device nor one of somebody else, nor one that is made up.
    let made_up = format!("{}x", device.replace('.', ".1"));
    for unknown in ["", of_bob.as_str(), made_up.as_str(), "~~~", "..."] {
        let answer = sign_in(&app, "203.0.113.3", unknown, "ann", PASSWORD).await;
        assert_eq!(answer.error(), too_fast(), "{unknown}");
    }
    let known = sign_in(&app, "203.0.113.3", &device, "ann", PASSWORD).await;
    assert_eq!(known.status, StatusCode::OK);
    assert_eq!(app.submit("/sign-in", cookie, form).await.status, StatusCode::SEE_OTHER);
    // A device that two share is known as either's.
    let shared = sign_in(&app, "203.0.113.4", &device, "bob", PASSWORD).await;
    let shared = shared.header("hubbub-device").to_owned();
    assert_eq!(sign_in(&app, "203.0.113.4", &shared, "ann", PASSWORD).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_known_device_has_its_own_login_limit() {
    let rates =
        RateLimits { logins_per_minute: Some(3), logins_per_minute_per_user: Some(100), ..RateLimits::OFF };
    let app = with_rates(rates).await;
    app.register("ann").await;
    let home = "203.0.113.1";
    let device = sign_in(&app, home, "", "ann", PASSWORD).await.header("hubbub-device").to_owned();
    // Somebody else behind the same address.
    for _ in 0..20 {
        sign_in(&app, home, "", "nemo", "wrong horse battery").await;
    }
    assert_eq!(sign_in(&app, home, "", "ann", PASSWORD).await.error(), too_fast());
    let mut wrong = 0;
    for number in 0..20 {
        let from = format!("198.51.100.{number}");
        if sign_in(&app, &from, &device, "ann", "wrong horse battery").await.error() == too_fast() {
            break;
        }
        wrong += 1;
    }
    assert!((3..10).contains(&wrong), "{wrong}");
    assert_eq!(sign_in(&app, home, "", "ann", PASSWORD).await.error(), too_fast());
}

/// An address in a /64 of its own, all of them in one /48.
fn in_one_site(number: usize) -> String {
    format!("2001:db8:7:{number:x}::1")
}

#[tokio::test]
async fn ipv6_addresses_also_count_for_their_48_bit_site() {
    let rates = RateLimits { handshakes_per_minute: Some(1), logins_per_minute: Some(1), ..RateLimits::OFF };
    let app = with_rates(rates).await;
    let try_connect = async |from: &str| {
        let request = app.request(Method::GET, "/api/v1/ws").header("x-forwarded-for", from);
        Answer::to(request).await.status.as_u16()
    };
    let (mut let_in, mut looked_at) = (0, 0);
    for number in 0..200 {
        let from = in_one_site(number);
        let_in += u32::from(try_connect(&from).await != 429);
        looked_at += u32::from(refresh(&app, &from, "made up").await.status == StatusCode::UNAUTHORIZED);
    }
    // Sixteen times as many as one /64, and what a minute makes of the time that the test takes.
    assert!((16..40).contains(&let_in), "{let_in}");
    assert!((96..150).contains(&looked_at), "{looked_at}");
    assert_ne!(try_connect("2001:db8:8::1").await, 429);
    assert_eq!(refresh(&app, "2001:db8:8::1", "made up").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_site_has_sixteen_times_as_many_sockets_as_an_address() {
    let app = App::spawn_with(|config| {
        config.limits = Limits { connections_per_address: 1, ..Limits::default() };
    })
    .await;
    let mut open = Vec::new();
    for number in 0..16 {
        open.push(
            Socket::try_connect(&app.socket_url(""), &[("x-forwarded-for", &in_one_site(number))])
                .await
                .unwrap(),
        );
    }
    for from in [in_one_site(0), in_one_site(16)] {
        let refused = Socket::try_connect(&app.socket_url(""), &[("x-forwarded-for", &from)]).await;
        assert_eq!(refused.err(), Some(429), "{from}");
    }
    assert!(Socket::try_connect(&app.socket_url(""), &[("x-forwarded-for", "2001:db8:8::1")]).await.is_ok());
}

#[tokio::test]
async fn a_ticket_over_the_limit_of_a_user_ends_the_oldest() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let of_bob = app.ticket(&bob).await;
    let mut tickets = Vec::new();
    for _ in 0..21 {
        tickets.push(app.ticket(&ann).await);
    }
    let opens = async |ticket: &str| {
        Socket::try_connect(&app.socket_url(&format!("?ticket={ticket}")), &[]).await.err()
    };
    assert_eq!(opens(&tickets[0]).await, Some(401));
    assert_eq!(opens(&tickets[1]).await, None);
    assert_eq!(opens(&tickets[20]).await, None);
    assert_eq!(opens(&of_bob).await, None);
}

#[tokio::test]
async fn invalid_refresh_tokens_count_against_their_address() {
    let app = with_rates(RateLimits { logins_per_minute: Some(1), ..RateLimits::OFF }).await;
    let ann = app.register("ann").await;
    let mut wrong = 0;
    let refused = loop {
        let answer = refresh(&app, "203.0.113.1", "made up").await;
        if answer.status != StatusCode::UNAUTHORIZED || wrong > 50 {
            break answer;
        }
        wrong += 1;
    };
    assert!((6..20).contains(&wrong), "{wrong}");
    assert_eq!(refused.error(), too_fast());
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|wait| (1..=60).contains(&wait)));
    assert_eq!(refresh(&app, "203.0.113.2", "made up").await.status, StatusCode::UNAUTHORIZED);
    // One that is good is no stranger's.
    let good = refresh(&app, "203.0.113.1", &ann.refresh_token).await;
    assert_eq!(good.status, StatusCode::OK, "{good:?}");
    let next: Tokens = serde_json::from_str(&good.text).unwrap();
    assert_eq!(refresh(&app, "203.0.113.1", &next.refresh_token).await.status, StatusCode::OK);
}
