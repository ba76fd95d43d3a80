//! Client handle: the part of an attached client that rooms and inboxes hold, so that they can send to it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use protocol::{CloseCode, InboxItem};
use send_queue::ConflationKey;
use uuid::Uuid;

use crate::event::Event;
use crate::inbox::PendingReceipts;
use crate::model::User;
use crate::queue::{ClientTransport, DeliveryPolicy, Disconnected, Encoder, Envelope, StreamPosition};
use crate::rate_limit::{LimiterRegistry, UserLimiters};
use crate::store::InboxKind;

/// The id of an attached client, for as long as it is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientId(pub u64);

/// The id of a sign-in. Ending a sign-in ends every connection that came with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SignInId(pub Uuid);

/// The user of a connection, as its token says.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The user.
    pub user: Arc<User>,
    /// The sign-in of the token.
    pub sign_in: SignInId,
}

pub(crate) struct ClientHandle {
    pub(crate) id: ClientId,
    pub(crate) user: Arc<User>,
    pub(crate) encoder: Encoder,
    /// Shared by all connections of the user; set once something is counted.
    limiters: OnceLock<Arc<UserLimiters>>,
    is_subscribed_to_inbox: AtomicBool,
    receipts: PendingReceipts,
    sign_in: Mutex<SignInId>,
    transport: Arc<dyn ClientTransport>,
}

impl ClientHandle {
    pub(crate) fn new(
        id: ClientId,
        identity: Identity,
        encoder: Encoder,
        transport: Arc<dyn ClientTransport>,
    ) -> Self {
        let Identity { user, sign_in } = identity;
        Self {
            id,
            user,
            encoder,
            limiters: OnceLock::new(),
            is_subscribed_to_inbox: AtomicBool::new(false),
            receipts: PendingReceipts::default(),
            sign_in: Mutex::new(sign_in),
            transport,
        }
    }

    /// The limiters of its user.
    pub(crate) fn limiters(&self, registry: &LimiterRegistry) -> &UserLimiters {
        self.limiters.get_or_init(|| registry.of(&self.user.id))
    }

    /// Where it takes frames.
    pub(crate) fn transport(&self) -> &Arc<dyn ClientTransport> {
        &self.transport
    }

    /// The inbox entries for which it has to give a receipt.
    pub(crate) fn receipts(&self) -> &PendingReceipts {
        &self.receipts
    }

    /// Sends an event that others receive too.
    pub(crate) fn send_shared(
        &self,
        envelope: &Envelope,
        delivery: DeliveryPolicy,
    ) -> Result<(), Disconnected> {
        match envelope.event().position() {
            Some(position) => self.send_shared_at(envelope, position),
            None => envelope.frame(self.encoder).map_or(Ok(()), |frame| self.transport.push(frame, delivery)),
        }
    }

    /// Sends an event that others receive too and that must arrive; the client's position is `position` afterwards.
    pub(crate) fn send_shared_at(
        &self,
        envelope: &Envelope,
        position: StreamPosition<'_>,
    ) -> Result<(), Disconnected> {
        self.send_frame_at(envelope.frame(self.encoder), Some(position))
    }

    /// Sends an event that is for this client alone.
    pub(crate) fn send(&self, event: &Event) -> Result<(), Disconnected> {
        self.send_frame_at((self.encoder.encode)(event), event.position())
    }

    /// Sends an encoded frame, if the dialect has one; the client's position is `position` afterwards.
    pub(crate) fn send_frame_at(
        &self,
        frame: Option<Bytes>,
        position: Option<StreamPosition<'_>>,
    ) -> Result<(), Disconnected> {
        match (frame, position) {
            (Some(frame), Some(position)) => self.transport.push_at(frame, position),
            (Some(frame), None) => self.transport.push(frame, DeliveryPolicy::Reliable),
            (None, Some(position)) => {
                self.transport.place(position);
                Ok(())
            }
            (None, None) => Ok(()),
        }
    }

    /// Sends an event that is for this client alone, and that a newer one with the key replaces.
    pub(crate) fn send_latest(&self, event: &Event, key: ConflationKey) -> Result<(), Disconnected> {
        let frame = (self.encoder.encode)(event);
        frame.map_or(Ok(()), |frame| self.transport.push(frame, DeliveryPolicy::Latest(key)))
    }

    /// Sends an encoded frame.
    pub(crate) fn send_raw(&self, frame: Bytes) -> Result<(), Disconnected> {
        self.transport.push(frame, DeliveryPolicy::Reliable)
    }

    /// Moves the client to a position without a frame.
    pub(crate) fn set_position(&self, position: StreamPosition<'_>) {
        self.transport.place(position);
    }

    /// Whether a waiting entry with this item is delivered once this client has received it.
    pub(crate) fn proves_delivery_of(&self, item: &InboxItem) -> bool {
        self.encoder.settles.contains(&InboxKind::of(item))
    }

    /// Whether this client's dialect has a frame for an event.
    pub(crate) fn has_frame_for(&self, envelope: &Envelope) -> bool {
        envelope.frame(self.encoder).is_some()
    }

    pub(crate) fn close(&self, code: CloseCode) {
        self.transport.close(code);
    }

    /// Live entries of its user's inbox are sent from now on. Called by the inbox alone.
    pub(crate) fn subscribe_to_inbox(&self) {
        self.is_subscribed_to_inbox.store(true, Ordering::Relaxed);
    }

    pub(crate) fn unsubscribe_from_inbox(&self) {
        self.is_subscribed_to_inbox.store(false, Ordering::Relaxed);
    }

    pub(crate) fn is_subscribed_to_inbox(&self) -> bool {
        self.is_subscribed_to_inbox.load(Ordering::Relaxed)
    }

    pub(crate) fn sign_in(&self) -> SignInId {
        *self.sign_in.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn renew(&self, sign_in: SignInId) {
        *self.sign_in.lock().unwrap_or_else(PoisonError::into_inner) = sign_in;
    }
}
