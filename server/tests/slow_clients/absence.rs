//! Long absence: a client recovers the hundred thousand messages of two months.

use std::path::Path;
use std::sync::Arc;

use hub::model;
use hub::store::{MessageDraft, Store};
use protocol::rest::{Tokens, User};
use protocol::{Cursor, DraftId, JoinedRoom, MessageId, MessageKind, RoomId, ServerFrame};
use server::store::sqlite::SqliteStore;
use uuid::Uuid;

use crate::common::App;
use crate::enter;
use crate::socket::{Socket, post};

const MISSED: u64 = 100_000;

/// What one append stores.
const BATCH: u64 = 2_000;

/// Two months in milliseconds, spread over the batches.
const BETWEEN_BATCHES_MS: i64 = 60 * 24 * 3_600_000 / 50;

/// A server with this data, which outlives it.
async fn open(folder: &Path) -> App {
    App::spawn_with(|config| {
        folder.clone_into(&mut config.data_dir);
        config.database = folder.join("hubbub.db");
    })
    .await
}

/// Stores a hundred thousand messages while no server runs.
async fn fill(folder: &Path, room: &RoomId, author: &User) {
    let store = SqliteStore::open(folder.join("hubbub.db")).await.unwrap();
    let author = Arc::new(model::User {
        id: author.id.clone(),
        username: author.username.clone(),
        email: author.email.clone(),
        is_active: true,
        created_at_ms: 0,
    });
    for batch in 0..MISSED / BATCH {
        let draft = |seq: u64| MessageDraft {
            id: MessageId(Uuid::from_u128(u128::from(seq))),
            author: author.clone(),
            draft: DraftId(Uuid::from_u128(u128::from(seq))),
            body: format!("line {seq}").into(),
            parent: None,
            kind: MessageKind::Text,
        };
        let drafts = (batch * BATCH + 1..=(batch + 1) * BATCH).map(draft).collect();
        let at_ms = 1_700_000_000_000 + i64::try_from(batch).unwrap() * BETWEEN_BATCHES_MS;
        store.append(room, drafts, at_ms).await.unwrap();
    }
    store.close().await;
}

/// Two users who exchange messages while another one recovers.
struct Conversation {
    rooms: [RoomId; 2],
    /// The head of the first room when they began.
    head: Cursor,
    bob: Socket,
    carol: Socket,
    said: u128,
}

impl Conversation {
    async fn begin(app: &App, rooms: [RoomId; 2], bob: &Tokens, carol: &Tokens) -> Self {
        let (mut bob, mut carol) = (enter(app, bob).await, enter(app, carol).await);
        let head = bob.join(&rooms[0], None).await.head;
        bob.join(&rooms[1], None).await;
        carol.join(&rooms[0], None).await;
        carol.join(&rooms[1], None).await;
        Self { rooms, head, bob, carol, said: 0 }
    }

    /// Bob posts to the rooms in turn, and carol receives it.
    async fn go_on(&mut self) {
        self.said += 1;
        let draft = 1_000_000 + self.said;
        let room = &self.rooms[usize::from(self.said.is_multiple_of(2))];
        self.bob.say(&post(room, draft, "meanwhile")).await;
        let is_it = |frame| match frame {
            ServerFrame::Message { data } => (data.draft.0.as_u128() == draft).then_some(()),
            _ => None,
        };
        self.carol.hear_some(is_it).await;
    }

    /// How many messages the first of the rooms got.
    fn said_there(&self) -> u64 {
        u64::try_from(self.said.div_ceil(2)).unwrap()
    }
}

/// The answer to a join, before which no event of a room arrives.
async fn next_page(reader: &mut Socket) -> JoinedRoom {
    reader
        .hear_some(|frame| match frame {
            ServerFrame::Joined { data } => Some(data),
            ServerFrame::Message { .. } => unreachable!("told before it was asked for"),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn recovery_of_100_000_messages_is_ordered_and_delays_no_other_user() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path()).await;
    let (bob, carol) = (app.register("bob").await, app.register("carol").await);
    let dave = app.register("dave").await;
    let kitchen = app.create_room(&bob, "Kitchen", &[&carol, &dave]).await;
    let garden = app.create_room(&bob, "Garden", &[&carol]).await;
    app.stop().await;
    fill(folder.path(), &kitchen, &bob.user).await;

    let app = open(folder.path()).await;
    let mut conversation = Conversation::begin(&app, [kitchen.clone(), garden], &bob, &carol).await;
    let mut dave = enter(&app, &dave).await;
    assert_eq!(conversation.head.seq, MISSED);
    let mut since = Cursor { seq: 0, ..conversation.head };
    let (mut pages, mut last_at_ms) = (0, 0);
    loop {
        dave.say(&protocol::ClientFrame::Join { room: kitchen.clone(), since: Some(since), changes: None })
            .await;
        // The page is on its way, and others are heard before the next one is asked for.
        conversation.go_on().await;
        let page = next_page(&mut dave).await;
        assert!(page.recovered && page.messages.len() <= 500);
        for message in &page.messages {
            since.seq += 1;
            assert_eq!(message.cursor, since, "in order, without a hole, none twice");
            assert!(message.at_ms >= last_at_ms);
            last_at_ms = message.at_ms;
            let expected = if since.seq <= MISSED { &*format!("line {}", since.seq) } else { "meanwhile" };
            assert_eq!(message.body, expected);
        }
        pages += 1;
        assert_eq!(page.head, since);
        if !page.has_more {
            assert_eq!(page.members.len(), 3);
            break;
        }
        assert!(page.members.is_empty() && page.messages.len() == 500);
    }
    assert!(pages > 200, "{pages}");
    assert!(since.seq > MISSED);
    // From here on it follows, from exactly there.
    conversation.go_on().await;
    conversation.go_on().await;
    let behind = MISSED + conversation.said_there();
    while since.seq < behind {
        since.seq += 1;
        let next = dave.hear_some(|frame| match frame {
            ServerFrame::Message { data } => Some(data.cursor),
            _ => None,
        });
        assert_eq!(next.await, since);
    }
}
