//! World: a room with three members, and the clients of each.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hub::memory::{ManualClock, MemoryStore};
use hub::model::User;
use hub::store::{Change, ChangeDraft, ChangeRights, MessageDraft, Store};
use hub::{
    ClientSession, Command, CommandOutcome, Encoder, Event, Hub, HubSettings, Identity, JoinMode, NewRoom,
    OutboxItem, OutboxReceiver, SignInId, WriterAction, outbox,
};
use protocol::{DraftId, JoinedRoom, MessageId, MessageKind, RoomId, RoomKind, UserId};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

pub(crate) const NAMES: [&str; 3] = ["ann", "bob", "eve"];

/// How long a test waits for an event that should come at once, before it fails.
const TIMEOUT: Duration = Duration::from_secs(20);

/// More than any history here.
const OUTBOX_BYTES: usize = 64 * 1024 * 1024;

/// Encodes the events that matter here as JSON.
const ENCODER: Encoder = Encoder::new(0, |event| {
    let line = match event {
        Event::Joined(joined) => json!({ "joined": joined.to_wire() }),
        Event::Message(message) => json!({ "message": message.cursor.seq }),
        Event::Read(mark) => json!({ "read": [mark.user, mark.seq] }),
        Event::Pong(pong) => json!({ "pong": pong.nonce }),
        Event::Failed(failure) => json!({ "failed": failure.error.to_string() }),
        _ => return None,
    };
    Some(Bytes::from(line.to_string()))
});

pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn new_user(name: &str) -> Arc<User> {
    let (username, email) = (name.to_owned(), format!("{name}@example.org"));
    Arc::new(User { id: user(name), username, email, is_active: true, created_at_ms: 0 })
}

pub(crate) struct World {
    pub(crate) hub: Hub,
    pub(crate) room: RoomId,
    pub(crate) store: Arc<MemoryStore>,
}

impl World {
    pub(crate) async fn new(settings: HubSettings) -> Self {
        let store = Arc::new(MemoryStore::new());
        for name in NAMES {
            store.put_user((*new_user(name)).clone());
        }
        let hub = Hub::new(store.clone(), Arc::new(ManualClock::default()), settings);
        let room = RoomId::parse("kitchen").unwrap();
        let (id, name, members) = (Some(room.clone()), "Kitchen".to_owned(), NAMES.map(user).to_vec());
        let new = NewRoom { id, name, kind: RoomKind::Group, members };
        hub.create_room(&user("ann"), new).await.unwrap();
        Self { hub, room, store }
    }

    /// Stores messages before the room is spawned.
    pub(crate) async fn store(&self, count: u64) {
        let author = new_user("ann");
        let draft = |_| MessageDraft {
            id: MessageId(Uuid::now_v7()),
            author: author.clone(),
            draft: DraftId(Uuid::now_v7()),
            body: "of old".into(),
            parent: None,
            kind: MessageKind::Text,
        };
        self.store.append(&self.room, (0..count).map(draft).collect(), 0).await.unwrap();
    }

    /// Edits some of these messages of ann's before the room is spawned: as many edits, all over them.
    pub(crate) async fn store_edits(&self, messages: &[MessageId], edits: u64, bytes: usize) {
        let author = new_user("ann");
        let rights = ChangeRights::default();
        let draft = |(number, message): (u64, &MessageId)| {
            let change =
                Change::Edit { body: format!("{number} {}", "x".repeat(bytes)).into(), base_rev: None };
            let (author, draft) = (author.clone(), DraftId(Uuid::now_v7()));
            ChangeDraft { author, draft, message: *message, change, rights }
        };
        // A step that visits all of them, and some again.
        let all = messages.iter().cycle().step_by(7);
        let drafts = (0..edits).zip(all).map(draft).collect();
        self.store.change(&self.room, drafts, 0).await.unwrap();
    }

    /// A new connection of a user.
    pub(crate) fn connect(&self, name: &str) -> TestClient {
        self.connect_with(name, ENCODER)
    }

    pub(crate) fn connect_with(&self, name: &str, encoder: Encoder) -> TestClient {
        let (outbox, receiver) = outbox(OUTBOX_BYTES);
        let identity = Identity { user: new_user(name), sign_in: SignInId(Uuid::nil()) };
        let session = self.hub.attach(identity, encoder, Arc::new(outbox)).unwrap();
        TestClient { session, receiver, room: self.room.clone(), waiting: VecDeque::new() }
    }

    /// A connection that is subscribed to the room.
    pub(crate) async fn connect_and_join(&self, name: &str) -> TestClient {
        let mut client = self.connect(name);
        client.execute(Command::Join { room: self.room.clone(), mode: JoinMode::SubscribeOnly }).await;
        client
    }
}

pub(crate) struct TestClient {
    pub(crate) session: ClientSession,
    receiver: OutboxReceiver,
    room: RoomId,
    waiting: VecDeque<Value>,
}

impl TestClient {
    /// Executes a command and waits for the result.
    pub(crate) async fn execute(&mut self, command: Command) {
        self.session.request(command).await.unwrap();
    }

    /// Posts a message and waits until it is stored.
    pub(crate) async fn post_and_wait(&mut self) {
        let done = self.session.request(self.post()).await.unwrap();
        let CommandOutcome::Pending(stored) = done else { panic!("no answer is pending") };
        stored.await.unwrap().unwrap();
    }

    pub(crate) fn post(&self) -> Command {
        let (room, body) = (self.room.clone(), "new".to_owned());
        Command::Post { room, draft: None, body, parent: None, kind: MessageKind::Text }
    }

    pub(crate) fn read(&self, seq: u64) -> Command {
        Command::Read { room: self.room.clone(), seq }
    }

    /// The next event.
    pub(crate) async fn receive(&mut self) -> Value {
        while self.waiting.is_empty() {
            let mut frames = Vec::new();
            let next = tokio::time::timeout(TIMEOUT, self.receiver.next(&mut frames, 64)).await.unwrap();
            assert!(matches!(next, WriterAction::Frames), "closed");
            self.waiting.extend(frames.iter().filter_map(|item| match item {
                OutboxItem::Frame(frame) => Some(serde_json::from_slice::<Value>(frame).unwrap()),
                OutboxItem::Ping(_) => None,
            }));
        }
        self.waiting.pop_front().unwrap()
    }

    /// Every event that was sent up to now.
    pub(crate) async fn receive_all(&mut self) -> Vec<Value> {
        self.session.handle(Command::Ping { nonce: 1 }).await;
        let mut received = Vec::new();
        loop {
            let line = self.receive().await;
            if line.get("pong").is_some() {
                return received;
            }
            received.push(line);
        }
    }

    /// Joins, and returns the answer. No other event comes before it.
    pub(crate) async fn join(&mut self, mode: JoinMode) -> JoinedRoom {
        self.session.handle(Command::Join { room: self.room.clone(), mode }).await;
        let line = self.receive().await;
        serde_json::from_value(line.get("joined").cloned().unwrap_or(line)).unwrap()
    }
}
