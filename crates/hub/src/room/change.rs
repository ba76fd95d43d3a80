//! Changes of messages: checks who may make those that wait, commits them in one transaction, and answers their authors.

use protocol::RoomId;

use crate::error::HubError;
use crate::event::{Event, MessageChange};
use crate::model::Message;
use crate::policy;
use crate::queue::ChangeFrames;
use crate::settings::HubSettings;
use crate::store::{ChangeDraft, ChangeRecord, Changed, Store, StoreError};

use super::command::ChangeRequest;
use super::fanout::{Audience, RoomEvent};
use super::log::Log;
use super::members::Members;

/// Changes whose authors may make them.
pub(super) struct AcceptedChanges {
    room: RoomId,
    requests: Vec<ChangeRequest>,
    drafts: Vec<ChangeDraft>,
}

/// Changes that were committed, or not. The authors are answered after the changes were delivered.
pub(super) struct CommittedChanges {
    room: RoomId,
    answers: Vec<(ChangeRequest, Result<u64, HubError>)>,
    /// The changed messages, if they follow what was published; otherwise the log is stale.
    pub(super) messages: Vec<Message>,
    /// The changes, under the same condition.
    pub(super) records: Vec<ChangeRecord>,
}

impl AcceptedChanges {
    /// Answers those whose authors are no members any more.
    pub(super) fn check(
        requests: Vec<ChangeRequest>,
        room: &RoomId,
        members: &Members,
        settings: &HubSettings,
    ) -> Self {
        let mut it = Self { room: room.clone(), requests: Vec::new(), drafts: Vec::new() };
        for request in requests {
            match policy::change_rights(members.role(&request.author.id), settings) {
                Ok(rights) => {
                    let ChangeRequest { author, draft, message, change, .. } = &request;
                    let (author, change) = (author.clone(), change.clone());
                    it.drafts.push(ChangeDraft { author, draft: *draft, message: *message, change, rights });
                    it.requests.push(request);
                }
                Err(error) => request.answer(Some(room), Err(error)),
            }
        }
        it
    }

    /// Commits them. Afterwards the log is stale if something was committed that was not published.
    pub(super) async fn commit(self, store: &dyn Store, log: &mut Log, now_ms: i64) -> CommittedChanges {
        let Self { room, requests, drafts } = self;
        match log.change(store, drafts, now_ms).await {
            Ok(batch) => {
                let is_next = log.is_next(&batch);
                if !is_next {
                    log.mark_stale();
                }
                let answers =
                    batch.results.into_iter().map(|it| it.map(Changed::rev).map_err(HubError::from));
                let answers = requests.into_iter().zip(answers).collect();
                let (messages, records) =
                    if is_next { (batch.messages, batch.records) } else { (Vec::new(), Vec::new()) };
                CommittedChanges { room, answers, messages, records }
            }
            Err(error) => {
                log_failure(&room, requests.len(), &error);
                let error = HubError::from(error);
                let answers = requests.into_iter().map(|request| (request, Err(error.clone()))).collect();
                CommittedChanges { room, answers, messages: Vec::new(), records: Vec::new() }
            }
        }
    }
}

impl CommittedChanges {
    /// Answers each author.
    pub(super) fn answer(self) {
        for (request, result) in self.answers {
            request.answer(Some(&self.room), result);
        }
    }
}

/// The event of a change for dialects that name changes.
pub(super) fn change_event(record: ChangeRecord, message: Message) -> RoomEvent {
    RoomEvent::reliable(Event::Change(Box::new(MessageChange { record, message })))
        .to(Audience::TakingChanges(ChangeFrames::Changes))
}

fn log_failure(room: &RoomId, count: usize, error: &StoreError) {
    let cause = error as &dyn std::error::Error;
    tracing::error!(error = cause, room.id = %room, "Could not store {count} changes in room `{room}`");
}
