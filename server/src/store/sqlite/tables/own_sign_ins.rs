//! A user's own sign-ins: list them, end some, change the password; and when each was last used.

use protocol::UserId;
use rusqlite::{Connection, Params, params};
use sqlx::sqlite::SqlitePool;
use sqlx::{FromRow, query_as};
use uuid::Uuid;

use super::keys::user_key;
use super::row_mapping::uuid;
use crate::auth::accounts::{EndSignIns, Ending, ListedSignIn, MAX_LISTED, NewPassword};
use crate::store::sqlite::write_tx::DatabaseError;

/// The live sign-ins of a user. The few of one user are sorted.
pub(super) const LIST: &str = "
    SELECT id, device, created_at_ms, seen_at_ms, expires_at_ms FROM sign_ins
    WHERE person = (SELECT key FROM people WHERE id = ?1 AND is_active) AND NOT is_revoked AND expires_at_ms > ?2
    ORDER BY seen_at_ms DESC, id DESC LIMIT ?3";

/// Ends a live sign-in of a user.
const END_ONE: &str = "
    UPDATE sign_ins SET is_revoked = 1
    WHERE id = ?2 AND person = ?1 AND NOT is_revoked AND expires_at_ms > ?3 RETURNING id";

/// Ends all sign-ins of a user but one. Also those that have expired: a clock that was set ahead and is set right would
/// bring them back.
pub(super) const END_OTHERS: &str =
    "UPDATE sign_ins SET is_revoked = 1 WHERE person = ?1 AND NOT is_revoked AND id IS NOT ?2 RETURNING id";

#[derive(FromRow)]
struct ListedRow {
    id: Vec<u8>,
    device: String,
    created_at_ms: i64,
    seen_at_ms: i64,
    expires_at_ms: i64,
}

/// See [`Accounts::sign_ins_of`](crate::auth::accounts::Accounts::sign_ins_of).
pub(crate) async fn list(
    readers: &SqlitePool,
    user: &UserId,
    now_ms: i64,
) -> Result<Vec<ListedSignIn>, sqlx::Error> {
    let rows: Vec<ListedRow> =
        query_as(LIST).bind(user.as_str()).bind(now_ms).bind(MAX_LISTED).fetch_all(readers).await?;
    let read = |row: ListedRow| {
        let ListedRow { id, device, created_at_ms, seen_at_ms, expires_at_ms } = row;
        Ok(ListedSignIn { id: uuid(&id)?, device, created_at_ms, seen_at_ms, expires_at_ms })
    };
    rows.into_iter().map(read).collect()
}

/// Whether a sign-in of this user can be used.
fn is_live(connection: &Connection, user: i64, id: Uuid, now_ms: i64) -> Result<bool, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM sign_ins s JOIN people p ON p.key = s.person
             WHERE s.id = ? AND s.person = ? AND s.expires_at_ms > ? AND NOT s.is_revoked AND p.is_active)",
        )?
        .query_row(params![id.as_bytes().as_slice(), user, now_ms], |row| row.get(0))
}

/// Runs a statement that returns identifiers.
fn ended(connection: &Connection, statement: &str, params: impl Params) -> Result<Vec<Uuid>, DatabaseError> {
    let mut statement = connection.prepare_cached(statement)?;
    let rows = statement.query_map(params, |row| row.get::<_, Vec<u8>>(0))?;
    rows.map(|id| Ok(uuid(&id?)?)).collect()
}

fn end_others(connection: &Connection, user: i64, kept: Option<Uuid>) -> Result<Vec<Uuid>, DatabaseError> {
    ended(connection, END_OTHERS, params![user, kept.as_ref().map(|id| id.as_bytes().as_slice())])
}

/// See [`Accounts::end_sign_ins`](crate::auth::accounts::Accounts::end_sign_ins).
pub(crate) fn end(connection: &Connection, request: &EndSignIns) -> Result<Option<Vec<Uuid>>, DatabaseError> {
    let EndSignIns { user, by, ending, now_ms } = request;
    let Some(user) = user_key(connection, user)? else { return Ok(None) };
    if let Some(by) = by
        && !is_live(connection, user, *by, *now_ms)?
    {
        return Ok(None);
    }
    let ended = match ending {
        Ending::One(id) => ended(connection, END_ONE, params![user, id.as_bytes().as_slice(), now_ms])?,
        Ending::Others => end_others(connection, user, *by)?,
    };
    Ok(Some(ended))
}

/// See [`Accounts::change_password`](crate::auth::accounts::Accounts::change_password).
pub(crate) fn change_password(
    connection: &Connection,
    change: &NewPassword,
) -> Result<Option<Vec<Uuid>>, DatabaseError> {
    let NewPassword { user, by, old_hash, new_hash, now_ms } = change;
    let Some(user) = user_key(connection, user)? else { return Ok(None) };
    if !is_live(connection, user, *by, *now_ms)? {
        return Ok(None);
    }
    let changed = connection
        .prepare_cached("UPDATE people SET password_hash = ? WHERE key = ? AND password_hash = ?")?
        .execute(params![new_hash, user, old_hash])?;
    if changed == 0 {
        return Ok(None);
    }
    Ok(Some(end_others(connection, user, Some(*by))?))
}

/// See [`Accounts::note_seen`](crate::auth::accounts::Accounts::note_seen).
pub(crate) fn note_seen(connection: &Connection, seen: &[(Uuid, i64)]) -> Result<(), rusqlite::Error> {
    let mut update = connection.prepare_cached("UPDATE sign_ins SET seen_at_ms = ? WHERE id = ?")?;
    for (id, seen_at_ms) in seen {
        update.execute(params![seen_at_ms, id.as_bytes().as_slice()])?;
    }
    Ok(())
}
