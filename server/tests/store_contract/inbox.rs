//! Promises about inboxes: their numbers, what they let go, and what waits in them.

use hub::port::{NewEntry, StoreError};
use protocol::limits::MAX_INBOX_ITEMS;
use protocol::{DirectMessage, InboxItem, JobChange, JobStep, MessageId, MessageKind, Signal};
use serde_json::json;
use uuid::Uuid;

use crate::world::{World, entries, job, nobody, notification, room_id, signal};

fn numbers(entries: &[hub::port::Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.seq).collect()
}

pub(crate) async fn whatever_is_put_in_an_inbox_comes_back(world: &World) {
    let World { store, alice, bob, .. } = world;
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
    let signal = Signal { name: "update".into(), data: json!({"deep": [{"er": null}, 1.5, -7, "\u{0}"]}) };
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

pub(crate) async fn an_inbox_is_numbered_without_holes(world: &World) {
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

pub(crate) async fn an_inbox_stays_dense_when_many_write_at_once(world: &World) {
    let mut writers = tokio::task::JoinSet::new();
    for count in 1..=20 {
        let (store, person) = (world.store.clone(), world.alice.id.clone());
        writers.spawn(async move {
            let given = store.put_in_inbox(&person, entries(count), None, 2000).await.unwrap();
            assert!(given.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{given:?}");
            // Somebody who may not do what he asks does not disturb the others.
            store.put_in_inbox(&nobody(), entries(1), None, 2000).await.unwrap_err();
        });
    }
    while let Some(end) = writers.join_next().await {
        end.unwrap();
    }

    let kept = world.store.inbox_after(&world.alice.id, 0, 1000).await.unwrap().unwrap();
    assert_eq!(numbers(&kept), (1..=210).collect::<Vec<_>>());
}

pub(crate) async fn an_unknown_person_has_no_inbox(world: &World) {
    let World { store, .. } = world;

    let refused = store.put_in_inbox(&nobody(), entries(1), None, 2000).await.unwrap_err();

    assert!(matches!(refused, StoreError::NoSuchPerson(id) if id == nobody()));
    assert_eq!(store.inbox_state(&nobody()).await.unwrap().head, 0);
    assert_eq!(store.inbox_after(&nobody(), 0, 10).await.unwrap(), Some(Vec::new()));
    assert!(store.inbox_waiting(&nobody()).await.unwrap().is_empty());
    store.inbox_told(&nobody(), &[1]).await.unwrap();
}

pub(crate) async fn old_entries_are_let_go_and_their_numbers_with_them(world: &World) {
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

pub(crate) async fn what_waits_waits_until_it_was_told(world: &World) {
    let World { store, alice, bob, .. } = world;
    let waiting = async || numbers(&store.inbox_waiting(&alice.id).await.unwrap());
    let new = [true, false, true, true].map(|waits| NewEntry { item: signal(), waits });
    store.put_in_inbox(&bob.id, new.to_vec(), None, 2000).await.unwrap();
    store.put_in_inbox(&alice.id, new.to_vec(), None, 2000).await.unwrap();
    assert_eq!(waiting().await, [1, 3, 4]);

    for (told, left) in
        [(&[][..], &[1, 3, 4][..]), (&[3, 2, 3, u64::MAX, 9], &[1, 4]), (&[3], &[1, 4]), (&[4, 1], &[])]
    {
        store.inbox_told(&alice.id, told).await.unwrap();
        assert_eq!(waiting().await, left, "after {told:?}");
    }

    assert_eq!(store.inbox_after(&alice.id, 0, 10).await.unwrap().unwrap().len(), 4, "told, but still kept");
    assert_eq!(numbers(&store.inbox_waiting(&bob.id).await.unwrap()), [1, 3, 4]);
    store.put_in_inbox(&bob.id, entries(MAX_INBOX_ITEMS - 1), None, 2001).await.unwrap();
    assert_eq!(numbers(&store.inbox_waiting(&bob.id).await.unwrap()), [4], "what was let go waits no more");
}
