//! Backups: copies of a database, and their restore.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use hub::store::{HistoryRange, InboxStore as _, Store as _};
use protocol::limits::MAX_RECOVERED_MESSAGES;
use server::auth::accounts::{Accounts as _, SignIn, SignInKind};
use server::store::sqlite::{
    Backup, BackupError, OpenError, Restore, RestoreError, SqliteStore, backup, check, restore,
};
use sqlx::{ConnectOptions as _, Connection as _};
use tempfile::TempDir;
use uuid::Uuid;

use crate::older_versions::write_as_of;
use crate::world::{EPOCH, begins, draft, draft_room, entries, open_with_users, room_id, test_user};

/// The files of a folder without those of SQLite and of the lock, which a reader may leave there.
fn files(folder: &TempDir) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| !["-lock", "-shm", "-wal"].iter().any(|ending| name.ends_with(ending)))
        .collect();
    names.sort();
    names
}

/// Appends messages to the kitchen, which is created if it is missing.
async fn say(store: &SqliteStore, count: usize) {
    let alice = Arc::new(test_user("alice"));
    let kitchen = room_id("kitchen");
    if store.room(&kitchen).await.unwrap().is_none() {
        store.create_room(draft_room("kitchen", &alice)).await.unwrap();
    }
    let drafts = (0..count).map(|_| draft(&alice, "hello")).collect();
    store.append(&kitchen, drafts, 2000).await.unwrap();
}

async fn count(path: &Path) -> u64 {
    check(path, |finding| panic!("{finding}")).await.unwrap().messages
}

#[tokio::test]
async fn a_backup_of_a_store_in_use_is_one_complete_private_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_with_users(&folder).await;
    say(&store, 10).await;
    let (database, copy) = (folder.path().join("hubbub.db"), folder.path().join("copy.db"));

    let made = backup(&database, &copy).await.unwrap();

    let bytes = fs::metadata(&copy).unwrap().len();
    assert_eq!(made, Backup { file: copy.clone(), rooms: 1, messages: 10, bytes });
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    say(&store, 5).await;
    assert_eq!((count(&copy).await, count(&database).await), (10, 15));
    store.close().await;
    assert_eq!(files(&folder), ["copy.db", "hubbub.db"], "nothing is left beside them");
}

#[tokio::test]
async fn a_backup_never_overwrites_a_file() {
    let folder = tempfile::tempdir().unwrap();
    open_with_users(&folder).await.close().await;
    let path = |name: &str| folder.path().join(name);
    fs::write(path("dear.db"), "dear").unwrap();
    fs::write(path("busy.db.part"), "half of a copy").unwrap();
    fs::write(path("file"), "").unwrap();
    for (name, line) in [
        ("dear.db", "is there already"),
        ("busy.db", "busy.db.part` is there already"),
        ("file/copy.db", "cannot be written"),
        ("no/such/folder.db", "cannot be written"),
    ] {
        let refused = backup(&path("hubbub.db"), &path(name)).await.unwrap_err().to_string();
        assert!(refused.contains(line), "{name}: {refused}");
    }
    let refused = backup(&path("missing.db"), &path("copy.db")).await.unwrap_err();
    assert!(matches!(refused, BackupError::Open(OpenError::Unreadable(..))), "{refused:?}");
    assert_eq!(files(&folder), ["busy.db.part", "dear.db", "file", "hubbub.db"]);
    assert_eq!(fs::read_to_string(path("dear.db")).unwrap(), "dear");
}

#[tokio::test]
async fn a_database_is_held_by_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_with_users(&folder).await;
    say(&store, 1).await;
    let (database, copy) = (folder.path().join("hubbub.db"), folder.path().join("copy.db"));
    backup(&database, &copy).await.unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(folder.path(), elsewhere.path().join("data")).unwrap();
    let link = elsewhere.path().join("data/hubbub.db");
    let held = format!("is held by another hubbub (process {})", std::process::id());

    for name in [&database, &link] {
        let refused = SqliteStore::open(name).await.unwrap_err().to_string();
        assert!(refused.ends_with(&held), "{refused}");
        let refused = restore(name, &copy).await.unwrap_err();
        assert!(matches!(refused, RestoreError::Open(OpenError::InUse { .. })), "{refused:?}");
    }

    store.close().await;
    SqliteStore::open(&link).await.unwrap().close().await;
}

#[tokio::test]
async fn a_restore_keeps_the_previous_database_with_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_with_users(&folder).await;
    say(&store, 3).await;
    let copy = folder.path().join("copy.db");
    backup(&folder.path().join("hubbub.db"), &copy).await.unwrap();
    say(&store, 4).await;
    // As a crash leaves it: part of it is in the log.
    let crashed = tempfile::tempdir().unwrap();
    for file in ["hubbub.db", "hubbub.db-wal"] {
        fs::copy(folder.path().join(file), crashed.path().join(file)).unwrap();
    }
    let database = crashed.path().join("hubbub.db");

    let Restore { rooms, messages, kept, .. } = restore(&database, &copy).await.unwrap();

    let kept = kept.unwrap();
    assert_eq!((rooms, messages), (1, 3));
    assert_eq!((count(&database).await, count(&kept).await), (3, 7));
    assert_eq!(fs::metadata(&database).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(files(&folder), ["copy.db", "hubbub.db"], "the copy is only read");
    let again = restore(&crashed.path().join("new/hubbub.db"), &copy).await.unwrap();
    assert_eq!((again.messages, again.kept), (3, None));
}

/// A restore gives the database a second name before it puts the new one in its place.
#[tokio::test]
async fn an_interrupted_restore_leaves_a_usable_database() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_with_users(&folder).await;
    say(&store, 3).await;
    let path = |name: &str| folder.path().join(name);
    backup(&path("hubbub.db"), &path("copy.db")).await.unwrap();
    store.close().await;
    fs::hard_link(path("hubbub.db"), path("hubbub.db.20260101-000000Z")).unwrap();

    assert_eq!(count(&path("hubbub.db")).await, 3);
    backup(&path("hubbub.db"), &path("another.db")).await.unwrap();
    let store = SqliteStore::open(path("hubbub.db")).await.unwrap();
    say(&store, 2).await;
    store.close().await;
    let kept = restore(&path("hubbub.db"), &path("copy.db")).await.unwrap().kept.unwrap();
    assert_eq!((count(&path("hubbub.db")).await, count(&kept).await), (3, 5));
    assert!(!path("hubbub.db.20260101-000000Z").exists());

    // A name elsewhere, or one that no restore gives, is not ours.
    let elsewhere = tempfile::tempdir().unwrap();
    for name in [elsewhere.path().join("hubbub.db.20260101-000000Z"), path("other.db")] {
        fs::hard_link(path("hubbub.db"), &name).unwrap();
        let refused = SqliteStore::open(path("hubbub.db")).await.unwrap_err();
        assert!(matches!(refused, OpenError::Unfit(..)), "{refused:?}");
        fs::remove_file(name).unwrap();
    }
}

#[tokio::test]
async fn a_restore_keeps_a_broken_database_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_with_users(&folder).await;
    say(&store, 3).await;
    let (database, copy) = (folder.path().join("hubbub.db"), folder.path().join("copy.db"));
    backup(&database, &copy).await.unwrap();
    store.close().await;
    fs::write(&database, "this was a database, and there is nothing left of it ".repeat(9)).unwrap();
    fs::write(folder.path().join("hubbub.db-wal"), "the log of it").unwrap();

    let kept = restore(&database, &copy).await.unwrap().kept.unwrap();

    assert_eq!(count(&database).await, 3);
    assert!(fs::read_to_string(&kept).unwrap().starts_with("this was a database"));
    let log = format!("{}-wal", kept.display());
    assert_eq!(fs::read_to_string(log).unwrap(), "the log of it");
}

#[tokio::test]
async fn a_backup_of_an_older_version_is_migrated() {
    let folder = tempfile::tempdir().unwrap();
    let [old, copy, database] = ["old.db", "copy.db", "hubbub.db"].map(|name| folder.path().join(name));
    let deeds = "INSERT INTO rooms (key, id, name, kind, epoch, created_at_ms, active_at_ms)
                 VALUES (1, 'kitchen', 'Kitchen', 0, 7, 1000, 2000)";
    write_as_of(2, &old, deeds).await;
    backup(&old, &copy).await.unwrap();

    restore(&database, &copy).await.unwrap();

    let report = check(&database, |finding| panic!("{finding}")).await.unwrap();
    assert_eq!((report.rooms, report.messages), (1, 0));
}

#[tokio::test]
async fn a_cursor_of_the_lost_time_does_not_match_the_restored_log() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_with_users(&folder).await;
    let [alice, bob] = ["alice", "bob"].map(|name| test_user(name).id);
    say(&store, 3).await;
    store.put_in_inbox(&alice, entries(3), None, 2000).await.unwrap();
    let (database, copy) = (folder.path().join("hubbub.db"), folder.path().join("copy.db"));
    backup(&database, &copy).await.unwrap();
    // What clients receive and keep, and the backup does not have.
    for user in [&alice, &bob] {
        store.put_in_inbox(user, entries(5), None, 2000).await.unwrap();
    }
    store.close().await;

    let mut heads = Vec::new();
    let mut epochs = vec![EPOCH];
    for _ in 0..2 {
        restore(&database, &copy).await.unwrap();
        let store = SqliteStore::open(&database).await.unwrap();
        epochs.push(store.room(&room_id("kitchen")).await.unwrap().unwrap().head.epoch);
        for (user, lost) in [(&alice, 8), (&bob, 5)] {
            let head = store.inbox_state(user).await.unwrap().head;
            assert!(head > lost + u64::from(MAX_RECOVERED_MESSAGES), "{head}");
            heads.push(head);
            assert_eq!(store.inbox_after(user, lost, 1).await.unwrap(), None);
            assert_eq!(store.inbox_after(user, head, 1).await.unwrap(), Some(vec![]));
        }
        // The numbers that were given in the lost time are never given again.
        for user in [&alice, &bob] {
            store.put_in_inbox(user, entries(9), None, 3000).await.unwrap();
            for place in 0..=8 {
                assert_eq!(store.inbox_after(user, place, 1).await.unwrap(), None);
            }
        }
        let entries = store.inbox_after(&alice, heads[heads.len() - 2], 100).await.unwrap().unwrap();
        assert_eq!(entries.len(), 9);
        store.close().await;
        assert_eq!(count(&database).await, 3);
    }
    epochs.dedup();
    assert_eq!(epochs.len(), 3, "each restore is another life: {epochs:?}");
    // A client of the first restore must not be taken for one of the second.
    assert!(heads[0].abs_diff(heads[2]) > 1_000_000, "{heads:?}");
}

#[tokio::test]
async fn a_restore_revives_no_ended_sign_in() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_with_users(&folder).await;
    let sign_in = SignIn {
        id: Uuid::from_u128(1),
        user: test_user("alice").id,
        kind: SignInKind::Tokens,
        secret_hash: [7; 32],
        created_at_ms: 1000,
        expires_at_ms: 9000,
        seen_at_ms: 1000,
    };
    store.open_sign_in(begins(sign_in.clone())).await.unwrap();
    let (database, copy) = (folder.path().join("hubbub.db"), folder.path().join("copy.db"));
    backup(&database, &copy).await.unwrap();
    assert!(store.sign_in(sign_in.id, 2000).await.unwrap().is_some());
    store.revoke(sign_in.id).await.unwrap();
    store.close().await;

    restore(&database, &copy).await.unwrap();

    let store = SqliteStore::open(&database).await.unwrap();
    assert!(store.sign_in(sign_in.id, 2000).await.unwrap().is_none());
}

#[tokio::test]
async fn an_invalid_backup_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open_with_users(&folder).await;
    say(&store, 5).await;
    store.close().await;
    let path = |name: &str| folder.path().join(name);
    let database = path("hubbub.db");
    fs::write(path("garbage"), "this is no database, but long enough for a header ".repeat(9)).unwrap();
    let bytes = fs::read(&database).unwrap();
    fs::write(path("torn"), &bytes[..bytes.len() / 2]).unwrap();
    for (name, statement) in [
        ("hole", "DELETE FROM messages WHERE seq = 3"),
        ("newer", "UPDATE _sqlx_migrations SET version = 9999 WHERE version = 1"),
    ] {
        fs::copy(&database, path(name)).unwrap();
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path(name));
        let mut connection = options.connect().await.unwrap();
        sqlx::query(statement).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
    let before = files(&folder);
    for (name, line) in [
        ("garbage", "is not a SQLite database or is damaged"),
        ("torn", "damaged"),
        ("missing", "cannot be opened"),
        ("newer", "newer version"),
        ("hole", "(1 findings, see `hubbub check`): room kitchen: message 3 is missing (2 is followed by 4)"),
    ] {
        let refused = restore(&database, &path(name)).await.unwrap_err();
        let mut text = refused.to_string();
        let mut cause = std::error::Error::source(&refused);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        assert!(text.contains(line), "{name}: {text}");
        assert_eq!(files(&folder), before, "{name}");
    }
    assert_eq!(fs::read(&database).unwrap(), bytes);
    let store = SqliteStore::open(&database).await.unwrap();
    assert_eq!(store.page(&room_id("kitchen"), HistoryRange::Newest, 10).await.unwrap().messages.len(), 5);
}
