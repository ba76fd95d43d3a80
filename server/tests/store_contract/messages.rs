//! Contract of messages: their numbers, their drafts and their pages.

use std::sync::Arc;

use hub::store::{Appended, HistoryRange, MessageDraft, StoreError};
use protocol::limits::PAGE_BYTES;
use protocol::{Cursor, MessageId, MessageKind, RoomId, UserId};
use uuid::Uuid;

use crate::world::{EPOCH, World, draft, message, room_id, seqs, test_user, unknown_user};

pub(crate) async fn numbers_are_dense_and_ordered(world: &World) {
    let World { store, alice, bob, .. } = world;
    let room = world.room("general").await;
    assert!(store.append(&room, Vec::new(), 2000).await.unwrap().is_empty());

    let drafts = vec![draft(alice, "one"), draft(bob, "two"), draft(alice, "three")];
    let answers = store.append(&room, drafts.clone(), 2000).await.unwrap();
    world.say(&room, bob, "four", 2001).await;

    for ((answer, draft), seq) in answers.iter().zip(&drafts).zip(1..) {
        let Appended::New(message) = answer else { panic!("{answer:?}") };
        assert_eq!(message.cursor, Cursor { epoch: EPOCH, seq });
        assert_eq!((&message.room, &message.author, message.at_ms), (&room, &draft.author, 2000));
        assert_eq!((message.id, message.draft, &message.body), (draft.id, draft.draft, &draft.body));
    }
    let page = world.page(&room, HistoryRange::Newest, 10).await;
    assert_eq!(seqs(&page.messages), [1, 2, 3, 4]);
    assert_eq!(page.messages[..3], answers.iter().map(|it| message(it).clone()).collect::<Vec<_>>());
    let found = store.room(&room).await.unwrap().unwrap();
    assert_eq!((found.head, found.active_at_ms), (Cursor { epoch: EPOCH, seq: 4 }, 2001));
}

pub(crate) async fn a_draft_sent_again_keeps_its_number(world: &World) {
    let World { store, alice, bob, .. } = world;
    let room = world.room("general").await;
    let first = draft(alice, "hello");
    let said = store.append(&room, vec![first.clone()], 2000).await.unwrap();

    let mut again = draft(alice, "hello again");
    again.draft = first.draft;
    let answers = store.append(&room, vec![draft(bob, "new"), again.clone()], 3000).await.unwrap();
    let only_known = store.append(&room, vec![again], 4000).await.unwrap();

    let known = Appended::Known(message(&said[0]).clone());
    assert_eq!(message(&answers[0]).cursor.seq, 2);
    assert_eq!(answers[1], known);
    assert_eq!(only_known, [known]);
    assert_eq!(seqs(&world.page(&room, HistoryRange::Newest, 10).await.messages), [1, 2]);
    assert_eq!(store.summary(&room, &bob.id).await.unwrap().unwrap().last.unwrap().at_ms, 3000);
}

pub(crate) async fn a_draft_twice_in_one_batch_is_one_message(world: &World) {
    let World { store, alice, bob, .. } = world;
    let room = world.room("general").await;
    let twice = draft(alice, "hello");

    let drafts = vec![twice.clone(), draft(bob, "between"), twice, draft(bob, "after")];
    let answers = store.append(&room, drafts, 2000).await.unwrap();

    assert_eq!(answers.iter().map(|it| message(it).cursor.seq).collect::<Vec<_>>(), [1, 2, 1, 3]);
    assert_eq!(answers[2], Appended::Known(message(&answers[0]).clone()));
    assert_eq!(seqs(&world.page(&room, HistoryRange::Newest, 10).await.messages), [1, 2, 3]);
}

pub(crate) async fn a_draft_sent_twice_at_once_is_one_message(world: &World) {
    let World { store, alice, bob, .. } = world;
    let room = world.room("general").await;
    let twice = draft(alice, "hello");

    let (first, second) = tokio::join!(
        store.append(&room, vec![draft(bob, "before"), twice.clone()], 2000),
        store.append(&room, vec![twice, draft(bob, "after")], 2000),
    );

    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(message(&first[1]), message(&second[0]));
    assert_ne!(first[1], second[0], "it is new once and known once");
    assert_eq!(seqs(&world.page(&room, HistoryRange::Newest, 10).await.messages), [1, 2, 3]);
}

pub(crate) async fn a_draft_belongs_to_its_author_and_its_room(world: &World) {
    let World { store, alice, bob, .. } = world;
    let [room, other] = [world.room("general").await, world.room("other").await];
    let of_alice = draft(alice, "mine");
    let mut of_bob = draft(bob, "no, mine");
    of_bob.draft = of_alice.draft;

    let here = store.append(&room, vec![of_alice.clone(), of_bob], 2000).await.unwrap();
    let elsewhere = MessageDraft { id: MessageId(Uuid::now_v7()), ..of_alice };
    let there = store.append(&other, vec![elsewhere], 2000).await.unwrap();

    assert!(matches!(&here[..], [Appended::New(_), Appended::New(_)]), "{here:?}");
    assert!(matches!(&there[..], [Appended::New(_)]), "{there:?}");
}

pub(crate) async fn an_unknown_room_or_author_appends_nothing(world: &World) {
    let World { store, alice, .. } = world;
    let room = world.room("general").await;
    let mut stranger = test_user("nobody");
    stranger.id = unknown_user();

    for drafts in [Vec::new(), vec![draft(alice, "hello")]] {
        let refused = store.append(&room_id("other"), drafts, 2000).await.unwrap_err();
        assert!(matches!(refused, StoreError::NoSuchRoom), "{refused:?}");
    }
    let drafts = vec![draft(alice, "hello"), draft(&Arc::new(stranger), "hello")];
    let refused = store.append(&room, drafts, 2000).await.unwrap_err();
    assert!(matches!(refused, StoreError::NoSuchUser(id) if id == unknown_user()));
    assert!(world.page(&room, HistoryRange::Newest, 10).await.messages.is_empty());
    assert_eq!(world.say(&room, alice, "first", 2000).await.cursor.seq, 1);
}

pub(crate) async fn any_text_survives_unchanged(world: &World) {
    let room = world.room("general").await;
    let bodies =
        ["", " \t\r\n", "a\0b", "\u{1f469}\u{200d}\u{1f680} שלום", "'; DROP TABLE messages; --", "{\"a\":1}"];
    let long = "x".repeat(protocol::limits::MAX_MESSAGE_BYTES);

    for body in bodies.iter().copied().chain([long.as_str()]) {
        world.say(&room, &world.alice, body, 2000).await;
    }

    let kept = world.page(&room, HistoryRange::Newest, 10).await.messages;
    assert_eq!(
        kept.iter().map(|message| &*message.body).collect::<Vec<_>>(),
        [&bodies[..], &[&long]].concat()
    );
}

pub(crate) async fn pages_end_at_the_end_of_the_room(world: &World) {
    let room = world.room("general").await;
    let other = world.room("other").await;
    for at_ms in 2000..2005 {
        world.say(&room, &world.alice, "hello", at_ms).await;
        world.say(&other, &world.alice, "elsewhere", at_ms).await;
    }
    for (slice, limit, expected, has_more) in [
        (HistoryRange::Newest, 4, &[2, 3, 4, 5][..], true),
        (HistoryRange::Newest, 5, &[1, 2, 3, 4, 5], false),
        (HistoryRange::Newest, 6, &[1, 2, 3, 4, 5], false),
        (HistoryRange::Newest, u32::MAX, &[1, 2, 3, 4, 5], false),
        (HistoryRange::Newest, 0, &[], true),
        (HistoryRange::Before(4), 2, &[2, 3], true),
        (HistoryRange::Before(4), 3, &[1, 2, 3], false),
        (HistoryRange::Before(1), 3, &[], false),
        (HistoryRange::Before(0), 3, &[], false),
        (HistoryRange::Before(u64::MAX), 2, &[4, 5], true),
        (HistoryRange::After(0), 4, &[1, 2, 3, 4], true),
        (HistoryRange::After(0), 5, &[1, 2, 3, 4, 5], false),
        (HistoryRange::After(3), 1, &[4], true),
        (HistoryRange::After(3), 2, &[4, 5], false),
        (HistoryRange::After(5), 2, &[], false),
        (HistoryRange::After(u64::MAX), 2, &[], false),
        (HistoryRange::After(3), 0, &[], true),
    ] {
        let page = world.page(&room, slice, limit).await;
        assert_eq!((seqs(&page.messages), page.has_more), (expected.to_vec(), has_more), "{slice:?} {limit}");
    }
}

pub(crate) async fn pages_are_limited_in_bytes(world: &World) {
    let World { store, alice, .. } = world;
    let room = world.room("general").await;
    let long = "x".repeat(PAGE_BYTES / 4);
    let drafts = (0..12).map(|_| draft(alice, &long)).collect();
    store.append(&room, drafts, 2000).await.unwrap();
    for (slice, expected, has_more) in [
        (HistoryRange::After(0), &[1, 2, 3, 4, 5][..], true),
        (HistoryRange::After(7), &[8, 9, 10, 11, 12], false),
        (HistoryRange::Before(9), &[4, 5, 6, 7, 8], true),
        (HistoryRange::Newest, &[8, 9, 10, 11, 12], true),
    ] {
        let page = world.page(&room, slice, 10).await;
        assert_eq!((seqs(&page.messages), page.has_more), (expected.to_vec(), has_more), "{slice:?}");
    }
}

pub(crate) async fn a_page_for_a_user_requires_membership(world: &World) {
    let World { store, alice, bob, carol, .. } = world;
    let [chat, silent] = [world.room("general").await, world.room("silent").await];
    let live = store.live_room(&room_id("session_general"), &chat, 9, 1500).await.unwrap().unwrap().id;
    for room in [&chat, &live] {
        for text in ["one", "two", "three"] {
            world.say(room, alice, text, 2000).await;
        }
    }
    let read = async |room: &RoomId, reader: &UserId, slice| {
        store
            .page_for(room, reader, slice, 2)
            .await
            .unwrap()
            .map(|page| (seqs(&page.messages), page.has_more))
    };

    for room in [&chat, &live] {
        assert_eq!(read(room, &bob.id, HistoryRange::Newest).await, Some((vec![2, 3], true)));
        assert_eq!(read(room, &bob.id, HistoryRange::After(0)).await, Some((vec![1, 2], true)));
        assert_eq!(read(room, &bob.id, HistoryRange::Before(2)).await, Some((vec![1], false)));
        assert_eq!(read(room, &bob.id, HistoryRange::After(3)).await, Some((vec![], false)));
        for stranger in [&carol.id, &unknown_user()] {
            assert_eq!(read(room, stranger, HistoryRange::Newest).await, None);
            assert_eq!(read(room, stranger, HistoryRange::After(3)).await, None);
        }
    }
    assert_eq!(read(&silent, &bob.id, HistoryRange::Newest).await, Some((vec![], false)));
    assert_eq!(read(&room_id("missing"), &bob.id, HistoryRange::Newest).await, None);
    store.remove_member(&chat, &bob.id).await.unwrap();
    for room in [&chat, &live] {
        assert_eq!(read(room, &bob.id, HistoryRange::Newest).await, None);
    }
}

pub(crate) async fn a_room_that_does_not_exist_has_an_empty_page(world: &World) {
    for slice in [HistoryRange::Newest, HistoryRange::Before(5), HistoryRange::After(0)] {
        let page = world.page(&room_id("other"), slice, 10).await;
        assert!(page.messages.is_empty() && !page.has_more);
    }
}

pub(crate) async fn concurrent_writes_leave_no_gaps_in_a_room(world: &World) {
    let mut rooms = Vec::new();
    for number in 0..5 {
        rooms.push(world.room(&format!("room-{number}")).await);
    }
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..40 {
        let store = world.store.clone();
        let room = rooms[number % rooms.len()].clone();
        let author = if number % 2 == 0 { world.alice.clone() } else { world.bob.clone() };
        writers.spawn(async move {
            for size in 1..4 {
                let drafts: Vec<_> = (0..size).map(|_| draft(&author, "hello")).collect();
                let answers = store.append(&room, drafts, 2000).await.unwrap();
                let numbers: Vec<_> = answers.iter().map(|it| message(it).cursor.seq).collect();
                assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{numbers:?}");
                // A refused call does not affect the others.
                let refused = store.append(&room_id("no-such"), Vec::new(), 2000).await.unwrap_err();
                assert!(matches!(refused, StoreError::NoSuchRoom), "{refused:?}");
            }
        });
    }
    while let Some(end) = writers.join_next().await {
        end.unwrap();
    }
    for room in &rooms {
        let messages = world.page(room, HistoryRange::After(0), 1000).await.messages;
        assert_eq!(seqs(&messages), (1..=48).collect::<Vec<_>>());
    }
}

pub(crate) async fn a_large_batch_is_appended_as_one(world: &World) {
    let room = world.room("general").await;
    let drafts: Vec<_> = (0..5000).map(|_| draft(&world.alice, "hello")).collect();

    let answers = world.store.append(&room, drafts.clone(), 2000).await.unwrap();
    let again = world.store.append(&room, drafts, 3000).await.unwrap();

    assert!(answers.iter().zip(1..).all(|(answer, seq)| message(answer).cursor.seq == seq));
    assert!(again.iter().zip(&answers).all(|(again, answer)| message(again) == message(answer)));
}

pub(crate) async fn a_message_keeps_its_parent_and_its_kind(world: &World) {
    let World { store, alice, bob, .. } = world;
    let room = world.room("general").await;
    let parent = Some(world.say(&room, alice, "hello", 2000).await.id);
    let named = |name| MessageKind::parse(name).unwrap();
    let drafts = vec![
        MessageDraft { parent, ..draft(bob, "an answer") },
        MessageDraft { kind: named("question"), ..draft(bob, "a question") },
        MessageDraft { parent, kind: named("x:y.z-1"), ..draft(bob, "both") },
        draft(bob, "neither"),
    ];

    let said = store.append(&room, drafts.clone(), 2001).await.unwrap();
    let again: Vec<_> = drafts
        .iter()
        .map(|it| MessageDraft { parent: None, kind: MessageKind::Text, ..it.clone() })
        .collect();
    let again = store.append(&room, again, 2002).await.unwrap();

    let said: Vec<_> = said.iter().map(|it| message(it).clone()).collect();
    for (message, draft) in said.iter().zip(&drafts) {
        assert_eq!((message.parent, &message.kind), (draft.parent, &draft.kind), "{draft:?}");
    }
    assert_eq!(again, said.iter().cloned().map(Appended::Known).collect::<Vec<_>>());
    for slice in [HistoryRange::After(1), HistoryRange::Newest] {
        assert_eq!(world.page(&room, slice, 4).await.messages, said);
    }
}

pub(crate) async fn a_message_is_found_by_its_id_in_any_room(world: &World) {
    let World { store, alice, bob, .. } = world;
    let [room, other] = [world.room("general").await, world.room("other").await];
    let here = world.say(&room, alice, "here", 2000).await;
    let there = world.say(&other, bob, "there", 2000).await;
    let also_here = world.say(&room, bob, "here, too", 2000).await;

    for message in [&here, &there, &also_here] {
        let place = Some((message.room.clone(), message.cursor));
        assert_eq!(store.find_message(message.id).await.unwrap(), place, "{}", message.body);
    }
    assert_eq!(store.find_message(MessageId(Uuid::now_v7())).await.unwrap(), None);
    store.delete_room(&room).await.unwrap();
    assert_eq!(store.find_message(here.id).await.unwrap(), None);
    assert!(store.find_message(there.id).await.unwrap().is_some());
}
