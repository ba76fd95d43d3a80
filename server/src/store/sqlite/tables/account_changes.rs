//! Changes of accounts: password, active or not, role towards the application; and the numbers by which a running server
//! learns of them.

use protocol::UserId;
use rusqlite::{Connection, Params};
use sqlx::sqlite::SqlitePool;
use sqlx::{query_as, query_scalar};

use super::keys::user_key;
use super::row_mapping::{claims_role_number, number, seq_number, unreadable, user_id};
use crate::auth::ClaimsRole;
use crate::auth::accounts::AccountError;
use crate::store::sqlite::write_tx::WriteError;

type Changed = Result<(), WriteError<AccountError>>;

/// See [`Accounts::set_password`](crate::auth::accounts::Accounts::set_password).
pub(crate) fn set_password(connection: &Connection, user: &UserId, hash: &str) -> Changed {
    let key = key_of(connection, user)?;
    update(connection, "UPDATE people SET password_hash = ? WHERE key = ?", (hash, key))?;
    end_sign_ins(connection, key)?;
    Ok(())
}

/// See [`Accounts::set_active`](crate::auth::accounts::Accounts::set_active).
pub(crate) fn set_active(connection: &Connection, user: &UserId, is_active: bool) -> Changed {
    let key = key_of(connection, user)?;
    update(connection, "UPDATE people SET is_active = ? WHERE key = ?", (is_active, key))?;
    if !is_active {
        // So that none is good again when the account is active again.
        end_sign_ins(connection, key)?;
    }
    Ok(())
}

/// See [`Accounts::set_claims_role`](crate::auth::accounts::Accounts::set_claims_role).
pub(crate) fn set_claims_role(connection: &Connection, user: &UserId, claims_role: ClaimsRole) -> Changed {
    let key = key_of(connection, user)?;
    let claims_role = claims_role_number(claims_role);
    update(connection, "UPDATE people SET clearance = ? WHERE key = ?", (claims_role, key))?;
    Ok(())
}

/// The key of a user. Rejects one that has no account.
fn key_of(connection: &Connection, user: &UserId) -> Result<i64, WriteError<AccountError>> {
    let key = user_key(connection, user)?;
    key.ok_or_else(|| WriteError::Rejected(AccountError::NoSuchAccount(user.clone())))
}

fn update(connection: &Connection, statement: &str, params: impl Params) -> Result<usize, rusqlite::Error> {
    connection.prepare_cached(statement)?.execute(params)
}

fn end_sign_ins(connection: &Connection, user: i64) -> Result<usize, rusqlite::Error> {
    update(connection, "UPDATE sign_ins SET is_revoked = 1 WHERE person = ? AND NOT is_revoked", [user])
}

/// See [`Accounts::changed_after`](crate::auth::accounts::Accounts::changed_after).
pub(crate) async fn after(
    readers: &SqlitePool,
    change: Option<u64>,
) -> Result<(u64, Vec<UserId>), sqlx::Error> {
    let Some(change) = change else {
        let newest: i64 =
            query_scalar("SELECT COALESCE(MAX(change), 0) FROM account_changes").fetch_one(readers).await?;
        return Ok((unsigned(newest)?, Vec::new()));
    };
    let rows: Vec<(i64, String)> = query_as(
        "SELECT c.change, p.id FROM account_changes c JOIN people p ON p.key = c.person
         WHERE c.change > ? ORDER BY c.change",
    )
    .bind(seq_number(change))
    .fetch_all(readers)
    .await?;
    let newest = rows.last().map_or(Ok(change), |(newest, _)| unsigned(*newest))?;
    let changed = rows.iter().map(|(_, id)| user_id(id)).collect::<Result<_, _>>()?;
    Ok((newest, changed))
}

fn unsigned(stored: i64) -> Result<u64, sqlx::Error> {
    number(stored).map_err(unreadable)
}
