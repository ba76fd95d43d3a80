//! Users as a write needs them: each with the key and the account, looked up in the write's transaction.

use std::collections::HashSet;
use std::sync::Arc;

use hub::model::{Membership, User};
use hub::store::StoreError;
use protocol::{Role, UserId};
use rusqlite::{Connection, OptionalExtension as _};

use super::row_mapping::UserRow;
use crate::store::sqlite::write_tx::WriteError;

/// A user with an account.
pub(super) struct KnownUser {
    key: i64,
    user: Arc<User>,
}

impl KnownUser {
    pub(super) fn key(&self) -> i64 {
        self.key
    }

    pub(super) fn id(&self) -> &UserId {
        &self.user.id
    }

    /// A new member with the user's key.
    pub(super) fn into_member(self, role: Role) -> (i64, Membership) {
        (self.key, Membership { user: self.user, role, read_seq: 0 })
    }
}

/// The accounts of these users, each once, in their order. Rejects a user that does not exist.
pub(super) fn lookup(
    connection: &Connection,
    users: &[UserId],
) -> Result<Vec<KnownUser>, WriteError<StoreError>> {
    let mut find = connection.prepare_cached(
        "SELECT key, id AS person_id, username, email, is_active, created_at_ms AS person_created_at_ms
         FROM people WHERE id = ?",
    )?;
    let mut seen = HashSet::new();
    let mut known = Vec::with_capacity(users.len());
    for user in users.iter().filter(|user| seen.insert(*user)) {
        let found =
            find.query_row([user.as_str()], |row| Ok((row.get("key")?, UserRow::read(row)?))).optional()?;
        let (key, row) = found.ok_or_else(|| WriteError::Rejected(StoreError::NoSuchUser(user.clone())))?;
        known.push(KnownUser { key, user: Arc::new(row.user()?) });
    }
    Ok(known)
}
