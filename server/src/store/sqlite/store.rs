//! `SqliteStore`: the handle of an open database, with the pool that reads and the thread that writes.

use std::sync::{Arc, Mutex, PoisonError};

use sqlx::sqlite::SqlitePool;
use tokio::sync::oneshot;

use super::unavailable::StoreUnavailable;
use super::writer::Writer;

/// Everything in one SQLite file. Cloning copies one pointer.
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

struct Inner {
    readers: SqlitePool,
    writer: Writer,
    /// Receives when the writer thread has ended. A std mutex: held to take it out, never across an `.await`.
    end: Mutex<Option<oneshot::Receiver<()>>>,
}

impl SqliteStore {
    pub(super) fn new(readers: SqlitePool, writer: Writer, end: oneshot::Receiver<()>) -> Self {
        let end = Mutex::new(Some(end));
        Self { inner: Arc::new(Inner { readers, writer, end }) }
    }

    /// Finishes the writes that were submitted before, moves the write-ahead log into the file and closes it. Later calls
    /// fail with [`StoreUnavailable::Closed`].
    pub async fn close(&self) {
        // Readers first, so that no connection reads from the log while the writer empties it.
        self.readers().close().await;
        self.writer().stop().await;
        let end = self.inner.end.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(end) = end
            && let Err(error) = end.await
        {
            tracing::error!(%error, "The writer thread of the database panicked");
        }
    }

    /// Checks that the database still answers, to a read and to a write.
    ///
    /// # Errors
    /// [`StoreUnavailable`] when it does not.
    pub async fn ping(&self) -> Result<(), StoreUnavailable> {
        sqlx::query("SELECT 1 FROM sqlite_schema LIMIT 1").execute(self.readers()).await?;
        // Our mark over itself (0x48554242; a pragma takes no parameters): the first page goes through the log to the disk
        // like any other, whatever is in it (<https://sqlite.org/pragma.html#pragma_application_id>).
        self.writer().write(|tx| tx.execute_batch("PRAGMA application_id = 1213547074")).await
    }

    pub(super) fn readers(&self) -> &SqlitePool {
        &self.inner.readers
    }

    pub(super) fn writer(&self) -> &Writer {
        &self.inner.writer
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}
