//! Test world: a store with three users, and shorthands for frequent calls.

use std::sync::Arc;

use hub::memory::MemoryStore;
use hub::model::{Message, User};
use hub::store::{Appended, HistoryRange, MessageDraft, NewEntry, Page, RoomDraft, Store};
use protocol::{
    DraftId, InboxItem, Job, JobId, JobKind, JobStatus, LiveChange, MessageId, MessageKind, Notification,
    NotificationId, Opaque, RoomId, RoomKind, Signal, UserId,
};
use server::auth::Device;
use server::auth::accounts::{Accounts, NewAccount, NewSignIn, SignIn};
use server::store::sqlite::SqliteStore;
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const EPOCH: u32 = 7;

pub(crate) struct World {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) alice: Arc<User>,
    pub(crate) bob: Arc<User>,
    pub(crate) carol: Arc<User>,
    /// Removed with the world.
    _folder: Option<TempDir>,
}

impl World {
    pub(crate) fn in_memory() -> Self {
        let store = MemoryStore::new();
        for name in ["alice", "bob", "carol"] {
            store.put_user(test_user(name));
        }
        Self::of(Arc::new(store), None)
    }

    pub(crate) async fn on_disk() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open_with_users(&folder).await;
        Self::of(Arc::new(store), Some(folder))
    }

    fn of(store: Arc<dyn Store>, folder: Option<TempDir>) -> Self {
        let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| Arc::new(test_user(name)));
        Self { store, alice, bob, carol, _folder: folder }
    }

    /// A room of alice's with bob in it, made at 1000.
    pub(crate) async fn room(&self, id: &str) -> RoomId {
        self.room_at(id, 1000).await
    }

    pub(crate) async fn room_at(&self, id: &str, at_ms: i64) -> RoomId {
        let draft = RoomDraft { members: vec![self.bob.id.clone()], at_ms, ..draft_room(id, &self.alice) };
        self.store.create_room(draft).await.unwrap().id
    }

    pub(crate) async fn say(&self, room: &RoomId, author: &Arc<User>, body: &str, at_ms: i64) -> Message {
        let mut answers = self.store.append(room, vec![draft(author, body)], at_ms).await.unwrap();
        match answers.remove(0) {
            Appended::New(message) => message,
            Appended::Known(message) => panic!("{message:?} was known before"),
        }
    }

    pub(crate) async fn page(&self, room: &RoomId, slice: HistoryRange, limit: u32) -> Page {
        self.store.page(room, slice, limit).await.unwrap()
    }

    pub(crate) async fn unread(&self, room: &RoomId, reader: &Arc<User>) -> u32 {
        self.store.summary(room, &reader.id).await.unwrap().unwrap().unread
    }
}

pub(crate) async fn open_with_users(folder: &TempDir) -> SqliteStore {
    let store = SqliteStore::open(folder.path().join("hubbub.db")).await.unwrap();
    for name in ["alice", "bob", "carol"] {
        store.create(account(name)).await.unwrap();
    }
    store
}

pub(crate) fn account(name: &str) -> NewAccount {
    let User { id, username, email, created_at_ms, .. } = test_user(name);
    NewAccount { id, username, email, password_hash: Some(format!("hash of {name}")), created_at_ms }
}

pub(crate) fn test_user(name: &str) -> User {
    User {
        id: UserId::parse(&format!("id-{name}")).unwrap(),
        username: name.to_owned(),
        email: format!("{name}@example.org"),
        is_active: true,
        created_at_ms: 500,
    }
}

pub(crate) fn unknown_user() -> UserId {
    UserId::parse("id-nobody").unwrap()
}

pub(crate) fn room_id(id: &str) -> RoomId {
    RoomId::parse(id).unwrap()
}

pub(crate) fn draft_room(id: &str, owner: &User) -> RoomDraft {
    RoomDraft {
        id: room_id(id),
        name: format!("Room {id}"),
        kind: RoomKind::Group,
        epoch: EPOCH,
        owner: owner.id.clone(),
        members: Vec::new(),
        at_ms: 1000,
    }
}

pub(crate) fn draft(author: &Arc<User>, body: &str) -> MessageDraft {
    MessageDraft {
        id: MessageId(Uuid::now_v7()),
        author: author.clone(),
        draft: DraftId(Uuid::now_v7()),
        body: body.into(),
        parent: None,
        kind: MessageKind::Text,
    }
}

pub(crate) fn live_change(room: &RoomId, user: &UserId, status: &str) -> LiveChange {
    LiveChange {
        room: room.clone(),
        chat: None,
        status: status.to_owned(),
        user: user.clone(),
        at_ms: 2000,
        details: Opaque::default(),
    }
}

/// A job of a user that has just begun.
pub(crate) fn job(owner: &UserId) -> Job {
    Job {
        id: JobId(Uuid::now_v7()),
        owner: owner.clone(),
        kind: JobKind::Task,
        subject: None,
        title: "Work".into(),
        status: JobStatus::Running,
        progress: 0,
        stage: None,
        message: None,
        result: Opaque(None),
        error: None,
        retryable: false,
        created_at_ms: 2000,
        updated_at_ms: 2000,
    }
}

pub(crate) fn notification(title: &str) -> Notification {
    Notification {
        id: NotificationId(Uuid::now_v7()),
        title: title.to_owned(),
        message: format!("This is {title}."),
        kind: "info".into(),
        at_ms: 1999,
        is_read: false,
    }
}

/// An inbox entry that is in no list.
pub(crate) fn signal() -> InboxItem {
    InboxItem::Signal(Signal { name: "update".into(), data: Opaque::default() })
}

pub(crate) fn entries(count: u32) -> Vec<NewEntry> {
    (0..count).map(|_| NewEntry { item: signal(), waits: false }).collect()
}

pub(crate) fn message(appended: &Appended) -> &Message {
    match appended {
        Appended::New(message) | Appended::Known(message) => message,
    }
}

pub(crate) fn seqs(messages: &[Message]) -> Vec<u64> {
    messages.iter().map(|message| message.cursor.seq).collect()
}

/// A sign-in that begins without a password.
pub(crate) fn begins(sign_in: SignIn) -> NewSignIn {
    NewSignIn { sign_in, device: Device::default(), password_hash: None }
}
