//! The hub's knobs.

use std::sync::Arc;
use std::time::Duration;

use crate::quotas::Quotas;
use crate::rates::Rates;

/// How the hub behaves where it could behave otherwise.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Commands that may wait for one room. Beyond it whoever sends waits, which is the back-pressure that a busy room
    /// exerts. Default 256: four batches.
    pub mailbox: usize,
    /// Commands that a room takes up at a time; neighbouring posts among them share a transaction. Default 64: beyond it
    /// a commit hardly gets cheaper per row.
    pub batch: usize,
    /// Messages that a room keeps at hand for those who come back. Default 256: a minute or two of a lively room.
    pub ring: usize,
    /// Bytes that these may take of memory. Default 512 KiB: as much as one answer to a join brings.
    pub ring_bytes: usize,
    /// Bytes that they may take in all rooms together; beyond it the older ones go, and are read from the store when they are
    /// asked for. Default 64 MiB: 250,000 messages of a line or two.
    pub at_hand_bytes: usize,
    /// How long a room without anybody stays in memory. Default 60 s: longer than a page takes to reload.
    pub room_idle: Duration,
    /// How long somebody counts as present after the last connection ended. Default 5 s: longer than a reload or a
    /// change of network, short enough that ghosts are gone within ten.
    pub presence_grace: Duration,
    /// How long a room gathers who else comes and goes after it has told of somebody; longer in a room of more than a
    /// thousand. Default 100 ms: at once for people, ten frames a second in a storm.
    pub presence_tick: Duration,
    /// How long somebody counts as typing without saying so again. Default as in [`protocol::limits::TYPING_TIMEOUT_MS`].
    pub typing_timeout: Duration,
    /// How often a person and a connection may do something. Default: as often as they like.
    pub rates: Rates,
    /// What a user may make and store in a day, and have at a time. Default: as much as the user likes.
    pub quotas: Quotas,
    /// Connections that one person may hold. Default as in [`protocol::limits::MAX_CONNECTIONS_PER_PERSON`].
    pub connections_per_person: usize,
    /// Rooms that one connection may follow. Default as in [`protocol::limits::MAX_ROOMS_PER_CONNECTION`].
    pub rooms_per_connection: usize,
    /// Bytes of UTF-8 text that one message may carry. Default as in [`protocol::limits::MAX_MESSAGE_BYTES`].
    pub message_bytes: usize,
    /// Bytes of inbox entries that may wait for one user. Default as in [`protocol::limits::INBOX_BYTES_PER_USER`].
    pub inbox_bytes_per_user: u64,
    /// How this server calls itself in events. Default `hubbub`.
    pub server_name: Arc<str>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mailbox: 256,
            batch: 64,
            ring: 256,
            ring_bytes: protocol::limits::PAGE_BYTES,
            at_hand_bytes: 64 * 1024 * 1024,
            room_idle: Duration::from_mins(1),
            presence_grace: Duration::from_secs(5),
            presence_tick: Duration::from_millis(100),
            typing_timeout: Duration::from_millis(u64::from(protocol::limits::TYPING_TIMEOUT_MS)),
            rates: Rates::default(),
            quotas: Quotas::default(),
            connections_per_person: protocol::limits::MAX_CONNECTIONS_PER_PERSON,
            rooms_per_connection: protocol::limits::MAX_ROOMS_PER_CONNECTION,
            message_bytes: protocol::limits::MAX_MESSAGE_BYTES,
            inbox_bytes_per_user: protocol::limits::INBOX_BYTES_PER_USER,
            server_name: "hubbub".into(),
        }
    }
}
