//! The rooms table: rooms are created, read, renamed and deleted.

use hub::model::RoomRecord;
use hub::store::{RoomDraft, StoreError};
use protocol::{Cursor, LiveChange, Role, RoomId};
use rusqlite::{Connection, params};
use sqlx::sqlite::SqlitePool;
use sqlx::{FromRow, Row as _, query};

use super::row_mapping::{MemberRow, from_json, kind, kind_number, room_id};
use super::{members, users};
use crate::store::sqlite::write_tx::{WriteError, WriteTx};

/// See [`hub::store::Store::create_room`].
pub(crate) fn create(tx: &mut WriteTx<'_>, draft: &RoomDraft) -> Result<RoomRecord, WriteError<StoreError>> {
    let room = insert(tx, draft)?;
    tx.note_active_ms(room.active_at_ms);
    Ok(room)
}

fn insert(connection: &Connection, draft: &RoomDraft) -> Result<RoomRecord, WriteError<StoreError>> {
    check_free(connection, &draft.id)?;
    let mut users = vec![draft.owner.clone()];
    users.extend(draft.members.iter().filter(|member| **member != draft.owner).cloned());
    let users = users::lookup(connection, &users)?;
    // Before all rooms of its maker, also when the clock was set back meanwhile.
    let mut insert = connection.prepare_cached(
        "INSERT INTO rooms (id, name, kind, epoch, created_at_ms, active_at_ms)
             SELECT ?1, ?2, ?3, ?4, ?5, CASE WHEN latest > ?5 THEN latest + 1 ELSE ?5 END
             FROM (SELECT MAX(r.active_at_ms) AS latest FROM members m JOIN rooms r ON r.key = m.room
                   WHERE m.person = (SELECT key FROM people WHERE id = ?6))
             RETURNING key, active_at_ms",
    )?;
    let (room, active_at_ms): (i64, i64) = insert.query_row(
        params![
            draft.id.as_str(),
            draft.name,
            kind_number(draft.kind),
            draft.epoch,
            draft.at_ms,
            draft.owner.as_str()
        ],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let role = |at: usize| if at == 0 { Role::Owner } else { Role::Member };
    let members: Vec<_> =
        users.into_iter().enumerate().map(|(at, known)| known.into_member(role(at))).collect();
    members::insert(connection, room, &members, draft.at_ms)?;
    Ok(RoomRecord {
        id: draft.id.clone(),
        name: draft.name.clone(),
        kind: draft.kind,
        chat: None,
        head: Cursor { epoch: draft.epoch, seq: 0 },
        rev: 0,
        created_at_ms: draft.at_ms,
        active_at_ms,
        members: members.into_iter().map(|(_, membership)| membership).collect(),
        live: None,
        session: None,
    })
}

/// See [`hub::store::Store::rename_room`]. A live room has no name of its own.
pub(crate) fn rename(
    connection: &Connection,
    room: &RoomId,
    name: &str,
) -> Result<(), WriteError<StoreError>> {
    let renamed = connection
        .prepare_cached("UPDATE rooms SET name = ? WHERE id = ? AND chat IS NULL")?
        .execute(params![name, room.as_str()])?;
    if renamed == 0 { Err(WriteError::Rejected(StoreError::NoSuchRoom)) } else { Ok(()) }
}

/// See [`hub::store::Store::delete_room`]. Members, messages and the live room go with the room, by their foreign keys; its
/// id is kept by a trigger.
pub(crate) fn delete(tx: &mut WriteTx<'_>, room: &RoomId) -> Result<(), rusqlite::Error> {
    tx.prepare_cached("DELETE FROM rooms WHERE id = ?")?.execute([room.as_str()])?;
    tx.clear_cache();
    Ok(())
}

/// Rejects an id that a room has, or had.
fn check_free(connection: &Connection, room: &RoomId) -> Result<(), WriteError<StoreError>> {
    let mut find = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM rooms WHERE id = ?1), EXISTS (SELECT 1 FROM deleted_rooms WHERE id = ?1)",
    )?;
    match find.query_row([room.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))? {
        (true, _) => Err(WriteError::Rejected(StoreError::RoomTaken)),
        (false, true) => Err(WriteError::Rejected(StoreError::RoomDeleted)),
        (false, false) => Ok(()),
    }
}

/// The columns of a room, with one of its members, if it has any.
#[derive(FromRow)]
struct RoomRow {
    id: String,
    name: String,
    kind: i64,
    chat: Option<String>,
    epoch: u32,
    head: u64,
    rev: u64,
    created_at_ms: i64,
    active_at_ms: i64,
    live: Option<String>,
    session: Option<String>,
}

/// A room with its members. A live room has the name and the members of its chat; the marks are the chat's alone.
macro_rules! find_where {
    ($condition:literal) => {
        concat!(
            "SELECT r.id, h.name, r.kind, IIF(r.chat IS NULL, NULL, h.id) AS chat, r.epoch, r.head, r.rev, r.created_at_ms,
                    r.active_at_ms, r.live, (SELECT s.live FROM rooms s WHERE s.chat = r.key) AS session,
                    m.role, IIF(r.chat IS NULL, m.read_seq, 0) AS read_seq,
                    p.id AS person_id, p.username, p.email, p.is_active, p.created_at_ms AS person_created_at_ms
             FROM rooms r JOIN rooms h ON h.key = COALESCE(r.chat, r.key)
             LEFT JOIN members m ON m.room = h.key LEFT JOIN people p ON p.key = m.person
             WHERE ",
            $condition,
            " ORDER BY m.key"
        )
    };
}

pub(super) const FIND: &str = find_where!("r.id = ?");

pub(super) const FIND_LIVE: &str = find_where!("r.chat = (SELECT key FROM rooms WHERE id = ?)");

/// See [`hub::store::Store::room`].
pub(crate) async fn find(readers: &SqlitePool, room: &RoomId) -> Result<Option<RoomRecord>, sqlx::Error> {
    find_by(readers, FIND, room).await
}

/// The live room of a chat, if it has one.
pub(crate) async fn find_live(
    readers: &SqlitePool,
    chat: &RoomId,
) -> Result<Option<RoomRecord>, sqlx::Error> {
    find_by(readers, FIND_LIVE, chat).await
}

async fn find_by(
    readers: &SqlitePool,
    statement: &'static str,
    id: &RoomId,
) -> Result<Option<RoomRecord>, sqlx::Error> {
    let rows = query(statement).bind(id.as_str()).fetch_all(readers).await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let found = RoomRow::from_row(first)?;
    let mut members = Vec::with_capacity(rows.len());
    for row in &rows {
        if row.try_get::<Option<i64>, _>("role")?.is_some() {
            members.push(MemberRow::from_row(row)?.membership()?);
        }
    }
    let id = room_id(&found.id)?;
    let chat = found.chat.as_deref().map(room_id).transpose()?;
    let session = found.session.as_deref().map(|raw| status(raw, Some(&id))).transpose()?;
    Ok(Some(RoomRecord {
        live: found.live.as_deref().map(|raw| status(raw, chat.as_ref())).transpose()?,
        session,
        id,
        name: found.name,
        kind: kind(found.kind)?,
        chat,
        head: Cursor { epoch: found.epoch, seq: found.head },
        rev: found.rev,
        created_at_ms: found.created_at_ms,
        active_at_ms: found.active_at_ms,
        members,
    }))
}

/// The status that an owner set in a room. An older version did not store of which chat it is the live room.
fn status(raw: &str, chat: Option<&RoomId>) -> Result<LiveChange, sqlx::Error> {
    let change: LiveChange = from_json(raw)?;
    Ok(LiveChange { chat: chat.cloned(), ..change })
}
