//! A person's inbox is a task with a mailbox, as a room is: commit, number, deliver, answer.
//!
//! What reaches a person passes through here, so a recovery can neither miss an entry nor repeat one, and what is reported
//! of a job is told in the order in which it was stored. The task is there while there is something to do; `book.rs` knows
//! of the inbox when it rests.

mod book;
mod catch_up;
mod job;
mod receipts;
mod unconfirmed;

use std::sync::Arc;

use bytes::Bytes;
use protocol::{InboxItem, Job, JobStatus, NotificationId, UserId};
use send_queue::DeliveryPolicy;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;

use crate::client::Client;
use crate::envelope::Envelope;
use crate::event::{Event, Stamp};
use crate::outbox::Track;
use crate::port::{Entry, InboxState, JobWrite, NewEntry, StoreError};
use crate::refusal::Refusal;
use crate::shared::Shared;

pub(crate) use book::InboxBook;
use catch_up::CatchUp;
pub use catch_up::InboxStart;
pub use job::{JobReport, NewJob};
pub(crate) use receipts::Proof;
use unconfirmed::Unconfirmed;

/// Where an answer goes. Whoever asked may have left meanwhile, so a failed send means nothing.
type Reply<T> = oneshot::Sender<Result<T, Refusal>>;

/// What an inbox's mailbox holds.
pub(crate) enum InboxCommand {
    Follow {
        client: Arc<Client>,
        start: InboxStart,
        greeting: Option<Bytes>,
        reply: Reply<()>,
    },
    /// A client that is being brought up to date can take the next portion.
    CatchUp(Box<CatchUp>),
    /// A client has proven what it received.
    Delivered(Proof),
    /// Notifications were read: these, or all. Answers how many were unread.
    Read {
        which: Option<Vec<NotificationId>>,
        reply: Reply<u32>,
    },
    /// Answers how many clients heard it.
    Put {
        entry: Box<NewEntry>,
        reply: Reply<usize>,
    },
    Job {
        order: Box<job::Order>,
        reply: Reply<Job>,
    },
    /// Finish, answer, and take nothing more.
    Stop(oneshot::Sender<()>),
}

pub(crate) use job::Order as JobOrder;

struct Inbox {
    shared: Arc<Shared>,
    person: UserId,
    /// How it stands; `None` if the store has to be asked, as after a change of which nobody knows whether it was made.
    state: Option<InboxState>,
    /// Those who follow may not have been sent everything.
    unconfirmed: Option<Unconfirmed>,
}

/// Runs an inbox until there is nothing more to do or the hub stops.
pub(crate) async fn run(shared: Arc<Shared>, person: UserId, mut mailbox: mpsc::Receiver<InboxCommand>) {
    let state = shared.registry.inboxes.take(&person);
    let mut inbox = Inbox { shared, person, state, unconfirmed: None };
    if !inbox.work(&mut mailbox).await {
        mailbox.close();
        while let Some(command) = mailbox.recv().await {
            command.refuse(&Refusal::Stopping);
        }
    }
}

impl InboxCommand {
    /// Answers a command that the inbox will not carry out any more.
    fn refuse(self, refusal: &Refusal) {
        match self {
            Self::Follow { reply, .. } => {
                reply.send(Err(refusal.clone())).ok();
            }
            Self::Put { reply, .. } => {
                reply.send(Err(refusal.clone())).ok();
            }
            Self::Job { reply, .. } => {
                reply.send(Err(refusal.clone())).ok();
            }
            Self::Read { reply, .. } => {
                reply.send(Err(refusal.clone())).ok();
            }
            Self::Stop(reply) => {
                reply.send(()).ok();
            }
            // The client comes back and begins anew.
            Self::CatchUp(catch_up) => catch_up.give_up(refusal),
            // What is not noted is sent again.
            Self::Delivered(_) => {}
        }
    }
}

impl Inbox {
    /// Takes up commands; `true`: it rests and is already off the map, `false`: the hub stops.
    async fn work(&mut self, mailbox: &mut mpsc::Receiver<InboxCommand>) -> bool {
        loop {
            let command = match mailbox.try_recv() {
                Ok(command) => command,
                Err(TryRecvError::Disconnected) => return false,
                Err(TryRecvError::Empty) if self.rest(mailbox).await => return true,
                // Somebody is about to put something into the mailbox, or has given up doing so.
                Err(TryRecvError::Empty) => tokio::select! {
                    biased;
                    command = mailbox.recv() => match command {
                        Some(command) => command,
                        None => return false,
                    },
                    () = self.shared.stopped.cancelled() => return false,
                    () = self.next_look() => {
                        // A failure is logged, and the store is asked again.
                        self.confirm().await.ok();
                        continue;
                    }
                },
            };
            match command {
                InboxCommand::Stop(reply) => {
                    reply.send(()).ok();
                    return false;
                }
                // Woken after everybody was told to stop.
                command if self.shared.stopped.is_cancelled() => {
                    command.refuse(&Refusal::Stopping);
                    return false;
                }
                command => self.apply(command).await,
            }
        }
    }

    /// Waits until there is something to do even if nothing comes in.
    async fn next_look(&self) {
        match self.unconfirmed {
            Some(Unconfirmed { read_at, .. }) => tokio::time::sleep_until(read_at).await,
            None => tokio::time::sleep(self.shared.settings.room_idle).await,
        }
    }

    /// Goes off the map, if everything is sent and nobody holds the mailbox. Who has just put something into it lets go of it
    /// in a moment.
    async fn rest(&self, mailbox: &mpsc::Receiver<InboxCommand>) -> bool {
        if self.unconfirmed.is_some() {
            return false;
        }
        let book = &self.shared.registry.inboxes;
        if book.rest(&self.person, mailbox, self.state) {
            return true;
        }
        yield_now().await;
        book.rest(&self.person, mailbox, self.state)
    }

    async fn apply(&mut self, command: InboxCommand) {
        if command.depends_on_sent()
            && let Err(error) = self.confirm().await
        {
            return command.refuse(&error.into());
        }
        match command {
            // The client has hung up.
            InboxCommand::Follow { reply, .. } if reply.is_closed() => {}
            InboxCommand::Follow { client, start, greeting, reply } => {
                let followed = self.follow(client, start, greeting).await;
                reply.send(followed).ok();
            }
            InboxCommand::CatchUp(catch_up) => self.go_on(catch_up).await,
            InboxCommand::Delivered(proof) => self.note_proof(proof).await,
            InboxCommand::Read { which, reply } => {
                let read = self.read_notifications(which.as_deref()).await;
                reply.send(read).ok();
            }
            InboxCommand::Put { entry, reply } => {
                let put = match self.check_room_for(&entry).await {
                    Ok(()) => self.put(vec![*entry], None).await,
                    Err(refusal) => Err(refusal),
                };
                reply.send(put).ok();
            }
            InboxCommand::Job { order, reply } => {
                let done = self.carry_out(*order).await;
                reply.send(done).ok();
            }
            // Taken care of in `work`.
            InboxCommand::Stop(_) => {}
        }
    }

    /// How the inbox stands.
    async fn state(&mut self) -> Result<InboxState, StoreError> {
        let state = match self.state {
            Some(state) => state,
            None => self.shared.store.inbox_state(&self.person).await?,
        };
        self.state = Some(state);
        Ok(state)
    }

    /// The store has no running jobs of the person, whatever was remembered.
    fn note_no_running(&mut self) {
        if let Some(state) = &mut self.state {
            state.has_running = false;
        }
    }

    /// Whether an entry finds room among what waits.
    async fn check_room_for(&mut self, entry: &NewEntry) -> Result<(), Refusal> {
        let bytes = entry.waiting_bytes();
        let limit = self.shared.settings.inbox_bytes_per_user;
        if bytes > 0 && self.state().await?.waiting_bytes.saturating_add(bytes) > limit {
            return Err(Refusal::InboxFull { field: "to" });
        }
        Ok(())
    }

    async fn read_notifications(&mut self, which: Option<&[NotificationId]>) -> Result<u32, Refusal> {
        let state = self.state.take();
        let read = self.shared.store.read_notifications(&self.person, which).await?;
        self.state = state.map(|mut state| {
            state.waiting_bytes = state.waiting_bytes.saturating_sub(read.waiting_bytes);
            state
        });
        Ok(read.unread)
    }

    /// Stores entries, with the job that they tell of, and then sends them to everybody who follows. Answers how many clients
    /// heard all.
    async fn put(&mut self, entries: Vec<NewEntry>, job: Option<JobWrite>) -> Result<usize, Refusal> {
        let at_ms = self.shared.clock.now_ms();
        let clients = self.shared.registry.followers_of_inbox(&self.person);
        // What those who follow were sent last has to be known, in case that the store does not confirm.
        if !clients.is_empty() {
            self.state().await?;
        }
        // Not known until the store has answered, and not after a failure.
        let before = self.state.take();
        let sent = before.map(|state| state.head).filter(|_| !clients.is_empty());
        let runs = matches!(&job, Some(JobWrite::Save(job)) if job.status == JobStatus::Running);
        let stored = self.shared.store.put_in_inbox(&self.person, entries.clone(), job, at_ms).await;
        if let (Err(StoreError::Unavailable(_)), Some(sent)) = (&stored, sent) {
            self.doubt(sent);
        }
        let seqs = stored?;
        if let (Some(sent), Some(first)) = (sent, seqs.first())
            && *first != sent + 1
        {
            // A write that was not confirmed has arrived after all: in order, with these behind it.
            self.doubt(sent);
            self.confirm().await.ok();
            return Ok(0);
        }
        self.state = before.map(|before| InboxState {
            head: seqs.last().copied().unwrap_or(before.head),
            waiting_bytes: before.waiting_bytes + entries.iter().map(NewEntry::waiting_bytes).sum::<u64>(),
            has_running: before.has_running || runs,
        });
        let mut heard = usize::MAX;
        for (NewEntry { item, waits }, seq) in entries.into_iter().zip(seqs) {
            heard = heard.min(self.send_live(&clients, Entry { seq, at_ms, item, waits }));
        }
        for client in &clients {
            self.ask_for_receipt(client);
        }
        Ok(heard)
    }

    /// Sends an entry to clients that follow. Answers how many of them have a word for it.
    fn send_live(&self, clients: &[Arc<Client>], Entry { seq, at_ms, item, waits }: Entry) -> usize {
        let settling: Vec<bool> = clients.iter().map(|client| waits && client.settles(&item)).collect();
        let envelope = Envelope::new(self.event(item, at_ms, seq));
        let mut hearing = 0;
        for (client, settles) in clients.iter().zip(settling) {
            if client.tell_at(&envelope, Track::Inbox(seq)).is_err() {
                continue;
            }
            hearing += usize::from(client.understands_envelope(&envelope));
            if settles {
                client.note_unproven(seq);
            }
        }
        hearing
    }

    /// Hands an event that is not stored to everybody who follows.
    fn tell_in_passing(&self, envelope: &Envelope, delivery: DeliveryPolicy) {
        for client in self.shared.registry.followers_of_inbox(&self.person) {
            // A client that is gone is noticed by its gateway.
            client.tell(envelope, delivery).ok();
        }
    }

    fn event(&self, item: InboxItem, at_ms: i64, seq: u64) -> Event {
        let stamp = Stamp { at_ms, server: self.shared.settings.server_name.clone() };
        match item {
            InboxItem::Notification(notification) => Event::Notification(notification, Some(seq)),
            InboxItem::Direct(letter) => Event::Direct(Box::new(letter), Some(seq)),
            InboxItem::Job(change) => Event::Job(Box::new(change), stamp, Some(seq)),
            InboxItem::Signal(signal) => Event::Signal(signal, stamp, Some(seq)),
        }
    }
}
