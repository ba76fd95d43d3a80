//! Chat API client: one socket for one chat, which is joined with the handshake.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Behaviour, Next, field, is_for_a_time};
use crate::history::Position;
use crate::real::journal::Journal;

pub(in crate::real) struct ChatApi {
    rooms: [String; 1],
    is_open: bool,
}

impl ChatApi {
    pub(in crate::real) fn new(room: String) -> Self {
        Self { rooms: [room], is_open: false }
    }

    fn room(&self) -> &str {
        let [room] = &self.rooms;
        room
    }
}

impl Behaviour for ChatApi {
    fn path(&self, token: &str) -> String {
        format!("/api/v1/ws/chat/{}?token={token}", self.room())
    }

    fn begin(&mut self, journal: &mut Journal, out: &mut Vec<String>) {
        // Messages of the past are not recovered, and those from now on are not missed.
        journal.started_over(self.room());
        self.is_open = false;
        // The answer shows that the handshake is over on the server's side, too.
        out.push(json!({ "type": "ping" }).to_string());
    }

    fn receive(&mut self, frame: &str, journal: &mut Journal, _: &mut Vec<String>) -> Next {
        let frame: Value = serde_json::from_str(frame).unwrap_or_default();
        let data = field(&frame, "data");
        match field(&frame, "type").as_str().unwrap_or_default() {
            "pong" => self.is_open = true,
            "new_message" => {
                let text = field(data, "content").as_str().unwrap_or_default();
                let id = field(data, "id").as_str().map(str::to_owned);
                let position = Position { id, ..Position::default() };
                journal.received(self.room(), position.clone(), text);
                if field(data, "sender_id") == journal.user() && journal.has_sent(text) {
                    journal.acknowledged(text, position);
                }
            }
            "error" => {
                journal.counters().temporary_errors.one();
                if !is_for_a_time(field(data, "code").as_str().unwrap_or_default()) {
                    journal.anomaly(format!("was refused: {frame}"));
                }
            }
            "" => journal.anomaly(format!("received a frame without a type: {frame}")),
            _ => {}
        }
        Next::Continue
    }

    fn send(&mut self, room: &str, text: String, journal: &mut Journal, out: &mut Vec<String>) {
        journal.note_sent(room, &text, false);
        out.push(json!({ "type": "send_message", "data": { "content": text } }).to_string());
    }

    fn tick(&mut self, _: &mut Journal, _: &mut Vec<String>) {}

    fn is_settled(&self) -> bool {
        self.is_open
    }

    fn rooms(&self) -> &[String] {
        &self.rooms
    }

    fn subscriptions(&self) -> BTreeSet<String> {
        self.rooms.iter().cloned().collect()
    }
}
