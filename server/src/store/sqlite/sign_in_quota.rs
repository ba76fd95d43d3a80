//! How many sign-ins a user has: the oldest ones end when there are too many.

use std::convert::Infallible;

use protocol::UserId;
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::desk::person_key;
use super::rows::uuid;
use super::writer::{Broken, Change, Fault, Work};

/// See [`Accounts::end_oldest`](crate::auth::accounts::Accounts::end_oldest).
pub(super) struct EndOldest {
    pub(super) user: UserId,
    pub(super) newest: Uuid,
    pub(super) most: u32,
    pub(super) now_ms: i64,
}

pub(super) const OLDEST: &str = "
    UPDATE sign_ins SET is_revoked = 1 WHERE id IN
      (SELECT id FROM sign_ins INDEXED BY sign_ins_live_by_person
       WHERE person = ?1 AND NOT is_revoked AND expires_at_ms > ?2 AND id <> ?3
       ORDER BY expires_at_ms DESC, id DESC LIMIT -1 OFFSET ?4)
    RETURNING id";

impl Change for EndOldest {
    type Done = Vec<Uuid>;
    type Refusal = Infallible;
}

impl Work for EndOldest {
    fn run(&self, connection: &Connection) -> Result<Vec<Uuid>, Fault<Infallible>> {
        let Some(person) = person_key(connection, &self.user)? else { return Ok(Vec::new()) };
        let mut end = connection.prepare_cached(OLDEST)?;
        let newest = self.newest.as_bytes().as_slice();
        // The newest is one of them.
        let others = self.most.saturating_sub(1);
        let ended =
            end.query_map(params![person, self.now_ms, newest, others], |row| row.get::<_, Vec<u8>>(0))?;
        let ended: Result<Vec<_>, Broken> = ended.map(|id| Ok(uuid(&id?)?)).collect();
        Ok(ended?)
    }
}
