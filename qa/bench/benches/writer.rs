//! Writer bench: how many rows the single writer of the store commits in a second, and what each costs the processor. Nobody
//! is subscribed.
//!
//! Every commit waits for the disk (`synchronous=FULL`), so what many rooms bring at once has to share one. The database
//! lies in the build folder: a file system in memory would say nothing. `normal` beside it shows what the waiting costs.
//! The processor's time is that of this process, so it has the rooms' tasks in it, too.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bench::median;
use hub::model::User;
use hub::store::{MessageDraft, RoomDraft, Store as _};
use protocol::{DraftId, MessageId, MessageKind, RoomId, RoomKind, UserId};
use server::auth::accounts::{Accounts as _, NewAccount};
use server::config::Synchronous;
use server::store::sqlite::SqliteStore;
use tokio::task::JoinSet;
use uuid::Uuid;

const ROUNDS: usize = 3;
const ROWS: usize = 131_072;

/// The unit of `/proc/self/stat` on Linux (`proc_pid_stat(5)`, `sysconf(_SC_CLK_TCK)`).
const TICKS_PER_SECOND: u64 = 100;

type Failed = Box<dyn Error + Send + Sync>;

/// So many rooms at once bring batches of this size, each the next one when the last is answered.
struct Load {
    rooms: usize,
    batch: usize,
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    println!(
        "{:>6} {:>6} {:>12} {:>14} {:>14}",
        "rooms", "batch", "full, rows/s", "CPU a row, µs", "normal, rows/s"
    );
    for load in [
        Load { rooms: 1, batch: 1 },
        Load { rooms: 1, batch: 64 },
        Load { rooms: 1, batch: 256 },
        Load { rooms: 64, batch: 1 },
        Load { rooms: 64, batch: 4 },
        Load { rooms: 256, batch: 1 },
        Load { rooms: 256, batch: 16 },
        Load { rooms: 2000, batch: 1 },
        Load { rooms: 2000, batch: 4 },
    ] {
        let full = measure(&load, Synchronous::Full).await?;
        let normal = measure(&load, Synchronous::Normal).await?;
        let cost = full.cpu.as_secs_f64() * 1e6 / f64::from(load.rows()?);
        let (full, normal) = (load.rate(full.took)?, load.rate(normal.took)?);
        println!("{:>6} {:>6} {full:>12.0} {cost:>14.1} {normal:>14.0}", load.rooms, load.batch);
    }
    Ok(())
}

/// What all rows of a load took.
struct Cost {
    took: Duration,
    cpu: Duration,
}

/// The medians of the rounds.
async fn measure(load: &Load, synchronous: Synchronous) -> Result<Cost, Failed> {
    let (mut took, mut cpu) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let cost = round(load, synchronous).await?;
        took.push(cost.took);
        cpu.push(cost.cpu);
    }
    Ok(Cost { took: median(took), cpu: median(cpu) })
}

impl Load {
    /// Batches of each room: fewer rows where each waits for the disk alone.
    fn appends(&self) -> usize {
        (ROWS / (self.rooms * self.batch)).min(4_000)
    }

    fn rows(&self) -> Result<u32, Failed> {
        Ok(u32::try_from(self.appends() * self.batch * self.rooms)?)
    }

    /// Rows in a second.
    fn rate(&self, took: Duration) -> Result<f64, Failed> {
        Ok(f64::from(self.rows()?) / took.as_secs_f64())
    }
}

async fn round(load: &Load, synchronous: Synchronous) -> Result<Cost, Failed> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let store = SqliteStore::open_with(folder.path().join("hubbub.db"), synchronous).await?;
    let author = author(&store).await?;
    let rooms = rooms(&store, &author, load.rooms).await?;
    let (start, before) = (Instant::now(), processor_time()?);
    let mut tasks = JoinSet::new();
    for room in rooms {
        let (store, author, appends, batch) = (store.clone(), author.clone(), load.appends(), load.batch);
        tasks.spawn(async move {
            for _ in 0..appends {
                store.append(&room, (0..batch).map(|_| draft(&author)).collect(), 0).await?;
            }
            Ok::<(), Failed>(())
        });
    }
    while let Some(end) = tasks.join_next().await {
        end??;
    }
    let cost = Cost { took: start.elapsed(), cpu: processor_time()?.saturating_sub(before) };
    store.close().await;
    Ok(cost)
}

/// What this process has used, in user and kernel: fields 14 and 15 of `/proc/self/stat`.
fn processor_time() -> Result<Duration, Failed> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name, field 2, ends with the last parenthesis and may hold anything.
    let (_, fields) = stat.rsplit_once(')').ok_or("no name in /proc/self/stat")?;
    let mut ticks = 0;
    for field in fields.split_whitespace().skip(11).take(2) {
        ticks += field.parse::<u64>()?;
    }
    Ok(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
}

async fn author(store: &SqliteStore) -> Result<Arc<User>, Failed> {
    let account = NewAccount {
        id: UserId::parse("ann")?,
        username: "ann".to_owned(),
        email: "ann@example.org".to_owned(),
        password_hash: None,
        created_at_ms: 0,
    };
    Ok(Arc::new(store.create(account).await?))
}

async fn rooms(store: &SqliteStore, owner: &User, count: usize) -> Result<Vec<RoomId>, Failed> {
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

fn draft(author: &Arc<User>) -> MessageDraft {
    MessageDraft {
        id: MessageId(Uuid::now_v7()),
        author: author.clone(),
        draft: DraftId(Uuid::now_v7()),
        body: "a line of about the length that people write in a chat, give or take a word or two".into(),
        parent: None,
        kind: MessageKind::Text,
    }
}
