//! Contract of inboxes: their numbers, the deletion of old entries, and pending entries.

use hub::model::User;
use hub::store::{Delivered, InboxKind, NewEntry, StoreError};
use protocol::limits::{self, MAX_INBOX_ITEMS};
use protocol::{
    DirectMessage, InboxItem, JobChange, JobStep, MessageId, MessageKind, Opaque, RoomId, Signal,
};
use serde_json::json;
use uuid::Uuid;

use crate::world::{EPOCH, World, entries, job, notification, room_id, signal, unknown_user};

const ALL_KINDS: [InboxKind; 4] =
    [InboxKind::Notification, InboxKind::Direct, InboxKind::Job, InboxKind::Signal];

fn numbers(entries: &[hub::store::Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.seq).collect()
}

pub(crate) async fn every_kind_of_entry_is_returned_unchanged(world: &World) {
    let World { store, alice, bob, .. } = world;
    world.room("general").await;
    let direct = DirectMessage {
        id: MessageId(Uuid::now_v7()),
        room: room_id("general"),
        author: bob.id.clone(),
        name: bob.username.clone(),
        email: bob.email.clone(),
        is_active: bob.is_active,
        author_created_at_ms: bob.created_at_ms,
        to: alice.id.clone(),
        body: "a\0b \u{1f980} '; DROP TABLE inbox; --".into(),
        kind: MessageKind::parse("question").unwrap(),
        at_ms: 1999,
    };
    let data = Opaque(json!({"deep": [{"er": null}, 1.5, -7, "\u{0}"]}));
    let signal = Signal { name: "update".into(), data };
    let items = [
        InboxItem::Notification(notification("first")),
        InboxItem::Direct(direct),
        InboxItem::Job(JobChange { step: JobStep::Started, job: job(&alice.id) }),
        InboxItem::Signal(signal),
    ];
    let new = items.clone().map(|item| NewEntry { item, waits: false });

    let given = store.put_in_inbox(&alice.id, new.to_vec(), None, 2000).await.unwrap();

    assert_eq!(given, [1, 2, 3, 4]);
    let kept = store.inbox_after(&alice.id, 0, 10).await.unwrap().unwrap();
    assert_eq!(numbers(&kept), given);
    assert!(kept.iter().all(|entry| entry.at_ms == 2000));
    assert_eq!(kept.into_iter().map(|entry| entry.item).collect::<Vec<_>>(), items);
}

pub(crate) async fn entries_are_numbered_without_gaps(world: &World) {
    let World { store, alice, bob, .. } = world;
    assert_eq!(store.inbox_state(&alice.id).await.unwrap().head, 0);
    assert_eq!(store.inbox_after(&alice.id, 0, 10).await.unwrap(), Some(Vec::new()));

    assert_eq!(store.put_in_inbox(&alice.id, entries(2), None, 2000).await.unwrap(), [1, 2]);
    assert!(store.put_in_inbox(&alice.id, Vec::new(), None, 2001).await.unwrap().is_empty());
    assert_eq!(store.put_in_inbox(&alice.id, entries(3), None, 2002).await.unwrap(), [3, 4, 5]);
    assert_eq!(store.put_in_inbox(&bob.id, entries(1), None, 2003).await.unwrap(), [1]);

    assert_eq!(store.inbox_state(&alice.id).await.unwrap().head, 5);
    assert_eq!(store.inbox_state(&bob.id).await.unwrap().head, 1);
    for (seq, limit, expected) in [
        (0, 10, &[1, 2, 3, 4, 5][..]),
        (0, 2, &[1, 2]),
        (3, 10, &[4, 5]),
        (3, 0, &[]),
        (5, 10, &[]),
        (u64::MAX, 10, &[]),
    ] {
        let after = store.inbox_after(&alice.id, seq, limit).await.unwrap().unwrap();
        assert_eq!(numbers(&after), expected, "{seq} {limit}");
    }
}

pub(crate) async fn concurrent_writes_leave_no_gaps_in_an_inbox(world: &World) {
    let mut writers = tokio::task::JoinSet::new();
    for count in 1..=20 {
        let (store, user) = (world.store.clone(), world.alice.id.clone());
        writers.spawn(async move {
            let given = store.put_in_inbox(&user, entries(count), None, 2000).await.unwrap();
            assert!(given.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{given:?}");
            // A refused call does not affect the others.
            store.put_in_inbox(&unknown_user(), entries(1), None, 2000).await.unwrap_err();
        });
    }
    while let Some(end) = writers.join_next().await {
        end.unwrap();
    }

    let kept = world.store.inbox_after(&world.alice.id, 0, 1000).await.unwrap().unwrap();
    assert_eq!(numbers(&kept), (1..=210).collect::<Vec<_>>());
}

pub(crate) async fn an_unknown_user_has_no_inbox(world: &World) {
    let World { store, .. } = world;

    let refused = store.put_in_inbox(&unknown_user(), entries(1), None, 2000).await.unwrap_err();

    assert!(matches!(refused, StoreError::NoSuchUser(id) if id == unknown_user()));
    assert_eq!(store.inbox_state(&unknown_user()).await.unwrap().head, 0);
    assert_eq!(store.inbox_after(&unknown_user(), 0, 10).await.unwrap(), Some(Vec::new()));
    assert!(store.inbox_waiting(&unknown_user(), &ALL_KINDS, 0, 10).await.unwrap().is_empty());
    assert_eq!(store.mark_inbox_delivered(&unknown_user(), Delivered::These(&[1])).await.unwrap(), 0);
}

pub(crate) async fn old_entries_are_deleted_with_their_numbers(world: &World) {
    let World { store, alice, bob, .. } = world;
    let most = u64::from(MAX_INBOX_ITEMS);
    store.put_in_inbox(&bob.id, entries(1), None, 2000).await.unwrap();
    store.put_in_inbox(&alice.id, entries(MAX_INBOX_ITEMS), None, 2000).await.unwrap();
    assert_eq!(store.inbox_after(&alice.id, 0, 1).await.unwrap().unwrap().len(), 1);

    assert_eq!(store.put_in_inbox(&alice.id, entries(2), None, 2001).await.unwrap(), [most + 1, most + 2]);

    for (seq, limit) in [(0, 10), (1, 10), (1, 0)] {
        assert_eq!(store.inbox_after(&alice.id, seq, limit).await.unwrap(), None, "{seq} {limit}");
    }
    let kept = store.inbox_after(&alice.id, 2, u32::MAX).await.unwrap().unwrap();
    assert_eq!(numbers(&kept), (3..=most + 2).collect::<Vec<_>>());
    assert_eq!(store.inbox_after(&bob.id, 0, 10).await.unwrap().unwrap().len(), 1, "of others nothing goes");

    // More at once than is kept.
    let given = store.put_in_inbox(&alice.id, entries(2 * MAX_INBOX_ITEMS), None, 2002).await.unwrap();
    assert_eq!((given.first(), given.last()), (Some(&(most + 3)), Some(&(3 * most + 2))));
    let kept = store.inbox_after(&alice.id, 2 * most + 2, u32::MAX).await.unwrap().unwrap();
    assert_eq!(kept.len() as u64, most);
    assert_eq!(store.inbox_after(&alice.id, 2 * most + 1, 10).await.unwrap(), None);
    assert_eq!(store.inbox_state(&alice.id).await.unwrap().head, 3 * most + 2);
}

pub(crate) async fn pending_entries_are_kept_until_delivery(world: &World) {
    let World { store, alice, bob, .. } = world;
    let waiting = async |user| numbers(&store.inbox_waiting(user, &ALL_KINDS, 0, u64::MAX).await.unwrap());
    let bytes = async || store.inbox_state(&alice.id).await.unwrap().waiting_bytes;
    let new = [true, false, true, true].map(|waits| NewEntry { item: signal(), waits });
    let size = new[0].waiting_bytes();
    assert!(size > 0 && new[1].waiting_bytes() == 0);
    for user in [&bob.id, &alice.id] {
        store.put_in_inbox(user, new.to_vec(), None, 2000).await.unwrap();
    }
    assert_eq!((waiting(&alice.id).await, bytes().await), (vec![1, 3, 4], 3 * size));

    for (delivered, left) in
        [(&[][..], &[1, 3, 4][..]), (&[3, 2, 3, u64::MAX, 9], &[1, 4]), (&[3], &[1, 4]), (&[4, 1], &[])]
    {
        let before = bytes().await;
        let freed = store.mark_inbox_delivered(&alice.id, Delivered::These(delivered)).await.unwrap();
        assert_eq!(waiting(&alice.id).await, left, "after {delivered:?}");
        assert_eq!((bytes().await, before - freed), (left.len() as u64 * size, left.len() as u64 * size));
    }

    let kept = store.inbox_after(&alice.id, 0, 10).await.unwrap().unwrap();
    assert_eq!((kept.len(), kept.iter().any(|it| it.waits)), (4, false), "delivered, but still kept");
    let kept = store.inbox_after(&bob.id, 0, 10).await.unwrap().unwrap();
    assert_eq!(kept.iter().map(|it| it.waits).collect::<Vec<_>>(), [true, false, true, true]);
    assert_eq!(store.mark_inbox_delivered(&bob.id, Delivered::UpTo(3)).await.unwrap(), 2 * size);
    assert_eq!(waiting(&bob.id).await, [4]);
}

pub(crate) async fn pending_entries_are_kept_at_any_age(world: &World) {
    let World { store, alice, .. } = world;
    let most = u64::from(MAX_INBOX_ITEMS);
    let new = [true, false, true].map(|waits| NewEntry { item: signal(), waits });
    store.put_in_inbox(&alice.id, new.to_vec(), None, 2000).await.unwrap();
    for _ in 0..2 {
        store.put_in_inbox(&alice.id, entries(MAX_INBOX_ITEMS), None, 2001).await.unwrap();
    }
    let waiting = async || numbers(&store.inbox_waiting(&alice.id, &ALL_KINDS, 0, u64::MAX).await.unwrap());
    assert_eq!(waiting().await, [1, 3]);
    let found = async |seq| store.inbox_after(&alice.id, seq, 10).await.unwrap().map(|it| numbers(&it));
    assert_eq!(found(0).await, Some(vec![1]), "up to the hole");
    assert_eq!(found(1).await, None);
    assert_eq!(found(2).await, Some(vec![3]));
    assert_eq!(found(3).await, None);
    assert!(found(most + 3).await.is_some());

    store.mark_inbox_delivered(&alice.id, Delivered::These(&[1])).await.unwrap();
    assert_eq!((found(0).await, waiting().await), (None, vec![3]), "it was kept for its waiting alone");
    store.mark_inbox_delivered(&alice.id, Delivered::UpTo(u64::MAX)).await.unwrap();
    assert_eq!((found(2).await, waiting().await), (None, vec![]));
}

pub(crate) async fn pending_entries_are_read_in_batches_and_by_kind(world: &World) {
    let World { store, alice, bob, .. } = world;
    world.room("general").await;
    let direct = |body: String| {
        InboxItem::Direct(DirectMessage {
            id: MessageId(Uuid::now_v7()),
            room: room_id("general"),
            author: bob.id.clone(),
            name: bob.username.clone(),
            email: bob.email.clone(),
            is_active: bob.is_active,
            author_created_at_ms: bob.created_at_ms,
            to: alice.id.clone(),
            body,
            kind: MessageKind::Text,
            at_ms: 1999,
        })
    };
    let large = limits::PORTION_BYTES / 3;
    let sizes = [large, large, large, 10 * large, 1];
    let mut items: Vec<InboxItem> = sizes.iter().map(|size| direct("x".repeat(*size))).collect();
    items.push(InboxItem::Notification(notification("last")));
    let new = items.into_iter().map(|item| NewEntry { item, waits: true }).collect();
    store.put_in_inbox(&alice.id, new, None, 2000).await.unwrap();
    let waiting = async |kinds: &[InboxKind], after, upto| {
        numbers(&store.inbox_waiting(&alice.id, kinds, after, upto).await.unwrap())
    };
    let direct = [InboxKind::Direct];
    for (kinds, after, upto, expected) in [
        (&ALL_KINDS[..], 0, 6, &[1, 2][..]),
        (&ALL_KINDS, 2, 6, &[3]),
        (&ALL_KINDS, 3, 6, &[4]),
        (&ALL_KINDS, 4, 6, &[5, 6]),
        (&ALL_KINDS, 4, 5, &[5]),
        (&ALL_KINDS, 6, 6, &[]),
        (&direct, 4, 6, &[5]),
        (&[InboxKind::Job, InboxKind::Notification], 0, 6, &[6]),
        (&[], 0, 6, &[]),
    ] {
        assert_eq!(waiting(kinds, after, upto).await, expected, "{kinds:?} {after} {upto}");
    }
    for (seq, expected) in [(0, &[1, 2][..]), (2, &[3]), (3, &[4]), (4, &[5, 6])] {
        let page = store.inbox_after(&alice.id, seq, 10).await.unwrap().unwrap();
        assert_eq!(numbers(&page), expected, "after {seq}");
    }
}

pub(crate) async fn a_direct_message_requires_both_users_in_its_room(world: &World) {
    let World { store, alice, bob, carol, .. } = world;
    let room = world.room("general").await;
    let put = async |author: &User, to: &User, room: &RoomId| {
        let direct = DirectMessage {
            id: MessageId(Uuid::now_v7()),
            room: room.clone(),
            author: author.id.clone(),
            name: author.username.clone(),
            email: author.email.clone(),
            is_active: author.is_active,
            author_created_at_ms: author.created_at_ms,
            to: to.id.clone(),
            body: "psst".into(),
            kind: MessageKind::Text,
            at_ms: 1999,
        };
        let entries = vec![
            NewEntry { item: signal(), waits: true },
            NewEntry { item: InboxItem::Direct(direct), waits: true },
        ];
        store.put_in_inbox(&to.id, entries, None, 2000).await
    };
    assert!(matches!(put(carol, bob, &room).await, Err(StoreError::NoSuchRoom)));
    assert!(matches!(put(alice, carol, &room).await, Err(StoreError::NotMember)));
    assert!(matches!(put(alice, bob, &room_id("nowhere")).await, Err(StoreError::NoSuchRoom)));
    let live = room_id("session_general");
    store.live_room(&live, &room, EPOCH, 1500).await.unwrap().unwrap();
    assert_eq!(put(alice, bob, &live).await.unwrap(), [1, 2]);
    store.remove_member(&room, &bob.id).await.unwrap();
    assert!(matches!(put(alice, bob, &room).await, Err(StoreError::NotMember)));
    assert!(matches!(put(bob, alice, &room).await, Err(StoreError::NoSuchRoom)));
    assert_eq!(store.inbox_state(&bob.id).await.unwrap().head, 2);
    for other in [alice, carol] {
        assert_eq!(store.inbox_state(&other.id).await.unwrap().head, 0);
    }
}
