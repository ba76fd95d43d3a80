//! Fills a database before a server starts on it: `fill FOLDER MESSAGES SHAPE…`.
//!
//! A shape such as `2000x2-10` is so many rooms, of 2 to 10 members in turn; the users are c0, c1 and so on, room after
//! room, as `load` counts them. The first room of the first shape gets so many messages. The program's own store does it,
//! so the tables are whatever they are in this version.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use hub::model::User;
use hub::store::{MessageDraft, RoomDraft, Store as _};
use protocol::{DraftId, MessageId, MessageKind, RoomId, RoomKind, UserId};
use server::auth::accounts::{Accounts as _, NewAccount};
use server::config::Synchronous;
use server::store::sqlite::SqliteStore;
use uuid::Uuid;

type Failed = Box<dyn Error + Send + Sync>;

const USAGE: &str = "fill FOLDER MESSAGES SHAPE…, a shape is ROOMSxMEMBERS such as 100x100 or 2000x2-10";

/// Messages in one commit.
const BATCH: usize = 500;

/// Of about the length of a message in a chat.
const BODY: &str = "a line of about the length that people write in a chat, give or take a word or two";

struct Shape {
    name: String,
    rooms: usize,
    fewest: usize,
    most: usize,
}

impl Shape {
    fn read(name: String) -> Result<Self, Failed> {
        let (rooms, members) = name.split_once('x').ok_or(USAGE)?;
        let (fewest, most) = members.split_once('-').unwrap_or((members, members));
        let (rooms, fewest, most) = (rooms.parse()?, fewest.parse()?, most.parse()?);
        if fewest == 0 || most < fewest { Err(USAGE.into()) } else { Ok(Self { name, rooms, fewest, most }) }
    }

    /// How many are in this room.
    fn size(&self, room: usize) -> usize {
        self.fewest + room % (self.most - self.fewest + 1)
    }

    fn users(&self) -> usize {
        (0..self.rooms).map(|room| self.size(room)).sum()
    }
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or(USAGE)?);
    let messages = arguments.next().ok_or(USAGE)?.parse()?;
    let shapes = arguments.map(Shape::read).collect::<Result<Vec<_>, _>>()?;
    std::fs::create_dir_all(&folder)?;
    // Whoever fills it again after a power cut loses nothing.
    let store = SqliteStore::open_with(folder.join("hubbub.db"), Synchronous::Normal).await?;
    let first = users(&store, shapes.iter().map(Shape::users).max().unwrap_or(1)).await?;
    for shape in &shapes {
        rooms(&store, shape).await?;
    }
    if let Some(shape) = shapes.first() {
        post_messages(&store, &RoomId::parse(&format!("r{}-0", shape.name))?, &first, messages).await?;
    }
    store.close().await;
    Ok(())
}

/// Creates so many users and returns the first.
async fn users(store: &SqliteStore, count: usize) -> Result<Arc<User>, Failed> {
    let mut first = None;
    for n in 0..count.max(1) {
        let username = format!("c{n}");
        let account = NewAccount {
            id: UserId::parse(&username)?,
            email: format!("{username}@example.org"),
            username,
            password_hash: None,
            created_at_ms: 0,
        };
        let user = store.create(account).await?;
        first.get_or_insert(user);
    }
    Ok(Arc::new(first.ok_or("nobody was made")?))
}

async fn rooms(store: &SqliteStore, shape: &Shape) -> Result<(), Failed> {
    let mut next = 0;
    for room in 0..shape.rooms {
        let end = next + shape.size(room);
        let members = (next..end).map(|n| UserId::parse(&format!("c{n}"))).collect::<Result<Vec<_>, _>>()?;
        let draft = RoomDraft {
            id: RoomId::parse(&format!("r{}-{room}", shape.name))?,
            name: format!("Room {room}"),
            kind: RoomKind::Group,
            epoch: 1,
            owner: UserId::parse(&format!("c{next}"))?,
            members,
            at_ms: 0,
        };
        store.create_room(draft).await?;
        next = end;
    }
    Ok(())
}

async fn post_messages(
    store: &SqliteStore,
    room: &RoomId,
    author: &Arc<User>,
    count: usize,
) -> Result<(), Failed> {
    let mut left = count;
    while left > 0 {
        let some = left.min(BATCH);
        let draft = || MessageDraft {
            id: MessageId(Uuid::now_v7()),
            author: author.clone(),
            draft: DraftId(Uuid::now_v7()),
            body: BODY.into(),
            parent: None,
            kind: MessageKind::Text,
        };
        store.append(room, (0..some).map(|_| draft()).collect(), 0).await?;
        left -= some;
    }
    Ok(())
}
