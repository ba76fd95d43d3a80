//! What quotas ask of the database: who left a room for good, who owns how much, who is a stranger to whom.

use std::collections::HashSet;
use std::convert::Infallible;

use protocol::{RoomId, UserId};
use rusqlite::{Connection, params};
use sqlx::query_scalar;
use sqlx::sqlite::SqlitePool;

use super::members::Known;
use super::rows::json;
use super::writer::{Change, Fault, Work};

/// The first of these users, if any, who left the room with this key for good.
pub(super) fn find_left(
    connection: &Connection,
    room: i64,
    users: &[Known],
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

/// See [`hub::port::Store::take_back_leaving`].
pub(super) struct TakeBack {
    pub(super) room: RoomId,
    pub(super) users: Vec<UserId>,
}

impl Change for TakeBack {
    type Done = u64;
    type Refusal = Infallible;
}

impl Work for TakeBack {
    fn run(&self, connection: &Connection) -> Result<u64, Fault<Infallible>> {
        let mut take_back = connection.prepare_cached(
            "DELETE FROM left_for_good WHERE room = (SELECT key FROM rooms WHERE id = ?)
                                         AND person = (SELECT key FROM people WHERE id = ?)",
        )?;
        let mut count = 0;
        for user in &self.users {
            count += take_back.execute(params![self.room.as_str(), user.as_str()])? as u64;
        }
        Ok(count)
    }
}

pub(super) const OWNED: &str = "SELECT COUNT(*) FROM members INDEXED BY members_by_person
     WHERE person = (SELECT key FROM people WHERE id = ?) AND role = 1";

/// See [`hub::port::Store::rooms_owned`].
pub(super) async fn rooms_owned(readers: &SqlitePool, user: &UserId) -> Result<u64, sqlx::Error> {
    query_scalar(OWNED).bind(user.as_str()).fetch_one(readers).await
}

/// The users of a JSON list who share a room with somebody.
pub(super) const KNOWN: &str = "
    SELECT COUNT(*) FROM json_each(?1) asked JOIN people p ON p.id = asked.value
    WHERE EXISTS (SELECT 1 FROM members other JOIN members own ON own.room = other.room
                  WHERE other.person = p.key AND own.person = (SELECT key FROM people WHERE id = ?2))";

/// See [`hub::port::Store::strangers`].
pub(super) async fn strangers(
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
