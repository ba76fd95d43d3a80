//! Reconnect storms: presence while many users connect, disconnect and return at once.

use std::collections::BTreeSet;
use std::time::Duration;

use hub::{Command, HubSettings, WriterAction};
use tokio::time::Instant;

use crate::world::{TestClient, World, new_user, user};

/// The users in a line between `word=[` and `]`.
fn users_in(line: &str, word: &str) -> Vec<String> {
    let list = line.split(&format!("{word}=[")).nth(1).unwrap().split(']').next().unwrap();
    list.split_whitespace().map(str::to_owned).collect()
}

/// Adds this many members to the room.
async fn add_members(world: &World, count: usize) -> Vec<String> {
    let names: Vec<String> = (0..count).map(|n| format!("p{n:04}")).collect();
    for some in names.chunks(100) {
        for name in some {
            world.store.put_user(new_user(name));
        }
        let ids = some.iter().map(|name| user(name)).collect();
        world.hub.add_members(&user("ann"), &world.room, ids).await.unwrap();
    }
    names
}

#[tokio::test(start_paused = true)]
async fn a_crowd_that_connects_at_once_causes_two_presence_events() {
    const CROWD: usize = 300;
    let world = World::new(HubSettings::default()).await;
    let names = add_members(&world, CROWD).await;
    let mut ann = world.connect_and_join("ann").await;
    // Past the tick that ann's own connection began.
    tokio::time::advance(Duration::from_secs(1)).await;

    let mut crowd = Vec::new();
    for name in &names {
        crowd.push(world.connect_and_join(name).await);
    }
    let (first, rest) = (ann.receive("presence").await, ann.receive("presence").await);
    assert_eq!(users_in(&first, "online"), ["p0000"]);
    let announced: BTreeSet<String> =
        users_in(&rest, "online").into_iter().chain(users_in(&first, "online")).collect();
    assert_eq!(announced, names.iter().cloned().collect());

    drop(crowd);
    let (first, rest) = (ann.receive("presence").await, ann.receive("presence").await);
    assert!(users_in(&first, "online").is_empty() && users_in(&rest, "online").is_empty());
    let announced: BTreeSet<String> =
        users_in(&rest, "offline").into_iter().chain(users_in(&first, "offline")).collect();
    assert_eq!(announced, names.into_iter().collect());
    ann.receives_nothing_more().await;
}

/// The time between two presence events of a room whose only changes are these two users, who connect one after the other.
async fn presence_tick(world: &World, subscriber: &mut TestClient, users: [&str; 2]) -> Duration {
    // Past the tick of earlier changes.
    tokio::time::advance(Duration::from_mins(1)).await;
    let [first, second] = users;
    let _first = world.connect(first);
    subscriber.receive(&format!("presence online=[{first}]")).await;
    let sent = Instant::now();
    let _second = world.connect(second);
    subscriber.receive(&format!("presence online=[{second}]")).await;
    sent.elapsed()
}

#[tokio::test(start_paused = true)]
async fn presence_events_are_rarer_in_rooms_with_more_subscribers() {
    const CROWD: usize = 200;
    let grace = Duration::from_hours(1);
    let settings =
        HubSettings { presence_tick: Duration::ZERO, presence_grace: grace, ..HubSettings::default() };
    let world = World::new(settings).await;
    let names = add_members(&world, CROWD + 4).await;
    let mut crowd = Vec::new();
    for name in &names[..CROWD] {
        crowd.push(world.connect_and_join(name).await);
    }
    let (mut subscriber, late) = (crowd.remove(0), &names[CROWD..]);

    // 100 microseconds for each subscriber.
    assert_eq!(presence_tick(&world, &mut subscriber, [&late[0], &late[1]]).await, Duration::from_millis(20));

    let room = world.room.clone();
    for client in crowd.iter_mut().skip(CROWD / 2 - 1) {
        client.execute(Command::Leave { room: room.clone() }).await;
        client.receive("left").await;
    }
    assert_eq!(presence_tick(&world, &mut subscriber, [&late[2], &late[3]]).await, Duration::from_millis(10));
}

#[tokio::test(start_paused = true)]
async fn a_lost_user_is_offline_after_five_to_ten_seconds() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = world.connect_and_join("ann").await;
    let mut counting = world.connect_with_receipts("ann");
    counting.join(None).await;
    let bob = world.connect_and_join("bob").await;
    ann.receive("presence").await;
    counting.receive("participant bob true").await;
    let left = Instant::now();
    drop(bob);
    assert_eq!(ann.receive("presence").await, "presence online=[] offline=[bob]");
    assert_eq!(counting.receive("participant").await, "participant bob false");
    let after = left.elapsed();
    assert!((Duration::from_secs(5)..Duration::from_secs(10)).contains(&after), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn a_user_who_returns_within_the_grace_causes_no_event() {
    let world = World::new(HubSettings::default()).await;
    let mut ann = world.connect_and_join("ann").await;
    let mut counting = world.connect_with_receipts("ann");
    counting.join(None).await;
    let bob = world.connect_and_join("bob").await;
    ann.receive("presence").await;
    counting.receive("participant bob true").await;
    drop(bob);
    // The hub has noticed, and the grace runs.
    while world.hub.connections_of(&user("bob")) > 0 {
        tokio::task::yield_now().await;
    }
    tokio::time::advance(Duration::from_secs(4)).await;
    let _bob = world.connect_and_join("bob").await;
    tokio::time::advance(Duration::from_secs(30)).await;
    ann.receives_nothing_more().await;
    counting.receives_nothing_more().await;
}

#[tokio::test]
async fn a_drain_spreads_reconnects_over_groups_of_equal_size() {
    const CROWD: usize = 600;
    let world = World::new(HubSettings::default()).await;
    let names: Vec<String> = (0..CROWD).map(|n| format!("p{n:04}")).collect();
    let crowd: Vec<TestClient> = names.iter().map(|name| world.connect(name)).collect();
    let (mut connections, sessions): (Vec<_>, Vec<_>) =
        crowd.into_iter().map(|it| (it.connection, it.session)).unzip();
    let hub = world.hub.clone();
    let drained = tokio::spawn(async move { hub.drain().await });
    let mut hints = Vec::new();
    for connection in &mut connections {
        hints.push(connection.receive("closing").await);
    }
    let announced = |hint: &str| hints.iter().filter(|it| *it == hint).count();
    assert_eq!((announced("closing 1000"), announced("closing 1250")), (CROWD / 2, CROWD / 2));
    for connection in &mut connections {
        assert!(matches!(connection.receiver.next(&mut Vec::new(), 1).await, WriterAction::Close(_)));
    }
    drop(sessions);
    drained.await.unwrap();
}
