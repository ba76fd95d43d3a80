//! Offline messages: direct messages and jobs for users who are away, and messages for a room, sent meanwhile. No network
//! separates the sender from the server, but the server is killed meanwhile.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use protocol::rest::Tokens;
use protocol::{ClientFrame, JobId, MessageKind, RoomId};
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::timeout;

use super::client::Phase;
use super::journal::{Journal, Record};
use super::link::{Link, LinkEvent};
use super::options::Error;
use super::report::Counters;
use super::rest::Rest;
use crate::body::grow;
use crate::history::{Entry, EntryKind, Position};

/// How many direct messages of how many bytes: more than may wait for a connection, than a portion, than a list keeps.
const DIRECTS: [(usize, usize); 4] = [(24, 65_536), (40, 40_000), (260, 6_000), (1_050, 600)];

/// The same for jobs, whose results are limited more tightly.
const JOBS: [(usize, usize); 2] = [(80, 16_000), (200, 2_000)];

/// The same for messages of a room that a client of Socket.IO has left: few of them, and more than it can recover.
const LINES: [(usize, usize); 4] = [(230, 5_000), (24, 65_000), (600, 2_500), (40, 40_000)];

/// So long does the sender wait for an answer.
const ANSWER: Duration = Duration::from_secs(10);

/// So long does it wait before it tries again.
const AGAIN: Duration = Duration::from_millis(100);

/// How often the end of a job is reported in vain.
const REPORTS: u32 = 20;

/// Sends to one user, or to a room.
pub(super) struct OfflineSender {
    pub(super) rest: Rest,
    pub(super) author: Tokens,
    pub(super) room: RoomId,
    /// Texts begin with it.
    pub(super) name: String,
    pub(super) random: StdRng,
    pub(super) phase: watch::Receiver<Phase>,
    pub(super) counters: Arc<Counters>,
}

impl OfflineSender {
    fn is_active(&self) -> bool {
        matches!(*self.phase.borrow(), Phase::Active { .. })
    }

    /// Sends a user what these kinds of entries come from, until it is enough or the faults are over.
    pub(super) async fn write_to(mut self, user: Tokens, kinds: BTreeSet<EntryKind>) -> Vec<Entry> {
        let mut entries = Vec::new();
        if kinds.contains(&EntryKind::Direct) {
            let which = self.random.random_range(0..DIRECTS.len());
            let (count, bytes) = DIRECTS.get(which).copied().unwrap_or_default();
            self.send_directs(&user, count, bytes, &mut entries).await;
        }
        if kinds.contains(&EntryKind::Notice) {
            let which = self.random.random_range(0..JOBS.len());
            let (count, bytes) = JOBS.get(which).copied().unwrap_or_default();
            self.run_jobs(&user, count, bytes, &mut entries).await;
        }
        entries
    }

    /// Sends direct messages, one after the other.
    pub(super) async fn send_directs(
        &self,
        user: &Tokens,
        count: usize,
        bytes: usize,
        entries: &mut Vec<Entry>,
    ) {
        let mut link = None;
        for number in 0..count {
            if !self.is_active() {
                return;
            }
            let text = format!("{} writes {number}", self.name);
            // What JSON spells in two bytes or in six becomes longer on its way.
            let padding = match number % 5 {
                0 => '"',
                1 => '\u{1}',
                _ => '.',
            };
            let is_stored = self.direct(&mut link, user, &grow(&text, bytes, padding)).await;
            entries.push(self.entry(user, EntryKind::Direct, text, is_stored));
        }
    }

    fn entry(&self, user: &Tokens, kind: EntryKind, text: String, is_stored: bool) -> Entry {
        self.counters.entries.add(usize::from(is_stored));
        Entry { user: user.user.id.to_string(), kind, text, is_stored }
    }

    /// Sends one, on the connection that is there or on a new one. Whether it was acknowledged.
    async fn direct(&self, link: &mut Option<Link>, user: &Tokens, body: &str) -> bool {
        while link.is_none() && self.is_active() {
            let path = format!("/api/v1/ws?token={}", self.author.access_token);
            *link = match self.rest.address() {
                Some(address) => Link::open(address, &path).await,
                None => None,
            };
            if link.is_none() {
                tokio::time::sleep(AGAIN).await;
            }
        }
        let Some(open) = link else { return false };
        let (room, to, body_sent) = (self.room.clone(), user.user.id.clone(), body.to_owned());
        let direct = ClientFrame::Direct { room, to, body: body_sent, kind: MessageKind::Text };
        let frame = serde_json::to_string(&direct).unwrap_or_default();
        let answer = timeout(ANSWER, async {
            if !open.send(vec![frame]).await {
                return None;
            }
            loop {
                let LinkEvent::Frame(frame) = open.next().await else { return None };
                let frame: Value = serde_json::from_str(&frame).unwrap_or_default();
                match frame.get("type").and_then(Value::as_str) {
                    Some("direct") if frame.pointer("/data/body").is_some_and(|it| it == body) => {
                        return Some(true);
                    }
                    Some("error") => return Some(false),
                    _ => {}
                }
            }
        });
        let answer = answer.await.ok().flatten();
        if answer.is_none() {
            *link = None;
        }
        if answer == Some(false) {
            self.counters.temporary_errors.one();
        }
        answer == Some(true)
    }

    /// Starts and ends jobs, one after the other.
    async fn run_jobs(&self, user: &Tokens, count: usize, bytes: usize, entries: &mut Vec<Entry>) {
        for number in 0..count {
            if !self.is_active() {
                return;
            }
            let title = format!("{} works {number}", self.name);
            let Ok(job) = self.rest.start_job(user, &title).await else {
                tokio::time::sleep(AGAIN).await;
                continue;
            };
            let is_over = self.end_job(user, job, &grow(&title, bytes, '.')).await;
            let notice = format!("{title} is done");
            entries.push(self.entry(user, EntryKind::Job, title, is_over));
            entries.push(self.entry(user, EntryKind::Notice, notice, is_over));
        }
    }

    /// Reports the end of a job until the server acknowledges it.
    async fn end_job(&self, user: &Tokens, job: JobId, result: &str) -> bool {
        for attempt in 0..REPORTS {
            match self.rest.end_job(user, job, result).await {
                Ok(()) => return true,
                // The first report has ended it, and its answer was lost.
                Err(Error::Refused { status: 400..=499, .. }) => return attempt > 0,
                Err(_) => tokio::time::sleep(AGAIN).await,
            }
        }
        false
    }

    /// Says something in the room again and again, once and without a second try.
    pub(super) async fn fill_room(mut self, mut journal: Journal) -> Record {
        // First the clients leave that are to miss it.
        tokio::time::timeout(Duration::from_secs(2), self.phase.wait_for(|it| *it == Phase::Over)).await.ok();
        let (count, bytes) = LINES.get(self.random.random_range(0..LINES.len())).copied().unwrap_or_default();
        for _ in 0..count {
            if !self.is_active() {
                break;
            }
            let text = grow(&journal.next_text(), bytes, '.');
            journal.note_sent(self.room.as_str(), &text, false);
            match self.rest.send(&self.author, self.room.as_str(), &text).await {
                Ok(said) => {
                    let id = Some(said.id.to_string());
                    journal.acknowledged(&text, Position { seq: Some(said.seq), id, ..Position::default() });
                }
                Err(_) => tokio::time::sleep(AGAIN).await,
            }
        }
        journal.close(BTreeSet::new())
    }
}
