//! How many rows the one writer of the store commits in a second, without anybody who is told of them.
//!
//! Every commit waits for the disk (`synchronous=FULL`), so what many rooms bring at once has to share one. The database
//! lies in the build folder: a file system in memory would say nothing. `normal` beside it shows what the waiting costs.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bench::median;
use hub::model::Person;
use hub::port::{MessageDraft, RoomDraft, Store as _};
use protocol::{DraftId, MessageId, MessageKind, RoomId, RoomKind, UserId};
use server::auth::accounts::{Accounts as _, NewAccount};
use server::config::Synchronous;
use server::store::sqlite::SqliteStore;
use tokio::task::JoinSet;
use uuid::Uuid;

const ROUNDS: usize = 3;
const ROWS: usize = 32_768;

type Failed = Box<dyn Error + Send + Sync>;

/// So many rooms at once bring batches of this size, each the next one when the last is answered.
struct Load {
    rooms: usize,
    batch: usize,
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    println!("{:>6} {:>6} {:>12} {:>14}", "rooms", "batch", "full, rows/s", "normal, rows/s");
    for load in [
        Load { rooms: 1, batch: 1 },
        Load { rooms: 1, batch: 64 },
        Load { rooms: 1, batch: 256 },
        Load { rooms: 64, batch: 1 },
        Load { rooms: 64, batch: 4 },
        Load { rooms: 256, batch: 1 },
    ] {
        let full = rate(&load, Synchronous::Full).await?;
        let normal = rate(&load, Synchronous::Normal).await?;
        println!("{:>6} {:>6} {full:>12.0} {normal:>14.0}", load.rooms, load.batch);
    }
    Ok(())
}

/// Rows in a second.
async fn rate(load: &Load, synchronous: Synchronous) -> Result<f64, Failed> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        times.push(round(load, synchronous).await?);
    }
    Ok(f64::from(u32::try_from(load.appends() * load.batch * load.rooms)?) / median(times).as_secs_f64())
}

impl Load {
    /// Batches of each room: fewer rows where each waits for the disk alone.
    fn appends(&self) -> usize {
        (ROWS / (self.rooms * self.batch)).min(1_000)
    }
}

async fn round(load: &Load, synchronous: Synchronous) -> Result<Duration, Failed> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let store = SqliteStore::open_with(folder.path().join("hubbub.db"), synchronous).await?;
    let author = author(&store).await?;
    let rooms = rooms(&store, &author, load.rooms).await?;
    let start = Instant::now();
    let mut talks = JoinSet::new();
    for room in rooms {
        let (store, author, appends, batch) = (store.clone(), author.clone(), load.appends(), load.batch);
        talks.spawn(async move {
            for _ in 0..appends {
                store.append(&room, (0..batch).map(|_| draft(&author)).collect(), 0).await?;
            }
            Ok::<(), Failed>(())
        });
    }
    while let Some(end) = talks.join_next().await {
        end??;
    }
    let took = start.elapsed();
    store.close().await;
    Ok(took)
}

async fn author(store: &SqliteStore) -> Result<Arc<Person>, Failed> {
    let account = NewAccount {
        id: UserId::parse("ann")?,
        username: "ann".to_owned(),
        email: "ann@example.org".to_owned(),
        password_hash: None,
        created_at_ms: 0,
    };
    Ok(Arc::new(store.create(account).await?))
}

async fn rooms(store: &SqliteStore, owner: &Person, count: usize) -> Result<Vec<RoomId>, Failed> {
    let mut rooms = Vec::with_capacity(count);
    for number in 0..count {
        let room = RoomDraft {
            id: RoomId::parse(&format!("room-{number}"))?,
            name: "Hall".to_owned(),
            kind: RoomKind::Group,
            epoch: 1,
            owner: owner.id.clone(),
            members: Vec::new(),
            at_ms: 0,
        };
        rooms.push(store.create_room(room).await?.id);
    }
    Ok(rooms)
}

fn draft(author: &Arc<Person>) -> MessageDraft {
    MessageDraft {
        id: MessageId(Uuid::now_v7()),
        author: author.clone(),
        draft: DraftId(Uuid::now_v7()),
        body: "a line of about the length that people write in a chat, give or take a word or two".into(),
        parent: None,
        kind: MessageKind::Text,
    }
}
