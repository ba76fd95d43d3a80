//! Contract of rooms, their members and the lists of them.

use hub::model::RoomRecord;
use hub::store::{HistoryRange, RoomDraft, StoreError};
use protocol::limits::{MAX_UNREAD, UNREAD_AMONG};
use protocol::{Cursor, Preview, Role, RoomId};

use crate::world::{EPOCH, World, draft, draft_room, room_id, unknown_user};

fn usernames(record: &RoomRecord) -> Vec<(&str, Role)> {
    let mut names: Vec<_> =
        record.members.iter().map(|member| (member.user.username.as_str(), member.role)).collect();
    names.sort_unstable_by_key(|(name, _)| *name);
    names
}

pub(crate) async fn a_room_is_returned_as_created(world: &World) {
    let World { store, alice, bob, .. } = world;
    let members = vec![bob.id.clone(), alice.id.clone(), bob.id.clone()];
    let made = store.create_room(RoomDraft { members, ..draft_room("general", alice) }).await.unwrap();

    assert_eq!(made.head, Cursor { epoch: EPOCH, seq: 0 });
    assert_eq!((made.name.as_str(), made.created_at_ms, made.active_at_ms), ("Room general", 1000, 1000));
    assert_eq!(usernames(&made), [("alice", Role::Owner), ("bob", Role::Member)]);
    assert!(made.members.iter().all(|member| member.read_seq == 0));
    assert_eq!(store.room(&made.id).await.unwrap(), Some(made));
    assert_eq!(store.room(&room_id("other")).await.unwrap(), None);
}

pub(crate) async fn a_taken_id_creates_no_room(world: &World) {
    let room = world.room("general").await;
    let again = RoomDraft { name: "Mine".into(), ..draft_room("general", &world.bob) };

    let refused = world.store.create_room(again).await.unwrap_err();

    assert!(matches!(refused, StoreError::RoomTaken), "{refused:?}");
    assert_eq!(world.store.room(&room).await.unwrap().unwrap().name, "Room general");
}

pub(crate) async fn an_unknown_user_creates_no_room(world: &World) {
    let World { store, alice, .. } = world;
    let with_nobody = RoomDraft { members: vec![unknown_user()], ..draft_room("general", alice) };
    let of_nobody = RoomDraft { owner: unknown_user(), ..draft_room("general", alice) };

    for draft in [with_nobody, of_nobody] {
        let refused = store.create_room(draft).await.unwrap_err();
        assert!(matches!(refused, StoreError::NoSuchUser(id) if id == unknown_user()));
    }
    assert_eq!(store.room(&room_id("general")).await.unwrap(), None);
    assert!(store.room_heads(&alice.id).await.unwrap().is_empty());
}

pub(crate) async fn a_room_is_renamed(world: &World) {
    let room = world.room("general").await;

    world.store.rename_room(&room, "Allgemeines \u{1f389}").await.unwrap();

    assert_eq!(world.store.room(&room).await.unwrap().unwrap().name, "Allgemeines \u{1f389}");
    let refused = world.store.rename_room(&room_id("other"), "x").await.unwrap_err();
    assert!(matches!(refused, StoreError::NoSuchRoom), "{refused:?}");
}

pub(crate) async fn a_deleted_room_leaves_nothing(world: &World) {
    let World { store, alice, bob, .. } = world;
    let room = world.room("general").await;
    let other = world.room("other").await;
    let said = draft(alice, "hello");
    store.append(&room, vec![said.clone()], 2000).await.unwrap();
    world.say(&other, alice, "still here", 2000).await;
    store.mark_read(&room, &[(bob.id.clone(), 1)]).await.unwrap();

    store.delete_room(&room).await.unwrap();
    store.delete_room(&room).await.unwrap();

    assert_eq!(store.room(&room).await.unwrap(), None);
    assert_eq!(store.role(&room, &alice.id).await.unwrap(), None);
    let left: Vec<_> = store.room_heads(&bob.id).await.unwrap().into_iter().map(|it| it.room).collect();
    assert_eq!(left, std::slice::from_ref(&other));
    assert!(world.page(&room, HistoryRange::Newest, 10).await.messages.is_empty());
    assert_eq!(world.page(&other, HistoryRange::Newest, 10).await.messages.len(), 1);
    let refused = store.append(&room, vec![said], 3000).await.unwrap_err();
    assert!(matches!(refused, StoreError::NoSuchRoom), "{refused:?}");
}

pub(crate) async fn the_id_of_a_deleted_room_is_not_reused(world: &World) {
    let World { store, alice, bob, .. } = world;
    let room = world.room("general").await;
    let other = world.room("other").await;

    store.delete_room(&room).await.unwrap();
    store.delete_room(&room_id("never-made")).await.unwrap();

    for owner in [alice, bob] {
        let refused = store.create_room(draft_room("general", owner)).await.unwrap_err();
        assert!(matches!(refused, StoreError::RoomDeleted), "{refused:?}");
    }
    assert_eq!(store.room(&room).await.unwrap(), None);
    let taken = store.create_room(draft_room(other.as_str(), bob)).await.unwrap_err();
    assert!(matches!(taken, StoreError::RoomTaken), "{taken:?}");
    store.create_room(draft_room("never-made", bob)).await.unwrap();
}

pub(crate) async fn users_are_added_once(world: &World) {
    let World { store, alice, bob, carol, .. } = world;
    let room = world.room("general").await;
    let users = [carol.id.clone(), bob.id.clone(), carol.id.clone()];

    let added = store.add_members(&room, &users, 2000).await.unwrap();
    let again = store.add_members(&room, &users, 3000).await.unwrap();
    let none = store.add_members(&room, &[], 3000).await.unwrap();

    assert_eq!(added.iter().map(|member| &member.user.id).collect::<Vec<_>>(), [&carol.id]);
    assert_eq!((added[0].role, added[0].read_seq), (Role::Member, 0));
    assert!(again.is_empty() && none.is_empty());
    assert_eq!(store.role(&room, &alice.id).await.unwrap(), Some(Role::Owner));
    assert_eq!(store.role(&room, &carol.id).await.unwrap(), Some(Role::Member));
    assert_eq!(store.summary(&room, &carol.id).await.unwrap().unwrap().member_count, 3);
    let refused = store.add_members(&room_id("other"), &users, 3000).await.unwrap_err();
    assert!(matches!(refused, StoreError::NoSuchRoom), "{refused:?}");
}

pub(crate) async fn an_unknown_user_prevents_the_whole_addition(world: &World) {
    let World { store, carol, .. } = world;
    let room = world.room("general").await;

    let refused = store.add_members(&room, &[carol.id.clone(), unknown_user()], 2000).await.unwrap_err();

    assert!(matches!(refused, StoreError::NoSuchUser(id) if id == unknown_user()));
    assert_eq!(store.role(&room, &carol.id).await.unwrap(), None);
}

pub(crate) async fn a_member_who_leaves_may_return(world: &World) {
    let World { store, alice, bob, .. } = world;
    let room = world.room("general").await;
    world.say(&room, alice, "hello", 2000).await;
    store.mark_read(&room, &[(bob.id.clone(), 1)]).await.unwrap();

    for user in [&bob.id, &bob.id, &unknown_user()] {
        assert_eq!(store.remove_member(&room, user).await.unwrap(), None);
    }
    assert_eq!(store.remove_member(&room_id("other"), &bob.id).await.unwrap(), None);

    assert_eq!(store.role(&room, &bob.id).await.unwrap(), None);
    assert_eq!(store.summary(&room, &bob.id).await.unwrap(), None);
    assert!(store.room_heads(&bob.id).await.unwrap().is_empty());
    assert!(store.summaries(&bob.id, None, 10).await.unwrap().is_empty());
    let added = store.add_members(&room, std::slice::from_ref(&bob.id), 3000).await.unwrap();
    assert_eq!(added[0].read_seq, 0);
    assert_eq!(world.unread(&room, bob).await, 1);
}

pub(crate) async fn the_longest_member_becomes_owner_of_a_room_without_one(world: &World) {
    let World { store, alice, bob, carol, .. } = world;
    let room = world.room("general").await;
    store.add_members(&room, std::slice::from_ref(&carol.id), 2000).await.unwrap();
    // Coming back is coming last.
    store.remove_member(&room, &bob.id).await.unwrap();
    store.add_members(&room, std::slice::from_ref(&bob.id), 2000).await.unwrap();

    assert_eq!(store.remove_member(&room, &alice.id).await.unwrap(), Some(carol.id.clone()));
    assert_eq!(store.role(&room, &carol.id).await.unwrap(), Some(Role::Owner));
    assert_eq!(store.role(&room, &bob.id).await.unwrap(), Some(Role::Member));
    assert_eq!(store.remove_member(&room, &bob.id).await.unwrap(), None);
    assert_eq!(store.remove_member(&room, &carol.id).await.unwrap(), None);
    assert_eq!(usernames(&store.room(&room).await.unwrap().unwrap()), []);
}

pub(crate) async fn read_markers_never_fall_and_never_pass_the_head(world: &World) {
    let World { store, alice, bob, carol, .. } = world;
    let room = world.room("general").await;
    for at_ms in 2000..2005 {
        world.say(&room, alice, "hello", at_ms).await;
    }
    let read = async || store.summary(&room, &bob.id).await.unwrap().unwrap().read_seq;

    for (marks, expected) in
        [(&[3][..], 3), (&[2], 3), (&[0], 3), (&[], 3), (&[4, 2], 4), (&[1, u64::MAX, 2], 5), (&[5], 5)]
    {
        let marks: Vec<_> = marks.iter().map(|seq| (bob.id.clone(), *seq)).collect();
        store.mark_read(&room, &marks).await.unwrap();
        assert_eq!(read().await, expected, "after {marks:?}");
    }
    let all = [(alice.id.clone(), 2), (carol.id.clone(), 2), (unknown_user(), 2), (bob.id.clone(), 2)];
    store.mark_read(&room, &all).await.unwrap();
    store.mark_read(&room_id("other"), &all).await.unwrap();
    assert_eq!(store.summary(&room, &alice.id).await.unwrap().unwrap().read_seq, 2);
    assert_eq!(store.summary(&room, &carol.id).await.unwrap(), None);
    assert_eq!(read().await, 5);
}

async fn listed(world: &World, after: Option<&RoomId>, limit: u32) -> Vec<String> {
    let rooms = world.store.summaries(&world.alice.id, after, limit).await.unwrap();
    for room in &rooms {
        let alone = world.store.summary(&room.id, &world.alice.id).await.unwrap();
        assert_eq!(alone.as_ref(), Some(room), "alone and in a list it is the same");
    }
    rooms.iter().map(|room| room.id.to_string()).collect()
}

pub(crate) async fn rooms_are_listed_by_their_newest_message_then_by_id(world: &World) {
    let busy = world.room_at("busy", 1000).await;
    let b = world.room_at("b", 2000).await;
    world.room_at("a", 2000).await;
    let quiet = world.room_at("quiet", 3000).await;
    world.store.create_room(draft_room("of-bob", &world.bob)).await.unwrap();
    assert_eq!(listed(world, None, 10).await, ["quiet", "a", "b", "busy"]);

    world.say(&busy, &world.bob, "hello", 4000).await;
    assert_eq!(listed(world, None, 10).await, ["busy", "quiet", "a", "b"]);

    // The clock was set back: what is said last comes first all the same, and so does what is made last.
    world.say(&busy, &world.bob, "hello again", 500).await;
    world.say(&b, &world.bob, "and again", 400).await;
    assert_eq!(listed(world, None, 10).await, ["b", "busy", "quiet", "a"]);
    world.room_at("new", 600).await;
    assert_eq!(listed(world, None, 10).await, ["new", "b", "busy", "quiet", "a"]);
    world.say(&quiet, &world.bob, "me too", 700).await;
    assert_eq!(listed(world, None, 10).await, ["quiet", "new", "b", "busy", "a"]);
    // And set right again.
    world.say(&b, &world.bob, "so late", 5000).await;
    assert_eq!(listed(world, None, 10).await, ["b", "quiet", "new", "busy", "a"]);

    let rooms = world.store.summaries(&world.alice.id, None, 10).await.unwrap();
    assert_eq!((rooms[2].role, rooms[2].last.clone()), (Role::Owner, None));
    let last = rooms[3].last.clone().unwrap();
    assert_eq!((last.name.as_str(), last.text.as_str(), last.at_ms), ("bob", "hello again", 500));
    assert_eq!((rooms[3].head.seq, rooms[3].unread, rooms[3].member_count), (2, 2, 2));
}

pub(crate) async fn the_list_of_rooms_is_paged(world: &World) {
    for (id, at_ms) in [("e", 1000), ("d", 2000), ("c", 2000), ("b", 2000), ("a", 3000)] {
        world.room_at(id, at_ms).await;
    }
    world.store.create_room(draft_room("of-bob", &world.bob)).await.unwrap();

    assert_eq!(listed(world, None, 2).await, ["a", "b"]);
    assert_eq!(listed(world, Some(&room_id("b")), 2).await, ["c", "d"]);
    assert_eq!(listed(world, Some(&room_id("d")), 2).await, ["e"]);
    assert!(listed(world, Some(&room_id("e")), 2).await.is_empty());
    assert!(listed(world, None, 0).await.is_empty());
    for not_in in ["of-bob", "no-such"] {
        assert!(listed(world, Some(&room_id(not_in)), 2).await.is_empty(), "{not_in}");
    }
}

pub(crate) async fn messages_of_others_count_as_unread_up_to_the_limit(world: &World) {
    let World { store, alice, bob, .. } = world;
    let room = world.room("general").await;
    let batch = |author, count: u32| (0..count).map(|_| draft(author, "hello")).collect::<Vec<_>>();
    store.append(&room, batch(alice, 3), 2000).await.unwrap();
    store.append(&room, batch(bob, 2), 2000).await.unwrap();

    assert_eq!((world.unread(&room, alice).await, world.unread(&room, bob).await), (2, 3));
    store.mark_read(&room, &[(bob.id.clone(), 2)]).await.unwrap();
    assert_eq!(world.unread(&room, bob).await, 1);
    store.append(&room, batch(alice, MAX_UNREAD - 2), 2000).await.unwrap();
    assert_eq!(world.unread(&room, bob).await, MAX_UNREAD - 1);
    store.append(&room, batch(alice, 5), 2000).await.unwrap();
    assert_eq!(world.unread(&room, bob).await, MAX_UNREAD);
    store.append(&room, batch(bob, UNREAD_AMONG - 1), 2000).await.unwrap();
    assert_eq!(world.unread(&room, bob).await, 1, "of the newest");
}

pub(crate) async fn a_preview_is_cut_between_characters(world: &World) {
    let room = world.room("general").await;
    for body in
        ["\u{1f980}".repeat(Preview::CHARS + 1), "e\0\u{308}".repeat(Preview::CHARS), "short".to_owned()]
    {
        let said = world.say(&room, &world.bob, &body, 2000).await;

        let summary = world.store.summary(&room, &world.alice.id).await.unwrap().unwrap();

        assert_eq!(summary.last, Some(Preview::of(&said.to_wire())));
    }
}
