//! A hub with a memory, and people who listen.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hub::memory::{ManualClock, MemoryStore};
use hub::model::User;
use hub::store::Clock;
use hub::{
    ClientSession, Command, Encoder, Event, Hub, Identity, JoinMode, NewRoom, Outbox, OutboxItem,
    OutboxReceiver, RoomPosition, Settings, SignInId, WriterAction, outbox,
};
use protocol::{Cursor, DraftId, MessageId, MessageKind, RoomId, RoomKind, UserId, limits};
use uuid::Uuid;

/// A spelling for reading in tests: one short line for each event.
const PLAIN: Encoder = Encoder::new(0, plain);

/// The same for a dialect that counts readers and participants.
const COUNTING: Encoder =
    Encoder { wants_receipts: true, wants_participants: true, ..Encoder::new(1, plain) };

/// The same for a dialect whose chats show their live sessions.
const WITH_SESSIONS: Encoder = Encoder { wants_live_status: true, ..Encoder::new(2, plain) };

fn plain(event: &Event) -> Option<Bytes> {
    let line = match event {
        Event::Joined(it) => {
            let bodies: Vec<String> =
                it.messages.iter().map(|m| format!("{}:{}", m.cursor.seq, m.body)).collect();
            let more = if it.recovered && it.has_more { " and more" } else { "" };
            let live =
                it.live.as_ref().map_or_else(String::new, |live| format!(" {} {}", live.room, live.status));
            let bodies = bodies.join(" ");
            format!("joined recovered={} head={} [{bodies}]{more}{live}", it.recovered, it.head.seq)
        }
        Event::Left(it) => format!("left {}", it.room),
        Event::Message(it) => format!("message {}:{}", it.cursor.seq, it.body),
        Event::Posted(it) => format!("posted {} {}", it.cursor.seq, it.draft.0.as_u128()),
        Event::Broadcast(it) => format!("broadcast {} {} {}", it.user, it.event, it.data.as_str()),
        Event::Typing(it) => format!("typing {} {}", it.user, it.on),
        Event::Read(it) => format!("read {} {}", it.user, it.seq),
        Event::Presence(it) => {
            format!("presence online=[{}] offline=[{}]", names(&it.online), names(&it.offline))
        }
        Event::MemberAdded(it) => format!("member_added {} {:?}", it.member.id, it.member.role),
        Event::MemberRemoved(it) => format!("member_removed {}", it.user),
        Event::RoomRenamed(it) => format!("renamed {}", it.name),
        Event::RoomAdded(it) => format!("room_added {} unread={}", it.id, it.unread),
        Event::RoomRemoved(it) => format!("room_removed {}", it.room),
        Event::Failed(it) => {
            format!("failed {:?} {:?}", it.error.code(), it.draft.map(|draft| draft.0.as_u128()))
        }
        Event::Receipt(it) => format!("receipt {} {}", it.user, it.message),
        Event::Participant(it) => format!("participant {} {}", it.user, it.here),
        Event::Live(it) => format!("live {} {}", it.user, it.status),
        Event::Notification(it, _) => format!("notification {}", it.title),
        Event::Direct(it, _) => format!("direct {} {}", it.author, it.body),
        Event::DirectSent(it) => format!("direct_sent {} {}", it.to, it.body),
        Event::Job(it, ..) => format!("job {:?} {} {}", it.step, it.job.title, it.job.progress),
        Event::Signal(it, ..) => format!("signal {} {}", it.name, it.data),
        Event::InboxPosition(it) => format!("inbox {} recovered={}", it.inbox, it.recovered),
        Event::Maintenance(it, _) => format!("maintenance {}", it.enabled),
        Event::Pong(it) => format!("pong {}", it.nonce),
        Event::Closing(it, _) => format!("closing {}", it.reconnect_in_ms),
        _ => return None,
    };
    Some(line.into())
}

fn names(people: &[UserId]) -> String {
    people.iter().map(UserId::as_str).collect::<Vec<_>>().join(" ")
}

/// So long does a test wait for what should come at once, before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct World {
    pub(crate) hub: Hub,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) room: RoomId,
    settings: Settings,
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

pub(crate) fn person(name: &str) -> User {
    User {
        id: user(name),
        username: name.to_owned(),
        email: format!("{name}@example.org"),
        is_active: true,
        created_at_ms: 0,
    }
}

impl World {
    /// Ann's room `kitchen` with bob in it; eve is somebody else.
    pub(crate) async fn new(settings: Settings) -> Self {
        let store = Arc::new(MemoryStore::default());
        for name in ["ann", "bob", "eve"] {
            store.put_user(person(name));
        }
        let clock = Arc::new(ManualClock::default());
        let hub = Hub::new(store.clone(), clock.clone(), settings.clone());
        let room = RoomId::parse("kitchen").unwrap();
        let new = NewRoom {
            id: Some(room.clone()),
            name: "Kitchen".to_owned(),
            kind: RoomKind::Group,
            members: vec![user("bob")],
        };
        hub.create_room(&user("ann"), new).await.unwrap();
        Self { hub, store, clock, room, settings }
    }

    /// The same store under another hub, as after a crash.
    pub(crate) fn restart(self) -> Self {
        let hub = Hub::new(self.store.clone(), self.clock.clone(), self.settings.clone());
        Self { hub, ..self }
    }

    pub(crate) fn enter(&self, name: &str) -> Listener {
        self.enter_with(name, 1024 * 1024)
    }

    /// Somebody whose dialect counts readers and participants.
    pub(crate) fn enter_counting(&self, name: &str) -> Listener {
        self.attach(name, 1024 * 1024, COUNTING)
    }

    /// Somebody whose dialect shows in a chat where its session stands.
    pub(crate) fn enter_with_sessions(&self, name: &str) -> Listener {
        self.attach(name, 1024 * 1024, WITH_SESSIONS)
    }

    pub(crate) fn enter_with(&self, name: &str, outbox_bytes: usize) -> Listener {
        self.attach(name, outbox_bytes, PLAIN)
    }

    fn attach(&self, name: &str, outbox_bytes: usize, spelling: Encoder) -> Listener {
        let (outlet, inlet) = outbox(outbox_bytes);
        let identity = Identity { user: Arc::new(person(name)), sign_in: SignInId(Uuid::from_u128(1)) };
        let peer = self.hub.attach(identity, spelling, Arc::new(outlet.clone())).unwrap();
        let ear = Ear { inlet, outbox: outlet, heard: Vec::new(), answers: true };
        Listener { peer, ear, room: self.room.clone() }
    }

    /// Somebody who is in the room already.
    pub(crate) async fn inside(&self, name: &str) -> Listener {
        let mut listener = self.enter(name);
        listener.join(None).await;
        listener.hear("joined").await;
        listener
    }
}

pub(crate) struct Listener {
    pub(crate) peer: ClientSession,
    pub(crate) ear: Ear,
    room: RoomId,
}

pub(crate) struct Ear {
    pub(crate) inlet: OutboxReceiver,
    pub(crate) outbox: Outbox,
    heard: Vec<String>,
    /// Whether it answers when it is asked for a receipt.
    pub(crate) answers: bool,
}

impl Ear {
    /// The next line that begins so; what comes before it is passed over.
    pub(crate) async fn hear(&mut self, beginning: &str) -> String {
        loop {
            while self.heard.is_empty() {
                let mut frames = Vec::new();
                let next = tokio::time::timeout(PATIENCE, self.inlet.next(&mut frames, 16)).await;
                match next.unwrap_or_else(|_| panic!("nobody said `{beginning}`")) {
                    WriterAction::Frames => {
                        for item in frames {
                            match item {
                                OutboxItem::Frame(frame) => {
                                    self.heard.push(String::from_utf8(frame.to_vec()).unwrap());
                                }
                                OutboxItem::Ping(token) if self.answers => self.outbox.answer(token),
                                OutboxItem::Ping(_) => {}
                            }
                        }
                    }
                    WriterAction::Close(code) => {
                        panic!("closed with {code:?} while waiting for `{beginning}`")
                    }
                }
            }
            let line = self.heard.remove(0);
            if line.starts_with(beginning) {
                return line;
            }
        }
    }
}

impl Listener {
    pub(crate) async fn hear(&mut self, beginning: &str) -> String {
        self.ear.hear(beginning).await
    }

    pub(crate) async fn join(&mut self, since: Option<Cursor>) {
        self.peer.handle(Command::Join { room: self.room.clone(), mode: JoinMode::Recover(since) }).await;
    }

    /// Comes back to the room with everything up to a place.
    pub(crate) fn resume(&mut self, cursor: Cursor) {
        self.peer.resume(&[RoomPosition { room: self.room.clone(), cursor }]);
    }

    pub(crate) async fn say(&mut self, draft: u128, body: &str) {
        let draft = DraftId(Uuid::from_u128(draft));
        let (room, body) = (self.room.clone(), body.to_owned());
        self.peer
            .handle(Command::Post { room, draft: Some(draft), body, parent: None, kind: MessageKind::Text })
            .await;
    }

    /// Carries out a wish.
    pub(crate) async fn wish(&mut self, command: Command) {
        self.peer.handle(command).await;
    }

    /// The next line that is not about who is there.
    pub(crate) async fn hear_said(&mut self) -> String {
        loop {
            let line = self.hear("").await;
            if !line.starts_with("presence") {
                return line;
            }
        }
    }

    /// Nothing more was told: the answer to a ping is the next line.
    pub(crate) async fn hears_nothing_more(&mut self) {
        self.wish(Command::Ping { nonce: 99 }).await;
        assert_eq!(self.hear_said().await, "pong 99");
    }

    pub(crate) async fn types(&mut self, on: bool) {
        self.peer.handle(Command::Typing { room: self.room.clone(), on }).await;
    }

    pub(crate) async fn reads(&mut self, seq: u64) {
        self.peer.handle(Command::Read { room: self.room.clone(), seq }).await;
    }
}

impl World {
    /// How many messages the store holds of the room.
    pub(crate) async fn store_page(&self) -> usize {
        use hub::store::{HistoryRange, Store};
        self.store
            .page(&self.room, HistoryRange::Newest, limits::MAX_PAGE_MESSAGES)
            .await
            .unwrap()
            .messages
            .len()
    }

    /// Bytes that wait in somebody's inbox.
    pub(crate) async fn waiting_bytes(&self, person: &UserId) -> u64 {
        use hub::store::InboxStore;
        self.store.inbox_state(person).await.unwrap().waiting_bytes
    }

    /// Puts messages of ann's into the store behind the hub's back: drafts with these numbers.
    pub(crate) async fn store_drafts(&self, drafts: impl IntoIterator<Item = u128>) {
        self.store_texts(drafts.into_iter().map(|number| (number, format!("m{number}")))).await;
    }

    /// Commits messages of ann's, with these drafts and texts, without telling anybody.
    pub(crate) async fn store_texts(&self, texts: impl IntoIterator<Item = (u128, String)>) {
        use hub::store::{MessageDraft, Store};
        let author = Arc::new(person("ann"));
        let draft = |(number, text): (u128, String)| MessageDraft {
            id: MessageId(Uuid::from_u128(1_000_000 + number)),
            author: author.clone(),
            draft: DraftId(Uuid::from_u128(number)),
            body: text.into(),
            parent: None,
            kind: MessageKind::Text,
        };
        let drafts = texts.into_iter().map(draft).collect();
        self.store.append(&self.room, drafts, self.clock.now_ms()).await.unwrap();
    }

    /// When the newest messages were said, oldest first.
    pub(crate) async fn stored_times(&self) -> Vec<i64> {
        use hub::store::{HistoryRange, Store};
        let page =
            self.store.page(&self.room, HistoryRange::Newest, limits::MAX_PAGE_MESSAGES).await.unwrap();
        page.messages.iter().map(|message| message.at_ms).collect()
    }

    /// The place before the room's first message.
    pub(crate) async fn beginning(&self) -> Cursor {
        Cursor { seq: 0, ..self.hub.room(&user("ann"), &self.room).await.unwrap().head }
    }

    /// Whether one more connection of somebody is turned away.
    pub(crate) fn refuses(&self, name: &str) -> bool {
        let (outlet, _inlet) = outbox(1);
        let identity = Identity { user: Arc::new(person(name)), sign_in: SignInId(Uuid::from_u128(1)) };
        self.hub.attach(identity, PLAIN, Arc::new(outlet)).is_err()
    }

    /// Another room of ann's.
    pub(crate) async fn make(&self, name: &str) -> RoomId {
        let id = RoomId::parse(name).unwrap();
        let new = NewRoom {
            id: Some(id.clone()),
            name: name.to_owned(),
            kind: RoomKind::Group,
            members: Vec::new(),
        };
        self.hub.create_room(&user("ann"), new).await.unwrap();
        id
    }
}
