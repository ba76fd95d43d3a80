//! Who is signed in where.

use std::convert::Infallible;

use hub::model::Person;
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use sqlx::{FromRow, SqliteExecutor, query, query_as, query_scalar};
use uuid::Uuid;

use super::rows::{PersonRow, unreadable, uuid};
use super::writer::{Change, Fault, Work};
use crate::auth::accounts::{AccountError, Rotation, SignIn, SignInKind};

/// The columns of a sign-in with its person.
#[derive(FromRow)]
struct SignInRow {
    id: Vec<u8>,
    kind: i64,
    secret_hash: Vec<u8>,
    created_at_ms: i64,
    expires_at_ms: i64,
    #[sqlx(flatten)]
    person: PersonRow,
}

impl SignInRow {
    fn read(self) -> Result<(SignIn, Person), sqlx::Error> {
        let person = self.person.person()?;
        let sign_in = SignIn {
            id: uuid(&self.id)?,
            user: person.id.clone(),
            kind: kind(self.kind)?,
            secret_hash: self.secret_hash.try_into().map_err(|_| unreadable("not a SHA-256"))?,
            created_at_ms: self.created_at_ms,
            expires_at_ms: self.expires_at_ms,
        };
        Ok((sign_in, person))
    }
}

/// Sign-ins with their people, those that fit the condition.
macro_rules! sign_ins_where {
    ($condition:literal) => {
        concat!(
            "SELECT s.id, s.kind, s.secret_hash, s.created_at_ms, s.expires_at_ms, p.id AS person_id, p.username,
                    p.email, p.is_active, p.created_at_ms AS person_created_at_ms
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
pub(super) async fn by_cookie(
    readers: &SqlitePool,
    secret_hash: &[u8; 32],
    now_ms: i64,
) -> Result<Option<(SignIn, Person)>, sqlx::Error> {
    live_by_secret(readers, SignInKind::Cookie, secret_hash, now_ms).await
}

/// See [`Accounts::sign_in`](crate::auth::accounts::Accounts::sign_in).
pub(super) async fn by_id(
    readers: &SqlitePool,
    id: Uuid,
    now_ms: i64,
) -> Result<Option<(SignIn, Person)>, sqlx::Error> {
    let row: Option<SignInRow> =
        query_as(sign_ins_where!("s.id = ? AND s.expires_at_ms > ? AND NOT s.is_revoked AND p.is_active"))
            .bind(id.as_bytes().as_slice())
            .bind(now_ms)
            .fetch_optional(readers)
            .await?;
    row.map(SignInRow::read).transpose()
}

async fn live_by_secret(
    executor: impl SqliteExecutor<'_>,
    kind: SignInKind,
    secret_hash: &[u8; 32],
    now_ms: i64,
) -> Result<Option<(SignIn, Person)>, sqlx::Error> {
    let row: Option<SignInRow> = query_as(sign_ins_where!(
        "s.secret_hash = ? AND s.kind = ? AND s.expires_at_ms > ? AND NOT s.is_revoked AND p.is_active"
    ))
    .bind(secret_hash.as_slice())
    .bind(kind_number(kind))
    .bind(now_ms)
    .fetch_optional(executor)
    .await?;
    row.map(SignInRow::read).transpose()
}

/// See [`Accounts::open_sign_in`](crate::auth::accounts::Accounts::open_sign_in).
pub(super) struct Open(pub(super) SignIn);

impl Change for Open {
    type Done = ();
    type Refusal = AccountError;
}

impl Work for Open {
    async fn run(&self, connection: &mut SqliteConnection) -> Result<(), Fault<AccountError>> {
        let sign_in = &self.0;
        let person: Option<i64> = query_scalar("SELECT key FROM people WHERE id = ?")
            .bind(sign_in.user.as_str())
            .fetch_optional(&mut *connection)
            .await?;
        let person =
            person.ok_or_else(|| Fault::Refused(AccountError::NoSuchAccount(sign_in.user.clone())))?;
        query(
            "INSERT INTO sign_ins (id, person, kind, secret_hash, created_at_ms, expires_at_ms)
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(sign_in.id.as_bytes().as_slice())
        .bind(person)
        .bind(kind_number(sign_in.kind))
        .bind(sign_in.secret_hash.as_slice())
        .bind(sign_in.created_at_ms)
        .bind(sign_in.expires_at_ms)
        .execute(connection)
        .await?;
        Ok(())
    }
}

/// See [`Accounts::rotate`](crate::auth::accounts::Accounts::rotate).
pub(super) struct Rotate {
    pub(super) old_hash: [u8; 32],
    pub(super) new_hash: [u8; 32],
    pub(super) now_ms: i64,
    pub(super) expires_at_ms: i64,
}

impl Change for Rotate {
    type Done = Rotation;
    type Refusal = Infallible;
}

impl Work for Rotate {
    async fn run(&self, connection: &mut SqliteConnection) -> Result<Rotation, Fault<Infallible>> {
        let found = live_by_secret(&mut *connection, SignInKind::Tokens, &self.old_hash, self.now_ms).await?;
        let Some((sign_in, person)) = found else {
            return Ok(self.unmask(connection).await?);
        };
        query("INSERT INTO spent_secrets (hash, sign_in) VALUES (?, ?)")
            .bind(self.old_hash.as_slice())
            .bind(sign_in.id.as_bytes().as_slice())
            .execute(&mut *connection)
            .await?;
        query("UPDATE sign_ins SET secret_hash = ?, expires_at_ms = ? WHERE id = ?")
            .bind(self.new_hash.as_slice())
            .bind(self.expires_at_ms)
            .bind(sign_in.id.as_bytes().as_slice())
            .execute(connection)
            .await?;
        let renewed = SignIn { secret_hash: self.new_hash, expires_at_ms: self.expires_at_ms, ..sign_in };
        Ok(Rotation::Rotated(renewed, person))
    }
}

impl Rotate {
    /// What a secret is that no live sign-in has now. One that was spent ends the sign-in.
    async fn unmask(&self, connection: &mut SqliteConnection) -> Result<Rotation, sqlx::Error> {
        let row: Option<SignInRow> = query_as(sign_ins_where!(
            "s.id = (SELECT sign_in FROM spent_secrets WHERE hash = ?) AND s.expires_at_ms > ?"
        ))
        .bind(self.old_hash.as_slice())
        .bind(self.now_ms)
        .fetch_optional(&mut *connection)
        .await?;
        let Some((sign_in, _)) = row.map(SignInRow::read).transpose()? else {
            return Ok(Rotation::Unknown);
        };
        revoke(connection, sign_in.id).await?;
        Ok(Rotation::Reused(sign_in))
    }
}

/// See [`Accounts::revoke`](crate::auth::accounts::Accounts::revoke).
pub(super) struct Revoke(pub(super) Uuid);

impl Change for Revoke {
    type Done = bool;
    type Refusal = Infallible;
}

impl Work for Revoke {
    async fn run(&self, connection: &mut SqliteConnection) -> Result<bool, Fault<Infallible>> {
        Ok(revoke(connection, self.0).await?)
    }
}

/// The row stays until it expires, so that its spent secrets stay known.
async fn revoke(connection: &mut SqliteConnection, id: Uuid) -> Result<bool, sqlx::Error> {
    let revoked = query("UPDATE sign_ins SET is_revoked = 1 WHERE id = ? AND NOT is_revoked")
        .bind(id.as_bytes().as_slice())
        .execute(connection)
        .await?;
    Ok(revoked.rows_affected() > 0)
}

/// See [`Accounts::purge_expired`](crate::auth::accounts::Accounts::purge_expired). Spent secrets go with their
/// sign-ins, by their foreign key.
pub(super) struct PurgeExpired {
    pub(super) now_ms: i64,
}

impl Change for PurgeExpired {
    type Done = u64;
    type Refusal = Infallible;
}

impl Work for PurgeExpired {
    async fn run(&self, connection: &mut SqliteConnection) -> Result<u64, Fault<Infallible>> {
        let purged = query("DELETE FROM sign_ins WHERE expires_at_ms <= ?")
            .bind(self.now_ms)
            .execute(connection)
            .await?;
        Ok(purged.rows_affected())
    }
}
