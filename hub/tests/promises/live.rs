//! Live sessions: who takes part, where the session stands, and whose it is.

use std::time::Duration;

use hub::{Bring, Command, NewRoom, Settings};
use protocol::{MessageKind, RoomId, RoomKind};
use serde_json::Map;

use crate::world::{Listener, World, user};

fn session() -> RoomId {
    RoomId::parse("session_kitchen").unwrap()
}

async fn enter(listener: &mut Listener) {
    listener.wish(Command::Join { room: session(), bring: Bring::Participants }).await;
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

#[tokio::test]
async fn a_room_that_only_has_such_a_name_is_nobodys_session() {
    let world = World::new(Settings::default()).await;
    let attic = RoomId::parse("attic").unwrap();
    let new = |id: &str| NewRoom {
        id: Some(RoomId::parse(id).unwrap()),
        name: "Attic".to_owned(),
        kind: RoomKind::Group,
        members: Vec::new(),
    };
    world.hub.create_room(&user("eve"), new("session_attic")).await.unwrap();
    world.hub.create_room(&user("ann"), new("attic")).await.unwrap();
    let (mut eve, mut ann) = (world.enter_counting("eve"), world.enter_with_sessions("ann"));
    ann.wish(Command::Join { room: attic.clone(), bring: Bring::Page(None) }).await;
    ann.hear("joined").await;
    let room = RoomId::parse("session_attic").unwrap();
    eve.wish(Command::Join { room: room.clone(), bring: Bring::Participants }).await;
    eve.wish(Command::Live { room, status: "live".to_owned(), details: Map::new() }).await;
    assert_eq!(eve.hear("live").await, "live eve live");
    ann.hears_nothing_more().await;
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
