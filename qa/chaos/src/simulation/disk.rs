//! Simulated disk: takes its time, fails, and keeps through a crash what it has committed.
//!
//! What is durable is a log of writes; each instance of the server begins by reading it into a [`MemoryStore`]. A call of the
//! hub waits here until the world lets it go on, so that all calls happen one after the other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hub::memory::MemoryStore;
use hub::model::User;
use hub::store::{InboxStore, Store, StoreError};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::call::{Call, Operation, Verdict, Write};
use super::ingress::{Ingress, TaskReport};
use crate::body::name_of;

/// What outlives the server.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    log: Mutex<Vec<Logged>>,
}

#[derive(Debug, Clone)]
struct Logged {
    /// The store was never asked whether the write may be done: the server crashed before.
    is_unchecked: bool,
    write: Write,
}

impl Disk {
    fn log(&self) -> MutexGuard<'_, Vec<Logged>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down what the store has done.
    pub(crate) fn keep(&self, write: Write) {
        self.log().push(Logged { is_unchecked: false, write });
    }

    /// Writes down what was under way when the server crashed. The next instance does it if the store allows it.
    pub(crate) fn keep_unchecked(&self, write: Write) {
        self.log().push(Logged { is_unchecked: true, write });
    }

    /// The name of each message that was to be stored, by the message's id.
    pub(crate) fn posted(&self) -> HashMap<Uuid, String> {
        let log = self.log();
        let drafts = log.iter().flat_map(|logged| match &logged.write {
            Write::Append(_, drafts, _) => drafts.as_slice(),
            _ => &[],
        });
        drafts.filter_map(|draft| Some((draft.id.0, name_of(&draft.body)?.to_owned()))).collect()
    }

    /// What is kept, as the next instance finds it.
    pub(crate) async fn read(&self, users: &[User]) -> Result<MemoryStore, StoreError> {
        let store = MemoryStore::new();
        for user in users {
            store.put_user(user.clone());
        }
        let log = self.log().clone();
        for Logged { is_unchecked, write } in log {
            let done = redo(&store, write).await;
            let is_refused = matches!(&done, Err(error) if !matches!(error, StoreError::Unavailable(_)));
            if !(is_unchecked && is_refused) {
                done?;
            }
        }
        Ok(store)
    }
}

async fn redo(store: &MemoryStore, write: Write) -> Result<(), StoreError> {
    match write {
        Write::Create(draft) => drop(store.create_room(draft).await?),
        Write::Append(room, drafts, at_ms) => drop(store.append(&room, drafts, at_ms).await?),
        Write::Change(room, drafts, at_ms) => drop(store.change(&room, drafts, at_ms).await?),
        Write::Add(room, users, at_ms) => drop(store.add_members(&room, &users, at_ms).await?),
        Write::Remove(room, user) => drop(store.remove_member(&room, &user).await?),
        Write::Mark(room, marks) => store.mark_read(&room, &marks).await?,
        Write::Inbox(user, entries, job, at_ms) => {
            drop(store.put_in_inbox(&user, entries, job.map(|job| *job), at_ms).await?);
        }
        Write::Delivered(user, proven) => {
            store.mark_inbox_delivered(&user, proven.which()).await?;
        }
    }
    Ok(())
}

/// The store of one instance of the server.
pub(crate) struct SimulatedStore {
    instance: u32,
    disk: Arc<Disk>,
    pub(super) memory: MemoryStore,
    ingress: Ingress,
}

impl SimulatedStore {
    pub(crate) fn new(instance: u32, disk: Arc<Disk>, memory: MemoryStore, ingress: Ingress) -> Self {
        Self { instance, disk, memory, ingress }
    }

    /// Waits for the world. Never comes back once this server instance is gone.
    async fn wait_for_verdict(&self, name: &str, operation: Operation) -> Verdict {
        let (reply, answer) = oneshot::channel();
        self.ingress.report(TaskReport::Call(Call {
            instance: self.instance,
            name: name.to_owned(),
            operation,
            reply,
        }));
        match answer.await {
            Ok(verdict) => verdict,
            Err(_) => std::future::pending().await,
        }
    }

    /// A call that changes nothing.
    pub(super) async fn query<T>(
        &self,
        name: &str,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        match self.wait_for_verdict(name, Operation::Query).await {
            Verdict::Good | Verdict::Lie => call.await,
            Verdict::Bad => Err(failure()),
        }
    }

    /// A call that changes something: first it is done, then it is answered, and a crash may come between.
    pub(super) async fn write<T>(
        &self,
        name: &str,
        write: Write,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let verdict = self.wait_for_verdict(name, Operation::Change(write.clone())).await;
        if verdict == Verdict::Bad {
            return Err(failure());
        }
        let done = call.await?;
        self.disk.keep(write);
        // What was done cannot fail any more: this is the way of the answer.
        self.wait_for_verdict(name, Operation::Answer).await;
        if verdict == Verdict::Lie { Err(failure()) } else { Ok(done) }
    }
}

fn failure() -> StoreError {
    StoreError::unavailable(std::io::Error::from(std::io::ErrorKind::StorageFull))
}
