//! Rooms: order of messages, recovery, presence, typing, members and limits.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hub::model::User;
use hub::store::{MessageDraft, Store};
use hub::{Command, Encoder, Event, HubError, HubSettings, JoinMode, WriterAction};
use protocol::{CloseCode, Cursor, DraftId, MessageId, MessageKind, limits};
use uuid::Uuid;

use crate::world::{World, new_user, user};

#[tokio::test]
async fn a_post_reaches_all_subscribers_and_is_acknowledged() {
    let world = World::new(HubSettings::default()).await;
    let (mut ann, mut bob) = (world.connect_and_join("ann").await, world.connect_and_join("bob").await);
    ann.post(7, "hello").await;
    assert_eq!(bob.receive("message").await, "message 1:hello");
    assert_eq!(ann.receive("message").await, "message 1:hello");
    assert_eq!(ann.receive("posted").await, "posted 1 7");
}

#[tokio::test]
async fn concurrent_posts_have_one_order_for_all_subscribers() {
    let world = World::new(HubSettings::default()).await;
    let (mut ann, mut bob) = (world.connect_and_join("ann").await, world.connect_and_join("bob").await);
    for round in 0..200 {
        ann.post(1_000 + round, &format!("a{round}")).await;
        bob.post(2_000 + round, &format!("b{round}")).await;
    }
    let mut received_by_ann = Vec::new();
    for seq in 1..=400 {
        let line = ann.receive("message").await;
        assert!(line.starts_with(&format!("message {seq}:")), "{line}");
        assert_eq!(bob.receive("message").await, line);
        received_by_ann.push(line);
    }
    let from_bob: Vec<&String> = received_by_ann.iter().filter(|line| line.contains(":b")).collect();
    for (round, line) in from_bob.iter().enumerate() {
        assert!(line.ends_with(&format!(":b{round}")), "{line}");
    }
}

#[tokio::test]
async fn a_resent_draft_is_acknowledged_and_not_published_again() {
    let world = World::new(HubSettings::default()).await;
    let (mut ann, mut bob) = (world.connect_and_join("ann").await, world.connect_and_join("bob").await);
    ann.post(7, "once").await;
    ann.post(7, "once").await;
    ann.post(8, "next").await;
    assert_eq!(ann.receive("posted").await, "posted 1 7");
    assert_eq!(ann.receive("posted").await, "posted 1 7");
    assert_eq!(bob.receive("message").await, "message 1:once");
    assert_eq!(bob.receive("message").await, "message 2:next");
}

#[tokio::test]
async fn a_recovering_client_receives_exactly_what_it_missed() {
    let settings = HubSettings { history_cache_messages_per_room: 4, ..HubSettings::default() };
    let world = World::new(settings).await;
    let mut ann = world.connect_and_join("ann").await;
    for n in 1..=10 {
        ann.post(n, &format!("m{n}")).await;
        ann.receive("posted").await;
    }
    let epoch = world.hub.room(&user("bob"), &world.room).await.unwrap().head.epoch;
    for (since, expected) in [
        (Some(Cursor { epoch, seq: 10 }), "joined recovered=true head=10 []"),
        (Some(Cursor { epoch, seq: 8 }), "joined recovered=true head=10 [9:m9 10:m10]"),
        (
            Some(Cursor { epoch, seq: 3 }),
            "joined recovered=true head=10 [4:m4 5:m5 6:m6 7:m7 8:m8 9:m9 10:m10]",
        ),
        (
            Some(Cursor { epoch, seq: 11 }),
            "joined recovered=false head=10 [1:m1 2:m2 3:m3 4:m4 5:m5 6:m6 7:m7 8:m8 9:m9 10:m10]",
        ),
        (Some(Cursor { epoch: epoch.wrapping_add(1), seq: 8 }), "joined recovered=false head=10"),
        (None, "joined recovered=false head=10 [1:m1"),
    ] {
        let mut bob = world.connect("bob");
        bob.join(since).await;
        let line = bob.receive("joined").await;
        assert!(line.starts_with(expected), "{since:?}: {line}");
    }
}

#[tokio::test]
async fn a_slow_consumer_is_closed_and_the_room_continues() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = world.connect_and_join("ann").await;
    let mut slow = world.connect_with("bob", 2_000);
    slow.join(None).await;
    let mut bob = world.connect_and_join("bob").await;
    for n in 1..=50 {
        ann.post(n, &"x".repeat(100)).await;
    }
    ann.receive("posted 50").await;
    bob.receive("message 50").await;
    assert_eq!(
        slow.connection.receiver.next(&mut Vec::new(), 1).await,
        WriterAction::Close(CloseCode::TooSlow)
    );
}

#[tokio::test]
async fn a_lagging_client_receives_the_latest_of_conflated_events() {
    let world = World::new(HubSettings::default()).await;
    let (mut ann, mut bob) = (world.connect_and_join("ann").await, world.connect_with("bob", 16_000));
    bob.join(None).await;
    bob.receive("joined").await;
    for n in 1..=3 {
        ann.post(n, &"x".repeat(500)).await;
        ann.receive("posted").await;
    }
    for _ in 0..500 {
        ann.set_typing(true).await;
    }
    ann.set_typing(false).await;
    for n in 1..=3 {
        ann.mark_read(n).await;
        ann.receive(&format!("read ann {n}")).await;
    }
    for n in 1..=3 {
        assert!(bob.receive_next().await.starts_with(&format!("message {n}:x")));
    }
    assert_eq!(bob.receive_next().await, "typing ann false");
    assert_eq!(bob.receive_next().await, "read ann 3");
    bob.receives_nothing_more().await;
}

#[tokio::test]
async fn an_outsider_gets_the_errors_of_a_missing_room() {
    let world = World::new(HubSettings::default()).await;
    let mut eve = world.connect("eve");
    eve.join(None).await;
    assert_eq!(eve.receive("").await, "failed NotFound None");
    eve.post(1, "hi").await;
    assert_eq!(eve.receive("").await, "failed NotJoined Some(1)");
    let draft = DraftId(Uuid::from_u128(1));
    let ann = std::sync::Arc::new(crate::world::new_user("eve"));
    let refused = world.hub.post(&ann, &world.room, draft, "hi").await;
    assert!(matches!(refused, Err(HubError::NoSuchRoom)));
    assert!(matches!(world.hub.peek(&user("eve"), &world.room).await, Err(HubError::NoSuchRoom)));
    assert_eq!(world.hub.room(&user("ann"), &world.room).await.unwrap().head.seq, 0);
}

#[tokio::test]
async fn blank_and_too_long_messages_are_refused_with_their_draft() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = world.connect_and_join("ann").await;
    ann.post(1, " \n\u{200B}").await;
    assert_eq!(ann.receive("failed").await, "failed Blank Some(1)");
    ann.post(2, &"x".repeat(limits::MAX_MESSAGE_BYTES + 1)).await;
    assert_eq!(ann.receive("failed").await, "failed TooLong Some(2)");
    ann.post(3, "fine").await;
    assert_eq!(ann.receive("posted").await, "posted 1 3");
}

#[tokio::test(start_paused = true)]
async fn typing_ends_by_command_message_timeout_or_disconnection() {
    let world = World::new(HubSettings::default()).await;
    let (mut ann, mut bob) = (world.connect_and_join("ann").await, world.connect_and_join("bob").await);
    ann.set_typing(true).await;
    assert_eq!(bob.receive("typing").await, "typing ann true");
    ann.set_typing(false).await;
    assert_eq!(bob.receive("typing").await, "typing ann false");
    ann.set_typing(true).await;
    bob.receive("typing ann true").await;
    ann.post(1, "done").await;
    assert_eq!(bob.receive("typing").await, "typing ann false");
    ann.set_typing(true).await;
    bob.receive("typing ann true").await;
    // Time is paused: only the hub's own timer can fire.
    assert_eq!(bob.receive("typing").await, "typing ann false");
    ann.set_typing(true).await;
    bob.receive("typing ann true").await;
    drop(ann.session);
    assert_eq!(bob.receive("typing").await, "typing ann false");
}

#[tokio::test(start_paused = true)]
async fn presence_survives_a_return_within_the_grace() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = world.connect_and_join("ann").await;
    let first = world.connect("bob");
    assert_eq!(ann.receive("presence").await, "presence online=[bob] offline=[]");
    let second = world.connect("bob");
    drop(first);
    drop(second);
    let third = world.connect("bob");
    // Longer than the grace: an event about the quick return would have been sent by now.
    tokio::time::advance(Duration::from_secs(30)).await;
    drop(third);
    assert_eq!(ann.receive("presence").await, "presence online=[] offline=[bob]");
    let _fourth = world.connect("bob");
    assert_eq!(ann.receive("presence").await, "presence online=[bob] offline=[]");
}

#[tokio::test(start_paused = true)]
async fn presence_is_sent_only_to_rooms_of_which_the_user_is_a_member() {
    let world = World::new(HubSettings::default()).await;
    let (mut ann, eve) = (world.connect_and_join("ann").await, user("eve"));
    world.hub.add_members(&user("bob"), &world.room, vec![eve.clone()]).await.unwrap();
    let device = world.connect("eve");
    assert_eq!(ann.receive("presence").await, "presence online=[eve] offline=[]");
    drop(device);
    assert_eq!(ann.receive("presence").await, "presence online=[] offline=[eve]");
    world.hub.remove_member(&user("ann"), &world.room, &eve).await.unwrap();
    let _device = world.connect("eve");
    let _bob = world.connect("bob");
    assert_eq!(ann.receive("presence").await, "presence online=[bob] offline=[]");
}

#[tokio::test(start_paused = true)]
async fn a_room_that_was_passivated_sends_presence_after_it_respawns() {
    let world = World::new(HubSettings::default()).await;
    drop(world.connect_and_join("ann").await);
    while world.hub.stats().rooms > 0 {
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let mut ann = world.connect_and_join("ann").await;
    let bob = world.connect("bob");
    assert_eq!(ann.receive("presence").await, "presence online=[bob] offline=[]");
    drop(bob);
    assert_eq!(ann.receive("presence").await, "presence online=[] offline=[bob]");
}

#[tokio::test]
async fn read_markers_only_advance_and_never_pass_the_head() {
    let world = World::new(HubSettings::default()).await;
    let (mut ann, mut bob) = (world.connect_and_join("ann").await, world.connect_and_join("bob").await);
    for n in 1..=3 {
        ann.post(n, "m").await;
    }
    ann.receive("posted 3").await;
    assert_eq!(world.hub.room(&user("bob"), &world.room).await.unwrap().unread, 3);
    bob.mark_read(2).await;
    assert_eq!(ann.receive("read").await, "read bob 2");
    bob.mark_read(1).await;
    bob.mark_read(900).await;
    assert_eq!(ann.receive("read").await, "read bob 3");
    assert_eq!(world.hub.room(&user("bob"), &world.room).await.unwrap().unread, 0);
}

#[tokio::test]
async fn added_members_are_notified_and_removed_ones_unsubscribed() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = world.connect_and_join("ann").await;
    let mut eve = world.connect("eve");
    world.hub.add_members(&user("bob"), &world.room, vec![user("eve")]).await.unwrap();
    assert_eq!(eve.receive("").await, "room_added kitchen unread=0");
    assert_eq!(ann.receive("member_added").await, "member_added eve Member");
    eve.join(None).await;
    eve.receive("joined").await;
    let refused = world.hub.remove_member(&user("bob"), &world.room, &user("eve")).await;
    assert!(matches!(refused, Err(HubError::NotOwner)));
    world.hub.remove_member(&user("ann"), &world.room, &user("eve")).await.unwrap();
    assert_eq!(eve.receive("left").await, "left kitchen");
    assert_eq!(eve.receive("").await, "room_removed kitchen");
    assert_eq!(ann.receive("member_removed").await, "member_removed eve");
    ann.post(1, "secret").await;
    ann.receive("posted").await;
    eve.post(2, "let me in").await;
    assert_eq!(eve.receive("").await, "failed NotFound Some(2)");
}

#[tokio::test]
async fn a_leaving_owner_has_a_successor_and_the_last_member_ends_the_room() {
    let world = World::new(HubSettings::default()).await;
    let mut bob = world.connect_and_join("bob").await;
    world.hub.remove_member(&user("ann"), &world.room, &user("ann")).await.unwrap();
    assert_eq!(bob.receive("member_added").await, "member_added bob Owner");
    assert_eq!(bob.receive("member_removed").await, "member_removed ann");
    world.hub.rename_room(&user("bob"), &world.room, "Mine").await.unwrap();
    assert_eq!(bob.receive("renamed").await, "renamed Mine");
    world.hub.remove_member(&user("bob"), &world.room, &user("bob")).await.unwrap();
    bob.receive("room_removed").await;
    assert!(matches!(world.hub.room(&user("bob"), &world.room).await, Err(HubError::NoSuchRoom)));
    // The id is free again.
    World::new(HubSettings::default()).await;
}

#[tokio::test]
async fn a_failed_append_names_the_draft_and_a_resend_succeeds() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = world.connect_and_join("ann").await;
    world.store.inject().fail_next_append();
    ann.post(5, "try").await;
    assert_eq!(ann.receive("failed").await, "failed Unavailable Some(5)");
    ann.post(5, "try").await;
    assert_eq!(ann.receive("posted").await, "posted 1 5");
}

#[tokio::test]
async fn a_drain_commits_accepted_posts_and_closes_with_restart() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = world.connect_and_join("ann").await;
    for n in 1..=20 {
        ann.post(n, "m").await;
    }
    // The connection's own task would drop the session at the close; this test has none.
    let (hub, mut connection, session) = (world.hub.clone(), ann.connection, ann.session);
    let drained = tokio::spawn(async move { hub.drain().await });
    connection.receive("posted 20").await;
    let mut rest = Vec::new();
    while connection.receiver.next(&mut rest, 64).await == WriterAction::Frames {}
    assert_eq!(connection.receiver.next(&mut rest, 64).await, WriterAction::Close(CloseCode::Restart));
    drop(session);
    drained.await.unwrap();
    let page = world.store_page().await;
    assert_eq!(page, 20);
}

#[tokio::test]
async fn a_drained_room_is_not_reported_as_missing() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = world.connect_and_join("ann").await;
    world.hub.drain().await;
    let (room, draft) = (world.room.clone(), Some(DraftId(Uuid::from_u128(1))));
    let post = Command::Post { room, draft, body: "late".to_owned(), parent: None, kind: MessageKind::Text };
    // The second time as well: a client resends what was refused for a time.
    for _ in 0..2 {
        let failure = ann.session.request(post.clone()).await.unwrap_err();
        assert!(matches!(failure.error, HubError::Stopping), "{failure:?}");
    }
}

#[tokio::test]
async fn connections_of_a_user_and_rooms_of_a_connection_are_bounded() {
    let world = World::new(HubSettings::default()).await;
    let crowd: Vec<_> = (0..limits::MAX_CONNECTIONS_PER_USER).map(|_| world.connect("bob")).collect();
    assert_eq!(world.hub.stats().connections, limits::MAX_CONNECTIONS_PER_USER);
    assert!(world.refuses("bob"));
    drop(crowd);

    let mut ann = world.connect("ann");
    for n in 0..limits::MAX_ROOMS_PER_CONNECTION {
        let room = world.create_room(&format!("room-{n}")).await;
        ann.session.handle(Command::Join { room, mode: JoinMode::Recover(None) }).await;
        ann.receive("joined").await;
    }
    ann.join(None).await;
    assert_eq!(ann.receive("failed").await, "failed TooMany None");
}

#[tokio::test]
async fn a_message_keeps_the_name_that_its_author_had() {
    fn names(event: &Event) -> Option<Bytes> {
        match event {
            Event::Joined(it) => {
                let names: Vec<&str> = it.messages.iter().map(|message| message.name.as_str()).collect();
                Some(names.join(" ").into())
            }
            _ => None,
        }
    }
    let world = World::new(HubSettings::default()).await;
    let then = User { username: "ann of old".to_owned(), ..new_user("ann") };
    let draft = |number, author: User| MessageDraft {
        id: MessageId(Uuid::from_u128(number)),
        author: Arc::new(author),
        draft: DraftId(Uuid::from_u128(number)),
        body: "hello".into(),
        parent: None,
        kind: MessageKind::Text,
    };
    let drafts = vec![draft(1, then), draft(2, new_user("ann"))];
    world.store.append(&world.room, drafts, 0).await.unwrap();
    let mut bob = world.connect_with_encoder("bob", Encoder::new(3, names));
    bob.join(None).await;
    assert_eq!(bob.receive("").await, "ann of old ann");
}
