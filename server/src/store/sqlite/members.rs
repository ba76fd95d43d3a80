//! Who is in a room, as what, and how far they have read.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;

use hub::model::{Membership, Person};
use hub::port::StoreError;
use protocol::{Cursor, Role, RoomId, UserId};
use rusqlite::{Connection, OptionalExtension as _, params};
use sqlx::sqlite::SqlitePool;
use sqlx::{query_as, query_scalar};

use super::rows::{PersonRow, role_number, room_id, seq_number, user_id};
use super::writer::{Change, Fault, Work};
use super::{quotas, rooms};

/// Somebody with an account.
pub(super) struct Known {
    key: i64,
    person: Arc<Person>,
}

impl Known {
    pub(super) fn key(&self) -> i64 {
        self.key
    }

    pub(super) fn id(&self) -> &UserId {
        &self.person.id
    }

    /// What [`insert`] takes.
    pub(super) fn into_member(self, role: Role) -> (i64, Membership) {
        (self.key, Membership { person: self.person, role, read_seq: 0 })
    }
}

/// The accounts of these people, each once, in their order.
pub(super) fn lookup(connection: &Connection, people: &[UserId]) -> Result<Vec<Known>, Fault<StoreError>> {
    let mut find = connection.prepare_cached(
        "SELECT key, id AS person_id, username, email, is_active, created_at_ms AS person_created_at_ms
         FROM people WHERE id = ?",
    )?;
    let mut seen = HashSet::new();
    let mut known = Vec::with_capacity(people.len());
    for person in people.iter().filter(|person| seen.insert(*person)) {
        let found = find
            .query_row([person.as_str()], |row| Ok((row.get("key")?, PersonRow::read(row)?)))
            .optional()?;
        let (key, row) = found.ok_or_else(|| Fault::Refused(StoreError::NoSuchPerson(person.clone())))?;
        known.push(Known { key, person: Arc::new(row.person()?) });
    }
    Ok(known)
}

/// Puts people into a room in which they are not.
pub(super) fn insert(
    connection: &Connection,
    room: i64,
    members: &[(i64, Membership)],
    at_ms: i64,
) -> Result<(), rusqlite::Error> {
    let mut insert = connection
        .prepare_cached("INSERT INTO members (room, person, role, joined_at_ms) VALUES (?, ?, ?, ?)")?;
    for (person, membership) in members {
        insert.execute(params![room, person, role_number(membership.role), at_ms])?;
    }
    Ok(())
}

/// See [`hub::port::Store::add_members`].
pub(super) struct Add {
    pub(super) room: RoomId,
    pub(super) people: Vec<UserId>,
    pub(super) at_ms: i64,
}

impl Change for Add {
    type Done = Vec<Membership>;
    type Refusal = StoreError;
}

impl Work for Add {
    fn run(&self, connection: &Connection) -> Result<Vec<Membership>, Fault<StoreError>> {
        let room = rooms::chat_key(connection, &self.room)?;
        let room = room.ok_or(Fault::Refused(StoreError::NoSuchRoom))?;
        let people = lookup(connection, &self.people)?;
        if let Some(gone) = quotas::find_left(connection, room, &people)? {
            return Err(Fault::Refused(StoreError::LeftForGood(gone)));
        }
        let inside: HashSet<i64> = connection
            .prepare_cached("SELECT person FROM members WHERE room = ?")?
            .query_map([room], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let added: Vec<_> = people
            .into_iter()
            .filter(|known| !inside.contains(&known.key))
            .map(|known| known.into_member(Role::Member))
            .collect();
        insert(connection, room, &added, self.at_ms)?;
        Ok(added.into_iter().map(|(_, membership)| membership).collect())
    }
}

/// See [`hub::port::Store::remove_member`] and [`hub::port::Store::leave_for_good`].
pub(super) struct Remove {
    pub(super) room: RoomId,
    pub(super) person: UserId,
    pub(super) for_good: bool,
}

impl Change for Remove {
    type Done = Option<UserId>;
    type Refusal = Infallible;
}

impl Work for Remove {
    fn run(&self, connection: &Connection) -> Result<Option<UserId>, Fault<Infallible>> {
        if self.for_good {
            quotas::note_left(connection, &self.room, &self.person)?;
        }
        let mut remove = connection.prepare_cached(
            "DELETE FROM members WHERE room = (SELECT key FROM rooms WHERE id = ?)
                                   AND person = (SELECT key FROM people WHERE id = ?) RETURNING room",
        )?;
        let left: Option<i64> =
            remove.query_row([self.room.as_str(), self.person.as_str()], |row| row.get(0)).optional()?;
        let Some(room) = left else { return Ok(None) };
        let mut promote = connection.prepare_cached(
            "UPDATE members SET role = 1
             WHERE key = (SELECT MIN(key) FROM members WHERE room = ?1)
               AND NOT EXISTS (SELECT 1 FROM members WHERE room = ?1 AND role = 1)
             RETURNING (SELECT id FROM people WHERE people.key = members.person)",
        )?;
        let heir: Option<String> = promote.query_row([room], |row| row.get(0)).optional()?;
        Ok(heir.as_deref().map(user_id).transpose()?)
    }
}

/// See [`hub::port::Store::mark_read`].
pub(super) struct MarkRead {
    pub(super) room: RoomId,
    pub(super) marks: Vec<(UserId, u64)>,
}

impl Change for MarkRead {
    type Done = ();
    type Refusal = Infallible;
}

impl Work for MarkRead {
    fn run(&self, connection: &Connection) -> Result<(), Fault<Infallible>> {
        let room = connection
            .prepare_cached("SELECT key, head FROM rooms WHERE id = ?")?
            .query_row([self.room.as_str()], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
            .optional()?;
        let Some((room, head)) = room else { return Ok(()) };
        let mut raise = connection.prepare_cached(
            "UPDATE members SET read_seq = ?1
             WHERE room = ?2 AND person = (SELECT key FROM people WHERE id = ?3) AND read_seq < ?1",
        )?;
        for (person, seq) in &self.marks {
            raise.execute(params![seq_number(*seq).min(head), room, person.as_str()])?;
        }
        Ok(())
    }
}

pub(super) const ROLE: &str = "
    SELECT role FROM members
    WHERE room = (SELECT COALESCE(chat, key) FROM rooms WHERE id = ?)
      AND person = (SELECT key FROM people WHERE id = ?)";

pub(super) const HEADS: &str = "
    SELECT r.id, r.epoch, r.head FROM members m JOIN rooms r ON r.key = m.room
    WHERE m.person = (SELECT key FROM people WHERE id = ?1)
    UNION ALL
    SELECT r.id, r.epoch, r.head FROM members m JOIN rooms r ON r.chat = m.room
    WHERE m.person = (SELECT key FROM people WHERE id = ?1)";

/// See [`hub::port::Store::role`]. In a live room it is the role in its chat.
pub(super) async fn role(
    readers: &SqlitePool,
    room: &RoomId,
    person: &UserId,
) -> Result<Option<Role>, sqlx::Error> {
    let number: Option<i64> =
        query_scalar(ROLE).bind(room.as_str()).bind(person.as_str()).fetch_optional(readers).await?;
    number.map(super::rows::role).transpose()
}

/// Refuses what only somebody in a room may be part of, in the transaction that stores it.
pub(super) fn check(
    connection: &Connection,
    room: &RoomId,
    person: &UserId,
    refusal: StoreError,
) -> Result<(), Fault<StoreError>> {
    let is_in = connection.prepare_cached(ROLE)?.exists([room.as_str(), person.as_str()])?;
    if is_in { Ok(()) } else { Err(Fault::Refused(refusal)) }
}

/// See [`hub::port::Store::heads_of`].
pub(super) async fn heads_of(
    readers: &SqlitePool,
    person: &UserId,
) -> Result<Vec<(RoomId, Cursor)>, sqlx::Error> {
    let heads: Vec<(String, u32, u64)> = query_as(HEADS).bind(person.as_str()).fetch_all(readers).await?;
    heads.into_iter().map(|(room, epoch, seq)| Ok((room_id(&room)?, Cursor { epoch, seq }))).collect()
}
