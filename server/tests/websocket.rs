//! The native gateway: admission, answers to frames, and closes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so"
)]

mod common;
mod socket;

use common::{App, FAR_AWAY, mint};
use protocol::rest::Tokens;
use protocol::{ClientFrame, RunId, RunOutcome, ServerFrame, SimulationPlan, limits};
use serde_json::json;
use socket::{End, Socket, post};
use uuid::Uuid;

fn token_url(app: &App, who: &Tokens) -> String {
    app.socket_url(&format!("?token={}", who.access_token))
}

#[tokio::test]
async fn every_carrier_of_a_token_opens_a_socket() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    Socket::enter(&token_url(&app, &ann)).await;
    Socket::enter(&app.socket_url(&format!("?ticket={}", app.ticket(&ann).await))).await;

    let bearer = format!("Bearer {}", ann.access_token);
    let mut by_header =
        Socket::try_connect(&app.socket_url(""), &[("authorization", &bearer)]).await.unwrap();
    assert!(matches!(by_header.hear().await, ServerFrame::Welcome { data } if data.user == ann.user.id));

    let mut by_frame = Socket::try_connect(&app.socket_url(""), &[]).await.unwrap();
    by_frame.say(&ClientFrame::Authenticate { token: ann.access_token.clone(), inbox: None }).await;
    assert!(matches!(by_frame.hear().await, ServerFrame::Welcome { data } if data.name == "ann"));
}

#[tokio::test]
async fn an_invalid_token_opens_no_socket() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let ticket = app.ticket(&ann).await;
    Socket::enter(&app.socket_url(&format!("?ticket={ticket}"))).await;
    let cut = &ann.access_token[..ann.access_token.len() - 2];
    for proof in [
        format!("?ticket={ticket}"),
        "?ticket=never-made".to_owned(),
        "?token=".to_owned(),
        format!("?token={}", ann.user.id),
        format!("?token={}", ann.refresh_token),
        format!("?token={cut}"),
        format!("?token={}", mint(&json!({ "sub": ann.user.id, "exp": 1 }))),
        format!("?token={}", mint(&json!({ "sub": "nobody", "exp": FAR_AWAY }))),
    ] {
        assert_eq!(Socket::try_connect(&app.socket_url(&proof), &[]).await.err(), Some(401), "{proof}");
    }
    for first in
        [r#"{"type":"authenticate","data":{"token":"x"}}"#, r#"{"type":"ping","data":{"nonce":1}}"#, "{"]
    {
        let mut socket = Socket::try_connect(&app.socket_url(""), &[]).await.unwrap();
        socket.say_raw(first).await;
        assert_eq!(socket.error().await.0, "unauthorized", "{first}");
        assert_eq!(socket.end().await, End::Closed(4401));
    }
}

#[tokio::test]
async fn a_page_of_a_foreign_origin_is_refused() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let url = token_url(&app, &ann);
    assert_eq!(Socket::try_connect(&url, &[("origin", "https://evil.example")]).await.err(), Some(403));
    let own = app.url("");
    assert!(Socket::try_connect(&url, &[("origin", &own)]).await.is_ok());
}

#[tokio::test]
async fn a_message_arrives_with_the_number_that_rest_shows() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Kitchen", &[&bob]).await;
    let mut hers = Socket::enter(&token_url(&app, &ann)).await;
    let mut his = Socket::enter(&token_url(&app, &bob)).await;
    hers.join(&room, None).await;
    his.join(&room, None).await;
    let text = "שלום \"Tee\"\n<script>alert(1)</script> 👩‍👩‍👧 \u{202e}";
    hers.say(&post(&room, 1, text)).await;
    let heard = his
        .hear_some(|frame| match frame {
            ServerFrame::Message { data } => Some(data),
            _ => None,
        })
        .await;
    assert_eq!((heard.body.as_str(), heard.author, heard.cursor.seq), (text, ann.user.id.clone(), 1));
    let acknowledged = hers
        .hear_some(|frame| match frame {
            ServerFrame::Posted { data } => Some(data),
            _ => None,
        })
        .await;
    assert_eq!((acknowledged.id, acknowledged.cursor), (heard.id, heard.cursor));
    let page = app.get(&format!("/api/v1/chats/{room}/messages"), &bob).await.json();
    assert_eq!(page["messages"][0]["id"], json!(heard.id));
    assert_eq!(page["messages"][0]["content"], json!(text));
    // And the other way: a message sent over REST arrives on the socket.
    app.say(&bob, &room, "from a script").await;
    hers.hear_some(|frame| {
        matches!(frame, ServerFrame::Message { data } if data.body == "from a script").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_bad_frame_gets_an_error_and_keeps_the_connection() {
    let app = App::spawn().await;
    let (ann, eve) = (app.register("ann").await, app.register("eve").await);
    let room = app.create_room(&ann, "Kitchen", &[]).await;
    let mut socket = Socket::enter(&token_url(&app, &ann)).await;
    socket.join(&room, None).await;
    for (frame, code, field) in [
        ("{", "bad_json", None),
        (r#"{"type":"shout","data":{}}"#, "unknown_type", None),
        (r#"{"type":"message","data":{}}"#, "unknown_type", None),
        (r#"{"type":"join","data":{"room":7}}"#, "bad_frame", Some("room")),
        (r#"{"type":"read","data":{"room":"a"}}"#, "bad_frame", Some("seq")),
        (r#"{"type":"typing","data":{"room":"elsewhere","on":true}}"#, "not_joined", None),
    ] {
        socket.say_raw(frame).await;
        assert_eq!(socket.error().await, (code.to_owned(), field.map(str::to_owned)), "{frame}");
    }
    socket.say_bytes(&[1, 2, 3]).await;
    assert_eq!(socket.error().await.0, "binary_frame");
    socket.say(&post(&room, 1, " \n ")).await;
    assert_eq!(socket.error().await, ("blank".to_owned(), Some("body".to_owned())));
    socket.say(&post(&room, 2, &"x".repeat(limits::MAX_MESSAGE_BYTES + 1))).await;
    assert_eq!(socket.error().await, ("too_long".to_owned(), Some("body".to_owned())));

    let mut stranger = Socket::enter(&token_url(&app, &eve)).await;
    stranger.say(&ClientFrame::Join { room: room.clone(), since: None, changes: None }).await;
    assert_eq!(stranger.error().await.0, "not_found");

    socket.say(&ClientFrame::Ping { nonce: 7 }).await;
    assert!(matches!(socket.hear().await, ServerFrame::Pong { data } if data.nonce == 7));
    let page = app.get(&format!("/api/v1/chats/{room}/messages"), &ann).await.json();
    assert_eq!(page["messages"], json!([]));
}

#[tokio::test]
async fn a_frame_over_one_mebibyte_ends_only_its_connection() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let mut other = Socket::enter(&token_url(&app, &ann)).await;
    let mut socket = Socket::enter(&token_url(&app, &ann)).await;
    let huge = ClientFrame::Authenticate { token: "x".repeat(limits::MAX_FRAME_BYTES + 1), inbox: None };
    // The server may hang up while it is still being written.
    socket.try_say(&huge).await;
    assert_eq!(socket.end().await, End::Closed(1009));
    other.say(&ClientFrame::Ping { nonce: 1 }).await;
    assert!(matches!(other.hear().await, ServerFrame::Pong { .. }));
}

#[tokio::test]
async fn signing_out_closes_only_the_sockets_of_that_sign_in() {
    let app = App::spawn().await;
    let phone = app.register("ann").await;
    let laptop = app.login("ann").await;
    let mut on_phone = Socket::enter(&token_url(&app, &phone)).await;
    let mut on_laptop = Socket::enter(&token_url(&app, &laptop)).await;
    app.post("/api/v1/auth/logout", &phone, &json!({})).await;
    assert_eq!(on_phone.end().await, End::Closed(4401));
    on_laptop.say(&ClientFrame::Ping { nonce: 1 }).await;
    assert!(matches!(on_laptop.hear().await, ServerFrame::Pong { .. }));
}

#[tokio::test]
async fn an_expiring_token_is_announced_and_renewed_or_the_socket_closes() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let sid = claim_of(&ann.access_token, "sid");
    let ending =
        |seconds: u64| mint(&json!({ "sub": ann.user.id, "exp": now + seconds, "iat": now, "sid": sid }));

    let mut socket = Socket::enter(&app.socket_url(&format!("?token={}", ending(50)))).await;
    assert!(matches!(socket.hear().await, ServerFrame::Expiring { data } if data.expires_in_ms <= 50_000));
    socket.say(&ClientFrame::Authenticate { token: "garbage".to_owned(), inbox: None }).await;
    assert_eq!(socket.error().await.0, "unauthorized");
    socket.say(&ClientFrame::Authenticate { token: bob.access_token.clone(), inbox: None }).await;
    assert_eq!(socket.error().await.0, "unauthorized");
    socket.say(&ClientFrame::Authenticate { token: ann.access_token.clone(), inbox: None }).await;
    assert!(
        matches!(socket.hear().await, ServerFrame::Authenticated { data } if data.expires_in_ms > 60_000)
    );

    let mut left_alone = Socket::enter(&app.socket_url(&format!("?token={}", ending(2)))).await;
    assert_eq!(left_alone.end().await, End::Closed(4401));
}

/// A claim of a token, read without checking the signature.
fn claim_of(token: &str, claim: &str) -> serde_json::Value {
    let token = jsonwebtoken::dangerous::insecure_decode::<serde_json::Value>(token).unwrap();
    token.claims[claim].clone()
}

#[tokio::test]
async fn the_21st_connection_of_a_user_is_asked_to_retry_later() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let mut sockets = Vec::new();
    for _ in 0..limits::MAX_CONNECTIONS_PER_USER {
        sockets.push(Socket::enter(&token_url(&app, &ann)).await);
    }
    let mut one_more = Socket::try_connect(&token_url(&app, &ann), &[]).await.unwrap();
    assert_eq!(one_more.error().await.0, "too_many");
    assert_eq!(one_more.end().await, End::Closed(4429));
}

fn plan(run: u128, duration_ms: u64, failure_rate: f64) -> SimulationPlan {
    let run = RunId(Uuid::from_u128(run));
    SimulationPlan { run, duration_ms, frequency_ms: 50, prefix: "Step".to_owned(), failure_rate }
}

async fn outcome(socket: &mut Socket) -> (RunOutcome, Vec<u32>) {
    let mut steps = Vec::new();
    loop {
        match socket.hear().await {
            ServerFrame::Progress { data } => {
                assert_eq!(data.message, format!("Step #{}", data.step));
                steps.push(data.step);
            }
            ServerFrame::Finished { data } => return (data.outcome, steps),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_simulation_completes_fails_or_is_cancelled_as_planned() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let mut socket = Socket::enter(&token_url(&app, &ann)).await;
    socket.say(&ClientFrame::Simulate(plan(1, 220, 0.0))).await;
    assert_eq!(outcome(&mut socket).await, (RunOutcome::Completed, vec![1, 2, 3, 4, 5]));
    socket.say(&ClientFrame::Simulate(plan(2, 220, 1.0))).await;
    let (ended, steps) = outcome(&mut socket).await;
    assert!(ended == RunOutcome::Failed && steps.len() < 5, "{steps:?}");
    socket.say(&ClientFrame::Simulate(plan(3, 3_600_000, 0.0))).await;
    socket.say(&ClientFrame::Cancel { run: RunId(Uuid::from_u128(3)) }).await;
    assert_eq!(outcome(&mut socket).await.0, RunOutcome::Cancelled);
}

#[tokio::test]
async fn a_plan_outside_the_limits_starts_nothing_and_names_the_field() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let mut socket = Socket::enter(&token_url(&app, &ann)).await;
    for (wrong, field) in [
        (plan(1, 99, 0.0), "duration_ms"),
        (plan(1, 3_600_001, 0.0), "duration_ms"),
        (SimulationPlan { frequency_ms: 49, ..plan(1, 500, 0.0) }, "frequency_ms"),
        (SimulationPlan { prefix: "x".repeat(81), ..plan(1, 500, 0.0) }, "prefix"),
        (plan(1, 500, 1.5), "failure_rate"),
    ] {
        socket.say(&ClientFrame::Simulate(wrong)).await;
        assert_eq!(socket.error().await.1.as_deref(), Some(field));
    }
    for run in 0..=limits::MAX_SIMULATIONS_PER_USER {
        socket.say(&ClientFrame::Simulate(plan(run as u128 + 10, 3_600_000, 0.0))).await;
    }
    assert_eq!(socket.error().await.0, "too_many");
}
