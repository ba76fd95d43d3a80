//! Tokens, tickets and cookies: which are accepted, and how they end.

use std::time::UNIX_EPOCH;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use protocol::rest::Tokens;
use protocol::{ClientFrame, ServerFrame};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use server::config::Environment;
use tokio_tungstenite::connect_async;

use crate::common::{Answer, App, FAR_AWAY, SECRET, mint};
use crate::socket::{End, Socket};
use crate::{ME, REFRESH, error, me, unauthorized};

#[tokio::test]
async fn every_invalid_token_is_refused() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let good = &ann.access_token;
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (head, claims) = signed.split_once('.').unwrap();
    let mut changed = claims.to_owned();
    changed.replace_range(10..11, if claims.as_bytes()[10] == b'A' { "B" } else { "A" });
    let id = &ann.user.id;
    let long = json!({ "sub": id, "exp": FAR_AWAY });
    let sign = |algorithm, secret: &str| {
        let key = EncodingKey::from_secret(secret.as_bytes()).unwrap();
        jsonwebtoken::encode(&Header::new(algorithm), &long, &key).unwrap()
    };
    for bad in [
        String::new(),
        "garbage".to_owned(),
        "a.b.c".to_owned(),
        format!("{signed}."),
        format!("{signed}.{}", &signature[..signature.len() - 3]),
        format!("{head}.{changed}.{signature}"),
        format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}."),
        format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.{signature}"),
        sign(Algorithm::HS384, SECRET),
        sign(Algorithm::HS512, SECRET),
        sign(Algorithm::HS256, "another secret, just as long as ours"),
        mint(&json!({ "sub": id, "exp": 1 })),
        mint(&json!({ "sub": id })),
        mint(&json!({ "exp": FAR_AWAY })),
        mint(&json!({ "sub": "nobody", "exp": FAR_AWAY })),
        mint(&json!({ "sub": "not an id", "exp": FAR_AWAY })),
        mint(&json!({ "sub": id, "exp": FAR_AWAY, "nbf": FAR_AWAY })),
        mint(&json!({ "sub": id, "exp": FAR_AWAY, "sid": "not a sign-in" })),
        mint(&json!({ "sub": id, "exp": FAR_AWAY, "sid": uuid::Uuid::nil() })),
        id.to_string(),
        ann.refresh_token.clone(),
    ] {
        let answer = me(&app, &bad).await;
        assert_eq!(answer.error(), unauthorized(), "{bad}");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        assert!(connect_async(app.socket_url(&format!("?token={bad}"))).await.is_err(), "{bad}");
    }
    for header in ["Basic YW5uOmFubg==", good, "Bearer"] {
        let answer = Answer::to(app.request(Method::GET, ME).header("authorization", header)).await;
        assert_eq!(answer.error(), unauthorized(), "{header}");
    }
    let none = Answer::to(app.request(Method::GET, ME)).await;
    assert_eq!(none.error(), unauthorized());
    // The scheme's name has no capitals of its own, and a token of another backend with our secret is good.
    let lower = app.request(Method::GET, ME).header("authorization", format!("bearer {}", mint(&long)));
    assert_eq!(Answer::to(lower).await.status, StatusCode::OK);
}

#[tokio::test]
async fn token_times_may_have_fractions_and_clock_skew() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let now = UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    for (claims, is_good) in [
        (json!({ "exp": now + 900.5 }), true),
        (json!({ "exp": now + 900.5, "iat": now - 0.25, "nbf": now - 0.25 }), true),
        (json!({ "exp": now + 900.0, "nbf": now + 2.0 }), true),
        (json!({ "exp": now + 900.0, "nbf": now + 25.0 }), true),
        (json!({ "exp": now + 900.0, "nbf": now + 600.0 }), false),
        (json!({ "exp": now - 0.5 }), false),
    ] {
        let mut claims = claims;
        claims["sub"] = json!(ann.user.id);
        let token = mint(&claims);
        assert_eq!(me(&app, &token).await.status == StatusCode::OK, is_good, "{claims}");
        let socket = connect_async(app.socket_url(&format!("?token={token}"))).await;
        assert_eq!(socket.is_ok(), is_good, "{claims}");
    }
}

#[tokio::test]
async fn every_carrier_accepts_a_token_with_its_scheme_and_spaces() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let token = &ann.access_token;
    for carried in [format!("Bearer {token}"), format!(" bearer \t{token} "), format!("\n{token}\n")] {
        let encoded = carried.replace(' ', "%20").replace('\t', "%09").replace('\n', "%0A");
        assert!(connect_async(app.socket_url(&format!("?token={encoded}"))).await.is_ok(), "{encoded}");
        let mut socket = Socket::try_connect(&app.socket_url(""), &[]).await.unwrap();
        socket.say(&ClientFrame::Authenticate { token: carried.clone(), inbox: None }).await;
        assert!(matches!(socket.hear().await, ServerFrame::Welcome { .. }), "{carried:?}");
        socket.say(&ClientFrame::Authenticate { token: carried.clone(), inbox: None }).await;
        assert!(matches!(socket.hear().await, ServerFrame::Authenticated { .. }), "{carried:?}");
    }
    for header in [format!("Bearer  {token} "), format!("bearer\t{token}")] {
        let ask = app.request(Method::GET, ME).header("authorization", &header);
        assert_eq!(Answer::to(ask).await.status, StatusCode::OK, "{header:?}");
    }
    for bad in ["Bearer", "Bearer%20", "Basic%20", "Bearer%20Basic%20"] {
        let url = app.socket_url(&format!("?token={bad}{}", if bad == "Bearer" { "" } else { token }));
        assert_eq!(connect_async(url).await.is_ok(), bad == "Bearer%20", "{bad}");
    }
}

#[tokio::test]
async fn the_lifetime_of_an_access_token_is_configurable() {
    let app = App::spawn_with(|config| config.access_token_minutes = 2).await;
    let ann = app.register("ann").await;
    assert_eq!(ann.expires_in, 120);
    let claims = jsonwebtoken::dangerous::insecure_decode::<Value>(&ann.access_token).unwrap().claims;
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 120);
}

#[tokio::test]
async fn a_token_with_another_users_sign_in_is_refused() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let claims = jsonwebtoken::dangerous::insecure_decode::<Value>(&ann.access_token).unwrap().claims;
    let mixed = mint(&json!({ "sub": bob.user.id, "exp": FAR_AWAY, "sid": claims["sid"] }));
    assert_eq!(me(&app, &mixed).await.error(), unauthorized());
}

async fn refresh(app: &App, token: &str) -> Answer {
    app.post_signed_out(REFRESH, &json!({ "refresh_token": token })).await
}

async fn refreshed(app: &App, token: &str) -> Tokens {
    serde_json::from_str(&refresh(app, token).await.text).unwrap()
}

#[tokio::test]
async fn a_refresh_token_reused_after_its_successor_ends_the_sign_in() {
    let app = App::spawn().await;
    let first = app.register("ann").await;
    let other_device = app.login("ann").await;
    let second = refreshed(&app, &first.refresh_token).await;
    assert_ne!(first.refresh_token, second.refresh_token);
    assert_eq!(me(&app, &second.access_token).await.status, StatusCode::OK);
    let third = refreshed(&app, &second.refresh_token).await;

    assert_eq!(refresh(&app, &first.refresh_token).await.error(), unauthorized());
    for dead in [&second, &third] {
        assert_eq!(refresh(&app, &dead.refresh_token).await.error(), unauthorized());
        assert_eq!(me(&app, &dead.access_token).await.error(), unauthorized());
    }
    assert_eq!(me(&app, &other_device.access_token).await.status, StatusCode::OK);
    for wrong in ["", "garbage", first.access_token.as_str()] {
        assert_eq!(refresh(&app, wrong).await.error(), unauthorized(), "{wrong}");
    }
}

#[tokio::test]
async fn a_refresh_token_sent_twice_within_seconds_gets_one_successor() {
    let app = App::spawn().await;
    let first = app.register("ann").await;
    // Two tabs at once, and one whose answer was lost.
    let (one, two) =
        tokio::join!(refreshed(&app, &first.refresh_token), refreshed(&app, &first.refresh_token));
    let again = refreshed(&app, &first.refresh_token).await;
    assert_eq!((&one.refresh_token, &one.refresh_token), (&two.refresh_token, &again.refresh_token));
    for tokens in [&one, &two, &again] {
        assert_eq!(me(&app, &tokens.access_token).await.status, StatusCode::OK);
    }
    // Also across a restart.
    let app = app.restart().await;
    assert_eq!(refreshed(&app, &first.refresh_token).await.refresh_token, one.refresh_token);
    assert_ne!(refreshed(&app, &one.refresh_token).await.refresh_token, one.refresh_token);
}

#[tokio::test]
async fn token_errors_are_explained_in_development_only() {
    let bad = [
        ("garbage".to_owned(), "not a JWT"),
        (mint(&json!({ "sub": "ann", "exp": 1 })), "has expired"),
        (mint(&json!({ "sub": "ann", "exp": FAR_AWAY, "nbf": FAR_AWAY })), "not valid yet"),
        (mint(&json!({ "sub": "ann" })), "no `exp`"),
        (mint(&json!({ "sub": "ann", "exp": FAR_AWAY * 1_000 })), "in milliseconds"),
        (mint(&json!({ "sub": "", "exp": FAR_AWAY })), "`sub` is missing or blank"),
        (mint(&json!({ "sub": "nobody", "exp": FAR_AWAY })), "no account"),
        (mint(&json!({ "sub": "ann", "exp": FAR_AWAY, "sid": uuid::Uuid::nil() })), "sign-in has ended"),
        (
            jsonwebtoken::encode(
                &Header::default(),
                &json!({ "sub": "ann", "exp": FAR_AWAY }),
                &EncodingKey::from_secret(b"another secret, just as long as ours").unwrap(),
            )
            .unwrap(),
            "signature",
        ),
        ("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.e30.".to_owned(), "not HS256"),
    ];
    let development = App::spawn_with(|config| config.environment = Environment::Development).await;
    let production = App::spawn().await;
    for (token, reason) in bad {
        let received = me(&development, &token).await;
        assert_eq!(received.error(), unauthorized());
        assert!(received.text.contains(reason), "{reason}: {received:?}");
        let hidden = me(&production, &token).await;
        assert_eq!(hidden.json()["message"], "sign in: the token is missing, wrong, expired or revoked");

        // The same in a first frame.
        for (app, is_explained) in [(&development, true), (&production, false)] {
            let mut socket = Socket::try_connect(&app.socket_url(""), &[]).await.unwrap();
            socket.say(&ClientFrame::Authenticate { token: token.clone(), inbox: None }).await;
            let message = socket
                .hear_some(|frame| match frame {
                    ServerFrame::Error { message, .. } => Some(message),
                    _ => None,
                })
                .await;
            assert_eq!(message.contains(reason), is_explained, "{reason}: {message}");
            assert_eq!(socket.end().await, End::Closed(4401));
        }
    }
}

#[tokio::test]
async fn a_ticket_opens_one_socket_and_ends_with_its_sign_in() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let answer = app.post("/api/v1/auth/ticket", &ann, &Value::Null).await.json();
    assert_eq!(answer["expires_in"], 30);
    let url = app.socket_url(&format!("?ticket={}", answer["ticket"].as_str().unwrap()));
    assert!(connect_async(&url).await.is_ok());
    assert!(connect_async(&url).await.is_err());

    let late = app.socket_url(&format!("?ticket={}", app.ticket(&ann).await));
    app.post("/api/v1/auth/logout", &ann, &Value::Null).await;
    assert!(connect_async(&late).await.is_err());
}

#[tokio::test]
async fn the_cookie_reads_from_any_page_and_writes_only_from_own_pages() {
    let app = App::spawn().await;
    app.register("ann").await;
    let cookie = app.browser("ann").await;
    let send = |method, headers: &[(&'static str, &str)]| {
        let mut request = app.request(method, "/api/v1/chats").header("cookie", &cookie);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::to(request.json(&json!({ "name": "x" })))
    };
    let own = format!("http://{}", app.addr);
    for headers in [[("sec-fetch-site", "same-origin")], [("origin", own.as_str())]] {
        assert_eq!(send(Method::POST, &headers).await.status, StatusCode::CREATED);
    }
    for headers in [
        vec![],
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site"), ("origin", own.as_str())],
        vec![("origin", "https://evil.example")],
        vec![("origin", "null")],
    ] {
        assert_eq!(send(Method::POST, &headers).await.error(), error(403, "forbidden", ""), "{headers:?}");
    }
    let read = send(Method::GET, &[("sec-fetch-site", "cross-site")]).await;
    assert_eq!(read.json()["chats"].as_array().map(Vec::len), Some(2));
    let wrong = Answer::to(app.request(Method::GET, ME).header("cookie", "hubbub_session=garbage")).await;
    assert_eq!(wrong.error(), unauthorized());
}

#[tokio::test]
async fn a_sign_in_survives_a_restart_and_a_ticket_does_not() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let ticket = app.ticket(&ann).await;
    let app = app.restart().await;
    assert_eq!(me(&app, &ann.access_token).await.status, StatusCode::OK);
    assert!(connect_async(app.socket_url(&format!("?ticket={ticket}"))).await.is_err());
}
