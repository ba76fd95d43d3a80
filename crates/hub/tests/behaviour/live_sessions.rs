//! Live sessions: participants, status, and the chat whose members a live room has.

use std::time::Duration;

use hub::store::{HistoryRange, RoomDraft, Store};
use hub::{Command, HubError, HubSettings, JoinMode, NewRoom};
use protocol::{MessageKind, RoomId, RoomKind};
use serde_json::Map;

use crate::world::{TestClient, World, user};

fn live_room() -> RoomId {
    RoomId::parse("session_kitchen").unwrap()
}

async fn join_live(client: &mut TestClient) {
    client.execute(Command::Join { room: live_room(), mode: JoinMode::WithParticipants }).await;
}

fn set_status(status: &str) -> Command {
    Command::Live { room: live_room(), status: status.to_owned(), details: Map::new() }
}

/// Waits until the live room has executed the commands before this one.
async fn settle(world: &World) {
    world.hub.mark_read(&user("ann"), &live_room(), 0).await.unwrap();
}

#[tokio::test]
async fn a_new_participant_and_the_others_receive_each_other() {
    let world = World::new(HubSettings::default()).await;
    let (mut ann, mut bob) = (world.connect_with_receipts("ann"), world.connect_with_receipts("bob"));
    join_live(&mut ann).await;
    assert_eq!(ann.receive("").await, "participant ann true");
    join_live(&mut bob).await;
    assert_eq!(bob.receive("").await, "participant ann true");
    assert_eq!(bob.receive("").await, "participant bob true");
    assert_eq!(ann.receive("").await, "participant bob true");
    join_live(&mut bob).await;
    bob.receives_nothing_more().await;
    bob.execute(Command::Leave { room: live_room() }).await;
    assert_eq!(ann.receive("").await, "participant bob false");
}

#[tokio::test(start_paused = true)]
async fn two_tabs_are_one_participant_who_leaves_after_a_grace() {
    let grace = Duration::from_secs(5);
    let world = World::new(HubSettings { presence_grace: grace, ..HubSettings::default() }).await;
    let mut ann = world.connect_with_receipts("ann");
    join_live(&mut ann).await;
    let (mut first, mut second) = (world.connect_with_receipts("bob"), world.connect_with_receipts("bob"));
    join_live(&mut first).await;
    join_live(&mut second).await;
    assert_eq!(ann.receive("participant bob").await, "participant bob true");
    drop(first);
    // The second tab is still connected,
    settle(&world).await;
    tokio::time::advance(grace * 2).await;
    settle(&world).await;
    ann.receives_nothing_more().await;
    // and a quick return is no leave.
    drop(second);
    let mut back = world.connect_with_receipts("bob");
    join_live(&mut back).await;
    ann.receives_nothing_more().await;
    drop(back);
    assert_eq!(ann.receive("").await, "participant bob false");
}

#[tokio::test]
async fn a_live_room_has_the_members_of_its_chat_at_every_moment() {
    let world = World::new(HubSettings::default()).await;
    let (mut ann, mut bob) = (world.connect_with_receipts("ann"), world.connect_with_receipts("bob"));
    let mut eve = world.connect_with_receipts("eve");
    join_live(&mut eve).await;
    assert_eq!(eve.receive("").await, "failed NotFound None");
    join_live(&mut ann).await;
    join_live(&mut bob).await;
    world.hub.add_members(&user("ann"), &world.room, vec![user("eve")]).await.unwrap();
    join_live(&mut eve).await;
    assert_eq!(eve.receive("participant eve").await, "participant eve true");
    world.hub.remove_member(&user("ann"), &world.room, &user("bob")).await.unwrap();
    assert_eq!(bob.receive("left").await, "left session_kitchen");
    assert_eq!(ann.receive("participant bob false").await, "participant bob false");
    let post = Command::Post {
        room: live_room(),
        draft: None,
        body: "still here?".to_owned(),
        parent: None,
        kind: MessageKind::Text,
    };
    bob.execute(post.clone()).await;
    assert!(bob.receive("failed").await.starts_with("failed NotFound"));
    ann.execute(post).await;
    assert_eq!(eve.receive("message").await, "message 1:still here?");
    assert_eq!(world.store_page().await, 0, "the chat has messages of its own");
    let rooms = world.hub.rooms_of(&user("ann"), None, 10).await.unwrap();
    assert_eq!(rooms.len(), 1, "a live room is in no list");
    world.hub.delete_room(&user("ann"), &world.room).await.unwrap();
    assert_eq!(eve.receive("left").await, "left session_kitchen");
}

#[tokio::test]
async fn owners_set_the_live_status_and_later_clients_receive_it() {
    let world = World::new(HubSettings::default()).await;
    let (mut ann, mut bob) = (world.connect_with_receipts("ann"), world.connect_with_receipts("bob"));
    join_live(&mut bob).await;
    bob.execute(set_status("mine")).await;
    assert_eq!(bob.receive("failed").await, "failed Forbidden None");
    ann.execute(set_status("early")).await;
    assert_eq!(ann.receive("failed").await, "failed NotJoined None");
    join_live(&mut ann).await;
    ann.execute(set_status("live")).await;
    assert_eq!(bob.receive("live").await, "live ann live");
    for bad in ["", " ", "a\nb", &"x".repeat(33)] {
        ann.execute(set_status(bad)).await;
        assert!(ann.receive("failed").await.starts_with("failed "), "{bad:?}");
    }
    let mut late = world.connect_with_receipts("bob");
    join_live(&mut late).await;
    assert_eq!(late.receive("live").await, "live ann live");
}

#[tokio::test]
async fn a_chat_shows_the_status_of_its_live_session() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = world.connect_with_receipts("ann");
    let (mut bob, mut plain) = (world.connect_with_live_status("bob"), world.connect_and_join("bob").await);
    join_live(&mut ann).await;
    bob.join(None).await;
    assert_eq!(bob.receive("joined").await, "joined recovered=false head=0 []");
    ann.execute(set_status("live")).await;
    assert_eq!(bob.receive("live").await, "live ann live");
    ann.execute(set_status("paused")).await;
    assert_eq!(bob.receive("live").await, "live ann paused");
    ann.join(None).await;
    let expected = "joined recovered=false head=0 [] session_kitchen paused";
    assert_eq!(ann.receive("joined").await, expected);
    // That makes no participant, and other dialects receive nothing.
    ann.receives_nothing_more().await;
    plain.receives_nothing_more().await;
    let world = world.restart();
    let mut late = world.connect_with_live_status("bob");
    late.join(None).await;
    assert_eq!(late.receive("joined").await, expected);
}

fn new_room(id: &str) -> NewRoom {
    NewRoom {
        id: Some(RoomId::parse(id).unwrap()),
        name: "Attic".to_owned(),
        kind: RoomKind::Group,
        members: Vec::new(),
    }
}

#[tokio::test]
async fn an_id_of_live_rooms_is_refused_for_a_new_room() {
    let world = World::new(HubSettings::default()).await;
    for id in ["session_attic", "session_kitchen", "session_"] {
        let refused = world.hub.create_room(&user("eve"), new_room(id)).await;
        assert!(matches!(refused, Err(HubError::Invalid { field: "id", .. })), "{id}: {refused:?}");
        assert_eq!(world.store.room(&RoomId::parse(id).unwrap()).await.unwrap(), None);
    }
}

#[tokio::test]
async fn an_older_room_with_an_id_of_live_rooms_has_no_chat() {
    let world = World::new(HubSettings::default()).await;
    let attic = RoomId::parse("attic").unwrap();
    let room = RoomId::parse("session_attic").unwrap();
    // As an older version let eve create it, with ann in it.
    let older = RoomDraft {
        id: room.clone(),
        name: "Attic".to_owned(),
        kind: RoomKind::Group,
        epoch: 7,
        owner: user("eve"),
        members: vec![user("ann")],
        at_ms: 0,
    };
    world.store.create_room(older).await.unwrap();
    world
        .hub
        .create_room(&user("ann"), NewRoom { members: vec![user("bob")], ..new_room("attic") })
        .await
        .unwrap();
    let (mut eve, mut ann) = (world.connect_with_receipts("eve"), world.connect_with_live_status("ann"));
    let mut bob = world.connect("bob");
    ann.execute(Command::Join { room: attic.clone(), mode: JoinMode::Recover(None) }).await;
    ann.receive("joined").await;
    eve.execute(Command::Join { room: room.clone(), mode: JoinMode::WithParticipants }).await;
    eve.execute(Command::Live { room: room.clone(), status: "live".to_owned(), details: Map::new() }).await;
    assert_eq!(eve.receive("live").await, "live eve live");
    ann.receives_nothing_more().await;
    // The chat has no session then, and its members are no members of the other room.
    let peeked = world.hub.peek_live(&user("ann"), &attic).await;
    assert!(matches!(peeked, Err(HubError::NoSuchRoom)), "{peeked:?}");
    assert!(world.hub.check_member(&user("bob"), &room).await.is_err());
    assert!(world.hub.history(&user("bob"), &room, HistoryRange::Newest, 10).await.is_err());
    bob.execute(Command::Join { room, mode: JoinMode::Recover(None) }).await;
    assert_eq!(bob.receive("failed").await, "failed NotFound None");
}

#[tokio::test]
async fn an_outsider_neither_creates_nor_spawns_a_live_room() {
    let world = World::new(HubSettings::default()).await;
    let mut eve = world.connect("eve");
    for room in [&live_room(), &world.room] {
        // A read of the members would fail.
        world.store.inject().fail_next_record();
        for refused in [
            world.hub.peek(&user("eve"), room).await.map(drop),
            world.hub.peek_live(&user("eve"), room).await.map(drop),
            world.hub.members(&user("eve"), room).await.map(drop),
            world.hub.check_member(&user("eve"), room).await,
            world.hub.history(&user("eve"), room, HistoryRange::Newest, 10).await.map(drop),
            world.hub.mark_read(&user("eve"), room, 1).await,
            world.hub.rename_room(&user("eve"), room, "Mine").await.map(drop),
            world.hub.delete_room(&user("eve"), room).await,
        ] {
            assert!(matches!(refused, Err(HubError::NoSuchRoom)), "{room}: {refused:?}");
        }
        eve.execute(Command::Join { room: room.clone(), mode: JoinMode::Recover(None) }).await;
        assert_eq!(eve.receive("failed").await, "failed NotFound None");
        world.store.room(room).await.unwrap_err();
    }
    assert_eq!(world.store.room(&live_room()).await.unwrap(), None);
    assert_eq!(world.hub.stats().rooms, 0);
    // The first member that asks for it creates it.
    assert_eq!(world.hub.peek_live(&user("bob"), &world.room).await.unwrap().room, live_room());
    assert_eq!(world.store.room(&live_room()).await.unwrap().unwrap().chat.as_ref(), Some(&world.room));
}

#[tokio::test]
async fn a_member_removed_while_a_page_is_read_does_not_get_it() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = world.connect_and_join("ann").await;
    ann.post(1, "before").await;
    ann.receive("posted").await;
    for peeks in [false, true] {
        let mut held = world.store.inject().hold_next_page();
        let hub = world.hub.clone();
        let room = world.room.clone();
        let read_task = tokio::spawn(async move {
            let bob = user("bob");
            if peeks {
                hub.peek(&bob, &room).await.map(drop)
            } else {
                hub.history(&bob, &room, HistoryRange::Newest, 10).await.map(drop)
            }
        });
        held.begun().await;
        world.hub.remove_member(&user("ann"), &world.room, &user("bob")).await.unwrap();
        ann.post(2, "not for bob").await;
        ann.receive("posted").await;
        held.resume();

        let read = read_task.await.unwrap();

        assert!(matches!(read, Err(HubError::NoSuchRoom)), "peeks: {peeks}, {read:?}");
        world.hub.add_members(&user("ann"), &world.room, vec![user("bob")]).await.unwrap();
    }
}

#[tokio::test]
async fn a_member_removed_while_missed_messages_are_read_gets_none() {
    let world = World::new(HubSettings::default()).await;
    let start = world.beginning().await;
    // More than fits one answer, so that bob's session reads what he missed.
    world.store_drafts(1..=1000).await;
    let mut ann = world.connect_and_join("ann").await;
    let mut bob = world.connect("bob");
    let mut held = world.store.inject().hold_next_page();
    let join_task = tokio::spawn(async move {
        bob.join(Some(start)).await;
        bob
    });
    held.begun().await;
    world.hub.remove_member(&user("ann"), &world.room, &user("bob")).await.unwrap();
    ann.post(3000, "not for bob").await;
    ann.receive("posted").await;
    held.resume();
    let mut bob = join_task.await.unwrap();
    assert_eq!(bob.receive("").await, "room_removed kitchen");
    assert_eq!(bob.receive("").await, "failed NotFound None");
}

#[tokio::test]
async fn a_live_room_is_not_renamed_deleted_or_extended_by_itself() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = world.connect_with_receipts("ann");
    join_live(&mut ann).await;
    assert!(world.hub.rename_room(&user("ann"), &live_room(), "Mine").await.is_err());
    assert!(world.hub.delete_room(&user("ann"), &live_room()).await.is_err());
    assert!(world.hub.add_members(&user("ann"), &live_room(), vec![user("eve")]).await.is_err());
    assert!(world.hub.remove_member(&user("ann"), &live_room(), &user("bob")).await.is_err());
}
