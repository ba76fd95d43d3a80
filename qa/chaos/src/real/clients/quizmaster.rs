//! QuizMaster client: receives its user's inbox, and has no way to recover a position.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Behaviour, Next, field, inbox_of, is_for_a_time};
use crate::history::Position;
use crate::real::journal::Journal;

pub(in crate::real) struct QuizMaster {
    inbox: String,
    is_greeted: bool,
}

impl QuizMaster {
    pub(in crate::real) fn new(user: &str) -> Self {
        Self { inbox: inbox_of(user), is_greeted: false }
    }
}

impl Behaviour for QuizMaster {
    fn path(&self, token: &str) -> String {
        format!("/ws/endpoint?token={token}")
    }

    fn begin(&mut self, journal: &mut Journal, _: &mut Vec<String>) {
        self.is_greeted = false;
        journal.started_over(&self.inbox);
    }

    fn receive(&mut self, frame: &str, journal: &mut Journal, _: &mut Vec<String>) -> Next {
        let frame: Value = serde_json::from_str(frame).unwrap_or_default();
        match field(&frame, "type").as_str().unwrap_or_default() {
            "connection_status" => self.is_greeted = true,
            "notification" => {
                let id = field(field(&frame, "data"), "id").as_str().map(str::to_owned);
                let text = field(&frame, "message").as_str().unwrap_or_default();
                journal.received(&self.inbox, Position { id, ..Position::default() }, text);
            }
            "error" => {
                journal.counters().temporary_errors.one();
                if !is_for_a_time(field(field(&frame, "data"), "code").as_str().unwrap_or_default()) {
                    journal.anomaly(format!("was refused: {frame}"));
                }
            }
            "" => journal.anomaly(format!("received a frame without a type: {frame}")),
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
        BTreeSet::from([self.inbox.clone()])
    }
}
