//! Context: the state and services that all parts of a hub share. It knows no part's inside.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use protocol::{LiveChange, RoomId};

use crate::actor::ActorRegistry;
use crate::client::ClientId;
use crate::deferred_commands::DeferredCommands;
use crate::event::Stamp;
use crate::history_cache::HistoryCache;
use crate::inbox::InboxRegistry;
use crate::lifecycle::Lifecycle;
use crate::message_rate::MessageRate;
use crate::presence::Presence;
use crate::rate_limit::LimiterRegistry;
use crate::room::RoomCommand;
use crate::settings::HubSettings;
use crate::store::{Clock, Store};

/// One for each hub, behind one pointer.
pub(crate) struct HubContext {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: HubSettings,
    pub(crate) lifecycle: Arc<Lifecycle>,
    pub(crate) limiters: LimiterRegistry,
    pub(crate) history_cache: Arc<HistoryCache>,
    pub(crate) message_rate: MessageRate,
    pub(crate) presence: Arc<Presence>,
    pub(crate) rooms: Arc<ActorRegistry<RoomId, RoomCommand>>,
    pub(crate) inboxes: InboxRegistry,
    /// Status changes of live sessions, for chats with a full mailbox.
    pub(crate) deferred_statuses: Arc<DeferredCommands<Box<LiveChange>>>,
    last_client_id: AtomicU64,
}

impl HubContext {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, settings: HubSettings) -> Self {
        let (lifecycle, rooms) = (Arc::<Lifecycle>::default(), Arc::<ActorRegistry<_, _>>::default());
        Self {
            store,
            clock,
            limiters: LimiterRegistry::default(),
            history_cache: Arc::new(HistoryCache::new(&settings)),
            message_rate: MessageRate::default(),
            presence: Arc::new(Presence::new(&settings, rooms.clone(), lifecycle.clone())),
            lifecycle,
            rooms,
            inboxes: InboxRegistry::default(),
            deferred_statuses: Arc::default(),
            last_client_id: AtomicU64::new(0),
            settings,
        }
    }

    /// The id of the next client that is attached.
    pub(crate) fn next_client_id(&self) -> ClientId {
        ClientId(self.last_client_id.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// The time, and the server's name.
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp { at_ms: self.clock.now_ms(), server: self.settings.server_name.clone() }
    }
}
