//! Ids of live rooms: `session_` and the id of the chat. They are addresses, by which a client asks for the live room of a chat
//! before it exists. The kind and the members of a room come from its record alone.

use protocol::{LIVE_PREFIX, RoomId};

pub(crate) use protocol::live_room as room_of;

/// The chat whose live room is asked for by this id, unless another room has the id.
pub(crate) fn chat_of(room: &RoomId) -> Option<RoomId> {
    room.as_str().strip_prefix(LIVE_PREFIX).and_then(|chat| RoomId::parse(chat).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_of_a_live_room_names_its_chat() {
        let chat = RoomId::parse("algebra").unwrap();
        let live = room_of(&chat).unwrap();
        assert_eq!(live.as_str(), "session_algebra");
        assert_eq!(chat_of(&live), Some(chat.clone()));
        assert_eq!(chat_of(&chat), None);
        assert_eq!(chat_of(&RoomId::parse("session_").unwrap()), None);
        assert_eq!(room_of(&RoomId::parse(&"x".repeat(64)).unwrap()), None);
    }
}
