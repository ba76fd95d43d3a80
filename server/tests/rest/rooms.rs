//! Rooms and their members.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::common::App;
use crate::error;

fn names(rooms: &Value) -> Vec<&str> {
    rooms["chats"].as_array().into_iter().flatten().filter_map(|room| room["name"].as_str()).collect()
}

#[tokio::test]
async fn a_room_is_created_shown_renamed_and_deleted() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let body = json!({ "name": "  Tea room ", "member_ids": [bob.user.id], "id": "tea:room" });
    let made = app.post("/api/v1/chats", &ann, &body).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let room = made.json();
    assert_eq!(
        (&room["id"], &room["name"], &room["role"]),
        (&json!("tea:room"), &json!("Tea room"), &json!("owner"))
    );
    assert_eq!(
        (&room["member_count"], &room["unread"], &room["kind"]),
        (&json!(2), &json!(0), &json!("group"))
    );

    assert_eq!(app.get("/api/v1/chats/tea:room", &bob).await.json()["role"], "member");
    let members = app.get("/api/v1/chats/tea:room/members", &bob).await.json();
    let members: Vec<_> = members["members"].as_array().into_iter().flatten().map(|it| &it["name"]).collect();
    assert_eq!(members, ["ann", "bob"]);

    let renamed = app.patch("/api/v1/chats/tea:room", &ann, &json!({ "name": "Coffee" })).await;
    assert_eq!((renamed.status, &renamed.json()["name"]), (StatusCode::OK, &json!("Coffee")));

    assert_eq!(app.delete("/api/v1/chats/tea:room", &ann).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.get("/api/v1/chats/tea:room", &ann).await.error(), error(404, "not_found", ""));
    assert!(names(&app.get("/api/v1/chats", &bob).await.json()).is_empty());
}

#[tokio::test]
async fn a_failed_room_creation_leaves_nothing_behind() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    app.post("/api/v1/chats", &ann, &json!({ "name": "First", "id": "first" })).await;
    for (body, expected) in [
        (json!({ "name": "x", "id": "first" }), error(409, "taken", "id")),
        (json!({ "name": "x", "id": "no spaces" }), error(422, "bad_frame", "id")),
        (json!({ "name": " " }), error(422, "blank", "name")),
        (json!({ "name": "ä".repeat(81) }), error(422, "too_long", "name")),
        (json!({ "name": "a\nb" }), error(422, "invalid", "name")),
        (json!({ "name": "x", "member_ids": ["nobody"] }), error(404, "not_found", "member_ids")),
        (json!({ "name": "x", "member_ids": "ann" }), error(422, "bad_frame", "member_ids")),
        (json!({ "name": "x", "kind": "secret" }), error(422, "bad_frame", "kind")),
        (json!({}), error(422, "bad_frame", "name")),
    ] {
        assert_eq!(app.post("/api/v1/chats", &ann, &body).await.error(), expected, "{body}");
    }
    assert_eq!(names(&app.get("/api/v1/chats", &ann).await.json()), ["First"]);
}

#[tokio::test]
async fn outsiders_get_the_same_error_for_a_room_and_for_none() {
    let app = App::spawn().await;
    let (ann, eve) = (app.register("ann").await, app.register("eve").await);
    let room = app.create_room(&ann, "Private", &[]).await;
    for path in
        [format!("/api/v1/chats/{room}"), "/api/v1/chats/none".to_owned(), "/api/v1/chats/n%20o".to_owned()]
    {
        let eve_id = &eve.user.id;
        let answers = [
            app.get(&path, &eve).await,
            app.patch(&path, &eve, &json!({ "name": "mine" })).await,
            app.delete(&path, &eve).await,
            app.get(&format!("{path}/members"), &eve).await,
            app.post(&format!("{path}/members"), &eve, &json!({ "user_ids": [eve_id] })).await,
            app.post(&format!("{path}/members"), &eve, &json!({ "usernames": ["nobody"] })).await,
            app.delete(&format!("{path}/members/{eve_id}"), &eve).await,
            app.get(&format!("{path}/messages"), &eve).await,
            app.post(&format!("{path}/messages"), &eve, &json!({ "content": "hi" })).await,
            app.post(&format!("{path}/read"), &eve, &json!({ "seq": 1 })).await,
        ];
        for answer in answers {
            assert_eq!(answer.error(), error(404, "not_found", ""), "{path}: {answer:?}");
        }
    }
    let room = app.get(&format!("/api/v1/chats/{room}"), &ann).await.json();
    assert_eq!(
        (&room["name"], &room["member_count"], &room["head"]["seq"]),
        (&json!("Private"), &json!(1), &json!(0))
    );
}

#[tokio::test]
async fn members_cannot_manage_a_room() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Ours", &[&bob]).await;
    let path = format!("/api/v1/chats/{room}");
    for answer in [
        app.patch(&path, &bob, &json!({ "name": "Mine" })).await,
        app.delete(&path, &bob).await,
        app.delete(&format!("{path}/members/{}", ann.user.id), &bob).await,
    ] {
        assert_eq!(answer.error(), error(403, "forbidden", ""));
    }
    let room = app.get(&path, &ann).await.json();
    assert_eq!((&room["name"], &room["member_count"]), (&json!("Ours"), &json!(2)));
}

#[tokio::test]
async fn users_are_invited_by_name_or_id_all_or_none() {
    let app = App::spawn().await;
    let (ann, bob, cem) = (app.register("ann").await, app.register("bob").await, app.register("cem").await);
    let room = app.create_room(&ann, "Ours", &[]).await;
    let path = format!("/api/v1/chats/{room}/members");

    let unknown = app.post(&path, &ann, &json!({ "usernames": ["bob", "nemo"] })).await;
    assert_eq!(unknown.error(), error(404, "not_found", "usernames"));
    assert!(unknown.text.contains("nemo"), "{unknown:?}");
    let unknown = app.post(&path, &ann, &json!({ "user_ids": [bob.user.id, "nemo"] })).await;
    assert_eq!(unknown.error(), error(404, "not_found", "user_ids"));
    assert_eq!(app.post(&path, &ann, &json!({})).await.error(), error(422, "invalid", "usernames"));
    assert_eq!(app.get(&path, &ann).await.json()["members"].as_array().map(Vec::len), Some(1));

    let added =
        app.post(&path, &ann, &json!({ "usernames": ["BOB"], "user_ids": [cem.user.id, ann.user.id] })).await;
    let added = added.json();
    let mut names: Vec<_> =
        added["members"].as_array().into_iter().flatten().filter_map(|it| it["name"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["bob", "cem"]);
}

#[tokio::test]
async fn a_leaving_owner_hands_over_and_the_last_member_deletes_the_room() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Ours", &[&bob]).await;
    let path = format!("/api/v1/chats/{room}");
    assert_eq!(
        app.delete(&format!("{path}/members/{}", ann.user.id), &ann).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(app.get(&path, &ann).await.status, StatusCode::NOT_FOUND);
    assert_eq!(app.get(&path, &bob).await.json()["role"], "owner");
    app.delete(&format!("{path}/members/{}", bob.user.id), &bob).await;
    let again = app.post("/api/v1/chats", &ann, &json!({ "name": "New", "id": room })).await;
    assert_eq!(again.error(), error(409, "taken", "id"));
}

#[tokio::test]
async fn rooms_are_listed_in_pages_newest_activity_first() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let mut rooms = Vec::new();
    for name in ["a", "b", "c"] {
        rooms.push(app.create_room(&ann, name, &[]).await);
    }
    for room in [&rooms[1], &rooms[2], &rooms[0]] {
        app.say(&ann, room, "hi").await;
    }
    let first = app.get("/api/v1/chats?limit=2", &ann).await.json();
    assert_eq!(names(&first), ["a", "c"]);
    let next = first["next"].as_str().unwrap_or_default();
    let second = app.get(&format!("/api/v1/chats?limit=2&after={next}"), &ann).await.json();
    assert_eq!((names(&second), second.get("next")), (vec!["b"], None));
    let all = app.get("/api/v1/chats?limit=3", &ann).await.json();
    assert_eq!((names(&all).len(), all.get("next")), (3, None));
}

#[tokio::test]
async fn users_are_found_by_a_prefix_of_their_name() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    app.register("Anton").await;
    app.register("bob").await;
    let found = app.get("/api/v1/users?q=AN", &ann).await.json();
    let found: Vec<_> = found["users"].as_array().into_iter().flatten().collect();
    assert_eq!(found.iter().map(|it| &it["username"]).collect::<Vec<_>>(), ["ann", "Anton"]);
    assert!(found.iter().all(|it| it.get("email").is_none()));
    let wild = app.get("/api/v1/users?q=%25", &ann).await.json();
    assert_eq!(wild, json!({ "users": [] }));
}
