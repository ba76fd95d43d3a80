//! `WriteTx`: what a write sees of the transaction that it shares with others, and how it may fail in it.

use std::ops::Deref;

use rusqlite::Connection;

use super::write_cache::WriteCache;

/// Why a statement of a write failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum DatabaseError {
    /// SQLite answered with an error.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// A row holds something that cannot be stored data, see `row_mapping.rs`, whose errors are those of sqlx.
    #[error(transparent)]
    Row(#[from] sqlx::Error),
}

/// Why a write has no result.
#[derive(Debug)]
pub(super) enum WriteError<E> {
    /// The write is not allowed. It has changed nothing yet, so the rest of its transaction is committed.
    Rejected(E),
    /// The database failed. The transaction is rolled back, because the write may be half done.
    Database(DatabaseError),
}

impl<E, D: Into<DatabaseError>> From<D> for WriteError<E> {
    fn from(error: D) -> Self {
        Self::Database(error.into())
    }
}

/// A write transaction. It is a connection for statements, and it keeps the write cache right.
pub(super) struct WriteTx<'c> {
    connection: &'c Connection,
    cache: &'c mut WriteCache,
}

impl<'c> WriteTx<'c> {
    pub(super) fn new(connection: &'c Connection, cache: &'c mut WriteCache) -> Self {
        Self { connection, cache }
    }

    /// Both halves, for a write that reads from the cache while it has a statement open.
    pub(super) fn split(&mut self) -> (&'c Connection, &mut WriteCache) {
        (self.connection, &mut *self.cache)
    }

    /// Drops all cached heads and keys. A write that deletes a room or a user calls it.
    pub(super) fn clear_cache(&mut self) {
        self.cache.clear();
    }

    /// Records that a room was active without a message, so that later messages sort after it.
    pub(super) fn note_active_ms(&mut self, at_ms: i64) {
        self.cache.note_active_ms(at_ms);
    }
}

impl Deref for WriteTx<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}
