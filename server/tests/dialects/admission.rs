//! Admission to the raw dialects: which token opens which socket, and how expiry, sign-out and limits close it.

use protocol::limits;
use serde_json::{Value, json};

use crate::common::{App, FAR_AWAY, mint};
use crate::raw::Raw;
use crate::{in_chat, personal, skilllift};

/// A claim of a token, read without checking the signature.
fn claim_of(token: &str, claim: &str) -> Value {
    let token = jsonwebtoken::dangerous::insecure_decode::<Value>(token).unwrap();
    token.claims[claim].clone()
}

/// The same claims without a signature (RFC 7519, section 6).
fn unsigned(token: &str) -> String {
    let claims = token.split('.').nth(1).unwrap();
    format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.")
}

#[tokio::test]
async fn qm_07_ca_01_sl_02_an_invalid_token_opens_no_socket() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Kitchen", &[]).await;
    let chat = format!("/api/v1/ws/chat/{room}");
    let own = format!("/api/v1/ws/{}", ann.user.id);
    let cut = &ann.access_token[..ann.access_token.len() - 2];
    for path in ["/ws/endpoint", "/", &chat, &own] {
        assert!(Raw::try_connect(&app, &format!("{path}?token={}", ann.access_token), &[]).await.is_ok());
        for proof in [
            "?token=".to_owned(),
            "?token=garbage".to_owned(),
            format!("?token={cut}"),
            format!("?token={}", unsigned(&ann.access_token)),
            format!("?token={}", ann.user.id),
            format!("?token={}", ann.refresh_token),
            format!("?token={}", mint(&json!({ "sub": ann.user.id, "exp": 1 }))),
            format!("?token={}", mint(&json!({ "sub": "nobody", "exp": FAR_AWAY }))),
            "?ticket=never-made".to_owned(),
        ] {
            let (status, body) = Raw::try_connect(&app, &format!("{path}{proof}"), &[]).await.err().unwrap();
            assert_eq!((status, &body["code"]), (401, &json!("unauthorized")), "{path}{proof}");
        }
        let evil = [("origin", "https://evil.example")];
        let try_connect = Raw::try_connect(&app, &format!("{path}?token={}", ann.access_token), &evil).await;
        assert_eq!(try_connect.err().unwrap().0, 403, "{path}");
    }
    for path in ["/ws/endpoint", chat.as_str(), own.as_str()] {
        let (status, body) = Raw::try_connect(&app, path, &[]).await.err().unwrap();
        assert!(status == 401 && body["message"].as_str().is_some_and(|it| it.contains("token")), "{path}");
    }
}

#[tokio::test]
async fn sl_01_every_carrier_of_a_token_opens_the_socket_at_the_root() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    skilllift(&app, &ann).await;
    let bearer = format!("Bearer {}", ann.access_token);
    let ticket = app.ticket(&ann).await;
    let mut by_header = Raw::try_connect(&app, "/", &[("authorization", &bearer)]).await.unwrap();
    let mut by_ticket = Raw::try_connect(&app, &format!("/?ticket={ticket}"), &[]).await.unwrap();
    let mut by_frame = Raw::try_connect(&app, "/", &[]).await.unwrap();
    by_frame.say(&json!({ "type": "authenticate", "data": { "token": ann.access_token } })).await;
    for socket in [&mut by_header, &mut by_ticket, &mut by_frame] {
        let first = socket.hear().await;
        assert_eq!((&first["type"], &first["payload"]["userName"]), (&json!("connected"), &json!("ann")));
    }
    for first in [r#"{"type":"ping"}"#, "{", r#"{"type":"authenticate","data":{"token":"x"}}"#] {
        let mut socket = Raw::try_connect(&app, "/", &[]).await.unwrap();
        socket.say_raw(first).await;
        assert_eq!(socket.error().await, "unauthorized", "{first}");
        assert_eq!(socket.end().await, 4401);
    }
    // Without an upgrade it is the start page, whatever its query says.
    let page = app.visit("/?token=a&token=b", "").await;
    assert_eq!((page.status.as_u16(), page.header("location")), (303, "/sign-in"));
}

#[tokio::test]
async fn ca_01_only_members_open_the_socket_of_a_chat() {
    let app = App::spawn().await;
    let (ann, eve) = (app.register("ann").await, app.register("eve").await);
    let room = app.create_room(&ann, "Kitchen", &[]).await;
    let long = "x".repeat(65);
    for named in [room.as_str(), "no-such-room", "a%20b", &long] {
        let path = format!("/api/v1/ws/chat/{named}?token={}", eve.access_token);
        let (status, body) = Raw::try_connect(&app, &path, &[]).await.err().unwrap();
        assert_eq!((status, &body["code"]), (403, &json!("forbidden")), "{named}");
    }
}

#[tokio::test]
async fn ca_02_a_personal_socket_is_for_the_user_of_the_token() {
    let app = App::spawn_with(|config| config.accounts = server::config::AccountsMode::External).await;
    let token = |sub: &str| mint(&json!({ "sub": sub, "exp": FAR_AWAY, "username": sub }));
    let try_connect =
        async |path: &str, sub: &str| Raw::status(&app, &format!("{path}?token={}", token(sub))).await;
    assert_eq!(try_connect("/api/v1/ws/ann", "ann").await, None);
    assert_eq!(try_connect("/api/v1/ws/ann", "eve").await, Some(403));
    assert_eq!(try_connect("/api/v1/ws/nobody", "eve").await, Some(403));
    assert_eq!(try_connect("/api/v1/ws/chat", "eve").await, Some(403));
    // Somebody may be called so.
    assert_eq!(try_connect("/api/v1/ws/chat", "chat").await, None);
    assert_eq!(try_connect("/api/v1/ws/chat/chat", "chat").await, Some(403));
}

#[tokio::test]
async fn ca_15_a_token_is_renewed_in_band_or_ends_the_connection() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Kitchen", &[]).await;
    let sid = claim_of(&ann.access_token, "sid");
    let ending = |seconds: u64| {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        mint(&json!({ "sub": ann.user.id, "exp": now + seconds, "iat": now, "sid": sid }))
    };
    let chat = format!("/api/v1/ws/chat/{room}");
    let own = format!("/api/v1/ws/{}", ann.user.id);
    for path in ["/ws/endpoint", "/", &chat, &own] {
        let mut socket = Raw::try_connect(&app, &format!("{path}?token={}", ending(50)), &[]).await.unwrap();
        socket.hear_a("expiring").await;
        for wrong in ["garbage", &bob.access_token] {
            socket.say(&json!({ "type": "authenticate", "data": { "token": wrong } })).await;
            assert_eq!(socket.error().await, "unauthorized", "{path}");
        }
        socket.say(&json!({ "type": "authenticate", "data": { "token": ann.access_token } })).await;
        assert_eq!(socket.hear().await["type"], "authenticated", "{path}");
        let mut left_alone =
            Raw::try_connect(&app, &format!("{path}?token={}", ending(2)), &[]).await.unwrap();
        assert_eq!(left_alone.end().await, 4401, "{path}");
    }
}

#[tokio::test]
async fn signing_out_closes_the_sockets_of_that_sign_in_in_every_dialect() {
    let app = App::spawn().await;
    let phone = app.register("ann").await;
    let laptop = app.login("ann").await;
    let room = app.create_room(&phone, "Kitchen", &[]).await;
    let mut on_phone = [
        in_chat(&app, &phone, &room).await,
        personal(&app, &phone).await,
        skilllift(&app, &phone).await,
        Raw::open(&app, "/ws/endpoint", &phone).await,
    ];
    let mut on_laptop = in_chat(&app, &laptop, &room).await;
    app.post("/api/v1/auth/logout", &phone, &json!({})).await;
    for socket in &mut on_phone {
        assert_eq!(socket.end().await, 4401);
    }
    assert!(on_laptop.before_pong().await.is_empty());
}

#[tokio::test]
async fn sl_14_the_21st_connection_of_a_user_is_asked_to_retry_later() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let mut sockets = Vec::new();
    for _ in 0..limits::MAX_CONNECTIONS_PER_USER {
        sockets.push(skilllift(&app, &ann).await);
    }
    let mut one_more = Raw::open(&app, "/", &ann).await;
    assert_eq!(one_more.error().await, "too_many");
    assert_eq!(one_more.end().await, 4429);
}

#[tokio::test]
async fn twenty_mebibytes_end_only_their_own_connection() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Kitchen", &[&bob]).await;
    let mut his = in_chat(&app, &bob, &room).await;
    let mut hers = in_chat(&app, &ann, &room).await;
    let content = "x".repeat(20 * limits::MAX_FRAME_BYTES);
    hers.try_say(json!({ "type": "send_message", "data": { "content": content } }).to_string()).await;
    assert!(matches!(hers.end().await, 1009 | 1006));
    app.say(&ann, &room, "still here").await;
    assert_eq!(his.hear().await["data"]["content"], "still here");
}
