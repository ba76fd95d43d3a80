//! Native client: has a cursor in each room and keeps each message until it is acknowledged.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use protocol::{
    ClientFrame, Cursor, DraftId, JoinedRoom, Message, MessageId, MessageKind, RoomId, ServerFrame,
};
use serde_json::Value;
use uuid::Uuid;

use super::{Behaviour, Next, field, is_for_a_time};
use crate::history::Position;
use crate::real::journal::Journal;

/// Messages that wait in one room, at most: a user would have given up by then.
const MAX_UNSENT: usize = 30;

pub(in crate::real) struct Native {
    rooms: Vec<String>,
    room_states: BTreeMap<String, RoomState>,
}

struct RoomState {
    id: RoomId,
    /// The last number that it received.
    cursor: Option<Cursor>,
    is_subscribed: bool,
    /// In the order of writing. The first one is on its way when `is_sent`.
    unsent: VecDeque<(DraftId, String)>,
    is_sent: bool,
    /// Whether the first line was sent before, on any connection.
    was_sent: bool,
}

impl Native {
    /// A client that is new to these rooms; or, with their epochs, one that was subscribed before anything was sent, and has
    /// been away ever since.
    pub(in crate::real) fn new(rooms: &[RoomId], epochs: &BTreeMap<RoomId, u32>) -> Self {
        let position = |id: &RoomId| RoomState {
            id: id.clone(),
            cursor: epochs.get(id).map(|epoch| Cursor { epoch: *epoch, seq: 0 }),
            is_subscribed: false,
            unsent: VecDeque::new(),
            is_sent: false,
            was_sent: false,
        };
        Self {
            rooms: rooms.iter().map(ToString::to_string).collect(),
            room_states: rooms.iter().map(|id| (id.to_string(), position(id))).collect(),
        }
    }

    fn joined(&mut self, joined: &JoinedRoom, journal: &mut Journal, out: &mut Vec<String>) {
        let name = joined.room.to_string();
        let Some(position) = self.room_states.get_mut(&name) else {
            return journal.anomaly(format!("joined {name}, which was not asked for"));
        };
        // A page of a long recovery brings something; without that the question would be the same again.
        let goes_on = joined.recovered && joined.has_more && !joined.messages.is_empty();
        let known = position.cursor;
        if joined.recovered && known.is_some() {
            journal.recovered(&name);
            // Before the first line there is none for the checker to begin with.
            let first = joined.messages.first().map_or(joined.head.seq + 1, |first| first.cursor.seq);
            if known.is_some_and(|at| at.seq + 1 != first) {
                journal.anomaly(format!("{name} was recovered after {known:?} with {first}"));
            }
        } else {
            journal.started_over(&name);
        }
        // What it has already is not new on a page that starts over. A recovery has nothing that is not new.
        let is_new = |it: &&Message| {
            joined.recovered || known.is_none_or(|at| at.epoch != it.cursor.epoch || at.seq < it.cursor.seq)
        };
        for message in joined.messages.iter().filter(is_new) {
            journal.received(&name, position_of(message.cursor, message.id), &message.body);
        }
        if goes_on {
            journal.counters().more_pages.one();
            position.cursor = joined.messages.last().map(|message| message.cursor);
            let since = position.cursor;
            return push(out, &ClientFrame::Join { room: position.id.clone(), since, changes: None });
        }
        position.cursor = Some(joined.head);
        position.is_subscribed = true;
        let online = joined.members.iter().filter(|member| member.online);
        let online = online.map(|member| member.id.to_string()).collect();
        journal.status().present.insert(name, online);
        position.send(journal, out);
    }

    /// Lets the first message of a room be resent later.
    fn refused(&mut self, data: &protocol::ErrorData, sentence: &str, journal: &mut Journal) -> Next {
        let code = serde_json::to_value(data.code).unwrap_or_default();
        let code = code.as_str().unwrap_or_default();
        // The answer to a line that was sent before the room was followed again on this connection.
        if !is_for_a_time(code) {
            journal.anomaly(format!("was refused {data:?}: {sentence}"));
        }
        journal.counters().temporary_errors.one();
        let position = data.room.as_ref().and_then(|room| self.room_states.get_mut(room.as_str()));
        match (position, data.draft) {
            (Some(position), Some(draft)) => {
                if position.unsent.front().is_some_and(|(first, _)| *first == draft) {
                    position.is_sent = false;
                }
                Next::Continue
            }
            // A room that could not be joined, or something without a name.
            _ => Next::Reconnect,
        }
    }
}

impl RoomState {
    /// Sends the first line, if it is not on its way: one at a time, so that they cannot overtake each other.
    fn send(&mut self, journal: &Journal, out: &mut Vec<String>) {
        if !self.is_subscribed || self.is_sent {
            return;
        }
        let Some((draft, text)) = self.unsent.front() else { return };
        if self.was_sent {
            journal.counters().resent.one();
        }
        (self.is_sent, self.was_sent) = (true, true);
        let (room, draft, body) = (self.id.clone(), *draft, text.clone());
        push(out, &ClientFrame::Post { room, draft, body, parent: None, kind: MessageKind::Text });
    }
}

impl Behaviour for Native {
    fn path(&self, token: &str) -> String {
        format!("/api/v1/ws?token={token}")
    }

    fn begin(&mut self, _: &mut Journal, out: &mut Vec<String>) {
        for position in self.room_states.values_mut() {
            (position.is_subscribed, position.is_sent) = (false, false);
            push(
                out,
                &ClientFrame::Join { room: position.id.clone(), since: position.cursor, changes: None },
            );
        }
    }

    fn receive(&mut self, frame: &str, journal: &mut Journal, out: &mut Vec<String>) -> Next {
        let Ok(value) = serde_json::from_str::<Value>(frame) else {
            journal.anomaly(format!("received what is not JSON: {frame}"));
            return Next::Reconnect;
        };
        if field(&value, "type") == "presence" {
            presence(field(&value, "data"), journal);
            return Next::Continue;
        }
        let frame = match serde_json::from_value::<ServerFrame>(value) {
            Ok(frame) => frame,
            Err(error) => {
                journal.anomaly(format!("received an unknown frame: {error}: {frame}"));
                return Next::Reconnect;
            }
        };
        match frame {
            ServerFrame::Joined { data } => self.joined(&data, journal, out),
            ServerFrame::Message { data } => {
                let name = data.room.to_string();
                journal.received(&name, position_of(data.cursor, data.id), &data.body);
                if let Some(position) = self.room_states.get_mut(&name) {
                    position.cursor = Some(data.cursor);
                }
            }
            ServerFrame::Posted { data } => {
                let Some(position) = self.room_states.get_mut(data.room.as_str()) else {
                    return Next::Continue;
                };
                if position.unsent.front().is_none_or(|(first, _)| *first != data.draft) {
                    journal.anomaly(format!("draft {} was answered twice on a connection", data.draft));
                    return Next::Continue;
                }
                if let Some((_, text)) = position.unsent.pop_front() {
                    journal.acknowledged(&text, position_of(data.cursor, data.id));
                }
                (position.is_sent, position.was_sent) = (false, false);
                position.send(journal, out);
            }
            ServerFrame::Error { message, data } => return self.refused(&data, &message, journal),
            _ => {}
        }
        Next::Continue
    }

    fn send(&mut self, room: &str, text: String, journal: &mut Journal, out: &mut Vec<String>) {
        let Some(position) = self.room_states.get_mut(room) else { return };
        if position.unsent.len() < MAX_UNSENT {
            journal.note_sent(room, &text, true);
            position.unsent.push_back((DraftId(Uuid::new_v4()), text));
            position.send(journal, out);
        }
    }

    fn tick(&mut self, journal: &mut Journal, out: &mut Vec<String>) {
        for position in self.room_states.values_mut() {
            position.send(journal, out);
        }
    }

    fn is_settled(&self) -> bool {
        self.room_states.values().all(|position| position.is_subscribed && position.unsent.is_empty())
    }

    fn rooms(&self) -> &[String] {
        &self.rooms
    }

    fn subscriptions(&self) -> BTreeSet<String> {
        self.rooms.iter().cloned().collect()
    }
}

fn position_of(Cursor { epoch, seq }: Cursor, id: MessageId) -> Position {
    Position { epoch: Some(epoch), seq: Some(seq), id: Some(id.to_string()) }
}

fn push(out: &mut Vec<String>, frame: &ClientFrame) {
    // A frame of ours has no keys that JSON lacks.
    out.extend(serde_json::to_string(frame));
}

/// Users that went online or offline: one, or many in one frame.
fn presence(data: &Value, journal: &mut Journal) {
    let Some(room) = field(data, "room").as_str() else {
        return journal.anomaly(format!("received presence without a room: {data}"));
    };
    let present = journal.status().present.entry(room.to_owned()).or_default();
    let names = |value: &Value| -> Vec<String> {
        let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (came, went) = match (field(data, "user").as_str(), field(data, "online").as_bool()) {
        (Some(user), Some(true)) => (vec![user.to_owned()], Vec::new()),
        (Some(user), Some(false)) => (Vec::new(), vec![user.to_owned()]),
        _ => (names(field(data, "online")), names(field(data, "offline"))),
    };
    present.extend(came);
    for user in went {
        present.remove(&user);
    }
}
