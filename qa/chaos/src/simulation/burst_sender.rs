//! Burst sender: a part of the application that no network separates from the server. It sends one burst and ends with the
//! server instance that it sends to.

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

use super::burst::{Burst, BurstKind};
use super::device::SIGN_IN;
use super::frames::PLAIN;
use super::ingress::BurstEvent;
use crate::history::{Entry, EntryKind, Position, Sent};

/// How often the end of a job is reported while the store fails.
const REPORTS: usize = 4;

/// A burst with what it needs.
pub(crate) struct BurstSender {
    pub(crate) hub: Hub,
    pub(crate) author: Arc<User>,
    /// The recipient of entries; of messages, the author again.
    pub(crate) user: Arc<User>,
    pub(crate) room: RoomId,
    /// Texts begin with it.
    pub(crate) name: String,
    pub(crate) burst: Burst,
}

impl BurstSender {
    fn name_of(&self, number: usize) -> String {
        format!("{} {number}", self.name)
    }

    /// What it is going to send to inboxes, none of it acknowledged.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let entry = |kind, text| Entry { user: self.user.username.clone(), kind, text, is_stored: false };
        let names = (0..self.burst.count).map(|number| self.name_of(number));
        match self.burst.kind {
            BurstKind::Directs { .. } => names.map(|name| entry(EntryKind::Direct, name)).collect(),
            BurstKind::Jobs { .. } => names
                .flat_map(|name| [entry(EntryKind::Notice, notice_of(&name)), entry(EntryKind::Job, name)])
                .collect(),
            BurstKind::Lines { .. } => Vec::new(),
        }
    }

    /// What it is going to send to rooms, none of it acknowledged. Nothing is sent twice.
    pub(crate) fn lines(&self) -> Vec<Sent> {
        let BurstKind::Lines { .. } = self.burst.kind else { return Vec::new() };
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
            BurstKind::Directs { .. } => self.send_directs(&report).await,
            BurstKind::Jobs { .. } => self.run_jobs(&report).await,
            BurstKind::Lines { .. } => self.post(&report).await,
        }
        report(BurstEvent::Over);
    }

    async fn send_directs(&self, report: &impl Fn(BurstEvent)) {
        let identity = Identity { user: self.author.clone(), sign_in: SIGN_IN };
        let Ok(mut session) = self.hub.attach(identity, PLAIN, Arc::new(Unread)) else { return };
        let user = self.user.username.clone();
        for number in 0..self.burst.count {
            let text = self.name_of(number);
            let direct = Command::Direct {
                room: self.room.clone(),
                to: self.user.id.clone(),
                body: self.burst.text(&text, number),
                kind: MessageKind::Text,
            };
            match session.request(direct).await {
                Ok(_) => report(BurstEvent::Stored { user: user.clone(), text }),
                Err(failure) if failure.error.code() == ErrorCode::TooMany => report(BurstEvent::Full),
                Err(_) => {}
            }
        }
    }

    async fn run_jobs(&self, report: &impl Fn(BurstEvent)) {
        let (owner, user) = (&self.user.id, self.user.username.clone());
        let actor = Requester { user: owner, is_service: true };
        let mut has_failed = false;
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
            let mut is_stored = false;
            for _ in 0..REPORTS {
                match self.hub.report_job(actor, job.id, end.clone()).await {
                    // Over: a report whose answer was lost has ended it.
                    Ok(_) | Err(HubError::JobOver) => {
                        if !is_stored {
                            report(BurstEvent::Stored { user: user.clone(), text: notice_of(&name) });
                            report(BurstEvent::Stored { user: user.clone(), text: name.clone() });
                        }
                        // Where calls fail, answers are lost, too: then it is reported once more.
                        if is_stored || !has_failed {
                            break;
                        }
                        is_stored = true;
                    }
                    Err(_) => has_failed = true,
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

/// A transport that drops every frame: the sender needs only the answers to its requests.
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
