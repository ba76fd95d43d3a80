//! Listener: a client of a raw dialect that only receives its user's inbox and keeps account of it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Behaviour, Next, field, is_for_a_time, is_notice};
use crate::history::EntryKind;
use crate::real::journal::Journal;

/// Where it connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::real) enum Endpoint {
    Native,
    /// The same, with a cursor of its inbox.
    Cursor,
    /// The personal socket of the Chat API.
    ChatApi,
    QuizMaster,
    SkillLift,
}

pub(in crate::real) struct Listener {
    endpoint: Endpoint,
    user: String,
    /// The last number of the inbox that it has, and the one that it came with.
    cursor: Option<u64>,
    came_with: Option<u64>,
    is_greeted: bool,
}

impl Listener {
    pub(in crate::real) fn new(endpoint: Endpoint, user: &str) -> Self {
        Self { endpoint, user: user.to_owned(), cursor: None, came_with: None, is_greeted: false }
    }

    /// A notification; those that belong to no job are none of its business.
    fn notice(title: &Value, journal: &mut Journal) {
        let title = title.as_str().unwrap_or_default();
        if is_notice(title) {
            journal.entry(title, None, None);
        }
    }

    fn refused(code: &Value, frame: &Value, journal: &mut Journal) {
        journal.counters().temporary_errors.one();
        if !is_for_a_time(code.as_str().unwrap_or_default()) {
            journal.anomaly(format!("was refused: {frame}"));
        }
    }

    fn native(&mut self, data: &Value, kind: &str, journal: &mut Journal) {
        let number = field(data, "inbox").as_u64();
        if self.endpoint == Endpoint::Cursor {
            self.cursor = self.cursor.max(number);
        }
        match kind {
            "direct" => journal.entry(field(data, "body").as_str().unwrap_or_default(), None, number),
            // No result is ever replaced here: an update is an end that is told again.
            "job" if field(data, "step") == "completed" || field(data, "step") == "updated" => {
                let job = field(data, "job");
                let (title, result) = (field(job, "title").as_str(), field(job, "result").as_str());
                journal.entry(title.unwrap_or_default(), Some(result.unwrap_or_default()), number);
            }
            "notification" => {
                let title = field(data, "title").as_str().unwrap_or_default();
                if is_notice(title) {
                    journal.entry(title, None, number);
                }
            }
            "inbox" => {
                let is_recovered = field(data, "recovered") == true;
                if let (Some(after), Some(upto), true) = (self.came_with, number, is_recovered) {
                    journal.inbox_recovered(after, upto);
                }
            }
            _ => {}
        }
    }
}

impl Behaviour for Listener {
    fn path(&self, token: &str) -> String {
        match self.endpoint {
            Endpoint::Native | Endpoint::Cursor => match self.cursor {
                Some(cursor) => format!("/api/v1/ws?token={token}&inbox={cursor}"),
                None => format!("/api/v1/ws?token={token}"),
            },
            Endpoint::ChatApi => format!("/api/v1/ws/{}?token={token}", self.user),
            Endpoint::QuizMaster => format!("/ws/endpoint?token={token}"),
            Endpoint::SkillLift => format!("/?token={token}"),
        }
    }

    fn begin(&mut self, _: &mut Journal, out: &mut Vec<String>) {
        self.is_greeted = false;
        self.came_with = self.cursor;
        if self.endpoint == Endpoint::ChatApi {
            // Its answer replaces the greeting, which this dialect does not have.
            out.push(r#"{"type":"ping"}"#.to_owned());
        }
    }

    fn receive(&mut self, frame: &str, journal: &mut Journal, _: &mut Vec<String>) -> Next {
        let frame: Value = serde_json::from_str(frame).unwrap_or_default();
        let (data, payload) = (field(&frame, "data"), field(&frame, "payload"));
        let kind = field(&frame, "type").as_str().unwrap_or_default();
        match (self.endpoint, kind) {
            (_, "welcome" | "pong" | "connection_status" | "connected") => self.is_greeted = true,
            (_, "error") => {
                let code = if payload.is_null() { data } else { payload };
                Self::refused(field(code, "code"), &frame, journal);
            }
            (_, "") => journal.anomaly(format!("received a frame without a type: {frame}")),
            (Endpoint::Native | Endpoint::Cursor, kind) => self.native(data, kind, journal),
            (Endpoint::ChatApi, "new_direct_message") => {
                journal.entry(field(data, "content").as_str().unwrap_or_default(), None, None);
            }
            (Endpoint::ChatApi, "notification") => Self::notice(field(data, "title"), journal),
            (Endpoint::QuizMaster, "complete") => {
                let result = field(data, "result").as_str().unwrap_or_default();
                let title = field(&frame, "message").as_str().unwrap_or_default();
                journal.entry(title, Some(result), None);
            }
            (Endpoint::QuizMaster, "notification") => Self::notice(field(&frame, "message"), journal),
            (Endpoint::SkillLift, "notification") => Self::notice(field(payload, "title"), journal),
            _ => {}
        }
        Next::Continue
    }

    fn send(&mut self, _: &str, _: String, _: &mut Journal, _: &mut Vec<String>) {}

    fn tick(&mut self, _: &mut Journal, _: &mut Vec<String>) {}

    fn is_settled(&self) -> bool {
        self.is_greeted
    }

    fn rooms(&self) -> &[String] {
        &[]
    }

    fn subscriptions(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    fn kinds(&self) -> BTreeSet<EntryKind> {
        match self.endpoint {
            Endpoint::Native | Endpoint::Cursor => {
                [EntryKind::Direct, EntryKind::Job, EntryKind::Notice].into()
            }
            Endpoint::ChatApi => [EntryKind::Direct, EntryKind::Notice].into(),
            Endpoint::QuizMaster => [EntryKind::Job, EntryKind::Notice].into(),
            Endpoint::SkillLift => [EntryKind::Notice].into(),
        }
    }
}
