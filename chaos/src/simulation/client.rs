//! A client that does what `docs/DELIVERY.md` asks of one. Pure: what it is told goes in, what it asks comes out.
//!
//! It counts what it has by number, comes back with the last one, sends one line after the other in each room, and sends
//! a line again under the same draft until it is told the line's place. Over a link that loses frames it also looks for
//! holes in the numbers; over one that does not, a hole is the server's fault and goes into the view as it is.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use uuid::Uuid;

use super::chance::Chance;
use super::words::{Joined, Line, Told, Why, Wish};
use crate::history::{End, Notice, Place, Sent, View};

/// How long a client waits for an answer before it asks again, in milliseconds.
const PATIENCE_MS: u64 = 4_000;
/// How long it waits after it was told to try again later.
const LATER_MS: u64 = 700;

/// Where a client stands in a room.
#[derive(Debug, Default)]
struct Seat {
    /// It takes itself for somebody of this room.
    is_member: bool,
    follows: bool,
    /// When it asked to follow, while that is not answered.
    asked_at: Option<u64>,
    not_before: u64,
    epoch: u32,
    /// The last number without a hole; `None`: it knows nothing of the room.
    last: Option<u64>,
    present: BTreeSet<String>,
    /// Lines without a place, oldest first, by their place in `sent`.
    unsent: VecDeque<(usize, Uuid)>,
    /// When the oldest one was sent, while that is not answered.
    sent_at: Option<u64>,
}

/// One device of somebody.
#[derive(Debug)]
pub(crate) struct Client {
    name: String,
    person: String,
    seats: BTreeMap<String, Seat>,
    /// Its link loses frames.
    is_lossy: bool,
    sent: Vec<Sent>,
    drafts: BTreeMap<Uuid, usize>,
    notices: Vec<Notice>,
    /// What it was told that cannot be.
    pub(crate) complaints: Vec<String>,
    chance: Chance,
}

impl Client {
    /// Somebody who is in these rooms and knows nothing of them yet.
    pub(crate) fn new(name: String, person: String, rooms: &[String], chance: Chance) -> Self {
        let seats = rooms.iter().map(|room| (room.clone(), Seat::default())).collect();
        Self {
            name,
            person,
            seats,
            is_lossy: false,
            sent: Vec::new(),
            drafts: BTreeMap::new(),
            notices: Vec::new(),
            complaints: Vec::new(),
            chance,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn person(&self) -> &str {
        &self.person
    }

    /// The client was told these messages in an earlier life.
    pub(crate) fn remember(&mut self, room: &str, lines: &[Line]) {
        self.notices.push(Notice::StartedOver { room: room.to_owned() });
        for line in lines {
            self.take(room, line);
        }
    }

    /// A new connection: nothing is followed, nothing under way.
    pub(crate) fn connected(&mut self, is_lossy: bool, now: u64) -> Vec<Wish> {
        self.is_lossy = is_lossy;
        for seat in self.seats.values_mut() {
            seat.is_member = true;
            (seat.follows, seat.asked_at, seat.sent_at, seat.not_before) = (false, None, None, 0);
        }
        self.look(now)
    }

    /// Says a line; `None` in a room that it is not in.
    pub(crate) fn say(&mut self, room: &str, now: u64) -> Vec<Wish> {
        let Some(seat) = self.seats.get_mut(room).filter(|seat| seat.is_member) else { return Vec::new() };
        let (index, draft) = (self.sent.len(), self.chance.uuid());
        let padding = ".".repeat(usize::try_from(self.chance.between(0, 60)).unwrap_or_default());
        self.sent.push(Sent {
            client: self.name.clone(),
            room: room.to_owned(),
            text: format!("{} {index}{padding}", self.name),
            acknowledged: None,
            is_persistent: true,
        });
        self.drafts.insert(draft, index);
        seat.unsent.push_back((index, draft));
        self.look(now)
    }

    /// The last number that it has of a room that it follows.
    pub(crate) fn has_read(&self, room: &str) -> Option<u64> {
        self.seats.get(room).filter(|seat| seat.follows).and_then(|seat| seat.last)
    }

    /// Whatever is to be asked, or asked again.
    pub(crate) fn look(&mut self, now: u64) -> Vec<Wish> {
        let mut wishes = Vec::new();
        let overdue = |since: Option<u64>| since.is_none_or(|since| now >= since + PATIENCE_MS);
        for (room, seat) in &mut self.seats {
            if !seat.is_member || now < seat.not_before {
                continue;
            }
            if !seat.follows || seat.asked_at.is_some() {
                if overdue(seat.asked_at) {
                    seat.asked_at = Some(now);
                    let since = seat.last.map(|last| (seat.epoch, last));
                    wishes.push(Wish::Join { room: room.clone(), since });
                }
                if !seat.follows {
                    continue;
                }
            }
            if let Some((index, draft)) = seat.unsent.front()
                && overdue(seat.sent_at)
                && let Some(sent) = self.sent.get(*index)
            {
                seat.sent_at = Some(now);
                wishes.push(Wish::Post { room: room.clone(), draft: *draft, text: sent.text.clone() });
            }
        }
        wishes
    }

    /// Takes in what it is told.
    pub(crate) fn hear(&mut self, told: &Told, now: u64) -> Vec<Wish> {
        match told {
            Told::Joined(joined) => self.hear_joined(joined),
            Told::Message { room, line } => self.hear_message(room, line),
            Told::Posted { room, draft, line } => self.hear_posted(room, *draft, line),
            Told::Failed { room, draft, why } => self.hear_failed(room.as_deref(), *draft, *why, now),
            Told::Invited { room } => {
                if let Some(seat) = self.seats.get_mut(room) {
                    seat.is_member = true;
                }
            }
            Told::Out { room } => self.leave(room),
            Told::Presence { room, online, offline } => {
                if let Some(seat) = self.seats.get_mut(room) {
                    seat.present.extend(online.iter().cloned());
                    seat.present.retain(|person| !offline.contains(person));
                }
            }
        }
        self.look(now)
    }

    fn hear_joined(&mut self, joined: &Joined) {
        let room = &joined.room;
        // Of two wishes to join, the second may be granted after the first was refused.
        let may_be_meant = |seat: &&mut Seat| seat.asked_at.is_some() || (seat.is_member && !seat.follows);
        let Some(seat) = self.seats.get_mut(room).filter(may_be_meant) else { return };
        seat.asked_at = None;
        seat.is_member = true;
        seat.present = joined.online.iter().cloned().collect();
        if joined.recovered {
            // Not all of it is there yet: ask for the rest.
            seat.follows = !joined.has_more;
            self.notices.push(Notice::Recovered { room: room.clone() });
        } else {
            seat.follows = true;
            (seat.last, seat.epoch) = (None, joined.epoch.0);
            self.notices.push(Notice::StartedOver { room: room.clone() });
        }
        for line in &joined.lines {
            self.take(room, line);
        }
        if let Some(seat) = self.seats.get_mut(room)
            && !joined.recovered
        {
            seat.last = Some(joined.head);
        }
    }

    fn hear_message(&mut self, room: &str, line: &Line) {
        // Overtook the answer to the join, which brings it along.
        if self.is_lossy && self.seats.get(room).is_none_or(|seat| !seat.follows) {
            return;
        }
        self.take(room, line);
    }

    /// Puts a message into the view unless the client has it. Over a lossy link, what comes after a hole is not taken, and
    /// the room is asked for again.
    fn take(&mut self, room: &str, line: &Line) {
        let Some(seat) = self.seats.get_mut(room) else { return };
        let next = seat.last.map(|last| last + 1);
        if next.is_some_and(|next| line.seq < next) {
            return;
        }
        if self.is_lossy && next.is_some_and(|next| line.seq > next) {
            seat.follows = false;
            return;
        }
        (seat.last, seat.epoch) = (Some(line.seq), line.epoch.0);
        let (room, text) = (room.to_owned(), line.text.clone());
        self.notices.push(Notice::Message { room, place: place(line), text });
    }

    fn hear_posted(&mut self, room: &str, draft: Uuid, line: &Line) {
        let Some(sent) = self.drafts.get(&draft).and_then(|index| self.sent.get_mut(*index)) else { return };
        let place = place(line);
        if let Some(before) = sent.acknowledged.as_ref().filter(|before| **before != place) {
            self.complaints.push(format!(
                "room {room}: `{}` of {} was acknowledged as {before} and then as {place}",
                sent.text, self.name
            ));
        }
        sent.acknowledged.get_or_insert(place);
        if let Some(seat) = self.seats.get_mut(room)
            && seat.unsent.front().is_some_and(|(_, front)| *front == draft)
        {
            seat.unsent.pop_front();
            seat.sent_at = None;
        }
    }

    fn hear_failed(&mut self, room: Option<&str>, draft: Option<Uuid>, why: Why, now: u64) {
        let Some((room, seat)) =
            room.and_then(|room| self.seats.get_mut(room).map(|seat| (room.to_owned(), seat)))
        else {
            return;
        };
        match why {
            Why::NoRoom => self.leave(&room),
            Why::NotJoined => seat.follows = false,
            Why::Later if draft.is_some() => (seat.sent_at, seat.not_before) = (None, now + LATER_MS),
            Why::Later => (seat.asked_at, seat.not_before) = (None, now + LATER_MS),
            Why::Never => self.complaints.push(format!("room {room}: {} was refused for good", self.name)),
        }
        if why == Why::NotJoined
            && let Some(seat) = self.seats.get_mut(&room)
        {
            seat.sent_at = None;
        }
    }

    /// Not in this room any more: what waits for it is given up.
    fn leave(&mut self, room: &str) {
        let Some(seat) = self.seats.get_mut(room) else { return };
        (seat.is_member, seat.follows, seat.asked_at, seat.sent_at) = (false, false, None, None);
        for (index, _) in seat.unsent.drain(..) {
            if let Some(sent) = self.sent.get_mut(index) {
                sent.is_persistent = false;
            }
        }
    }

    /// Never comes back: what it did not get rid of stays with it.
    pub(crate) fn go_for_good(&mut self) {
        for room in self.seats.keys().cloned().collect::<Vec<_>>() {
            self.leave(&room);
        }
    }

    /// Looks again whether it is in the rooms that it was sent out of.
    pub(crate) fn ask_everywhere(&mut self, now: u64) -> Vec<Wish> {
        for seat in self.seats.values_mut() {
            seat.is_member = true;
        }
        self.look(now)
    }

    /// What keeps it from being at rest in a room that it is in, or not.
    pub(crate) fn unrest(&self, room: &str, is_member: bool) -> Option<String> {
        let seat = self.seats.get(room)?;
        let name = &self.name;
        if seat.follows != is_member {
            let word = if is_member { "does not follow" } else { "follows, and is not in it" };
            return Some(format!("room {room}: {name} {word}"));
        }
        (!seat.unsent.is_empty())
            .then(|| format!("room {room}: {name} waits for the places of {} lines", seat.unsent.len()))
    }

    /// What it said, and what it was told.
    pub(crate) fn into_history(self) -> (Vec<Sent>, View) {
        let following = self.seats.into_iter().filter(|(_, seat)| seat.follows);
        let present: BTreeMap<String, BTreeSet<String>> =
            following.map(|(room, seat)| (room, seat.present)).collect();
        let end = End { follows: present.keys().cloned().collect(), present };
        (self.sent, View { client: self.name, person: self.person, notices: self.notices, end })
    }
}

fn place(line: &Line) -> Place {
    Place { epoch: Some(line.epoch.0), seq: Some(line.seq), id: Some(line.id.to_string()) }
}
