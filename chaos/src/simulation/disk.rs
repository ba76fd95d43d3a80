//! A disk that takes its time, fails, and keeps through a crash what it has committed.
//!
//! What is durable is a log of writes; each life of the server begins by reading it into a [`MemoryStore`]. A call of the
//! hub waits here until the world lets it go on, so that all that happens happens one after the other.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hub::memory::MemoryStore;
use hub::model::Person;
use hub::planted::{Bug, planted};
use hub::port::{InboxStore, Store, StoreError};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::call::{Call, Errand, Verdict, Write};
use super::ingress::{Ingress, Report};

/// For so long a disk that loses writes has not written what it says that it has.
const LOST_FSYNC_MS: u128 = 3_000;

/// What outlives the server.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    log: Mutex<Vec<(Option<Instant>, Write)>>,
}

impl Disk {
    fn log(&self) -> MutexGuard<'_, Vec<(Option<Instant>, Write)>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes something down.
    pub(crate) fn keep(&self, write: Write) {
        let lost_until = planted(Bug::LostFsync).then(Instant::now);
        self.log().push((lost_until, write));
    }

    /// The server is gone: what was not written is lost.
    pub(crate) fn crash(&self) {
        self.log().retain(|(written, _)| {
            written.is_none_or(|written| written.elapsed().as_millis() > LOST_FSYNC_MS)
        });
    }

    /// What is kept, as the next life finds it.
    pub(crate) async fn read(&self, people: &[Person]) -> Result<MemoryStore, StoreError> {
        let store = MemoryStore::new();
        for person in people {
            store.put_person(person.clone());
        }
        let log: Vec<Write> = self.log().iter().map(|(_, write)| write.clone()).collect();
        for write in log {
            match write {
                Write::Create(draft) => drop(store.create_room(draft).await?),
                Write::Append(room, drafts, at_ms) => drop(store.append(&room, drafts, at_ms).await?),
                Write::Add(room, people, at_ms) => drop(store.add_members(&room, &people, at_ms).await?),
                Write::Remove(room, person) => drop(store.remove_member(&room, &person).await?),
                Write::Mark(room, marks) => store.mark_read(&room, &marks).await?,
                Write::Inbox(user, entries, job, at_ms) => {
                    drop(store.put_in_inbox(&user, entries, job.map(|job| *job), at_ms).await?);
                }
                Write::Delivered(user, proven) => {
                    store.inbox_delivered(&user, proven.which()).await?;
                }
            }
        }
        Ok(store)
    }
}

/// The store of one life of the server.
pub(crate) struct SimulatedStore {
    life: u32,
    disk: Arc<Disk>,
    pub(super) memory: MemoryStore,
    ingress: Ingress,
}

impl SimulatedStore {
    pub(crate) fn new(life: u32, disk: Arc<Disk>, memory: MemoryStore, ingress: Ingress) -> Self {
        Self { life, disk, memory, ingress }
    }

    /// Waits for the world. Never comes back once the server of this life is gone.
    async fn turn(&self, name: &str, errand: Errand) -> Verdict {
        let (reply, answer) = oneshot::channel();
        self.ingress.report(Report::Call(Call { life: self.life, name: name.to_owned(), errand, reply }));
        match answer.await {
            Ok(verdict) => verdict,
            Err(_) => std::future::pending().await,
        }
    }

    /// A call that changes nothing.
    pub(super) async fn look<T>(
        &self,
        name: &str,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        match self.turn(name, Errand::Look).await {
            Verdict::Good | Verdict::Lie => call.await,
            Verdict::Bad => Err(failure()),
        }
    }

    /// A call that changes something: first it is done, then it is answered, and a crash may come between.
    pub(super) async fn change<T>(
        &self,
        name: &str,
        write: Write,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let verdict = self.turn(name, Errand::Change(write.clone())).await;
        if verdict == Verdict::Bad {
            return Err(failure());
        }
        let done = call.await?;
        self.disk.keep(write);
        // What was done cannot fail any more: this is the way of the answer.
        self.turn(name, Errand::Answer).await;
        if verdict == Verdict::Lie { Err(failure()) } else { Ok(done) }
    }
}

fn failure() -> StoreError {
    StoreError::unavailable(std::io::Error::from(std::io::ErrorKind::StorageFull))
}
