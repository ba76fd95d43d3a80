//! Changes of messages: whatever is posted and changed, and whenever clients are cut and come back, each client that takes
//! changes has what the store has, and each that does not is sent every message once.

use std::collections::BTreeMap;

use bytes::Bytes;
use hub::store::{Change, HistoryRange, Store};
use hub::{ChangeFrames, Command, CommandOutcome, Encoder, Event, HubError, HubSettings, JoinMode};
use proptest::collection::vec;
use proptest::prelude::*;
use protocol::{Changes, Cursor, DraftId, JoinedRoom, Message, MessageId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{NAMES, TestClient, World, runtime, user};

/// Encodes messages and changes whole. Writers have the first slot.
const ENCODER: Encoder = Encoder { changes: ChangeFrames::Commits, ..Encoder::new(1, encode) };

fn encode(event: &Event) -> Option<Bytes> {
    let line = match event {
        Event::Joined(joined) => json!({ "joined": joined.to_wire() }),
        Event::Message(message) => json!({ "message": message.to_wire() }),
        Event::Changed(changes) => json!({ "changed": changes }),
        Event::Pong(pong) => json!({ "pong": pong.nonce }),
        _ => return None,
    };
    Some(Bytes::from(line.to_string()))
}

const EMOJIS: [&str; 3] = ["👍", "🎉", "😀"];

#[derive(Debug, Clone)]
enum Step {
    /// A user posts.
    Post(usize),
    /// A user changes a message, counted from the newest.
    Change(usize, usize, Kind),
    /// A reader loses the connection.
    Cut(usize),
    /// A reader comes back, and asks for pages until it is up to date.
    Return(usize),
    /// The next answer of the store is lost.
    LoseAnswer,
    /// The next page cannot be read.
    FailPage,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Edit,
    Delete,
    React(usize, bool),
    Pin(bool),
}

impl Kind {
    fn change(self, number: usize) -> Change {
        match self {
            Self::Edit => Change::Edit { body: format!("edited {number}").into(), base_rev: None },
            Self::Delete => Change::Delete,
            Self::React(emoji, on) => Change::React { emoji: EMOJIS[emoji].into(), on },
            Self::Pin(on) => Change::Pin { on },
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let kind = prop_oneof![
        3 => Just(Kind::Edit),
        1 => Just(Kind::Delete),
        4 => (0..EMOJIS.len(), any::<bool>()).prop_map(|(emoji, on)| Kind::React(emoji, on)),
        1 => any::<bool>().prop_map(Kind::Pin),
    ];
    let user = || 0..NAMES.len();
    let step = prop_oneof![
        6 => user().prop_map(Step::Post),
        9 => (user(), prop_oneof![0..4_usize, 0..900_usize], kind).prop_map(|(user, back, kind)| Step::Change(user, back, kind)),
        2 => (0..READERS).prop_map(Step::Cut),
        3 => (0..READERS).prop_map(Step::Return),
        1 => Just(Step::LoseAnswer),
        1 => Just(Step::FailPage),
    ];
    vec(step, 0..120)
}

/// Readers; the last one does not take changes.
const READERS: usize = 4;

/// A client with what it knows of the room.
struct Reader {
    takes_changes: bool,
    client: Option<TestClient>,
    since: Option<Cursor>,
    rev: u64,
    messages: BTreeMap<u64, Message>,
    /// The numbers of the messages that it was sent.
    sent: Vec<u64>,
}

impl Reader {
    fn new(takes_changes: bool) -> Self {
        let (messages, sent) = (BTreeMap::new(), Vec::new());
        Self { takes_changes, client: None, since: None, rev: 0, messages, sent }
    }

    async fn cut(&mut self) {
        if self.client.is_some() {
            self.catch_up().await;
        }
        self.client = None;
    }

    /// Comes back and asks until it is subscribed; an answer that fails is asked for again.
    async fn come_back(&mut self, world: &World) {
        if self.client.is_some() {
            return;
        }
        let mut client = world.connect_with("bob", ENCODER);
        loop {
            let mode = if self.takes_changes {
                JoinMode::RecoverWithChanges { since: self.since, rev: self.rev }
            } else {
                JoinMode::Recover(self.since)
            };
            client.session.handle(Command::Join { room: world.room.clone(), mode }).await;
            let mut has_more = true;
            for line in client.receive_all().await {
                if line.get("joined").is_some() {
                    has_more = self.apply(&line);
                } else {
                    self.apply(&line);
                }
            }
            if !has_more {
                break;
            }
        }
        self.client = Some(client);
    }

    async fn catch_up(&mut self) {
        let Some(client) = &mut self.client else { return };
        for line in client.receive_all().await {
            self.apply(&line);
        }
    }

    /// Whether an answer to a join says that there is more.
    fn apply(&mut self, line: &Value) -> bool {
        if let Some(joined) = line.get("joined") {
            let joined: JoinedRoom = serde_json::from_value(joined.clone()).unwrap();
            assert_eq!(joined.rev.is_some(), self.takes_changes);
            if !joined.recovered {
                self.messages.clear();
                self.sent.clear();
            }
            self.sent.extend(joined.messages.iter().map(|message| message.cursor.seq));
            let is_part = joined.recovered && joined.has_more;
            let progress = joined.messages.len() + joined.changed.len();
            assert!(!is_part || progress > 0, "a part brings something");
            for message in joined.messages {
                self.messages.insert(message.cursor.seq, message);
            }
            self.take(joined.changed);
            self.since = Some(joined.head);
            self.rev = joined.rev.unwrap_or(0);
            return is_part;
        }
        if let Some(message) = line.get("message") {
            let message: Message = serde_json::from_value(message.clone()).unwrap();
            let since = self.since.unwrap();
            assert_eq!(message.cursor.seq, since.seq + 1, "messages come in order");
            self.since = Some(message.cursor);
            self.sent.push(message.cursor.seq);
            self.messages.insert(message.cursor.seq, message);
        }
        if let Some(changed) = line.get("changed") {
            assert!(self.takes_changes, "others notice nothing");
            let changed: Changes = serde_json::from_value(changed.clone()).unwrap();
            assert_eq!(changed.from, self.rev + 1, "changes come in order");
            assert!(changed.to >= changed.from && !changed.messages.is_empty());
            self.rev = changed.to;
            self.take(changed.messages);
        }
        false
    }

    /// States of messages that it has; older ones are of no interest.
    fn take(&mut self, changed: Vec<Message>) {
        for message in changed {
            if let Some(known) = self.messages.get_mut(&message.cursor.seq)
                && message.rev >= known.rev
            {
                *known = message;
            }
        }
    }
}

/// What happened before: messages that two readers have, and changes that they have not.
#[derive(Debug, Clone)]
struct Before {
    stored: u64,
    changed: u64,
    /// How many bytes each changed text has.
    bytes: usize,
}

fn before() -> impl Strategy<Value = Before> {
    let few = (0..30_u64, 0..60_u64, 1..20_usize);
    let many = (0..1_300_u64, 0..1_300_u64, 1..2_000_usize);
    prop_oneof![3 => few, 1 => many].prop_map(|(stored, changed, bytes)| Before { stored, changed, bytes })
}

// Long because it is one story: what happens, and what everybody has in the end.
async fn run(before: Before, cache: (usize, usize), steps: Vec<Step>) {
    let (history_cache_messages_per_room, history_cache_bytes_per_room) = cache;
    let settings = HubSettings {
        history_cache_messages_per_room,
        history_cache_bytes_per_room,
        ..HubSettings::default()
    };
    let world = World::new(HubSettings { members_may_pin: true, ..settings }).await;
    world.store(before.stored).await;
    let mut writers = Vec::new();
    for name in NAMES {
        writers.push(world.connect_and_join(name).await);
    }
    let mut readers: Vec<Reader> = (1..=READERS).map(|number| Reader::new(number < READERS)).collect();
    let old = present(&world).await;
    let mut ids: Vec<MessageId> = old.values().map(|message| message.id).collect();
    if let Some((_, last)) = old.last_key_value() {
        let Before { changed, bytes, .. } = before;
        world.store_edits(&ids, changed, bytes).await;
        for reader in &mut readers[..2] {
            reader.since = Some(last.cursor);
            reader.messages = old.clone();
            reader.sent = old.keys().copied().collect();
        }
    }
    for (number, step) in steps.into_iter().enumerate() {
        match step {
            Step::Post(user) => {
                // Without an answer it is known later, if at all.
                if let Ok(message) = post(&mut writers[user]).await {
                    ids.push(message.id);
                }
            }
            Step::Change(user, back, kind) => {
                let Some(at) = ids.len().checked_sub(1 + back % ids.len().max(1)) else { continue };
                let (room, message) = (world.room.clone(), ids[at]);
                let command = Command::Change { room, draft: None, message, change: kind.change(number) };
                let done = writers[user].session.request(command).await.unwrap();
                let CommandOutcome::PendingChange(stored) = done else { panic!("no answer is pending") };
                // Most are others' messages, or deleted ones.
                stored.await.unwrap().ok();
            }
            Step::Cut(reader) => readers[reader].cut().await,
            Step::Return(reader) => readers[reader].come_back(&world).await,
            Step::LoseAnswer => world.store.inject().lose_next_answer(),
            Step::FailPage => world.store.inject().fail_next_page(),
        }
    }
    // What was injected is used up; and what a lost answer left unpublished comes before the last change, which shows the gap.
    while world.hub.history(&user("ann"), &world.room, HistoryRange::Newest, 1).await.is_err() {}
    world.hub.mark_read(&user("ann"), &world.room, 0).await.ok();
    let last = loop {
        if let Ok(message) = post(&mut writers[0]).await {
            break message;
        }
    };
    let change = Change::React { emoji: EMOJIS[0].into(), on: true };
    world.hub.change(&last.author, last.id, DraftId(Uuid::now_v7()), change).await.unwrap();
    for reader in &mut readers {
        reader.come_back(&world).await;
        reader.catch_up().await;
    }
    let now = present(&world).await;
    let record = world.store.room(&world.room).await.unwrap().unwrap();
    for reader in &readers {
        let first = *reader.messages.keys().next().unwrap();
        let expected: BTreeMap<u64, Message> =
            now.iter().filter(|(seq, _)| **seq >= first).map(|(seq, it)| (*seq, it.clone())).collect();
        if reader.takes_changes {
            assert_eq!(reader.rev, record.rev);
            assert_eq!(reader.messages, expected, "it has what the store has");
        }
        let sent: Vec<u64> = (first..=record.head.seq).collect();
        assert_eq!(reader.sent, sent, "every message once and in order");
    }
}

async fn post(writer: &mut TestClient) -> Result<hub::model::Message, HubError> {
    let command = writer.post();
    let done = writer.session.request(command).await.unwrap();
    let CommandOutcome::Pending(stored) = done else { panic!("no answer is pending") };
    stored.await.unwrap()
}

/// Every message as the store has it.
async fn present(world: &World) -> BTreeMap<u64, Message> {
    let (mut all, mut after) = (BTreeMap::new(), 0);
    loop {
        let page = world.store.page(&world.room, HistoryRange::After(after), 1_000).await.unwrap();
        for message in page.messages {
            after = message.cursor.seq;
            all.insert(after, message.to_wire());
        }
        if !page.has_more {
            return all;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 4, ..ProptestConfig::default() })]

    #[test]
    fn clients_have_what_the_store_has(
        before in before(),
        cache in (1..80_usize, prop_oneof![Just(usize::MAX), 0..8_000_usize]),
        steps in steps(),
    ) {
        runtime().block_on(run(before, cache, steps));
    }
}
