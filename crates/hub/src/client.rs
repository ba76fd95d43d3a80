//! One attached client, as rooms see it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use protocol::{CloseCode, InboxItem};
use send_queue::{ConflationKey, DeliveryPolicy};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::envelope::{Envelope, Spelling};
use crate::event::Event;
use crate::meters::MeterBook;
use crate::model::Person;
use crate::outbox::{Gone, Outlet, Track};
use crate::port::InboxKind;
use crate::rates::Meters;

/// Names one attached client for as long as it is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PeerId(pub u64);

/// Names a sign-in. Ending it ends every connection that came with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SignInId(pub Uuid);

/// Who a connection belongs to, as its token says.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Who.
    pub person: Arc<Person>,
    /// By which sign-in.
    pub sign_in: SignInId,
}

/// Entries that a client may have been sent without a receipt before the next portion of a catch-up waits for one.
const MAX_UNPROVEN: usize = 4_096;

/// Entries of the inbox that the client was sent and that wait for a proof.
#[derive(Default)]
struct Unproven {
    /// Held for a push or an exchange, never across an `.await`.
    entries: Mutex<UnprovenEntries>,
    /// Raised when some were taken out.
    drained: Notify,
}

#[derive(Default)]
struct UnprovenEntries {
    /// Those for which no receipt was asked yet.
    seqs: Vec<u64>,
    /// A receipt for earlier ones is under way.
    is_asked: bool,
}

impl Unproven {
    fn lock(&self) -> MutexGuard<'_, UnprovenEntries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An attached client as rooms see it.
pub(crate) struct Client {
    pub(crate) id: PeerId,
    pub(crate) person: Arc<Person>,
    pub(crate) spelling: Spelling,
    /// Shared by all connections of the person; there once something is counted.
    meters: OnceLock<Arc<Meters>>,
    follows_inbox: AtomicBool,
    /// There once an entry was sent that waits for a proof.
    unproven: OnceLock<Box<Unproven>>,
    sign_in: Mutex<SignInId>,
    outlet: Arc<dyn Outlet>,
}

impl Client {
    pub(crate) fn new(id: PeerId, identity: Identity, spelling: Spelling, outlet: Arc<dyn Outlet>) -> Self {
        let Identity { person, sign_in } = identity;
        Self {
            id,
            person,
            spelling,
            meters: OnceLock::new(),
            follows_inbox: AtomicBool::new(false),
            unproven: OnceLock::new(),
            sign_in: Mutex::new(sign_in),
            outlet,
        }
    }

    /// What is counted of its person.
    pub(crate) fn meters(&self, book: &MeterBook) -> &Meters {
        self.meters.get_or_init(|| book.of(&self.person.id))
    }

    /// Where it takes frames.
    pub(crate) fn outlet(&self) -> &Arc<dyn Outlet> {
        &self.outlet
    }

    /// Hands on an event that others are told too.
    pub(crate) fn tell(&self, envelope: &Envelope, delivery: DeliveryPolicy) -> Result<(), Gone> {
        match envelope.event().track() {
            Some(track) => self.tell_at(envelope, track),
            None => envelope.frame(self.spelling).map_or(Ok(()), |frame| self.outlet.push(frame, delivery)),
        }
    }

    /// Hands on an event that others are told too and that must arrive, with the place where the reader stands then.
    pub(crate) fn tell_at(&self, envelope: &Envelope, track: Track<'_>) -> Result<(), Gone> {
        if let Some(frame) = envelope.frame(self.spelling) {
            return self.outlet.push_at(frame, track);
        }
        self.outlet.place(track);
        Ok(())
    }

    /// Hands on an event that is for this client alone.
    pub(crate) fn tell_alone(&self, event: &Event) -> Result<(), Gone> {
        self.tell_alone_at(event, event.track())
    }

    /// As [`Client::tell_alone`], with the place where the reader stands then.
    pub(crate) fn tell_alone_at(&self, event: &Event, track: Option<Track<'_>>) -> Result<(), Gone> {
        self.hand_at((self.spelling.encode)(event), track)
    }

    /// Hands on a frame that is written already, if the dialect has one, with the place where the reader stands then.
    pub(crate) fn hand_at(&self, frame: Option<Bytes>, track: Option<Track<'_>>) -> Result<(), Gone> {
        match (frame, track) {
            (Some(frame), Some(track)) => self.outlet.push_at(frame, track),
            (Some(frame), None) => self.outlet.push(frame, DeliveryPolicy::Reliable),
            (None, Some(track)) => {
                self.outlet.place(track);
                Ok(())
            }
            (None, None) => Ok(()),
        }
    }

    /// Hands on an event that is for this client alone, and worth nothing once a newer one of the subject follows.
    pub(crate) fn tell_latest(&self, event: &Event, key: ConflationKey) -> Result<(), Gone> {
        let frame = (self.spelling.encode)(event);
        frame.map_or(Ok(()), |frame| self.outlet.push(frame, DeliveryPolicy::Latest(key)))
    }

    /// Hands on a frame that is spelled already.
    pub(crate) fn hand(&self, frame: Bytes) -> Result<(), Gone> {
        self.outlet.push(frame, DeliveryPolicy::Reliable)
    }

    /// The client stands here now.
    pub(crate) fn place(&self, track: Track<'_>) {
        self.outlet.place(track);
    }

    /// Whether a waiting entry with this item is delivered once this client has received it.
    pub(crate) fn settles(&self, item: &InboxItem) -> bool {
        self.spelling.settles.contains(&InboxKind::of(item))
    }

    /// Whether this client's dialect has a word for an event.
    pub(crate) fn understands_envelope(&self, envelope: &Envelope) -> bool {
        envelope.frame(self.spelling).is_some()
    }

    pub(crate) fn close(&self, code: CloseCode) {
        self.outlet.close(code);
    }

    /// Is told from now on what reaches its person. Said by the inbox alone.
    pub(crate) fn follow_inbox(&self) {
        self.follows_inbox.store(true, Ordering::Relaxed);
    }

    pub(crate) fn leave_inbox(&self) {
        self.follows_inbox.store(false, Ordering::Relaxed);
    }

    pub(crate) fn follows_inbox(&self) -> bool {
        self.follows_inbox.load(Ordering::Relaxed)
    }

    fn unproven(&self) -> &Unproven {
        self.unproven.get_or_init(Box::default)
    }

    /// A waiting entry was sent.
    pub(crate) fn note_unproven(&self, seq: u64) {
        self.unproven().lock().seqs.push(seq);
    }

    /// The entries for which a receipt is to be asked now; `None` if there are none, or one is under way.
    pub(crate) fn begin_receipt(&self) -> Option<Vec<u64>> {
        let mut entries = self.unproven.get()?.lock();
        if entries.is_asked || entries.seqs.is_empty() {
            return None;
        }
        entries.is_asked = true;
        Some(std::mem::take(&mut entries.seqs))
    }

    /// The entries that were sent since the last receipt was asked for, which has come. `None`: none, and no receipt is under way any more.
    pub(crate) fn next_receipt(&self) -> Option<Vec<u64>> {
        let unproven = self.unproven();
        let mut entries = unproven.lock();
        entries.is_asked = !entries.seqs.is_empty();
        let next = entries.is_asked.then(|| std::mem::take(&mut entries.seqs));
        drop(entries);
        unproven.drained.notify_waiters();
        next
    }

    /// No receipt comes any more.
    pub(crate) fn end_receipts(&self) {
        let unproven = self.unproven();
        *unproven.lock() = UnprovenEntries::default();
        unproven.drained.notify_waiters();
    }

    /// Resolves when few entries wait for a receipt to be asked for.
    pub(crate) async fn receipts_drained(&self) {
        let Some(unproven) = self.unproven.get() else { return };
        loop {
            // Made before the look: it also hears what happens between the look and the waiting.
            let drained = unproven.drained.notified();
            if unproven.lock().seqs.len() < MAX_UNPROVEN {
                return;
            }
            drained.await;
        }
    }

    pub(crate) fn sign_in(&self) -> SignInId {
        *self.sign_in.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn renew(&self, sign_in: SignInId) {
        *self.sign_in.lock().unwrap_or_else(PoisonError::into_inner) = sign_in;
    }
}
