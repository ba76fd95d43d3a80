//! Quotas on what one user stores: running jobs, sign-ins, bytes.

use std::collections::HashSet;

use futures_util::{StreamExt, stream};
use protocol::rest::Tokens;
use protocol::{ClientFrame, JobStep, MessageKind, ServerFrame};
use reqwest::StatusCode;
use serde_json::json;
use server::config::Quotas;

use crate::common::{Answer, App};
use crate::socket::{End, Socket, post};
use crate::{error, minted, with_quotas};

const JOBS: &str = "/api/v1/jobs";

async fn start(app: &App, who: &Tokens) -> Answer {
    app.post(JOBS, who, &json!({ "title": "Import" })).await
}

#[tokio::test]
async fn running_jobs_are_limited_per_user() {
    let app = with_quotas(Quotas { running_jobs: 2, ..Quotas::OFF }).await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let first = start(&app, &ann).await.json()["id"].take();
    assert_eq!(start(&app, &ann).await.status, StatusCode::CREATED);
    assert_eq!(start(&app, &ann).await.error(), error(422, "too_many", "owner_id"));
    let backend = minted("backend", "service");
    let for_ann = json!({ "title": "Import", "owner_id": ann.user.id });
    assert_eq!(app.post(JOBS, &backend, &for_ann).await.error(), error(422, "too_many", "owner_id"));
    assert_eq!(start(&app, &bob).await.status, StatusCode::CREATED);
    let path = format!("{JOBS}/{}", first.as_str().unwrap());
    assert_eq!(app.patch(&path, &ann, &json!({ "status": "completed" })).await.status, StatusCode::OK);
    assert_eq!(start(&app, &ann).await.status, StatusCode::CREATED);
    assert_eq!(start(&app, &ann).await.error(), error(422, "too_many", "owner_id"));
}

#[tokio::test]
async fn a_sign_in_over_the_limit_ends_the_oldest() {
    let app = with_quotas(Quotas { auth_sessions_per_user: 2, ..Quotas::OFF }).await;
    let oldest = app.register("ann").await;
    let mut socket = app.enter(&oldest).await;
    let second = app.login("ann").await;
    app.register("bob").await;
    assert_eq!(app.get("/api/v1/auth/me", &oldest).await.status, StatusCode::OK);
    let third = app.login("ann").await;
    assert_eq!(socket.end().await, End::Closed(4401));
    assert_eq!(app.get("/api/v1/auth/me", &oldest).await.error(), error(401, "unauthorized", ""));
    let refresh = json!({ "refresh_token": oldest.refresh_token });
    let answer = app.post_signed_out("/api/v1/auth/refresh", &refresh).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    for live in [&second, &third] {
        assert_eq!(app.get("/api/v1/auth/me", live).await.status, StatusCode::OK);
    }
    // A browser is one of them.
    let cookie = app.browser("ann").await;
    assert_eq!(app.visit("/", &cookie).await.status, StatusCode::OK);
    assert_eq!(app.get("/api/v1/auth/me", &second).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn stored_bytes_a_day_are_limited_over_every_gateway() {
    let app = with_quotas(Quotas { stored_bytes_per_day: Some(1_000), ..Quotas::OFF }).await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Ours", &[&bob]).await;
    app.say(&ann, &room, &"x".repeat(600)).await;
    let path = format!("/api/v1/chats/{room}/messages");
    let refused = app.post(&path, &ann, &json!({ "content": "x".repeat(500) })).await;
    assert_eq!(refused.error(), error(429, "rate_limited", "content"));
    assert!(refused.json()["retry_after_ms"].as_u64().is_some_and(|wait| wait > 1_000_000), "{refused:?}");
    // Of 400 at least, because some come back while the test runs.
    let left = refused.text.split_once("a day, and ").and_then(|it| it.1.split_once(' '));
    let left: u64 = left.unwrap().0.parse().unwrap();
    assert!((400..500).contains(&left), "{refused:?}");
    let mut socket = app.enter(&ann).await;
    socket.join(&room, None).await;
    socket.say(&post(&room, 1, &"x".repeat(500))).await;
    assert_eq!(socket.error().await, ("rate_limited".to_owned(), Some("body".to_owned())));
    let direct = ClientFrame::Direct {
        room: room.clone(),
        to: bob.user.id.clone(),
        body: "x".repeat(500),
        kind: MessageKind::Text,
    };
    socket.say(&direct).await;
    assert_eq!(socket.error().await, ("rate_limited".to_owned(), Some("body".to_owned())));
    app.say(&ann, &room, &"x".repeat(300)).await;
    app.say(&bob, &room, &"x".repeat(600)).await;
}

#[tokio::test]
async fn a_job_counts_toward_the_stored_bytes_at_its_start_only() {
    let app = with_quotas(Quotas { stored_bytes_per_day: Some(80 * 1024), ..Quotas::OFF }).await;
    let ann = app.register("ann").await;
    // A rejected job does not count.
    for _ in 0..5 {
        let refused = app.post(JOBS, &ann, &json!({ "title": " " })).await;
        assert_eq!(refused.error(), error(422, "blank", "title"));
    }
    let first = start(&app, &ann).await;
    assert_eq!(first.status, StatusCode::CREATED, "{first:?}");
    let path = format!("{JOBS}/{}", first.json()["id"].as_str().unwrap());
    let end = json!({ "status": "completed", "result": "x".repeat(16_000) });
    assert_eq!(start(&app, &ann).await.status, StatusCode::CREATED);
    let refused = start(&app, &ann).await;
    assert_eq!(refused.error(), error(429, "rate_limited", "title"));
    assert!(refused.json()["retry_after_ms"].as_u64().is_some_and(|wait| wait > 1_000_000), "{refused:?}");
    assert_eq!(app.patch(&path, &ann, &end).await.status, StatusCode::OK);
    let backend = minted("backend", "service");
    let for_ann = json!({ "title": "import", "owner_id": ann.user.id });
    assert_eq!(app.post(JOBS, &backend, &for_ann).await.status, StatusCode::CREATED);
}

/// The ids of running jobs that are sent before the answer to a ping.
async fn running_jobs(socket: &mut Socket, count: usize) -> usize {
    let mut received = HashSet::new();
    while received.len() < count {
        let job = socket
            .hear_some(|frame| match frame {
                ServerFrame::Job { data } => Some(data.item),
                _ => None,
            })
            .await;
        assert_eq!(job.step, JobStep::Progressed);
        assert!(received.insert(job.job.id), "told twice");
    }
    received.len()
}

#[tokio::test]
async fn a_thousand_running_jobs_are_sent_without_closing_a_connection() {
    const COUNT: usize = 1_000;
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let started = stream::iter(0..COUNT).map(|_| {
        let body = json!({ "title": "x".repeat(200), "message": "y".repeat(2_000) });
        let (app, ann) = (&app, &ann);
        async move { app.post(JOBS, ann, &body).await }
    });
    let started = started.buffer_unordered(64);
    started
        .for_each(|answer| async move { assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}") })
        .await;
    let mut socket = app.enter(&ann).await;
    assert_eq!(running_jobs(&mut socket, COUNT).await, COUNT);
    socket.before_pong().await;
}
