//! Members: users who left for good, former members, and the members that a join shows.

use std::time::Duration;

use bytes::Bytes;
use hub::{Encoder, Event, HubError, HubSettings};
use protocol::ErrorCode;
use tokio::time::Instant;

use crate::world::{World, user};

#[tokio::test]
async fn a_user_who_left_for_good_is_added_only_after_taking_it_back() {
    let world = World::new(HubSettings::default()).await;
    let (ann, bob) = (user("ann"), user("bob"));
    let add = async |name: &str| world.hub.add_members(&ann, &world.room, vec![user(name)]).await;
    world.hub.leave_for_good(&bob, &world.room).await.unwrap();
    let error = add("bob").await.unwrap_err();
    assert!(matches!(&error, HubError::LeftForGood(user) if *user == bob), "{error:?}");
    assert_eq!((error.code(), error.field()), (ErrorCode::Forbidden, Some("user_ids")));
    assert_eq!(world.hub.take_back_leaving(&world.room, std::slice::from_ref(&bob)).await.unwrap(), 1);
    assert_eq!(add("bob").await.unwrap().len(), 1);

    let error = add("nobody").await.unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::NotFound, Some("user_ids")));
}

#[tokio::test(start_paused = true)]
async fn a_former_member_does_not_keep_a_room_in_memory() {
    let world = World::new(HubSettings { room_idle: Duration::from_mins(1), ..HubSettings::default() }).await;
    world.hub.remove_member(&user("ann"), &world.room, &user("bob")).await.unwrap();
    assert_eq!(world.hub.stats().rooms, 1);
    let removed = Instant::now();
    tokio::time::advance(Duration::from_secs(50)).await;
    let _bob = world.connect("bob");
    while world.hub.stats().rooms > 0 {
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert!(removed.elapsed() < Duration::from_secs(65), "{:?}", removed.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_client_is_shown_its_user_as_online_before_others_are() {
    /// The members that a join shows as online.
    fn online(event: &Event) -> Option<Bytes> {
        let Event::Joined(joined) = event else { return None };
        let members = joined.to_wire().members.into_iter().filter(|member| member.online);
        let names: Vec<String> = members.map(|member| member.name).collect();
        Some(format!("online {}", names.join(" ")).into())
    }

    let world = World::new(HubSettings::default()).await;
    let mut ann = world.connect_and_join("ann").await;
    let eve = user("eve");
    world.hub.add_members(&user("ann"), &world.room, vec![eve]).await.unwrap();
    let _eve = world.connect_and_join("eve").await;
    assert_eq!(ann.receive("presence").await, "presence online=[eve] offline=[]");
    // Within the tick of that event no other is sent.
    let mut bob = world.connect_with_encoder("bob", Encoder::new(3, online));
    bob.join(None).await;
    assert_eq!(bob.receive("online").await, "online ann bob eve");
    bob.join(None).await;
    assert_eq!(bob.receive("online").await, "online ann bob eve");
    assert_eq!(ann.receive("presence").await, "presence online=[bob] offline=[]");
    bob.join(None).await;
    assert_eq!(bob.receive("online").await, "online ann bob eve");
}
