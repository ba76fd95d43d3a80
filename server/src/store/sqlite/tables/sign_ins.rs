//! The sign-ins table: sign-ins with their secrets, opened, rotated and revoked.

use std::sync::Arc;

use hub::model::User;
use rusqlite::{Connection, OptionalExtension as _, Params, params};
use sqlx::sqlite::SqlitePool;
use sqlx::{FromRow, query_as, query_scalar};
use uuid::Uuid;

use super::ended_tokens;
use super::keys::user_key;
use super::row_mapping::{AccountRow, unreadable, uuid};
use crate::auth::accounts::{Account, AccountError, NewSignIn, REPEAT_MS, Rotation, SignIn, SignInKind};
use crate::store::sqlite::write_tx::{DatabaseError, WriteError};

/// The columns of a sign-in with its account.
#[derive(FromRow)]
struct SignInRow {
    id: Vec<u8>,
    kind: i64,
    secret_hash: Vec<u8>,
    created_at_ms: i64,
    expires_at_ms: i64,
    seen_at_ms: i64,
    #[sqlx(flatten)]
    account: AccountRow,
}

impl SignInRow {
    /// The same for a row of rusqlite.
    fn of(row: &rusqlite::Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            id: row.get("id")?,
            kind: row.get("kind")?,
            secret_hash: row.get("secret_hash")?,
            created_at_ms: row.get("created_at_ms")?,
            expires_at_ms: row.get("expires_at_ms")?,
            seen_at_ms: row.get("seen_at_ms")?,
            account: AccountRow::read(row)?,
        })
    }

    fn read(self) -> Result<(SignIn, Account), sqlx::Error> {
        let account = self.account.account()?;
        let sign_in = SignIn {
            id: uuid(&self.id)?,
            user: account.user.id.clone(),
            kind: kind(self.kind)?,
            secret_hash: self.secret_hash.try_into().map_err(|_| unreadable("not a SHA-256"))?,
            created_at_ms: self.created_at_ms,
            expires_at_ms: self.expires_at_ms,
            seen_at_ms: self.seen_at_ms,
        };
        Ok((sign_in, account))
    }
}

/// Sign-ins that can be used, by their secret, their kind and the time.
macro_rules! live_by_secret {
    () => {
        sign_ins_where!(
            "s.secret_hash = ? AND s.kind = ? AND s.expires_at_ms > ? AND NOT s.is_revoked AND p.is_active"
        )
    };
}

/// Sign-ins with their accounts, those that fit the condition.
macro_rules! sign_ins_where {
    ($condition:literal) => {
        concat!(
            "SELECT s.id, s.kind, s.secret_hash, s.created_at_ms, s.expires_at_ms, s.seen_at_ms,
                    p.id AS person_id, p.username, p.email, p.is_active, p.created_at_ms AS person_created_at_ms,
                    p.clearance
             FROM sign_ins s JOIN people p ON p.key = s.person WHERE ",
            $condition
        )
    };
}

fn kind(number: i64) -> Result<SignInKind, sqlx::Error> {
    match number {
        0 => Ok(SignInKind::Cookie),
        1 => Ok(SignInKind::Tokens),
        _ => Err(unreadable("no such kind of sign-in")),
    }
}

fn kind_number(kind: SignInKind) -> i64 {
    match kind {
        SignInKind::Cookie => 0,
        SignInKind::Tokens => 1,
    }
}

/// See [`Accounts::sign_in_by_secret`](crate::auth::accounts::Accounts::sign_in_by_secret).
pub(crate) async fn by_cookie(
    readers: &SqlitePool,
    secret_hash: &[u8; 32],
    now_ms: i64,
) -> Result<Option<(SignIn, Account)>, sqlx::Error> {
    let row: Option<SignInRow> = query_as(live_by_secret!())
        .bind(secret_hash.as_slice())
        .bind(kind_number(SignInKind::Cookie))
        .bind(now_ms)
        .fetch_optional(readers)
        .await?;
    row.map(SignInRow::read).transpose()
}

/// See [`Accounts::sign_in`](crate::auth::accounts::Accounts::sign_in).
pub(crate) async fn by_id(
    readers: &SqlitePool,
    id: Uuid,
    now_ms: i64,
) -> Result<Option<(SignIn, Account)>, sqlx::Error> {
    let row: Option<SignInRow> =
        query_as(sign_ins_where!("s.id = ? AND s.expires_at_ms > ? AND NOT s.is_revoked AND p.is_active"))
            .bind(id.as_bytes().as_slice())
            .bind(now_ms)
            .fetch_optional(readers)
            .await?;
    row.map(SignInRow::read).transpose()
}

/// What a read finds of a secret that is to be rotated, so that nonsense never reaches the writer; `None` where the writer
/// has to decide. Every secret that was given out is committed, so a read finds it.
pub(crate) async fn settled(
    readers: &SqlitePool,
    old_hash: &[u8; 32],
    now_ms: i64,
) -> Result<Option<Rotation>, sqlx::Error> {
    let is_for_the_writer: bool = query_scalar(
        "SELECT EXISTS (SELECT 1 FROM sign_ins WHERE secret_hash = ?1 AND kind = ?2 AND expires_at_ms > ?3
                        AND NOT is_revoked)
             OR EXISTS (SELECT 1 FROM spent_secrets o JOIN sign_ins s ON s.id = o.sign_in
                        WHERE o.hash = ?1 AND s.expires_at_ms > ?3 AND NOT s.is_revoked)",
    )
    .bind(old_hash.as_slice())
    .bind(kind_number(SignInKind::Tokens))
    .bind(now_ms)
    .fetch_one(readers)
    .await?;
    if is_for_the_writer {
        return Ok(None);
    }
    let spent: Option<SignInRow> = query_as(sign_ins_where!(
        "s.id = (SELECT sign_in FROM spent_secrets WHERE hash = ?) AND s.expires_at_ms > ? AND s.is_revoked"
    ))
    .bind(old_hash.as_slice())
    .bind(now_ms)
    .fetch_optional(readers)
    .await?;
    let spent = spent.map(SignInRow::read).transpose()?;
    Ok(Some(spent.map_or(Rotation::Unknown, |(sign_in, _)| Rotation::Reused(sign_in))))
}

/// The first sign-in that a statement finds, in a write.
fn first(
    connection: &Connection,
    statement: &str,
    params: impl Params,
) -> Result<Option<(SignIn, Account)>, DatabaseError> {
    let row = connection.prepare_cached(statement)?.query_row(params, SignInRow::of).optional()?;
    Ok(row.map(SignInRow::read).transpose()?)
}

/// See [`Accounts::open_sign_in`](crate::auth::accounts::Accounts::open_sign_in).
pub(crate) fn open(connection: &Connection, new: &NewSignIn) -> Result<(), WriteError<AccountError>> {
    let NewSignIn { sign_in, device, password_hash } = new;
    let user = user_key(connection, &sign_in.user)?;
    let user = user.ok_or_else(|| WriteError::Rejected(AccountError::NoSuchAccount(sign_in.user.clone())))?;
    if let Some(hash) = password_hash {
        let mut still = connection.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM people WHERE key = ? AND password_hash = ? AND is_active)",
        )?;
        if !still.query_row(params![user, hash], |row| row.get(0))? {
            return Err(WriteError::Rejected(AccountError::PasswordChanged));
        }
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO sign_ins (id, person, kind, secret_hash, created_at_ms, expires_at_ms, seen_at_ms, device)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    insert.execute(params![
        sign_in.id.as_bytes().as_slice(),
        user,
        kind_number(sign_in.kind),
        sign_in.secret_hash.as_slice(),
        sign_in.created_at_ms,
        sign_in.expires_at_ms,
        sign_in.seen_at_ms,
        device.as_str(),
    ])?;
    Ok(())
}

/// See [`Accounts::rotate`](crate::auth::accounts::Accounts::rotate).
pub(crate) struct Rotate {
    pub(crate) old_hash: [u8; 32],
    pub(crate) new_hash: [u8; 32],
    pub(crate) now_ms: i64,
    pub(crate) expires_at_ms: i64,
}

impl Rotate {
    /// Gives the sign-in its new secret.
    pub(crate) fn run(&self, connection: &Connection) -> Result<Rotation, DatabaseError> {
        let secret = self.old_hash.as_slice();
        let tokens = kind_number(SignInKind::Tokens);
        let Some((sign_in, account)) =
            first(connection, live_by_secret!(), params![secret, tokens, self.now_ms])?
        else {
            return self.settle_spent(connection);
        };
        let id = sign_in.id.as_bytes().as_slice();
        connection
            .prepare_cached("INSERT INTO spent_secrets (hash, sign_in, spent_at_ms) VALUES (?, ?, ?)")?
            .execute(params![secret, id, self.now_ms])?;
        connection
            .prepare_cached(
                "UPDATE sign_ins SET secret_hash = ?, expires_at_ms = ?, seen_at_ms = ? WHERE id = ?",
            )?
            .execute(params![self.new_hash.as_slice(), self.expires_at_ms, self.now_ms, id])?;
        let renewed = SignIn {
            secret_hash: self.new_hash,
            expires_at_ms: self.expires_at_ms,
            seen_at_ms: self.now_ms,
            ..sign_in
        };
        Ok(Rotation::Rotated(renewed, user(account)))
    }

    /// Finds what a secret is that no live sign-in has now. One that was spent ends the sign-in, unless it was a moment ago.
    fn settle_spent(&self, connection: &Connection) -> Result<Rotation, DatabaseError> {
        // The successor proves that nothing happened since: a used one is spent as well.
        let repeated = sign_ins_where!(
            "s.id = (SELECT sign_in FROM spent_secrets WHERE hash = ?1 AND spent_at_ms BETWEEN ?2 AND ?3)
             AND s.secret_hash = ?4 AND s.expires_at_ms > ?5 AND NOT s.is_revoked AND p.is_active"
        );
        let (old, new) = (self.old_hash.as_slice(), self.new_hash.as_slice());
        // The clock may have been set meanwhile, forwards or back.
        let (earliest, latest) = (self.now_ms - REPEAT_MS, self.now_ms + REPEAT_MS);
        let found = first(connection, repeated, params![old, earliest, latest, new, self.now_ms])?;
        if let Some((sign_in, account)) = found {
            return Ok(Rotation::Repeated(sign_in, user(account)));
        }
        let spent = sign_ins_where!(
            "s.id = (SELECT sign_in FROM spent_secrets WHERE hash = ?) AND s.expires_at_ms > ?"
        );
        let Some((sign_in, _)) = first(connection, spent, params![old, self.now_ms])? else {
            return Ok(Rotation::Unknown);
        };
        revoke(connection, sign_in.id)?;
        Ok(Rotation::Reused(sign_in))
    }
}

fn user(account: Account) -> User {
    Arc::unwrap_or_clone(account.user)
}

/// See [`Accounts::revoke`](crate::auth::accounts::Accounts::revoke). The row stays until it expires, so that its spent
/// secrets stay known.
pub(crate) fn revoke(connection: &Connection, id: Uuid) -> Result<bool, rusqlite::Error> {
    let revoked = connection
        .prepare_cached("UPDATE sign_ins SET is_revoked = 1 WHERE id = ? AND NOT is_revoked")?
        .execute([id.as_bytes().as_slice()])?;
    Ok(revoked > 0)
}

/// See [`Accounts::purge_expired`](crate::auth::accounts::Accounts::purge_expired). Spent secrets go with their
/// sign-ins, by their foreign key; ended tokens that have expired go along.
pub(crate) fn purge_expired(connection: &Connection, now_ms: i64) -> Result<u64, rusqlite::Error> {
    let purged =
        connection.prepare_cached("DELETE FROM sign_ins WHERE expires_at_ms <= ?")?.execute([now_ms])?;
    ended_tokens::purge(connection, now_ms)?;
    Ok(purged as u64)
}
