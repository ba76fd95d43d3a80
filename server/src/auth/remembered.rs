//! Accounts with a memory before them: who comes back a moment later is known without a look at the database.
//!
//! The memory is exact. No other program writes to the database (a lock says so), every change goes through here, and what
//! was read before a change is not remembered after it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hub::Recent;
use hub::model::Person;
use protocol::UserId;
use tokio::task::JoinError;
use uuid::Uuid;

use super::accounts::{AccountError, Accounts, Answer, Credentials, NewAccount, Rotation, SignIn};

/// People, and as many sign-ins, that are remembered at least; at most it is twice as many. About half a KiB for one of
/// each, so 50 MB if everybody of a large site came within a day.
const PEOPLE: usize = 50_000;

/// What is asked at every handshake and every request is answered from memory; all else is the store's business.
pub struct Remembered {
    shared: Arc<Shared>,
}

struct Shared {
    store: Arc<dyn Accounts>,
    /// A std mutex: held for one look-up, never across an `.await`.
    memory: Mutex<Memory>,
}

struct Memory {
    people: Recent<UserId, Arc<Person>>,
    sign_ins: Recent<Uuid, (SignIn, Arc<Person>)>,
    /// Raised with each change: what was asked of the store before it may be out of date.
    changes: u64,
}

impl Remembered {
    /// Remembers nobody yet.
    pub fn new(store: Arc<dyn Accounts>) -> Self {
        let memory = Memory { people: Recent::new(PEOPLE), sign_ins: Recent::new(PEOPLE), changes: 0 };
        Self { shared: Arc::new(Shared { store, memory: Mutex::new(memory) }) }
    }
}

impl Shared {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads somebody and remembers the answer, unless something changed meanwhile.
    async fn read_person(&self, id: &UserId) -> Result<Option<Arc<Person>>, AccountError> {
        let changes = self.memory().changes;
        let found = self.store.by_id(id).await?;
        if let Some(person) = &found {
            let mut memory = self.memory();
            if memory.changes == changes {
                memory.people.put(id.clone(), person.clone());
            }
        }
        Ok(found)
    }

    /// As [`Shared::read_person`], for a sign-in. A device of somebody who is known brings no second copy of the person.
    async fn read_sign_in(
        &self,
        id: Uuid,
        now_ms: i64,
    ) -> Result<Option<(SignIn, Arc<Person>)>, AccountError> {
        let changes = self.memory().changes;
        let Some((sign_in, mut person)) = self.store.sign_in(id, now_ms).await? else { return Ok(None) };
        let mut memory = self.memory();
        if memory.changes == changes {
            match memory.people.get(&person.id) {
                Some(known) => person = known.clone(),
                None => memory.people.put(person.id.clone(), person.clone()),
            }
            memory.sign_ins.put(id, (sign_in.clone(), person.clone()));
        }
        drop(memory);
        Ok(Some((sign_in, person)))
    }

    async fn rotate(
        &self,
        old_hash: [u8; 32],
        new_hash: [u8; 32],
        now_ms: i64,
        expires_at_ms: i64,
    ) -> Result<Rotation, AccountError> {
        let answer = self.store.rotate(&old_hash, &new_hash, now_ms, expires_at_ms).await;
        match &answer {
            Ok(Rotation::Rotated(sign_in, _) | Rotation::Reused(sign_in)) => self.forget(sign_in.id),
            Ok(Rotation::Unknown) => {}
            // Perhaps it was done, and nobody knows of which sign-in.
            Err(_) => {
                let mut memory = self.memory();
                memory.changes += 1;
                memory.sign_ins.clear();
            }
        }
        answer
    }

    async fn revoke(&self, id: Uuid) -> Result<bool, AccountError> {
        let answer = self.store.revoke(id).await;
        // Also after a failure, of which nobody knows whether it was one.
        self.forget(id);
        answer
    }

    fn forget(&self, sign_in: Uuid) {
        let mut memory = self.memory();
        memory.changes += 1;
        memory.sign_ins.take(&sign_in);
    }
}

/// A change that broke down: nobody knows whether it was made.
fn broken(error: JoinError) -> AccountError {
    AccountError::Unavailable(Arc::new(error))
}

impl Accounts for Remembered {
    fn create(&self, account: NewAccount) -> Answer<'_, Person> {
        // Nobody was known by this identifier, and that nobody is there is not remembered.
        self.shared.store.create(account)
    }

    fn by_login<'a>(&'a self, login: &'a str) -> Answer<'a, Option<Credentials>> {
        self.shared.store.by_login(login)
    }

    fn by_id<'a>(&'a self, id: &'a UserId) -> Answer<'a, Option<Arc<Person>>> {
        let known = self.shared.memory().people.get(id).cloned();
        match known {
            Some(person) => Box::pin(std::future::ready(Ok(Some(person)))),
            None => Box::pin(self.shared.read_person(id)),
        }
    }

    fn by_usernames<'a>(&'a self, usernames: &'a [String]) -> Answer<'a, Vec<Person>> {
        self.shared.store.by_usernames(usernames)
    }

    fn search<'a>(&'a self, prefix: &'a str, limit: u32) -> Answer<'a, Vec<Person>> {
        self.shared.store.search(prefix, limit)
    }

    fn count(&self) -> Answer<'_, u64> {
        self.shared.store.count()
    }

    fn probe(&self) -> Answer<'_, ()> {
        self.shared.store.probe()
    }

    fn open_sign_in(&self, sign_in: SignIn) -> Answer<'_, ()> {
        // Its name is new, so it is not remembered.
        self.shared.store.open_sign_in(sign_in)
    }

    fn sign_in_by_secret<'a>(
        &'a self,
        secret_hash: &'a [u8; 32],
        now_ms: i64,
    ) -> Answer<'a, Option<(SignIn, Person)>> {
        self.shared.store.sign_in_by_secret(secret_hash, now_ms)
    }

    fn sign_in(&self, id: Uuid, now_ms: i64) -> Answer<'_, Option<(SignIn, Arc<Person>)>> {
        let known = self.shared.memory().sign_ins.get(&id).filter(|it| it.0.expires_at_ms > now_ms).cloned();
        match known {
            Some(live) => Box::pin(std::future::ready(Ok(Some(live)))),
            None => Box::pin(self.shared.read_sign_in(id, now_ms)),
        }
    }

    fn rotate<'a>(
        &'a self,
        old_hash: &'a [u8; 32],
        new_hash: &'a [u8; 32],
        now_ms: i64,
        expires_at_ms: i64,
    ) -> Answer<'a, Rotation> {
        let (shared, old_hash, new_hash) = (self.shared.clone(), *old_hash, *new_hash);
        // A task: what is committed must be forgotten even if whoever asked for it has left.
        let work =
            tokio::spawn(async move { shared.rotate(old_hash, new_hash, now_ms, expires_at_ms).await });
        Box::pin(async move { work.await.map_err(broken)? })
    }

    fn revoke(&self, id: Uuid) -> Answer<'_, bool> {
        let shared = self.shared.clone();
        let work = tokio::spawn(async move { shared.revoke(id).await });
        Box::pin(async move { work.await.map_err(broken)? })
    }

    fn purge_expired(&self, now_ms: i64) -> Answer<'_, u64> {
        // What has expired is not taken from memory either.
        self.shared.store.purge_expired(now_ms)
    }
}
