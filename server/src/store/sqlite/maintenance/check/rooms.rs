//! Checks of rooms: their members, read markers and live rooms.

use futures_util::TryStreamExt as _;
use protocol::{LIVE_PREFIX, LiveChange, RoomKind, is_reserved};
use sqlx::sqlite::SqliteConnection;
use sqlx::{FromRow, query_as};

use super::findings::{Findings, or_key};
use crate::store::sqlite::tables::row_mapping::{from_json, kind, role, room_id};

pub(super) async fn check(
    connection: &mut SqliteConnection,
    findings: &mut Findings<'_>,
) -> Result<(), sqlx::Error> {
    rooms(connection, findings).await?;
    members(connection, findings).await
}

#[derive(FromRow)]
struct RoomRow {
    id: String,
    kind: i64,
    epoch: i64,
    live: Option<String>,
    chat: Option<i64>,
    chat_id: Option<String>,
    is_nested: bool,
    members: i64,
    was_deleted: bool,
}

impl RoomRow {
    fn problem(&self) -> Option<String> {
        if let Err(error) = room_id(&self.id) {
            return Some(format!("its name cannot be read: {error}"));
        }
        if u32::try_from(self.epoch).is_err() {
            return Some(format!("its epoch {} is no epoch", self.epoch));
        }
        let kind = match kind(self.kind) {
            Ok(kind) => kind,
            Err(error) => return Some(format!("its kind cannot be read: {error}")),
        };
        if (kind == RoomKind::Live) != self.chat.is_some() {
            return Some("a live room has a chat, and no other room has one".to_owned());
        }
        if let Some(raw) = &self.live {
            match from_json::<LiveChange>(raw) {
                Ok(change) if change.room.as_str() == self.id => {}
                Ok(change) => {
                    return Some(format!("the status of its session belongs to room {}", change.room));
                }
                Err(error) => return Some(format!("the status of its session cannot be read: {error}")),
            }
        }
        if self.was_deleted {
            return Some("its id is that of a room that was deleted".to_owned());
        }
        let chat = self.chat?;
        let chat_id = self.chat_id.as_deref();
        if chat_id.is_none_or(|chat| self.id.strip_prefix(LIVE_PREFIX) != Some(chat)) || self.is_nested {
            return Some(format!("it cannot be the live room of {}", or_key(chat_id, chat)));
        }
        (self.members > 0).then(|| format!("it is a live room and has {} members of its own", self.members))
    }

    /// Older versions made rooms of any kind with ids that are reserved now.
    fn note(&self) -> Option<String> {
        let is_other = self.chat.is_none() && room_id(&self.id).is_ok_and(|id| is_reserved(&id));
        let chat = self.id.strip_prefix(LIVE_PREFIX).filter(|_| is_other)?;
        Some(format!(
            "its id is reserved for live sessions and it is none: while it exists, a room `{chat}` has no live session"
        ))
    }
}

async fn rooms(connection: &mut SqliteConnection, findings: &mut Findings<'_>) -> Result<(), sqlx::Error> {
    let mut rows = query_as::<_, RoomRow>(
        "SELECT r.id, r.kind, r.epoch, r.live, r.chat, c.id AS chat_id, c.chat IS NOT NULL AS is_nested,
                IIF(r.chat IS NULL, 0, (SELECT COUNT(*) FROM members m WHERE m.room = r.key)) AS members,
                EXISTS (SELECT 1 FROM deleted_rooms d WHERE d.id = r.id) AS was_deleted
         FROM rooms r NOT INDEXED LEFT JOIN rooms c ON c.key = r.chat",
    )
    .fetch(connection);
    while let Some(row) = rows.try_next().await? {
        match (row.problem(), row.note()) {
            (Some(problem), _) => findings.add(&format!("room {}: {problem}", row.id)),
            (None, Some(note)) => findings.note(&format!("room {}: {note}", row.id)),
            (None, None) => {}
        }
    }
    Ok(())
}

#[derive(FromRow)]
struct MemberRow {
    room: i64,
    room_id: Option<String>,
    head: Option<i64>,
    #[sqlx(rename = "person")]
    user: i64,
    username: Option<String>,
    role: i64,
    read_seq: i64,
}

impl MemberRow {
    fn problem(&self) -> Option<String> {
        if role(self.role).is_err() {
            return Some(format!("has the role {}, which is none", self.role));
        }
        let head = self.head?;
        let is_there = (0..=head).contains(&self.read_seq);
        (!is_there).then(|| format!("has read up to {}, but the head is {head}", self.read_seq))
    }
}

async fn members(connection: &mut SqliteConnection, findings: &mut Findings<'_>) -> Result<(), sqlx::Error> {
    let mut rows = query_as::<_, MemberRow>(
        "SELECT m.room, r.id AS room_id, r.head, m.person, p.username, m.role, m.read_seq
         FROM members m NOT INDEXED LEFT JOIN rooms r ON r.key = m.room LEFT JOIN people p ON p.key = m.person",
    )
    .fetch(connection);
    while let Some(row) = rows.try_next().await? {
        if let Some(problem) = row.problem() {
            let room = or_key(row.room_id.as_deref(), row.room);
            let user = or_key(row.username.as_deref(), row.user);
            findings.add(&format!("room {room}: {user} {problem}"));
        }
    }
    Ok(())
}
