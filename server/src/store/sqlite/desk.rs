//! What the writer has at hand of rooms and people, so that it need not look for every message.
//!
//! Right because nobody else writes: what is remembered changes with the transactions of the one writer only, and is
//! dropped with each of them that fails and each that takes a room away. Should another program have written all the
//! same, SQLite tells (<https://sqlite.org/pragma.html#pragma_data_version>), and all is looked up again.

use std::collections::HashMap;

use protocol::{RoomId, UserId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::rows::{number, seq_number};

/// Rooms, and people, that are remembered at most: some ten MiB.
const MOST: usize = 65_536;

/// Where a room stands.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// What other tables call it.
    pub(super) room: i64,
    pub(super) epoch: u32,
    /// The number of its newest message.
    pub(super) head: u64,
    /// When the room was active with that ([`Desk::next_active_ms`]), if the table does not have it yet.
    active_at_ms: Option<i64>,
}

impl Place {
    /// The next number is given.
    pub(super) fn advance(&mut self, active_at_ms: i64) {
        self.head += 1;
        self.active_at_ms = Some(active_at_ms);
    }
}

/// See above.
#[derive(Default)]
pub(super) struct Desk {
    rooms: HashMap<RoomId, Place>,
    people: HashMap<UserId, i64>,
    /// The latest that a room was active, once it was asked for.
    latest_active_ms: Option<i64>,
    /// What SQLite called the state of the database; it changes when another connection commits.
    version: Option<i64>,
}

impl Desk {
    /// Forgets everything that may be wrong by now. For the beginning of a transaction.
    pub(super) fn freshen(&mut self, connection: &Connection) -> Result<(), rusqlite::Error> {
        let version: i64 =
            connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if self.version != Some(version) || self.rooms.len() > MOST || self.people.len() > MOST {
            self.clear();
            self.latest_active_ms = self.latest_active_ms.filter(|_| self.version == Some(version));
            self.version = Some(version);
        }
        Ok(())
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.rooms.clear();
        self.people.clear();
    }

    /// Where a room stands; `None` if there is none.
    pub(super) fn place(
        &mut self,
        connection: &Connection,
        room: &RoomId,
    ) -> Result<Option<Place>, rusqlite::Error> {
        if let Some(place) = self.rooms.get(room) {
            return Ok(Some(*place));
        }
        let found = connection
            .prepare_cached("SELECT key, epoch, head FROM rooms WHERE id = ?")?
            .query_row([room.as_str()], |row| {
                let head = number(row.get(2)?)?;
                Ok(Place { room: row.get(0)?, epoch: row.get(1)?, head, active_at_ms: None })
            })
            .optional()?;
        if let Some(place) = found {
            self.rooms.insert(room.clone(), place);
        }
        Ok(found)
    }

    /// When a room is active in which something is said now: what lists are ordered by. Later than all before, also when
    /// the clock was set back meanwhile.
    pub(super) fn next_active_ms(
        &mut self,
        connection: &Connection,
        at_ms: i64,
    ) -> Result<i64, rusqlite::Error> {
        let before = if let Some(before) = self.latest_active_ms {
            before
        } else {
            let mut latest = connection.prepare_cached("SELECT MAX(active_at_ms) FROM rooms")?;
            latest.query_row([], |row| row.get::<_, Option<i64>>(0))?.unwrap_or(at_ms)
        };
        let next = if at_ms < before { before + 1 } else { at_ms };
        self.latest_active_ms = Some(next);
        Ok(next)
    }

    /// A room was active in another way.
    pub(super) fn note_active_ms(&mut self, at_ms: Option<i64>) {
        self.latest_active_ms =
            self.latest_active_ms.map(|before| at_ms.map_or(before, |at_ms| before.max(at_ms)));
    }

    /// What other tables call a person; `None` if there is none.
    pub(super) fn person(
        &mut self,
        connection: &Connection,
        person: &UserId,
    ) -> Result<Option<i64>, rusqlite::Error> {
        if let Some(key) = self.people.get(person) {
            return Ok(Some(*key));
        }
        let found = person_key(connection, person)?;
        if let Some(key) = found {
            self.people.insert(person.clone(), key);
        }
        Ok(found)
    }

    /// Remembers where a room stands now.
    pub(super) fn put(&mut self, room: &RoomId, place: Place) {
        if let Some(there) = self.rooms.get_mut(room) {
            *there = place;
        }
    }

    /// Writes the heads of those rooms among these that have moved, each once.
    pub(super) fn write_heads<'a>(
        &mut self,
        connection: &Connection,
        rooms: impl Iterator<Item = &'a RoomId>,
    ) -> Result<(), rusqlite::Error> {
        let mut update =
            connection.prepare_cached("UPDATE rooms SET head = ?, active_at_ms = ? WHERE key = ?")?;
        for room in rooms {
            if let Some(place) = self.rooms.get_mut(room)
                && let Some(at_ms) = place.active_at_ms.take()
            {
                update.execute(params![seq_number(place.head), at_ms, place.room])?;
            }
        }
        Ok(())
    }
}

/// What other tables call a person; `None` if there is none.
pub(super) fn person_key(connection: &Connection, person: &UserId) -> Result<Option<i64>, rusqlite::Error> {
    connection
        .prepare_cached("SELECT key FROM people WHERE id = ?")?
        .query_row([person.as_str()], |row| row.get(0))
        .optional()
}
