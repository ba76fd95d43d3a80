//! Simulated client: keeps the rules that `docs/DELIVERY.md` sets for clients. Pure: frames go in, requests come out.
//!
//! It counts messages by number, comes back with the last one, sends one message after the other in each room, and resends it
//! under the same draft until it is acknowledged. Over a link that loses frames it also checks for holes in the numbers; over
//! one that does not, a hole is the server's fault and goes into the view as it is.
//! Long because it has one method for each frame.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::changes::ClientChanges;
use super::frames::{FailureReason, Joined, MessageLine, Request, ServerFrame};
use super::positions::Positions;
use super::rng::Rng;
use super::room_state::RoomState;
use super::scenario::RecoveryMode;
use crate::body::grow;
use crate::history::{End, EntryKind, Observation, Position, Sent, SentChange, View};

/// How long a client waits for an answer before it asks again, in milliseconds.
const PATIENCE_MS: u64 = 4_000;
/// How long it waits after a temporary error.
const LATER_MS: u64 = 700;

/// A client with what it has sent and received.
#[derive(Debug)]
pub(crate) struct SimulatedClient {
    name: String,
    user: String,
    room_states: BTreeMap<String, RoomState>,
    recovery: RecoveryMode,
    /// Its positions after the last frame; only a client that resumes receives them.
    positions: Option<Positions>,
    /// The last number of the inbox that it has, and the one that it came with on this connection.
    inbox: Option<u64>,
    came_with: Option<u64>,
    /// It has not been let in on this connection.
    is_outside: bool,
    /// Its link loses frames.
    is_lossy: bool,
    sent: Vec<Sent>,
    /// How large each of these is.
    sizes: Vec<usize>,
    drafts: BTreeMap<Uuid, usize>,
    observations: Vec<Observation>,
    changes: ClientChanges,
    /// Frames that no good server sends.
    pub(crate) violations: Vec<String>,
    rng: Rng,
}

impl SimulatedClient {
    /// A client that is a member of these rooms and has received nothing of them.
    pub(crate) fn new(
        name: String,
        user: String,
        recovery: RecoveryMode,
        rooms: &[String],
        changes: ClientChanges,
        rng: Rng,
    ) -> Self {
        let room_states = rooms.iter().map(|room| (room.clone(), RoomState::default())).collect();
        Self {
            name,
            user,
            room_states,
            recovery,
            positions: None,
            inbox: None,
            came_with: None,
            is_outside: false,
            is_lossy: false,
            sent: Vec::new(),
            sizes: Vec::new(),
            drafts: BTreeMap::new(),
            observations: Vec::new(),
            changes,
            violations: Vec::new(),
            rng,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    /// Its positions, for a server that lets it resume.
    pub(crate) fn positions(&self) -> Option<&Positions> {
        self.positions.as_ref()
    }

    /// The last number of the inbox that it has, if it keeps account of that.
    pub(crate) fn cursor(&self) -> Option<u64> {
        self.inbox.filter(|_| self.recovery == RecoveryMode::Cursor)
    }

    /// Keeps the positions after the last frame.
    pub(crate) fn note(&mut self, positions: Positions) {
        self.positions = Some(positions);
    }

    /// The entries that its dialect has a word for.
    pub(crate) fn kinds(&self) -> BTreeSet<EntryKind> {
        match self.recovery {
            RecoveryMode::Plain | RecoveryMode::Cursor => {
                [EntryKind::Direct, EntryKind::Job, EntryKind::Notice].into()
            }
            RecoveryMode::Resuming => [EntryKind::Job, EntryKind::Notice].into(),
        }
    }

    /// The client received these messages before the run.
    pub(crate) fn remember(&mut self, room: &str, lines: &[MessageLine]) {
        self.observations.push(Observation::StartedOver { room: room.to_owned() });
        for line in lines {
            self.take(room, line);
        }
    }

    /// A new connection: nothing is followed, nothing under way.
    pub(crate) fn connected(&mut self, is_lossy: bool, now: u64) -> Vec<Request> {
        self.is_lossy = is_lossy;
        self.is_outside = self.recovery == RecoveryMode::Resuming;
        self.observations.push(Observation::Connected);
        self.changes.connected();
        self.came_with = self.cursor();
        for state in self.room_states.values_mut() {
            state.is_member = true;
            state.was_subscribed |= state.is_subscribed;
            (state.is_subscribed, state.asked_at, state.sent_at, state.not_before) = (false, None, None, 0);
        }
        self.due_requests(now)
    }

    /// Says a line, in a room that it is in.
    pub(crate) fn send_line(&mut self, room: &str, now: u64) -> Vec<Request> {
        let Some(state) = self.room_states.get_mut(room).filter(|state| state.is_member) else {
            return Vec::new();
        };
        let (index, draft) = (self.sent.len(), self.rng.uuid());
        self.sizes.push(usize::try_from(self.rng.between(0, 80)).unwrap_or_default());
        self.sent.push(Sent {
            client: self.name.clone(),
            room: room.to_owned(),
            text: format!("{} {index}", self.name),
            acknowledged: None,
            is_persistent: true,
        });
        self.drafts.insert(draft, index);
        state.unsent.push_back((index, draft));
        self.due_requests(now)
    }

    /// Changes a message of a room that it is in, if it has one.
    pub(crate) fn change_message(&mut self, room: &str, now: u64) -> Vec<Request> {
        if self.room_states.get(room).is_some_and(|state| state.is_member) {
            self.changes.want(&self.name, &self.user, room);
        }
        self.due_requests(now)
    }

    /// The last number that it has of a room that it is subscribed to.
    pub(crate) fn has_read(&self, room: &str) -> Option<u64> {
        self.room_states.get(room).filter(|state| state.is_subscribed).and_then(|state| state.last)
    }

    /// Whatever is to be asked, or asked again.
    pub(crate) fn due_requests(&mut self, now: u64) -> Vec<Request> {
        let mut requests = Vec::new();
        if self.is_outside {
            return requests;
        }
        let overdue = |since: Option<u64>| since.is_none_or(|since| now >= since + PATIENCE_MS);
        for (room, state) in &mut self.room_states {
            if !state.is_member || now < state.not_before {
                continue;
            }
            if !state.is_subscribed || state.asked_at.is_some() {
                if overdue(state.asked_at) {
                    state.asked_at = Some(now);
                    let counts = self.recovery != RecoveryMode::Resuming;
                    let since = state.last.filter(|_| counts).map(|last| (state.epoch, last));
                    requests.push(Request::Join { room: room.clone(), since, rev: self.changes.rev(room) });
                }
                if !state.is_subscribed {
                    continue;
                }
            }
            if let Some((index, draft)) = state.unsent.front()
                && overdue(state.sent_at)
                && let (Some(sent), Some(size)) = (self.sent.get(*index), self.sizes.get(*index))
            {
                state.sent_at = Some(now);
                let text = grow(&sent.text, *size, '.');
                requests.push(Request::Post { room: room.clone(), draft: *draft, text });
            }
            requests.extend(self.changes.due(room, now));
        }
        requests
    }

    /// Takes in a frame.
    pub(crate) fn receive(&mut self, frame: &ServerFrame, now: u64) -> Vec<Request> {
        match frame {
            ServerFrame::Joined(joined) => self.on_joined(joined),
            ServerFrame::Message { room, line } => self.on_message(room, line),
            ServerFrame::Posted { room, draft, line } => self.on_posted(room, *draft, line),
            ServerFrame::Changed { room, from, to, lines } => self.on_changed(room, *from, *to, lines),
            ServerFrame::MessageChanged { room, line } => self.take_state(room, line),
            ServerFrame::Done { room, draft, rev } => self.changes.done(room, *draft, *rev),
            ServerFrame::Failed { room, draft, why } => self.on_failed(room.as_deref(), *draft, *why, now),
            ServerFrame::Invited { room } => {
                if let Some(state) = self.room_states.get_mut(room) {
                    state.is_member = true;
                }
            }
            ServerFrame::Out { room } => self.leave(room),
            ServerFrame::Entry { text, number, .. } => {
                self.inbox = self.inbox.max(*number);
                self.observations.push(Observation::Entry { text: text.clone(), number: *number });
            }
            ServerFrame::Inbox { number, recovered } => self.on_position(*number, *recovered),
            ServerFrame::Resumed { recovered } => self.on_resumed(*recovered),
            ServerFrame::Presence { room, online, offline } => {
                if let Some(state) = self.room_states.get_mut(room) {
                    state.present.extend(online.iter().cloned());
                    state.present.retain(|user| !offline.contains(user));
                }
            }
        }
        self.due_requests(now)
    }

    /// The position in the inbox, after what it missed or, where that is not kept, instead of it.
    fn on_position(&mut self, number: u64, recovered: bool) {
        self.inbox = Some(number);
        if let Some(after) = self.came_with.filter(|_| recovered) {
            self.observations.push(Observation::InboxRecovered { after, upto: number });
        }
    }

    /// Connected. The client library takes a recovered client to have its subscriptions of before.
    fn on_resumed(&mut self, recovered: bool) {
        self.is_outside = false;
        if !recovered {
            self.positions = None;
        }
        for (room, state) in &mut self.room_states {
            state.is_subscribed = recovered && state.was_subscribed;
            state.was_subscribed = false;
            if state.is_subscribed {
                self.observations.push(Observation::Recovered { room: room.clone() });
            }
        }
    }

    fn on_joined(&mut self, joined: &Joined) {
        let room = &joined.room;
        // Of two requests to join, the second may be granted after the first was refused.
        let may_be_meant =
            |state: &&mut RoomState| state.asked_at.is_some() || (state.is_member && !state.is_subscribed);
        let Some(state) = self.room_states.get_mut(room).filter(may_be_meant) else { return };
        state.asked_at = None;
        state.is_member = true;
        state.present = joined.online.iter().cloned().collect();
        if joined.recovered {
            // Not all of it is there yet: ask for the rest.
            state.is_subscribed = !joined.has_more;
            self.observations.push(Observation::Recovered { room: room.clone() });
        } else {
            state.is_subscribed = true;
            (state.last, state.epoch) = (None, joined.epoch.0);
            self.observations.push(Observation::StartedOver { room: room.clone() });
            self.changes.start_over(room);
        }
        for line in &joined.lines {
            self.take(room, line);
        }
        for line in &joined.changed {
            self.take_state(room, line);
        }
        if let Some(rev) = joined.rev {
            self.changes.has(room, rev);
        }
        if let Some(state) = self.room_states.get_mut(room)
            && !joined.recovered
        {
            state.last = Some(joined.head);
        }
    }

    /// Takes the changes of a commit. Over a lossy link, where some before them are missing, the room is asked for again.
    fn on_changed(&mut self, room: &str, from: u64, to: u64, lines: &[MessageLine]) {
        let Some(state) = self.room_states.get_mut(room) else { return };
        if self.is_lossy && !state.is_subscribed {
            return;
        }
        match self.changes.advance(room, from, to) {
            Some(true) => lines.iter().for_each(|line| self.take_state(room, line)),
            Some(false) => {}
            None if self.is_lossy => state.is_subscribed = false,
            None => {
                let name = &self.name;
                self.violations
                    .push(format!("room {room}: {name} was sent changes {from} to {to} after a hole"));
            }
        }
    }

    /// Takes the state of a message. Over a lossy link an older one may come late.
    fn take_state(&mut self, room: &str, line: &MessageLine) {
        let is_own = line.text.strip_prefix(&self.name).is_some_and(|rest| rest.starts_with(' '));
        if let Some(wrong) = self.changes.take(room, line, is_own).filter(|_| !self.is_lossy) {
            self.violations.push(format!("room {room}: {}: {wrong}", self.name));
        }
    }

    fn on_message(&mut self, room: &str, line: &MessageLine) {
        // Overtook the answer to the join, which brings it along.
        if self.is_lossy && self.room_states.get(room).is_none_or(|state| !state.is_subscribed) {
            return;
        }
        self.take(room, line);
    }

    /// Puts a message into the view unless the client has it. Over a lossy link, what comes after a hole is not taken, and
    /// the room is asked for again.
    fn take(&mut self, room: &str, line: &MessageLine) {
        let Some(state) = self.room_states.get_mut(room) else { return };
        let next = state.last.map(|last| last + 1);
        // The client library of one that resumes does not check numbers.
        if self.recovery != RecoveryMode::Resuming && next.is_some_and(|next| line.seq < next) {
            // It may have been changed since it came for the first time.
            return self.take_state(room, line);
        }
        if self.is_lossy && next.is_some_and(|next| line.seq > next) {
            state.is_subscribed = false;
            return;
        }
        (state.last, state.epoch) = (Some(line.seq), line.epoch.0);
        self.take_state(room, line);
        let (room, text) = (room.to_owned(), line.text.clone());
        self.observations.push(Observation::Message { room, position: position(line), text });
    }

    fn on_posted(&mut self, room: &str, draft: Uuid, line: &MessageLine) {
        let Some(sent) = self.drafts.get(&draft).and_then(|index| self.sent.get_mut(*index)) else { return };
        let position = position(line);
        if let Some(before) = sent.acknowledged.as_ref().filter(|before| **before != position) {
            self.violations.push(format!(
                "room {room}: `{}` of {} was acknowledged as {before} and then as {position}",
                sent.text, self.name
            ));
        }
        sent.acknowledged.get_or_insert(position);
        if let Some(state) = self.room_states.get_mut(room)
            && state.unsent.front().is_some_and(|(_, front)| *front == draft)
        {
            state.unsent.pop_front();
            state.sent_at = None;
        }
    }

    fn on_failed(&mut self, room: Option<&str>, draft: Option<Uuid>, why: FailureReason, now: u64) {
        let Some((room, state)) =
            room.and_then(|room| self.room_states.get_mut(room).map(|state| (room.to_owned(), state)))
        else {
            return;
        };
        let for_good = why == FailureReason::Never;
        let of_change = |draft| self.changes.failed(&room, draft, for_good, now + LATER_MS);
        let is_of_change = draft.is_some_and(of_change);
        match why {
            FailureReason::NoRoom => self.leave(&room),
            FailureReason::Later | FailureReason::Never if is_of_change => {}
            FailureReason::NotJoined => state.is_subscribed = false,
            FailureReason::Later if draft.is_some() => {
                (state.sent_at, state.not_before) = (None, now + LATER_MS);
            }
            FailureReason::Later => (state.asked_at, state.not_before) = (None, now + LATER_MS),
            FailureReason::Never => {
                self.violations.push(format!("room {room}: {} was refused for good", self.name));
            }
        }
        if why == FailureReason::NotJoined
            && let Some(state) = self.room_states.get_mut(&room)
        {
            state.sent_at = None;
        }
    }

    /// Not in this room any more: what waits for it is given up.
    fn leave(&mut self, room: &str) {
        let Some(state) = self.room_states.get_mut(room) else { return };
        (state.is_member, state.is_subscribed, state.asked_at, state.sent_at) = (false, false, None, None);
        state.was_subscribed = false;
        self.changes.leave(room);
        for (index, _) in state.unsent.drain(..) {
            if let Some(sent) = self.sent.get_mut(index) {
                sent.is_persistent = false;
            }
        }
    }

    /// Never comes back: what it did not get rid of stays with it.
    pub(crate) fn abandon(&mut self) {
        for room in self.room_states.keys().cloned().collect::<Vec<_>>() {
            self.leave(&room);
        }
    }

    /// Looks again whether it is in the rooms that it was sent out of.
    pub(crate) fn ask_everywhere(&mut self, now: u64) -> Vec<Request> {
        for state in self.room_states.values_mut() {
            state.is_member = true;
        }
        self.due_requests(now)
    }

    /// What keeps it from being at rest in a room that it is in, or not.
    pub(crate) fn pending(&self, room: &str, is_member: bool) -> Option<String> {
        let state = self.room_states.get(room)?;
        let name = &self.name;
        if state.is_subscribed != is_member {
            let word = if is_member { "is not subscribed" } else { "is subscribed, and no member" };
            return Some(format!("room {room}: {name} {word}"));
        }
        let waiting = state.unsent.len() + self.changes.waiting(room);
        (waiting > 0).then(|| format!("room {room}: {name} waits for {waiting} answers"))
    }

    /// What it sent and changed, and what it received.
    pub(crate) fn into_history(self, receives_inbox: bool) -> (Vec<Sent>, Vec<SentChange>, View) {
        let (kinds, recovery) = (self.kinds(), self.recovery);
        let subscribed_rooms = self.room_states.into_iter().filter(|(_, state)| state.is_subscribed);
        let mut present: BTreeMap<String, BTreeSet<String>> =
            subscribed_rooms.map(|(room, state)| (room, state.present)).collect();
        let subscribed = present.keys().cloned().collect();
        if recovery == RecoveryMode::Resuming {
            // The answer to a join brings presence; a client that resumes gets none.
            present.clear();
        }
        let end = End { subscribed, present, receives_inbox };
        let (changes, states) = self.changes.into_history();
        let Self { name: client, user, observations, .. } = self;
        (self.sent, changes, View { client, user, observations, kinds, states, end })
    }
}

fn position(line: &MessageLine) -> Position {
    Position { epoch: Some(line.epoch.0), seq: Some(line.seq), id: Some(line.id.to_string()) }
}
