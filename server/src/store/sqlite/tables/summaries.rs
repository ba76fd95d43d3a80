//! Room summaries: a user's rooms as a list shows them, with the unread count and a preview of the last message.

use protocol::limits::{MAX_UNREAD, UNREAD_AMONG};
use protocol::{Cursor, Preview, RoomId, RoomSummary, UserId};
use sqlx::sqlite::SqlitePool;
use sqlx::{FromRow, query_as};

use super::row_mapping::{kind, role, room_id, user_id};

#[derive(FromRow)]
struct SummaryRow {
    id: String,
    name: String,
    kind: i64,
    epoch: u32,
    head: u64,
    created_at_ms: i64,
    role: i64,
    read_seq: u64,
    unread: u32,
    member_count: u32,
    #[sqlx(flatten)]
    last: LastRow,
}

#[derive(FromRow)]
struct LastRow {
    author: Option<String>,
    author_name: Option<String>,
    opening: Option<Vec<u8>>,
    at_ms: Option<i64>,
}

/// The details of the rooms that `page` holds. They are looked up for the rooms of the page only, which is why the page
/// is cut first. Counting stops at the greatest number that is shown. A preview is cut by bytes, four for each
/// character, because SQLite's text functions end at a NUL.
macro_rules! summaries_of {
    ($page:literal) => {
        concat!(
            "WITH page AS MATERIALIZED (",
            $page,
            ")
            SELECT r.id, r.name, r.kind, r.epoch, r.head, r.created_at_ms, page.role, page.read_seq,
                   (SELECT COUNT(*) FROM (
                        SELECT 1 FROM messages u
                        WHERE u.room = page.room AND u.seq > MAX(page.read_seq, r.head - ?3) AND u.author <> page.person
                          AND u.deleted_at_ms IS NULL
                        LIMIT ?1)) AS unread,
                   (SELECT COUNT(*) FROM members c WHERE c.room = page.room) AS member_count,
                   p.id AS author, p.username AS author_name, l.at_ms,
                   IIF(l.body = '', x'', substr(CAST(l.body AS BLOB), 1, 4 * ?2)) AS opening
            FROM page
            JOIN rooms r ON r.key = page.room
            LEFT JOIN messages l ON l.room = r.key AND l.seq = r.head
            LEFT JOIN people p ON p.key = l.author
            ORDER BY r.active_at_ms DESC, r.id"
        )
    };
}

/// See [`hub::store::Store::summary`].
pub(crate) async fn one(
    readers: &SqlitePool,
    room: &RoomId,
    user: &UserId,
) -> Result<Option<RoomSummary>, sqlx::Error> {
    let row: Option<SummaryRow> = query_as(summaries_of!(
        "SELECT room, person, role, read_seq FROM members
         WHERE person = (SELECT key FROM people WHERE id = ?4) AND room = (SELECT key FROM rooms WHERE id = ?5)"
    ))
    .bind(MAX_UNREAD)
    .bind(preview_chars())
    .bind(UNREAD_AMONG)
    .bind(user.as_str())
    .bind(room.as_str())
    .fetch_optional(readers)
    .await?;
    row.map(SummaryRow::summary).transpose()
}

/// See [`hub::store::Store::summaries`]. After a room that the user is not in comes nothing.
pub(crate) async fn page(
    readers: &SqlitePool,
    user: &UserId,
    after: Option<&RoomId>,
    limit: u32,
) -> Result<Vec<RoomSummary>, sqlx::Error> {
    let rows: Vec<SummaryRow> = query_as(summaries_of!(
        "SELECT m.room, m.person, m.role, m.read_seq FROM members m JOIN rooms o ON o.key = m.room
         WHERE m.person = (SELECT key FROM people WHERE id = ?4)
           AND (?5 IS NULL OR EXISTS (
                SELECT 1 FROM rooms a JOIN members am ON am.room = a.key AND am.person = m.person
                WHERE a.id = ?5 AND (o.active_at_ms, a.id) < (a.active_at_ms, o.id)))
         ORDER BY o.active_at_ms DESC, o.id LIMIT ?6"
    ))
    .bind(MAX_UNREAD)
    .bind(preview_chars())
    .bind(UNREAD_AMONG)
    .bind(user.as_str())
    .bind(after.map(RoomId::as_str))
    .bind(limit)
    .fetch_all(readers)
    .await?;
    rows.into_iter().map(SummaryRow::summary).collect()
}

fn preview_chars() -> i64 {
    i64::try_from(Preview::CHARS).unwrap_or(i64::MAX)
}

impl SummaryRow {
    fn summary(self) -> Result<RoomSummary, sqlx::Error> {
        Ok(RoomSummary {
            id: room_id(&self.id)?,
            name: self.name,
            kind: kind(self.kind)?,
            role: role(self.role)?,
            head: Cursor { epoch: self.epoch, seq: self.head },
            read_seq: self.read_seq,
            unread: self.unread,
            member_count: self.member_count,
            last: self.last.preview()?,
            created_at_ms: self.created_at_ms,
        })
    }
}

impl LastRow {
    fn preview(self) -> Result<Option<Preview>, sqlx::Error> {
        let Self {
            author: Some(author),
            author_name: Some(name),
            opening: Some(opening),
            at_ms: Some(at_ms),
        } = self
        else {
            return Ok(None);
        };
        // Only a character beyond those that are shown can have been cut in two.
        let text = String::from_utf8_lossy(&opening).chars().take(Preview::CHARS).collect();
        Ok(Some(Preview { author: user_id(&author)?, name, text, at_ms }))
    }
}
