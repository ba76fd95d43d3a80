//! Who takes part at this moment, and what a session's owner says of it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{RoomId, UserId};

/// What the name of a live room has before the name of its chat.
pub const LIVE_PREFIX: &str = "session_";

/// The live room of a chat, unless the chat's own name leaves no place for the prefix.
pub fn live_room(chat: &RoomId) -> Option<RoomId> {
    RoomId::parse(&format!("{LIVE_PREFIX}{chat}")).ok()
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
