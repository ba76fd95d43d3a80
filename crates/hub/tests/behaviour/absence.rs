//! Whoever comes back after a long time: page after page, complete, in order, and without holding anybody up.

use hub::Settings;
use protocol::{Cursor, limits};

use crate::world::{Listener, World, user};

/// A page as it was told: the numbers in it, and whether more are to be asked for.
async fn next_page(reader: &mut Listener, since: Cursor) -> (Vec<u64>, bool) {
    reader.join(Some(since)).await;
    let line = reader.hear("joined").await;
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
async fn however_much_is_missing_it_comes_in_pages_and_the_last_one_says_so() {
    for (missing, pages) in [
        (499, vec![499]),
        (500, vec![500]),
        (501, vec![500, 1]),
        (1_000, vec![500, 500]),
        (1_001, vec![500, 500, 1]),
    ] {
        let world = World::new(Settings::default()).await;
        world.store_drafts(1..=missing).await;
        let mut bob = world.enter("bob");
        let (mut since, mut told, mut heard) = (world.beginning().await, Vec::new(), Vec::new());
        loop {
            let (seqs, more) = next_page(&mut bob, since).await;
            told.push(seqs.len());
            since.seq = seqs.last().copied().unwrap_or(since.seq);
            heard.extend(seqs);
            if !more {
                break;
            }
        }
        assert_eq!(told, pages, "{missing}");
        assert!(heard.into_iter().map(u128::from).eq(1..=missing), "{missing}");
    }
}

/// Messages of 60,000 bytes that one page holds.
const LONG_ONES: usize = limits::PAGE_BYTES / 60_256;

/// As long ones, each with its number in front.
fn long(numbers: std::ops::RangeInclusive<u128>) -> impl Iterator<Item = (u128, String)> {
    numbers.map(|number| (number, format!("{number}-{}", "x".repeat(60_000 - 10))))
}

#[tokio::test]
async fn a_page_is_bounded_in_bytes_wherever_it_comes_from() {
    // At hand in the room, from one page of the store, and page after page.
    for (ring, missing) in [(256, 30), (10, 60), (10, 600)] {
        let world = World::new(Settings { ring, ..Settings::default() }).await;
        if missing < 60 {
            let mut ann = world.inside("ann").await;
            for (draft, text) in long(1..=missing) {
                ann.say(draft, &text).await;
                ann.hear(&format!("posted {draft}")).await;
            }
        } else {
            world.store_texts(long(1..=missing)).await;
        }
        let mut bob = world.enter_with("bob", 64 * 1024 * 1024);
        let (mut since, mut heard) = (world.beginning().await, Vec::new());
        loop {
            let (seqs, more) = next_page(&mut bob, since).await;
            assert!(seqs.len() <= LONG_ONES, "{missing}: {} in one page", seqs.len());
            since.seq = *seqs.last().unwrap();
            heard.extend(seqs);
            // Until the last page bob does not follow, and then bob does.
            bob.say(heard.len() as u128 + 10_000, "may I").await;
            let is_in = !bob.hear_said().await.starts_with("failed NotJoined");
            assert_eq!(is_in, !more, "{missing}");
            if !more {
                break;
            }
        }
        assert!(heard.into_iter().map(u128::from).eq(1..=missing), "{missing}");
    }
}

#[tokio::test]
async fn the_newest_page_is_bounded_too_and_has_the_newest() {
    let world = World::new(Settings::default()).await;
    world.store_texts(long(1..=30)).await;
    let mut bob = world.enter_with("bob", 64 * 1024 * 1024);
    bob.join(None).await;
    let line = bob.hear("joined recovered=false head=30").await;
    let told: Vec<&str> =
        line.split_whitespace().filter_map(|it| it.split_once(':')).map(|it| it.0).collect();
    let newest: Vec<String> = (31 - LONG_ONES..=30).map(|seq| seq.to_string()).collect();
    assert_eq!(told.iter().map(|it| it.trim_start_matches('[')).collect::<Vec<_>>(), newest);
}

#[tokio::test]
async fn what_is_said_meanwhile_comes_once_and_in_its_place() {
    let world = World::new(Settings::default()).await;
    world.store_drafts(1..=2_300).await;
    let (mut ann, mut bob) = (world.inside("ann").await, world.enter("bob"));
    let (mut since, mut heard, mut drafts) = (world.beginning().await, Vec::new(), 3_000..);
    loop {
        let draft = drafts.next().unwrap();
        ann.say(draft, "meanwhile").await;
        assert_eq!(ann.hear("posted").await, format!("posted {} {draft}", draft - 699));
        let (seqs, more) = next_page(&mut bob, since).await;
        since.seq = *seqs.last().unwrap();
        heard.extend(seqs);
        if !more {
            break;
        }
        // Until the last page bob does not follow: what is said now is not told twice.
        bob.hears_nothing_more().await;
        bob.say(1, "too early").await;
        assert_eq!(bob.hear_said().await, "failed NotJoined Some(1)");
    }
    assert_eq!(heard, (1..=2_305).collect::<Vec<u64>>());
    ann.say(5_000, "after").await;
    assert_eq!(bob.hear_said().await, "message 2306:after");
}

#[tokio::test]
async fn who_follows_already_goes_on_following() {
    let world = World::new(Settings::default()).await;
    world.store_drafts(1..=600).await;
    let (mut ann, mut bob) = (world.inside("ann").await, world.inside("bob").await);
    let (seqs, more) = next_page(&mut bob, world.beginning().await).await;
    assert_eq!((seqs.len(), more), (500, true));
    ann.say(601, "live").await;
    assert_eq!(bob.hear_said().await, "message 601:live");
}

#[tokio::test]
async fn each_page_is_for_members_only() {
    let world = World::new(Settings::default()).await;
    world.store_drafts(1..=1_200).await;
    let mut bob = world.enter("bob");
    let mut since = world.beginning().await;
    let (seqs, _) = next_page(&mut bob, since).await;
    since.seq = *seqs.last().unwrap();
    world.hub.remove_member(&user("ann"), &world.room, &user("bob")).await.unwrap();
    bob.join(Some(since)).await;
    assert_eq!(bob.hear("failed").await, "failed NotFound None");
}

#[tokio::test]
async fn a_page_that_cannot_be_read_is_refused_and_can_be_asked_for_again() {
    let world = World::new(Settings::default()).await;
    world.store_drafts(1..=600).await;
    let mut bob = world.enter("bob");
    world.store.faults().fail_next_page();
    bob.join(Some(world.beginning().await)).await;
    assert_eq!(bob.hear_said().await, "failed Unavailable None");
    assert_eq!(next_page(&mut bob, world.beginning().await).await.0.len(), 500);
}
