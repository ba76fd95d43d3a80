//! Write requests: what waits in the writer's queue, and how the requests of one group run in one transaction.

use hub::store::{Appended, StoreError};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::tables::append::{Append, append_all};
use super::unavailable::StoreUnavailable;
use super::write_cache::WriteCache;
use super::write_tx::{DatabaseError, WriteError, WriteTx};

/// An entry of the writer's queue.
pub(super) enum WriteRequest {
    /// Messages. They run after the other writes of their group, so that each room's head is written once.
    Append(Pending<Append, Vec<Appended>, StoreError>),
    /// Any other write.
    Op(Box<dyn WriteOp>),
    /// The writer ends after the requests before this one.
    Stop,
}

impl WriteRequest {
    /// Answers the caller, now that the transaction is committed or has failed.
    pub(super) fn reply(self, committed: Result<(), StoreUnavailable>) {
        match self {
            Self::Append(pending) => pending.reply(committed),
            Self::Op(op) => op.reply(committed),
            Self::Stop => {}
        }
    }
}

/// A write with its caller, whatever the types of its result.
pub(super) trait WriteOp: Send {
    /// Runs the write and keeps its outcome. Fails only when the transaction must be rolled back.
    fn run(&mut self, tx: &mut WriteTx<'_>) -> Result<(), DatabaseError>;

    /// See [`WriteRequest::reply`].
    fn reply(self: Box<Self>, committed: Result<(), StoreUnavailable>);
}

/// A write, its outcome before the commit, and the channel to its caller.
pub(super) struct Pending<W, T, E> {
    write: W,
    outcome: Option<Result<T, E>>,
    caller: oneshot::Sender<Result<T, E>>,
}

impl<W, T, E: From<StoreUnavailable>> Pending<W, T, E> {
    pub(super) fn new(write: W) -> (Self, oneshot::Receiver<Result<T, E>>) {
        let (caller, answer) = oneshot::channel();
        (Self { write, outcome: None, caller }, answer)
    }

    fn reply(self, committed: Result<(), StoreUnavailable>) {
        let not_run = || Err(StoreUnavailable::Closed.into());
        let answer = match committed {
            Ok(()) => self.outcome.unwrap_or_else(not_run),
            Err(unavailable) => Err(unavailable.into()),
        };
        if self.caller.send(answer).is_err() {
            tracing::debug!("A write ended after its caller had stopped waiting");
        }
    }
}

impl<F, T, E, R> WriteOp for Pending<F, T, E>
where
    F: Fn(&mut WriteTx<'_>) -> Result<T, R> + Send,
    T: Send,
    E: From<StoreUnavailable> + Send,
    R: Into<WriteError<E>>,
{
    fn run(&mut self, tx: &mut WriteTx<'_>) -> Result<(), DatabaseError> {
        self.outcome = Some(match (self.write)(tx).map_err(Into::into) {
            Ok(done) => Ok(done),
            Err(WriteError::Rejected(error)) => Err(error),
            Err(WriteError::Database(error)) => return Err(error),
        });
        Ok(())
    }

    fn reply(self: Box<Self>, committed: Result<(), StoreUnavailable>) {
        (*self).reply(committed);
    }
}

/// Runs the requests of a group, appends last. Their order is free: a caller that needs one write before another one
/// waits for the answer to the first.
pub(super) fn run_all(
    connection: &Connection,
    cache: &mut WriteCache,
    requests: &mut [WriteRequest],
) -> Result<(), DatabaseError> {
    let mut tx = WriteTx::new(connection, cache);
    let mut appends = Vec::with_capacity(requests.len());
    for request in requests {
        match request {
            WriteRequest::Append(append) => appends.push(append),
            WriteRequest::Op(op) => op.run(&mut tx)?,
            WriteRequest::Stop => {}
        }
    }
    let outcomes = append_all(&mut tx, appends.iter().map(|append| &append.write))?;
    for (append, outcome) in appends.into_iter().zip(outcomes) {
        append.outcome = Some(outcome);
    }
    Ok(())
}
