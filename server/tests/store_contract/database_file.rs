//! The database file: reopening, crashes, and files that cannot be used.

use std::fs;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use hub::store::{
    Appended, Change, ChangeDraft, ChangeRights, Delivered, HistoryRange, InboxStore as _, JobWrite,
    MessageDraft, NewEntry, Store, StoreError,
};
use protocol::limits::MAX_INBOX_ITEMS;
use protocol::{Cursor, DraftId, InboxItem, MessageKind};
use server::auth::accounts::Accounts;
use server::store::sqlite::{OpenError, SqliteStore, StoreUnavailable};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::world::{
    account, draft, draft_room, entries, job, live_change, message, notification, open_with_users, room_id,
    seqs, signal, test_user,
};

#[tokio::test]
async fn rooms_and_messages_survive_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_with_users(&folder).await;
    let alice = Arc::new(test_user("alice"));
    let room = store.create_room(draft_room("general", &alice)).await.unwrap();
    let drafts = vec![draft(&alice, "one"), draft(&alice, "two")];
    let said = store.append(&room.id, drafts.clone(), 2000).await.unwrap();
    store.mark_read(&room.id, &[(alice.id.clone(), 1)]).await.unwrap();
    let before = store.room(&room.id).await.unwrap();
    store.close().await;
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["hubbub.db", "hubbub.db-lock"], "closed cleanly, everything is in one file");

    let store = SqliteStore::open(folder.path().join("hubbub.db")).await.unwrap();

    assert_eq!(store.room(&room.id).await.unwrap(), before);
    assert_eq!(store.page(&room.id, HistoryRange::Newest, 10).await.unwrap().messages.len(), 2);
    assert_eq!(store.count().await.unwrap(), 3);
    let again = store.append(&room.id, drafts, 3000).await.unwrap();
    let known = said.iter().map(|it| Appended::Known(message(it).clone())).collect::<Vec<_>>();
    assert_eq!(again, known);
}

#[tokio::test]
async fn the_first_twenty_users_of_a_reaction_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_with_users(&folder).await;
    let alice = Arc::new(test_user("alice"));
    let room = store.create_room(draft_room("general", &alice)).await.unwrap().id;
    let said = store.append(&room, vec![draft(&alice, "tea")], 2000).await.unwrap();
    let mut users = Vec::new();
    for number in 0..25 {
        let name = format!("user-{number}");
        store.create(account(&name)).await.unwrap();
        let (author, rights) = (Arc::new(test_user(&name)), ChangeRights::default());
        users.push(author.id.clone());
        let change = Change::React { emoji: "👍".into(), on: true };
        let draft = DraftId(uuid::Uuid::now_v7());
        let change = ChangeDraft { author, draft, message: message(&said[0]).id, change, rights };
        assert!(store.change(&room, vec![change], 3000).await.unwrap().results[0].is_ok());
    }
    let page = store.page(&room, HistoryRange::Newest, 1).await.unwrap();
    let reactions = page.messages[0].state.clone().unwrap().reactions;
    users.truncate(20);
    assert_eq!((reactions[0].count, &reactions[0].users), (25, &users));
}

/// Whether any file of a folder has these bytes.
fn is_in_a_file(folder: &std::path::Path, bytes: &[u8]) -> bool {
    let files = fs::read_dir(folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap());
    files.into_iter().any(|content| content.windows(bytes.len()).any(|window| window == bytes))
}

#[tokio::test]
async fn text_of_a_deleted_message_is_in_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_with_users(&folder).await;
    let alice = Arc::new(test_user("alice"));
    let room = store.create_room(draft_room("general", &alice)).await.unwrap().id;
    // Among others, and longer than a page, so that it is on pages of its own as well.
    let texts = [
        "the first one".to_owned(),
        "Xylophone".to_owned(),
        format!("{}Quagmire", "x".repeat(20_000)),
        "the last one".to_owned(),
    ];
    let said =
        store.append(&room, texts.iter().map(|text| draft(&alice, text)).collect(), 2000).await.unwrap();
    let change = async |at: usize, change: Change| {
        let (author, rights) = (alice.clone(), ChangeRights::default());
        let draft = DraftId(uuid::Uuid::now_v7());
        let change = ChangeDraft { author, draft, message: message(&said[at]).id, change, rights };
        assert!(store.change(&room, vec![change], 3000).await.unwrap().results[0].is_ok());
    };
    change(1, Change::Edit { body: "Zwieback".into(), base_rev: None }).await;
    change(2, Change::Edit { body: format!("{}Bulwark", "y".repeat(20_000)).into(), base_rev: None }).await;
    assert!(is_in_a_file(folder.path(), b"Xylophone") && is_in_a_file(folder.path(), b"Quagmire"));
    for at in [1, 2] {
        change(at, Change::Delete).await;
    }
    // Which moves the log into the file, and cuts it off (`wal_checkpoint(TRUNCATE)`).
    store.close().await;
    assert!(is_in_a_file(folder.path(), b"the last one"));
    for text in ["Xylophone", "Quagmire", "Zwieback", "Bulwark"] {
        assert!(!is_in_a_file(folder.path(), text.as_bytes()), "{text}");
    }
}

#[tokio::test]
async fn inboxes_jobs_and_live_rooms_survive_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_with_users(&folder).await;
    let alice = Arc::new(test_user("alice"));
    let room = store.create_room(draft_room("general", &alice)).await.unwrap().id;
    let live = store.live_room(&room_id("session_general"), &room, 9, 2000).await.unwrap().unwrap().id;
    let question = MessageKind::parse("question").unwrap();
    let parent = message(&store.append(&live, vec![draft(&alice, "hi")], 2000).await.unwrap()[0]).id;
    let answer = MessageDraft { parent: Some(parent), kind: question, ..draft(&alice, "hello") };
    store.append(&live, vec![answer], 2001).await.unwrap();
    store.set_live(&live_change(&live, &alice.id, "paused")).await.unwrap();
    let job = job(&alice.id);
    let listed = InboxItem::Notification(notification("first"));
    let new = [listed, signal()].map(|item| NewEntry { item, waits: true }).to_vec();
    store.put_in_inbox(&alice.id, new, Some(JobWrite::Save(job.clone())), 2000).await.unwrap();
    store.mark_inbox_delivered(&alice.id, Delivered::These(&[1, 2])).await.unwrap();
    store.put_in_inbox(&alice.id, entries(MAX_INBOX_ITEMS), None, 2001).await.unwrap();
    let state = async |store: &SqliteStore| {
        let inbox = store.inbox_after(&alice.id, 2, u32::MAX).await.unwrap().unwrap();
        let notifications = store.notifications(&alice.id, None, 10).await.unwrap();
        let page = store.page(&live, HistoryRange::Newest, 10).await.unwrap();
        (inbox, notifications, page, store.room(&live).await.unwrap().unwrap())
    };
    let before = state(&store).await;
    assert_eq!((before.0.len(), before.1.list.len(), before.2.messages.len()), (1000, 1, 2));
    assert!(before.3.live.is_some());
    store.close().await;

    let store = SqliteStore::open(folder.path().join("hubbub.db")).await.unwrap();

    assert_eq!(state(&store).await, before);
    assert_eq!(store.job(job.id).await.unwrap(), Some(job));
    assert_eq!(store.inbox_after(&alice.id, 1, 1).await.unwrap(), None);
    let next = u64::from(MAX_INBOX_ITEMS) + 3;
    assert_eq!(store.put_in_inbox(&alice.id, entries(1), None, 3000).await.unwrap(), [next]);
}

#[tokio::test]
async fn acknowledged_writes_survive_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_with_users(&folder).await;
    let alice = Arc::new(test_user("alice"));
    let room = store.create_room(draft_room("general", &alice)).await.unwrap();
    store.append(&room.id, vec![draft(&alice, "hello")], 2000).await.unwrap();

    // The files as a crash at this moment would leave them: the log is not yet moved into the database.
    let copies = tempfile::tempdir().unwrap();
    for file in ["hubbub.db", "hubbub.db-wal"] {
        fs::copy(folder.path().join(file), copies.path().join(file)).unwrap();
    }
    let survivor = SqliteStore::open(copies.path().join("hubbub.db")).await.unwrap();

    let messages = survivor.page(&room.id, HistoryRange::Newest, 10).await.unwrap().messages;
    assert_eq!(messages.iter().map(|message| &*message.body).collect::<Vec<_>>(), ["hello"]);
}

#[tokio::test]
async fn closing_finishes_earlier_writes_and_refuses_later_ones() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_with_users(&folder).await;
    let alice = Arc::new(test_user("alice"));
    let room = store.create_room(draft_room("general", &alice)).await.unwrap().id;
    // More than one transaction takes.
    let mut asked: Vec<_> =
        (0..600).map(|_| store.append(&room, vec![draft(&alice, "hello")], 2000)).collect();
    for append in &mut asked {
        // The first poll brings it to the writer.
        assert!(poll_fn(|context| Poll::Ready(append.as_mut().poll(context))).await.is_pending());
    }

    store.close().await;
    store.close().await;

    for append in asked {
        append.await.unwrap();
    }
    let refused = store.append(&room, vec![draft(&alice, "late")], 2000).await.unwrap_err();
    assert!(is_closed(&refused), "{refused:?}");
    let refused = store.page(&room, HistoryRange::Newest, 10).await.unwrap_err();
    assert!(is_closed(&refused), "{refused:?}");
    let store = SqliteStore::open(folder.path().join("hubbub.db")).await.unwrap();
    assert_eq!(store.page(&room, HistoryRange::Newest, 1000).await.unwrap().messages.len(), 600);
}

fn is_closed(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(cause) if matches!(cause.downcast_ref(), Some(StoreUnavailable::Closed)))
}

#[tokio::test]
async fn the_folder_is_created_and_the_file_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/hubbub.db");

    let store = SqliteStore::open_url(&format!("sqlite://{}", path.display())).await.unwrap();

    store.create(account("alice")).await.unwrap();
    #[cfg(unix)]
    for file in ["hubbub.db", "hubbub.db-wal"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(path.with_file_name(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[tokio::test]
async fn each_unusable_database_has_its_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(
        path("garbage"),
        "this is no database, but long enough for a header of one hundred bytes ".repeat(9),
    )
    .unwrap();
    fs::create_dir(path("folder")).unwrap();
    fs::write(path("file"), "").unwrap();
    fs::write(path("read-only"), "").unwrap();
    let mut permissions = fs::metadata(path("read-only")).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(path("read-only"), permissions).unwrap();
    let whole = open_with_users(&folder).await;
    whole.close().await;
    let bytes = fs::read(path("hubbub.db")).unwrap();
    fs::write(path("torn"), &bytes[..bytes.len() / 2]).unwrap();

    for (name, line) in [
        ("garbage", "is not a SQLite database or is damaged"),
        ("torn", "is not a SQLite database or is damaged"),
        ("folder", "is a folder, not a database file"),
        ("read-only", "cannot be written: it or its folder is read-only"),
        ("file/below", "cannot be created"),
    ] {
        let refused = SqliteStore::open(path(name)).await.unwrap_err().to_string();
        assert!(refused.contains(line) && !refused.contains('\n'), "{name}: {refused}");
    }
    let url = format!("sqlite://{}?mode=ro", path("hubbub.db").display());
    let refused = SqliteStore::open_url(&url).await.unwrap_err();
    assert!(matches!(refused, OpenError::ReadOnly(_)), "{refused:?}");
    for address in ["postgres://localhost/hubbub", "sqlite::memory:", "sqlite://", "sqlite:x?mode=fast", ""] {
        let refused = SqliteStore::open_url(address).await.unwrap_err();
        assert!(matches!(refused, OpenError::Address(_)), "{address}: {refused:?}");
    }
}

/// Opens the database as another program would.
async fn meddle(path: &std::path::Path, statement: &'static str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::query(statement).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn foreign_and_newer_databases_are_left_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    open_with_users(&folder).await.close().await;
    let [ours, foreign] = ["hubbub.db", "foreign.db"].map(|name| folder.path().join(name));
    meddle(&foreign, "CREATE TABLE recipes (name TEXT)").await;
    meddle(
        &ours,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', 1, x'00', 0)",
    )
    .await;

    let refused = SqliteStore::open(&foreign).await.unwrap_err();
    assert!(matches!(refused, OpenError::Foreign(_)), "{refused:?}");
    let refused = SqliteStore::open(&ours).await.unwrap_err();
    assert!(matches!(refused, OpenError::Newer { schema: 9999, .. }), "{refused:?}");
}

#[tokio::test]
async fn a_failed_write_does_not_affect_others_of_its_batch() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_with_users(&folder).await;
    let alice = Arc::new(test_user("alice"));
    let [good, bad] = ["good", "bad"].map(|id| draft_room(id, &alice));
    let (good, bad) = (store.create_room(good).await.unwrap().id, store.create_room(bad).await.unwrap().id);
    meddle(
        &folder.path().join("hubbub.db"),
        "CREATE TRIGGER broken BEFORE INSERT ON messages WHEN NEW.body = 'break'
         BEGIN SELECT RAISE(ABORT, 'broken on purpose'); END",
    )
    .await;
    let mut asked = tokio::task::JoinSet::new();
    for number in 0..30 {
        let breaks = number % 10 == 5;
        let (room, body) = if breaks { (bad.clone(), "break") } else { (good.clone(), "hello") };
        let (store, drafts) = (store.clone(), vec![draft(&alice, "fine"), draft(&alice, body)]);
        asked.spawn(async move { (breaks, store.append(&room, drafts, 2000).await) });
    }

    while let Some(end) = asked.join_next().await {
        let (breaks, answer) = end.unwrap();
        assert_eq!(matches!(answer, Err(StoreError::Unavailable(_))), breaks, "{answer:?}");
    }

    assert!(store.page(&bad, HistoryRange::Newest, 100).await.unwrap().messages.is_empty());
    let kept = store.page(&good, HistoryRange::Newest, 100).await.unwrap().messages;
    assert_eq!(seqs(&kept), (1..=54).collect::<Vec<_>>());
    let again = store.append(&bad, vec![draft(&alice, "again")], 2000).await.unwrap();
    assert_eq!(message(&again[0]).cursor.seq, 1, "what was rolled back took no number");
}

#[tokio::test]
async fn changes_of_another_program_are_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_with_users(&folder).await;
    let alice = Arc::new(test_user("alice"));
    let room = store.create_room(draft_room("general", &alice)).await.unwrap().id;
    store.append(&room, vec![draft(&alice, "one")], 2000).await.unwrap();
    meddle(&folder.path().join("hubbub.db"), "UPDATE rooms SET epoch = 70, head = 10").await;

    let said = store.append(&room, vec![draft(&alice, "two")], 2001).await.unwrap();

    assert_eq!(message(&said[0]).cursor, Cursor { epoch: 70, seq: 11 });
}
