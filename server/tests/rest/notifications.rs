//! Notifications: delivered, listed and marked as read.

use protocol::ServerFrame;
use reqwest::StatusCode;
use serde_json::json;
use server::config::Environment;

use crate::common::App;
use crate::{application_token, error};

const NOTIFICATIONS: &str = "/api/v1/notifications";
const READ: &str = "/api/v1/notifications/read";

#[tokio::test]
async fn a_notification_is_delivered_listed_and_marked_read() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let (mut here, mut there, mut other) =
        (app.enter(&ann).await, app.enter(&ann).await, app.enter(&bob).await);
    let new =
        json!({ "user_id": ann.user.id, "title": "Lunch", "message": "at the river", "type": "warning" });
    let answer = app.post(NOTIFICATIONS, &ann, &new).await;
    assert_eq!((answer.status, &answer.json()["delivered"]), (StatusCode::CREATED, &json!(2)));
    let received = answer.json()["notification"].clone();
    assert_eq!(
        (&received["title"], &received["kind"], &received["is_read"]),
        (&json!("Lunch"), &json!("warning"), &json!(false))
    );
    for socket in [&mut here, &mut there] {
        let heard = socket.hear().await;
        assert!(
            matches!(&heard, ServerFrame::Notification { data } if json!(data.item) == received),
            "{heard:?}"
        );
    }
    assert_eq!(other.before_pong().await, []);

    let list = app.get(NOTIFICATIONS, &ann).await.json();
    assert_eq!(list, json!({ "notifications": [received], "unread": 1 }));
    assert_eq!(app.get(NOTIFICATIONS, &bob).await.json(), json!({ "notifications": [], "unread": 0 }));
    let which = json!({ "ids": [received["id"]] });
    assert_eq!(app.post(READ, &bob, &which).await.json(), json!({ "read": 0 }));
    assert_eq!(app.post(READ, &ann, &which).await.json(), json!({ "read": 1 }));
    assert_eq!(app.post(READ, &ann, &which).await.json(), json!({ "read": 0 }));
    assert_eq!(app.get(NOTIFICATIONS, &ann).await.json()["notifications"][0]["is_read"], true);
}

#[tokio::test]
async fn an_absent_user_pages_through_notifications_later() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    for number in 1..=5 {
        let new = json!({ "user_id": ann.user.id, "title": number.to_string() });
        let answer = app.post(NOTIFICATIONS, &ann, &new).await.json();
        assert_eq!((&answer["delivered"], &answer["notification"]["kind"]), (&json!(0), &json!("info")));
    }
    let mut titles = String::new();
    let mut path = format!("{NOTIFICATIONS}?limit=2");
    loop {
        let page = app.get(&path, &ann).await.json();
        assert_eq!(page["unread"], 5);
        let list = page["notifications"].as_array().into_iter().flatten();
        titles.extend(list.filter_map(|it| it["title"].as_str()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("{NOTIFICATIONS}?limit=2&before={next}");
    }
    assert_eq!(titles, "54321");
    assert_eq!(app.post(READ, &ann, &json!({})).await.json(), json!({ "read": 5 }));
}

#[tokio::test]
async fn only_the_application_notifies_others_except_in_development() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let for_ann = json!({ "user_id": ann.user.id, "title": "Lunch" });
    assert_eq!(app.post(NOTIFICATIONS, &bob, &for_ann).await.error(), error(403, "forbidden", ""));
    let backend = application_token("service");
    assert_eq!(app.post(NOTIFICATIONS, &backend, &for_ann).await.status, StatusCode::CREATED);
    for (body, expected) in [
        (json!({ "user_id": "nobody", "title": "x" }), error(404, "not_found", "user_id")),
        (json!({ "title": "x" }), error(422, "bad_frame", "user_id")),
        (json!({ "user_id": ann.user.id, "title": "" }), error(422, "blank", "title")),
        (json!({ "user_id": ann.user.id, "title": "x", "type": " " }), error(422, "blank", "type")),
    ] {
        assert_eq!(app.post(NOTIFICATIONS, &backend, &body).await.error(), expected, "{body}");
    }
    let ids = json!({ "ids": vec!["0197f2a0-0000-7000-8000-000000000001"; 1_001] });
    assert_eq!(app.post(READ, &ann, &ids).await.error(), error(422, "invalid", "ids"));

    let app = App::spawn_with(|config| config.environment = Environment::Development).await;
    let (ann, bob) = (app.register("ann").await, app.register("bert").await);
    let for_ann = json!({ "user_id": ann.user.id, "title": "Lunch" });
    assert_eq!(app.post(NOTIFICATIONS, &bob, &for_ann).await.status, StatusCode::CREATED);
}
