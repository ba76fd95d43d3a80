//! A room with three people in it, and what their devices are told.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hub::memory::{ManualClock, MemoryStore};
use hub::model::User;
use hub::store::{MessageDraft, Store};
use hub::{
    ClientSession, Command, CommandOutcome, Encoder, Event, Hub, Identity, JoinMode, NewRoom, OutboxItem,
    OutboxReceiver, Settings, SignInId, WriterAction, outbox,
};
use protocol::{DraftId, JoinedRoom, MessageId, MessageKind, RoomId, RoomKind, UserId};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

pub(crate) const NAMES: [&str; 3] = ["ann", "bob", "eve"];

/// So long does a test wait for what should come at once, before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// More than any history here.
const OUTBOX_BYTES: usize = 64 * 1024 * 1024;

/// What matters here, as JSON.
const SPELLING: Encoder = Encoder::new(0, |event| {
    let said = match event {
        Event::Joined(joined) => json!({ "joined": joined.to_wire() }),
        Event::Message(message) => json!({ "message": message.cursor.seq }),
        Event::Read(mark) => json!({ "read": [mark.user, mark.seq] }),
        Event::Pong(pong) => json!({ "pong": pong.nonce }),
        Event::Failed(failure) => json!({ "failed": failure.error.to_string() }),
        _ => return None,
    };
    Some(Bytes::from(said.to_string()))
});

pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn person(name: &str) -> Arc<User> {
    let (username, email) = (name.to_owned(), format!("{name}@example.org"));
    Arc::new(User { id: user(name), username, email, is_active: true, created_at_ms: 0 })
}

pub(crate) struct World {
    pub(crate) hub: Hub,
    pub(crate) room: RoomId,
    store: Arc<MemoryStore>,
}

impl World {
    pub(crate) async fn new(settings: Settings) -> Self {
        let store = Arc::new(MemoryStore::new());
        for name in NAMES {
            store.put_user((*person(name)).clone());
        }
        let hub = Hub::new(store.clone(), Arc::new(ManualClock::default()), settings);
        let room = RoomId::parse("kitchen").unwrap();
        let (id, name, members) = (Some(room.clone()), "Kitchen".to_owned(), NAMES.map(user).to_vec());
        let new = NewRoom { id, name, kind: RoomKind::Group, members };
        hub.create_room(&user("ann"), new).await.unwrap();
        Self { hub, room, store }
    }

    /// Fills the room before it wakes up.
    pub(crate) async fn store(&self, count: u64) {
        let author = person("ann");
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

    /// A new connection of somebody.
    pub(crate) fn device(&self, name: &str) -> Device {
        let (outlet, inlet) = outbox(OUTBOX_BYTES);
        let identity = Identity { user: person(name), sign_in: SignInId(Uuid::nil()) };
        let peer = self.hub.attach(identity, SPELLING, Arc::new(outlet)).unwrap();
        Device { peer, inlet, room: self.room.clone(), waiting: VecDeque::new() }
    }

    /// A connection that follows the room.
    pub(crate) async fn inside(&self, name: &str) -> Device {
        let mut device = self.device(name);
        device.wish(Command::Join { room: self.room.clone(), mode: JoinMode::SubscribeOnly }).await;
        device
    }
}

pub(crate) struct Device {
    pub(crate) peer: ClientSession,
    inlet: OutboxReceiver,
    room: RoomId,
    waiting: VecDeque<Value>,
}

impl Device {
    /// Carries out a wish and waits until it is done.
    pub(crate) async fn wish(&mut self, command: Command) {
        self.peer.request(command).await.unwrap();
    }

    /// Says something and waits until it is stored.
    pub(crate) async fn say(&mut self) {
        let done = self.peer.request(self.post()).await.unwrap();
        let CommandOutcome::Pending(stored) = done else { panic!("nobody answers") };
        stored.await.unwrap().unwrap();
    }

    pub(crate) fn post(&self) -> Command {
        let (room, body) = (self.room.clone(), "new".to_owned());
        Command::Post { room, draft: None, body, parent: None, kind: MessageKind::Text }
    }

    pub(crate) fn read(&self, seq: u64) -> Command {
        Command::Read { room: self.room.clone(), seq }
    }

    /// The next thing that is told.
    pub(crate) async fn hear(&mut self) -> Value {
        while self.waiting.is_empty() {
            let mut frames = Vec::new();
            let next = tokio::time::timeout(PATIENCE, self.inlet.next(&mut frames, 64)).await.unwrap();
            assert!(matches!(next, WriterAction::Frames), "closed");
            self.waiting.extend(frames.iter().filter_map(|item| match item {
                OutboxItem::Frame(frame) => Some(serde_json::from_slice::<Value>(frame).unwrap()),
                OutboxItem::Ping(_) => None,
            }));
        }
        self.waiting.pop_front().unwrap()
    }

    /// Everything that was told up to now.
    pub(crate) async fn hear_all(&mut self) -> Vec<Value> {
        self.peer.handle(Command::Ping { nonce: 1 }).await;
        let mut heard = Vec::new();
        loop {
            let said = self.hear().await;
            if said.get("pong").is_some() {
                return heard;
            }
            heard.push(said);
        }
    }

    /// Joins and answers with what was told of the room. Nothing else is told before.
    pub(crate) async fn join(&mut self, mode: JoinMode) -> JoinedRoom {
        self.peer.handle(Command::Join { room: self.room.clone(), mode }).await;
        let said = self.hear().await;
        serde_json::from_value(said.get("joined").cloned().unwrap_or(said)).unwrap()
    }
}
