//! Effects: what the reducer wants to be done outside the state of the chat.

use protocol::{ClientFrame, RoomId};

/// Something to do.
#[derive(Debug)]
pub(super) enum Effect {
    Send(ClientFrame),
    /// No draft to this room is sent any more.
    ForgetRoom(RoomId),
    /// Ask for the list of rooms.
    RefreshRooms,
    /// The next time when somebody stops typing may be another one.
    WatchTyping,
}
