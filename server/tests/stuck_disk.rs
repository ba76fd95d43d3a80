//! A stuck disk: writers have to wait, and nothing grows.

mod common;
mod socket;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use common::App;
use futures_util::{SinkExt, StreamExt};
use protocol::{ClientFrame, ServerFrame};
use reqwest::StatusCode;
use serde_json::json;
use socket::post;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

/// Far longer than the database waits for another program, after which it refuses what it was asked to store.
const PATIENCE: Duration = Duration::from_mins(1);

/// Of 10 kB each: many times what the kernel holds for a connection and what fits the mailboxes.
const POSTS: usize = 6_000;

#[tokio::test]
// Long because it is one scenario: block, wait, unblock, compare.
async fn a_writer_to_a_stuck_disk_is_paused_and_goes_on_afterwards() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Kitchen", &[]).await;
    let (stream, _) = connect_async(app.socket_url(&format!("?token={}", ann.access_token))).await.unwrap();
    let (mut sink, mut stream) = stream.split();
    let join = ClientFrame::Join { room: room.clone(), since: None, changes: None };
    sink.send(Message::text(serde_json::to_string(&join).unwrap())).await.unwrap();
    let mut hear = async || {
        let message = tokio::time::timeout(PATIENCE, stream.next()).await.unwrap();
        serde_json::from_str::<ServerFrame>(message.unwrap().unwrap().to_text().unwrap()).unwrap()
    };
    while !matches!(hear().await, ServerFrame::Joined { .. }) {}

    let options = SqliteConnectOptions::new().filename(app.folder().join("hubbub.db"));
    let mut other = options.connect().await.unwrap();
    let stuck = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let sent = Arc::new(AtomicUsize::new(0));
    let enough = Arc::new(AtomicBool::new(false));
    let (count, stop, to) = (sent.clone(), enough.clone(), room.clone());
    let posts = tokio::spawn(async move {
        let body = "x".repeat(10_000);
        for draft in 1..=POSTS {
            if stop.load(Ordering::SeqCst) {
                break;
            }
            let frame = serde_json::to_string(&post(&to, draft as u128, &body)).unwrap();
            sink.send(Message::text(frame)).await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
        }
        sink
    });

    // The first answer is the error of what could not be stored.
    let refused = loop {
        match hear().await {
            ServerFrame::Error { data, .. } => break data.draft.unwrap(),
            ServerFrame::Posted { data } => panic!("{data:?} was stored, although nothing can be"),
            _ => {}
        }
    };
    let taken = sent.load(Ordering::SeqCst);
    assert!(taken < POSTS / 2, "{taken} posts were taken, although nothing could be stored");
    enough.store(true, Ordering::SeqCst);

    // Health checks are answered within seconds, however many there are.
    let asked = futures_util::future::join_all((0..50).map(|_| app.visit("/readyz", ""))).await;
    for answer in asked {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
        assert_eq!(answer.json()["code"], "unavailable", "{answer:?}");
    }
    assert_eq!(app.visit("/healthz", "").await.status, StatusCode::OK);

    stuck.rollback().await.unwrap();
    let well = tokio::time::timeout(PATIENCE, async {
        while app.visit("/readyz", "").await.status != StatusCode::OK {}
    });
    well.await.unwrap();
    let stored = loop {
        match hear().await {
            ServerFrame::Posted { data } => break data,
            ServerFrame::Error { data, .. } => assert_ne!(data.draft, Some(refused), "told twice"),
            _ => {}
        }
    };
    assert_eq!(stored.cursor.seq, 1, "what was refused took no number");
    drop(posts.await.unwrap());
    let page = app.get(&format!("/api/v1/chats/{room}/messages?after=0&limit=1"), &ann).await.json();
    assert_eq!(page.pointer("/messages/0/id"), Some(&json!(stored.id)), "{page}");
}

#[tokio::test]
async fn invalid_refresh_tokens_never_reach_the_writer() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let refresh = async |token: &str| {
        app.post_signed_out("/api/v1/auth/refresh", &json!({ "refresh_token": token })).await
    };
    // A token that was stolen, spent twice and ended with its sign-in.
    let next = refresh(&bob.refresh_token).await.json()["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(refresh(&next).await.status, StatusCode::OK);
    assert_eq!(refresh(&bob.refresh_token).await.status, StatusCode::UNAUTHORIZED);

    let options = SqliteConnectOptions::new().filename(app.folder().join("hubbub.db"));
    let mut other = options.connect().await.unwrap();
    let stuck = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    for token in ["", "nonsense", &"0".repeat(64), &bob.refresh_token, &next] {
        let refused = refresh(token).await;
        assert_eq!(refused.json()["code"], "unauthorized", "{token}: {refused:?}");
    }
    assert_eq!(refresh(&ann.refresh_token).await.json()["code"], "unavailable");
    stuck.rollback().await.unwrap();
    assert_eq!(refresh(&ann.refresh_token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn readiness_returns_the_latest_result() {
    let app = App::spawn().await;
    let options = SqliteConnectOptions::new().filename(app.folder().join("hubbub.db"));
    let mut other = options.connect().await.unwrap();
    let stuck = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    // Nothing is asked of the store, which does not answer.
    let ready = app.visit("/readyz", "").await;
    assert_eq!((ready.status, ready.text.as_str()), (StatusCode::OK, "ok"));
    let until = async |status: StatusCode| {
        let asked = tokio::time::timeout(PATIENCE, async {
            loop {
                let answer = app.visit("/readyz", "").await;
                if answer.status == status {
                    break answer;
                }
            }
        });
        asked.await.unwrap()
    };
    let received = until(StatusCode::SERVICE_UNAVAILABLE).await.json();
    assert_eq!((&received["code"], &received["message"]), (&json!("unavailable"), &json!("not ready")));
    stuck.rollback().await.unwrap();
    assert_eq!(until(StatusCode::OK).await.text, "ok");
}
