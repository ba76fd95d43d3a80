//! The only hand that writes.
//!
//! All changes, from all rooms, go through one mailbox to one thread with one connection. Whatever waits there when the
//! last transaction ends goes into the next one together, so that many share one wait for the disk. Nobody is answered
//! before the commit, so an answer means that the change survives a power cut.
//!
//! A thread of its own, because everything it does waits for the disk or works for long: a change costs one wake-up on
//! the way in and one on the way out, whatever number of statements it needs.

use std::sync::Arc;

use hub::port::{Appended, StoreError};
use rusqlite::Connection;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use super::append::{Append, append_all};
use super::desk::Desk;
use super::lock::Lock;
use super::pen::{Pen, Spoilt};

/// Jobs that wait at most; beyond it whoever brings one waits.
const MAILBOX: usize = 1024;

/// Jobs that share a transaction at most.
const BATCH: usize = 256;

/// What went wrong between us and the database.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    /// It answered with an error.
    #[error(transparent)]
    Said(#[from] rusqlite::Error),
    /// It has something that cannot be stored data, see `rows.rs`.
    #[error(transparent)]
    Unreadable(#[from] sqlx::Error),
}

/// Why the database did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Outage {
    /// It answered with an error, or with something that cannot be stored data.
    #[error("the database failed")]
    Database(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// It is closed.
    #[error("the database is closed")]
    Closed,
}

impl From<sqlx::Error> for Outage {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolClosed => Self::Closed,
            error => Self::Database(Arc::new(error)),
        }
    }
}

/// Why a piece of work has no result.
#[derive(Debug)]
pub(super) enum Fault<R> {
    /// It may not be done. Found out before anything was changed, so it spoils nothing of its transaction.
    Refused(R),
    /// The database failed; what was changed until then must not be kept.
    Broken(Broken),
}

impl<R, E: Into<Broken>> From<E> for Fault<R> {
    fn from(error: E) -> Self {
        Self::Broken(error.into())
    }
}

/// A change, as the writer is given it.
pub(super) trait Change: Send + Sync + 'static {
    /// What it answers.
    type Done: Send + 'static;
    /// Why it may have to be refused.
    type Refusal: Send + 'static;
}

/// A change that is made by itself. It looks before it changes anything, and it can be done again from the start after
/// its transaction was rolled back.
pub(super) trait Work: Change {
    /// Whether it may take away what the [`Desk`] remembers.
    const TAKES_AWAY: bool = false;

    /// Does it, inside of a transaction that others share.
    fn run(&self, connection: &Connection) -> Result<Self::Done, Fault<Self::Refusal>>;

    /// When a room was active by what was done, which the [`Desk`] has to know.
    fn active_ms(_done: &Self::Done) -> Option<i64> {
        None
    }
}

/// What a change came to: made or refused.
pub(super) type Outcome<C> = Result<<C as Change>::Done, <C as Change>::Refusal>;

/// Why there is no result after all: refused, or nobody could do it.
#[derive(Debug)]
pub(super) enum Failure<R> {
    /// See [`Fault::Refused`].
    Refused(R),
    /// Nothing was changed.
    Outage(Outage),
}

/// Where changes are brought. Clones share the writer.
#[derive(Clone)]
pub(super) struct Writer {
    mailbox: mpsc::Sender<Job>,
}

impl Writer {
    /// Starts the thread that writes, and that holds the lock meanwhile, if it is its own. It ends when all clones are gone or after a
    /// [`stop`](Self::stop), when it has done everything that was brought before; then the other half of the answer is
    /// dropped or told.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(pen: Pen, lock: Option<Lock>) -> std::io::Result<(Self, oneshot::Receiver<()>)> {
        let (mailbox, jobs) = mpsc::channel(MAILBOX);
        let (ended, end) = oneshot::channel();
        std::thread::Builder::new().name("writer".to_owned()).spawn(move || {
            write(jobs, pen);
            // Not before nothing of ours is written any more.
            drop(lock);
            if ended.send(()).is_err() {
                tracing::debug!("The database was closed and nobody waited for it");
            }
        })?;
        Ok((Self { mailbox }, end))
    }

    /// Has the thread end after everything that was brought before. Whatever comes later is answered with
    /// [`Outage::Closed`].
    pub(super) async fn stop(&self) {
        if self.mailbox.send(Job::Stop).await.is_err() {
            tracing::debug!("The writer of the database had ended before");
        }
    }

    /// Has a change made, and answers once it is on disk. The change is made even when nobody waits for the answer
    /// any more.
    pub(super) async fn write<W: Work>(&self, work: W) -> Result<W::Done, Failure<W::Refusal>> {
        self.bring(work, |pending| Job::Alone(Box::new(pending))).await
    }

    /// As [`write`](Self::write), for messages, which are done after all other changes of their transaction.
    pub(super) async fn append(&self, append: Append) -> Result<Vec<Appended>, Failure<StoreError>> {
        self.bring(append, Job::Append).await
    }

    async fn bring<C: Change>(
        &self,
        change: C,
        job: fn(Pending<C>) -> Job,
    ) -> Result<C::Done, Failure<C::Refusal>> {
        let (reply, answer) = oneshot::channel();
        let job = job(Pending { change, outcome: None, reply });
        // Without waiting where that can be: who waits for a place and is then not polled any more may hold one all
        // the same, and closing waits for every place.
        if let Err(TrySendError::Full(job)) = self.mailbox.try_send(job) {
            self.mailbox.send(job).await.map_err(|_| Failure::Outage(Outage::Closed))?;
        }
        // A mailbox that refused the job has dropped it, and with it the other end.
        match answer.await.map_err(|_| Failure::Outage(Outage::Closed))? {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(refusal)) => Err(Failure::Refused(refusal)),
            Err(outage) => Err(Failure::Outage(outage)),
        }
    }
}

/// What lies in the mailbox.
pub(super) enum Job {
    /// Messages, which are appended together with others.
    Append(Pending<Append>),
    /// Work of any other kind.
    Alone(Box<dyn Errand>),
    /// Nothing comes any more.
    Stop,
}

impl Job {
    fn answer(self, committed: Result<(), Outage>) {
        match self {
            Self::Append(pending) => pending.answer(committed),
            Self::Alone(errand) => errand.answer(committed),
            Self::Stop => {}
        }
    }
}

/// A change with whoever waits for it.
pub(super) struct Pending<C: Change> {
    change: C,
    outcome: Option<Outcome<C>>,
    reply: oneshot::Sender<Result<Outcome<C>, Outage>>,
}

impl<C: Change> Pending<C> {
    fn answer(self, committed: Result<(), Outage>) {
        let answer = committed.and_then(|()| self.outcome.ok_or(Outage::Closed));
        if self.reply.send(answer).is_err() {
            tracing::debug!("A change was made for somebody who no longer waits for it");
        }
    }
}

/// Pending work of whatever kind.
pub(super) trait Errand: Send {
    /// Does the work and keeps what came of it; fails only when the transaction must not be committed.
    fn run(&mut self, connection: &Connection, desk: &mut Desk) -> Result<(), Broken>;

    /// Tells whoever waits how it ended.
    fn answer(self: Box<Self>, committed: Result<(), Outage>);
}

impl<W: Work> Errand for Pending<W> {
    fn run(&mut self, connection: &Connection, desk: &mut Desk) -> Result<(), Broken> {
        self.outcome = Some(match self.change.run(connection) {
            Ok(done) => {
                desk.note_active_ms(W::active_ms(&done));
                Ok(done)
            }
            Err(Fault::Refused(refusal)) => Err(refusal),
            Err(Fault::Broken(error)) => return Err(error),
        });
        if W::TAKES_AWAY {
            desk.clear();
        }
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), Outage>) {
        (*self).answer(committed);
    }
}

/// Does the jobs, messages last. The order is free: whoever brings two changes of which one must come first waits for
/// its answer before bringing the second.
pub(super) fn do_all(connection: &Connection, desk: &mut Desk, jobs: &mut [Job]) -> Result<(), Broken> {
    let mut pending = Vec::with_capacity(jobs.len());
    for job in jobs {
        match job {
            Job::Append(append) => pending.push(append),
            Job::Alone(errand) => errand.run(connection, desk)?,
            Job::Stop => {}
        }
    }
    let outcomes = append_all(connection, desk, pending.iter().map(|append| &append.change))?;
    for (append, outcome) in pending.into_iter().zip(outcomes) {
        append.outcome = Some(outcome);
    }
    Ok(())
}

fn write(mut mailbox: mpsc::Receiver<Job>, mut pen: Pen) {
    let mut jobs = Vec::with_capacity(BATCH);
    while mailbox.blocking_recv_many(&mut jobs, BATCH) > 0 {
        let taken = jobs.len();
        jobs.retain(|job| !matches!(job, Job::Stop));
        if jobs.len() < taken {
            // Refuses newcomers; who came before is still served.
            mailbox.close();
        }
        if jobs.is_empty() {
            continue;
        }
        match pen.transact(&mut jobs) {
            Ok(()) => answer_all(&mut jobs, &Ok(())),
            Err(Spoilt::ByOneJob(error)) if jobs.len() > 1 => {
                tracing::warn!(%error, jobs = jobs.len(), "A shared transaction failed; its jobs are tried one by one");
                for job in jobs.drain(..) {
                    let mut alone = vec![job];
                    let end = pen.transact(&mut alone).map_err(failed);
                    answer_all(&mut alone, &end);
                }
            }
            Err(spoilt) => answer_all(&mut jobs, &Err(failed(spoilt))),
        }
    }
    if let Err(error) = pen.put_down() {
        tracing::error!(%error, "The database was not closed cleanly; its log is read at the next start");
    }
}

fn answer_all(jobs: &mut Vec<Job>, end: &Result<(), Outage>) {
    for job in jobs.drain(..) {
        job.answer(end.clone());
    }
}

fn failed(spoilt: Spoilt) -> Outage {
    let (Spoilt::ByOneJob(error) | Spoilt::AsAWhole(error)) = spoilt;
    Outage::Database(Arc::new(error))
}
