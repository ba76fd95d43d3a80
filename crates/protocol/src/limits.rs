//! Limits: bounds that both sides know, so that the page can warn before the server answers with an error.

/// Bytes of UTF-8 text that one message may carry. 64 KiB: a long document's chapter, yet 16 of them fit one frame.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// Bytes of one WebSocket message, either way. Beyond it the server closes with code 1009.
pub const MAX_FRAME_BYTES: usize = 1024 * 1024;

/// Characters of a room's display name.
pub const MAX_ROOM_NAME_CHARS: usize = 80;

/// Bytes of a room's or a user's identifier.
pub const MAX_ID_BYTES: usize = 64;

/// Rooms that one connection may be subscribed to at a time.
pub const MAX_ROOMS_PER_CONNECTION: usize = 512;

/// Live connections of one user: a few devices with a few tabs each.
pub const MAX_CONNECTIONS_PER_USER: usize = 20;

/// Members that one request may add to a room.
pub const MAX_MEMBERS_PER_REQUEST: usize = 200;

/// Characters of a user name, at least and at most.
pub const USERNAME_CHARS: std::ops::RangeInclusive<usize> = 3..=32;

/// Characters of a password, at least and at most. The upper end bounds the cost of hashing.
pub const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 10..=128;

/// Characters of an e-mail address, at most (RFC 5321, section 4.5.3.1.3, less the angle brackets).
pub const MAX_EMAIL_CHARS: usize = 254;

/// Messages of one history page when the request names no number.
pub const PAGE_MESSAGES: u32 = 50;

/// Messages of one history page at most.
pub const MAX_PAGE_MESSAGES: u32 = 200;

/// Missed messages in one answer to a join with `since`; a client that misses more asks again. For a Socket.IO client: messages
/// of all rooms and inbox entries together; one that missed more starts over.
pub const MAX_RECOVERED_MESSAGES: u32 = 500;

/// Bytes of messages that one answer to a join brings, about; at least one message. Half of what may wait for a client, so
/// that an answer leaves room for messages that are posted meanwhile.
pub const PAGE_BYTES: usize = 512 * 1024;

/// Milliseconds without a typing command after which a user no longer counts as typing. The native client repeats it sooner.
pub const TYPING_TIMEOUT_MS: u32 = 10_000;

/// Unread messages are counted up to this number; pages show it with a plus sign.
pub const MAX_UNREAD: u32 = 100;

/// Unread messages are counted among this many of a room's newest. A program that only posts and never reads has all of
/// its own messages after its marker, and a count would read them all for nothing.
pub const UNREAD_AMONG: u32 = 1_000;

/// Simulation: milliseconds that a run may last.
pub const SIMULATION_DURATION_MS: std::ops::RangeInclusive<u64> = 100..=3_600_000;

/// Simulation: milliseconds between two steps.
pub const SIMULATION_FREQUENCY_MS: std::ops::RangeInclusive<u64> = 50..=60_000;

/// Simulation: runs of one user at a time.
pub const MAX_SIMULATIONS_PER_USER: usize = 10;

/// Simulation: characters of the text before each step's number.
pub const MAX_SIMULATION_PREFIX_CHARS: usize = 80;

/// Bytes of the status of a live session.
pub const MAX_LIVE_STATUS_BYTES: usize = 32;

/// Bytes of JSON that may accompany it, and that an application's own event may carry.
pub const MAX_DETAILS_BYTES: usize = 16 * 1024;

/// Characters of a notification's or a job's title.
pub const MAX_TITLE_CHARS: usize = 200;

/// Characters of the text of a notification or a job beside its title.
pub const MAX_NOTE_CHARS: usize = 2_000;

/// Bytes of the name of an application's own event, of a job's subject and of a job's stage.
pub const MAX_WORD_BYTES: usize = 128;

/// Entries that a user's inbox keeps. Older ones are deleted, except those that still wait for a proof of their delivery.
pub const MAX_INBOX_ITEMS: u32 = 1_000;

/// Bytes of inbox entries, or of messages that a Socket.IO client missed, that are sent in one portion, about; at least one.
/// Small beside what may wait for a client (1 MiB), so that a portion leaves room for an answer to a join.
pub const PORTION_BYTES: usize = 64 * 1024;

/// Bytes of entries that may wait for one user. Beyond it the sender is refused.
pub const INBOX_BYTES_PER_USER: u64 = 64 * 1024 * 1024;

/// Kinds of reactions that one message may have.
pub const MAX_REACTION_KINDS: usize = 50;

/// Users that are named with each kind of reaction; of the others there is the count.
pub const REACTION_USERS: usize = 20;

/// Messages that may be pinned to one room.
pub const MAX_PINS: usize = 100;
