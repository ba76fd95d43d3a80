//! Contract of notifications.

use hub::store::{NewEntry, Notifications};
use protocol::limits::MAX_INBOX_ITEMS;
use protocol::{InboxItem, Notification, NotificationId};
use uuid::Uuid;

use crate::world::{World, entries, notification, signal, unknown_user};

impl World {
    async fn notify(&self, notifications: &[Notification]) {
        let received = notifications.iter().cloned().map(InboxItem::Notification);
        let new = received.map(|item| NewEntry { item, waits: false }).collect();
        self.store.put_in_inbox(&self.alice.id, new, None, 2000).await.unwrap();
    }

    async fn notified(&self, before: Option<NotificationId>, limit: u32) -> Notifications {
        self.store.notifications(&self.alice.id, before, limit).await.unwrap()
    }
}

pub(crate) async fn notifications_are_listed_newest_first(world: &World) {
    let nothing = Notifications { list: Vec::new(), has_more: false, unread: 0 };
    assert_eq!(world.notified(None, 10).await, nothing);
    assert_eq!(world.store.notifications(&unknown_user(), None, 10).await.unwrap(), nothing);
    let mut sent: Vec<Notification> = ["a", "b", "c", "d"].map(notification).to_vec();
    sent[1].is_read = true;
    world.notify(&sent[..1]).await;
    world.notify(&sent[1..]).await;
    let newest_first: Vec<Notification> = sent.iter().rev().cloned().collect();

    for (before, limit, expected, has_more) in [
        (None, 4, &newest_first[..], false),
        (None, u32::MAX, &newest_first[..], false),
        (None, 3, &newest_first[..3], true),
        (None, 0, &[], true),
        (Some(sent[2].id), 1, &newest_first[2..3], true),
        (Some(sent[2].id), 2, &newest_first[2..], false),
        (Some(sent[0].id), 2, &[], false),
        (Some(NotificationId(Uuid::max())), 1, &newest_first[..1], true),
    ] {
        let listed = world.notified(before, limit).await;
        let expected = Notifications { list: expected.to_vec(), has_more, unread: 3 };
        assert_eq!(listed, expected, "{before:?} {limit}");
    }
    assert_eq!(world.store.notifications(&world.bob.id, None, 10).await.unwrap(), nothing);
}

pub(crate) async fn notifications_are_read_once(world: &World) {
    let World { store, alice, bob, .. } = world;
    let sent = ["a", "b", "c", "d"].map(notification);
    world.notify(&sent).await;
    let unread = async || world.notified(None, 0).await.unread;
    let unknown = NotificationId(Uuid::now_v7());

    let several = [sent[1].id, unknown, sent[1].id];
    assert_eq!(store.read_notifications(&alice.id, Some(&several)).await.unwrap().unread, 1);
    assert_eq!(store.read_notifications(&alice.id, Some(&several)).await.unwrap().unread, 0);
    assert_eq!(store.read_notifications(&alice.id, Some(&[])).await.unwrap().unread, 0);
    for stranger in [&bob.id, &unknown_user()] {
        assert_eq!(store.read_notifications(stranger, Some(&[sent[0].id])).await.unwrap().unread, 0);
        assert_eq!(store.read_notifications(stranger, None).await.unwrap().unread, 0);
    }
    assert_eq!(unread().await, 3);
    let list = world.notified(None, 10).await.list;
    assert_eq!(list.iter().map(|it| it.is_read).collect::<Vec<_>>(), [false, false, true, false]);

    assert_eq!(store.read_notifications(&alice.id, None).await.unwrap().unread, 3);
    assert_eq!(store.read_notifications(&alice.id, None).await.unwrap().unread, 0);
    assert_eq!(unread().await, 0);
    assert!(world.notified(None, 10).await.list.iter().all(|it| it.is_read));
}

pub(crate) async fn read_notifications_are_no_longer_pending(world: &World) {
    let World { store, alice, bob, .. } = world;
    let sent = ["a", "b", "c"].map(notification);
    let waiting = |it: &Notification| NewEntry { item: InboxItem::Notification(it.clone()), waits: true };
    let other = NewEntry { item: signal(), waits: true };
    for user in [&alice.id, &bob.id] {
        let new = sent.iter().map(waiting).chain([other.clone()]).collect();
        store.put_in_inbox(user, new, None, 2000).await.unwrap();
    }
    let bytes = async || store.inbox_state(&alice.id).await.unwrap().waiting_bytes;
    let before = bytes().await;

    let read = store.read_notifications(&alice.id, Some(&[sent[1].id])).await.unwrap();
    assert_eq!((read.unread, read.waiting_bytes), (1, waiting(&sent[1]).waiting_bytes()));
    assert_eq!(bytes().await, before - read.waiting_bytes);
    let read = store.read_notifications(&alice.id, None).await.unwrap();
    assert_eq!((read.unread, bytes().await), (2, other.waiting_bytes()));
    assert_eq!(store.inbox_state(&bob.id).await.unwrap().waiting_bytes, before, "of others nothing changes");
}

pub(crate) async fn a_repeated_notification_is_listed_once(world: &World) {
    let first = notification("first");
    let again = Notification { title: "again".into(), ..first.clone() };

    world.notify(&[first]).await;
    world.notify(std::slice::from_ref(&again)).await;

    assert_eq!(world.notified(None, 10).await.list, [again]);
    assert_eq!(world.store.inbox_state(&world.alice.id).await.unwrap().head, 2);
}

pub(crate) async fn notifications_are_displaced_only_by_notifications(world: &World) {
    let World { store, alice, bob, .. } = world;
    let most = usize::try_from(MAX_INBOX_ITEMS).unwrap();
    let sent: Vec<Notification> = (0..most + 2).map(|_| notification("hello")).collect();
    let of_bob = NewEntry { item: InboxItem::Notification(notification("hello")), waits: false };
    store.put_in_inbox(&bob.id, vec![of_bob], None, 2000).await.unwrap();
    world.notify(&sent[..most]).await;
    store.put_in_inbox(&alice.id, entries(MAX_INBOX_ITEMS), None, 2000).await.unwrap();
    assert_eq!(store.inbox_after(&alice.id, 0, 1).await.unwrap(), None);
    assert_eq!(
        world.notified(None, u32::MAX).await.list.len(),
        most,
        "though the inbox let go of all of them"
    );

    world.notify(&sent[most..]).await;

    let kept = world.notified(None, u32::MAX).await;
    assert_eq!((kept.list.len(), kept.unread), (most, MAX_INBOX_ITEMS));
    assert_eq!(kept.list.last(), Some(&sent[2]));
    assert_eq!(store.notifications(&bob.id, None, 10).await.unwrap().list.len(), 1, "of others nothing goes");
}
