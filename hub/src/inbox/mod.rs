//! A person's inbox is a task with a mailbox, as a room is: commit, number, deliver, answer.
//!
//! What reaches a person passes through here, so a recovery can neither miss an entry nor repeat one, and what is reported
//! of a job is told in the order in which it was stored. The task is there while there is something to do; `book.rs` knows
//! of the inbox when it rests.

mod book;
mod job;

use std::sync::Arc;

use bytes::Bytes;
use protocol::{InboxItem, Job, JobChange, JobStatus, JobStep, UserId, limits};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;

use crate::backlog::Delivery;
use crate::client::Client;
use crate::envelope::Envelope;
use crate::event::{Event, Stamp};
use crate::outbox::Track;
use crate::port::{Entry, InboxState, JobWrite, NewEntry};
use crate::refusal::Refusal;
use crate::shared::Shared;

pub(crate) use book::InboxBook;
pub use job::{JobReport, NewJob};

/// Where an answer goes. Whoever asked may have left meanwhile, so a failed send means nothing.
type Reply<T> = oneshot::Sender<Result<T, Refusal>>;

/// What an inbox's mailbox holds.
pub(crate) enum InboxCommand {
    Follow {
        client: Arc<Client>,
        since: Option<u64>,
        greeting: Option<Bytes>,
        reply: Reply<()>,
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

/// How an event is told.
#[derive(Clone, Copy)]
enum How<'a> {
    /// It is stored, and the reader stands here after it.
    Kept(Track<'a>),
    /// It is not.
    Passing(Delivery),
}

struct Inbox {
    shared: Arc<Shared>,
    person: UserId,
    /// How it stands; `None` if the store has to be asked, as after a change of which nobody knows whether it was made.
    state: Option<InboxState>,
}

/// Runs an inbox until there is nothing more to do or the hub stops.
pub(crate) async fn run(shared: Arc<Shared>, person: UserId, mut mailbox: mpsc::Receiver<InboxCommand>) {
    let state = shared.registry.inboxes.take(&person);
    let mut inbox = Inbox { shared, person, state };
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
            Self::Stop(reply) => {
                reply.send(()).ok();
            }
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
                    () = tokio::time::sleep(self.shared.settings.room_idle) => continue,
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

    /// Goes off the map, if nobody holds the mailbox. Who has just put something into it lets go of it in a moment.
    async fn rest(&self, mailbox: &mpsc::Receiver<InboxCommand>) -> bool {
        let book = &self.shared.registry.inboxes;
        if book.rest(&self.person, mailbox, self.state) {
            return true;
        }
        yield_now().await;
        book.rest(&self.person, mailbox, self.state)
    }

    async fn apply(&mut self, command: InboxCommand) {
        match command {
            InboxCommand::Follow { client, since, greeting, reply } => {
                let followed = self.follow(client, since, greeting).await;
                reply.send(followed).ok();
            }
            InboxCommand::Put { entry, reply } => {
                let put = self.put(vec![*entry], None).await;
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

    /// Tells a client what it missed, or what waits, and lets it follow from exactly there.
    async fn follow(
        &mut self,
        client: Arc<Client>,
        since: Option<u64>,
        greeting: Option<Bytes>,
    ) -> Result<(), Refusal> {
        let mut state = match self.state {
            Some(state) => state,
            None => self.shared.store.inbox_state(&self.person).await?,
        };
        let missed = match since {
            Some(since) if since != state.head => {
                // `can_resume` has just looked that all of it is kept, with room for hundreds more.
                let limit = limits::MAX_INBOX_ITEMS;
                self.shared.store.inbox_after(&self.person, since, limit).await?.unwrap_or_default()
            }
            Some(_) | None => Vec::new(),
        };
        for Entry { seq, at_ms, item } in missed {
            let event = self.event(item, at_ms);
            client.tell_alone_at(&event, Some(Track::Inbox(seq))).ok();
        }
        client.place(Track::Inbox(state.head));
        if let Some(greeting) = greeting {
            client.hand(greeting).ok();
        }
        if since.is_none() {
            state.has_waiting = state.has_waiting && self.tell_what_waits(&client).await?;
            state.has_running = state.has_running && self.tell_running_jobs(&client).await?;
        }
        self.state = Some(state);
        client.follow_inbox();
        Ok(())
    }

    /// Tells a client what waits for one that can be told; answers whether some of it still does.
    async fn tell_what_waits(&self, client: &Client) -> Result<bool, Refusal> {
        let entries = self.shared.store.inbox_waiting(&self.person).await?;
        let (count, mut told) = (entries.len(), Vec::new());
        for Entry { seq, at_ms, item } in entries {
            let event = self.event(item, at_ms);
            if client.understands(&event) && client.tell_alone(&event).is_ok() {
                told.push(seq);
            }
        }
        let is_noted = self.note_told(&told).await;
        Ok(told.len() < count || !is_noted)
    }

    /// These entries wait no more; answers whether that is kept. If not, they are told once more at the next connection:
    /// what was stored and told must not be reported as a failure, or it would be sent again.
    async fn note_told(&self, seqs: &[u64]) -> bool {
        if seqs.is_empty() {
            return true;
        }
        let noted = self.shared.store.inbox_told(&self.person, seqs).await;
        if let Err(error) = &noted {
            let error = error as &dyn std::error::Error;
            tracing::error!(error, person.id = %self.person, "Could not note what `{}` was told", self.person);
        }
        noted.is_ok()
    }

    /// Tells a client where running jobs stand; answers whether there are any.
    async fn tell_running_jobs(&self, client: &Client) -> Result<bool, Refusal> {
        let jobs = self.shared.store.running_jobs(&self.person).await?;
        let are_running = !jobs.is_empty();
        for job in jobs {
            let change = Box::new(JobChange { step: JobStep::Progressed, job });
            client.tell_alone(&Event::Job(change, self.shared.stamp())).ok();
        }
        Ok(are_running)
    }

    /// Stores entries, with the job that they tell of, and then tells everybody. Answers how many clients heard all.
    async fn put(&mut self, entries: Vec<NewEntry>, job: Option<JobWrite>) -> Result<usize, Refusal> {
        let at_ms = self.shared.clock.now_ms();
        // Not known until the store has answered, and not after a failure.
        let state = self.state.take();
        let runs = matches!(&job, Some(JobWrite::Save(job)) if job.status == JobStatus::Running);
        let seqs = self.shared.store.put_in_inbox(&self.person, entries.clone(), job, at_ms).await?;
        let newest = seqs.last().copied();
        let mut heard = usize::MAX;
        let mut told = Vec::new();
        let mut is_all_told = true;
        for (NewEntry { item, waits }, seq) in entries.into_iter().zip(seqs) {
            let envelope = Envelope::new(self.event(item, at_ms));
            let clients = self.deliver(&envelope, How::Kept(Track::Inbox(seq)));
            heard = heard.min(clients);
            if waits && clients > 0 {
                told.push(seq);
            }
            is_all_told &= !waits || clients > 0;
        }
        let is_noted = self.note_told(&told).await;
        self.state = state.map(|before| InboxState {
            head: newest.unwrap_or(before.head),
            has_waiting: before.has_waiting || !is_all_told || !is_noted,
            has_running: before.has_running || runs,
        });
        Ok(heard)
    }

    /// Hands an event to everybody who follows. Answers how many have a word for it.
    fn deliver(&self, envelope: &Envelope, how: How<'_>) -> usize {
        let mut heard = 0;
        for client in self.shared.registry.followers_of_inbox(&self.person) {
            let told = match how {
                How::Kept(track) => client.tell_at(envelope, track),
                How::Passing(delivery) => client.tell(envelope, delivery),
            };
            if told.is_ok() && client.understands_envelope(envelope) {
                heard += 1;
            }
        }
        heard
    }

    fn event(&self, item: InboxItem, at_ms: i64) -> Event {
        let stamp = Stamp { at_ms, server: self.shared.settings.server_name.clone() };
        match item {
            InboxItem::Notification(notification) => Event::Notification(notification),
            InboxItem::Direct(letter) => Event::Direct(Box::new(letter)),
            InboxItem::Job(change) => Event::Job(Box::new(change), stamp),
            InboxItem::Signal(signal) => Event::Signal(signal, stamp),
        }
    }
}
