//! Settings: sizes, times and limits of the hub, with the defaults and their reasons.

use std::sync::Arc;
use std::time::Duration;

use crate::quotas::Quotas;
use crate::rate_limit::Rates;

/// The settings of a hub.
#[derive(Debug, Clone)]
pub struct HubSettings {
    /// Commands that may wait in one mailbox. Beyond it senders wait, which is the back-pressure of a busy room. Default 256:
    /// four batches.
    pub mailbox: usize,
    /// Commands that a room executes as one batch; neighbouring posts among them share a transaction. Default 64: beyond it a
    /// commit hardly gets cheaper per row.
    pub batch: usize,
    /// Messages in the history cache of a room. Default 256: a minute or two of a lively room.
    pub history_cache_messages_per_room: usize,
    /// Bytes in the history cache of a room. Default 512 KiB: as much as one answer to a join brings.
    pub history_cache_bytes_per_room: usize,
    /// Bytes in the history caches of all rooms; beyond it older messages are evicted and read from the store. Default 64 MiB:
    /// 250,000 messages of a line or two.
    pub history_cache_bytes: usize,
    /// How long an idle room stays in memory. Default 60 s: longer than a page takes to reload.
    pub room_idle: Duration,
    /// How long a user counts as online after the last connection ended. Default 5 s: longer than a reload or a change of
    /// network, short enough that a lost connection shows within ten.
    pub presence_grace: Duration,
    /// The time between two presence events of a room; longer in a room of more than a thousand. Default 100 ms: users see it
    /// at once, and it is ten frames a second when thousands reconnect.
    pub presence_tick: Duration,
    /// How long a typing notification holds. Default as in [`protocol::limits::TYPING_TIMEOUT_MS`].
    pub typing_timeout: Duration,
    /// The rates of a user and of a connection. Default: no limits.
    pub rates: Rates,
    /// What a user may create and store in a day, and own at a time. Default: no limits.
    pub quotas: Quotas,
    /// Connections of one user. Default as in [`protocol::limits::MAX_CONNECTIONS_PER_USER`].
    pub connections_per_user: usize,
    /// Rooms that one connection may be subscribed to. Default as in [`protocol::limits::MAX_ROOMS_PER_CONNECTION`].
    pub rooms_per_connection: usize,
    /// Bytes of UTF-8 text in one message. Default as in [`protocol::limits::MAX_MESSAGE_BYTES`].
    pub message_bytes: usize,
    /// How old a message may be whose text its author edits. Default: any age.
    pub edit_window: Option<Duration>,
    /// Whether every member may pin messages, and not only owners. Default: owners only.
    pub members_may_pin: bool,
    /// Words that are reactions beside emojis. Default: none.
    pub reaction_words: Arc<[Box<str>]>,
    /// Bytes of inbox entries that may wait for one user. Default as in [`protocol::limits::INBOX_BYTES_PER_USER`].
    pub inbox_bytes_per_user: u64,
    /// The server's name in events. Default `hubbub`.
    pub server_name: Arc<str>,
}

impl Default for HubSettings {
    fn default() -> Self {
        Self {
            mailbox: 256,
            batch: 64,
            history_cache_messages_per_room: 256,
            history_cache_bytes_per_room: protocol::limits::PAGE_BYTES,
            history_cache_bytes: 64 * 1024 * 1024,
            room_idle: Duration::from_mins(1),
            presence_grace: Duration::from_secs(5),
            presence_tick: Duration::from_millis(100),
            typing_timeout: Duration::from_millis(u64::from(protocol::limits::TYPING_TIMEOUT_MS)),
            rates: Rates::default(),
            quotas: Quotas::default(),
            connections_per_user: protocol::limits::MAX_CONNECTIONS_PER_USER,
            rooms_per_connection: protocol::limits::MAX_ROOMS_PER_CONNECTION,
            message_bytes: protocol::limits::MAX_MESSAGE_BYTES,
            edit_window: None,
            members_may_pin: false,
            reaction_words: Arc::default(),
            inbox_bytes_per_user: protocol::limits::INBOX_BYTES_PER_USER,
            server_name: "hubbub".into(),
        }
    }
}
