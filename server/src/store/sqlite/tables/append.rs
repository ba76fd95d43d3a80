//! Appends to the messages table: a message gets its number in the transaction that stores it.

use hub::model::Message;
use hub::store::{Appended, MessageDraft, StoreError};
use protocol::{Cursor, RoomId};
use rusqlite::{CachedStatement, Connection, params};

use super::messages;
use super::row_mapping::{message_kind_name, seq_number};
use crate::store::sqlite::write_cache::{RoomHead, WriteCache};
use crate::store::sqlite::write_tx::{DatabaseError, WriteError, WriteTx};

/// See [`hub::store::Store::append`].
pub(crate) struct Append {
    pub(crate) room: RoomId,
    pub(crate) drafts: Vec<MessageDraft>,
    pub(crate) at_ms: i64,
}

/// Appends to any number of rooms. One that is rejected does not affect the others.
pub(crate) fn append_all<'a>(
    tx: &mut WriteTx<'_>,
    appends: impl Iterator<Item = &'a Append> + Clone,
) -> Result<Vec<Result<Vec<Appended>, StoreError>>, DatabaseError> {
    let (connection, cache) = tx.split();
    let mut outcomes = Vec::with_capacity(appends.size_hint().0);
    let mut table = MessageTable::new(connection)?;
    for append in appends.clone() {
        outcomes.push(match append.run(connection, cache, &mut table) {
            Ok(appended) => Ok(appended),
            Err(WriteError::Rejected(error)) => Err(error),
            Err(WriteError::Database(error)) => return Err(error),
        });
    }
    cache.write_heads(connection, appends.map(|append| &append.room))?;
    Ok(outcomes)
}

impl Append {
    /// Stores the drafts, or finds the messages that they became before. Changes nothing before it has found the room and all
    /// authors.
    fn run(
        &self,
        connection: &Connection,
        cache: &mut WriteCache,
        table: &mut MessageTable<'_>,
    ) -> Result<Vec<Appended>, WriteError<StoreError>> {
        let head = cache.head(connection, &self.room)?;
        let mut head = head.ok_or(WriteError::Rejected(StoreError::NoSuchRoom))?;
        let mut authors = Vec::with_capacity(self.drafts.len());
        for draft in &self.drafts {
            let author = cache.user(connection, &draft.author.id)?;
            let unknown = || WriteError::Rejected(StoreError::NoSuchUser(draft.author.id.clone()));
            authors.push(author.ok_or_else(unknown)?);
        }
        let active_at_ms = cache.next_active_ms(connection, self.at_ms)?;
        let mut appended = Vec::with_capacity(self.drafts.len());
        for (draft, author) in self.drafts.iter().zip(authors) {
            let next = Cursor { epoch: head.epoch, seq: head.seq + 1 };
            let message = self.message(draft, next);
            appended.push(if table.insert(&head, author, &message)? {
                head.advance(active_at_ms);
                Appended::New(message)
            } else {
                Appended::Known(messages::by_draft(connection, &self.room, author, draft.draft)?)
            });
        }
        cache.set_head(&self.room, head);
        Ok(appended)
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
            state: None,
        }
    }
}

/// The table of messages, with its statement prepared for the whole transaction.
struct MessageTable<'c> {
    insert: CachedStatement<'c>,
}

impl<'c> MessageTable<'c> {
    fn new(connection: &'c Connection) -> Result<Self, rusqlite::Error> {
        let insert = connection.prepare_cached(
            "INSERT INTO messages (room, seq, id, author, draft, at_ms, body, parent, kind)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (room, author, draft) DO NOTHING",
        )?;
        Ok(Self { insert })
    }

    /// Stores a message, unless its author had sent the same draft to the room before.
    fn insert(&mut self, head: &RoomHead, author: i64, message: &Message) -> Result<bool, rusqlite::Error> {
        let rows = self.insert.execute(params![
            head.room,
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
}
