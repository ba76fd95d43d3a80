//! A client that does what `docs/DELIVERY.md` asks of one. Pure: what it is told goes in, what it asks comes out.
//!
//! It counts what it has by number, comes back with the last one, sends one line after the other in each room, and sends
//! a line again under the same draft until it is told the line's place. Over a link that loses frames it also looks for
//! holes in the numbers; over one that does not, a hole is the server's fault and goes into the view as it is.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::chance::Chance;
use super::outlet::Places;
use super::scenario::Manner;
use super::seat::Seat;
use super::words::{Joined, Line, Told, Why, Wish};
use crate::body::grow;
use crate::history::{End, EntryKind, Notice, Place, Sent, View};

/// How long a client waits for an answer before it asks again, in milliseconds.
const PATIENCE_MS: u64 = 4_000;
/// How long it waits after it was told to try again later.
const LATER_MS: u64 = 700;

/// One device of somebody.
#[derive(Debug)]
pub(crate) struct Client {
    name: String,
    person: String,
    seats: BTreeMap<String, Seat>,
    manner: Manner,
    /// Where it stands, as the last frame said; a client that does not resume is told no such thing.
    places: Option<Places>,
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
    notices: Vec<Notice>,
    /// What it was told that cannot be.
    pub(crate) complaints: Vec<String>,
    chance: Chance,
}

impl Client {
    /// Somebody who is in these rooms and knows nothing of them yet.
    pub(crate) fn new(
        name: String,
        person: String,
        manner: Manner,
        rooms: &[String],
        chance: Chance,
    ) -> Self {
        let seats = rooms.iter().map(|room| (room.clone(), Seat::default())).collect();
        Self {
            name,
            person,
            seats,
            manner,
            places: None,
            inbox: None,
            came_with: None,
            is_outside: false,
            is_lossy: false,
            sent: Vec::new(),
            sizes: Vec::new(),
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

    /// Where it stands, for a server that lets it resume.
    pub(crate) fn places(&self) -> Option<&Places> {
        self.places.as_ref()
    }

    /// The last number of the inbox that it has, if it keeps account of that.
    pub(crate) fn cursor(&self) -> Option<u64> {
        self.inbox.filter(|_| self.manner == Manner::Cursor)
    }

    /// The last frame said where it stands.
    pub(crate) fn note(&mut self, places: Places) {
        self.places = Some(places);
    }

    /// The entries that its dialect has a word for.
    pub(crate) fn kinds(&self) -> BTreeSet<EntryKind> {
        match self.manner {
            Manner::Plain | Manner::Cursor => [EntryKind::Direct, EntryKind::Job, EntryKind::Notice].into(),
            Manner::Resuming => [EntryKind::Job, EntryKind::Notice].into(),
        }
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
        self.is_outside = self.manner == Manner::Resuming;
        self.notices.push(Notice::Connected);
        self.came_with = self.cursor();
        for seat in self.seats.values_mut() {
            seat.is_member = true;
            seat.followed |= seat.follows;
            (seat.follows, seat.asked_at, seat.sent_at, seat.not_before) = (false, None, None, 0);
        }
        self.look(now)
    }

    /// Says a line, in a room that it is in.
    pub(crate) fn say(&mut self, room: &str, now: u64) -> Vec<Wish> {
        let Some(seat) = self.seats.get_mut(room).filter(|seat| seat.is_member) else { return Vec::new() };
        let (index, draft) = (self.sent.len(), self.chance.uuid());
        self.sizes.push(usize::try_from(self.chance.between(0, 80)).unwrap_or_default());
        self.sent.push(Sent {
            client: self.name.clone(),
            room: room.to_owned(),
            text: format!("{} {index}", self.name),
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
        if self.is_outside {
            return wishes;
        }
        let overdue = |since: Option<u64>| since.is_none_or(|since| now >= since + PATIENCE_MS);
        for (room, seat) in &mut self.seats {
            if !seat.is_member || now < seat.not_before {
                continue;
            }
            if !seat.follows || seat.asked_at.is_some() {
                if overdue(seat.asked_at) {
                    seat.asked_at = Some(now);
                    let counts = self.manner != Manner::Resuming;
                    let since = seat.last.filter(|_| counts).map(|last| (seat.epoch, last));
                    wishes.push(Wish::Join { room: room.clone(), since });
                }
                if !seat.follows {
                    continue;
                }
            }
            if let Some((index, draft)) = seat.unsent.front()
                && overdue(seat.sent_at)
                && let (Some(sent), Some(size)) = (self.sent.get(*index), self.sizes.get(*index))
            {
                seat.sent_at = Some(now);
                let text = grow(&sent.text, *size, '.');
                wishes.push(Wish::Post { room: room.clone(), draft: *draft, text });
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
            Told::Entry { text, number, .. } => {
                self.inbox = self.inbox.max(*number);
                self.notices.push(Notice::Entry { text: text.clone(), number: *number });
            }
            Told::Inbox { number, recovered } => self.hear_position(*number, *recovered),
            Told::Resumed { recovered } => self.hear_resumed(*recovered),
            Told::Presence { room, online, offline } => {
                if let Some(seat) = self.seats.get_mut(room) {
                    seat.present.extend(online.iter().cloned());
                    seat.present.retain(|person| !offline.contains(person));
                }
            }
        }
        self.look(now)
    }

    /// Where it stands in the inbox, after what it missed or, where that is not kept, instead of it.
    fn hear_position(&mut self, number: u64, recovered: bool) {
        self.inbox = Some(number);
        if let Some(after) = self.came_with.filter(|_| recovered) {
            self.notices.push(Notice::InboxRecovered { after, upto: number });
        }
    }

    /// Let in. Whoever wrote the client library takes a recovered client to follow what it followed before.
    fn hear_resumed(&mut self, recovered: bool) {
        self.is_outside = false;
        if !recovered {
            self.places = None;
        }
        for (room, seat) in &mut self.seats {
            seat.follows = recovered && seat.followed;
            seat.followed = false;
            if seat.follows {
                self.notices.push(Notice::Recovered { room: room.clone() });
            }
        }
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
        // The client library of one that resumes looks at no numbers.
        if self.manner != Manner::Resuming && next.is_some_and(|next| line.seq < next) {
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
        seat.followed = false;
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
    pub(crate) fn into_history(self, hears_inbox: bool) -> (Vec<Sent>, View) {
        let (kinds, manner) = (self.kinds(), self.manner);
        let following = self.seats.into_iter().filter(|(_, seat)| seat.follows);
        let mut present: BTreeMap<String, BTreeSet<String>> =
            following.map(|(room, seat)| (room, seat.present)).collect();
        let follows = present.keys().cloned().collect();
        if manner == Manner::Resuming {
            // Who is there is told with the answer to a join, and not to one that resumes.
            present.clear();
        }
        let end = End { follows, present, hears_inbox };
        (self.sent, View { client: self.name, person: self.person, notices: self.notices, kinds, end })
    }
}

fn place(line: &Line) -> Place {
    Place { epoch: Some(line.epoch.0), seq: Some(line.seq), id: Some(line.id.to_string()) }
}
