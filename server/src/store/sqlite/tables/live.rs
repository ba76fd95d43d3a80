//! Live rooms of chats, and the status that owners set for sessions; both are columns of the rooms table.

use protocol::{LiveChange, RoomId, RoomKind};
use rusqlite::{Connection, params};

use super::row_mapping::{json, kind_number};
use crate::store::sqlite::write_tx::DatabaseError;

/// Makes the live room of a chat, if there is that chat and it has none, and no room has this identifier. See
/// [`hub::store::Store::live_room`].
pub(crate) fn create(
    connection: &Connection,
    room: &RoomId,
    chat: &RoomId,
    epoch: u32,
    at_ms: i64,
) -> Result<(), rusqlite::Error> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO rooms (id, name, kind, epoch, created_at_ms, active_at_ms, chat)
         SELECT ?1, '', ?2, ?3, ?4, ?4, c.key FROM rooms c WHERE c.id = ?5 AND c.chat IS NULL
            AND NOT EXISTS (SELECT 1 FROM rooms l WHERE l.chat = c.key)
         ON CONFLICT (id) DO NOTHING",
    )?;
    insert.execute(params![room.as_str(), kind_number(RoomKind::Live), epoch, at_ms, chat.as_str()])?;
    Ok(())
}

/// See [`hub::store::Store::set_live`].
pub(crate) fn set(connection: &Connection, change: &LiveChange) -> Result<(), DatabaseError> {
    connection
        .prepare_cached("UPDATE rooms SET live = ? WHERE id = ?")?
        .execute(params![json(change)?, change.room.as_str()])?;
    Ok(())
}
