//! Changes of accounts: password, use, clearance; and the numbers by which a running server learns of them.

use protocol::UserId;
use rusqlite::{Connection, Params};
use sqlx::sqlite::SqlitePool;
use sqlx::{query_as, query_scalar};

use super::desk::person_key;
use super::rows::{clearance_number, number, seq_number, unreadable, user_id};
use super::writer::{Change, Fault, Work};
use crate::auth::Clearance;
use crate::auth::accounts::AccountError;

/// What is changed of an account.
pub(super) enum What {
    Password(String),
    Active(bool),
    Clearance(Clearance),
}

/// See [`Accounts::set_password`](crate::auth::accounts::Accounts::set_password) and those after it.
pub(super) struct Set {
    pub(super) user: UserId,
    pub(super) what: What,
}

impl Change for Set {
    type Done = ();
    type Refusal = AccountError;
}

impl Work for Set {
    fn run(&self, connection: &Connection) -> Result<(), Fault<AccountError>> {
        let found = person_key(connection, &self.user)?;
        let key = found.ok_or_else(|| Fault::Refused(AccountError::NoSuchAccount(self.user.clone())))?;
        match &self.what {
            What::Password(hash) => {
                update(connection, "UPDATE people SET password_hash = ? WHERE key = ?", (hash, key))?;
                end_sign_ins(connection, key)?;
            }
            What::Active(is_active) => {
                update(connection, "UPDATE people SET is_active = ? WHERE key = ?", (is_active, key))?;
                if !is_active {
                    // So that none is good again when the account is taken back into use.
                    end_sign_ins(connection, key)?;
                }
            }
            What::Clearance(clearance) => {
                let clearance = clearance_number(*clearance);
                update(connection, "UPDATE people SET clearance = ? WHERE key = ?", (clearance, key))?;
            }
        }
        Ok(())
    }
}

fn update(connection: &Connection, statement: &str, params: impl Params) -> Result<usize, rusqlite::Error> {
    connection.prepare_cached(statement)?.execute(params)
}

fn end_sign_ins(connection: &Connection, person: i64) -> Result<usize, rusqlite::Error> {
    update(connection, "UPDATE sign_ins SET is_revoked = 1 WHERE person = ? AND NOT is_revoked", [person])
}

/// The newest change, and whose accounts were changed after another one.
pub(super) async fn after(
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
