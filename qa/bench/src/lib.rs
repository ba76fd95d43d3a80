//! Shared parts of the measurements: a hub in this process, readers that take everything, and a stopwatch.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hub::memory::{MemoryStore, SystemClock};
use hub::model::User;
use hub::{
    ClientSession, ClientTransport, DeliveryPolicy, Disconnected, Encoder, Event, Hub, HubError, HubSettings,
    Identity, NewRoom, SignInId, TransportFuture,
};
use protocol::{BadId, CloseCode, RoomId, RoomKind, ServerFrame, UserId};
use uuid::Uuid;

/// Why a measurement could not be made.
#[derive(Debug)]
pub enum Failed {
    /// A name of ours is not legal.
    Id(BadId),
    /// The hub refused it.
    Refused(HubError),
}

impl From<BadId> for Failed {
    fn from(error: BadId) -> Self {
        Self::Id(error)
    }
}

impl From<HubError> for Failed {
    fn from(error: HubError) -> Self {
        Self::Refused(error)
    }
}

/// A reader that counts frames and keeps none.
#[derive(Default)]
pub struct Counter {
    frames: AtomicUsize,
}

impl Counter {
    /// The frames taken so far.
    pub fn frames(&self) -> usize {
        self.frames.load(Ordering::Relaxed)
    }
}

impl ClientTransport for Counter {
    fn push(&self, _: Bytes, _: DeliveryPolicy) -> Result<(), Disconnected> {
        self.frames.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn keeps_up(&self) -> TransportFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    fn receipt(&self) -> TransportFuture<'static, Result<(), Disconnected>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn close(&self, _: CloseCode) {}
}

/// The native encoder of messages alone.
pub const NATIVE: Encoder = Encoder::new(0, encode_message);

/// Encodes messages as the native dialect does.
pub fn encode_message(event: &Event) -> Option<Bytes> {
    let Event::Message(message) = event else {
        return None;
    };
    serde_json::to_vec(&ServerFrame::Message { data: message.to_wire() }).ok().map(Bytes::from)
}

/// A room with all its sessions attached and joined.
pub struct Workload {
    /// The hub it is in.
    pub hub: Hub,
    /// The room.
    pub room: RoomId,
    /// The author of messages.
    pub speaker: Arc<User>,
    /// Counts the frames of all sessions.
    pub counter: Arc<Counter>,
    /// Held, because dropping one leaves the room.
    pub sessions: Vec<ClientSession>,
}

/// Joins so many users to one room of a new hub over the memory store.
///
/// # Errors
/// When the hub refuses, which it has no reason to.
pub async fn workload(size: usize) -> Result<Workload, Failed> {
    workload_encoded(size, NATIVE).await
}

/// The same, with this encoder for all sessions.
///
/// # Errors
/// When the hub refuses, which it has no reason to.
pub async fn workload_encoded(size: usize, encoder: Encoder) -> Result<Workload, Failed> {
    let store = Arc::new(MemoryStore::new());
    let hub = Hub::new(store.clone(), Arc::<SystemClock>::default(), HubSettings::default());
    let users = (0..size).map(|n| user(&format!("p{n}"))).collect::<Result<Vec<_>, _>>()?;
    for user in &users {
        store.put_user((**user).clone());
    }
    let speaker = users.first().cloned().map_or_else(|| user("p0"), Ok)?;
    let room = RoomId::parse("hall")?;
    let owner = speaker.id.clone();
    let new = NewRoom {
        id: Some(room.clone()),
        name: "Hall".to_owned(),
        kind: RoomKind::Group,
        members: Vec::new(),
    };
    hub.create_room(&owner, new).await?;
    for some in users.chunks(100) {
        let ids = some.iter().map(|user| user.id.clone()).collect();
        hub.add_members(&owner, &room, ids).await?;
    }
    let counter = Arc::new(Counter::default());
    let mut sessions = Vec::with_capacity(size);
    for (n, user) in (0u128..).zip(users) {
        let identity = Identity { user, sign_in: SignInId(Uuid::from_u128(n)) };
        let mut session = hub.attach(identity, encoder, counter.clone())?;
        session.handle(hub::Command::Join { room: room.clone(), mode: hub::JoinMode::Recover(None) }).await;
        sessions.push(session);
    }
    Ok(Workload { hub, room, speaker, counter, sessions })
}

fn user(name: &str) -> Result<Arc<User>, BadId> {
    Ok(Arc::new(User {
        id: UserId::parse(name)?,
        username: name.to_owned(),
        email: format!("{name}@example.org"),
        is_active: true,
        created_at_ms: 0,
    }))
}

/// The middle one of several times.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// How long something took.
pub fn since(start: Instant) -> Duration {
    start.elapsed()
}
