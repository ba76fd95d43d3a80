//! World: a hub over the store in memory, with clients that post and receive.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hub::memory::{ManualClock, MemoryStore};
use hub::model::User;
use hub::store::{Change, Clock};
use hub::{
    ChangeFrames, ClientSession, Command, Encoder, Event, Hub, HubSettings, Identity, JoinMode, NewRoom,
    Outbox, OutboxItem, OutboxReceiver, RoomPosition, SignInId, WriterAction, outbox,
};
use protocol::{Cursor, DraftId, Message, MessageId, MessageKind, RoomId, RoomKind, UserId, limits};
use uuid::Uuid;

/// Encodes each event as one short line.
const PLAIN: Encoder = Encoder { changes: ChangeFrames::Commits, ..Encoder::new(0, plain) };

/// The same for a dialect that wants receipts and participants.
const WITH_RECEIPTS: Encoder =
    Encoder { wants_receipts: true, wants_participants: true, ..Encoder::new(1, plain) };

/// The same for a dialect that shows the live status in chats.
const WITH_LIVE_STATUS: Encoder = Encoder { wants_live_status: true, ..Encoder::new(2, plain) };

/// The same for a dialect that names changes.
pub(crate) const WITH_NAMED_CHANGES: Encoder =
    Encoder { changes: ChangeFrames::Changes, ..Encoder::new(4, plain) };

fn plain(event: &Event) -> Option<Bytes> {
    let line = match event {
        Event::Joined(it) => {
            let bodies: Vec<String> =
                it.messages.iter().map(|m| format!("{}:{}", m.cursor.seq, m.body)).collect();
            let more = if it.recovered && it.has_more { " and more" } else { "" };
            let live =
                it.live.as_ref().map_or_else(String::new, |live| format!(" {} {}", live.room, live.status));
            let bodies = bodies.join(" ");
            let rev = if it.takes_changes {
                format!(" rev={} [{}]", it.rev, states(&it.changed))
            } else {
                String::new()
            };
            format!("joined recovered={} head={} [{bodies}]{more}{live}{rev}", it.recovered, it.head.seq)
        }
        Event::Left(it) => format!("left {}", it.room),
        Event::Message(it) => format!("message {}:{}", it.cursor.seq, it.body),
        Event::Posted(it) => format!("posted {} {}", it.cursor.seq, it.draft.0.as_u128()),
        Event::Changed(it) => format!("changed {}..{} [{}]", it.from, it.to, states(&it.messages)),
        Event::Change(it) => {
            let (record, state) = (&it.record, states(&[it.message.to_wire()]));
            let emoji = record.emoji.as_deref().unwrap_or_default();
            format!("change {} {} {:?}{emoji} [{state}]", record.rev, record.author, record.kind)
        }
        Event::MessageChanged(it) => format!("message_changed [{}]", states(&[it.to_wire()])),
        Event::Done(it) => format!("done {} {}", it.rev, it.draft.0.as_u128()),
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
        Event::Signal(it, ..) => format!("signal {} {}", it.name, it.data.0),
        Event::InboxPosition(it) => format!("inbox {} recovered={}", it.inbox, it.recovered),
        Event::Maintenance(it, _) => format!("maintenance {}", it.enabled),
        Event::Pong(it) => format!("pong {}", it.nonce),
        Event::Closing(it, _) => format!("closing {}", it.reconnect_in_ms),
        _ => return None,
    };
    Some(line.into())
}

/// The present states of changed messages.
fn states(messages: &[Message]) -> String {
    let state = |it: &Message| {
        let reactions: Vec<String> =
            it.reactions.iter().map(|reaction| format!(" {}{}", reaction.emoji, reaction.count)).collect();
        let reactions = reactions.concat();
        let deleted = if it.deleted_at_ms.is_some() { " deleted" } else { "" };
        let pinned = if it.pinned { " pinned" } else { "" };
        format!("{}@{}:{}{deleted}{pinned}{reactions}", it.cursor.seq, it.rev, it.body)
    };
    messages.iter().map(state).collect::<Vec<_>>().join(" ")
}

fn names(users: &[UserId]) -> String {
    users.iter().map(UserId::as_str).collect::<Vec<_>>().join(" ")
}

/// How long a test waits for an event that should come at once, before it fails.
const TIMEOUT: Duration = Duration::from_secs(20);

pub(crate) struct World {
    pub(crate) hub: Hub,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) room: RoomId,
    settings: HubSettings,
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

pub(crate) fn new_user(name: &str) -> User {
    User {
        id: user(name),
        username: name.to_owned(),
        email: format!("{name}@example.org"),
        is_active: true,
        created_at_ms: 0,
    }
}

impl World {
    /// Ann's room `kitchen` with bob in it; eve is an outsider.
    pub(crate) async fn new(settings: HubSettings) -> Self {
        let store = Arc::new(MemoryStore::default());
        for name in ["ann", "bob", "eve"] {
            store.put_user(new_user(name));
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

    pub(crate) fn connect(&self, name: &str) -> TestClient {
        self.connect_with(name, 1024 * 1024)
    }

    /// A client whose dialect wants receipts and participants.
    pub(crate) fn connect_with_receipts(&self, name: &str) -> TestClient {
        self.attach(name, 1024 * 1024, WITH_RECEIPTS)
    }

    /// A client whose dialect shows the live status in chats.
    pub(crate) fn connect_with_live_status(&self, name: &str) -> TestClient {
        self.attach(name, 1024 * 1024, WITH_LIVE_STATUS)
    }

    pub(crate) fn connect_with(&self, name: &str, outbox_bytes: usize) -> TestClient {
        self.attach(name, outbox_bytes, PLAIN)
    }

    pub(crate) fn connect_with_encoder(&self, name: &str, encoder: Encoder) -> TestClient {
        self.attach(name, 1024 * 1024, encoder)
    }

    pub(crate) fn attach(&self, name: &str, outbox_bytes: usize, encoder: Encoder) -> TestClient {
        let (outbox, receiver) = outbox(outbox_bytes);
        let identity = Identity { user: Arc::new(new_user(name)), sign_in: SignInId(Uuid::from_u128(1)) };
        let session = self.hub.attach(identity, encoder, Arc::new(outbox.clone())).unwrap();
        let connection = TestConnection { receiver, outbox, received: Vec::new(), sends_receipts: true };
        TestClient { session, connection, room: self.room.clone() }
    }

    /// A client that is subscribed to the room.
    pub(crate) async fn connect_and_join(&self, name: &str) -> TestClient {
        let mut client = self.connect(name);
        client.join(None).await;
        client.receive("joined").await;
        client
    }
}

pub(crate) struct TestClient {
    pub(crate) session: ClientSession,
    pub(crate) connection: TestConnection,
    room: RoomId,
}

pub(crate) struct TestConnection {
    pub(crate) receiver: OutboxReceiver,
    pub(crate) outbox: Outbox,
    received: Vec<String>,
    /// Whether it answers the ping of a receipt.
    pub(crate) sends_receipts: bool,
}

impl TestConnection {
    /// The next line with this prefix; lines before it are skipped.
    pub(crate) async fn receive(&mut self, prefix: &str) -> String {
        loop {
            while self.received.is_empty() {
                let mut frames = Vec::new();
                let next = tokio::time::timeout(TIMEOUT, self.receiver.next(&mut frames, 16)).await;
                match next.unwrap_or_else(|_| panic!("no line begins with `{prefix}`")) {
                    WriterAction::Frames => {
                        for item in frames {
                            match item {
                                OutboxItem::Frame(frame) => {
                                    self.received.push(String::from_utf8(frame.to_vec()).unwrap());
                                }
                                OutboxItem::Ping(token) if self.sends_receipts => self.outbox.answer(token),
                                OutboxItem::Ping(_) => {}
                            }
                        }
                    }
                    WriterAction::Close(code) => {
                        panic!("closed with {code:?} while waiting for `{prefix}`")
                    }
                }
            }
            let line = self.received.remove(0);
            if line.starts_with(prefix) {
                return line;
            }
        }
    }
}

impl TestClient {
    pub(crate) async fn receive(&mut self, prefix: &str) -> String {
        self.connection.receive(prefix).await
    }

    pub(crate) async fn join(&mut self, since: Option<Cursor>) {
        self.session.handle(Command::Join { room: self.room.clone(), mode: JoinMode::Recover(since) }).await;
    }

    /// Joins as a client that takes changes.
    pub(crate) async fn join_with_changes(&mut self, since: Option<Cursor>, rev: u64) {
        let mode = JoinMode::RecoverWithChanges { since, rev };
        self.session.handle(Command::Join { room: self.room.clone(), mode }).await;
    }

    /// Changes the message that the draft `message` became in [`World::store_drafts`].
    pub(crate) async fn change(&mut self, draft: u128, message: u128, change: Change) {
        let (room, draft) = (self.room.clone(), Some(DraftId(Uuid::from_u128(draft))));
        self.session.handle(Command::Change { room, draft, message: message_of(message), change }).await;
    }

    /// Resumes the room after a cursor, in which nothing was changed.
    pub(crate) fn resume(&mut self, cursor: Cursor) {
        self.resume_after(cursor, 0);
    }

    /// Resumes the room after a cursor and a change.
    pub(crate) fn resume_after(&mut self, cursor: Cursor, rev: u64) {
        self.session.resume(&[RoomPosition { room: self.room.clone(), cursor, rev }]);
    }

    pub(crate) async fn post(&mut self, draft: u128, body: &str) {
        let draft = DraftId(Uuid::from_u128(draft));
        let (room, body) = (self.room.clone(), body.to_owned());
        self.session
            .handle(Command::Post { room, draft: Some(draft), body, parent: None, kind: MessageKind::Text })
            .await;
    }

    /// Executes a command.
    pub(crate) async fn execute(&mut self, command: Command) {
        self.session.handle(command).await;
    }

    /// The next line that is not about presence.
    pub(crate) async fn receive_next(&mut self) -> String {
        loop {
            let line = self.receive("").await;
            if !line.starts_with("presence") {
                return line;
            }
        }
    }

    /// Checks that nothing waits: the answer to a ping is the next line.
    pub(crate) async fn receives_nothing_more(&mut self) {
        self.execute(Command::Ping { nonce: 99 }).await;
        assert_eq!(self.receive_next().await, "pong 99");
    }

    pub(crate) async fn set_typing(&mut self, on: bool) {
        self.session.handle(Command::Typing { room: self.room.clone(), on }).await;
    }

    pub(crate) async fn mark_read(&mut self, seq: u64) {
        self.session.handle(Command::Read { room: self.room.clone(), seq }).await;
    }
}

/// The id of the message that [`World::store_texts`] makes of a draft.
fn message_of(draft: u128) -> MessageId {
    MessageId(Uuid::from_u128(1_000_000 + draft))
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

    /// Bytes that wait in a user's inbox.
    pub(crate) async fn waiting_bytes(&self, user: &UserId) -> u64 {
        use hub::store::InboxStore;
        self.store.inbox_state(user).await.unwrap().waiting_bytes
    }

    /// Commits messages of ann's without the hub: drafts with these numbers.
    pub(crate) async fn store_drafts(&self, drafts: impl IntoIterator<Item = u128>) {
        self.store_texts(drafts.into_iter().map(|number| (number, format!("m{number}")))).await;
    }

    /// Commits messages of ann's, with these drafts and texts, without the hub.
    pub(crate) async fn store_texts(&self, texts: impl IntoIterator<Item = (u128, String)>) {
        use hub::store::{MessageDraft, Store};
        let author = Arc::new(new_user("ann"));
        let draft = |(number, text): (u128, String)| MessageDraft {
            id: message_of(number),
            author: author.clone(),
            draft: DraftId(Uuid::from_u128(number)),
            body: text.into(),
            parent: None,
            kind: MessageKind::Text,
        };
        let drafts = texts.into_iter().map(draft).collect();
        self.store.append(&self.room, drafts, self.clock.now_ms()).await.unwrap();
    }

    /// When the newest messages were posted, oldest first.
    pub(crate) async fn stored_times(&self) -> Vec<i64> {
        use hub::store::{HistoryRange, Store};
        let page =
            self.store.page(&self.room, HistoryRange::Newest, limits::MAX_PAGE_MESSAGES).await.unwrap();
        page.messages.iter().map(|message| message.at_ms).collect()
    }

    /// The cursor before the room's first message.
    pub(crate) async fn beginning(&self) -> Cursor {
        Cursor { seq: 0, ..self.hub.room(&user("ann"), &self.room).await.unwrap().head }
    }

    /// Whether one more connection of a user is refused.
    pub(crate) fn refuses(&self, name: &str) -> bool {
        let (outbox, _receiver) = outbox(1);
        let identity = Identity { user: Arc::new(new_user(name)), sign_in: SignInId(Uuid::from_u128(1)) };
        self.hub.attach(identity, PLAIN, Arc::new(outbox)).is_err()
    }

    /// Another room of ann's.
    pub(crate) async fn create_room(&self, name: &str) -> RoomId {
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
