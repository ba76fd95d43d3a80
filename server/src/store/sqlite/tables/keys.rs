//! Keys: the integers by which tables refer to users and rooms, looked up by identifier.

use protocol::{RoomId, UserId};
use rusqlite::{Connection, OptionalExtension as _};

/// The key of a user; `None` if there is no such user.
pub(crate) fn user_key(connection: &Connection, user: &UserId) -> Result<Option<i64>, rusqlite::Error> {
    connection
        .prepare_cached("SELECT key FROM people WHERE id = ?")?
        .query_row([user.as_str()], |row| row.get(0))
        .optional()
}

/// The key of a room that has members of its own, which a live room has not; `None` if there is no such room.
pub(super) fn chat_key(connection: &Connection, room: &RoomId) -> Result<Option<i64>, rusqlite::Error> {
    connection
        .prepare_cached("SELECT key FROM rooms WHERE id = ? AND chat IS NULL")?
        .query_row([room.as_str()], |row| row.get(0))
        .optional()
}
