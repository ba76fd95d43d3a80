//! MockVerse over REST: test events, demo analyses, statistics and maintenance.

use protocol::{InboxData, JobStep, Opaque, ServerFrame, Signal};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use server::config::Environment;

use crate::common::{Answer, App};
use crate::socket::Socket;
use crate::{application_token, error};

const EMIT: &str = "/api/v1/websocket/test/emit-to-user";
const STATS: &str = "/api/v1/websocket/stats";
const MAINTENANCE: &str = "/api/v1/admin/maintenance";

async fn development() -> App {
    App::spawn_with(|config| config.environment = Environment::Development).await
}

async fn hear_a_signal(socket: &mut Socket) -> Signal {
    socket
        .hear_some(|frame| match frame {
            ServerFrame::Signal { data } => Some(data.item),
            _ => None,
        })
        .await
}

fn is_a_time(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|at| at.len() == 24 && at.ends_with('Z') && at.as_bytes().get(19) == Some(&b'.'))
}

#[tokio::test]
async fn an_event_reaches_every_device_of_one_user_only() {
    let app = development().await;
    let (ann, eve) = (app.register("ann").await, app.register("eve").await);
    let (mut here, mut there, mut other) =
        (app.enter(&ann).await, app.enter(&ann).await, app.enter(&eve).await);
    for number in 1..=3 {
        let data = json!({ "number": number, "deep": { "er": [null] } });
        let body = json!({ "userId": ann.user.id, "event": "test:message", "message": "Hi", "data": data });
        let answer = app.post(EMIT, &eve, &body).await;
        assert_eq!(answer.json(), json!({ "success": true, "data": { "delivered": 2 } }), "{answer:?}");
    }
    for socket in [&mut here, &mut there] {
        for number in 1..=3 {
            let Signal { name, data: Opaque(data) } = hear_a_signal(socket).await;
            assert_eq!(
                (name.as_str(), &data["number"], &data["deep"]),
                ("test:message", &json!(number), &json!({ "er": [null] }))
            );
            assert_eq!((&data["message"], &data["server"]), (&json!("Hi"), &json!("test")));
            assert!(is_a_time(&data["timestamp"]), "{data}");
        }
    }
    assert_eq!(other.before_pong().await, []);
    let away = app.register("away").await;
    let body = json!({ "userId": away.user.id, "event": "test:message", "message": "Hi" });
    assert_eq!(app.post(EMIT, &ann, &body).await.json()["data"], json!({ "delivered": 0 }));
}

#[tokio::test]
async fn reserved_event_names_are_refused_and_other_names_accepted() {
    let app = development().await;
    let ann = app.register("ann").await;
    let emit = |event: &str| json!({ "userId": ann.user.id, "event": event, "message": "x" });
    for event in [
        "connect",
        "connect_error",
        "disconnect",
        "disconnecting",
        "newListener",
        "removeListener",
        "chat-message",
        "chat-room-history",
        "error",
    ] {
        assert_eq!(
            app.post(EMIT, &ann, &emit(event)).await.error(),
            error(400, "invalid", "event"),
            "{event}"
        );
    }
    for event in [
        "analysis:started",
        "analysis:progress",
        "analysis:completed",
        "analysis:failed",
        "interview:updated",
        "interview:deleted",
        "report:generated",
        "report:updated",
        "server:shutdown",
        "maintenance:mode",
    ] {
        assert_eq!(app.post(EMIT, &ann, &emit(event)).await.status, StatusCode::OK, "{event}");
    }
    for (body, expected) in [
        (
            json!({ "userId": "64a7b8c9d1e2f3g4h5i6j7k8", "event": "x", "message": "x" }),
            error(404, "not_found", "userId"),
        ),
        (json!({ "userId": "no id", "event": "x", "message": "x" }), error(404, "not_found", "")),
        (json!({ "userId": ann.user.id, "event": "x" }), error(422, "bad_frame", "message")),
        (json!({ "event": "x", "message": "x" }), error(422, "bad_frame", "userId")),
        (json!({ "userId": ann.user.id, "event": " ", "message": "x" }), error(422, "blank", "event")),
        (
            json!({ "userId": ann.user.id, "event": "x", "message": "x", "data": [] }),
            error(422, "bad_frame", "data"),
        ),
    ] {
        assert_eq!(app.post(EMIT, &ann, &body).await.error(), expected, "{body}");
    }
}

#[tokio::test]
async fn a_notification_sent_by_hand_is_stored_as_one() {
    let app = development().await;
    let ann = app.register("ann").await;
    let mut socket = app.enter(&ann).await;
    let emit = |data: Value| json!({ "userId": ann.user.id, "event": "notification", "message": "Lunch", "data": data });
    for (data, title, message, kind) in [
        (json!({}), "Lunch", "", "info"),
        (json!({ "title": "At noon", "type": "success" }), "At noon", "Lunch", "success"),
    ] {
        assert_eq!(app.post(EMIT, &ann, &emit(data)).await.json()["data"], json!({ "delivered": 1 }));
        let heard = socket.hear().await;
        let ServerFrame::Notification { data: InboxData { item: data, .. } } = heard else {
            panic!("{heard:?}")
        };
        assert_eq!((data.title.as_str(), data.message.as_str(), data.kind.as_str()), (title, message, kind));
    }
    assert_eq!(app.get("/api/v1/notifications", &ann).await.json()["unread"], 2);
    let blank = json!({ "userId": ann.user.id, "event": "notification", "message": " " });
    assert_eq!(app.post(EMIT, &ann, &blank).await.error(), error(422, "blank", "message"));
}

#[tokio::test]
async fn test_endpoints_are_for_development_and_the_application() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let body = json!({ "userId": ann.user.id, "event": "x", "message": "x" });
    let analysis = format!("/api/v1/websocket/test/analysis-events/{}", ann.user.id);
    let gone = error(404, "not_found", "");
    for path in [EMIT, analysis.as_str()] {
        assert_eq!(app.post(path, &ann, &body).await.error(), gone);
        assert_eq!(app.post(path, &ann, &json!({})).await.error(), gone);
        assert_eq!(app.post_signed_out(path, &body).await.error(), gone);
    }
    for role in ["service", "admin"] {
        assert_eq!(app.post(EMIT, &application_token(role), &body).await.status, StatusCode::OK, "{role}");
    }
    let app = development().await;
    assert_eq!(app.post_signed_out(EMIT, &body).await.error(), crate::unauthorized());
}

/// Starts an analysis for the bearer and hears it to its end.
async fn hear_an_analysis(app: &App, outcome: &str) -> (Vec<JobStep>, protocol::Job) {
    let ann = app.register(&format!("ann-{outcome}")).await;
    let mut socket = app.enter(&ann).await;
    let path = format!("/api/v1/websocket/test/analysis-events/{}", ann.user.id);
    let request = json!({ "interviewId": "64a7b8c9d1e2f3g4h5i6j7k8", "outcome": outcome });
    let answer = app.post(&path, &ann, &request).await;
    assert_eq!((answer.status, &answer.json()["success"]), (StatusCode::OK, &json!(true)));
    let (mut steps, mut progress) = (Vec::new(), 0);
    loop {
        let change = socket
            .hear_some(|frame| match frame {
                ServerFrame::Job { data } => Some(data.item),
                _ => None,
            })
            .await;
        assert_eq!(json!(change.job.id), answer.json()["data"]["jobId"]);
        assert_eq!(change.job.subject.as_deref(), Some("64a7b8c9d1e2f3g4h5i6j7k8"));
        assert!(change.job.progress >= progress, "{change:?}");
        progress = change.job.progress;
        steps.push(change.step);
        if matches!(change.step, JobStep::Completed | JobStep::Failed) {
            return (steps, change.job);
        }
    }
}

#[tokio::test]
async fn a_demo_analysis_completes_or_fails() {
    let app = development().await;
    let (steps, job) = hear_an_analysis(&app, "completed").await;
    let progressed = JobStep::Progressed;
    assert_eq!(steps, [JobStep::Started, progressed, progressed, progressed, JobStep::Completed]);
    let result = job.result.0.unwrap_or_default();
    assert!(result["summary"].is_string() && is_a_time(&result["analyzedAt"]), "{result}");
    assert!(result["fileSize"].is_u64(), "{result}");

    let (steps, job) = hear_an_analysis(&app, "failed").await;
    assert_eq!(steps, [JobStep::Started, progressed, progressed, JobStep::Failed]);
    assert!(job.retryable && job.error.is_some(), "{job:?}");

    let ann = app.register("ann").await;
    for (user, body, expected) in [
        ("nobody", json!({ "interviewId": "x" }), error(404, "not_found", "userId")),
        (ann.user.id.as_str(), json!({}), error(422, "bad_frame", "interviewId")),
        (ann.user.id.as_str(), json!({ "interviewId": "" }), error(422, "blank", "interviewId")),
        (
            ann.user.id.as_str(),
            json!({ "interviewId": "x", "outcome": "lost" }),
            error(422, "bad_frame", "outcome"),
        ),
    ] {
        let path = format!("/api/v1/websocket/test/analysis-events/{user}");
        assert_eq!(app.post(&path, &ann, &body).await.error(), expected, "{body}");
    }
}

#[tokio::test]
async fn a_stop_ends_an_analysis_as_retryable() {
    let app = App::spawn_with(|config| config.environment = Environment::Development).await;
    let ann = app.register("ann").await;
    let path = format!("/api/v1/websocket/test/analysis-events/{}", ann.user.id);
    let started = app.post(&path, &ann, &json!({ "interviewId": "x" })).await.json();
    let app = app.restart().await;
    let job = app
        .get(&format!("/api/v1/jobs/{}", started["data"]["jobId"].as_str().unwrap_or_default()), &ann)
        .await;
    assert_eq!((&job.json()["status"], &job.json()["retryable"]), (&json!("failed"), &json!(true)));
}

#[tokio::test]
async fn statistics_count_connected_users_and_messages() {
    let app = development().await;
    let (ann, eve) = (app.register("ann").await, app.register("eve").await);
    let address = |who: &protocol::rest::Tokens| format!("/api/v1/websocket/user/{}/status", who.user.id);
    let never = app.get(&address(&ann), &eve).await.json();
    let offline = json!({ "userId": ann.user.id, "isConnected": false, "sockets": 0, "lastSeen": null });
    assert_eq!(never, json!({ "success": true, "data": offline }));

    let (here, there) = (app.enter(&ann).await, app.enter(&ann).await);
    let _other = app.enter(&eve).await;
    let online = app.get(&address(&ann), &eve).await.json();
    assert_eq!((&online["data"]["isConnected"], &online["data"]["sockets"]), (&json!(true), &json!(2)));
    let room = app.create_room(&ann, "Ours", &[]).await;
    app.say(&ann, &room, "one").await;
    let stats = app.get(STATS, &eve).await.json();
    assert_eq!(stats["success"], true);
    let data = &stats["data"];
    assert_eq!((&data["connected"], &data["users"], &data["nodes"]), (&json!(3), &json!(2), &json!(1)));
    assert!(data["rooms"].as_u64().is_some_and(|rooms| rooms >= 1), "{data}");
    assert!(data["messages_per_second"].as_f64().is_some_and(|rate| rate > 0.0), "{data}");
    assert!(is_a_time(&data["timestamp"]), "{data}");

    drop((here, there));
    app.until_disconnected(&ann).await;
    let gone = app.get(&address(&ann), &eve).await.json();
    assert_eq!(gone["data"]["isConnected"], false);
    assert!(is_a_time(&gone["data"]["lastSeen"]), "{gone}");
    let nobody = app.get("/api/v1/websocket/user/64a7b8c9d1e2f3g4h5i6j7k8/status", &eve).await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn production_statistics_are_limited_to_the_application_and_oneself() {
    let app = App::spawn().await;
    let (ann, eve) = (app.register("ann").await, app.register("eve").await);
    let status = format!("/api/v1/websocket/user/{}/status", ann.user.id);
    assert_eq!(app.get(STATS, &ann).await.error(), error(403, "forbidden", ""));
    assert_eq!(app.get(&status, &eve).await.error(), error(403, "forbidden", ""));
    assert_eq!(app.get(&status, &ann).await.status, StatusCode::OK);
    for role in ["service", "admin"] {
        let backend = application_token(role);
        assert_eq!(app.get(STATS, &backend).await.status, StatusCode::OK);
        assert_eq!(app.get(&status, &backend).await.status, StatusCode::OK);
    }
    let stranger = Answer::to(app.request(Method::GET, STATS)).await;
    assert_eq!(stranger.error(), crate::unauthorized());
}

#[tokio::test]
async fn maintenance_is_announced_to_open_and_new_connections() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let mut socket = app.enter(&ann).await;
    let begin = json!({ "enabled": true, "message": "Back at noon" });
    let admin = application_token("admin");
    for who in [&ann, &application_token("service")] {
        assert_eq!(app.post(MAINTENANCE, who, &begin).await.error(), error(403, "forbidden", ""));
    }
    assert_eq!(app.post(MAINTENANCE, &admin, &begin).await.json(), begin);
    let is_announcement =
        |frame: ServerFrame| matches!(frame, ServerFrame::Maintenance { data } if json!(data) == begin);
    assert!(is_announcement(socket.hear().await));
    assert!(is_announcement(app.enter(&ann).await.hear().await));
    // Clients receive it, and health checks do not show it.
    assert_eq!(app.visit("/readyz", "").await.text, "ok");
    assert_eq!(app.visit("/healthz", "").await.text, "ok");

    let end = app.post(MAINTENANCE, &admin, &json!({ "enabled": false })).await.json();
    assert_eq!(end["enabled"], false);
    assert!(matches!(socket.hear().await, ServerFrame::Maintenance { data } if !data.enabled));
    assert_eq!(app.enter(&ann).await.before_pong().await, []);
    assert_eq!(app.visit("/readyz", "").await.text, "ok");
    let long = json!({ "enabled": true, "message": "x".repeat(2_001) });
    assert_eq!(app.post(MAINTENANCE, &admin, &long).await.error(), error(422, "too_long", "message"));

    let app = development().await;
    let anybody = app.register("anybody").await;
    assert_eq!(app.post(MAINTENANCE, &anybody, &begin).await.status, StatusCode::OK);
}
