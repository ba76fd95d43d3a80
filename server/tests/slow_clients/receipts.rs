//! Receipts of Socket.IO clients: an entry is pending until the client has proven that it received it.

use protocol::ServerFrame;
use protocol::rest::Tokens;
use serde_json::json;

use crate::common::App;
use crate::enter;
use crate::socketio::{Client, Memory};

/// A job that ended while its owner was away: two entries, the job and its notification.
async fn end_a_job(app: &App, who: &Tokens) {
    let job = app.post("/api/v1/jobs", who, &json!({ "title": "Import" })).await;
    let path = format!("/api/v1/jobs/{}", job.json()["id"].as_str().unwrap());
    let ended = app.patch(&path, who, &json!({ "status": "completed" })).await;
    assert_eq!(ended.status.as_u16(), 200, "{ended:?}");
}

/// The entries that a native client receives when it connects.
async fn waiting(app: &App, who: &Tokens) -> Vec<ServerFrame> {
    enter(app, who).await.before_pong().await
}

#[tokio::test]
async fn an_answered_ping_or_the_next_poll_acknowledges_what_was_sent() {
    let app = App::spawn().await;
    let bob = app.register("bob").await;
    for by_polling in [false, true] {
        end_a_job(&app, &bob).await;
        let mut client = Client::enter(&app, &bob, by_polling, Memory::default()).await;
        let heard = client.hear(r#"42["notification""#).await;
        assert_eq!(heard[1]["title"], "Import is done");
        // Its next packets: a ping that it answers, or a poll that waits for this.
        app.post(
            "/api/v1/notifications",
            &bob,
            &json!({ "user_id": bob.user.id, "title": "Tea", "message": "", "type": "info" }),
        )
        .await;
        assert_eq!(client.hear(r#"42["notification""#).await[1]["title"], "Tea");
        while !waiting(&app, &bob).await.is_empty() {}
    }
}

#[tokio::test]
async fn entries_without_an_acknowledgement_are_sent_again() {
    let app = App::spawn().await;
    let bob = app.register("bob").await;
    end_a_job(&app, &bob).await;
    for by_polling in [false, true] {
        let mut cut = Client::enter(&app, &bob, by_polling, Memory::default()).await;
        cut.answers = false;
        cut.hear(r#"42["notification""#).await;
        drop(cut);
    }
    let sent = waiting(&app, &bob).await;
    assert!(matches!(&sent[..], [ServerFrame::Job { .. }, ServerFrame::Notification { .. }]), "{sent:?}");
}
