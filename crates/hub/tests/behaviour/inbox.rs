//! What reaches a person: notifications, signals, direct messages, jobs.

use hub::{Command, HubError, InboxStart, JobReport, NewJob, Requester, Settings};
use protocol::{JobStatus, MessageKind, Signal, limits};
use serde_json::json;

use crate::world::{Listener, World, user};

async fn with_inbox(world: &World, name: &str) -> Listener {
    let listener = world.enter(name);
    listener.peer.follow_inbox(InboxStart::Fresh, None).await.unwrap();
    listener
}

/// Waits until everything that a listener heard is proven to have arrived.
async fn received(world: &World, listener: &mut Listener) {
    listener.hears_nothing_more().await;
    let person = listener.peer.user().id.clone();
    while world.waiting_bytes(&person).await > 0 {
        tokio::task::yield_now().await;
    }
}

fn letter(world: &World, to: &str, body: &str) -> Command {
    let room = world.room.clone();
    Command::Direct { room, to: user(to), body: body.to_owned(), kind: MessageKind::Text }
}

fn signal(number: u32) -> Signal {
    Signal { name: "test:message".to_owned(), data: json!(number) }
}

async fn send(world: &World, number: u32) -> usize {
    world.hub.signal(&user("ann"), signal(number)).await.unwrap()
}

#[tokio::test]
async fn all_devices_of_one_person_hear_it_and_nobody_else() {
    let world = World::new(Settings::default()).await;
    let (mut first, mut second) = (with_inbox(&world, "ann").await, with_inbox(&world, "ann").await);
    let mut bob = with_inbox(&world, "bob").await;
    assert_eq!(send(&world, 1).await, 2);
    let (_, heard) = world.hub.notify(&user("ann"), "Tea", "is ready", "info").await.unwrap();
    assert_eq!(heard, 2);
    for ann in [&mut first, &mut second] {
        assert_eq!(ann.hear("").await, "signal test:message 1");
        assert_eq!(ann.hear("").await, "notification Tea");
    }
    bob.hears_nothing_more().await;
    assert!(matches!(world.hub.signal(&user("nobody"), signal(1)).await, Err(HubError::NoSuchPerson(_))));
}

#[tokio::test]
async fn who_comes_back_hears_exactly_what_was_missed_and_then_what_comes() {
    let world = World::new(Settings::default()).await;
    for number in 1..=3 {
        assert_eq!(send(&world, number).await, 0);
    }
    let mut ann = world.enter("ann");
    assert_eq!(ann.peer.can_resume(1, |_| Some(Vec::new())).await.unwrap(), Some(Vec::new()));
    ann.peer.follow_inbox(InboxStart::Resumed(1), Some("hello again".into())).await.unwrap();
    send(&world, 4).await;
    for line in ["signal test:message 2", "signal test:message 3", "hello again", "signal test:message 4"] {
        assert_eq!(ann.hear("").await, line);
    }
    let mut fresh = with_inbox(&world, "ann").await;
    fresh.hears_nothing_more().await;
}

#[tokio::test]
async fn who_was_away_too_long_starts_over() {
    let world = World::new(Settings::default()).await;
    for number in 0..=limits::MAX_RECOVERED_MESSAGES {
        send(&world, number).await;
    }
    let mut bob = world.inside("bob").await;
    let ann = world.enter("ann");
    assert_eq!(ann.peer.can_resume(0, |_| Some(Vec::new())).await.unwrap(), None);
    assert!(ann.peer.can_resume(1, |_| Some(Vec::new())).await.unwrap().is_some());
    assert_eq!(
        ann.peer.can_resume(10_000, |_| Some(Vec::new())).await.unwrap(),
        None,
        "a place of the future"
    );
    bob.say(1, "one more").await;
    bob.hear("posted").await;
    let with_the_room =
        |inbox| ann.peer.can_resume(inbox, |heads| Some(heads.iter().map(|head| (head, 0)).collect()));
    assert_eq!(with_the_room(1).await.unwrap(), None, "rooms and inbox count together");
    assert_eq!(with_the_room(2).await.unwrap().unwrap().len(), 1);
}

#[tokio::test]
async fn a_direct_message_waits_for_its_reader_and_is_told_once() {
    let world = World::new(Settings::default()).await;
    let mut ann = world.inside("ann").await;
    ann.wish(letter(&world, "bob", "psst")).await;
    assert_eq!(ann.hear("direct").await, "direct_sent bob psst");
    let mut bob = with_inbox(&world, "bob").await;
    assert_eq!(bob.hear("").await, "direct ann psst");
    received(&world, &mut bob).await;
    let mut again = with_inbox(&world, "bob").await;
    again.hears_nothing_more().await;
    ann.wish(letter(&world, "bob", "both of you")).await;
    assert_eq!(bob.hear("").await, "direct ann both of you");
    assert_eq!(again.hear("").await, "direct ann both of you");
    received(&world, &mut bob).await;
    with_inbox(&world, "bob").await.hears_nothing_more().await;
    assert_eq!(world.store_page().await, 0, "it is no part of the room");
}

#[tokio::test]
async fn without_a_receipt_a_direct_message_is_sent_again() {
    let world = World::new(Settings::default()).await;
    let mut ann = world.inside("ann").await;
    for number in 1..=3 {
        ann.wish(letter(&world, "bob", &number.to_string())).await;
    }
    for _ in 0..2 {
        let mut bob = world.enter("bob");
        bob.ear.answers = false;
        bob.peer.follow_inbox(InboxStart::Fresh, None).await.unwrap();
        for number in 1..=3 {
            assert_eq!(bob.hear("").await, format!("direct ann {number}"));
        }
        bob.hears_nothing_more().await;
    }
    let mut bob = world.enter("bob");
    bob.peer.follow_inbox(InboxStart::Cursor(2), None).await.unwrap();
    assert_eq!(bob.hear("").await, "direct ann 3");
    assert_eq!(bob.hear("").await, "inbox 3 recovered=true");
    received(&world, &mut bob).await;
    with_inbox(&world, "bob").await.hears_nothing_more().await;
}

#[tokio::test]
async fn a_cursor_that_says_nothing_is_replaced_behind_what_waits() {
    let world = World::new(Settings::default()).await;
    let mut ann = world.inside("ann").await;
    for number in 1..=2 {
        ann.wish(letter(&world, "bob", &number.to_string())).await;
    }
    let mut bob = world.enter("bob");
    bob.peer.follow_inbox(InboxStart::Cursor(10_000), None).await.unwrap();
    // A cut between the place and what waits would let the client prove what it has not got.
    for line in ["direct ann 1", "direct ann 2", "inbox 2 recovered=false"] {
        assert_eq!(bob.hear("").await, line);
    }
}

#[tokio::test]
async fn what_comes_while_nobody_is_there_is_told_however_often_nothing_waited_before() {
    let world = World::new(Settings::default()).await;
    let (mut ann, owner) = (world.inside("ann").await, user("bob"));
    let actor = Requester { user: &owner, is_service: false };
    for round in 0..3 {
        with_inbox(&world, "bob").await.hears_nothing_more().await;
        with_inbox(&world, "bob").await.hears_nothing_more().await;
        ann.wish(letter(&world, "bob", "psst")).await;
        assert_eq!(ann.hear("direct").await, "direct_sent bob psst");
        let mut bob = with_inbox(&world, "bob").await;
        assert_eq!(bob.hear("").await, "direct ann psst");
        received(&world, &mut bob).await;
        let job = NewJob { title: format!("Job {round}"), ..NewJob::default() };
        let job = world.hub.start_job(actor, &owner, job).await.unwrap();
        assert_eq!(with_inbox(&world, "bob").await.hear("").await, format!("job Progressed Job {round} 0"));
        world.hub.delete_job(actor, job.id).await.unwrap();
    }
}

#[tokio::test]
async fn who_comes_back_to_an_inbox_at_rest_stands_where_it_is() {
    let world = World::new(Settings::default()).await;
    for number in 1..=3 {
        send(&world, number).await;
    }
    drop(with_inbox(&world, "ann").await);
    let mut ann = world.enter("ann");
    assert_eq!(ann.peer.can_resume(3, |_| Some(Vec::new())).await.unwrap(), Some(Vec::new()));
    ann.peer.follow_inbox(InboxStart::Resumed(3), Some("hello again".into())).await.unwrap();
    assert_eq!(send(&world, 4).await, 1);
    assert_eq!(
        (ann.hear("").await, ann.hear("").await),
        ("hello again".to_owned(), "signal test:message 4".to_owned())
    );
    let mut late = world.enter("ann");
    assert_eq!(late.peer.can_resume(3, |_| Some(Vec::new())).await.unwrap(), Some(Vec::new()));
    late.peer.follow_inbox(InboxStart::Resumed(3), None).await.unwrap();
    assert_eq!(late.hear("").await, "signal test:message 4");
    assert_eq!(late.peer.can_resume(5, |_| Some(Vec::new())).await.unwrap(), None, "a place of the future");
}

#[tokio::test]
async fn a_direct_message_is_for_people_of_one_room() {
    let world = World::new(Settings::default()).await;
    let (mut ann, mut eve) = (world.enter("ann"), with_inbox(&world, "eve").await);
    for (command, told) in [
        (letter(&world, "eve", "psst"), "failed NotFound None"),
        (letter(&world, "nobody", "psst"), "failed NotFound None"),
        (letter(&world, "bob", " "), "failed Blank None"),
    ] {
        ann.wish(command).await;
        assert_eq!(ann.hear("").await, told);
    }
    eve.wish(letter(&world, "ann", "let me in")).await;
    assert_eq!(eve.hear("").await, "failed NotFound None");
}

#[tokio::test]
async fn a_job_is_told_from_its_start_to_its_end() {
    let world = World::new(Settings::default()).await;
    let mut ann = with_inbox(&world, "ann").await;
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
        assert_eq!(ann.hear("").await, line);
    }
    let stranger = Requester { user: &service, is_service: false };
    assert!(matches!(world.hub.job(stranger, job.id).await, Err(HubError::NoSuchJob)));
    assert!(matches!(world.hub.start_job(stranger, &owner, new).await, Err(HubError::NotOwner)));
}

#[tokio::test]
async fn who_was_away_learns_where_jobs_stand_and_how_they_ended() {
    let world = World::new(Settings::default()).await;
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
    let mut ann = with_inbox(&world, "ann").await;
    assert_eq!(ann.hear("").await, "job Failed First 0");
    assert_eq!(ann.hear("").await, "notification First failed");
    assert_eq!(ann.hear("").await, "job Progressed Second 55");
    received(&world, &mut ann).await;
    let mut again = with_inbox(&world, "ann").await;
    assert_eq!(again.hear("").await, "job Progressed Second 55");
    again.hears_nothing_more().await;
    world.hub.delete_job(me, second.id).await.unwrap();
    assert_eq!(again.hear("").await, "job Deleted Second 55");
    assert!(matches!(world.hub.job(me, second.id).await, Err(HubError::NoSuchJob)));
}

#[tokio::test]
async fn an_entry_that_the_store_did_not_confirm_is_sent_before_the_next_one() {
    let world = World::new(Settings::default()).await;
    let mut ann = with_inbox(&world, "ann").await;
    world.store.faults().lose_next_answer();
    let answer = world.hub.signal(&user("ann"), signal(1)).await;
    assert!(matches!(answer, Err(HubError::Unavailable(_))), "{answer:?}");
    assert_eq!(send(&world, 2).await, 1);
    for line in ["signal test:message 1", "signal test:message 2"] {
        assert_eq!(ann.hear("").await, line);
    }
    let mut second = with_inbox(&world, "ann").await;
    assert_eq!(send(&world, 3).await, 2);
    for listener in [&mut ann, &mut second] {
        assert_eq!(listener.hear("").await, "signal test:message 3");
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_the_store_did_not_confirm_is_sent_even_if_nothing_more_happens() {
    let world = World::new(Settings::default()).await;
    let mut ann = with_inbox(&world, "ann").await;
    world.store.faults().lose_next_answer();
    world.store.faults().fail_next_page();
    assert!(world.hub.signal(&user("ann"), signal(1)).await.is_err());
    // Paused time: the timer of the inbox is the only thing left to happen.
    assert_eq!(ann.hear("").await, "signal test:message 1");
    ann.hears_nothing_more().await;
}

#[tokio::test]
async fn a_client_that_comes_while_an_entry_is_not_confirmed_is_sent_it_once() {
    let world = World::new(Settings::default()).await;
    let mut ann = with_inbox(&world, "ann").await;
    world.store.faults().lose_next_answer();
    let mut bob = world.inside("bob").await;
    bob.wish(letter(&world, "ann", "tea")).await;
    assert_eq!(bob.hear("failed").await, "failed Unavailable None");
    let mut second = with_inbox(&world, "ann").await;
    for listener in [&mut ann, &mut second] {
        assert_eq!(listener.hear("").await, "direct bob tea");
        listener.hears_nothing_more().await;
    }
}
