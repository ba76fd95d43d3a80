//! SkillLift client: joins rooms by name; its messages have no draft ids.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Behaviour, Next, field, is_for_a_time};
use crate::history::Position;
use crate::real::journal::Journal;

pub(in crate::real) struct SkillLift {
    rooms: Vec<String>,
    /// Those in which it was named as a participant on this connection.
    inside: BTreeSet<String>,
}

impl SkillLift {
    pub(in crate::real) fn new(rooms: Vec<String>) -> Self {
        Self { rooms, inside: BTreeSet::new() }
    }
}

impl Behaviour for SkillLift {
    fn path(&self, token: &str) -> String {
        format!("/?token={token}")
    }

    fn begin(&mut self, journal: &mut Journal, out: &mut Vec<String>) {
        self.inside.clear();
        for room in &self.rooms {
            journal.started_over(room);
            out.push(json!({ "type": "join_room", "data": { "roomId": room } }).to_string());
        }
    }

    fn receive(&mut self, frame: &str, journal: &mut Journal, _: &mut Vec<String>) -> Next {
        let frame: Value = serde_json::from_str(frame).unwrap_or_default();
        let payload = field(&frame, "payload");
        let room = field(payload, "roomId").as_str().unwrap_or_default();
        match field(&frame, "type").as_str().unwrap_or_default() {
            "user_joined" if field(payload, "userId") == journal.user() => {
                self.inside.insert(room.to_owned());
            }
            "chat_message" => {
                let text = field(payload, "message").as_str().unwrap_or_default();
                journal.received(room, Position::default(), text);
                if field(payload, "userId") == journal.user() && journal.has_sent(text) {
                    journal.acknowledged(text, Position::default());
                }
            }
            "error" => {
                journal.counters().temporary_errors.one();
                if !is_for_a_time(field(payload, "code").as_str().unwrap_or_default()) {
                    journal.anomaly(format!("was refused: {frame}"));
                }
                // A room that could not be joined is joined on a new connection.
                if !self.is_settled() {
                    return Next::Reconnect;
                }
            }
            "" => journal.anomaly(format!("received a frame without a type: {frame}")),
            _ => {}
        }
        Next::Continue
    }

    fn send(&mut self, room: &str, text: String, journal: &mut Journal, out: &mut Vec<String>) {
        if self.inside.contains(room) {
            journal.note_sent(room, &text, false);
            out.push(
                json!({ "type": "chat_message", "data": { "roomId": room, "message": text } }).to_string(),
            );
        }
    }

    fn tick(&mut self, _: &mut Journal, _: &mut Vec<String>) {}

    fn is_settled(&self) -> bool {
        self.inside.len() == self.rooms.len()
    }

    fn rooms(&self) -> &[String] {
        &self.rooms
    }

    fn subscriptions(&self) -> BTreeSet<String> {
        self.rooms.iter().cloned().collect()
    }
}
