//! Messages: numbered and kept, and read by the page.

use std::collections::HashMap;
use std::sync::Arc;

use hub::model::{Message, Person};
use hub::port::{Appended, MessageDraft, Page, Slice, StoreError};
use protocol::{Cursor, DraftId, MessageId, RoomId};
use sqlx::sqlite::{Sqlite, SqliteConnection, SqlitePool};
use sqlx::{FromRow, QueryBuilder, query_as};

use super::rows::{PersonRow, draft_id, message_id, message_kind, message_kind_name, room_id, seq_number};
use super::writer::{Change, Outcome};

/// Rows of one statement: nine parameters each, below the 32766 that SQLite takes.
const ROWS: usize = 3000;

/// Statements for up to so many rows are kept prepared; with more, parsing is a small part of the work.
const PREPARED: usize = 16;

/// See [`hub::port::Store::append`].
pub(super) struct Append {
    pub(super) room: RoomId,
    pub(super) drafts: Vec<MessageDraft>,
    pub(super) at_ms: i64,
}

impl Change for Append {
    type Done = Vec<Appended>;
    type Refusal = StoreError;
}

/// Appends to any number of rooms with three statements: one look for rooms, authors and known drafts, one insert, one
/// for the new heads. One that is refused leaves the others alone.
pub(super) async fn append_all(
    connection: &mut SqliteConnection,
    appends: &[&Append],
) -> Result<Vec<Outcome<Append>>, sqlx::Error> {
    let mut found = look(connection, appends).await?.into_iter();
    let mut ledger = Ledger::default();
    let mut outcomes = Vec::with_capacity(appends.len());
    for append in appends {
        let rows: Vec<DraftRow> = found.by_ref().take(append.drafts.len().max(1)).collect();
        outcomes.push(ledger.enter(append, rows)?);
    }
    ledger.insert(connection).await?;
    ledger.move_heads(connection).await?;
    Ok(outcomes)
}

/// What is known of a draft: its room, its author and, if it was sent before, the message it became.
#[derive(FromRow)]
struct DraftRow {
    room: Option<i64>,
    epoch: Option<u32>,
    head: Option<u64>,
    author: Option<i64>,
    #[sqlx(flatten)]
    known: KnownRow,
}

#[derive(FromRow)]
struct KnownRow {
    seq: Option<u64>,
    id: Option<Vec<u8>>,
    at_ms: Option<i64>,
    body: Option<String>,
    parent: Option<Vec<u8>>,
    kind: Option<String>,
}

/// One row for each draft, in their order; an append without drafts has one row that tells of its room.
async fn look(connection: &mut SqliteConnection, appends: &[&Append]) -> Result<Vec<DraftRow>, sqlx::Error> {
    let asked: Vec<(&RoomId, Option<&MessageDraft>)> = appends
        .iter()
        .flat_map(|append| {
            let nothing = append.drafts.is_empty().then_some((&append.room, None));
            append.drafts.iter().map(|draft| (&append.room, Some(draft))).chain(nothing)
        })
        .collect();
    let mut found = Vec::with_capacity(asked.len());
    for asked in asked.chunks(ROWS) {
        let mut look = QueryBuilder::<Sqlite>::new(
            "SELECT r.key AS room, r.epoch, r.head, p.key AS author, m.seq, m.id, m.at_ms, m.body,
                    m.parent, m.kind FROM (",
        );
        look.push_values(asked.iter().enumerate(), |mut row, (at, (room, draft))| {
            row.push(at)
                .push_bind(room.as_str())
                .push_bind(draft.map(|draft| draft.author.id.as_str()))
                .push_bind(draft.map(|draft| draft.draft.0.as_bytes().as_slice()));
        });
        look.push(
            ") d LEFT JOIN rooms r ON r.id = d.column2 LEFT JOIN people p ON p.id = d.column3
             LEFT JOIN messages m ON m.room = r.key AND m.author = p.key AND m.draft = d.column4
             ORDER BY d.column1",
        );
        let look = look.build_query_as().persistent(asked.len() <= PREPARED);
        found.append(&mut look.fetch_all(&mut *connection).await?);
    }
    Ok(found)
}

/// New messages and new heads, before they are written.
#[derive(Default)]
struct Ledger {
    lines: Vec<Line>,
    /// Where in `lines` a draft is, by room and author.
    drafts: HashMap<(i64, i64, DraftId), usize>,
    /// The rooms that have new messages: their new heads, and when.
    heads: HashMap<i64, (u64, i64)>,
}

struct Line {
    room: i64,
    author: i64,
    message: Message,
}

impl Ledger {
    /// Numbers the new ones among the drafts of one append, or enters nothing.
    fn enter(&mut self, append: &Append, rows: Vec<DraftRow>) -> Result<Outcome<Append>, sqlx::Error> {
        let Some((room, epoch, head)) = rows.first().and_then(DraftRow::place) else {
            return Ok(Err(StoreError::NoSuchRoom));
        };
        let mut authors = Vec::with_capacity(append.drafts.len());
        for (draft, row) in append.drafts.iter().zip(&rows) {
            let Some(author) = row.author else {
                return Ok(Err(StoreError::NoSuchPerson(draft.author.id.clone())));
            };
            authors.push(author);
        }
        let mut seq = self.heads.get(&room).map_or(head, |(head, _)| *head);
        let mut answers = Vec::with_capacity(append.drafts.len());
        for ((draft, row), author) in append.drafts.iter().zip(rows).zip(authors) {
            let key = (room, author, draft.draft);
            if let Some(known) = append.known(draft, epoch, row.known)? {
                answers.push(Appended::Known(known));
            } else if let Some(line) = self.drafts.get(&key).and_then(|&at| self.lines.get(at)) {
                answers.push(Appended::Known(line.message.clone()));
            } else {
                seq += 1;
                let message = append.message(draft, Cursor { epoch, seq });
                self.drafts.insert(key, self.lines.len());
                self.heads.insert(room, (seq, append.at_ms));
                answers.push(Appended::New(message.clone()));
                self.lines.push(Line { room, author, message });
            }
        }
        Ok(Ok(answers))
    }

    async fn insert(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        for lines in self.lines.chunks(ROWS) {
            let mut insert = QueryBuilder::<Sqlite>::new(
                "INSERT INTO messages (room, seq, id, author, draft, at_ms, body, parent, kind) ",
            );
            insert.push_values(lines, |mut row, Line { room, author, message }| {
                row.push_bind(*room)
                    .push_bind(seq_number(message.cursor.seq))
                    .push_bind(message.id.0.as_bytes().as_slice())
                    .push_bind(*author)
                    .push_bind(message.draft.0.as_bytes().as_slice())
                    .push_bind(message.at_ms)
                    .push_bind(message.body.clone())
                    .push_bind(message.parent.map(|parent| parent.0.as_bytes().to_vec()))
                    .push_bind(message_kind_name(&message.kind));
            });
            insert.build().persistent(lines.len() <= PREPARED).execute(&mut *connection).await?;
        }
        Ok(())
    }

    async fn move_heads(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let heads: Vec<_> = self.heads.iter().collect();
        for heads in heads.chunks(ROWS) {
            let mut update = QueryBuilder::<Sqlite>::new(
                "UPDATE rooms SET head = new.column2, active_at_ms = new.column3 FROM (",
            );
            update.push_values(heads, |mut row, (room, (seq, at_ms))| {
                row.push_bind(**room).push_bind(seq_number(*seq)).push_bind(*at_ms);
            });
            update.push(") new WHERE rooms.key = new.column1");
            update.build().persistent(heads.len() <= PREPARED).execute(&mut *connection).await?;
        }
        Ok(())
    }
}

impl DraftRow {
    /// The room with its epoch and head, if there is such a room.
    fn place(&self) -> Option<(i64, u32, u64)> {
        Some((self.room?, self.epoch?, self.head?))
    }
}

impl Append {
    /// The message that a draft became before.
    fn known(&self, draft: &MessageDraft, epoch: u32, row: KnownRow) -> Result<Option<Message>, sqlx::Error> {
        let KnownRow { seq: Some(seq), id: Some(id), at_ms: Some(at_ms), body: Some(body), parent, kind } =
            row
        else {
            return Ok(None);
        };
        Ok(Some(Message {
            id: message_id(&id)?,
            body: body.into(),
            at_ms,
            parent: parent.as_deref().map(message_id).transpose()?,
            kind: message_kind(kind.as_deref())?,
            ..self.message(draft, Cursor { epoch, seq })
        }))
    }

    fn message(&self, draft: &MessageDraft, cursor: Cursor) -> Message {
        Message {
            room: self.room.clone(),
            cursor,
            id: draft.id,
            author: draft.author.clone(),
            draft: draft.draft,
            body: draft.body.clone(),
            at_ms: self.at_ms,
            parent: draft.parent,
            kind: draft.kind.clone(),
        }
    }
}

#[derive(FromRow)]
struct MessageRow {
    epoch: u32,
    seq: u64,
    id: Vec<u8>,
    author: i64,
    draft: Vec<u8>,
    at_ms: i64,
    body: String,
    parent: Option<Vec<u8>>,
    kind: Option<String>,
    #[sqlx(flatten)]
    person: PersonRow,
}

/// See [`hub::port::Store::page`]. Asks for one message more than it answers, to know whether there is one.
pub(super) async fn page(
    readers: &SqlitePool,
    room: &RoomId,
    slice: Slice,
    limit: u32,
) -> Result<Page, sqlx::Error> {
    let (statement, edge) = match slice {
        Slice::Newest => (OLDER, i64::MAX),
        Slice::Before(seq) => (OLDER, seq_number(seq)),
        Slice::After(seq) => (NEWER, seq_number(seq)),
    };
    let mut rows: Vec<MessageRow> = query_as(statement)
        .bind(room.as_str())
        .bind(edge)
        .bind(i64::from(limit) + 1)
        .fetch_all(readers)
        .await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    if !matches!(slice, Slice::After(_)) {
        rows.reverse();
    }
    let mut people = HashMap::new();
    let messages = rows.into_iter().map(|row| row.message(room, &mut people)).collect::<Result<_, _>>()?;
    Ok(Page { messages, has_more })
}

/// See [`hub::port::Store::find_message`].
pub(super) async fn find(
    readers: &SqlitePool,
    message: MessageId,
) -> Result<Option<(RoomId, Cursor)>, sqlx::Error> {
    let place: Option<(String, u32, u64)> = query_as(
        "SELECT r.id, r.epoch, m.seq FROM messages m CROSS JOIN rooms r WHERE m.id = ? AND r.key = m.room",
    )
    .bind(message.0.as_bytes().as_slice())
    .fetch_optional(readers)
    .await?;
    place.map(|(room, epoch, seq)| Ok((room_id(&room)?, Cursor { epoch, seq }))).transpose()
}

const OLDER: &str = "
    SELECT r.epoch, m.seq, m.id, m.author, m.draft, m.at_ms, m.body, m.parent, m.kind,
           p.id AS person_id, p.username, p.email, p.is_active, p.created_at_ms AS person_created_at_ms
    FROM rooms r CROSS JOIN messages m CROSS JOIN people p
    WHERE r.id = ? AND m.room = r.key AND m.seq < ? AND p.key = m.author
    ORDER BY m.seq DESC LIMIT ?";

const NEWER: &str = "
    SELECT r.epoch, m.seq, m.id, m.author, m.draft, m.at_ms, m.body, m.parent, m.kind,
           p.id AS person_id, p.username, p.email, p.is_active, p.created_at_ms AS person_created_at_ms
    FROM rooms r CROSS JOIN messages m CROSS JOIN people p
    WHERE r.id = ? AND m.room = r.key AND m.seq > ? AND p.key = m.author
    ORDER BY m.seq LIMIT ?";

impl MessageRow {
    /// The message; `people` has the authors met before, so that each is kept once for a page.
    fn message(self, room: &RoomId, people: &mut HashMap<i64, Arc<Person>>) -> Result<Message, sqlx::Error> {
        let author = match people.get(&self.author) {
            Some(person) => person.clone(),
            None => people.entry(self.author).or_insert(Arc::new(self.person.person()?)).clone(),
        };
        Ok(Message {
            room: room.clone(),
            cursor: Cursor { epoch: self.epoch, seq: self.seq },
            id: message_id(&self.id)?,
            author,
            draft: draft_id(&self.draft)?,
            body: self.body.into(),
            at_ms: self.at_ms,
            parent: self.parent.as_deref().map(message_id).transpose()?,
            kind: message_kind(self.kind.as_deref())?,
        })
    }
}
