//! Model test of the store: any sequence of calls against a list: numbers, drafts that come again, read markers, unread
//! counts and pages.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hub::model::User;
use hub::store::{Appended, HistoryRange, MessageDraft, RoomDraft};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use protocol::limits::MAX_UNREAD;
use protocol::{DraftId, RoomId};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::world::{World, draft, draft_room, message, seqs};

/// Users by number, and so are the ids of their drafts.
#[derive(Debug, Clone)]
enum Step {
    /// One batch: the author and the draft id of each message.
    Say(Vec<(usize, u128)>),
    /// So many new messages of one author.
    Burst(usize, usize),
    /// Read markers of several users at once.
    Mark(Vec<(usize, u64)>),
}

fn history() -> impl Strategy<Value = (Vec<Step>, u64, u32)> {
    let who = 0..3_usize;
    let step = prop_oneof![
        3 => vec((who.clone(), 0..12_u128), 1..5).prop_map(Step::Say),
        1 => (who.clone(), 1..60_usize).prop_map(|(who, count)| Step::Burst(who, count)),
        3 => vec((who, prop_oneof![0..20_u64, 0..150_u64]), 1..4).prop_map(Step::Mark),
    ];
    (vec(step, 1..12), 0..150_u64, 1..40_u32)
}

/// The expected content of the store.
#[derive(Default)]
struct Paper {
    /// The author of each message.
    authors: Vec<usize>,
    named: HashMap<(usize, u128), u64>,
    read: [u64; 3],
}

impl Paper {
    fn head(&self) -> u64 {
        self.authors.len() as u64
    }

    fn unread(&self, who: usize) -> u32 {
        let after = self.authors.iter().skip(usize::try_from(self.read[who]).unwrap());
        u32::try_from(after.filter(|author| **author != who).count()).unwrap().min(MAX_UNREAD)
    }
}

async fn play(world: &World, room: RoomId, (steps, place, limit): (Vec<Step>, u64, u32)) {
    let users = [&world.alice, &world.bob, &world.carol];
    let members = users.map(|user| user.id.clone()).to_vec();
    let new = RoomDraft { members, ..draft_room(room.as_str(), &world.alice) };
    world.store.create_room(new).await.unwrap();
    let mut paper = Paper::default();
    for step in steps {
        match step {
            Step::Say(said) => say(world, &room, users, &said, &mut paper).await,
            Step::Burst(who, count) => {
                let drafts = (0..count).map(|_| draft(users[who], "new")).collect();
                world.store.append(&room, drafts, 2000).await.unwrap();
                paper.authors.extend(vec![who; count]);
            }
            Step::Mark(marks) => {
                for (who, seq) in &marks {
                    paper.read[*who] = paper.read[*who].max(paper.head().min(*seq));
                }
                let marks: Vec<_> = marks.iter().map(|(who, seq)| (users[*who].id.clone(), *seq)).collect();
                world.store.mark_read(&room, &marks).await.unwrap();
            }
        }
        for (who, user) in users.iter().enumerate() {
            let summary = world.store.summary(&room, &user.id).await.unwrap().unwrap();
            assert_eq!((summary.head.seq, summary.read_seq), (paper.head(), paper.read[who]), "{who}");
            assert_eq!(summary.unread, paper.unread(who), "{who}");
        }
    }
    read_all_pages(world, &room, place, limit, paper.head()).await;
}

/// A draft that its author sent before keeps its number, the others get the next ones.
async fn say(
    world: &World,
    room: &RoomId,
    users: [&Arc<User>; 3],
    said: &[(usize, u128)],
    paper: &mut Paper,
) {
    let named = |(who, name): &(usize, u128)| MessageDraft {
        draft: DraftId(Uuid::from_u128(*name)),
        ..draft(users[*who], "named")
    };
    let answers = world.store.append(room, said.iter().map(named).collect(), 2000).await.unwrap();
    assert_eq!(answers.len(), said.len());
    for (key, answer) in said.iter().zip(&answers) {
        let next = paper.head() + 1;
        let seq = *paper.named.entry(*key).or_insert(next);
        let is_new = seq == next;
        if is_new {
            paper.authors.push(key.0);
        }
        assert_eq!((message(answer).cursor.seq, matches!(answer, Appended::New(_))), (seq, is_new));
    }
}

/// Page after page is everything after a place, and everything before it, in order and once.
async fn read_all_pages(world: &World, room: &RoomId, place: u64, limit: u32, head: u64) {
    let (mut after, mut received) = (place, Vec::new());
    loop {
        let page = world.page(room, HistoryRange::After(after), limit).await;
        assert!(page.messages.len() <= limit as usize);
        received.extend(seqs(&page.messages));
        after = received.last().copied().unwrap_or(after);
        if !page.has_more {
            break;
        }
    }
    assert_eq!(received, (place + 1..=head).collect::<Vec<_>>());
    let (mut before, mut received) = (place, Vec::new());
    loop {
        let page = world.page(room, HistoryRange::Before(before), limit).await;
        received.splice(0..0, seqs(&page.messages));
        before = received.first().copied().unwrap_or(before);
        if !page.has_more {
            break;
        }
    }
    assert_eq!(received, (1..place.min(head + 1)).collect::<Vec<_>>());
}

/// Plays one history after another in rooms of their own.
fn holds(runtime: &Runtime, world: &World, one_in: u32) {
    let rooms = AtomicUsize::new(0);
    let config = ProptestConfig::with_source_file(file!());
    let config = ProptestConfig { cases: (config.cases / one_in).max(1), ..config };
    let played = TestRunner::new(config).run(&history(), |history| {
        let room = RoomId::parse(&format!("room-{}", rooms.fetch_add(1, Ordering::Relaxed))).unwrap();
        runtime.block_on(play(world, room, history));
        Ok(())
    });
    played.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn the_memory_store_behaves_like_a_list() {
    holds(&Runtime::new().unwrap(), &World::in_memory(), 2);
}

#[test]
fn the_sqlite_store_behaves_like_a_list() {
    let runtime = Runtime::new().unwrap();
    let world = runtime.block_on(World::on_disk());
    holds(&runtime, &world, 8);
}
