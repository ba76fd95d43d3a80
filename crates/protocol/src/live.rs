//! Who takes part at this moment, and what a session's owner says of it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{RoomId, UserId};

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

/// Somebody began or ceased to follow a room: with the first device, with the last one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParticipantChange {
    /// Where.
    pub room: RoomId,
    /// Who.
    pub user: UserId,
    /// The user name.
    pub name: String,
    /// Came or went.
    pub here: bool,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
}

/// What an owner says of a session, such as `live`, `paused` or `ended`. The newest one is kept with the room and told to
/// whoever joins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveChange {
    /// Where.
    pub room: RoomId,
    /// The chat whose live room this is; `None` for what is said in a room of another kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<RoomId>,
    /// The state, as a word of the application.
    pub status: String,
    /// Who said so.
    pub user: UserId,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// Whatever else the application said of it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
}
