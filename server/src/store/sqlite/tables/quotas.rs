//! Counts behind the quotas: rooms that users left for good, rooms that a user owns, users who share no room.

use std::collections::HashSet;

use protocol::{RoomId, UserId};
use rusqlite::Connection;
use sqlx::query_scalar;
use sqlx::sqlite::SqlitePool;

use super::row_mapping::json;
use super::users::KnownUser;

/// The first of these users, if any, who left the room with this key for good.
pub(super) fn find_left(
    connection: &Connection,
    room: i64,
    users: &[KnownUser],
) -> Result<Option<UserId>, rusqlite::Error> {
    let mut find = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM left_for_good WHERE room = ? AND person = ?)")?;
    for user in users {
        if find.query_row([room, user.key()], |row| row.get(0))? {
            return Ok(Some(user.id().clone()));
        }
    }
    Ok(None)
}

/// Notes that a member leaves for good.
pub(super) fn note_left(
    connection: &Connection,
    room: &RoomId,
    user: &UserId,
) -> Result<(), rusqlite::Error> {
    let mut note = connection.prepare_cached(
        "INSERT OR IGNORE INTO left_for_good (room, person)
         SELECT room, person FROM members WHERE room = (SELECT key FROM rooms WHERE id = ?)
                                            AND person = (SELECT key FROM people WHERE id = ?)",
    )?;
    note.execute([room.as_str(), user.as_str()])?;
    Ok(())
}

/// See [`hub::store::Store::take_back_leaving`].
pub(crate) fn take_back_leaving(
    connection: &Connection,
    room: &RoomId,
    users: &[UserId],
) -> Result<u64, rusqlite::Error> {
    let mut take_back = connection.prepare_cached(
        "DELETE FROM left_for_good WHERE room = (SELECT key FROM rooms WHERE id = ?)
                                         AND person = (SELECT key FROM people WHERE id = ?)",
    )?;
    let mut count = 0;
    for user in users {
        count += take_back.execute([room.as_str(), user.as_str()])? as u64;
    }
    Ok(count)
}

pub(super) const OWNED: &str = "SELECT COUNT(*) FROM members INDEXED BY members_by_person
     WHERE person = (SELECT key FROM people WHERE id = ?) AND role = 1";

/// See [`hub::store::Store::rooms_owned`].
pub(crate) async fn rooms_owned(readers: &SqlitePool, user: &UserId) -> Result<u64, sqlx::Error> {
    query_scalar(OWNED).bind(user.as_str()).fetch_one(readers).await
}

/// Those users of a JSON list who share a room with the user.
pub(super) const KNOWN: &str = "
    SELECT COUNT(*) FROM json_each(?1) asked JOIN people p ON p.id = asked.value
    WHERE EXISTS (SELECT 1 FROM members other JOIN members own ON own.room = other.room
                  WHERE other.person = p.key AND own.person = (SELECT key FROM people WHERE id = ?2))";

/// See [`hub::store::Store::strangers`].
pub(crate) async fn strangers(
    readers: &SqlitePool,
    user: &UserId,
    users: &[UserId],
) -> Result<u64, sqlx::Error> {
    let others: HashSet<&str> = users.iter().filter(|other| *other != user).map(UserId::as_str).collect();
    let others: Vec<&str> = others.into_iter().collect();
    let list = json(&others)?;
    let known: u64 = query_scalar(KNOWN).bind(list).bind(user.as_str()).fetch_one(readers).await?;
    Ok((others.len() as u64).saturating_sub(known))
}
