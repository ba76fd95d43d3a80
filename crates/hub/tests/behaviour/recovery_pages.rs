//! Recovery in pages: a long absence is served page by page, complete and in order, without delaying others.

use hub::HubSettings;
use protocol::{Cursor, limits};

use crate::world::{TestClient, World, user};

/// Joins with a cursor. Returns the numbers in the page, and whether there are more.
async fn next_page(reader: &mut TestClient, since: Cursor) -> (Vec<u64>, bool) {
    reader.join(Some(since)).await;
    let line = reader.receive("joined").await;
    assert!(line.starts_with("joined recovered=true"), "{line}");
    let (start, end) = (line.find('[').unwrap(), line.find(']').unwrap());
    let texts = line[start + 1..end].split_whitespace();
    let seqs: Vec<u64> = texts.map(|it| it.split(':').next().unwrap().parse().unwrap()).collect();
    if let Some(last) = seqs.last() {
        assert!(line.contains(&format!("head={last} ")), "the head is where the client stands then: {line}");
    }
    (seqs, line.ends_with("and more"))
}

#[tokio::test]
async fn missed_messages_come_in_pages_and_the_last_page_says_so() {
    for (missing, pages) in [
        (499, vec![499]),
        (500, vec![500]),
        (501, vec![500, 1]),
        (1_000, vec![500, 500]),
        (1_001, vec![500, 500, 1]),
    ] {
        let world = World::new(HubSettings::default()).await;
        world.store_drafts(1..=missing).await;
        let mut bob = world.connect("bob");
        let (mut since, mut lengths, mut received) = (world.beginning().await, Vec::new(), Vec::new());
        loop {
            let (seqs, more) = next_page(&mut bob, since).await;
            lengths.push(seqs.len());
            since.seq = seqs.last().copied().unwrap_or(since.seq);
            received.extend(seqs);
            if !more {
                break;
            }
        }
        assert_eq!(lengths, pages, "{missing}");
        assert!(received.into_iter().map(u128::from).eq(1..=missing), "{missing}");
    }
}

/// Messages of 60,000 bytes that one page holds.
const LONG_MESSAGES_PER_PAGE: usize = limits::PAGE_BYTES / 60_256;

/// Messages of that length, each with its number in front.
fn long(numbers: std::ops::RangeInclusive<u128>) -> impl Iterator<Item = (u128, String)> {
    numbers.map(|number| (number, format!("{number}-{}", "x".repeat(60_000 - 10))))
}

#[tokio::test]
async fn a_page_is_bounded_in_bytes_from_cache_and_from_store() {
    // From the history cache, from one page of the store, and in several pages.
    for (history_cache_messages_per_room, missing) in [(256, 30), (10, 60), (10, 600)] {
        let world =
            World::new(HubSettings { history_cache_messages_per_room, ..HubSettings::default() }).await;
        if missing < 60 {
            let mut ann = world.connect_and_join("ann").await;
            for (draft, text) in long(1..=missing) {
                ann.post(draft, &text).await;
                ann.receive(&format!("posted {draft}")).await;
            }
        } else {
            world.store_texts(long(1..=missing)).await;
        }
        let mut bob = world.connect_with("bob", 64 * 1024 * 1024);
        let (mut since, mut received) = (world.beginning().await, Vec::new());
        loop {
            let (seqs, more) = next_page(&mut bob, since).await;
            assert!(seqs.len() <= LONG_MESSAGES_PER_PAGE, "{missing}: {} in one page", seqs.len());
            since.seq = *seqs.last().unwrap();
            received.extend(seqs);
            // Only the last page subscribes bob.
            bob.post(received.len() as u128 + 10_000, "may I").await;
            let is_in = !bob.receive_next().await.starts_with("failed NotJoined");
            assert_eq!(is_in, !more, "{missing}");
            if !more {
                break;
            }
        }
        assert!(received.into_iter().map(u128::from).eq(1..=missing), "{missing}");
    }
}

#[tokio::test]
async fn the_newest_page_is_bounded_in_bytes() {
    let world = World::new(HubSettings::default()).await;
    world.store_texts(long(1..=30)).await;
    let mut bob = world.connect_with("bob", 64 * 1024 * 1024);
    bob.join(None).await;
    let line = bob.receive("joined recovered=false head=30").await;
    let numbers: Vec<&str> =
        line.split_whitespace().filter_map(|it| it.split_once(':')).map(|it| it.0).collect();
    let newest: Vec<String> = (31 - LONG_MESSAGES_PER_PAGE..=30).map(|seq| seq.to_string()).collect();
    assert_eq!(numbers.iter().map(|it| it.trim_start_matches('[')).collect::<Vec<_>>(), newest);
}

#[tokio::test]
async fn messages_posted_during_a_recovery_arrive_once_and_in_order() {
    let world = World::new(HubSettings::default()).await;
    world.store_drafts(1..=2_300).await;
    let (mut ann, mut bob) = (world.connect_and_join("ann").await, world.connect("bob"));
    let (mut since, mut received, mut drafts) = (world.beginning().await, Vec::new(), 3_000..);
    loop {
        let draft = drafts.next().unwrap();
        ann.post(draft, "meanwhile").await;
        assert_eq!(ann.receive("posted").await, format!("posted {} {draft}", draft - 699));
        let (seqs, more) = next_page(&mut bob, since).await;
        since.seq = *seqs.last().unwrap();
        received.extend(seqs);
        if !more {
            break;
        }
        // Bob is not subscribed before the last page: a message that is posted now does not arrive twice.
        bob.receives_nothing_more().await;
        bob.post(1, "too early").await;
        assert_eq!(bob.receive_next().await, "failed NotJoined Some(1)");
    }
    assert_eq!(received, (1..=2_305).collect::<Vec<u64>>());
    ann.post(5_000, "after").await;
    assert_eq!(bob.receive_next().await, "message 2306:after");
}

#[tokio::test]
async fn a_subscriber_that_joins_again_remains_subscribed() {
    let world = World::new(HubSettings::default()).await;
    world.store_drafts(1..=600).await;
    let (mut ann, mut bob) = (world.connect_and_join("ann").await, world.connect_and_join("bob").await);
    let (seqs, more) = next_page(&mut bob, world.beginning().await).await;
    assert_eq!((seqs.len(), more), (500, true));
    ann.post(601, "live").await;
    assert_eq!(bob.receive_next().await, "message 601:live");
}

#[tokio::test]
async fn each_page_is_refused_to_non_members() {
    let world = World::new(HubSettings::default()).await;
    world.store_drafts(1..=1_200).await;
    let mut bob = world.connect("bob");
    let mut since = world.beginning().await;
    let (seqs, _) = next_page(&mut bob, since).await;
    since.seq = *seqs.last().unwrap();
    world.hub.remove_member(&user("ann"), &world.room, &user("bob")).await.unwrap();
    bob.join(Some(since)).await;
    assert_eq!(bob.receive("failed").await, "failed NotFound None");
}

#[tokio::test]
async fn a_page_that_cannot_be_read_can_be_requested_again() {
    let world = World::new(HubSettings::default()).await;
    world.store_drafts(1..=600).await;
    let mut bob = world.connect("bob");
    world.store.inject().fail_next_page();
    bob.join(Some(world.beginning().await)).await;
    assert_eq!(bob.receive_next().await, "failed Unavailable None");
    assert_eq!(next_page(&mut bob, world.beginning().await).await.0.len(), 500);
}
