//! The single writer thread: group commit.
//!
//! All writes go through one bounded queue to one thread with one connection. What waits there when the last transaction
//! ends shares the next one, so that many writes share one wait for the disk. Callers are answered after the commit, so an
//! answer means that the write survives a power cut.
//!
//! It is a thread of its own, because everything it does waits for the disk or computes for long: a write costs one wake-up
//! on the way in and one on the way out, whatever number of statements it needs.

use std::sync::Arc;

use hub::store::{Appended, StoreError};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use super::lock::Lock;
use super::tables::append::Append;
use super::unavailable::StoreUnavailable;
use super::write_connection::{TransactionError, WriteConnection};
use super::write_request::{Pending, WriteRequest};
use super::write_tx::{WriteError, WriteTx};

/// Requests that wait at most. Beyond it callers wait for a permit.
const QUEUE: usize = 1024;

/// Requests that share a transaction at most.
const BATCH: usize = 256;

/// Submits writes. Clones share the thread.
#[derive(Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<WriteRequest>,
}

impl Writer {
    /// Starts the thread, which holds the lock as long as it runs. It ends when all clones are dropped or after a
    /// [`stop`](Self::stop), when it has done everything that was submitted before; then it sends to the receiver.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(
        connection: WriteConnection,
        lock: Option<Lock>,
    ) -> std::io::Result<(Self, oneshot::Receiver<()>)> {
        let (queue, requests) = mpsc::channel(QUEUE);
        let (ended, end) = oneshot::channel();
        std::thread::Builder::new().name("writer".to_owned()).spawn(move || {
            run(requests, connection);
            // Not before nothing of ours is written any more.
            drop(lock);
            if ended.send(()).is_err() {
                tracing::debug!("The database was closed after its caller had stopped waiting");
            }
        })?;
        Ok((Self { queue }, end))
    }

    /// Ends the thread after everything that was submitted before. Later writes fail with [`StoreUnavailable::Closed`].
    pub(super) async fn stop(&self) {
        if self.queue.send(WriteRequest::Stop).await.is_err() {
            tracing::debug!("The writer thread of the database had ended before");
        }
    }

    /// Runs a write on the writer thread and returns once it is on disk. The write runs even when its caller stops waiting.
    ///
    /// The transaction is shared, and it runs again without the others when one of them makes it fail. So a write checks
    /// everything before it changes anything, and it may run more than once.
    ///
    /// # Errors
    /// What the write rejects; [`StoreUnavailable`] when the database failed. After a failed commit it is unknown whether
    /// the write is on disk.
    pub(super) async fn write<T, E, R, F>(&self, write: F) -> Result<T, E>
    where
        F: Fn(&mut WriteTx<'_>) -> Result<T, R> + Send + 'static,
        T: Send + 'static,
        E: From<StoreUnavailable> + Send + 'static,
        R: Into<WriteError<E>> + 'static,
    {
        let (pending, answer) = Pending::new(write);
        self.submit(WriteRequest::Op(Box::new(pending)), answer).await
    }

    /// As [`write`](Self::write), for messages: they run after the other writes of their transaction.
    ///
    /// # Errors
    /// See [`write`](Self::write).
    pub(super) async fn append(&self, append: Append) -> Result<Vec<Appended>, StoreError> {
        let (pending, answer) = Pending::new(append);
        self.submit(WriteRequest::Append(pending), answer).await
    }

    async fn submit<T, E: From<StoreUnavailable>>(
        &self,
        request: WriteRequest,
        answer: oneshot::Receiver<Result<T, E>>,
    ) -> Result<T, E> {
        // Without waiting where that is possible: a caller that waits for a permit and is then not polled any more may hold
        // one all the same, and closing waits for every permit.
        if let Err(TrySendError::Full(request)) = self.queue.try_send(request) {
            self.queue.send(request).await.map_err(|_| StoreUnavailable::Closed)?;
        }
        // A closed queue has dropped the request, and with it the other end.
        answer.await.map_err(|_| StoreUnavailable::Closed)?
    }
}

fn run(mut queue: mpsc::Receiver<WriteRequest>, mut connection: WriteConnection) {
    let mut requests = Vec::with_capacity(BATCH);
    while queue.blocking_recv_many(&mut requests, BATCH) > 0 {
        let taken = requests.len();
        requests.retain(|request| !matches!(request, WriteRequest::Stop));
        if requests.len() < taken {
            // Refuses later requests; the earlier ones are still served.
            queue.close();
        }
        if !requests.is_empty() {
            commit(&mut connection, &mut requests);
        }
    }
    if let Err(error) = connection.close() {
        tracing::error!(%error, "The database was not closed cleanly; its log is read at the next start");
    }
}

/// Commits a group of requests and answers them. When one of them makes the transaction fail, each is tried alone.
fn commit(connection: &mut WriteConnection, requests: &mut Vec<WriteRequest>) {
    match connection.transact(requests) {
        Ok(()) => reply_all(requests, &Ok(())),
        Err(TransactionError::InRequest(error)) if requests.len() > 1 => {
            tracing::warn!(%error, writes = requests.len(), "A shared transaction failed; its writes are retried one by one");
            for request in requests.drain(..) {
                let mut alone = vec![request];
                let committed = connection.transact(&mut alone).map_err(unavailable);
                reply_all(&mut alone, &committed);
            }
        }
        Err(error) => reply_all(requests, &Err(unavailable(error))),
    }
}

fn reply_all(requests: &mut Vec<WriteRequest>, committed: &Result<(), StoreUnavailable>) {
    for request in requests.drain(..) {
        request.reply(committed.clone());
    }
}

fn unavailable(error: TransactionError) -> StoreUnavailable {
    let (TransactionError::InRequest(error) | TransactionError::AtBoundary(error)) = error;
    StoreUnavailable::Database(Arc::new(error))
}
