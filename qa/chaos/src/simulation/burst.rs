//! Bursts: many entries for one user's inbox, or many messages of one room, sent by a part of the application that no
//! network separates from the server. A burst ends with the server instance that it was sent to.

use std::sync::Arc;

use bytes::Bytes;
use hub::model::User;
use hub::{
    ClientTransport, Command, DeliveryPolicy, Disconnected, Hub, HubError, Identity, JobReport, NewJob,
    Requester, TransportFuture,
};
use protocol::{CloseCode, DraftId, ErrorCode, JobStatus, MessageKind, RoomId};
use serde_json::Value;
use uuid::Uuid;

use super::device::SIGN_IN;
use super::frames::PLAIN;
use super::ingress::BurstEvent;
use crate::body::grow;
use crate::history::{Entry, EntryKind, Position, Sent};

/// How often the end of a job is reported while the store fails.
const REPORTS: usize = 4;

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Direct messages to a user, by the user's place in the scenario.
    Directs { to: usize },
    /// Jobs of a user, started and ended.
    Jobs { owner: usize },
    /// Messages of a room, by its place in the scenario.
    Lines { room: usize },
}

/// So many of a kind, so large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Burst {
    pub(crate) kind: Kind,
    pub(crate) count: usize,
    pub(crate) bytes: usize,
}

/// A burst with what it needs.
pub(crate) struct Sender {
    pub(crate) hub: Hub,
    pub(crate) author: Arc<User>,
    /// The recipient of entries; of messages, the author again.
    pub(crate) user: Arc<User>,
    pub(crate) room: RoomId,
    /// Texts begin with it.
    pub(crate) name: String,
    pub(crate) burst: Burst,
}

impl Burst {
    fn text(&self, name: &str, number: usize) -> String {
        // Some of what is sent becomes longer on its way: JSON has six bytes for a control character.
        let padding = match number % 5 {
            0 => '"',
            1 => '\u{1}',
            _ => '.',
        };
        match self.kind {
            // What a job brings is limited as JSON.
            Kind::Jobs { .. } => grow(name, self.bytes, '.'),
            Kind::Directs { .. } | Kind::Lines { .. } => grow(name, self.bytes, padding),
        }
    }
}

impl Sender {
    fn name_of(&self, number: usize) -> String {
        format!("{} {number}", self.name)
    }

    /// What it is going to send to inboxes, none of it acknowledged.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let entry = |kind, text| Entry { user: self.user.username.clone(), kind, text, is_stored: false };
        let names = (0..self.burst.count).map(|number| self.name_of(number));
        match self.burst.kind {
            Kind::Directs { .. } => names.map(|name| entry(EntryKind::Direct, name)).collect(),
            Kind::Jobs { .. } => names
                .flat_map(|name| [entry(EntryKind::Notice, notice_of(&name)), entry(EntryKind::Job, name)])
                .collect(),
            Kind::Lines { .. } => Vec::new(),
        }
    }

    /// What it is going to say in rooms, none of it acknowledged. Nothing is said twice.
    pub(crate) fn lines(&self) -> Vec<Sent> {
        let Kind::Lines { .. } = self.burst.kind else { return Vec::new() };
        let line = |number| Sent {
            client: self.name.clone(),
            room: self.room.to_string(),
            text: self.name_of(number),
            acknowledged: None,
            is_persistent: false,
        };
        (0..self.burst.count).map(line).collect()
    }

    /// Sends all of it, one after the other.
    pub(crate) async fn send(self, report: impl Fn(BurstEvent)) {
        match self.burst.kind {
            Kind::Directs { .. } => self.send_directs(&report).await,
            Kind::Jobs { .. } => self.run_jobs(&report).await,
            Kind::Lines { .. } => self.post(&report).await,
        }
        report(BurstEvent::Over);
    }

    async fn send_directs(&self, report: &impl Fn(BurstEvent)) {
        let identity = Identity { user: self.author.clone(), sign_in: SIGN_IN };
        let Ok(mut peer) = self.hub.attach(identity, PLAIN, Arc::new(Unread)) else { return };
        let user = self.user.username.clone();
        for number in 0..self.burst.count {
            let text = self.name_of(number);
            let direct = Command::Direct {
                room: self.room.clone(),
                to: self.user.id.clone(),
                body: self.burst.text(&text, number),
                kind: MessageKind::Text,
            };
            match peer.request(direct).await {
                Ok(_) => report(BurstEvent::Stored { user: user.clone(), text }),
                Err(failure) if failure.error.code() == ErrorCode::TooMany => report(BurstEvent::Full),
                Err(_) => {}
            }
        }
    }

    async fn run_jobs(&self, report: &impl Fn(BurstEvent)) {
        let (owner, user) = (&self.user.id, self.user.username.clone());
        let actor = Requester { user: owner, is_service: true };
        for number in 0..self.burst.count {
            let name = self.name_of(number);
            let new = NewJob { title: name.clone(), ..NewJob::default() };
            let started = self.hub.start_job(actor, owner, new).await;
            let Ok(job) = started else {
                if started.is_err_and(|error| error.code() == ErrorCode::TooMany) {
                    report(BurstEvent::Full);
                }
                continue;
            };
            let end = JobReport {
                status: Some(JobStatus::Completed),
                result: Some(Value::from(self.burst.text(&name, number))),
                ..JobReport::default()
            };
            for _ in 0..REPORTS {
                match self.hub.report_job(actor, job.id, end.clone()).await {
                    // Over: a report whose answer was lost has ended it.
                    Ok(_) | Err(HubError::JobOver) => {
                        report(BurstEvent::Stored { user: user.clone(), text: notice_of(&name) });
                        report(BurstEvent::Stored { user: user.clone(), text: name });
                        break;
                    }
                    Err(_) => {}
                }
            }
        }
    }

    async fn post(&self, report: &impl Fn(BurstEvent)) {
        for number in 0..self.burst.count {
            let text = self.name_of(number);
            let body = self.burst.text(&text, number);
            let posted =
                self.hub.post(&self.author, &self.room, DraftId(Uuid::now_v7()), body.as_str()).await;
            if let Ok(message) = posted {
                let (epoch, seq) = (Some(message.cursor.epoch), Some(message.cursor.seq));
                let position = Position { epoch, seq, id: Some(message.id.to_string()) };
                report(BurstEvent::Posted { text, position });
            }
        }
    }
}

/// Where what the sender is told goes: it takes the answers to its questions alone.
struct Unread;

impl ClientTransport for Unread {
    fn push(&self, _: Bytes, _: DeliveryPolicy) -> Result<(), Disconnected> {
        Ok(())
    }

    fn keeps_up(&self) -> TransportFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    fn receipt(&self) -> TransportFuture<'static, Result<(), Disconnected>> {
        Box::pin(std::future::ready(Err(Disconnected)))
    }

    fn close(&self, _: CloseCode) {}
}

/// The title of the notification that comes with the end of a job.
fn notice_of(job: &str) -> String {
    format!("{job} is done")
}
