//! The quota of sign-ins: the oldest sign-ins of a user end when there are too many.

use protocol::UserId;
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::keys::user_key;
use super::row_mapping::uuid;
use crate::store::sqlite::write_tx::DatabaseError;

pub(super) const OLDEST: &str = "
    UPDATE sign_ins SET is_revoked = 1 WHERE id IN
      (SELECT id FROM sign_ins INDEXED BY sign_ins_live_by_person
       WHERE person = ?1 AND NOT is_revoked AND expires_at_ms > ?2 AND id <> ?3
       ORDER BY expires_at_ms DESC, id DESC LIMIT -1 OFFSET ?4)
    RETURNING id";

/// See [`Accounts::end_oldest`](crate::auth::accounts::Accounts::end_oldest).
pub(crate) fn end_oldest(
    connection: &Connection,
    user: &UserId,
    newest: Uuid,
    most: u32,
    now_ms: i64,
) -> Result<Vec<Uuid>, DatabaseError> {
    let Some(user) = user_key(connection, user)? else { return Ok(Vec::new()) };
    let mut end = connection.prepare_cached(OLDEST)?;
    // The newest is one of them.
    let others = most.saturating_sub(1);
    let ended = end.query_map(params![user, now_ms, newest.as_bytes().as_slice(), others], |row| {
        row.get::<_, Vec<u8>>(0)
    })?;
    ended.map(|id| Ok(uuid(&id?)?)).collect()
}
