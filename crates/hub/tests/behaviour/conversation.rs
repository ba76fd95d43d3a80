//! Rooms: order, recovery, presence, typing, members.

use std::time::Duration;

use hub::{Command, HubError, JoinMode, Settings, WriterAction};
use protocol::{CloseCode, Cursor, DraftId, MessageKind, limits};
use uuid::Uuid;

use crate::world::{World, user};

#[tokio::test]
async fn what_one_says_all_hear_and_the_author_learns_its_number() {
    let world = World::new(Settings::default()).await;
    let (mut ann, mut bob) = (world.inside("ann").await, world.inside("bob").await);
    ann.say(7, "hello").await;
    assert_eq!(bob.hear("message").await, "message 1:hello");
    assert_eq!(ann.hear("message").await, "message 1:hello");
    assert_eq!(ann.hear("posted").await, "posted 1 7");
}

#[tokio::test]
async fn many_voices_get_one_order_that_is_the_same_for_everybody() {
    let world = World::new(Settings::default()).await;
    let (mut ann, mut bob) = (world.inside("ann").await, world.inside("bob").await);
    for round in 0..200 {
        ann.say(1_000 + round, &format!("a{round}")).await;
        bob.say(2_000 + round, &format!("b{round}")).await;
    }
    let mut heard_by_ann = Vec::new();
    for seq in 1..=400 {
        let line = ann.hear("message").await;
        assert!(line.starts_with(&format!("message {seq}:")), "{line}");
        assert_eq!(bob.hear("message").await, line);
        heard_by_ann.push(line);
    }
    let of_bob: Vec<&String> = heard_by_ann.iter().filter(|line| line.contains(":b")).collect();
    for (round, line) in of_bob.iter().enumerate() {
        assert!(line.ends_with(&format!(":b{round}")), "{line}");
    }
}

#[tokio::test]
async fn a_resent_draft_is_the_same_message_and_is_not_told_again() {
    let world = World::new(Settings::default()).await;
    let (mut ann, mut bob) = (world.inside("ann").await, world.inside("bob").await);
    ann.say(7, "once").await;
    ann.say(7, "once").await;
    ann.say(8, "next").await;
    assert_eq!(ann.hear("posted").await, "posted 1 7");
    assert_eq!(ann.hear("posted").await, "posted 1 7");
    assert_eq!(bob.hear("message").await, "message 1:once");
    assert_eq!(bob.hear("message").await, "message 2:next");
}

#[tokio::test]
async fn who_comes_back_hears_exactly_what_was_missed() {
    let settings = Settings { ring: 4, ..Settings::default() };
    let world = World::new(settings).await;
    let mut ann = world.inside("ann").await;
    for n in 1..=10 {
        ann.say(n, &format!("m{n}")).await;
        ann.hear("posted").await;
    }
    let epoch = world.hub.room(&user("bob"), &world.room).await.unwrap().head.epoch;
    for (since, told) in [
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
        let mut bob = world.enter("bob");
        bob.join(since).await;
        let line = bob.hear("joined").await;
        assert!(line.starts_with(told), "{since:?}: {line}");
    }
}

#[tokio::test]
async fn a_reader_that_falls_behind_is_let_go_and_the_room_goes_on() {
    let world = World::new(Settings::default()).await;
    let mut ann = world.inside("ann").await;
    let mut slow = world.enter_with("bob", 2_000);
    slow.join(None).await;
    let mut bob = world.inside("bob").await;
    for n in 1..=50 {
        ann.say(n, &"x".repeat(100)).await;
    }
    ann.hear("posted 50").await;
    bob.hear("message 50").await;
    assert_eq!(slow.ear.inlet.next(&mut Vec::new(), 1).await, WriterAction::Close(CloseCode::TooSlow));
}

#[tokio::test]
async fn who_reads_slowly_is_told_the_latest_and_not_all_that_led_to_it() {
    let world = World::new(Settings::default()).await;
    let (mut ann, mut bob) = (world.inside("ann").await, world.enter_with("bob", 16_000));
    bob.join(None).await;
    bob.hear("joined").await;
    for n in 1..=3 {
        ann.say(n, &"x".repeat(500)).await;
        ann.hear("posted").await;
    }
    for _ in 0..500 {
        ann.types(true).await;
    }
    ann.types(false).await;
    for n in 1..=3 {
        ann.reads(n).await;
        ann.hear(&format!("read ann {n}")).await;
    }
    for n in 1..=3 {
        assert!(bob.hear_said().await.starts_with(&format!("message {n}:x")));
    }
    assert_eq!(bob.hear_said().await, "typing ann false");
    assert_eq!(bob.hear_said().await, "read ann 3");
    bob.hears_nothing_more().await;
}

#[tokio::test]
async fn strangers_cannot_join_write_or_read_and_learn_nothing() {
    let world = World::new(Settings::default()).await;
    let mut eve = world.enter("eve");
    eve.join(None).await;
    assert_eq!(eve.hear("").await, "failed NotFound None");
    eve.say(1, "hi").await;
    assert_eq!(eve.hear("").await, "failed NotJoined Some(1)");
    let draft = DraftId(Uuid::from_u128(1));
    let ann = std::sync::Arc::new(crate::world::person("eve"));
    let refused = world.hub.post(&ann, &world.room, draft, "hi").await;
    assert!(matches!(refused, Err(HubError::NoSuchRoom)));
    assert!(matches!(world.hub.peek(&user("eve"), &world.room).await, Err(HubError::NoSuchRoom)));
    assert_eq!(world.hub.room(&user("ann"), &world.room).await.unwrap().head.seq, 0);
}

#[tokio::test]
async fn blank_and_too_long_texts_are_refused_by_name_and_change_nothing() {
    let world = World::new(Settings::default()).await;
    let mut ann = world.inside("ann").await;
    ann.say(1, " \n\u{200B}").await;
    assert_eq!(ann.hear("failed").await, "failed Blank Some(1)");
    ann.say(2, &"x".repeat(limits::MAX_MESSAGE_BYTES + 1)).await;
    assert_eq!(ann.hear("failed").await, "failed TooLong Some(2)");
    ann.say(3, "fine").await;
    assert_eq!(ann.hear("posted").await, "posted 1 3");
}

#[tokio::test(start_paused = true)]
async fn typing_is_told_to_the_others_and_ends_by_word_message_silence_or_leaving() {
    let world = World::new(Settings::default()).await;
    let (mut ann, mut bob) = (world.inside("ann").await, world.inside("bob").await);
    ann.types(true).await;
    assert_eq!(bob.hear("typing").await, "typing ann true");
    ann.types(false).await;
    assert_eq!(bob.hear("typing").await, "typing ann false");
    ann.types(true).await;
    bob.hear("typing ann true").await;
    ann.say(1, "done").await;
    assert_eq!(bob.hear("typing").await, "typing ann false");
    ann.types(true).await;
    bob.hear("typing ann true").await;
    // Paused time: the hub's own timer is the only thing left to happen.
    assert_eq!(bob.hear("typing").await, "typing ann false");
    ann.types(true).await;
    bob.hear("typing ann true").await;
    drop(ann.peer);
    assert_eq!(bob.hear("typing").await, "typing ann false");
}

#[tokio::test(start_paused = true)]
async fn presence_follows_the_last_connection_and_survives_a_quick_return() {
    let world = World::new(Settings::default()).await;
    let mut ann = world.inside("ann").await;
    let first = world.enter("bob");
    assert_eq!(ann.hear("presence").await, "presence online=[bob] offline=[]");
    let second = world.enter("bob");
    drop(first);
    drop(second);
    let third = world.enter("bob");
    // Longer than the grace: if the quick return had been seen, it would be told by now.
    tokio::time::advance(Duration::from_secs(30)).await;
    drop(third);
    assert_eq!(ann.hear("presence").await, "presence online=[] offline=[bob]");
    let _fourth = world.enter("bob");
    assert_eq!(ann.hear("presence").await, "presence online=[bob] offline=[]");
}

#[tokio::test(start_paused = true)]
async fn presence_is_told_where_somebody_is_now_and_nowhere_else() {
    let world = World::new(Settings::default()).await;
    let (mut ann, eve) = (world.inside("ann").await, user("eve"));
    world.hub.add_members(&user("bob"), &world.room, vec![eve.clone()]).await.unwrap();
    let device = world.enter("eve");
    assert_eq!(ann.hear("presence").await, "presence online=[eve] offline=[]");
    drop(device);
    assert_eq!(ann.hear("presence").await, "presence online=[] offline=[eve]");
    world.hub.remove_member(&user("ann"), &world.room, &eve).await.unwrap();
    let _device = world.enter("eve");
    let _bob = world.enter("bob");
    assert_eq!(ann.hear("presence").await, "presence online=[bob] offline=[]");
}

#[tokio::test(start_paused = true)]
async fn a_room_that_slept_tells_who_comes_after_it_woke() {
    let world = World::new(Settings::default()).await;
    drop(world.inside("ann").await);
    while world.hub.stats().rooms > 0 {
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let mut ann = world.inside("ann").await;
    let bob = world.enter("bob");
    assert_eq!(ann.hear("presence").await, "presence online=[bob] offline=[]");
    drop(bob);
    assert_eq!(ann.hear("presence").await, "presence online=[] offline=[bob]");
}

#[tokio::test]
async fn read_marks_rise_only_and_never_beyond_the_head() {
    let world = World::new(Settings::default()).await;
    let (mut ann, mut bob) = (world.inside("ann").await, world.inside("bob").await);
    for n in 1..=3 {
        ann.say(n, "m").await;
    }
    ann.hear("posted 3").await;
    assert_eq!(world.hub.room(&user("bob"), &world.room).await.unwrap().unread, 3);
    bob.reads(2).await;
    assert_eq!(ann.hear("read").await, "read bob 2");
    bob.reads(1).await;
    bob.reads(900).await;
    assert_eq!(ann.hear("read").await, "read bob 3");
    assert_eq!(world.hub.room(&user("bob"), &world.room).await.unwrap().unread, 0);
}

#[tokio::test]
async fn who_is_put_into_a_room_learns_it_and_who_is_taken_out_hears_no_more() {
    let world = World::new(Settings::default()).await;
    let mut ann = world.inside("ann").await;
    let mut eve = world.enter("eve");
    world.hub.add_members(&user("bob"), &world.room, vec![user("eve")]).await.unwrap();
    assert_eq!(eve.hear("").await, "room_added kitchen unread=0");
    assert_eq!(ann.hear("member_added").await, "member_added eve Member");
    eve.join(None).await;
    eve.hear("joined").await;
    let refused = world.hub.remove_member(&user("bob"), &world.room, &user("eve")).await;
    assert!(matches!(refused, Err(HubError::NotOwner)));
    world.hub.remove_member(&user("ann"), &world.room, &user("eve")).await.unwrap();
    assert_eq!(eve.hear("left").await, "left kitchen");
    assert_eq!(eve.hear("").await, "room_removed kitchen");
    assert_eq!(ann.hear("member_removed").await, "member_removed eve");
    ann.say(1, "secret").await;
    ann.hear("posted").await;
    eve.say(2, "let me in").await;
    assert_eq!(eve.hear("").await, "failed NotFound Some(2)");
}

#[tokio::test]
async fn an_owner_who_leaves_hands_the_room_on_and_the_last_one_takes_it_along() {
    let world = World::new(Settings::default()).await;
    let mut bob = world.inside("bob").await;
    world.hub.remove_member(&user("ann"), &world.room, &user("ann")).await.unwrap();
    assert_eq!(bob.hear("member_added").await, "member_added bob Owner");
    assert_eq!(bob.hear("member_removed").await, "member_removed ann");
    world.hub.rename_room(&user("bob"), &world.room, "Mine").await.unwrap();
    assert_eq!(bob.hear("renamed").await, "renamed Mine");
    world.hub.remove_member(&user("bob"), &world.room, &user("bob")).await.unwrap();
    bob.hear("room_removed").await;
    assert!(matches!(world.hub.room(&user("bob"), &world.room).await, Err(HubError::NoSuchRoom)));
    // The name is free again.
    World::new(Settings::default()).await;
}

#[tokio::test]
async fn a_store_that_fails_refuses_with_the_draft_and_a_resend_succeeds() {
    let world = World::new(Settings::default()).await;
    let mut ann = world.inside("ann").await;
    world.store.faults().fail_next_append();
    ann.say(5, "try").await;
    assert_eq!(ann.hear("failed").await, "failed Unavailable Some(5)");
    ann.say(5, "try").await;
    assert_eq!(ann.hear("posted").await, "posted 1 5");
}

#[tokio::test]
async fn a_stop_finishes_what_was_accepted_and_closes_everybody_with_come_back() {
    let world = World::new(Settings::default()).await;
    let mut ann = world.inside("ann").await;
    for n in 1..=20 {
        ann.say(n, "m").await;
    }
    // The connection's own task would drop the peer on its close; this test has none.
    let (hub, mut ear, peer) = (world.hub.clone(), ann.ear, ann.peer);
    let drained = tokio::spawn(async move { hub.drain().await });
    ear.hear("posted 20").await;
    let mut rest = Vec::new();
    while ear.inlet.next(&mut rest, 64).await == WriterAction::Frames {}
    assert_eq!(ear.inlet.next(&mut rest, 64).await, WriterAction::Close(CloseCode::Restart));
    drop(peer);
    drained.await.unwrap();
    let page = world.store_page().await;
    assert_eq!(page, 20);
}

#[tokio::test]
async fn a_room_that_a_stop_has_ended_is_not_said_to_be_gone() {
    let world = World::new(Settings::default()).await;
    let mut ann = world.inside("ann").await;
    world.hub.drain().await;
    let (room, draft) = (world.room.clone(), Some(DraftId(Uuid::from_u128(1))));
    let post = Command::Post { room, draft, body: "late".to_owned(), parent: None, kind: MessageKind::Text };
    // The second time as well: a client sends again what is refused for a time.
    for _ in 0..2 {
        let failure = ann.peer.request(post.clone()).await.unwrap_err();
        assert!(matches!(failure.error, HubError::Stopping), "{failure:?}");
    }
}

#[tokio::test]
async fn one_person_may_have_twenty_connections_and_one_connection_five_hundred_and_twelve_rooms() {
    let world = World::new(Settings::default()).await;
    let crowd: Vec<_> = (0..limits::MAX_CONNECTIONS_PER_PERSON).map(|_| world.enter("bob")).collect();
    assert_eq!(world.hub.stats().connections, limits::MAX_CONNECTIONS_PER_PERSON);
    assert!(world.refuses("bob"));
    drop(crowd);

    let mut ann = world.enter("ann");
    for n in 0..limits::MAX_ROOMS_PER_CONNECTION {
        let room = world.make(&format!("room-{n}")).await;
        ann.peer.handle(Command::Join { room, mode: JoinMode::Recover(None) }).await;
        ann.hear("joined").await;
    }
    ann.join(None).await;
    assert_eq!(ann.hear("failed").await, "failed TooMany None");
}
