//! The members table: the users of each room, with their roles and read markers.

use std::collections::HashSet;

use hub::model::{Membership, RoomHead};
use hub::store::StoreError;
use protocol::{Cursor, Role, RoomId, UserId};
use rusqlite::{Connection, OptionalExtension as _, params};
use sqlx::sqlite::SqlitePool;
use sqlx::{query_as, query_scalar};

use super::keys::chat_key;
use super::row_mapping::{role_number, room_id, seq_number, user_id};
use super::{quotas, users};
use crate::store::sqlite::write_tx::{DatabaseError, WriteError};

/// Adds users to a room that they are not in.
pub(super) fn insert(
    connection: &Connection,
    room: i64,
    members: &[(i64, Membership)],
    at_ms: i64,
) -> Result<(), rusqlite::Error> {
    let mut insert = connection
        .prepare_cached("INSERT INTO members (room, person, role, joined_at_ms) VALUES (?, ?, ?, ?)")?;
    for (user, membership) in members {
        insert.execute(params![room, user, role_number(membership.role), at_ms])?;
    }
    Ok(())
}

/// See [`hub::store::Store::add_members`].
pub(crate) fn add(
    connection: &Connection,
    room: &RoomId,
    users: &[UserId],
    at_ms: i64,
) -> Result<Vec<Membership>, WriteError<StoreError>> {
    let room = chat_key(connection, room)?.ok_or(WriteError::Rejected(StoreError::NoSuchRoom))?;
    let users = users::lookup(connection, users)?;
    if let Some(gone) = quotas::find_left(connection, room, &users)? {
        return Err(WriteError::Rejected(StoreError::LeftForGood(gone)));
    }
    let present: HashSet<i64> = connection
        .prepare_cached("SELECT person FROM members WHERE room = ?")?
        .query_map([room], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let added: Vec<_> = users
        .into_iter()
        .filter(|user| !present.contains(&user.key()))
        .map(|user| user.into_member(Role::Member))
        .collect();
    insert(connection, room, &added, at_ms)?;
    Ok(added.into_iter().map(|(_, membership)| membership).collect())
}

/// See [`hub::store::Store::remove_member`].
pub(crate) fn remove(
    connection: &Connection,
    room: &RoomId,
    user: &UserId,
) -> Result<Option<UserId>, DatabaseError> {
    let mut remove = connection.prepare_cached(
        "DELETE FROM members WHERE room = (SELECT key FROM rooms WHERE id = ?)
                                   AND person = (SELECT key FROM people WHERE id = ?) RETURNING room",
    )?;
    let left: Option<i64> = remove.query_row([room.as_str(), user.as_str()], |row| row.get(0)).optional()?;
    let Some(room) = left else { return Ok(None) };
    let mut promote = connection.prepare_cached(
        "UPDATE members SET role = 1
             WHERE key = (SELECT MIN(key) FROM members WHERE room = ?1)
               AND NOT EXISTS (SELECT 1 FROM members WHERE room = ?1 AND role = 1)
             RETURNING (SELECT id FROM people WHERE people.key = members.person)",
    )?;
    let heir: Option<String> = promote.query_row([room], |row| row.get(0)).optional()?;
    Ok(heir.as_deref().map(user_id).transpose()?)
}

/// See [`hub::store::Store::leave_for_good`].
pub(crate) fn leave_for_good(
    connection: &Connection,
    room: &RoomId,
    user: &UserId,
) -> Result<Option<UserId>, DatabaseError> {
    quotas::note_left(connection, room, user)?;
    remove(connection, room, user)
}

/// See [`hub::store::Store::mark_read`].
pub(crate) fn mark_read(
    connection: &Connection,
    room: &RoomId,
    marks: &[(UserId, u64)],
) -> Result<(), rusqlite::Error> {
    let room = connection
        .prepare_cached("SELECT key, head FROM rooms WHERE id = ?")?
        .query_row([room.as_str()], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
        .optional()?;
    let Some((room, head)) = room else { return Ok(()) };
    let mut raise = connection.prepare_cached(
        "UPDATE members SET read_seq = ?1
             WHERE room = ?2 AND person = (SELECT key FROM people WHERE id = ?3) AND read_seq < ?1",
    )?;
    for (user, seq) in marks {
        raise.execute(params![seq_number(*seq).min(head), room, user.as_str()])?;
    }
    Ok(())
}

pub(super) const ROLE: &str = "
    SELECT role FROM members
    WHERE room = (SELECT COALESCE(chat, key) FROM rooms WHERE id = ?)
      AND person = (SELECT key FROM people WHERE id = ?)";

pub(super) const HEADS: &str = "
    SELECT r.id, r.epoch, r.head, r.rev FROM members m JOIN rooms r ON r.key = m.room
    WHERE m.person = (SELECT key FROM people WHERE id = ?1)
    UNION ALL
    SELECT r.id, r.epoch, r.head, r.rev FROM members m JOIN rooms r ON r.chat = m.room
    WHERE m.person = (SELECT key FROM people WHERE id = ?1)";

/// See [`hub::store::Store::role`]. In a live room it is the role in its chat.
pub(crate) async fn role(
    readers: &SqlitePool,
    room: &RoomId,
    user: &UserId,
) -> Result<Option<Role>, sqlx::Error> {
    let number: Option<i64> =
        query_scalar(ROLE).bind(room.as_str()).bind(user.as_str()).fetch_optional(readers).await?;
    number.map(super::row_mapping::role).transpose()
}

/// Rejects what only a member of a room may be part of, in the transaction that stores it.
pub(super) fn check(
    connection: &Connection,
    room: &RoomId,
    user: &UserId,
    error: StoreError,
) -> Result<(), WriteError<StoreError>> {
    let is_in = connection.prepare_cached(ROLE)?.exists([room.as_str(), user.as_str()])?;
    if is_in { Ok(()) } else { Err(WriteError::Rejected(error)) }
}

/// See [`hub::store::Store::room_heads`].
pub(crate) async fn room_heads(readers: &SqlitePool, user: &UserId) -> Result<Vec<RoomHead>, sqlx::Error> {
    let heads: Vec<(String, u32, u64, u64)> = query_as(HEADS).bind(user.as_str()).fetch_all(readers).await?;
    let head = |(room, epoch, seq, rev): (String, u32, u64, u64)| {
        Ok(RoomHead { room: room_id(&room)?, head: Cursor { epoch, seq }, rev })
    };
    heads.into_iter().map(head).collect()
}
