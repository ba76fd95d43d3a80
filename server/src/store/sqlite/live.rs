//! Live rooms of chats, and what owners say of sessions.

use std::convert::Infallible;

use protocol::{LiveChange, RoomId, RoomKind};
use rusqlite::{Connection, params};

use super::rows::{json, kind_number};
use super::writer::{Change, Fault, Work};

/// Makes the live room of a chat, if there is that chat and it has none, and no room has this identifier. See
/// [`hub::port::Store::live_room`].
pub(super) struct Open {
    pub(super) room: RoomId,
    pub(super) chat: RoomId,
    pub(super) epoch: u32,
    pub(super) at_ms: i64,
}

impl Change for Open {
    type Done = ();
    type Refusal = Infallible;
}

impl Work for Open {
    fn run(&self, connection: &Connection) -> Result<(), Fault<Infallible>> {
        let mut insert = connection.prepare_cached(
            "INSERT INTO rooms (id, name, kind, epoch, created_at_ms, active_at_ms, chat)
             SELECT ?1, '', ?2, ?3, ?4, ?4, c.key FROM rooms c WHERE c.id = ?5 AND c.chat IS NULL
                AND NOT EXISTS (SELECT 1 FROM rooms l WHERE l.chat = c.key)
             ON CONFLICT (id) DO NOTHING",
        )?;
        let kind = kind_number(RoomKind::Live);
        insert.execute(params![self.room.as_str(), kind, self.epoch, self.at_ms, self.chat.as_str()])?;
        Ok(())
    }
}

/// See [`hub::port::Store::set_live`].
pub(super) struct Set(pub(super) LiveChange);

impl Change for Set {
    type Done = ();
    type Refusal = Infallible;
}

impl Work for Set {
    fn run(&self, connection: &Connection) -> Result<(), Fault<Infallible>> {
        connection
            .prepare_cached("UPDATE rooms SET live = ? WHERE id = ?")?
            .execute(params![json(&self.0)?, self.0.room.as_str()])?;
        Ok(())
    }
}
