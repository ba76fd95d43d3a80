//! Many who come and go at once, and those who go without a word.

use std::collections::BTreeSet;
use std::time::Duration;

use hub::{Settings, WriterAction};
use tokio::time::Instant;

use crate::world::{Listener, World, person, user};

/// The people named in a line between `word=[` and `]`.
fn named(line: &str, word: &str) -> Vec<String> {
    let list = line.split(&format!("{word}=[")).nth(1).unwrap().split(']').next().unwrap();
    list.split_whitespace().map(str::to_owned).collect()
}

/// This many more members of the room.
async fn members(world: &World, count: usize) -> Vec<String> {
    let names: Vec<String> = (0..count).map(|n| format!("p{n:04}")).collect();
    for some in names.chunks(100) {
        for name in some {
            world.store.put_user(person(name));
        }
        let ids = some.iter().map(|name| user(name)).collect();
        world.hub.add_members(&user("ann"), &world.room, ids).await.unwrap();
    }
    names
}

#[tokio::test(start_paused = true)]
async fn a_crowd_that_comes_and_goes_at_once_is_told_of_in_two_events_each() {
    const CROWD: usize = 300;
    let world = World::new(Settings::default()).await;
    let names = members(&world, CROWD).await;
    let mut ann = world.inside("ann").await;
    // Past the tick that ann's own coming began.
    tokio::time::advance(Duration::from_secs(1)).await;

    let mut crowd = Vec::new();
    for name in &names {
        crowd.push(world.inside(name).await);
    }
    let (first, rest) = (ann.hear("presence").await, ann.hear("presence").await);
    assert_eq!(named(&first, "online"), ["p0000"]);
    let told: BTreeSet<String> = named(&rest, "online").into_iter().chain(named(&first, "online")).collect();
    assert_eq!(told, names.iter().cloned().collect());

    drop(crowd);
    let (first, rest) = (ann.hear("presence").await, ann.hear("presence").await);
    assert!(named(&first, "online").is_empty() && named(&rest, "online").is_empty());
    let told: BTreeSet<String> =
        named(&rest, "offline").into_iter().chain(named(&first, "offline")).collect();
    assert_eq!(told, names.into_iter().collect());
    ann.hears_nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn who_goes_without_a_word_is_gone_within_ten_seconds_and_not_before_five() {
    let world = World::new(Settings::default()).await;
    let mut ann = world.inside("ann").await;
    let mut counting = world.enter_counting("ann");
    counting.join(None).await;
    let bob = world.inside("bob").await;
    ann.hear("presence").await;
    counting.hear("participant bob true").await;
    let left = Instant::now();
    drop(bob);
    assert_eq!(ann.hear("presence").await, "presence online=[] offline=[bob]");
    assert_eq!(counting.hear("participant").await, "participant bob false");
    let after = left.elapsed();
    assert!((Duration::from_secs(5)..Duration::from_secs(10)).contains(&after), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_in_time_was_never_gone_for_the_others() {
    let world = World::new(Settings::default()).await;
    let mut ann = world.inside("ann").await;
    let mut counting = world.enter_counting("ann");
    counting.join(None).await;
    let bob = world.inside("bob").await;
    ann.hear("presence").await;
    counting.hear("participant bob true").await;
    drop(bob);
    // The hub has noticed, and its clock runs.
    while world.hub.connections_of(&user("bob")) > 0 {
        tokio::task::yield_now().await;
    }
    tokio::time::advance(Duration::from_secs(4)).await;
    let _bob = world.inside("bob").await;
    tokio::time::advance(Duration::from_secs(30)).await;
    ann.hears_nothing_more().await;
    counting.hears_nothing_more().await;
}

#[tokio::test]
async fn a_stop_sends_a_crowd_back_in_groups_of_the_same_size() {
    const CROWD: usize = 600;
    let world = World::new(Settings::default()).await;
    let names: Vec<String> = (0..CROWD).map(|n| format!("p{n:04}")).collect();
    let crowd: Vec<Listener> = names.iter().map(|name| world.enter(name)).collect();
    let (mut ears, peers): (Vec<_>, Vec<_>) = crowd.into_iter().map(|it| (it.ear, it.peer)).unzip();
    let hub = world.hub.clone();
    let drained = tokio::spawn(async move { hub.drain().await });
    let mut hints = Vec::new();
    for ear in &mut ears {
        hints.push(ear.hear("closing").await);
    }
    let told = |hint: &str| hints.iter().filter(|it| *it == hint).count();
    assert_eq!((told("closing 1000"), told("closing 1250")), (CROWD / 2, CROWD / 2));
    for ear in &mut ears {
        assert!(matches!(ear.inlet.next(&mut Vec::new(), 1).await, WriterAction::Close(_)));
    }
    drop(peers);
    drained.await.unwrap();
}
