//! Quotas on rooms: created and owned ones, new contacts, members and renames.

use futures_util::future::join_all;
use protocol::ServerFrame;
use protocol::rest::Tokens;
use reqwest::StatusCode;
use serde_json::json;
use server::config::Quotas;

use crate::common::{Answer, App};
use crate::{error, minted, with_quotas};

const CHATS: &str = "/api/v1/chats";

async fn make(app: &App, who: &Tokens, members: &[&Tokens]) -> Answer {
    let members: Vec<_> = members.iter().map(|member| &member.user.id).collect();
    app.post(CHATS, who, &json!({ "name": "x", "member_ids": members })).await
}

async fn add(app: &App, who: &Tokens, room: &str, users: &[&Tokens]) -> Answer {
    let users: Vec<_> = users.iter().map(|user| &user.user.id).collect();
    app.post(&format!("{CHATS}/{room}/members"), who, &json!({ "user_ids": users })).await
}

#[tokio::test]
async fn created_rooms_a_day_are_limited_per_user() {
    let app = with_quotas(Quotas { rooms_created_per_day: Some(2), ..Quotas::OFF }).await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    for _ in 0..2 {
        assert_eq!(make(&app, &ann, &[]).await.status, StatusCode::CREATED);
    }
    let refused = make(&app, &ann, &[]).await;
    assert_eq!(refused.error(), error(429, "rate_limited", "rooms"));
    assert!(refused.json()["retry_after_ms"].as_u64().is_some_and(|wait| wait > 42_000_000), "{refused:?}");
    assert!(refused.text.contains("2 new rooms a day, and 0 are left"), "{refused:?}");
    assert_eq!(make(&app, &bob, &[]).await.status, StatusCode::CREATED);
    let backend = minted("backend", "service");
    for _ in 0..5 {
        assert_eq!(make(&app, &backend, &[]).await.status, StatusCode::CREATED);
    }
}

#[tokio::test]
async fn owned_rooms_are_limited_per_user() {
    let app = with_quotas(Quotas { owned_rooms: 2, ..Quotas::OFF }).await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let first = app.create_room(&ann, "First", &[]).await;
    app.create_room(&ann, "Second", &[&bob]).await;
    assert_eq!(make(&app, &ann, &[]).await.error(), error(422, "too_many", "rooms"));
    app.create_room(&bob, "Ours", &[&ann]).await;
    assert_eq!(app.delete(&format!("{CHATS}/{first}"), &ann).await.status, StatusCode::NO_CONTENT);
    assert_eq!(make(&app, &ann, &[]).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn new_contacts_a_day_are_limited_per_user() {
    let app = with_quotas(Quotas { new_contacts_per_day: Some(2), ..Quotas::OFF }).await;
    let ann = app.register("ann").await;
    let (bob, cem, dan) = (app.register("bob").await, app.register("cem").await, app.register("dan").await);
    let backend = minted("backend", "service");
    assert_eq!(make(&app, &backend, &[&bob, &cem, &dan]).await.status, StatusCode::CREATED);
    let refused = make(&app, &ann, &[&bob, &cem, &dan]).await;
    assert_eq!(refused.error(), error(429, "rate_limited", "member_ids"));
    let room = app.create_room(&ann, "Ours", &[&bob]).await.to_string();
    assert_eq!(add(&app, &ann, &room, &[&cem]).await.status, StatusCode::OK);
    let refused = add(&app, &ann, &room, &[&dan]).await;
    assert_eq!(refused.error(), error(429, "rate_limited", "user_ids"));
    assert!(refused.json()["retry_after_ms"].as_u64().is_some_and(|wait| wait > 42_000_000), "{refused:?}");
    let by_name = app.post(&format!("{CHATS}/{room}/members"), &ann, &json!({ "usernames": ["dan"] })).await;
    assert_eq!(by_name.error(), error(429, "rate_limited", "user_ids"));
    // A user with a shared room is no new contact.
    assert_eq!(make(&app, &ann, &[&bob, &cem]).await.status, StatusCode::CREATED);
    assert_eq!(add(&app, &bob, &room, &[&dan]).await.status, StatusCode::OK);
    assert_eq!(make(&app, &ann, &[&dan]).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_user_who_left_for_good_is_not_added_again() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let admin = minted("boss", "admin");
    assert_eq!(app.get("/api/v1/auth/me", &admin).await.status, StatusCode::OK);
    let room = app.create_room(&ann, "Nuisance", &[&bob, &admin]).await.to_string();
    let leave = |who: &Tokens, query: &str| format!("{CHATS}/{room}/members/{}{query}", who.user.id);
    let of_others = app.delete(&leave(&bob, "?for_good=true"), &ann).await;
    assert_eq!(of_others.error(), error(422, "invalid", "for_good"));
    assert_eq!(app.delete(&leave(&bob, "?for_good=true"), &bob).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.get(&format!("{CHATS}/{room}"), &bob).await.status, StatusCode::NOT_FOUND);
    for _ in 0..2 {
        let refused = add(&app, &ann, &room, &[&bob]).await;
        assert_eq!(refused.error(), error(403, "forbidden", "user_ids"));
    }
    // In another room nothing was left.
    assert_eq!(make(&app, &ann, &[&bob]).await.status, StatusCode::CREATED);
    assert_eq!(app.delete(&leave(&bob, "?for_good=false"), &bob).await.status, StatusCode::NO_CONTENT);
    assert_eq!(add(&app, &ann, &room, &[&bob]).await.status, StatusCode::OK);
    // Once more, and also across a restart; an administrator may all the same.
    assert_eq!(app.delete(&leave(&bob, "?for_good=true"), &bob).await.status, StatusCode::NO_CONTENT);
    let app = app.restart().await;
    assert_eq!(add(&app, &ann, &room, &[&bob]).await.error(), error(403, "forbidden", "user_ids"));
    assert_eq!(add(&app, &admin, &room, &[&bob]).await.status, StatusCode::OK);
    // Without having left it is an ordinary leaving.
    assert_eq!(app.delete(&leave(&bob, "?for_good=false"), &bob).await.status, StatusCode::NO_CONTENT);
    assert_eq!(add(&app, &ann, &room, &[&bob]).await.status, StatusCode::OK);
    let outsider = app.register("eve").await;
    let unknown = app.delete(&leave(&outsider, "?for_good=true"), &outsider).await;
    assert_eq!(unknown.error(), error(404, "not_found", ""));
}

#[tokio::test]
async fn frequent_renames_are_conflated_and_the_last_one_is_sent() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Ours", &[&bob]).await;
    let mut socket = app.enter(&bob).await;
    socket.join(&room, None).await;
    let path = format!("{CHATS}/{room}");
    let rename = |name: String| {
        let (app, path, ann) = (&app, &path, &ann);
        async move { app.patch(path, ann, &json!({ "name": name })).await }
    };
    let renamed = join_all((0..200).map(|number| rename(format!("Name {number}")))).await;
    assert!(renamed.iter().all(|answer| answer.status == StatusCode::OK));
    let last = app.get(&path, &ann).await.json()["name"].take();
    let mut received = 0;
    loop {
        let name = socket
            .hear_some(|frame| match frame {
                ServerFrame::RoomRenamed { data } => Some(data.name),
                _ => None,
            })
            .await;
        received += 1;
        if name == last {
            break;
        }
    }
    assert!(received <= 100, "{received} of 200");
}

#[tokio::test]
async fn renames_count_as_messages_of_the_user() {
    let app = App::spawn_with(|config| config.rate_limits.messages_per_second = Some(1)).await;
    let ann = app.register("ann").await;
    let room = app.create_room(&ann, "Ours", &[]).await;
    let mut refused = None;
    for number in 0..500 {
        let answer =
            app.patch(&format!("{CHATS}/{room}"), &ann, &json!({ "name": number.to_string() })).await;
        if answer.status != StatusCode::OK {
            refused = Some(answer.error());
            break;
        }
    }
    assert_eq!(refused, Some(error(429, "rate_limited", "")));
}

#[tokio::test]
async fn members_of_a_room_are_limited_over_every_gateway() {
    let app = with_quotas(Quotas { members_per_room: 3, ..Quotas::OFF }).await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let (cat, dan) = (app.register("cat").await, app.register("dan").await);
    let full = error(422, "too_many", "user_ids");
    let refused = make(&app, &ann, &[&bob, &cat, &dan]).await;
    assert_eq!(refused.error(), error(422, "too_many", "member_ids"));
    // The owner and a user named twice count once.
    let room = app.create_room(&ann, "Ours", &[&ann, &bob, &bob]).await;
    assert_eq!(add(&app, &bob, room.as_str(), &[&cat, &dan]).await.error(), full);
    let by_name = async |who: &Tokens, names: &[&str]| {
        app.post(&format!("{CHATS}/{room}/members"), who, &json!({ "usernames": names })).await
    };
    assert_eq!(by_name(&ann, &["cat", "bob"]).await.status, StatusCode::OK);
    assert_eq!(by_name(&cat, &["dan"]).await.error(), full);
    assert_eq!(add(&app, &ann, room.as_str(), &[&dan]).await.error(), full);
    assert_eq!(add(&app, &ann, room.as_str(), &[&bob, &cat]).await.status, StatusCode::OK);
    let backend = minted("backend", "service");
    let theirs = app.create_room(&backend, "Theirs", &[&ann, &bob]).await;
    assert_eq!(add(&app, &backend, theirs.as_str(), &[&cat]).await.error(), full);
    let gone = app.delete(&format!("{CHATS}/{room}/members/{}", bob.user.id), &ann).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(add(&app, &ann, room.as_str(), &[&dan]).await.status, StatusCode::OK);
}
