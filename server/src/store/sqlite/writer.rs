//! The only hand that writes.
//!
//! All changes, from all rooms, go through one mailbox to one connection. Whatever waits there when the last
//! transaction ends goes into the next one together, so that many share one wait for the disk. Nobody is answered
//! before the commit, so an answer means that the change survives a power cut.

use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;

use hub::port::{Appended, StoreError};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::lock::Lock;
use super::messages::{Append, append_all};

/// Jobs that wait at most; beyond it whoever brings one waits.
const MAILBOX: usize = 1024;

/// Jobs that share a transaction at most.
const BATCH: usize = 256;

/// Why the database did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Outage {
    /// It answered with an error, or with something that cannot be stored data.
    #[error("the database failed")]
    Database(#[source] Arc<sqlx::Error>),
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
    Broken(sqlx::Error),
}

impl<R> From<sqlx::Error> for Fault<R> {
    fn from(error: sqlx::Error) -> Self {
        Self::Broken(error)
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
    /// Does it, inside of a transaction that others share.
    fn run(
        &self,
        connection: &mut SqliteConnection,
    ) -> impl Future<Output = Result<Self::Done, Fault<Self::Refusal>>> + Send;
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
    /// Starts the task that writes, and that holds the lock meanwhile. It ends when all clones are gone or `closing` is
    /// cancelled, after it has done
    /// everything that was brought before.
    pub(super) fn start(
        connection: SqliteConnection,
        options: SqliteConnectOptions,
        lock: Lock,
        closing: CancellationToken,
    ) -> (Self, tokio::task::JoinHandle<()>) {
        let (mailbox, jobs) = mpsc::channel(MAILBOX);
        let pen = Pen { connection: Some(connection), options };
        let task = tokio::spawn(async move {
            write(jobs, pen, closing).await;
            // Not before nothing of ours is written any more.
            drop(lock);
        });
        (Self { mailbox }, task)
    }

    /// Has a change made, and answers once it is on disk. The change is made even when nobody waits for the answer
    /// any more.
    pub(super) async fn write<W: Work>(&self, work: W) -> Result<W::Done, Failure<W::Refusal>> {
        self.bring(work, |pending| Job::Alone(Box::new(pending))).await
    }

    /// As [`write`](Self::write), for messages: those of all rooms that wait are appended by the same statements.
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
enum Job {
    /// Messages, which are appended together with others.
    Append(Pending<Append>),
    /// Work of any other kind.
    Alone(Box<dyn Errand>),
}

impl Job {
    fn answer(self, committed: Result<(), Outage>) {
        match self {
            Self::Append(pending) => pending.answer(committed),
            Self::Alone(errand) => errand.answer(committed),
        }
    }
}

/// A change with whoever waits for it.
struct Pending<C: Change> {
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
trait Errand: Send {
    /// Does the work and keeps what came of it; fails only when the transaction must not be committed.
    fn run<'a>(&'a mut self, connection: &'a mut SqliteConnection) -> Step<'a>;

    /// Tells whoever waits how it ended.
    fn answer(self: Box<Self>, committed: Result<(), Outage>);
}

type Step<'a> = Pin<Box<dyn Future<Output = Result<(), sqlx::Error>> + Send + 'a>>;

impl<W: Work> Errand for Pending<W> {
    fn run<'a>(&'a mut self, connection: &'a mut SqliteConnection) -> Step<'a> {
        Box::pin(async move {
            self.outcome = Some(match self.change.run(connection).await {
                Ok(done) => Ok(done),
                Err(Fault::Refused(refusal)) => Err(refusal),
                Err(Fault::Broken(error)) => return Err(error),
            });
            Ok(())
        })
    }

    fn answer(self: Box<Self>, committed: Result<(), Outage>) {
        (*self).answer(committed);
    }
}

/// Why a transaction was not committed.
enum Spoilt {
    /// A job failed in it; the others may be fine.
    ByOneJob(sqlx::Error),
    /// It did not begin or did not end well; nobody's fault, and trying each alone would help nobody.
    AsAWhole(sqlx::Error),
}

/// The connection that writes, or the means to get another one.
struct Pen {
    connection: Option<SqliteConnection>,
    options: SqliteConnectOptions,
}

impl Pen {
    /// One transaction around all the jobs. After a failure the connection is given up, so that no half-open
    /// transaction can reach the next jobs.
    async fn transact(&mut self, jobs: &mut [Job]) -> Result<(), Spoilt> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.options.connect().await.map_err(Spoilt::AsAWhole)?,
        };
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(Spoilt::AsAWhole)?;
        do_all(&mut transaction, jobs).await.map_err(Spoilt::ByOneJob)?;
        transaction.commit().await.map_err(Spoilt::AsAWhole)?;
        self.connection = Some(connection);
        Ok(())
    }

    /// Moves everything from the write-ahead log into the database file and closes it.
    async fn put_down(&mut self) -> Result<(), sqlx::Error> {
        if let Some(mut connection) = self.connection.take() {
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
            connection.close().await?;
        }
        Ok(())
    }
}

/// Does the jobs, all messages at once and last. The order is free: whoever brings two changes of which one must come
/// first waits for its answer before bringing the second.
async fn do_all(connection: &mut SqliteConnection, jobs: &mut [Job]) -> Result<(), sqlx::Error> {
    let mut pending = Vec::with_capacity(jobs.len());
    for job in jobs {
        match job {
            Job::Append(append) => pending.push(append),
            Job::Alone(errand) => errand.run(connection).await?,
        }
    }
    let appends: Vec<&Append> = pending.iter().map(|append| &append.change).collect();
    let outcomes = append_all(connection, &appends).await?;
    for (append, outcome) in pending.into_iter().zip(outcomes) {
        append.outcome = Some(outcome);
    }
    Ok(())
}

async fn write(mut mailbox: mpsc::Receiver<Job>, mut pen: Pen, closing: CancellationToken) {
    let mut jobs = Vec::with_capacity(BATCH);
    while next_batch(&mut mailbox, &mut jobs, &closing).await.is_continue() {
        match pen.transact(&mut jobs).await {
            Ok(()) => answer_all(&mut jobs, &Ok(())),
            Err(Spoilt::ByOneJob(error)) if jobs.len() > 1 => {
                tracing::warn!(%error, jobs = jobs.len(), "A shared transaction failed; its jobs are tried one by one");
                for job in jobs.drain(..) {
                    let mut alone = vec![job];
                    let end = pen.transact(&mut alone).await.map_err(failed);
                    answer_all(&mut alone, &end);
                }
            }
            Err(spoilt) => answer_all(&mut jobs, &Err(failed(spoilt))),
        }
    }
    if let Err(error) = pen.put_down().await {
        tracing::error!(%error, "The database was not closed cleanly; its log is read at the next start");
    }
}

/// Waits for work and takes everything that is there. Breaks off once nothing can come any more.
async fn next_batch(
    mailbox: &mut mpsc::Receiver<Job>,
    jobs: &mut Vec<Job>,
    closing: &CancellationToken,
) -> ControlFlow<()> {
    let mut taken = tokio::select! {
        biased;
        () = closing.cancelled() => 0,
        taken = mailbox.recv_many(jobs, BATCH) => taken,
    };
    if taken == 0 {
        // Refuses newcomers; who came before is still served.
        mailbox.close();
        taken = mailbox.recv_many(jobs, BATCH).await;
    }
    if taken == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

fn answer_all(jobs: &mut Vec<Job>, end: &Result<(), Outage>) {
    for job in jobs.drain(..) {
        job.answer(end.clone());
    }
}

fn failed(spoilt: Spoilt) -> Outage {
    let (Spoilt::ByOneJob(error) | Spoilt::AsAWhole(error)) = spoilt;
    Outage::from(error)
}
