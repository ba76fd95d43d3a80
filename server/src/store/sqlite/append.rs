//! Messages: numbered and kept.

use hub::model::Message;
use hub::port::{Appended, MessageDraft, StoreError};
use protocol::{Cursor, RoomId};
use rusqlite::{CachedStatement, Connection, params};

use super::desk::{Desk, Place};
use super::rows::{message_id, message_kind, message_kind_name, number, seq_number};
use super::writer::{Broken, Change, Fault, Outcome};

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

/// Appends to any number of rooms. One that is refused leaves the others alone.
pub(super) fn append_all<'a>(
    connection: &Connection,
    desk: &mut Desk,
    appends: impl Iterator<Item = &'a Append> + Clone,
) -> Result<Vec<Outcome<Append>>, Broken> {
    let mut outcomes = Vec::with_capacity(appends.size_hint().0);
    let mut table = Table::of(connection)?;
    for append in appends.clone() {
        outcomes.push(match append.run(connection, desk, &mut table) {
            Ok(done) => Ok(done),
            Err(Fault::Refused(refusal)) => Err(refusal),
            Err(Fault::Broken(error)) => return Err(error),
        });
    }
    desk.write_heads(connection, appends.map(|append| &append.room))?;
    Ok(outcomes)
}

impl Append {
    /// Keeps the drafts, or finds what they became before. Changes nothing before it has found the room and all authors.
    fn run(
        &self,
        connection: &Connection,
        desk: &mut Desk,
        table: &mut Table<'_>,
    ) -> Result<Vec<Appended>, Fault<StoreError>> {
        let place = desk.place(connection, &self.room)?;
        let mut place = place.ok_or(Fault::Refused(StoreError::NoSuchRoom))?;
        let mut authors = Vec::with_capacity(self.drafts.len());
        for draft in &self.drafts {
            let author = desk.person(connection, &draft.author.id)?;
            let unknown = || Fault::Refused(StoreError::NoSuchPerson(draft.author.id.clone()));
            authors.push(author.ok_or_else(unknown)?);
        }
        let active_at_ms = desk.next_active_ms(connection, self.at_ms)?;
        let mut answers = Vec::with_capacity(self.drafts.len());
        for (draft, author) in self.drafts.iter().zip(authors) {
            let next = Cursor { epoch: place.epoch, seq: place.head + 1 };
            let message = self.message(draft, next);
            answers.push(if table.put(&place, author, &message)? {
                place.advance(active_at_ms);
                Appended::New(message)
            } else {
                Appended::Known(table.find(&place, author, message)?)
            });
        }
        desk.put(&self.room, place);
        Ok(answers)
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

/// The table of messages, at hand for a transaction.
struct Table<'c> {
    connection: &'c Connection,
    insert: CachedStatement<'c>,
}

impl<'c> Table<'c> {
    fn of(connection: &'c Connection) -> Result<Self, rusqlite::Error> {
        let insert = connection.prepare_cached(
            "INSERT INTO messages (room, seq, id, author, draft, at_ms, body, parent, kind)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (room, author, draft) DO NOTHING",
        )?;
        Ok(Self { connection, insert })
    }

    /// Keeps a message, unless its author had sent the same draft to the room before.
    fn put(&mut self, place: &Place, author: i64, message: &Message) -> Result<bool, rusqlite::Error> {
        let rows = self.insert.execute(params![
            place.room,
            seq_number(message.cursor.seq),
            message.id.0.as_bytes().as_slice(),
            author,
            message.draft.0.as_bytes().as_slice(),
            message.at_ms,
            &*message.body,
            message.parent.as_ref().map(|parent| parent.0.as_bytes().as_slice()),
            message_kind_name(&message.kind),
        ])?;
        Ok(rows > 0)
    }

    /// The message that this draft became before. Few ask, since few drafts come twice.
    fn find(&self, place: &Place, author: i64, again: Message) -> Result<Message, Broken> {
        let mut find = self.connection.prepare_cached(
            "SELECT seq, id, at_ms, body, parent, kind FROM messages WHERE room = ? AND author = ? AND draft = ?",
        )?;
        let mut rows = find.query(params![place.room, author, again.draft.0.as_bytes().as_slice()])?;
        let row = rows.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        let parent: Option<[u8; 16]> = row.get(4)?;
        let kind = row.get_ref(5)?.as_str_or_null().map_err(rusqlite::Error::from)?;
        Ok(Message {
            cursor: Cursor { epoch: place.epoch, seq: number(row.get(0)?)? },
            id: message_id(row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?)?,
            at_ms: row.get(2)?,
            body: row.get(3)?,
            parent: parent.as_ref().map(|parent| message_id(parent)).transpose()?,
            kind: message_kind(kind)?,
            ..again
        })
    }
}
