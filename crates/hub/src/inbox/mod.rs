//! Inbox: the actor that orders, stores and delivers the entries for one user on all connections: notifications, direct
//! messages, jobs and an application's own events.
//!
//! Everything for a user passes through here, so a recovery neither misses an entry nor repeats one, and reports on a job are
//! delivered in the order in which they were stored. An inbox with nothing to do is passivated; [`InboxRegistry`] serves it.

mod catch_up;
mod command;
mod delivery;
mod direct_message;
mod job;
mod receipts;
mod registry;
mod start;
mod stored;
mod unconfirmed;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use protocol::{CloseCode, Job, JobChange, JobId, JobStep, UserId};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::actor::{self, Actor, Flow, MailboxCommand as _, RunSettings};
use crate::client::ClientHandle;
use crate::context::HubContext;
use crate::error::HubError;
use crate::event::Event;
use crate::queue::{DeliveryPolicy, Disconnected, TransportFuture, conflation};
use crate::quotas::{Concurrent, Daily};
use crate::store::{Delivered, Entry, JobWrite, NewEntry, StoreError};

use catch_up::{CatchUp, CatchUpError, CatchUpProgress, ENTRIES};
use job::ReportOutcome;
use stored::StoredInbox;
use unconfirmed::UnconfirmedWrites;

pub(crate) use command::{InboxCommand, InboxMailbox, Proof};
pub(crate) use direct_message::send_direct_message;
pub(crate) use job::JobRequest;
pub use job::{JobReport, NewJob};
pub(crate) use receipts::PendingReceipts;
pub(crate) use registry::InboxRegistry;
pub use start::InboxStart;

struct Inbox {
    context: Arc<HubContext>,
    stored: StoredInbox,
    unconfirmed: UnconfirmedWrites,
}

/// The mailbox of a user's inbox; spawns the inbox if it does not run.
pub(crate) fn mailbox(context: &Arc<HubContext>, user: &UserId) -> InboxMailbox {
    context.inboxes.get_or_spawn(user, || {
        let (sender, receiver) = mpsc::channel(context.settings.mailbox);
        context.lifecycle.spawn(run(context.clone(), user.clone(), receiver));
        sender
    })
}

/// Puts an entry into a user's inbox. Returns how many clients got it at once.
pub(crate) async fn put(
    context: &Arc<HubContext>,
    user: &UserId,
    entry: NewEntry,
) -> Result<usize, HubError> {
    let (reply, answer) = oneshot::channel();
    let put = InboxCommand::Put { entry: Box::new(entry), reply };
    mailbox(context, user).send(put).await.map_err(|_| HubError::Stopping)?;
    answer.await.map_err(|_| HubError::Stopping)?
}

/// Runs an inbox until it is passivated or the hub stops.
async fn run(context: Arc<HubContext>, user: UserId, mailbox: mpsc::Receiver<InboxCommand>) {
    let state = context.inboxes.take_state(&user);
    let settings = RunSettings { batch: context.settings.batch, idle_retry: context.settings.room_idle };
    let stopped = context.lifecycle.stopped();
    let stored = StoredInbox::new(context.store.clone(), user, state);
    let inbox = Box::new(Inbox { context, stored, unconfirmed: UnconfirmedWrites::default() });
    actor::run(inbox, mailbox, stopped, settings).await;
}

impl Actor for Inbox {
    type Command = InboxCommand;

    async fn execute(&mut self, command: InboxCommand) -> Flow {
        if command.needs_confirmed_writes()
            && let Err(error) = self.confirm_writes().await
        {
            command.reject(&error.into());
            return Flow::Continue;
        }
        match command {
            InboxCommand::Subscribe { client, start, greeting, reply } => {
                // Closed: the client has hung up.
                if !reply.is_closed() {
                    reply.send(self.subscribe(client, start, greeting).await).ok();
                }
            }
            InboxCommand::CatchUp(catch_up) => self.continue_catch_up(*catch_up).await,
            InboxCommand::Received(proof) => self.accept_proof(proof).await,
            InboxCommand::Read { which, reply } => {
                let read = self.stored.read_notifications(which.as_deref()).await;
                reply.send(read.map_err(HubError::from)).ok();
            }
            InboxCommand::Put { entry, reply } => {
                let put = match self.check_room_for(&entry).await {
                    Ok(()) => self.put(vec![*entry], None).await,
                    Err(error) => Err(error),
                };
                reply.send(put).ok();
            }
            InboxCommand::Job { request, reply } => {
                // In a box, so that an inbox without jobs needs little memory.
                reply.send(Box::pin(self.execute_job_request(*request)).await).ok();
            }
            InboxCommand::Stop(reply) => {
                reply.send(()).ok();
                return Flow::End(HubError::Stopping);
            }
        }
        Flow::Continue
    }

    async fn finish_batch(&mut self) {}

    fn next_deadline(&self) -> Option<Instant> {
        self.unconfirmed.resync_at()
    }

    async fn on_timer(&mut self) -> Flow {
        // A failure is logged, and the store is asked again.
        self.confirm_writes().await.ok();
        Flow::Continue
    }

    fn idle_timeout(&self) -> Option<Duration> {
        self.unconfirmed.after().is_none().then_some(Duration::ZERO)
    }

    fn passivate(&self, mailbox: &mpsc::Receiver<InboxCommand>) -> bool {
        self.context.inboxes.passivate(self.stored.user(), mailbox, self.stored.known_state())
    }
}

impl Inbox {
    fn clients(&self) -> Vec<Arc<ClientHandle>> {
        self.context.presence.inbox_subscribers(self.stored.user())
    }

    /// Brings a client up to date and subscribes it from exactly there. The rest after one portion is sent later.
    async fn subscribe(
        &mut self,
        client: Arc<ClientHandle>,
        start: InboxStart,
        greeting: Option<Bytes>,
    ) -> Result<(), HubError> {
        let catch_up = CatchUp::start(client, start, greeting, &mut self.stored).await?;
        match self.send_portion(catch_up).await {
            // A client that is gone is noticed by its gateway.
            Ok(()) | Err(CatchUpError::ClientGone | CatchUpError::Gap) => Ok(()),
            Err(CatchUpError::Store(error)) => Err(error.into()),
        }
    }

    async fn continue_catch_up(&mut self, catch_up: CatchUp) {
        let client = catch_up.client().clone();
        if let Err(CatchUpError::Store(error)) = self.send_portion(catch_up).await {
            self.log_failed_read(&error);
            client.close(CloseCode::Internal);
        }
    }

    /// Sends a portion. A client that is up to date is subscribed; another one gets the next portion when this one has left.
    async fn send_portion(&mut self, mut catch_up: CatchUp) -> Result<(), CatchUpError> {
        let sent = catch_up.send_portion(&mut self.stored, &self.context.stamp()).await;
        self.request_receipt(catch_up.client());
        if matches!(sent, Err(CatchUpError::Gap)) {
            // No slow consumer, but the same remedy: it comes back and starts where it can be recovered.
            catch_up.client().close(CloseCode::TooSlow);
        }
        match sent? {
            CatchUpProgress::Subscribed => catch_up.finish()?,
            CatchUpProgress::More => {
                let (context, user) = (self.context.clone(), self.stored.user().clone());
                let catch_up = Box::new(catch_up);
                self.context.lifecycle.spawn(async move {
                    catch_up.ready().await;
                    // Closed: the hub stops, and the client's connection with it.
                    mailbox(&context, &user).send(InboxCommand::CatchUp(catch_up)).await.ok();
                });
            }
        }
        Ok(())
    }

    /// Requests a receipt from a client for the waiting entries that it was sent, unless one is under way: then the next one is
    /// requested when that one has come.
    fn request_receipt(&self, client: &Arc<ClientHandle>) {
        if let Some(seqs) = client.receipts().begin() {
            let receipt = receipt_of(client);
            self.context.lifecycle.spawn(collect_receipts(
                self.context.clone(),
                client.clone(),
                seqs,
                receipt,
            ));
        }
    }

    async fn accept_proof(&mut self, proof: Proof) {
        match proof {
            Proof::These(seqs) => self.stored.mark_delivered(Delivered::These(&seqs)).await,
            Proof::UpTo(seq) => {
                // A number that was never given proves nothing.
                if self.stored.state().await.is_ok_and(|state| seq <= state.head) {
                    self.stored.mark_delivered(Delivered::UpTo(seq)).await;
                }
            }
        }
    }

    /// Whether an entry finds room among what waits.
    async fn check_room_for(&mut self, entry: &NewEntry) -> Result<(), HubError> {
        let bytes = entry.waiting_bytes();
        let limit = self.context.settings.inbox_bytes_per_user;
        if bytes > 0 && self.stored.state().await?.waiting_bytes.saturating_add(bytes) > limit {
            return Err(HubError::InboxFull { field: "to" });
        }
        Ok(())
    }

    /// Stores entries, with the job that they are about, and then sends them to the subscribed clients. Returns how many clients
    /// got all.
    async fn put(&mut self, entries: Vec<NewEntry>, job: Option<JobWrite>) -> Result<usize, HubError> {
        let at_ms = self.context.clock.now_ms();
        let clients = self.clients();
        // What the clients were sent last must be known, in case the store does not confirm the write.
        let sent = if clients.is_empty() { None } else { Some(self.stored.state().await?.head) };
        let stored = self.stored.put(entries.clone(), job, at_ms).await;
        if let (Err(StoreError::Unavailable(_)), Some(sent)) = (&stored, sent) {
            self.unconfirmed.add(sent);
        }
        let seqs = stored?;
        if let (Some(sent), Some(first)) = (sent, seqs.first())
            && *first != sent + 1
        {
            // A write that was not confirmed has been stored after all: sent in order, with these behind it.
            self.unconfirmed.add(sent);
            self.confirm_writes().await.ok();
            return Ok(0);
        }
        let server = &self.context.settings.server_name;
        let mut complete = usize::MAX;
        for (NewEntry { item, waits }, seq) in entries.into_iter().zip(seqs) {
            let entry = Entry { seq, at_ms, item, waits };
            complete = complete.min(delivery::send_entry(&clients, entry, server));
        }
        for client in &clients {
            self.request_receipt(client);
        }
        Ok(complete)
    }

    /// Sends what the store has kept without confirming it, if there may be any.
    ///
    /// # Errors
    /// The store failed, and is to be asked again.
    async fn confirm_writes(&mut self) -> Result<(), StoreError> {
        let Some(mut after) = self.unconfirmed.after() else { return Ok(()) };
        let sent = self.send_after(&mut after).await;
        match &sent {
            Ok(()) => self.unconfirmed.clear(),
            Err(error) => {
                self.log_failed_read(error);
                self.unconfirmed.retry(after);
            }
        }
        sent
    }

    /// Sends the subscribed clients every entry after a number, and moves it.
    async fn send_after(&mut self, after: &mut u64) -> Result<(), StoreError> {
        while *after < self.stored.state().await?.head {
            let page = self.stored.after(*after, ENTRIES).await?;
            let clients = self.clients();
            let Some(page) = page else {
                // Not kept any more. No slow consumers, but the same remedy: they come back and start over.
                for client in &clients {
                    client.close(CloseCode::TooSlow);
                }
                return Ok(());
            };
            for entry in page {
                *after = entry.seq;
                delivery::send_entry(&clients, entry, &self.context.settings.server_name);
            }
            for client in &clients {
                self.request_receipt(client);
            }
        }
        Ok(())
    }

    fn log_failed_read(&self, error: &StoreError) {
        let (error, user) = (error as &dyn std::error::Error, self.stored.user());
        tracing::error!(error, user.id = %user, "Could not read the inbox of `{user}`");
    }

    async fn execute_job_request(&mut self, request: JobRequest) -> Result<Job, HubError> {
        match request {
            JobRequest::Start { new, is_counted } => {
                let job = job::start(new, self.stored.user(), self.context.clock.now_ms())?;
                self.check_new_job(is_counted).await?;
                self.store_job(JobStep::Started, job).await
            }
            JobRequest::Report(id, report) => {
                let before = self.job(id).await?;
                match job::apply(&before, report, self.context.clock.now_ms())? {
                    ReportOutcome::Unchanged => Ok(before),
                    ReportOutcome::Volatile(job) => {
                        self.put(Vec::new(), Some(JobWrite::Save(job.clone()))).await?;
                        let change = Box::new(JobChange { step: JobStep::Progressed, job: job.clone() });
                        let event = Event::Job(change, self.context.stamp(), None);
                        delivery::send_volatile(
                            &self.clients(),
                            event,
                            DeliveryPolicy::Latest(conflation::job(id)),
                        );
                        Ok(job)
                    }
                    ReportOutcome::Stored(step, job) => self.store_job(step, job).await,
                }
            }
            JobRequest::Delete(id) => {
                let job = self.job(id).await?;
                self.put(job::entries(JobStep::Deleted, &job), Some(JobWrite::Delete(id))).await?;
                Ok(job)
            }
        }
    }

    /// Checked at the start of a job and never later: a job that was accepted can always report its result.
    async fn check_new_job(&mut self, is_counted: bool) -> Result<(), HubError> {
        let (settings, user) = (&self.context.settings, self.stored.user().clone());
        if self.stored.state().await?.waiting_bytes >= settings.inbox_bytes_per_user {
            return Err(HubError::InboxFull { field: "owner_id" });
        }
        if let Some(limit) = settings.quotas.running_jobs
            && self.context.store.running_count(&user).await? >= u64::from(limit)
        {
            return Err(HubError::TooManyKept { kept: Concurrent::Jobs, limit });
        }
        if is_counted {
            self.context.limiters.spend_stored(&user, &settings.quotas, Daily::JobBytes, job::JOB_BYTES)?;
        }
        Ok(())
    }

    async fn job(&self, id: JobId) -> Result<Job, HubError> {
        let found = self.context.store.job(id).await?;
        found.filter(|job| job.owner == *self.stored.user()).ok_or(HubError::NoSuchJob)
    }

    async fn store_job(&mut self, step: JobStep, job: Job) -> Result<Job, HubError> {
        self.put(job::entries(step, &job), Some(JobWrite::Save(job.clone()))).await?;
        Ok(job)
    }
}

/// The client's proof that it received what it was sent until now.
fn receipt_of(client: &ClientHandle) -> TransportFuture<'static, Result<(), Disconnected>> {
    client.transport().receipt()
}

/// Waits for the receipts of one client, one after the other, until everything it was sent is proven or it is gone.
async fn collect_receipts(
    context: Arc<HubContext>,
    client: Arc<ClientHandle>,
    mut seqs: Vec<u64>,
    mut receipt: TransportFuture<'static, Result<(), Disconnected>>,
) {
    let user = client.user.id.clone();
    while receipt.await.is_ok() {
        let proof = InboxCommand::Received(Proof::These(seqs));
        if mailbox(&context, &user).send(proof).await.is_err() {
            break;
        }
        match client.receipts().next() {
            Some(more) => {
                seqs = more;
                receipt = receipt_of(&client);
            }
            None => return,
        }
    }
    client.receipts().end();
}
