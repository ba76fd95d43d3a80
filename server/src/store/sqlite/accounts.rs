//! Accounts, which are the people of rooms with what they sign in with.

use std::convert::Infallible;
use std::sync::Arc;

use hub::model::Person;
use protocol::UserId;
use rusqlite::{Connection, params};
use sqlx::sqlite::Sqlite;
use sqlx::{FromRow, QueryBuilder, query_as, query_scalar};
use uuid::Uuid;

use super::rows::PersonRow;
use super::writer::{Change, Failure, Fault, Outage, Work};
use super::{SqliteStore, sign_ins};
use crate::auth::accounts::{AccountError, Accounts, Answer, Credentials, NewAccount, Rotation, SignIn};

/// Names of one statement: far below the 32766 parameters that SQLite takes.
const NAMES: usize = 1000;

impl From<Outage> for AccountError {
    fn from(outage: Outage) -> Self {
        Self::Unavailable(Arc::new(outage))
    }
}

impl From<Failure<Self>> for AccountError {
    fn from(failure: Failure<Self>) -> Self {
        match failure {
            Failure::Refused(refusal) => refusal,
            Failure::Outage(outage) => outage.into(),
        }
    }
}

impl From<Failure<Infallible>> for AccountError {
    fn from(Failure::Outage(outage): Failure<Infallible>) -> Self {
        outage.into()
    }
}

/// What a failed question means to those who know the port only.
fn unread(error: sqlx::Error) -> AccountError {
    Outage::from(error).into()
}

impl Accounts for SqliteStore {
    fn create(&self, account: NewAccount) -> Answer<'_, Person> {
        Box::pin(async move { Ok(self.writer().write(Create(account)).await?) })
    }

    fn by_login<'a>(&'a self, login: &'a str) -> Answer<'a, Option<Credentials>> {
        Box::pin(async move { self.find_login(login).await.map_err(unread) })
    }

    fn by_id<'a>(&'a self, id: &'a UserId) -> Answer<'a, Option<Arc<Person>>> {
        Box::pin(async move { Ok(self.find_person(id).await.map_err(unread)?.map(Arc::new)) })
    }

    fn by_usernames<'a>(&'a self, usernames: &'a [String]) -> Answer<'a, Vec<Person>> {
        Box::pin(async move { self.find_usernames(usernames).await.map_err(unread) })
    }

    fn search<'a>(&'a self, prefix: &'a str, limit: u32) -> Answer<'a, Vec<Person>> {
        Box::pin(async move { self.find_prefix(prefix, limit).await.map_err(unread) })
    }

    fn count(&self) -> Answer<'_, u64> {
        Box::pin(async move {
            query_scalar("SELECT COUNT(*) FROM people").fetch_one(self.readers()).await.map_err(unread)
        })
    }

    fn probe(&self) -> Answer<'_, ()> {
        Box::pin(async move { Ok(self.ping().await?) })
    }

    fn open_sign_in(&self, sign_in: SignIn) -> Answer<'_, ()> {
        Box::pin(async move { Ok(self.writer().write(sign_ins::Open(sign_in)).await?) })
    }

    fn sign_in_by_secret<'a>(
        &'a self,
        secret_hash: &'a [u8; 32],
        now_ms: i64,
    ) -> Answer<'a, Option<(SignIn, Person)>> {
        Box::pin(
            async move { sign_ins::by_cookie(self.readers(), secret_hash, now_ms).await.map_err(unread) },
        )
    }

    fn sign_in(&self, id: Uuid, now_ms: i64) -> Answer<'_, Option<(SignIn, Arc<Person>)>> {
        Box::pin(async move {
            let found = sign_ins::by_id(self.readers(), id, now_ms).await.map_err(unread)?;
            Ok(found.map(|(sign_in, person)| (sign_in, Arc::new(person))))
        })
    }

    fn rotate<'a>(
        &'a self,
        old_hash: &'a [u8; 32],
        new_hash: &'a [u8; 32],
        now_ms: i64,
        expires_at_ms: i64,
    ) -> Answer<'a, Rotation> {
        let work = sign_ins::Rotate { old_hash: *old_hash, new_hash: *new_hash, now_ms, expires_at_ms };
        Box::pin(async move { Ok(self.writer().write(work).await?) })
    }

    fn revoke(&self, id: Uuid) -> Answer<'_, bool> {
        Box::pin(async move { Ok(self.writer().write(sign_ins::Revoke(id)).await?) })
    }

    fn purge_expired(&self, now_ms: i64) -> Answer<'_, u64> {
        Box::pin(async move { Ok(self.writer().write(sign_ins::PurgeExpired { now_ms }).await?) })
    }
}

/// See [`Accounts::create`].
struct Create(NewAccount);

impl Change for Create {
    type Done = Person;
    type Refusal = AccountError;
}

impl Work for Create {
    fn run(&self, connection: &Connection) -> Result<Person, Fault<AccountError>> {
        let NewAccount { id, username, email, password_hash, created_at_ms } = &self.0;
        let mut look = connection.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM people WHERE id = ?), EXISTS (SELECT 1 FROM people WHERE username = ?),
                    EXISTS (SELECT 1 FROM people WHERE email = ?)",
        )?;
        let taken: (bool, bool, bool) =
            look.query_row([id.as_str(), username, email], |row| row.try_into())?;
        match taken {
            (true, _, _) => return Err(Fault::Refused(AccountError::IdTaken)),
            (_, true, _) => return Err(Fault::Refused(AccountError::UsernameTaken)),
            (_, _, true) => return Err(Fault::Refused(AccountError::EmailTaken)),
            (false, false, false) => {}
        }
        let mut insert = connection.prepare_cached(
            "INSERT INTO people (id, username, email, password_hash, created_at_ms) VALUES (?, ?, ?, ?, ?)",
        )?;
        insert.execute(params![id.as_str(), username, email, password_hash.as_deref(), created_at_ms])?;
        Ok(Person {
            id: id.clone(),
            username: username.clone(),
            email: email.clone(),
            is_active: true,
            created_at_ms: *created_at_ms,
        })
    }
}

#[derive(FromRow)]
struct CredentialsRow {
    password_hash: Option<String>,
    #[sqlx(flatten)]
    person: PersonRow,
}

impl SqliteStore {
    /// A user name goes before an e-mail address of the same spelling.
    async fn find_login(&self, login: &str) -> Result<Option<Credentials>, sqlx::Error> {
        let row: Option<CredentialsRow> = query_as(
            "SELECT password_hash, id AS person_id, username, email, is_active, created_at_ms AS person_created_at_ms
             FROM people WHERE username = ?1 OR email = ?1 ORDER BY username = ?1 DESC LIMIT 1",
        )
        .bind(login)
        .fetch_optional(self.readers())
        .await?;
        row.map(|row| Ok(Credentials { person: row.person.person()?, password_hash: row.password_hash }))
            .transpose()
    }

    async fn find_person(&self, id: &UserId) -> Result<Option<Person>, sqlx::Error> {
        let row: Option<PersonRow> = query_as(
            "SELECT id AS person_id, username, email, is_active, created_at_ms AS person_created_at_ms
             FROM people WHERE id = ?",
        )
        .bind(id.as_str())
        .fetch_optional(self.readers())
        .await?;
        row.map(PersonRow::person).transpose()
    }

    async fn find_usernames(&self, usernames: &[String]) -> Result<Vec<Person>, sqlx::Error> {
        let mut people = Vec::with_capacity(usernames.len());
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
            let rows: Vec<PersonRow> =
                find.build_query_as().persistent(false).fetch_all(self.readers()).await?;
            people.extend(rows.into_iter().map(PersonRow::person).collect::<Result<Vec<_>, _>>()?);
        }
        Ok(people)
    }

    /// Names that begin with the prefix are those from it up to it with the last of all characters behind.
    async fn find_prefix(&self, prefix: &str, limit: u32) -> Result<Vec<Person>, sqlx::Error> {
        let rows: Vec<PersonRow> = query_as(
            "SELECT id AS person_id, username, email, is_active, created_at_ms AS person_created_at_ms
             FROM people WHERE username BETWEEN ?1 AND ?2 AND is_active ORDER BY username LIMIT ?3",
        )
        .bind(prefix)
        .bind(format!("{prefix}{}", char::MAX))
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.into_iter().map(PersonRow::person).collect()
    }
}
