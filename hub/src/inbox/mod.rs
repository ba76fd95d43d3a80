//! A person's inbox is a task with a mailbox, as a room is: commit, number, deliver, answer.
//!
//! What reaches a person passes through here, so a recovery can neither miss an entry nor repeat one, and what is reported
//! of a job is told in the order in which it was stored.

mod job;

use std::sync::Arc;

use bytes::Bytes;
use protocol::{InboxItem, Job, JobChange, JobStep, UserId, limits};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::backlog::Delivery;
use crate::client::{Client, PeerId};
use crate::envelope::Envelope;
use crate::event::{Event, Stamp};
use crate::outbox::Track;
use crate::port::{Entry, JobWrite, NewEntry};
use crate::refusal::Refusal;
use crate::shared::Shared;

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
    Unfollow(PeerId),
    /// Answers how many clients heard it.
    Put {
        entry: NewEntry,
        reply: Reply<usize>,
    },
    Job {
        order: job::Order,
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
    /// The number of the newest entry.
    head: u64,
    followers: Vec<Arc<Client>>,
}

/// Runs an inbox until nobody needs it or the hub stops.
pub(crate) async fn run(shared: Arc<Shared>, person: UserId, mut mailbox: mpsc::Receiver<InboxCommand>) {
    let last_words = match shared.store.inbox_head(&person).await {
        Ok(head) => {
            let followers = Vec::new();
            let mut inbox = Inbox { shared: shared.clone(), person, head, followers };
            match inbox.work(&mut mailbox).await {
                Some(refusal) => refusal,
                None => return,
            }
        }
        Err(error) => {
            let cause = &error as &dyn std::error::Error;
            tracing::error!(error = cause, person.id = %person, "Could not load the inbox of `{person}`");
            shared.registry.inboxes.forget(&person);
            Refusal::from(error)
        }
    };
    mailbox.close();
    while let Some(command) = mailbox.recv().await {
        command.refuse(&last_words);
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
            // Nobody waits for it.
            Self::Unfollow(_) => {}
        }
    }
}

impl Inbox {
    /// Takes up commands until the inbox ends; `None`: it fell asleep and is already off the map.
    async fn work(&mut self, mailbox: &mut mpsc::Receiver<InboxCommand>) -> Option<Refusal> {
        loop {
            let idle_end = Instant::now() + self.shared.settings.room_idle;
            let command = tokio::select! {
                biased;
                command = mailbox.recv() => command,
                // Woken after everybody was told to stop.
                () = self.shared.stopped.cancelled() => return Some(Refusal::Stopping),
                () = tokio::time::sleep_until(idle_end), if self.followers.is_empty() => {
                    if self.shared.registry.inboxes.fall_asleep(&self.person, mailbox) {
                        return None;
                    }
                    continue;
                }
            };
            match command {
                None => return Some(Refusal::Stopping),
                Some(InboxCommand::Stop(reply)) => {
                    reply.send(()).ok();
                    return Some(Refusal::Stopping);
                }
                Some(command) => self.apply(command).await,
            }
        }
    }

    async fn apply(&mut self, command: InboxCommand) {
        match command {
            InboxCommand::Follow { client, since, greeting, reply } => {
                let followed = self.follow(client, since, greeting).await;
                reply.send(followed).ok();
            }
            InboxCommand::Unfollow(peer) => self.followers.retain(|client| client.id != peer),
            InboxCommand::Put { entry, reply } => {
                let put = self.put(vec![entry], None).await;
                reply.send(put).ok();
            }
            InboxCommand::Job { order, reply } => {
                let done = self.carry_out(order).await;
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
        let missed = match since {
            Some(since) => {
                // `can_resume` has just looked that all of it is kept, with room for hundreds more.
                let limit = limits::MAX_INBOX_ITEMS;
                self.shared.store.inbox_after(&self.person, since, limit).await?.unwrap_or_default()
            }
            None => Vec::new(),
        };
        for Entry { seq, at_ms, item } in missed {
            let event = self.event(item, at_ms);
            client.tell_alone_at(&event, Some(Track::Inbox(seq))).ok();
        }
        client.place(Track::Inbox(self.head));
        if let Some(greeting) = greeting {
            client.hand(greeting).ok();
        }
        if since.is_none() {
            self.tell_what_waits(&client).await?;
            self.tell_running_jobs(&client).await?;
        }
        self.followers.retain(|other| other.id != client.id);
        self.followers.push(client);
        Ok(())
    }

    async fn tell_what_waits(&self, client: &Client) -> Result<(), Refusal> {
        let mut told = Vec::new();
        for Entry { seq, at_ms, item } in self.shared.store.inbox_waiting(&self.person).await? {
            let event = self.event(item, at_ms);
            if client.understands(&event) && client.tell_alone(&event).is_ok() {
                told.push(seq);
            }
        }
        self.note_told(&told).await;
        Ok(())
    }

    /// These entries wait no more. If that cannot be kept, they are told once more at the next connection: what was stored
    /// and told must not be reported as a failure, or it would be sent again.
    async fn note_told(&self, seqs: &[u64]) {
        if seqs.is_empty() {
            return;
        }
        if let Err(error) = self.shared.store.inbox_told(&self.person, seqs).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, person.id = %self.person, "Could not note what `{}` was told", self.person);
        }
    }

    async fn tell_running_jobs(&self, client: &Client) -> Result<(), Refusal> {
        for job in self.shared.store.running_jobs(&self.person).await? {
            let change = Box::new(JobChange { step: JobStep::Progressed, job });
            client.tell_alone(&Event::Job(change, self.shared.stamp())).ok();
        }
        Ok(())
    }

    /// Stores entries, with the job that they tell of, and then tells everybody. Answers how many clients heard all.
    async fn put(&mut self, entries: Vec<NewEntry>, job: Option<JobWrite>) -> Result<usize, Refusal> {
        let at_ms = self.shared.clock.now_ms();
        let seqs = self.shared.store.put_in_inbox(&self.person, entries.clone(), job, at_ms).await?;
        let mut heard = self.followers.len();
        let mut told = Vec::new();
        for (NewEntry { item, waits }, seq) in entries.into_iter().zip(seqs) {
            self.head = seq;
            let envelope = Envelope::new(self.event(item, at_ms));
            let clients = self.deliver(&envelope, How::Kept(Track::Inbox(seq)));
            heard = heard.min(clients);
            if waits && clients > 0 {
                told.push(seq);
            }
        }
        self.note_told(&told).await;
        Ok(heard)
    }

    /// Hands an event to everybody who follows. Answers how many have a word for it.
    fn deliver(&mut self, envelope: &Envelope, how: How<'_>) -> usize {
        let mut heard = 0;
        self.followers.retain(|client| {
            let told = match how {
                How::Kept(track) => client.tell_at(envelope, track),
                How::Passing(delivery) => client.tell(envelope, delivery),
            };
            if told.is_ok() && client.understands_envelope(envelope) {
                heard += 1;
            }
            told.is_ok()
        });
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
