//! Accounts: the users of rooms, with what they sign in with. The table is called people.

use hub::model::User;
use protocol::UserId;
use rusqlite::{Connection, params};
use sqlx::sqlite::{Sqlite, SqlitePool};
use sqlx::{FromRow, QueryBuilder, query_as, query_scalar};

use super::row_mapping::{AccountRow, UserRow};
use crate::auth::accounts::{Account, AccountError, Credentials, NewAccount};
use crate::store::sqlite::write_tx::WriteError;

/// Names of one statement: far below the 32766 parameters that SQLite takes.
const NAMES: usize = 1000;

/// See [`Accounts::create`](crate::auth::accounts::Accounts::create).
pub(crate) fn create(connection: &Connection, new: &NewAccount) -> Result<User, WriteError<AccountError>> {
    let NewAccount { id, username, email, password_hash, created_at_ms } = new;
    let mut find_taken = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM people WHERE id = ?), EXISTS (SELECT 1 FROM people WHERE username = ?),
                    EXISTS (SELECT 1 FROM people WHERE email = ?)",
    )?;
    let taken: (bool, bool, bool) =
        find_taken.query_row([id.as_str(), username, email], |row| row.try_into())?;
    match taken {
        (true, _, _) => return Err(WriteError::Rejected(AccountError::IdTaken)),
        (_, true, _) => return Err(WriteError::Rejected(AccountError::UsernameTaken)),
        (_, _, true) => return Err(WriteError::Rejected(AccountError::EmailTaken)),
        (false, false, false) => {}
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO people (id, username, email, password_hash, created_at_ms) VALUES (?, ?, ?, ?, ?)",
    )?;
    insert.execute(params![id.as_str(), username, email, password_hash.as_deref(), created_at_ms])?;
    Ok(User {
        id: id.clone(),
        username: username.clone(),
        email: email.clone(),
        is_active: true,
        created_at_ms: *created_at_ms,
    })
}

#[derive(FromRow)]
struct CredentialsRow {
    password_hash: Option<String>,
    #[sqlx(flatten)]
    user: UserRow,
}

/// Users who share a room with one user and whose names begin with the prefix. The order of the joins is fixed: the rooms
/// of one user are few, and the table of people is long.
pub(super) const BESIDE: &str = "
    SELECT DISTINCT p.id AS person_id, p.username, p.email, p.is_active, p.created_at_ms AS person_created_at_ms
    FROM members mine CROSS JOIN members theirs CROSS JOIN people p
    WHERE mine.person = (SELECT key FROM people WHERE id = ?4) AND theirs.room = mine.room
      AND p.key = theirs.person AND p.username BETWEEN ?1 AND ?2 AND p.is_active
    ORDER BY p.username LIMIT ?3";

/// See [`Accounts::by_login`](crate::auth::accounts::Accounts::by_login). A user name goes before an
/// e-mail address of the same text.
pub(crate) async fn by_login(readers: &SqlitePool, login: &str) -> Result<Option<Credentials>, sqlx::Error> {
    let row: Option<CredentialsRow> = query_as(
        "SELECT password_hash, id AS person_id, username, email, is_active, created_at_ms AS person_created_at_ms
             FROM people WHERE username = ?1 OR email = ?1 ORDER BY username = ?1 DESC LIMIT 1",
    )
    .bind(login)
    .fetch_optional(readers)
    .await?;
    row.map(|row| Ok(Credentials { user: row.user.user()?, password_hash: row.password_hash })).transpose()
}

/// See [`Accounts::by_id`](crate::auth::accounts::Accounts::by_id).
pub(crate) async fn by_id(readers: &SqlitePool, id: &UserId) -> Result<Option<Account>, sqlx::Error> {
    let row: Option<AccountRow> = query_as(
        "SELECT id AS person_id, username, email, is_active, created_at_ms AS person_created_at_ms, clearance
             FROM people WHERE id = ?",
    )
    .bind(id.as_str())
    .fetch_optional(readers)
    .await?;
    row.map(AccountRow::account).transpose()
}

/// See [`Accounts::by_usernames`](crate::auth::accounts::Accounts::by_usernames).
pub(crate) async fn by_usernames(
    readers: &SqlitePool,
    usernames: &[String],
) -> Result<Vec<User>, sqlx::Error> {
    let mut users = Vec::with_capacity(usernames.len());
    for usernames in usernames.chunks(NAMES) {
        let mut find = QueryBuilder::<Sqlite>::new(
            "SELECT id AS person_id, username, email, is_active, created_at_ms AS person_created_at_ms
                 FROM people WHERE username IN (",
        );
        let mut names = find.separated(", ");
        for username in usernames {
            names.push_bind(username.as_str());
        }
        find.push(")");
        let rows: Vec<UserRow> = find.build_query_as().persistent(false).fetch_all(readers).await?;
        users.extend(rows.into_iter().map(UserRow::user).collect::<Result<Vec<_>, _>>()?);
    }
    Ok(users)
}

/// See [`Accounts::search`](crate::auth::accounts::Accounts::search). Names that begin with the prefix are those
/// from it up to it with the last of all characters behind.
pub(crate) async fn search(
    readers: &SqlitePool,
    prefix: &str,
    beside: Option<&UserId>,
    limit: u32,
) -> Result<Vec<User>, sqlx::Error> {
    let all = "SELECT id AS person_id, username, email, is_active, created_at_ms AS person_created_at_ms
                   FROM people WHERE username BETWEEN ?1 AND ?2 AND is_active ORDER BY username LIMIT ?3";
    let mut find = query_as(if beside.is_some() { BESIDE } else { all })
        .bind(prefix)
        .bind(format!("{prefix}{}", char::MAX))
        .bind(limit);
    if let Some(beside) = beside {
        find = find.bind(beside.as_str());
    }
    let rows: Vec<UserRow> = find.fetch_all(readers).await?;
    rows.into_iter().map(UserRow::user).collect()
}

/// See [`Accounts::count`](crate::auth::accounts::Accounts::count).
pub(crate) async fn count(readers: &SqlitePool) -> Result<u64, sqlx::Error> {
    query_scalar("SELECT COUNT(*) FROM people").fetch_one(readers).await
}
