//! Jobs: started and reported over REST, with events at once or after an absence.

use protocol::rest::Tokens;
use protocol::{JobChange, JobStatus, JobStep, Opaque, ServerFrame};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::common::App;
use crate::socket::Socket;
use crate::{application_token, error};

const JOBS: &str = "/api/v1/jobs";

async fn start(app: &App, who: &Tokens, body: &Value) -> String {
    let answer = app.post(JOBS, who, body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    answer.json()["id"].as_str().unwrap_or_default().to_owned()
}

/// The next frame about a job.
async fn hear_of_a_job(socket: &mut Socket) -> JobChange {
    socket
        .hear_some(|frame| match frame {
            ServerFrame::Job { data } => Some(data.item),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn a_job_sends_events_from_start_to_end() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let mut socket = app.enter(&ann).await;
    let new = json!({ "title": " Import ", "kind": "report", "subject": "64a7b8c9d1e2f3g4h5i6j7k8", "message": "soon" });
    let id = start(&app, &ann, &new).await;
    let path = format!("{JOBS}/{id}");
    let heard = hear_of_a_job(&mut socket).await;
    assert_eq!((heard.step, heard.job.title.as_str()), (JobStep::Started, "Import"));
    assert_eq!(heard.job.subject.as_deref(), Some("64a7b8c9d1e2f3g4h5i6j7k8"));

    let moved = app.patch(&path, &ann, &json!({ "progress": 40, "stage": "sorting" })).await;
    assert_eq!((moved.status, &moved.json()["progress"]), (StatusCode::OK, &json!(40)));
    let heard = hear_of_a_job(&mut socket).await;
    assert_eq!((heard.step, heard.job.progress), (JobStep::Progressed, 40));
    let back = app.patch(&path, &ann, &json!({ "progress": 10 })).await;
    assert_eq!(back.json()["progress"], 40);

    let done =
        app.patch(&path, &ann, &json!({ "status": "completed", "result": { "rows": 7 } })).await.json();
    assert_eq!(
        (&done["status"], &done["progress"], &done["result"]),
        (&json!("completed"), &json!(100), &json!({ "rows": 7 }))
    );
    let heard = hear_of_a_job(&mut socket).await;
    assert_eq!((heard.step, heard.job.status), (JobStep::Completed, JobStatus::Completed));
    let notice = socket.hear().await;
    assert!(
        matches!(&notice, ServerFrame::Notification { data } if data.item.title == "Import is done"),
        "{notice:?}"
    );
    assert_eq!(
        app.patch(&path, &ann, &json!({ "progress": 50 })).await.error(),
        error(422, "invalid", "status")
    );
    // Its answer may have been lost: the same report again is answered alike, and nobody is told twice.
    let again = app.patch(&path, &ann, &json!({ "status": "completed", "result": { "rows": 7 } })).await;
    assert_eq!((again.status, again.json()), (StatusCode::OK, done.clone()));
    assert_eq!(socket.before_pong().await, []);
    let better = app.patch(&path, &ann, &json!({ "result": { "rows": 8 } })).await.json();
    assert_eq!(hear_of_a_job(&mut socket).await.step, JobStep::Updated);
    assert_eq!(app.get(&path, &ann).await.json(), better);

    assert_eq!(app.delete(&path, &ann).await.status, StatusCode::NO_CONTENT);
    assert_eq!(hear_of_a_job(&mut socket).await.step, JobStep::Deleted);
    assert_eq!(app.get(&path, &ann).await.error(), error(404, "not_found", ""));
    assert_eq!(app.delete(&path, &ann).await.error(), error(404, "not_found", ""));
}

#[tokio::test]
async fn users_see_only_their_own_jobs_and_the_application_sees_all() {
    let app = App::spawn().await;
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let backend = application_token("service");
    let for_ann = json!({ "title": "Import", "owner_id": ann.user.id });
    assert_eq!(app.post(JOBS, &bob, &for_ann).await.error(), error(403, "forbidden", ""));
    let id = start(&app, &backend, &for_ann).await;
    let path = format!("{JOBS}/{id}");
    let gone = error(404, "not_found", "");
    assert_eq!(app.get(&path, &bob).await.error(), gone);
    assert_eq!(app.patch(&path, &bob, &json!({ "progress": 9 })).await.error(), gone);
    assert_eq!(app.delete(&path, &bob).await.error(), gone);
    assert_eq!(app.get(JOBS, &bob).await.json(), json!({ "jobs": [] }));
    assert_eq!(app.get(&path, &ann).await.json()["owner"], json!(ann.user.id));

    let failed = json!({ "status": "failed", "error": "disk full", "retryable": true });
    let failed = app.patch(&path, &backend, &failed).await.json();
    assert_eq!((&failed["error"], &failed["retryable"]), (&json!("disk full"), &json!(true)));
    assert_eq!(app.get(&path, &ann).await.json()["status"], "failed");
    let nobody = json!({ "title": "Import", "owner_id": "64a7b8c9d1e2f3g4h5i6j7k8" });
    assert_eq!(app.post(JOBS, &backend, &nobody).await.error(), error(404, "not_found", "owner_id"));
    let admin = application_token("admin");
    assert_eq!(app.delete(&path, &admin).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn an_invalid_job_is_reported_by_field_and_starts_nothing() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    for (body, expected) in [
        (json!({}), error(422, "bad_frame", "title")),
        (json!({ "title": " " }), error(422, "blank", "title")),
        (json!({ "title": "x".repeat(201) }), error(422, "too_long", "title")),
        (json!({ "title": "x", "kind": "party" }), error(422, "bad_frame", "kind")),
        (json!({ "title": "x", "subject": "x".repeat(129) }), error(422, "too_long", "subject")),
        (json!({ "title": "x", "message": "x".repeat(2_001) }), error(422, "too_long", "message")),
        (json!({ "title": "x", "owner_id": "a b" }), error(422, "bad_frame", "owner_id")),
    ] {
        assert_eq!(app.post(JOBS, &ann, &body).await.error(), expected);
    }
    assert_eq!(app.get(JOBS, &ann).await.json(), json!({ "jobs": [] }));
    let path = format!("{JOBS}/{}", start(&app, &ann, &json!({ "title": "x" })).await);
    for (body, expected) in [
        (json!({ "progress": 101 }), error(422, "invalid", "progress")),
        (json!({ "progress": -1 }), error(422, "bad_frame", "progress")),
        (json!({ "status": "lost" }), error(422, "bad_frame", "status")),
        (json!({ "stage": "a\nb" }), error(422, "invalid", "stage")),
        (json!({ "result": "x".repeat(16 * 1024) }), error(422, "too_long", "result")),
    ] {
        assert_eq!(app.patch(&path, &ann, &body).await.error(), expected);
    }
    assert_eq!(app.get(&path, &ann).await.json()["progress"], 0);
    for id in ["nothing", "0197f2a0-0000-7000-8000-000000000001"] {
        assert_eq!(app.get(&format!("{JOBS}/{id}"), &ann).await.error(), error(404, "not_found", ""));
    }
}

#[tokio::test]
async fn jobs_are_listed_in_pages_newest_first() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let mut started = Vec::new();
    for number in 1..=5 {
        started.push(start(&app, &ann, &json!({ "title": number.to_string() })).await);
    }
    started.reverse();
    let mut listed = Vec::new();
    let mut path = format!("{JOBS}?limit=2");
    loop {
        let page = app.get(&path, &ann).await.json();
        let ids = page["jobs"].as_array().into_iter().flatten().filter_map(|job| job["id"].as_str());
        listed.extend(ids.map(str::to_owned));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("{JOBS}?limit=2&before={next}");
    }
    assert_eq!(listed, started);
    assert_eq!(
        app.get(&format!("{JOBS}?before=soon"), &ann).await.error(),
        error(422, "bad_frame", "before")
    );
}

#[tokio::test]
async fn an_absent_user_receives_the_end_of_a_job_once() {
    let app = App::spawn().await;
    let ann = app.register("ann").await;
    let backend = application_token("service");
    let mut socket = app.enter(&ann).await;
    let for_ann = json!({ "title": "Import", "owner_id": ann.user.id });
    let path = format!("{JOBS}/{}", start(&app, &backend, &for_ann).await);
    assert_eq!(hear_of_a_job(&mut socket).await.step, JobStep::Started);
    drop(socket);

    app.patch(&path, &backend, &json!({ "progress": 55 })).await;
    let mut socket = app.enter(&ann).await;
    let heard = hear_of_a_job(&mut socket).await;
    assert_eq!((heard.step, heard.job.progress), (JobStep::Progressed, 55));
    drop(socket);
    app.until_disconnected(&ann).await;

    app.patch(&path, &backend, &json!({ "status": "completed", "result": "all of it" })).await;
    let mut socket = app.enter(&ann).await;
    let heard = hear_of_a_job(&mut socket).await;
    assert_eq!((heard.step, heard.job.result), (JobStep::Completed, Opaque(Some(json!("all of it")))));
    socket.before_pong().await;
    // Its acknowledgement is stored a moment later.
    while !app.enter(&ann).await.before_pong().await.is_empty() {}
}
