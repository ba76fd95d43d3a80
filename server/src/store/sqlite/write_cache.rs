//! `WriteCache`: room heads and row ids in memory, so that an append reads neither for each message.
//!
//! It is right because no other thread writes: its contents change with the transactions of the single writer only, and it is
//! dropped with each of them that fails and each that deletes a room. Should another program have written all the same,
//! SQLite says so (<https://sqlite.org/pragma.html#pragma_data_version>), and everything is read again.

use std::collections::HashMap;

use protocol::{RoomId, UserId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::tables::keys::user_key;
use super::tables::row_mapping::{number, seq_number};

/// Rooms, and users, that are cached at most: some ten MiB.
const MAX_ENTRIES: usize = 65_536;

/// The end of a room's log.
#[derive(Clone, Copy)]
pub(super) struct RoomHead {
    /// The room's key in other tables.
    pub(super) room: i64,
    pub(super) epoch: u32,
    /// The number of its newest message.
    pub(super) seq: u64,
    /// The number of the last change of a message.
    pub(super) rev: u64,
    /// When the room was active with that ([`WriteCache::next_active_ms`]), if the table does not have it yet.
    active_at_ms: Option<i64>,
}

impl RoomHead {
    /// Moves it past one more message.
    pub(super) fn advance(&mut self, active_at_ms: i64) {
        self.seq += 1;
        self.active_at_ms = Some(active_at_ms);
    }
}

/// See the module.
#[derive(Default)]
pub(super) struct WriteCache {
    rooms: HashMap<RoomId, RoomHead>,
    users: HashMap<UserId, i64>,
    /// The latest that a room was active, once it was asked for.
    latest_active_ms: Option<i64>,
    /// SQLite's number for the state of the database; it changes when another connection commits.
    version: Option<i64>,
}

impl WriteCache {
    /// Drops everything that another connection may have changed, and everything when there is too much. For the beginning
    /// of a transaction.
    pub(super) fn invalidate_if_changed(&mut self, connection: &Connection) -> Result<(), rusqlite::Error> {
        let version: i64 =
            connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if self.version != Some(version) || self.rooms.len() > MAX_ENTRIES || self.users.len() > MAX_ENTRIES {
            self.clear();
            self.latest_active_ms = self.latest_active_ms.filter(|_| self.version == Some(version));
            self.version = Some(version);
        }
        Ok(())
    }

    /// Drops all heads and keys.
    pub(super) fn clear(&mut self) {
        self.rooms.clear();
        self.users.clear();
    }

    /// The head of a room; `None` if there is no such room.
    pub(super) fn head(
        &mut self,
        connection: &Connection,
        room: &RoomId,
    ) -> Result<Option<RoomHead>, rusqlite::Error> {
        if let Some(head) = self.rooms.get(room) {
            return Ok(Some(*head));
        }
        let found = connection
            .prepare_cached("SELECT key, epoch, head, rev FROM rooms WHERE id = ?")?
            .query_row([room.as_str()], |row| {
                let (seq, rev) = (number(row.get(2)?)?, number(row.get(3)?)?);
                Ok(RoomHead { room: row.get(0)?, epoch: row.get(1)?, seq, rev, active_at_ms: None })
            })
            .optional()?;
        if let Some(head) = found {
            self.rooms.insert(room.clone(), head);
        }
        Ok(found)
    }

    /// When a room is active that gets a message now: what lists are ordered by. Later than all before, also when the clock
    /// was set back meanwhile.
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

    /// Records that a room was active without a message.
    pub(super) fn note_active_ms(&mut self, at_ms: i64) {
        self.latest_active_ms = self.latest_active_ms.map(|before| before.max(at_ms));
    }

    /// The key of a user in other tables; `None` if there is no such user.
    pub(super) fn user(
        &mut self,
        connection: &Connection,
        user: &UserId,
    ) -> Result<Option<i64>, rusqlite::Error> {
        if let Some(key) = self.users.get(user) {
            return Ok(Some(*key));
        }
        let found = user_key(connection, user)?;
        if let Some(key) = found {
            self.users.insert(user.clone(), key);
        }
        Ok(found)
    }

    /// Replaces the head of a room that is cached.
    pub(super) fn set_head(&mut self, room: &RoomId, head: RoomHead) {
        if let Some(cached) = self.rooms.get_mut(room) {
            *cached = head;
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
            if let Some(head) = self.rooms.get_mut(room)
                && let Some(at_ms) = head.active_at_ms.take()
            {
                update.execute(params![seq_number(head.seq), at_ms, head.room])?;
            }
        }
        Ok(())
    }
}
