//! Contract of live rooms, and of the status of live sessions.

use hub::model::{RoomHead, RoomRecord};
use hub::store::{HistoryRange, StoreError};
use protocol::{Cursor, LIVE_PREFIX, LiveChange, Role, RoomId, RoomKind};
use serde_json::json;

use crate::world::{EPOCH, World, draft, draft_room, live_change, room_id, seqs, unknown_user};

impl World {
    /// The live room of a chat, with the epoch 9.
    async fn live(&self, chat: &RoomId) -> Option<RoomRecord> {
        let room = room_id(&format!("{LIVE_PREFIX}{chat}"));
        self.store.live_room(&room, chat, 9, 1500).await.unwrap()
    }
}

fn users(record: &RoomRecord) -> Vec<(&str, Role, u64)> {
    let mut users: Vec<_> = record
        .members
        .iter()
        .map(|member| (member.user.username.as_str(), member.role, member.read_seq))
        .collect();
    users.sort_unstable_by_key(|(name, ..)| *name);
    users
}

pub(crate) async fn a_live_room_is_created_once(world: &World) {
    let World { store, alice, .. } = world;
    let chat = world.room("general").await;

    let live = world.live(&chat).await.unwrap();

    assert_eq!((live.id.as_str(), live.kind), ("session_general", RoomKind::Live));
    assert_eq!((&live.chat, store.room(&chat).await.unwrap().unwrap().chat), (&Some(chat.clone()), None));
    assert_eq!((live.head, live.created_at_ms), (Cursor { epoch: 9, seq: 0 }, 1500));
    assert_eq!((live.name.as_str(), &live.live), ("Room general", &None));
    assert_eq!(users(&live), [("alice", Role::Owner, 0), ("bob", Role::Member, 0)]);
    assert_eq!(store.room(&live.id).await.unwrap().as_ref(), Some(&live));
    assert_eq!(store.live_room(&live.id, &chat, 10, 9999).await.unwrap().as_ref(), Some(&live));
    // A room that does not exist has none, and neither has a live room.
    assert_eq!(world.live(&room_id("other")).await, None);
    assert_eq!(world.live(&live.id).await, None);
    assert_eq!(store.room(&room_id("session_other")).await.unwrap(), None);
    assert_eq!(store.room_heads(&alice.id).await.unwrap().len(), 2);
}

pub(crate) async fn the_members_of_a_live_room_are_those_of_its_chat(world: &World) {
    let World { store, alice, bob, carol, .. } = world;
    let chat = world.room("general").await;
    world.say(&chat, alice, "hello", 2000).await;
    store.mark_read(&chat, &[(bob.id.clone(), 1)]).await.unwrap();
    let live = world.live(&chat).await.unwrap().id;
    let found = async || store.room(&live).await.unwrap().unwrap();

    store.add_members(&chat, std::slice::from_ref(&carol.id), 2001).await.unwrap();
    assert_eq!(
        users(&found().await),
        [("alice", Role::Owner, 0), ("bob", Role::Member, 0), ("carol", Role::Member, 0)]
    );
    store.remove_member(&chat, &alice.id).await.unwrap();
    store.rename_room(&chat, "Renamed").await.unwrap();

    assert_eq!(users(&found().await), [("bob", Role::Owner, 0), ("carol", Role::Member, 0)]);
    assert_eq!(found().await.name, "Renamed");
    for (user, role) in [
        (&alice.id, None),
        (&bob.id, Some(Role::Owner)),
        (&carol.id, Some(Role::Member)),
        (&unknown_user(), None),
    ] {
        assert_eq!(store.role(&live, user).await.unwrap(), role, "{user}");
    }
    // It has neither members nor a name of its own.
    let refused = store.add_members(&live, std::slice::from_ref(&alice.id), 2002).await.unwrap_err();
    assert!(matches!(refused, StoreError::NoSuchRoom), "{refused:?}");
    let refused = store.rename_room(&live, "Mine").await.unwrap_err();
    assert!(matches!(refused, StoreError::NoSuchRoom), "{refused:?}");
    assert_eq!(store.remove_member(&live, &bob.id).await.unwrap(), None);
    assert_eq!(users(&found().await), [("bob", Role::Owner, 0), ("carol", Role::Member, 0)]);
}

pub(crate) async fn a_live_room_is_never_listed(world: &World) {
    let World { store, alice, bob, .. } = world;
    let [chat, other] = [world.room("general").await, world.room("other").await];
    let live = world.live(&chat).await.unwrap().id;
    world.say(&live, alice, "hello", 9000).await;

    for user in [&alice.id, &bob.id] {
        assert_eq!(store.summary(&live, user).await.unwrap(), None);
        let listed = store.summaries(user, None, 10).await.unwrap();
        assert_eq!(listed.iter().map(|room| &room.id).collect::<Vec<_>>(), [&chat, &other]);
        assert!(store.summaries(user, Some(&live), 10).await.unwrap().is_empty());
        assert_eq!((listed[0].unread, listed[0].head.seq, listed[0].last.clone()), (0, 0, None));
    }
}

pub(crate) async fn a_live_room_has_its_own_messages(world: &World) {
    let World { store, alice, bob, carol, .. } = world;
    let chat = world.room("general").await;
    let live = world.live(&chat).await.unwrap().id;
    world.say(&chat, alice, "in the chat", 2000).await;
    let again = draft(bob, "in the session");

    let said = world.say(&live, alice, "in the session", 2001).await;
    store.append(&live, vec![again.clone(), again], 2002).await.unwrap();
    store.mark_read(&live, &[(bob.id.clone(), 2)]).await.unwrap();

    assert_eq!(said.cursor, Cursor { epoch: 9, seq: 1 });
    assert_eq!(seqs(&world.page(&live, HistoryRange::Newest, 10).await.messages), [1, 2]);
    assert_eq!(seqs(&world.page(&chat, HistoryRange::Newest, 10).await.messages), [1]);
    assert_eq!(store.find_message(said.id).await.unwrap(), Some((live.clone(), said.cursor)));
    let record = store.room(&live).await.unwrap().unwrap();
    assert_eq!(record.head.seq, 2);
    assert!(record.members.iter().all(|member| member.read_seq == 0));
    assert_eq!(world.unread(&chat, bob).await, 1);
    let mut heads = store.room_heads(&bob.id).await.unwrap();
    heads.sort_by(|one, other| one.room.cmp(&other.room));
    let head = |room, epoch, seq| RoomHead { room, head: Cursor { epoch, seq }, rev: 0 };
    assert_eq!(heads, [head(chat, EPOCH, 1), head(live, 9, 2)]);
    assert!(store.room_heads(&carol.id).await.unwrap().is_empty());
    assert!(store.room_heads(&unknown_user()).await.unwrap().is_empty());
}

pub(crate) async fn a_live_room_is_deleted_with_its_chat(world: &World) {
    let World { store, alice, .. } = world;
    let [chat, other] = [world.room("general").await, world.room("other").await];
    let [live, kept] = [world.live(&chat).await.unwrap().id, world.live(&other).await.unwrap().id];
    let said = world.say(&live, alice, "hello", 2000).await;

    store.delete_room(&chat).await.unwrap();

    assert_eq!(store.room(&live).await.unwrap(), None);
    assert_eq!(store.role(&live, &alice.id).await.unwrap(), None);
    assert!(world.page(&live, HistoryRange::Newest, 10).await.messages.is_empty());
    assert_eq!(store.find_message(said.id).await.unwrap(), None);
    assert!(store.room(&kept).await.unwrap().is_some());
    assert_eq!(world.live(&chat).await, None);
    // No chat of this name is created any more, and so no session of it.
    let refused = store.create_room(draft_room("general", alice)).await.unwrap_err();
    assert!(matches!(refused, StoreError::RoomDeleted), "{refused:?}");
    // Without its chat, too, a live room may go; the chat gets another one.
    store.delete_room(&kept).await.unwrap();
    assert!(store.room(&kept).await.unwrap().is_none() && store.room(&other).await.unwrap().is_some());
    assert_eq!(world.live(&other).await.unwrap().head, Cursor { epoch: 9, seq: 0 });
}

/// As an older version made them: the chat decides what a room is, not its id.
pub(crate) async fn a_group_with_the_id_of_a_live_room_is_no_live_room(world: &World) {
    let World { store, alice, carol, .. } = world;
    let squat = store.create_room(draft_room("session_general", carol)).await.unwrap();
    world.say(&squat.id, carol, "not for alice", 1000).await;

    let chat = world.room("general").await;

    assert_eq!((squat.kind, &squat.chat), (RoomKind::Group, &None));
    assert_eq!(world.live(&chat).await, None);
    assert_eq!(store.role(&squat.id, &alice.id).await.unwrap(), None);
    assert_eq!(store.room(&chat).await.unwrap().unwrap().session, None);
    assert_eq!(store.room(&squat.id).await.unwrap().unwrap().members.len(), 1);
    // When it is gone, there is place for the session.
    store.delete_room(&squat.id).await.unwrap();
    let live = world.live(&chat).await.unwrap();
    assert_eq!((live.id, live.kind, live.chat), (squat.id, RoomKind::Live, Some(chat.clone())));
    // By whatever id it is asked for.
    let found = store.live_room(&room_id("session_other"), &chat, 9, 1500).await.unwrap().unwrap();
    assert_eq!(found.id, room_id("session_general"));
}

pub(crate) async fn the_latest_status_of_a_live_session_is_stored(world: &World) {
    let World { store, alice, .. } = world;
    let chat = world.room("general").await;
    let live = world.live(&chat).await.unwrap().id;
    let kept = async |room: &RoomId| store.room(room).await.unwrap().unwrap().live;

    for (room, of) in [(&live, Some(&chat)), (&chat, None)] {
        let began = LiveChange { chat: of.cloned(), ..live_change(room, &alice.id, "live") };
        let mut ended = LiveChange { at_ms: 3000, status: "ended".to_owned(), ..began.clone() };
        store.set_live(&began).await.unwrap();
        assert_eq!(kept(room).await, Some(began));
        ended.details.insert("why".into(), json!({"deep": [1, null, "\u{0}"]}));
        store.set_live(&ended).await.unwrap();
        assert_eq!(kept(room).await, Some(ended));
    }

    assert_eq!(kept(&live).await.unwrap().room, live, "each room has its own");
    // The chat knows both; the live room is the chat of no other.
    let session = async |room: &RoomId| store.room(room).await.unwrap().unwrap().session;
    assert_eq!(session(&chat).await, kept(&live).await);
    assert_eq!(session(&live).await, None);
    let other = world.room("other").await;
    let squat = store.create_room(draft_room("session_squat", alice)).await.unwrap().id;
    let squatted = world.room("squat").await;
    store.set_live(&live_change(&squat, &alice.id, "live")).await.unwrap();
    assert_eq!(kept(&squat).await.unwrap().chat, None);
    for room in [&other, &squatted] {
        assert_eq!(session(room).await, None, "{room}");
    }
    assert_eq!(world.live(&chat).await.unwrap().live, kept(&live).await);
    store.set_live(&live_change(&room_id("missing"), &alice.id, "live")).await.unwrap();
    assert_eq!(store.room(&room_id("missing")).await.unwrap(), None);
}
