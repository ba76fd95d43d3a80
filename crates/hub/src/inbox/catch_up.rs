//! Catch-up: sends a client what its inbox has for it, portion by portion, until live entries can follow.
//!
//! A portion is sent when the one before has left, so that neither the server's memory nor the client's connection has to
//! hold all of it. Every portion is read and sent by the inbox itself: nothing can be put between the last portion and
//! the first live entry.

use std::sync::Arc;
use std::task::{Context, Waker};

use bytes::Bytes;
use protocol::{CloseCode, InboxPosition, JobChange, JobId, JobStep, limits};

use crate::client::ClientHandle;
use crate::event::Event;
use crate::outbox::{Gone, Track};
use crate::port::{Delivered, Entry, StoreError};
use crate::refusal::Refusal;

use super::{Inbox, InboxCommand};

/// Entries after the start, and running jobs, that are read at a time.
pub(super) const ENTRIES: u32 = 128;

/// Reads of one turn at most: entries that a dialect has no word for cost a read and fill no portion.
const READS: u32 = 8;

/// Where a client starts to follow its inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InboxStart {
    /// A new client: what waits, and where running jobs stand.
    Fresh,
    /// A client that comes back and has everything up to this number, as [`crate::Peer::can_resume`] found out: what still
    /// waits for a proof, and everything after the number.
    Resumed(u64),
    /// A client that keeps a cursor and has everything up to this number: everything after it, if all of that is kept, and
    /// where running jobs stand. The client is told where it stands then, or that it starts over.
    Cursor(u64),
}

/// A client that is being brought up to date.
pub(crate) struct CatchUp {
    client: Arc<ClientHandle>,
    /// Entries up to and with this number are sent only if they wait.
    base: u64,
    /// The last of these that was sent; `None`: all were.
    waiting_after: Option<u64>,
    /// The last entry after `base` that was sent.
    after: u64,
    running: RunningJobs,
    /// A frame that ends a recovery.
    greeting: Option<Bytes>,
    /// The client keeps a cursor and is told when it is up to date; and whether it was recovered.
    position: Option<bool>,
}

/// Which of the user's running jobs are still to be sent.
#[derive(Clone, Copy)]
enum RunningJobs {
    /// All of them.
    All,
    /// Those after this one.
    After(JobId),
    /// None any more.
    None,
}

/// What a turn came to.
enum Turn {
    /// The client has everything there is.
    UpToDate,
    /// There is more, and a portion was sent.
    More,
}

/// Why a catch-up ends early.
enum Failed {
    /// The client is not there any more.
    Gone,
    /// Something that the client should get next was let go: it has fallen behind by a whole inbox.
    Hole,
    Store(StoreError),
}

impl From<Gone> for Failed {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl CatchUp {
    fn new(client: Arc<ClientHandle>, base: u64) -> Self {
        Self {
            client,
            base,
            waiting_after: Some(0),
            after: base,
            running: RunningJobs::All,
            greeting: None,
            position: None,
        }
    }

    /// The client is not brought up to date here any more.
    pub(super) fn give_up(&self, refusal: &Refusal) {
        self.client.close(match refusal {
            Refusal::Stopping => CloseCode::Restart,
            _ => CloseCode::Internal,
        });
    }

    /// Waits until the client can take another portion.
    async fn ready(&self) {
        self.client.outlet().keeps_up().await;
        self.client.receipts_drained().await;
    }

    /// Whether the client can take another portion now. An answer to a question of its own may have come between.
    fn is_ready(&self) -> bool {
        let mut keeps_up = self.client.outlet().keeps_up();
        keeps_up.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    fn send(&self, event: &Event, track: Option<Track<'_>>) -> Result<usize, Gone> {
        let frame = (self.client.spelling.encode)(event);
        let bytes = frame.as_ref().map_or(0, Bytes::len);
        self.client.hand_at(frame, track)?;
        Ok(bytes)
    }
}

impl Inbox {
    /// Brings a client up to date and lets it follow from exactly there. What does not fit one portion follows later.
    pub(super) async fn follow(
        &mut self,
        client: Arc<ClientHandle>,
        start: InboxStart,
        greeting: Option<Bytes>,
    ) -> Result<(), Refusal> {
        let catch_up = self.begin(client, start, greeting).await?;
        match self.turn(Box::new(catch_up)).await {
            // A client that is gone is noticed by its gateway.
            Ok(()) | Err(Failed::Gone | Failed::Hole) => Ok(()),
            Err(Failed::Store(error)) => Err(error.into()),
        }
    }

    /// Sends the next portion of a catch-up.
    pub(super) async fn go_on(&mut self, catch_up: Box<CatchUp>) {
        let client = catch_up.client.clone();
        if let Err(Failed::Store(error)) = self.turn(catch_up).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, user.id = %self.person, "Could not read the inbox of `{}`", self.person);
            client.close(CloseCode::Internal);
        }
    }

    async fn begin(
        &mut self,
        client: Arc<ClientHandle>,
        start: InboxStart,
        greeting: Option<Bytes>,
    ) -> Result<CatchUp, StoreError> {
        let cursor = match start {
            InboxStart::Resumed(seq) => Some(seq),
            InboxStart::Cursor(seq) if self.is_kept_after(seq).await? => Some(seq),
            InboxStart::Fresh | InboxStart::Cursor(_) => None,
        };
        let base = match cursor {
            Some(seq) => seq,
            None => self.state().await?.head,
        };
        client.place(Track::Inbox(base));
        let mut catch_up = CatchUp::new(client, base);
        match start {
            InboxStart::Resumed(_) => {
                catch_up.running = RunningJobs::None;
                catch_up.greeting = greeting;
                return Ok(catch_up);
            }
            InboxStart::Cursor(_) if cursor.is_some() => {
                self.deliver(Delivered::UpTo(base)).await;
                catch_up.position = Some(true);
            }
            // Told behind what waits: a client that took the new place as its cursor before would prove what it has not.
            InboxStart::Cursor(_) => catch_up.position = Some(false),
            InboxStart::Fresh => {}
        }
        if let Some(greeting) = greeting {
            catch_up.client.hand(greeting).ok();
        }
        Ok(catch_up)
    }

    /// Whether a number was given here, and everything after it is kept.
    async fn is_kept_after(&mut self, seq: u64) -> Result<bool, StoreError> {
        let Some(missed) = self.state().await?.head.checked_sub(seq) else { return Ok(false) };
        // Of older ones only those are kept that wait.
        let may_be_kept = missed <= u64::from(limits::MAX_INBOX_ITEMS);
        Ok(missed == 0
            || may_be_kept && self.context.store.inbox_after(&self.person, seq, 1).await?.is_some())
    }

    /// Sends a portion. A client that is up to date follows from now on, another one gets the next portion when this one
    /// has left.
    async fn turn(&mut self, mut catch_up: Box<CatchUp>) -> Result<(), Failed> {
        let sent = self.send_portion(&mut catch_up).await;
        self.ask_for_receipt(&catch_up.client);
        if matches!(sent, Err(Failed::Hole)) {
            // It comes back to where it can be recovered.
            catch_up.client.close(CloseCode::TooSlow);
        }
        match sent? {
            Turn::UpToDate => {
                let CatchUp { client, greeting, position, after, .. } = *catch_up;
                if let Some(greeting) = greeting {
                    client.hand(greeting)?;
                }
                if let Some(recovered) = position {
                    let position = InboxPosition { inbox: after, recovered };
                    client.tell_alone(&Event::InboxPosition(position))?;
                }
                client.follow_inbox();
            }
            Turn::More => {
                let (context, person) = (self.context.clone(), self.person.clone());
                self.context.tasks.spawn(async move {
                    catch_up.ready().await;
                    // Closed: the hub stops, and the client's connection with it.
                    context.inbox(&person).send(InboxCommand::CatchUp(catch_up)).await.ok();
                });
            }
        }
        Ok(())
    }

    async fn send_portion(&mut self, catch_up: &mut CatchUp) -> Result<Turn, Failed> {
        let mut sent = 0;
        for _ in 0..READS {
            if sent >= limits::PORTION_BYTES || !catch_up.is_ready() {
                return Ok(Turn::More);
            }
            sent += if let Some(after) = catch_up.waiting_after {
                self.send_waiting(catch_up, after).await?
            } else if catch_up.after < self.state().await?.head {
                self.send_later(catch_up).await?
            } else {
                match catch_up.running {
                    RunningJobs::All => self.send_running(catch_up, None).await?,
                    RunningJobs::After(job) => self.send_running(catch_up, Some(job)).await?,
                    RunningJobs::None => return Ok(Turn::UpToDate),
                }
            };
        }
        Ok(Turn::More)
    }

    /// Entries from before the start that still wait.
    async fn send_waiting(&mut self, catch_up: &mut CatchUp, after: u64) -> Result<usize, Failed> {
        let kinds = catch_up.client.spelling.settles;
        if self.state().await?.waiting_bytes == 0 || kinds.is_empty() {
            catch_up.waiting_after = None;
            return Ok(0);
        }
        let page = self.context.store.inbox_waiting(&self.person, kinds, after, catch_up.base).await?;
        let mut sent = 0;
        let mut last = None;
        for entry in page {
            if sent > 0 && !catch_up.is_ready() {
                break;
            }
            last = Some(entry.seq);
            sent += self.send_entry(catch_up, entry, false)?;
        }
        catch_up.waiting_after = last;
        Ok(sent)
    }

    /// Entries from after the start.
    async fn send_later(&mut self, catch_up: &mut CatchUp) -> Result<usize, Failed> {
        let page = self.context.store.inbox_after(&self.person, catch_up.after, ENTRIES).await?;
        let page = page.filter(|page| !page.is_empty()).ok_or(Failed::Hole)?;
        let mut sent = 0;
        for entry in page {
            if sent > 0 && !catch_up.is_ready() {
                break;
            }
            catch_up.after = entry.seq;
            sent += self.send_entry(catch_up, entry, true)?;
        }
        Ok(sent)
    }

    fn send_entry(&self, catch_up: &CatchUp, entry: Entry, is_placed: bool) -> Result<usize, Gone> {
        let Entry { seq, at_ms, item, waits } = entry;
        let settles = waits && catch_up.client.settles(&item);
        let event = self.event(item, at_ms, seq);
        let sent = catch_up.send(&event, is_placed.then_some(Track::Inbox(seq)))?;
        if settles {
            catch_up.client.note_unproven(seq);
        }
        Ok(sent)
    }

    /// Where running jobs stand. After the entries, so that nothing that follows is older than what is said here.
    async fn send_running(&mut self, catch_up: &mut CatchUp, after: Option<JobId>) -> Result<usize, Failed> {
        if !self.state().await?.has_running {
            catch_up.running = RunningJobs::None;
            return Ok(0);
        }
        let jobs = self.context.store.running_jobs(&self.person, after, ENTRIES).await?;
        if after.is_none() && jobs.is_empty() {
            self.note_no_running();
        }
        let is_last = jobs.len() < usize::try_from(ENTRIES).unwrap_or(usize::MAX);
        let mut sent = 0;
        let mut last = after;
        let mut is_full = false;
        for job in jobs {
            if sent >= limits::PORTION_BYTES {
                is_full = true;
                break;
            }
            last = Some(job.id);
            let change = Box::new(JobChange { step: JobStep::Progressed, job });
            sent += catch_up.send(&Event::Job(change, self.context.stamp(), None), None)?;
        }
        catch_up.running = last.filter(|_| is_full || !is_last).map_or(RunningJobs::None, RunningJobs::After);
        Ok(sent)
    }
}
