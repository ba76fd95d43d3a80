//! Who is in a room, as what, and how far they have read.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::sync::Arc;

use hub::model::{Membership, Person};
use hub::port::StoreError;
use protocol::{Cursor, Role, RoomId, UserId};
use sqlx::sqlite::{Sqlite, SqliteConnection, SqlitePool};
use sqlx::{FromRow, QueryBuilder, query_as, query_scalar};

use super::rooms;
use super::rows::{PersonRow, role_number, room_id, seq_number, user_id};
use super::writer::{Change, Fault, Work};

/// Rows of one statement: far below the 32766 parameters that SQLite takes.
const ROWS: usize = 1000;

/// Somebody with an account.
pub(super) struct Known {
    key: i64,
    person: Arc<Person>,
}

impl Known {
    /// What [`insert`] takes.
    pub(super) fn into_member(self, role: Role) -> (i64, Membership) {
        (self.key, Membership { person: self.person, role, read_seq: 0 })
    }
}

#[derive(FromRow)]
struct KnownRow {
    key: i64,
    #[sqlx(flatten)]
    person: PersonRow,
}

/// The accounts of these people, each once, in their order.
pub(super) async fn lookup(
    connection: &mut SqliteConnection,
    people: &[UserId],
) -> Result<Vec<Known>, Fault<StoreError>> {
    let mut seen = HashSet::new();
    let people: Vec<&UserId> = people.iter().filter(|person| seen.insert(*person)).collect();
    let mut known = Vec::with_capacity(people.len());
    for people in people.chunks(ROWS) {
        let mut find = QueryBuilder::<Sqlite>::new(
            "SELECT key, id AS person_id, username, email, is_active, created_at_ms AS person_created_at_ms
             FROM people WHERE id IN (",
        );
        let mut ids = find.separated(", ");
        for person in people {
            ids.push_bind(person.as_str());
        }
        find.push(")");
        let rows = find.build_query_as::<KnownRow>().persistent(false).fetch_all(&mut *connection).await?;
        let mut found = HashMap::with_capacity(rows.len());
        for row in rows {
            let person = Arc::new(row.person.person()?);
            found.insert(person.id.clone(), Known { key: row.key, person });
        }
        for &person in people {
            let unknown = || Fault::Refused(StoreError::NoSuchPerson(person.clone()));
            known.push(found.remove(person).ok_or_else(unknown)?);
        }
    }
    Ok(known)
}

/// Puts people into a room in which they are not.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    room: i64,
    members: &[(i64, Membership)],
    at_ms: i64,
) -> Result<(), sqlx::Error> {
    for members in members.chunks(ROWS) {
        let mut insert =
            QueryBuilder::<Sqlite>::new("INSERT INTO members (room, person, role, joined_at_ms) ");
        insert.push_values(members, |mut row, (person, membership)| {
            row.push_bind(room).push_bind(*person).push_bind(role_number(membership.role)).push_bind(at_ms);
        });
        insert.build().persistent(false).execute(&mut *connection).await?;
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
    async fn run(&self, connection: &mut SqliteConnection) -> Result<Vec<Membership>, Fault<StoreError>> {
        let room = rooms::chat_key(&mut *connection, &self.room).await?;
        let room = room.ok_or(Fault::Refused(StoreError::NoSuchRoom))?;
        let people = lookup(connection, &self.people).await?;
        let inside: HashSet<i64> = query_scalar("SELECT person FROM members WHERE room = ?")
            .bind(room)
            .fetch_all(&mut *connection)
            .await?
            .into_iter()
            .collect();
        let added: Vec<_> = people
            .into_iter()
            .filter(|known| !inside.contains(&known.key))
            .map(|known| known.into_member(Role::Member))
            .collect();
        insert(connection, room, &added, self.at_ms).await?;
        Ok(added.into_iter().map(|(_, membership)| membership).collect())
    }
}

/// See [`hub::port::Store::remove_member`].
pub(super) struct Remove {
    pub(super) room: RoomId,
    pub(super) person: UserId,
}

impl Change for Remove {
    type Done = Option<UserId>;
    type Refusal = Infallible;
}

impl Work for Remove {
    async fn run(&self, connection: &mut SqliteConnection) -> Result<Option<UserId>, Fault<Infallible>> {
        let left: Option<i64> = query_scalar(
            "DELETE FROM members WHERE room = (SELECT key FROM rooms WHERE id = ?)
                                   AND person = (SELECT key FROM people WHERE id = ?) RETURNING room",
        )
        .bind(self.room.as_str())
        .bind(self.person.as_str())
        .fetch_optional(&mut *connection)
        .await?;
        let Some(room) = left else { return Ok(None) };
        let heir: Option<String> = query_scalar(
            "UPDATE members SET role = 1
             WHERE key = (SELECT MIN(key) FROM members WHERE room = ?1)
               AND NOT EXISTS (SELECT 1 FROM members WHERE room = ?1 AND role = 1)
             RETURNING (SELECT id FROM people WHERE people.key = members.person)",
        )
        .bind(room)
        .fetch_optional(connection)
        .await?;
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
    async fn run(&self, connection: &mut SqliteConnection) -> Result<(), Fault<Infallible>> {
        for marks in self.marks.chunks(ROWS) {
            // Who is in the room is looked up for the marks, not the other way round: rooms are large, marks are few.
            let mut raise = QueryBuilder::<Sqlite>::new(
                "UPDATE members SET read_seq = mark.seq
                 FROM (SELECT m.key, MIN(MAX(given.column2), r.head) AS seq FROM (",
            );
            raise.push_values(marks, |mut row, (person, seq)| {
                row.push_bind(person.as_str()).push_bind(seq_number(*seq));
            });
            raise.push(") given CROSS JOIN rooms r CROSS JOIN people p CROSS JOIN members m WHERE r.id = ");
            raise.push_bind(self.room.as_str());
            raise.push(
                " AND p.id = given.column1 AND m.room = r.key AND m.person = p.key GROUP BY m.key) mark
                 WHERE members.key = mark.key AND members.read_seq < mark.seq",
            );
            raise.build().persistent(marks.len() == 1).execute(&mut *connection).await?;
        }
        Ok(())
    }
}

/// See [`hub::port::Store::role`]. In a live room it is the role in its chat.
pub(super) async fn role(
    readers: &SqlitePool,
    room: &RoomId,
    person: &UserId,
) -> Result<Option<Role>, sqlx::Error> {
    let number: Option<i64> = query_scalar(
        "SELECT role FROM members
         WHERE room = (SELECT COALESCE(chat, key) FROM rooms WHERE id = ?)
           AND person = (SELECT key FROM people WHERE id = ?)",
    )
    .bind(room.as_str())
    .bind(person.as_str())
    .fetch_optional(readers)
    .await?;
    number.map(super::rows::role).transpose()
}

/// See [`hub::port::Store::heads_of`].
pub(super) async fn heads_of(
    readers: &SqlitePool,
    person: &UserId,
) -> Result<Vec<(RoomId, Cursor)>, sqlx::Error> {
    let heads: Vec<(String, u32, u64)> = query_as(
        "SELECT r.id, r.epoch, r.head FROM members m JOIN rooms r ON r.key = m.room
         WHERE m.person = (SELECT key FROM people WHERE id = ?1)
         UNION ALL
         SELECT r.id, r.epoch, r.head FROM members m JOIN rooms r ON r.chat = m.room
         WHERE m.person = (SELECT key FROM people WHERE id = ?1)",
    )
    .bind(person.as_str())
    .fetch_all(readers)
    .await?;
    heads.into_iter().map(|(room, epoch, seq)| Ok((room_id(&room)?, Cursor { epoch, seq }))).collect()
}
