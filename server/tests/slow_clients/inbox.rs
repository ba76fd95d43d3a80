//! Pending inbox entries: an absent user gets all of them, and confirmed ones wait no longer.

use protocol::rest::Tokens;
use protocol::{
    ClientFrame, DirectMessage, InboxData, InboxPosition, JobStep, MessageKind, RoomId, ServerFrame,
};
use serde_json::json;

use crate::common::App;
use crate::enter;
use crate::socket::Socket;

async fn three(app: &App) -> (Tokens, Tokens, RoomId) {
    let (ann, bob) = (app.register("ann").await, app.register("bob").await);
    let room = app.create_room(&ann, "Kitchen", &[&bob]).await;
    (ann, bob, room)
}

fn direct(room: &RoomId, to: &Tokens, body: String) -> ClientFrame {
    ClientFrame::Direct { room: room.clone(), to: to.user.id.clone(), body, kind: MessageKind::Text }
}

/// Sends direct messages of about this size, and waits until each is stored.
async fn send(from: &mut Socket, room: &RoomId, to: &Tokens, numbers: std::ops::Range<usize>, bytes: usize) {
    for number in numbers {
        from.say(&direct(room, to, body(number, bytes))).await;
        from.hear_some(a_direct).await;
    }
}

fn body(number: usize, bytes: usize) -> String {
    format!("{number} {}", "x".repeat(bytes))
}

fn a_direct(frame: ServerFrame) -> Option<InboxData<DirectMessage>> {
    match frame {
        ServerFrame::Direct { data } => Some(data),
        _ => None,
    }
}

/// The entries that a new connection receives before it is up to date.
async fn sent_to(app: &App, who: &Tokens) -> Vec<ServerFrame> {
    enter(app, who).await.before_pong().await
}

/// Waits until no entry is pending: an acknowledgement is stored a moment after it arrives.
async fn until_nothing_waits(app: &App, who: &Tokens) {
    while !sent_to(app, who).await.is_empty() {}
}

#[tokio::test]
async fn direct_messages_beyond_all_limits_arrive_in_order_and_once() {
    let app = App::spawn().await;
    let (ann, bob, room) = three(&app).await;
    let mut from = enter(&app, &ann).await;
    for (count, bytes) in [(30, 60_000), (300, 6_000)] {
        send(&mut from, &room, &bob, 0..count, bytes).await;

        let mut to = enter(&app, &bob).await;
        let mut last = 0;
        for number in 0..count {
            let data = to.hear_some(a_direct).await;
            assert!(data.item.body == body(number, bytes), "message {number} of {count}");
            assert!(data.inbox > Some(last));
            last = data.inbox.unwrap();
        }
        assert_eq!(to.before_pong().await, []);
        // Live entries follow from exactly there.
        send(&mut from, &room, &bob, 900..901, 1).await;
        assert_eq!(to.hear_some(a_direct).await.item.body, body(900, 1));
        assert_eq!(to.before_pong().await, []);
        until_nothing_waits(&app, &bob).await;
    }
}

#[tokio::test]
async fn jobs_ended_during_an_absence_arrive_with_large_results() {
    let app = App::spawn().await;
    let (_, bob, _) = three(&app).await;
    let result = json!({ "text": "x".repeat(16_000) });
    for number in 0..90 {
        let started = app.post("/api/v1/jobs", &bob, &json!({ "title": format!("Job {number}") })).await;
        let path = format!("/api/v1/jobs/{}", started.json()["id"].as_str().unwrap());
        let ended = app.patch(&path, &bob, &json!({ "status": "completed", "result": result })).await;
        assert_eq!(ended.status.as_u16(), 200, "{ended:?}");
    }
    // They are still running after a restart of the server, too.
    let app = app.restart().await;
    let mut to = enter(&app, &bob).await;
    for number in 0..90 {
        let change = to.hear_some(|frame| match frame {
            ServerFrame::Job { data } => Some(data.item),
            _ => None,
        });
        let change = change.await;
        assert_eq!((change.step, change.job.title), (JobStep::Completed, format!("Job {number}")));
        let notice = to.hear_some(|frame| match frame {
            ServerFrame::Notification { data } => Some(data.item.title),
            _ => None,
        });
        assert_eq!(notice.await, format!("Job {number} is done"));
    }
    assert_eq!(to.before_pong().await, []);
    until_nothing_waits(&app, &bob).await;
}

#[tokio::test]
async fn hundreds_of_large_running_jobs_reach_a_new_connection() {
    let app = App::spawn().await;
    let (_, bob, _) = three(&app).await;
    let result = json!({ "text": "x".repeat(16_000) });
    let mut ids = Vec::new();
    for number in 0..150 {
        let started = app.post("/api/v1/jobs", &bob, &json!({ "title": format!("Job {number}") })).await;
        let id = started.json()["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/jobs/{id}");
        app.patch(&path, &bob, &json!({ "progress": 40, "result": result })).await;
        ids.push(id);
    }
    let mut to = enter(&app, &bob).await;
    for id in ids {
        let job = to.hear_some(|frame| match frame {
            ServerFrame::Job { data } => Some(data.item.job),
            _ => None,
        });
        let job = job.await;
        assert_eq!((job.id.to_string(), job.progress), (id, 40));
    }
}

#[tokio::test]
async fn unacknowledged_entries_are_sent_again() {
    let app = App::spawn().await;
    let (ann, bob, room) = three(&app).await;
    send(&mut enter(&app, &ann).await, &room, &bob, 0..5, 10).await;
    for _ in 0..2 {
        let mut cut = enter(&app, &bob).await;
        for number in 0..5 {
            assert_eq!(cut.hear_some(a_direct).await.item.body, body(number, 10));
        }
        // The connection is lost before the ping behind the last one was read.
    }
    until_nothing_waits(&app, &bob).await;
}

#[tokio::test]
async fn a_cursor_acknowledges_earlier_entries_and_replays_later_ones() {
    let app = App::spawn().await;
    let (ann, bob, room) = three(&app).await;
    let mut from = enter(&app, &ann).await;
    send(&mut from, &room, &bob, 0..2, 10).await;
    let with_cursor = async |query: &str| {
        let mut socket = Socket::enter(&app.socket_url(&format!("?token={}{query}", bob.access_token))).await;
        let mut heard = Vec::new();
        loop {
            match socket.hear().await {
                ServerFrame::Inbox { data } => return (heard, data),
                ServerFrame::Direct { data } => heard.push(data.item.body),
                ServerFrame::Notification { data } => heard.push(data.item.title),
                other => panic!("{other:?}"),
            }
        }
    };
    let at = |inbox: u64, recovered: bool| InboxPosition { inbox, recovered };
    assert_eq!(with_cursor("&inbox=1").await, (vec![body(1, 10)], at(2, true)));
    // It proved the first one, and this one proves both.
    assert_eq!(with_cursor("&inbox=2").await, (vec![], at(2, true)));
    assert_eq!(sent_to(&app, &bob).await, []);

    // Entries that are not pending are sent, too.
    let notify = json!({ "user_id": bob.user.id, "title": "Tea", "message": "", "type": "info" });
    let answer = app.post("/api/v1/notifications", &bob, &notify).await;
    assert_eq!(answer.status.as_u16(), 201, "{answer:?}");
    send(&mut from, &room, &bob, 2..3, 10).await;
    assert_eq!(with_cursor("&inbox=2").await, (vec!["Tea".to_owned(), body(2, 10)], at(4, true)));

    // A place of the future proves nothing.
    let mut lost = Socket::enter(&app.socket_url(&format!("?token={}&inbox=77", bob.access_token))).await;
    assert_eq!(lost.hear().await, ServerFrame::Inbox { data: at(4, false) });
    // By the first frame, and by a later one.
    let mut socket = Socket::try_connect(&app.socket_url(""), &[]).await.unwrap();
    let token = bob.access_token.clone();
    socket.say(&ClientFrame::Authenticate { token: token.clone(), inbox: Some(4) }).await;
    assert_eq!(
        socket
            .hear_some(|frame| if let ServerFrame::Inbox { data } = frame { Some(data) } else { None })
            .await,
        at(4, true)
    );
    socket.say(&ClientFrame::Authenticate { token, inbox: Some(4) }).await;
    socket.hear_some(|frame| matches!(frame, ServerFrame::Authenticated { .. }).then_some(())).await;
    assert_eq!(Socket::try_connect(&app.socket_url("?inbox=x"), &[]).await.err(), Some(422));
}

#[tokio::test]
async fn a_full_inbox_refuses_senders_and_never_an_ended_job() {
    let app = App::spawn_with(|config| config.limits.inbox_bytes_per_user = 100_000).await;
    let (ann, bob, room) = three(&app).await;
    let mut from = enter(&app, &ann).await;
    send(&mut from, &room, &bob, 0..1, 60_000).await;
    let job = app.post("/api/v1/jobs", &bob, &json!({ "title": "Import" })).await;
    let too_many = || ("too_many".to_owned(), Some("to".to_owned()));
    from.say(&direct(&room, &bob, body(1, 60_000))).await;
    assert_eq!(from.error().await, too_many());
    send(&mut from, &room, &bob, 1..2, 35_000).await;

    let path = format!("/api/v1/jobs/{}", job.json()["id"].as_str().unwrap());
    let result = json!({ "status": "completed", "result": { "text": "x".repeat(16_000) } });
    assert_eq!(app.patch(&path, &bob, &result).await.status.as_u16(), 200);
    let refused = app.post("/api/v1/jobs", &bob, &json!({ "title": "One more" })).await;
    assert_eq!(refused.error(), (422, "too_many".to_owned(), "owner_id".to_owned()));
    from.say(&direct(&room, &bob, body(2, 1))).await;
    assert_eq!(from.error().await, too_many());

    let mut to = enter(&app, &bob).await;
    for number in 0..2 {
        let bytes = [60_000, 35_000][number];
        assert!(to.hear_some(a_direct).await.item.body == body(number, bytes));
    }
    to.hear_some(|frame| matches!(frame, ServerFrame::Job { .. }).then_some(())).await;
    to.before_pong().await;
    until_nothing_waits(&app, &bob).await;
    send(&mut from, &room, &bob, 2..3, 60_000).await;
}

#[tokio::test]
async fn notifications_read_over_rest_are_no_longer_pending() {
    let app = App::spawn().await;
    let (_, bob, _) = three(&app).await;
    let job = app.post("/api/v1/jobs", &bob, &json!({ "title": "Import" })).await;
    let path = format!("/api/v1/jobs/{}", job.json()["id"].as_str().unwrap());
    app.patch(&path, &bob, &json!({ "status": "completed" })).await;
    let read = app.post("/api/v1/notifications/read", &bob, &json!({})).await;
    assert_eq!(read.status.as_u16(), 200, "{read:?}");
    let sent = sent_to(&app, &bob).await;
    assert!(matches!(&sent[..], [ServerFrame::Job { .. }]), "{sent:?}");
}
