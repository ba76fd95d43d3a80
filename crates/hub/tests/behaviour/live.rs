//! Live sessions: who takes part, where the session stands, and whose it is.

use std::time::Duration;

use hub::store::{HistoryRange, RoomDraft, Store};
use hub::{Command, HubError, JoinMode, NewRoom, Settings};
use protocol::{MessageKind, RoomId, RoomKind};
use serde_json::Map;

use crate::world::{Listener, World, user};

fn session() -> RoomId {
    RoomId::parse("session_kitchen").unwrap()
}

async fn enter(listener: &mut Listener) {
    listener.wish(Command::Join { room: session(), mode: JoinMode::WithParticipants }).await;
}

fn live(status: &str) -> Command {
    Command::Live { room: session(), status: status.to_owned(), details: Map::new() }
}

/// Waits until the session's room has done what came before.
async fn settle(world: &World) {
    world.hub.mark_read(&user("ann"), &session(), 0).await.unwrap();
}

#[tokio::test]
async fn who_comes_is_told_of_everybody_inside_and_they_of_the_newcomer() {
    let world = World::new(Settings::default()).await;
    let (mut ann, mut bob) = (world.enter_counting("ann"), world.enter_counting("bob"));
    enter(&mut ann).await;
    assert_eq!(ann.hear("").await, "participant ann true");
    enter(&mut bob).await;
    assert_eq!(bob.hear("").await, "participant ann true");
    assert_eq!(bob.hear("").await, "participant bob true");
    assert_eq!(ann.hear("").await, "participant bob true");
    enter(&mut bob).await;
    bob.hears_nothing_more().await;
    bob.wish(Command::Leave { room: session() }).await;
    assert_eq!(ann.hear("").await, "participant bob false");
}

#[tokio::test(start_paused = true)]
async fn two_tabs_are_one_participant_and_a_lost_connection_leaves_after_a_while() {
    let grace = Duration::from_secs(5);
    let world = World::new(Settings { presence_grace: grace, ..Settings::default() }).await;
    let mut ann = world.enter_counting("ann");
    enter(&mut ann).await;
    let (mut first, mut second) = (world.enter_counting("bob"), world.enter_counting("bob"));
    enter(&mut first).await;
    enter(&mut second).await;
    assert_eq!(ann.hear("participant bob").await, "participant bob true");
    drop(first);
    // The second tab is still there,
    settle(&world).await;
    tokio::time::advance(grace * 2).await;
    settle(&world).await;
    ann.hears_nothing_more().await;
    // and a quick return is no leave.
    drop(second);
    let mut back = world.enter_counting("bob");
    enter(&mut back).await;
    ann.hears_nothing_more().await;
    drop(back);
    assert_eq!(ann.hear("").await, "participant bob false");
}

#[tokio::test]
async fn a_live_room_is_for_the_people_of_its_chat_at_every_moment() {
    let world = World::new(Settings::default()).await;
    let (mut ann, mut bob) = (world.enter_counting("ann"), world.enter_counting("bob"));
    let mut eve = world.enter_counting("eve");
    enter(&mut eve).await;
    assert_eq!(eve.hear("").await, "failed NotFound None");
    enter(&mut ann).await;
    enter(&mut bob).await;
    world.hub.add_members(&user("ann"), &world.room, vec![user("eve")]).await.unwrap();
    enter(&mut eve).await;
    assert_eq!(eve.hear("participant eve").await, "participant eve true");
    world.hub.remove_member(&user("ann"), &world.room, &user("bob")).await.unwrap();
    assert_eq!(bob.hear("left").await, "left session_kitchen");
    assert_eq!(ann.hear("participant bob false").await, "participant bob false");
    let said = Command::Post {
        room: session(),
        draft: None,
        body: "still here?".to_owned(),
        parent: None,
        kind: MessageKind::Text,
    };
    bob.wish(said.clone()).await;
    assert!(bob.hear("failed").await.starts_with("failed NotFound"));
    ann.wish(said).await;
    assert_eq!(eve.hear("message").await, "message 1:still here?");
    assert_eq!(world.store_page().await, 0, "the chat has messages of its own");
    let rooms = world.hub.rooms_of(&user("ann"), None, 10).await.unwrap();
    assert_eq!(rooms.len(), 1, "a live room is in no list");
    world.hub.delete_room(&user("ann"), &world.room).await.unwrap();
    assert_eq!(eve.hear("left").await, "left session_kitchen");
}

#[tokio::test]
async fn owners_say_where_the_session_stands_and_who_comes_later_learns_it() {
    let world = World::new(Settings::default()).await;
    let (mut ann, mut bob) = (world.enter_counting("ann"), world.enter_counting("bob"));
    enter(&mut bob).await;
    bob.wish(live("mine")).await;
    assert_eq!(bob.hear("failed").await, "failed Forbidden None");
    ann.wish(live("early")).await;
    assert_eq!(ann.hear("failed").await, "failed NotJoined None");
    enter(&mut ann).await;
    ann.wish(live("live")).await;
    assert_eq!(bob.hear("live").await, "live ann live");
    for bad in ["", " ", "a\nb", &"x".repeat(33)] {
        ann.wish(live(bad)).await;
        assert!(ann.hear("failed").await.starts_with("failed "), "{bad:?}");
    }
    let mut late = world.enter_counting("bob");
    enter(&mut late).await;
    assert_eq!(late.hear("live").await, "live ann live");
}

#[tokio::test]
async fn a_chat_shows_where_its_session_stands() {
    let world = World::new(Settings::default()).await;
    let mut ann = world.enter_counting("ann");
    let (mut bob, mut plain) = (world.enter_with_sessions("bob"), world.inside("bob").await);
    enter(&mut ann).await;
    bob.join(None).await;
    assert_eq!(bob.hear("joined").await, "joined recovered=false head=0 []");
    ann.wish(live("live")).await;
    assert_eq!(bob.hear("live").await, "live ann live");
    ann.wish(live("paused")).await;
    assert_eq!(bob.hear("live").await, "live ann paused");
    ann.join(None).await;
    let told = "joined recovered=false head=0 [] session_kitchen paused";
    assert_eq!(ann.hear("joined").await, told);
    // Nobody has become a participant by that, and other dialects hear nothing.
    ann.hears_nothing_more().await;
    plain.hears_nothing_more().await;
    let world = world.restart();
    let mut late = world.enter_with_sessions("bob");
    late.join(None).await;
    assert_eq!(late.hear("joined").await, told);
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
async fn nobody_makes_a_room_with_an_id_of_live_rooms() {
    let world = World::new(Settings::default()).await;
    for id in ["session_attic", "session_kitchen", "session_"] {
        let refused = world.hub.create_room(&user("eve"), new_room(id)).await;
        assert!(matches!(refused, Err(HubError::Invalid { field: "id", .. })), "{id}: {refused:?}");
        assert_eq!(world.store.room(&RoomId::parse(id).unwrap()).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_room_that_only_has_such_a_name_is_nobodys_session() {
    let world = World::new(Settings::default()).await;
    let attic = RoomId::parse("attic").unwrap();
    let room = RoomId::parse("session_attic").unwrap();
    // As an older version let eve make it, with ann in it.
    let squat = RoomDraft {
        id: room.clone(),
        name: "Attic".to_owned(),
        kind: RoomKind::Group,
        epoch: 7,
        owner: user("eve"),
        members: vec![user("ann")],
        at_ms: 0,
    };
    world.store.create_room(squat).await.unwrap();
    world
        .hub
        .create_room(&user("ann"), NewRoom { members: vec![user("bob")], ..new_room("attic") })
        .await
        .unwrap();
    let (mut eve, mut ann) = (world.enter_counting("eve"), world.enter_with_sessions("ann"));
    let mut bob = world.enter("bob");
    ann.wish(Command::Join { room: attic.clone(), mode: JoinMode::Recover(None) }).await;
    ann.hear("joined").await;
    eve.wish(Command::Join { room: room.clone(), mode: JoinMode::WithParticipants }).await;
    eve.wish(Command::Live { room: room.clone(), status: "live".to_owned(), details: Map::new() }).await;
    assert_eq!(eve.hear("live").await, "live eve live");
    ann.hears_nothing_more().await;
    // The chat has no session then, and its members are no members of the other room.
    let peeked = world.hub.peek_live(&user("ann"), &attic).await;
    assert!(matches!(peeked, Err(HubError::NoSuchRoom)), "{peeked:?}");
    assert!(world.hub.check_member(&user("bob"), &room).await.is_err());
    assert!(world.hub.history(&user("bob"), &room, HistoryRange::Newest, 10).await.is_err());
    bob.wish(Command::Join { room, mode: JoinMode::Recover(None) }).await;
    assert_eq!(bob.hear("failed").await, "failed NotFound None");
}

#[tokio::test]
async fn an_outsider_neither_makes_a_live_room_nor_wakes_any() {
    let world = World::new(Settings::default()).await;
    let mut eve = world.enter("eve");
    for room in [&session(), &world.room] {
        // Who would read the members is answered with a failure.
        world.store.faults().fail_next_record();
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
        eve.wish(Command::Join { room: room.clone(), mode: JoinMode::Recover(None) }).await;
        assert_eq!(eve.hear("failed").await, "failed NotFound None");
        world.store.room(room).await.unwrap_err();
    }
    assert_eq!(world.store.room(&session()).await.unwrap(), None);
    assert_eq!(world.hub.stats().rooms, 0);
    // Its first member makes it.
    assert_eq!(world.hub.peek_live(&user("bob"), &world.room).await.unwrap().room, session());
    assert_eq!(world.store.room(&session()).await.unwrap().unwrap().chat.as_ref(), Some(&world.room));
}

#[tokio::test]
async fn a_member_who_is_taken_out_while_a_page_is_read_does_not_get_it() {
    let world = World::new(Settings::default()).await;
    let mut ann = world.inside("ann").await;
    ann.say(1, "before").await;
    ann.hear("posted").await;
    for peeks in [false, true] {
        let mut held = world.store.faults().hold_next_page();
        let hub = world.hub.clone();
        let room = world.room.clone();
        let reads = tokio::spawn(async move {
            let bob = user("bob");
            if peeks {
                hub.peek(&bob, &room).await.map(drop)
            } else {
                hub.history(&bob, &room, HistoryRange::Newest, 10).await.map(drop)
            }
        });
        held.begun().await;
        world.hub.remove_member(&user("ann"), &world.room, &user("bob")).await.unwrap();
        ann.say(2, "not for bob").await;
        ann.hear("posted").await;
        held.go_on();

        let read = reads.await.unwrap();

        assert!(matches!(read, Err(HubError::NoSuchRoom)), "peeks: {peeks}, {read:?}");
        world.hub.add_members(&user("ann"), &world.room, vec![user("bob")]).await.unwrap();
    }
}

#[tokio::test]
async fn a_member_who_is_taken_out_while_missed_messages_are_read_gets_none() {
    let world = World::new(Settings::default()).await;
    let start = world.beginning().await;
    // More than one answer brings, so that bob's own task reads what he missed.
    world.store_drafts(1..=1000).await;
    let mut ann = world.inside("ann").await;
    let mut bob = world.enter("bob");
    let mut held = world.store.faults().hold_next_page();
    let joins = tokio::spawn(async move {
        bob.join(Some(start)).await;
        bob
    });
    held.begun().await;
    world.hub.remove_member(&user("ann"), &world.room, &user("bob")).await.unwrap();
    ann.say(3000, "not for bob").await;
    ann.hear("posted").await;
    held.go_on();
    let mut bob = joins.await.unwrap();
    assert_eq!(bob.hear("").await, "room_removed kitchen");
    assert_eq!(bob.hear("").await, "failed NotFound None");
}

#[tokio::test]
async fn a_live_room_is_not_renamed_deleted_or_filled_on_its_own() {
    let world = World::new(Settings::default()).await;
    let mut ann = world.enter_counting("ann");
    enter(&mut ann).await;
    assert!(world.hub.rename_room(&user("ann"), &session(), "Mine").await.is_err());
    assert!(world.hub.delete_room(&user("ann"), &session()).await.is_err());
    assert!(world.hub.add_members(&user("ann"), &session(), vec![user("eve")]).await.is_err());
    assert!(world.hub.remove_member(&user("ann"), &session(), &user("bob")).await.is_err());
}
