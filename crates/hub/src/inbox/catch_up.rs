//! Catch-up: sends one client the entries of its inbox that it has to receive, portion by portion, until it can be subscribed.
//!
//! A portion is sent when the one before has left, so that neither the server's memory nor the client's connection has to
//! hold all of it. The inbox itself reads and sends every portion: nothing can be put between the last portion and the first
//! live entry.

use std::sync::Arc;
use std::task::{Context, Waker};

use bytes::Bytes;
use protocol::{CloseCode, InboxPosition, JobChange, JobId, JobStep, limits};

use crate::client::ClientHandle;
use crate::error::HubError;
use crate::event::{Event, Stamp};
use crate::queue::{Disconnected, StreamPosition};
use crate::store::{Delivered, Entry, StoreError};

use super::delivery::event_of;
use super::start::InboxStart;
use super::stored::StoredInbox;

/// Entries after the start, and running jobs, that are read at a time.
pub(super) const ENTRIES: u32 = 128;

/// Reads for one portion at most: entries for which a dialect has no frame cost a read and fill no portion.
const READS: u32 = 8;

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
    /// The client keeps a cursor and is sent its position at the end; and whether it was recovered.
    position: Option<bool>,
}

/// Which of the user's running jobs are still to be sent.
#[derive(Clone, Copy)]
enum RunningJobs {
    All,
    After(JobId),
    None,
}

/// The result of sending a portion.
pub(super) enum CatchUpProgress {
    /// The client has everything and is subscribed.
    Subscribed,
    /// There is more, for when the client can take another portion.
    More,
}

/// Why a catch-up ends early.
pub(super) enum CatchUpError {
    /// The client has disconnected.
    ClientGone,
    /// The next entry for the client is not kept any more: the client misses more than an inbox keeps.
    Gap,
    Store(StoreError),
}

impl From<Disconnected> for CatchUpError {
    fn from(_: Disconnected) -> Self {
        Self::ClientGone
    }
}

impl From<StoreError> for CatchUpError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl CatchUp {
    /// Decides from where a client is brought up to date. The greeting is sent first, or, after a resume, last.
    pub(super) async fn start(
        client: Arc<ClientHandle>,
        start: InboxStart,
        greeting: Option<Bytes>,
        inbox: &mut StoredInbox,
    ) -> Result<Self, StoreError> {
        let recovered = match start {
            InboxStart::Resumed(seq) => Some(seq),
            InboxStart::Cursor(seq) if inbox.is_kept_after(seq).await? => Some(seq),
            InboxStart::Fresh | InboxStart::Cursor(_) => None,
        };
        let base = match recovered {
            Some(seq) => seq,
            None => inbox.state().await?.head,
        };
        client.set_position(StreamPosition::Inbox(base));
        let mut catch_up = Self {
            client,
            base,
            waiting_after: Some(0),
            after: base,
            running: RunningJobs::All,
            greeting: None,
            position: None,
        };
        match start {
            InboxStart::Resumed(_) => {
                catch_up.running = RunningJobs::None;
                catch_up.greeting = greeting;
                return Ok(catch_up);
            }
            InboxStart::Cursor(_) => {
                if recovered.is_some() {
                    inbox.mark_delivered(Delivered::UpTo(base)).await;
                }
                // Sent behind what waits: a client that took the new position as its cursor before would prove what it has not.
                catch_up.position = Some(recovered.is_some());
            }
            InboxStart::Fresh => {}
        }
        if let Some(greeting) = greeting {
            catch_up.client.send_raw(greeting).ok();
        }
        Ok(catch_up)
    }

    pub(super) fn client(&self) -> &Arc<ClientHandle> {
        &self.client
    }

    /// The client is not brought up to date here any more.
    pub(super) fn abort(&self, error: &HubError) {
        self.client.close(match error {
            HubError::Stopping => CloseCode::Restart,
            _ => CloseCode::Internal,
        });
    }

    /// Waits until the client can take another portion.
    pub(super) async fn ready(&self) {
        self.client.transport().keeps_up().await;
        self.client.receipts().room_available().await;
    }

    /// Whether the client can take another portion now. An answer to one of its own commands may have come between.
    fn is_ready(&self) -> bool {
        let mut keeps_up = self.client.transport().keeps_up();
        keeps_up.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    fn send(&self, event: &Event, position: Option<StreamPosition<'_>>) -> Result<usize, Disconnected> {
        let frame = (self.client.encoder.encode)(event);
        let bytes = frame.as_ref().map_or(0, Bytes::len);
        self.client.send_frame_at(frame, position)?;
        Ok(bytes)
    }

    /// Sends one portion. The caller calls [`CatchUp::finish`] when the client has everything.
    pub(super) async fn send_portion(
        &mut self,
        inbox: &mut StoredInbox,
        stamp: &Stamp,
    ) -> Result<CatchUpProgress, CatchUpError> {
        let mut sent = 0;
        for _ in 0..READS {
            if sent >= limits::PORTION_BYTES || !self.is_ready() {
                return Ok(CatchUpProgress::More);
            }
            sent += if let Some(after) = self.waiting_after {
                self.send_waiting(inbox, stamp, after).await?
            } else if self.after < inbox.state().await?.head {
                self.send_later(inbox, stamp).await?
            } else {
                match self.running {
                    RunningJobs::All => self.send_running(inbox, stamp, None).await?,
                    RunningJobs::After(job) => self.send_running(inbox, stamp, Some(job)).await?,
                    RunningJobs::None => return Ok(CatchUpProgress::Subscribed),
                }
            };
        }
        Ok(CatchUpProgress::More)
    }

    /// Sends what ends a catch-up, and subscribes the client.
    pub(super) fn finish(self) -> Result<(), Disconnected> {
        let Self { client, greeting, position, after, .. } = self;
        if let Some(greeting) = greeting {
            client.send_raw(greeting)?;
        }
        if let Some(recovered) = position {
            client.send(&Event::InboxPosition(InboxPosition { inbox: after, recovered }))?;
        }
        client.subscribe_to_inbox();
        Ok(())
    }

    /// Entries from before the start that still wait.
    async fn send_waiting(
        &mut self,
        inbox: &mut StoredInbox,
        stamp: &Stamp,
        after: u64,
    ) -> Result<usize, CatchUpError> {
        let kinds = self.client.encoder.settles;
        if inbox.state().await?.waiting_bytes == 0 || kinds.is_empty() {
            self.waiting_after = None;
            return Ok(0);
        }
        let page = inbox.waiting(kinds, after, self.base).await?;
        let mut sent = 0;
        let mut last = None;
        for entry in page {
            if sent > 0 && !self.is_ready() {
                break;
            }
            last = Some(entry.seq);
            sent += self.send_entry(entry, stamp, false)?;
        }
        self.waiting_after = last;
        Ok(sent)
    }

    /// Entries from after the start.
    async fn send_later(&mut self, inbox: &StoredInbox, stamp: &Stamp) -> Result<usize, CatchUpError> {
        let page = inbox.after(self.after, ENTRIES).await?.ok_or(CatchUpError::Gap)?;
        let mut sent = 0;
        for entry in page {
            if sent > 0 && !self.is_ready() {
                break;
            }
            self.after = entry.seq;
            sent += self.send_entry(entry, stamp, true)?;
        }
        Ok(sent)
    }

    fn send_entry(&self, entry: Entry, stamp: &Stamp, moves_position: bool) -> Result<usize, Disconnected> {
        let Entry { seq, at_ms, item, waits } = entry;
        let proves = waits && self.client.proves_delivery_of(&item);
        let event = event_of(item, at_ms, seq, &stamp.server);
        let sent = self.send(&event, moves_position.then_some(StreamPosition::Inbox(seq)))?;
        if proves {
            self.client.receipts().add(seq);
        }
        Ok(sent)
    }

    /// Running jobs. Sent after the entries, so that no later event is older than what is sent here.
    async fn send_running(
        &mut self,
        inbox: &mut StoredInbox,
        stamp: &Stamp,
        after: Option<JobId>,
    ) -> Result<usize, CatchUpError> {
        let jobs = inbox.running_jobs(after, ENTRIES).await?;
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
            sent += self.send(&Event::Job(change, stamp.clone(), None), None)?;
        }
        self.running = last.filter(|_| is_full || !is_last).map_or(RunningJobs::None, RunningJobs::After);
        Ok(sent)
    }
}

#[cfg(test)]
mod tests;
