//! Accounts, which are the people of rooms with what they sign in with.

use std::convert::Infallible;
use std::sync::Arc;

use hub::model::Person;
use protocol::UserId;
use rusqlite::{Connection, params};
use sqlx::sqlite::Sqlite;
use sqlx::{FromRow, QueryBuilder, query_as, query_scalar};
use uuid::Uuid;

use super::account_changes::{Set, What};
use super::rows::{AccountRow, PersonRow};
use super::sign_in_quota::EndOldest;
use super::writer::{Change, Failure, Fault, Outage, Work};
use super::{SqliteStore, account_changes, ended_tokens, own_sign_ins, sign_ins};
use crate::auth::Clearance;
use crate::auth::accounts::{
    Account, AccountError, Accounts, Answer, Credentials, EndSignIns, ListedSignIn, NewAccount, NewPassword,
    NewSignIn, Rotation, SignIn,
};

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

    fn by_id<'a>(&'a self, id: &'a UserId) -> Answer<'a, Option<Account>> {
        Box::pin(async move { self.find_account(id).await.map_err(unread) })
    }

    fn by_usernames<'a>(&'a self, usernames: &'a [String]) -> Answer<'a, Vec<Person>> {
        Box::pin(async move { self.find_usernames(usernames).await.map_err(unread) })
    }

    fn search<'a>(
        &'a self,
        prefix: &'a str,
        beside: Option<&'a UserId>,
        limit: u32,
    ) -> Answer<'a, Vec<Person>> {
        Box::pin(async move { self.find_prefix(prefix, beside, limit).await.map_err(unread) })
    }

    fn count(&self) -> Answer<'_, u64> {
        Box::pin(async move {
            query_scalar("SELECT COUNT(*) FROM people").fetch_one(self.readers()).await.map_err(unread)
        })
    }

    fn probe(&self) -> Answer<'_, ()> {
        Box::pin(async move { Ok(self.ping().await?) })
    }

    fn open_sign_in(&self, new: NewSignIn) -> Answer<'_, ()> {
        Box::pin(async move { Ok(self.writer().write(sign_ins::Open(new)).await?) })
    }

    fn sign_ins_of<'a>(&'a self, user: &'a UserId, now_ms: i64) -> Answer<'a, Vec<ListedSignIn>> {
        Box::pin(async move { own_sign_ins::list(self.readers(), user, now_ms).await.map_err(unread) })
    }

    fn note_seen(&self, seen: Vec<(Uuid, i64)>) -> Answer<'_, ()> {
        Box::pin(async move { Ok(self.writer().write(own_sign_ins::NoteSeen(seen)).await?) })
    }

    fn end_sign_ins(&self, wish: EndSignIns) -> Answer<'_, Option<Vec<Uuid>>> {
        Box::pin(async move { Ok(self.writer().write(own_sign_ins::End(wish)).await?) })
    }

    fn end_oldest<'a>(
        &'a self,
        user: &'a UserId,
        newest: Uuid,
        most: u32,
        now_ms: i64,
    ) -> Answer<'a, Vec<Uuid>> {
        let work = EndOldest { user: user.clone(), newest, most, now_ms };
        Box::pin(async move { Ok(self.writer().write(work).await?) })
    }

    fn sign_in_by_secret<'a>(
        &'a self,
        secret_hash: &'a [u8; 32],
        now_ms: i64,
    ) -> Answer<'a, Option<(SignIn, Account)>> {
        Box::pin(
            async move { sign_ins::by_cookie(self.readers(), secret_hash, now_ms).await.map_err(unread) },
        )
    }

    fn sign_in(&self, id: Uuid, now_ms: i64) -> Answer<'_, Option<(SignIn, Account)>> {
        Box::pin(async move { sign_ins::by_id(self.readers(), id, now_ms).await.map_err(unread) })
    }

    fn rotate<'a>(
        &'a self,
        old_hash: &'a [u8; 32],
        new_hash: &'a [u8; 32],
        now_ms: i64,
        expires_at_ms: i64,
    ) -> Answer<'a, Rotation> {
        let work = sign_ins::Rotate { old_hash: *old_hash, new_hash: *new_hash, now_ms, expires_at_ms };
        Box::pin(async move {
            match sign_ins::settled(self.readers(), old_hash, now_ms).await.map_err(unread)? {
                Some(settled) => Ok(settled),
                None => Ok(self.writer().write(work).await?),
            }
        })
    }

    fn revoke(&self, id: Uuid) -> Answer<'_, bool> {
        Box::pin(async move { Ok(self.writer().write(sign_ins::Revoke(id)).await?) })
    }

    fn end_token(&self, id: Uuid, expires_at_ms: i64) -> Answer<'_, ()> {
        Box::pin(async move { Ok(self.writer().write(ended_tokens::End { id, expires_at_ms }).await?) })
    }

    fn token_ended_until(&self, id: Uuid) -> Answer<'_, Option<i64>> {
        Box::pin(async move { ended_tokens::ended_until(self.readers(), id).await.map_err(unread) })
    }

    fn ended_tokens(&self, limit: u32) -> Answer<'_, Vec<(Uuid, i64)>> {
        Box::pin(async move { ended_tokens::list(self.readers(), limit).await.map_err(unread) })
    }

    fn purge_expired(&self, now_ms: i64) -> Answer<'_, u64> {
        Box::pin(async move { Ok(self.writer().write(sign_ins::PurgeExpired { now_ms }).await?) })
    }

    fn set_password<'a>(&'a self, id: &'a UserId, password_hash: String) -> Answer<'a, ()> {
        self.set(id, What::Password(password_hash))
    }

    fn change_password(&self, change: NewPassword) -> Answer<'_, Option<Vec<Uuid>>> {
        Box::pin(async move { Ok(self.writer().write(own_sign_ins::ChangePassword(change)).await?) })
    }

    fn set_active<'a>(&'a self, id: &'a UserId, is_active: bool) -> Answer<'a, ()> {
        self.set(id, What::Active(is_active))
    }

    fn set_clearance<'a>(&'a self, id: &'a UserId, clearance: Clearance) -> Answer<'a, ()> {
        self.set(id, What::Clearance(clearance))
    }

    fn changed_after(&self, change: Option<u64>) -> Answer<'_, (u64, Vec<UserId>)> {
        Box::pin(async move { account_changes::after(self.readers(), change).await.map_err(unread) })
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

/// Those who share a room with somebody and whose names begin with the prefix. The order of the joins is fixed: the rooms
/// of one person are few, and the table of people is long.
pub(super) const BESIDE: &str = "
    SELECT DISTINCT p.id AS person_id, p.username, p.email, p.is_active, p.created_at_ms AS person_created_at_ms
    FROM members mine CROSS JOIN members theirs CROSS JOIN people p
    WHERE mine.person = (SELECT key FROM people WHERE id = ?4) AND theirs.room = mine.room
      AND p.key = theirs.person AND p.username BETWEEN ?1 AND ?2 AND p.is_active
    ORDER BY p.username LIMIT ?3";

impl SqliteStore {
    fn set<'a>(&'a self, user: &'a UserId, what: What) -> Answer<'a, ()> {
        let work = Set { user: user.clone(), what };
        Box::pin(async move { Ok(self.writer().write(work).await?) })
    }

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

    async fn find_account(&self, id: &UserId) -> Result<Option<Account>, sqlx::Error> {
        let row: Option<AccountRow> = query_as(
            "SELECT id AS person_id, username, email, is_active, created_at_ms AS person_created_at_ms, clearance
             FROM people WHERE id = ?",
        )
        .bind(id.as_str())
        .fetch_optional(self.readers())
        .await?;
        row.map(AccountRow::account).transpose()
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
    async fn find_prefix(
        &self,
        prefix: &str,
        beside: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<Person>, sqlx::Error> {
        let all = "SELECT id AS person_id, username, email, is_active, created_at_ms AS person_created_at_ms
                   FROM people WHERE username BETWEEN ?1 AND ?2 AND is_active ORDER BY username LIMIT ?3";
        let mut find = query_as(if beside.is_some() { BESIDE } else { all })
            .bind(prefix)
            .bind(format!("{prefix}{}", char::MAX))
            .bind(limit);
        if let Some(beside) = beside {
            find = find.bind(beside.as_str());
        }
        let rows: Vec<PersonRow> = find.fetch_all(self.readers()).await?;
        rows.into_iter().map(PersonRow::person).collect()
    }
}
