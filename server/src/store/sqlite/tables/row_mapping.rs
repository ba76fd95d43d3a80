//! Row mapping: columns to types and back, for what several tables share.

use std::sync::Arc;

use hub::model::{Membership, User};
use protocol::{DraftId, MessageId, MessageKind, Role, RoomId, RoomKind, UserId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::FromRow;
use uuid::Uuid;

use crate::auth::ClaimsRole;
use crate::auth::accounts::Account;

/// The columns of a person.
#[derive(FromRow)]
pub(super) struct PersonRow {
    person_id: String,
    username: String,
    email: String,
    is_active: bool,
    person_created_at_ms: i64,
}

impl PersonRow {
    /// The same for a row of rusqlite.
    pub(super) fn read(row: &rusqlite::Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            person_id: row.get("person_id")?,
            username: row.get("username")?,
            email: row.get("email")?,
            is_active: row.get("is_active")?,
            person_created_at_ms: row.get("person_created_at_ms")?,
        })
    }

    pub(super) fn user(self) -> Result<User, sqlx::Error> {
        Ok(User {
            id: user_id(&self.person_id)?,
            username: self.username,
            email: self.email,
            is_active: self.is_active,
            created_at_ms: self.person_created_at_ms,
        })
    }
}

/// The columns of an account.
#[derive(FromRow)]
pub(super) struct AccountRow {
    #[sqlx(rename = "clearance")]
    claims_role: i64,
    #[sqlx(flatten)]
    user: PersonRow,
}

impl AccountRow {
    /// The same for a row of rusqlite.
    pub(super) fn read(row: &rusqlite::Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self { claims_role: row.get("clearance")?, user: PersonRow::read(row)? })
    }

    pub(super) fn account(self) -> Result<Account, sqlx::Error> {
        let claims_role = match self.claims_role {
            0 => ClaimsRole::User,
            1 => ClaimsRole::Service,
            2 => ClaimsRole::Admin,
            _ => return Err(unreadable("no such clearance")),
        };
        Ok(Account { user: Arc::new(self.user.user()?), claims_role })
    }
}

/// As [`AccountRow`] has it.
pub(super) fn clearance_number(claims_role: ClaimsRole) -> i64 {
    match claims_role {
        ClaimsRole::User => 0,
        ClaimsRole::Service => 1,
        ClaimsRole::Admin => 2,
    }
}

/// The columns of a membership.
#[derive(FromRow)]
pub(super) struct MemberRow {
    role: i64,
    read_seq: u64,
    #[sqlx(flatten)]
    user: PersonRow,
}

impl MemberRow {
    pub(super) fn membership(self) -> Result<Membership, sqlx::Error> {
        Ok(Membership { user: Arc::new(self.user.user()?), role: role(self.role)?, read_seq: self.read_seq })
    }
}

/// Something is stored that this program would not store.
pub(super) fn unreadable(problem: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> sqlx::Error {
    sqlx::Error::Decode(problem.into())
}

pub(super) fn user_id(raw: &str) -> Result<UserId, sqlx::Error> {
    UserId::parse(raw).map_err(unreadable)
}

pub(crate) fn room_id(raw: &str) -> Result<RoomId, sqlx::Error> {
    RoomId::parse(raw).map_err(unreadable)
}

pub(crate) fn message_id(raw: &[u8]) -> Result<MessageId, sqlx::Error> {
    uuid(raw).map(MessageId)
}

pub(crate) fn message_kind(raw: Option<&str>) -> Result<MessageKind, sqlx::Error> {
    raw.map_or(Ok(MessageKind::Text), |raw| MessageKind::parse(raw).map_err(unreadable))
}

/// Plain text, which is the rule, takes no room in a row.
pub(super) fn message_kind_name(kind: &MessageKind) -> Option<&str> {
    Some(kind.as_str()).filter(|_| !kind.is_text())
}

pub(crate) fn draft_id(raw: &[u8]) -> Result<DraftId, sqlx::Error> {
    uuid(raw).map(DraftId)
}

pub(crate) fn uuid(raw: &[u8]) -> Result<Uuid, sqlx::Error> {
    Uuid::from_slice(raw).map_err(unreadable)
}

pub(crate) fn role(number: i64) -> Result<Role, sqlx::Error> {
    match number {
        0 => Ok(Role::Member),
        1 => Ok(Role::Owner),
        _ => Err(unreadable("no such role")),
    }
}

pub(super) fn role_number(role: Role) -> i64 {
    match role {
        Role::Member => 0,
        Role::Owner => 1,
    }
}

pub(crate) fn kind(number: i64) -> Result<RoomKind, sqlx::Error> {
    match number {
        0 => Ok(RoomKind::Group),
        1 => Ok(RoomKind::Live),
        _ => Err(unreadable("no such kind of room")),
    }
}

pub(super) fn kind_number(kind: RoomKind) -> i64 {
    match kind {
        RoomKind::Group => 0,
        RoomKind::Live => 1,
    }
}

/// A message's number for SQLite, whose integers have a sign. One that is too great for it is beyond every message.
pub(crate) fn seq_number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// The upper end of a list by identifier: this one, or none. SQLite compares blobs byte by byte, so 17 bytes of ones are
/// beyond every UUID.
pub(super) fn up_to(before: Option<Uuid>) -> Vec<u8> {
    before.map_or_else(|| vec![u8::MAX; 17], |id| id.as_bytes().to_vec())
}

/// A number that is never below zero, as SQLite has it.
pub(crate) fn number(stored: i64) -> Result<u64, rusqlite::Error> {
    u64::try_from(stored).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, stored))
}

/// What the database keeps as a whole.
pub(super) fn json(value: &impl Serialize) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(error.into()))
}

pub(crate) fn from_json<T: DeserializeOwned>(raw: &str) -> Result<T, sqlx::Error> {
    serde_json::from_str(raw).map_err(unreadable)
}
