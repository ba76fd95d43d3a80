//! The directory: which users a search finds, and which of their fields it shows.

use protocol::rest::Tokens;
use protocol::{ClientFrame, ServerFrame};
use reqwest::StatusCode;
use serde_json::{Value, json};
use server::config::{Directory, RateLimits};

use crate::common::App;
use crate::error;

async fn names(app: &App, who: &Tokens, query: &str) -> Vec<String> {
    let answer = app.get(&format!("/api/v1/users?q={query}"), who).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let users: Vec<Value> = serde_json::from_value(answer.json()["users"].take()).unwrap();
    users.iter().map(|user| user["username"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_shared_rooms_directory_lists_contacts_and_finds_exact_names() {
    let app = App::spawn_with(|config| config.users.directory = Directory::SharedRooms).await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    app.register("bobby").await;
    assert!(names(&app, &ann, "").await.is_empty());
    assert!(names(&app, &ann, "bo").await.is_empty());
    assert_eq!(names(&app, &ann, "BOB").await, ["bob"]);
    assert_eq!(names(&app, &ann, "%20bob%20").await, ["bob"]);
    assert!(names(&app, &ann, "bob@example.org").await.is_empty());

    app.create_room(&ann, "Kitchen", &[&bob]).await;
    assert_eq!(names(&app, &ann, "").await, ["ann", "bob"]);
    assert_eq!(names(&app, &ann, "b").await, ["bob"]);
    assert_eq!(names(&app, &ann, "bobby").await, ["bobby"]);
    let service = crate::application_token("service");
    assert_eq!(names(&app, &service, "bob").await, ["bob", "bobby"]);
}

#[tokio::test]
async fn searches_for_exact_names_are_rate_limited() {
    let app = App::spawn_with(|config| {
        config.users.directory = Directory::SharedRooms;
        config.rate_limits = RateLimits { lookups_per_minute: Some(3), ..RateLimits::OFF };
    })
    .await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    app.register("carol").await;
    let room = app.create_room(&ann, "Kitchen", &[&bob]).await;
    let members = format!("/api/v1/chats/{room}/members");
    for _ in 0..2 {
        app.get("/api/v1/users?q=nemo", &ann).await;
    }
    assert_eq!(app.post(&members, &ann, &json!({ "usernames": ["carol"] })).await.status, StatusCode::OK);
    let refused = app.get("/api/v1/users?q=carla", &ann).await;
    assert_eq!(refused.error(), error(429, "rate_limited", ""));
    assert_ne!(refused.header("retry-after"), "");
    let refused = app.post(&members, &ann, &json!({ "usernames": ["nemo"] })).await;
    assert_eq!(refused.error(), error(429, "rate_limited", ""));
    // Who is known may be looked for as often as one likes, and others have their own count.
    assert_eq!(names(&app, &ann, "bob").await, ["bob"]);
    assert_eq!(names(&app, &ann, "c").await, ["carol"]);
    assert_eq!(names(&app, &bob, "ann").await, ["ann"]);
    assert!(names(&app, &bob, "nemo").await.is_empty());
}

#[tokio::test]
async fn history_shows_email_addresses_only_when_enabled() {
    for shown in [true, false] {
        let app = App::spawn_with(|config| config.users.member_emails = shown).await;
        let (ann, bob) = (app.register("ann").await, app.register("bob").await);
        let room = app.create_room(&ann, "Kitchen", &[&bob]).await;
        let said = app.say(&ann, &room, "hello").await;
        let history = app.get(&format!("/api/v1/chats/{room}/messages"), &bob).await.json();
        let address = if shown { "ann@example.org" } else { "" };
        assert_eq!(said.sender.email, address);
        assert_eq!(history["messages"][0]["sender"]["email"], address);
        // One's own is no secret to oneself.
        assert_eq!(app.get("/api/v1/auth/me", &ann).await.json()["email"], "ann@example.org");
        let members = app.get(&format!("/api/v1/chats/{room}/members"), &bob).await;
        assert!(!members.text.contains('@'), "{members:?}");
    }
}

#[tokio::test]
async fn a_live_session_is_announced_with_and_without_email_addresses() {
    for shown in [true, false] {
        let app = App::spawn_with(|config| config.users.member_emails = shown).await;
        let (ann, bob) = (app.register("ann").await, app.register("bob").await);
        let room = app.create_room(&ann, "Kitchen", &[&bob]).await;
        let (mut hers, mut his) = (app.enter(&ann).await, app.enter(&bob).await);
        his.join(&room, None).await;
        let live = protocol::RoomId::parse(&format!("session_{room}")).unwrap();
        hers.join(&live, None).await;
        let status = "live".to_owned();
        hers.say(&ClientFrame::Live { room: live, status, details: serde_json::Map::new() }).await;
        let received = his.hear_some(|frame| match frame {
            ServerFrame::Live { data } => Some(data.status),
            _ => None,
        });
        assert_eq!(received.await, "live", "{shown}");
    }
}
