//! Inbox: notifications, signals, direct messages and jobs reach their user, also after an absence.

use std::task::{Context, Poll, Waker};
use std::time::Duration;

use hub::{Command, HubError, HubSettings, InboxStart, JobReport, LocatedRoom, NewJob, Requester};
use protocol::{JobStatus, MessageKind, Opaque, Signal, limits};
use serde_json::json;
use tokio::time::Instant;

use crate::world::{TestClient, World, user};

async fn connect_with_inbox(world: &World, name: &str) -> TestClient {
    let client = world.connect(name);
    client.session.subscribe_to_inbox(InboxStart::Fresh, None).await.unwrap();
    client
}

/// Waits until the client has given receipts for everything that it was sent.
async fn wait_for_receipts(world: &World, client: &mut TestClient) {
    client.receives_nothing_more().await;
    let new_user = client.session.user().id.clone();
    while world.waiting_bytes(&new_user).await > 0 {
        tokio::task::yield_now().await;
    }
}

fn direct_message(world: &World, to: &str, body: &str) -> Command {
    let room = world.room.clone();
    Command::Direct { room, to: user(to), body: body.to_owned(), kind: MessageKind::Text }
}

fn signal(number: u32) -> Signal {
    Signal { name: "test:message".to_owned(), data: Opaque(json!(number)) }
}

async fn send_signal(world: &World, number: u32) -> usize {
    world.hub.signal(&user("ann"), signal(number)).await.unwrap()
}

#[tokio::test]
async fn an_entry_reaches_every_client_of_its_user_and_no_other() {
    let world = World::new(HubSettings::default()).await;
    let (mut first, mut second) =
        (connect_with_inbox(&world, "ann").await, connect_with_inbox(&world, "ann").await);
    let mut bob = connect_with_inbox(&world, "bob").await;
    assert_eq!(send_signal(&world, 1).await, 2);
    let (_, received) = world.hub.notify(&user("ann"), "Tea", "is ready", "info").await.unwrap();
    assert_eq!(received, 2);
    for ann in [&mut first, &mut second] {
        assert_eq!(ann.receive("").await, "signal test:message 1");
        assert_eq!(ann.receive("").await, "notification Tea");
    }
    bob.receives_nothing_more().await;
    assert!(matches!(world.hub.signal(&user("nobody"), signal(1)).await, Err(HubError::NoSuchUser(_))));
}

#[tokio::test]
async fn a_resumed_client_receives_missed_entries_and_then_live_ones() {
    let world = World::new(HubSettings::default()).await;
    for number in 1..=3 {
        assert_eq!(send_signal(&world, number).await, 0);
    }
    let mut ann = world.connect("ann");
    assert_eq!(ann.session.positions_to_resume(1, |_| Some(Vec::new())).await.unwrap(), Some(Vec::new()));
    ann.session.subscribe_to_inbox(InboxStart::Resumed(1), Some("hello again".into())).await.unwrap();
    send_signal(&world, 4).await;
    for line in ["signal test:message 2", "signal test:message 3", "hello again", "signal test:message 4"] {
        assert_eq!(ann.receive("").await, line);
    }
    let mut fresh = connect_with_inbox(&world, "ann").await;
    fresh.receives_nothing_more().await;
}

#[tokio::test]
async fn a_resume_beyond_the_recovery_limit_starts_over() {
    let world = World::new(HubSettings::default()).await;
    for number in 0..=limits::MAX_RECOVERED_MESSAGES {
        send_signal(&world, number).await;
    }
    let mut bob = world.connect_and_join("bob").await;
    let ann = world.connect("ann");
    assert_eq!(ann.session.positions_to_resume(0, |_| Some(Vec::new())).await.unwrap(), None);
    assert!(ann.session.positions_to_resume(1, |_| Some(Vec::new())).await.unwrap().is_some());
    assert_eq!(
        ann.session.positions_to_resume(10_000, |_| Some(Vec::new())).await.unwrap(),
        None,
        "a position beyond the head"
    );
    bob.post(1, "one more").await;
    bob.receive("posted").await;
    let with_the_room = |inbox| {
        ann.session.positions_to_resume(inbox, |heads| {
            Some(heads.iter().map(|head| LocatedRoom { head, seq: 0, rev: 0 }).collect())
        })
    };
    assert_eq!(with_the_room(1).await.unwrap(), None, "rooms and inbox count together");
    assert_eq!(with_the_room(2).await.unwrap().unwrap().len(), 1);
}

#[tokio::test]
async fn a_direct_message_waits_for_its_recipient_and_is_sent_once() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = world.connect_and_join("ann").await;
    ann.execute(direct_message(&world, "bob", "psst")).await;
    assert_eq!(ann.receive("direct").await, "direct_sent bob psst");
    let mut bob = connect_with_inbox(&world, "bob").await;
    assert_eq!(bob.receive("").await, "direct ann psst");
    wait_for_receipts(&world, &mut bob).await;
    let mut again = connect_with_inbox(&world, "bob").await;
    again.receives_nothing_more().await;
    ann.execute(direct_message(&world, "bob", "both of you")).await;
    assert_eq!(bob.receive("").await, "direct ann both of you");
    assert_eq!(again.receive("").await, "direct ann both of you");
    wait_for_receipts(&world, &mut bob).await;
    connect_with_inbox(&world, "bob").await.receives_nothing_more().await;
    assert_eq!(world.store_page().await, 0, "it is no part of the room");
}

#[tokio::test]
async fn without_a_receipt_a_direct_message_is_sent_again() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = world.connect_and_join("ann").await;
    for number in 1..=3 {
        ann.execute(direct_message(&world, "bob", &number.to_string())).await;
    }
    for _ in 0..2 {
        let mut bob = world.connect("bob");
        bob.connection.sends_receipts = false;
        bob.session.subscribe_to_inbox(InboxStart::Fresh, None).await.unwrap();
        for number in 1..=3 {
            assert_eq!(bob.receive("").await, format!("direct ann {number}"));
        }
        bob.receives_nothing_more().await;
    }
    let mut bob = world.connect("bob");
    bob.session.subscribe_to_inbox(InboxStart::Cursor(2), None).await.unwrap();
    assert_eq!(bob.receive("").await, "direct ann 3");
    assert_eq!(bob.receive("").await, "inbox 3 recovered=true");
    wait_for_receipts(&world, &mut bob).await;
    connect_with_inbox(&world, "bob").await.receives_nothing_more().await;
}

#[tokio::test]
async fn an_unknown_cursor_is_replaced_after_the_waiting_entries() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = world.connect_and_join("ann").await;
    for number in 1..=2 {
        ann.execute(direct_message(&world, "bob", &number.to_string())).await;
    }
    let mut bob = world.connect("bob");
    bob.session.subscribe_to_inbox(InboxStart::Cursor(10_000), None).await.unwrap();
    // A cut between the position and the waiting entries would let the client prove what it does not have.
    for line in ["direct ann 1", "direct ann 2", "inbox 2 recovered=false"] {
        assert_eq!(bob.receive("").await, line);
    }
}

#[tokio::test]
async fn an_idle_inbox_delivers_entries_stored_while_its_user_is_offline() {
    let world = World::new(HubSettings::default()).await;
    let (mut ann, owner) = (world.connect_and_join("ann").await, user("bob"));
    let actor = Requester { user: &owner, is_service: false };
    for round in 0..3 {
        connect_with_inbox(&world, "bob").await.receives_nothing_more().await;
        connect_with_inbox(&world, "bob").await.receives_nothing_more().await;
        ann.execute(direct_message(&world, "bob", "psst")).await;
        assert_eq!(ann.receive("direct").await, "direct_sent bob psst");
        let mut bob = connect_with_inbox(&world, "bob").await;
        assert_eq!(bob.receive("").await, "direct ann psst");
        wait_for_receipts(&world, &mut bob).await;
        let job = NewJob { title: format!("Job {round}"), ..NewJob::default() };
        let job = world.hub.start_job(actor, &owner, job).await.unwrap();
        assert_eq!(
            connect_with_inbox(&world, "bob").await.receive("").await,
            format!("job Progressed Job {round} 0")
        );
        world.hub.delete_job(actor, job.id).await.unwrap();
    }
}

#[tokio::test]
async fn a_client_resumes_an_idle_inbox_at_its_head() {
    let world = World::new(HubSettings::default()).await;
    for number in 1..=3 {
        send_signal(&world, number).await;
    }
    drop(connect_with_inbox(&world, "ann").await);
    let mut ann = world.connect("ann");
    assert_eq!(ann.session.positions_to_resume(3, |_| Some(Vec::new())).await.unwrap(), Some(Vec::new()));
    ann.session.subscribe_to_inbox(InboxStart::Resumed(3), Some("hello again".into())).await.unwrap();
    assert_eq!(send_signal(&world, 4).await, 1);
    assert_eq!(
        (ann.receive("").await, ann.receive("").await),
        ("hello again".to_owned(), "signal test:message 4".to_owned())
    );
    let mut late = world.connect("ann");
    assert_eq!(late.session.positions_to_resume(3, |_| Some(Vec::new())).await.unwrap(), Some(Vec::new()));
    late.session.subscribe_to_inbox(InboxStart::Resumed(3), None).await.unwrap();
    assert_eq!(late.receive("").await, "signal test:message 4");
    assert_eq!(
        late.session.positions_to_resume(5, |_| Some(Vec::new())).await.unwrap(),
        None,
        "a position beyond the head"
    );
}

#[tokio::test]
async fn a_client_of_an_idle_inbox_is_subscribed_at_once() {
    let world = World::new(HubSettings::default()).await;
    send_signal(&world, 1).await;
    drop(connect_with_inbox(&world, "ann").await);
    // One thread: the inbox is idle after that.
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    for start in [InboxStart::Fresh, InboxStart::Resumed(1)] {
        let mut ann = world.connect("ann");
        let mut request = Box::pin(ann.session.subscribe_to_inbox(start, Some("hello".into())));
        let subscribed = request.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(subscribed, Poll::Ready(Ok(()))), "{start:?}: {subscribed:?}");
        drop(request);
        assert_eq!(ann.receive("").await, "hello");
        ann.receives_nothing_more().await;
    }
}

#[tokio::test]
async fn an_inbox_accepts_waiting_entries_up_to_its_limit() {
    let send = async |limit| {
        let world = World::new(HubSettings { inbox_bytes_per_user: limit, ..HubSettings::default() }).await;
        let mut ann = world.connect_and_join("ann").await;
        ann.execute(direct_message(&world, "bob", "one")).await;
        ann.receive("direct_sent").await;
        (world.waiting_bytes(&user("bob")).await, world, ann)
    };
    let (bytes, ..) = send(u64::MAX).await;
    let (_, world, mut ann) = send(2 * bytes).await;
    let (owner, job) = (user("bob"), NewJob { title: "Import".to_owned(), ..NewJob::default() });
    let bob_himself = Requester { user: &owner, is_service: false };
    let accepted = world.hub.start_job(bob_himself, &owner, job.clone()).await.unwrap();
    ann.execute(direct_message(&world, "bob", "two!")).await;
    assert_eq!(ann.receive("").await, "failed TooMany None");
    ann.execute(direct_message(&world, "bob", "two")).await;
    assert_eq!(ann.receive("").await, "direct_sent bob two");
    ann.execute(direct_message(&world, "bob", "three")).await;
    assert_eq!(ann.receive("").await, "failed TooMany None");
    let error = world.hub.start_job(bob_himself, &owner, job).await.unwrap_err();
    assert!(matches!(error, HubError::InboxFull { field: "owner_id" }), "{error:?}");
    // A job that was accepted can always report its end, and an entry that does not wait needs no room.
    let done = JobReport { status: Some(JobStatus::Completed), ..JobReport::default() };
    world.hub.report_job(bob_himself, accepted.id, done).await.unwrap();
    world.hub.signal(&owner, signal(1)).await.unwrap();
    let mut bob = connect_with_inbox(&world, "bob").await;
    assert_eq!(bob.receive("").await, "direct ann one");
    assert_eq!(bob.receive("").await, "direct ann two");
    assert_eq!(bob.receive("").await, "job Completed Import 100");
    assert_eq!(bob.receive("").await, "notification Import is done");
    wait_for_receipts(&world, &mut bob).await;
    ann.execute(direct_message(&world, "bob", "three")).await;
    assert_eq!(bob.receive("").await, "direct ann three");
}

#[tokio::test]
async fn a_direct_message_requires_a_shared_room() {
    let world = World::new(HubSettings::default()).await;
    let (mut ann, mut eve) = (world.connect("ann"), connect_with_inbox(&world, "eve").await);
    for (command, expected) in [
        (direct_message(&world, "eve", "psst"), "failed NotFound None"),
        (direct_message(&world, "nobody", "psst"), "failed NotFound None"),
        (direct_message(&world, "bob", " "), "failed Blank None"),
    ] {
        ann.execute(command).await;
        assert_eq!(ann.receive("").await, expected);
    }
    eve.execute(direct_message(&world, "ann", "let me in")).await;
    assert_eq!(eve.receive("").await, "failed NotFound None");
}

#[tokio::test]
async fn a_job_is_reported_from_its_start_to_its_end() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = connect_with_inbox(&world, "ann").await;
    let (owner, service) = (user("ann"), user("bob"));
    let robot = Requester { user: &service, is_service: true };
    let new = NewJob { title: "Import".to_owned(), ..NewJob::default() };
    let job = world.hub.start_job(robot, &owner, new.clone()).await.unwrap();
    let at = |progress| JobReport { progress: Some(progress), ..JobReport::default() };
    for progress in [5, 3, 50] {
        world.hub.report_job(robot, job.id, at(progress)).await.unwrap();
    }
    let done = JobReport { status: Some(JobStatus::Completed), ..JobReport::default() };
    world.hub.report_job(robot, job.id, done).await.unwrap();
    for line in [
        "job Started Import 0",
        "job Progressed Import 5",
        "job Progressed Import 50",
        "job Completed Import 100",
        "notification Import is done",
    ] {
        assert_eq!(ann.receive("").await, line);
    }
    let stranger = Requester { user: &service, is_service: false };
    assert!(matches!(world.hub.job(stranger, job.id).await, Err(HubError::NoSuchJob)));
    assert!(matches!(world.hub.start_job(stranger, &owner, new).await, Err(HubError::NotOwner)));
}

#[tokio::test]
async fn a_returning_client_receives_running_and_ended_jobs() {
    let world = World::new(HubSettings::default()).await;
    let owner = user("ann");
    let me = Requester { user: &owner, is_service: false };
    let start = async |title: &str| {
        let new = NewJob { title: title.to_owned(), ..NewJob::default() };
        world.hub.start_job(me, &owner, new).await.unwrap()
    };
    let (first, second) = (start("First").await, start("Second").await);
    let failed = JobReport { status: Some(JobStatus::Failed), ..JobReport::default() };
    world.hub.report_job(me, first.id, failed).await.unwrap();
    let half = JobReport { progress: Some(55), ..JobReport::default() };
    world.hub.report_job(me, second.id, half).await.unwrap();
    let mut ann = connect_with_inbox(&world, "ann").await;
    assert_eq!(ann.receive("").await, "job Failed First 0");
    assert_eq!(ann.receive("").await, "notification First failed");
    assert_eq!(ann.receive("").await, "job Progressed Second 55");
    wait_for_receipts(&world, &mut ann).await;
    let mut again = connect_with_inbox(&world, "ann").await;
    assert_eq!(again.receive("").await, "job Progressed Second 55");
    again.receives_nothing_more().await;
    world.hub.delete_job(me, second.id).await.unwrap();
    assert_eq!(again.receive("").await, "job Deleted Second 55");
    assert!(matches!(world.hub.job(me, second.id).await, Err(HubError::NoSuchJob)));
}

#[tokio::test]
async fn an_unconfirmed_entry_is_sent_before_the_next_one() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = connect_with_inbox(&world, "ann").await;
    world.store.inject().lose_next_answer();
    let answer = world.hub.signal(&user("ann"), signal(1)).await;
    assert!(matches!(answer, Err(HubError::Unavailable(_))), "{answer:?}");
    assert_eq!(send_signal(&world, 2).await, 1);
    for line in ["signal test:message 1", "signal test:message 2"] {
        assert_eq!(ann.receive("").await, line);
    }
    let mut second = connect_with_inbox(&world, "ann").await;
    assert_eq!(send_signal(&world, 3).await, 2);
    for client in [&mut ann, &mut second] {
        assert_eq!(client.receive("").await, "signal test:message 3");
    }
}

#[tokio::test(start_paused = true)]
async fn an_unconfirmed_entry_is_sent_by_the_resync_timer() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = connect_with_inbox(&world, "ann").await;
    world.store.inject().lose_next_answer();
    world.store.inject().fail_next_page();
    assert!(world.hub.signal(&user("ann"), signal(1)).await.is_err());
    let failed = Instant::now();
    // Time is paused: only the timer of the inbox can fire.
    assert_eq!(ann.receive("").await, "signal test:message 1");
    assert!(failed.elapsed() >= Duration::from_secs(1), "{:?}", failed.elapsed());
    ann.receives_nothing_more().await;
}

#[tokio::test]
async fn an_unconfirmed_entry_is_sent_once_to_a_new_client() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = connect_with_inbox(&world, "ann").await;
    world.store.inject().lose_next_answer();
    let mut bob = world.connect_and_join("bob").await;
    bob.execute(direct_message(&world, "ann", "tea")).await;
    assert_eq!(bob.receive("failed").await, "failed Unavailable None");
    let mut second = connect_with_inbox(&world, "ann").await;
    for client in [&mut ann, &mut second] {
        assert_eq!(client.receive("").await, "direct bob tea");
        client.receives_nothing_more().await;
    }
}
