//! Live sessions: changes of the participants and of the status, and the ids of live rooms.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Opaque, RoomId, UserId};

/// What the id of a live room has before the id of its chat. No room of another kind is made with such an id.
pub const LIVE_PREFIX: &str = "session_";

/// The id that the live room of a chat gets, unless the chat's own id leaves no place for the prefix.
pub fn live_room(chat: &RoomId) -> Option<RoomId> {
    RoomId::parse(&format!("{LIVE_PREFIX}{chat}")).ok()
}

/// Whether an id is reserved for live rooms. It does not say what a room is: older versions made others with such ids.
pub fn is_reserved(room: &RoomId) -> bool {
    room.as_str().starts_with(LIVE_PREFIX)
}

/// A user became a participant with the first connection, or ceased to be one with the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct ParticipantChange {
    /// Where.
    pub room: RoomId,
    /// The user.
    pub user: UserId,
    /// The user name.
    pub name: String,
    /// Whether the user joined; otherwise the user left.
    pub here: bool,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
}

/// The status that an owner gives a live session, such as `live`, `paused` or `ended`. The newest one is stored with the
/// room and sent to each client that joins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct LiveChange {
    /// Where.
    pub room: RoomId,
    /// The chat whose live room this is; `None` in a room of another kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<RoomId>,
    /// The status, as a word of the application.
    pub status: String,
    /// The owner who set it.
    pub user: UserId,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// Further details of the application.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub details: Opaque<Map<String, Value>>,
}
