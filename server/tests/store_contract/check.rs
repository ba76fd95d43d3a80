//! `hubbub check`: what it finds in a database that was tampered with.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use hub::store::{
    Change, ChangeDraft, ChangeRights, InboxStore as _, JobWrite, MessageDraft, NewEntry, RoomDraft,
    Store as _,
};
use protocol::{DraftId, InboxItem, MessageId};
use server::store::sqlite::{OpenError, check};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tempfile::TempDir;
use uuid::Uuid;

use crate::world::{
    draft, draft_room, job, live_change, message, notification, open_with_users, room_id, signal, test_user,
};

/// A database with something of everything: twenty messages of alice in the kitchen, of which the ninth is answered by
/// the tenth, a session, an inbox of three entries, a job. Answers with the ids of the messages.
async fn furnish(folder: &TempDir) -> Vec<String> {
    let store = open_with_users(folder).await;
    let [alice, bob] = ["alice", "bob"].map(|name| Arc::new(test_user(name)));
    let kitchen = RoomDraft { members: vec![bob.id.clone()], ..draft_room("kitchen", &alice) };
    let kitchen = store.create_room(kitchen).await.unwrap().id;
    let mut ids = Vec::new();
    for number in 1..=20_usize {
        let parent = (number == 10).then(|| ids[8]);
        let said = MessageDraft { parent, ..draft(&alice, &format!("line {number}")) };
        ids.push(message(&store.append(&kitchen, vec![said], 2000).await.unwrap()[0]).id);
    }
    store.mark_read(&kitchen, &[(bob.id.clone(), 20)]).await.unwrap();
    let live = store.live_room(&room_id("session_kitchen"), &kitchen, 9, 2000).await.unwrap().unwrap().id;
    store.append(&live, vec![draft(&bob, "live")], 2000).await.unwrap();
    store.set_live(&live_change(&live, &alice.id, "paused")).await.unwrap();
    let listed = InboxItem::Notification(notification("first"));
    let new = [listed, signal(), signal()].map(|item| NewEntry { item, waits: true }).to_vec();
    store.put_in_inbox(&alice.id, new, Some(JobWrite::Save(job(&alice.id))), 2000).await.unwrap();
    store.close().await;
    ids.iter().map(ToString::to_string).collect()
}

/// Changes the file in a way that this program would not.
async fn meddle(path: &Path, statements: &'static str) {
    let options = SqliteConnectOptions::new().filename(path).foreign_keys(false);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn findings(path: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let report = check(path, |finding| found.push(finding.to_owned())).await.unwrap();
    assert_eq!(report.findings, found.len() as u64);
    found
}

/// The findings in a copy after these statements.
async fn found_after(folder: &TempDir, statements: &'static str) -> Vec<String> {
    let copy = folder.path().join("copy.db");
    fs::copy(folder.path().join("hubbub.db"), &copy).unwrap();
    meddle(&copy, statements).await;
    findings(&copy).await
}

#[tokio::test]
async fn check_accepts_what_this_program_wrote() {
    let folder = tempfile::tempdir().unwrap();
    furnish(&folder).await;
    let path = folder.path().join("hubbub.db");
    let report = check(&path, |finding| panic!("{finding}")).await.unwrap();
    assert_eq!((report.rooms, report.messages), (2, 21));

    let in_use = open_with_more(&path).await;
    assert_eq!(findings(&path).await, [""; 0]);
    in_use.close().await;
}

/// Changes of the kitchen: an edit of the first message, a reaction and a pin of the second, and the third deleted.
async fn furnish_with_changes(folder: &TempDir) {
    let ids = furnish(folder).await;
    let store = server::store::sqlite::SqliteStore::open(folder.path().join("hubbub.db")).await.unwrap();
    let alice = Arc::new(test_user("alice"));
    let rights = ChangeRights { may_pin: true, ..ChangeRights::default() };
    let drafts = [
        (0, Change::Edit { body: "edited".into(), base_rev: None }),
        (1, Change::React { emoji: "👍".into(), on: true }),
        (1, Change::Pin { on: true }),
        (2, Change::Delete),
    ]
    .map(|(at, change)| {
        let message = MessageId(ids[at].parse().unwrap());
        ChangeDraft { author: alice.clone(), draft: DraftId(Uuid::now_v7()), message, change, rights }
    });
    let made = store.change(&room_id("kitchen"), drafts.to_vec(), 3000).await.unwrap();
    assert!(made.results.iter().all(Result::is_ok), "{made:?}");
    store.close().await;
}

#[tokio::test]
async fn contradictory_changes_are_named_exactly() {
    let folder = tempfile::tempdir().unwrap();
    furnish_with_changes(&folder).await;
    assert_eq!(findings(&folder.path().join("hubbub.db")).await, [""; 0]);
    for (statements, lines) in [
        ("DELETE FROM changes WHERE rev = 2", vec!["room kitchen: change 2 is missing (1 is followed by 3)"]),
        (
            "UPDATE rooms SET rev = 6 WHERE id = 'kitchen'",
            vec!["room kitchen: changes 5 to 6 are missing (the newest is 4, the head is 6)"],
        ),
        (
            "UPDATE changes SET kind = 9 WHERE rev = 1",
            vec![
                "room kitchen: change 1 cannot be read: error occurred while decoding: no such kind of a change",
            ],
        ),
        (
            "UPDATE changes SET seq = 99 WHERE rev = 2",
            vec!["room kitchen: change 2 is of a message that is not there"],
        ),
        (
            "UPDATE messages SET rev = 3 WHERE room = 1 AND seq = 1",
            vec!["room kitchen: message 1 has the number 3 of a change that is not its own"],
        ),
        (
            "UPDATE messages SET body = 'x' WHERE room = 1 AND seq = 3",
            vec!["room kitchen: message 3 was deleted, and something of it is left"],
        ),
        (
            "UPDATE pins SET seq = 5; UPDATE reactions SET seq = 6",
            vec![
                "room kitchen: there is a reaction of message 6, which does not have it",
                "room kitchen: there is a pin of message 5, which does not have it",
            ],
        ),
    ] {
        assert_eq!(found_after(&folder, statements).await, lines, "{statements}");
    }
}

/// A store in use, whose newest message is in its log only.
async fn open_with_more(path: &Path) -> server::store::sqlite::SqliteStore {
    let store = server::store::sqlite::SqliteStore::open(path).await.unwrap();
    let alice = Arc::new(test_user("alice"));
    store.append(&room_id("kitchen"), vec![draft(&alice, "more")], 3000).await.unwrap();
    store
}

// Long because it is a table of cases.
#[tokio::test]
async fn missing_and_contradictory_rows_are_named_exactly() {
    let folder = tempfile::tempdir().unwrap();
    furnish(&folder).await;
    for (statements, lines) in [
        (
            "DELETE FROM messages WHERE seq = 17",
            vec!["room kitchen: message 17 is missing (16 is followed by 18)"],
        ),
        (
            "DELETE FROM messages WHERE seq IN (2, 3, 20)",
            vec![
                "room kitchen: messages 2 to 3 are missing (1 is followed by 4)",
                "room kitchen: message 20 is missing (the newest is 19, the head is 20)",
            ],
        ),
        (
            "DELETE FROM messages WHERE room = (SELECT key FROM rooms WHERE id = 'session_kitchen')",
            vec!["room session_kitchen: message 1 is missing (the newest is 0, the head is 1)"],
        ),
        (
            "UPDATE rooms SET head = 18 WHERE id = 'kitchen'",
            vec![
                "room kitchen: bob has read up to 20, but the head is 18",
                "room kitchen: the head is 18, but the newest message is 20",
            ],
        ),
        (
            "UPDATE messages SET parent = x'00112233445566778899aabbccddeeff' WHERE seq = 10",
            vec![
                "room kitchen: message 10 answers a message that is not in this room \
                 (id 00112233-4455-6677-8899-aabbccddeeff)",
            ],
        ),
        (
            "UPDATE messages SET parent = (SELECT id FROM messages WHERE body = 'live') WHERE seq = 10;
             UPDATE messages SET id = x'0011' WHERE body = 'live'",
            vec![
                "room session_kitchen: message 1 cannot be read: error occurred while decoding: \
                 invalid length: expected 16 bytes, found 2",
                "room kitchen: message 10 answers a message that is not in this room (id PARENT)",
            ],
        ),
        ("DELETE FROM inbox WHERE seq = 2", vec!["inbox of alice: entry 2 is missing (1 is followed by 3)"]),
        (
            "DELETE FROM inbox WHERE seq = 3",
            vec!["inbox of alice: entry 3 is missing (the newest is 2, the head is 3)"],
        ),
        ("DELETE FROM inbox", vec!["inbox of alice: entry 3 is missing (it is empty, the head is 3)"]),
        (
            "UPDATE jobs SET is_running = 0, id = x'00112233445566778899aabbccddeeff';
             UPDATE jobs SET job = json_set(job, '$.id', '00112233-4455-6677-8899-aabbccddeeff')",
            vec![
                "job 00112233-4455-6677-8899-aabbccddeeff: its column and its JSON disagree about whether it \
                 runs",
            ],
        ),
        (
            "UPDATE rooms SET id = 'session_attic' WHERE id = 'session_kitchen'",
            vec!["room session_attic: the status of its session belongs to room session_kitchen"],
        ),
        (
            "UPDATE rooms SET chat = NULL WHERE id = 'session_kitchen'",
            vec!["room session_kitchen: a live room has a chat, and no other room has one"],
        ),
        (
            "INSERT INTO deleted_rooms (id) VALUES ('kitchen')",
            vec!["room kitchen: its id is that of a room that was deleted"],
        ),
        ("DROP TRIGGER room_deleted", vec!["file: trigger room_deleted is missing"]),
        ("DROP INDEX messages_by_draft", vec!["file: index messages_by_draft is missing"]),
        (
            "DELETE FROM inboxes; DELETE FROM inbox; DELETE FROM jobs; DELETE FROM notifications;
             DELETE FROM messages WHERE seq > 1 OR author <> 1; DELETE FROM members; DELETE FROM sign_ins;
             DELETE FROM rooms WHERE id <> 'kitchen'; UPDATE rooms SET head = 1; DELETE FROM people WHERE key = 1",
            vec!["file: a row of messages refers to a row of people that is not there"],
        ),
    ] {
        let found = found_after(&folder, statements).await;
        let parent = found.iter().find_map(|line| line.split_once("(id ")?.1.strip_suffix(')')).unwrap_or("");
        let lines: Vec<String> = lines.iter().map(|line| line.replace("PARENT", parent)).collect();
        assert_eq!(found, lines, "{statements}");
    }
}

/// Where the table itself does not forbid it.
#[tokio::test]
async fn a_duplicate_number_is_named_with_both_messages() {
    let folder = tempfile::tempdir().unwrap();
    let ids = furnish(&folder).await;

    let found = found_after(
        &folder,
        "CREATE TABLE other AS SELECT * FROM messages; DROP TABLE messages; ALTER TABLE other RENAME TO messages;
         UPDATE messages SET seq = 12 WHERE seq = 13",
    )
    .await;

    let twice = [(11, 12), (12, 11)].map(|(first, second)| {
        format!("room kitchen: number 12 is given twice (ids {} and {})", ids[first], ids[second])
    });
    assert!(found.iter().any(|line| twice.contains(line)), "{found:?}");
    let missing = "room kitchen: message 13 is missing (12 is followed by 14)".to_owned();
    assert!(found.contains(&missing), "{found:?}");
    let tampered = "file: table messages is not as this program makes it".to_owned();
    assert!(found.contains(&tampered), "{found:?}");
}

/// The rows and the index contradict each other.
#[tokio::test]
async fn a_wrong_index_hides_no_finding() {
    let folder = tempfile::tempdir().unwrap();
    furnish(&folder).await;
    let path = folder.path().join("hubbub.db");
    meddle(
        &path,
        "CREATE TABLE hidden AS SELECT rowid AS place, * FROM sqlite_schema WHERE name LIKE 'messages_by_%';
         PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name LIKE 'messages_by_%';
         PRAGMA schema_version = 1000",
    )
    .await;
    meddle(
        &path,
        "UPDATE messages SET draft = (SELECT draft FROM messages WHERE body = 'line 3'),
                id = (SELECT id FROM messages WHERE body = 'line 3') WHERE body = 'line 9';
         PRAGMA writable_schema = ON;
         INSERT INTO sqlite_schema (rowid, type, name, tbl_name, rootpage, sql)
             SELECT place, type, name, tbl_name, rootpage, sql FROM hidden;
         PRAGMA schema_version = 2000",
    )
    .await;

    let found = findings(&path).await;

    for said in [
        "of alice is stored more than once: as numbers 3 and 9",
        "is there more than once: as number 3 of room kitchen and number 9 of room kitchen",
        "room kitchen: message 10 answers a message that is not in this room",
    ] {
        assert!(found.iter().any(|line| line.contains(said)), "{said}: {found:#?}");
    }
    assert!(found.iter().any(|line| line.starts_with("file: ")), "{found:?}");
}

#[tokio::test]
async fn each_database_that_cannot_be_checked_has_its_error() {
    let folder = tempfile::tempdir().unwrap();
    furnish(&folder).await;
    let path = |name: &str| folder.path().join(name);
    fs::write(path("garbage"), "this is no database, but long enough for a header ".repeat(9)).unwrap();
    fs::write(path("empty"), "").unwrap();
    fs::copy(path("hubbub.db"), path("older")).unwrap();
    meddle(&path("older"), "DELETE FROM _sqlx_migrations WHERE version > 2").await;
    fs::copy(path("hubbub.db"), path("newer")).unwrap();
    meddle(&path("newer"), "UPDATE _sqlx_migrations SET version = 9999 WHERE version = 1").await;
    for (name, line) in [
        ("garbage", "is not a SQLite database or is damaged"),
        ("empty", "is a database of another program"),
        ("missing", "cannot be opened"),
        ("older", "its schema has number 2"),
        ("newer", "its schema has number 9999"),
    ] {
        let refused = check(&path(name), |finding| panic!("{finding}")).await.unwrap_err().to_string();
        assert!(refused.contains(line) && !refused.contains('\n'), "{name}: {refused}");
    }
    assert!(matches!(
        check(folder.path(), |_| ()).await,
        Err(server::store::sqlite::CheckError::Open(OpenError::IsFolder(_)))
    ));
}

/// As version 0.1 allowed it.
async fn squat(path: &Path) {
    meddle(
        path,
        "INSERT INTO rooms (id, name, kind, epoch, created_at_ms, active_at_ms)
             VALUES ('session_attic', 'Attic', 0, 7, 1000, 1000)",
    )
    .await;
}

#[tokio::test]
async fn a_group_with_a_reserved_id_is_named_and_can_be_restored() {
    let folder = tempfile::tempdir().unwrap();
    furnish(&folder).await;
    let path = folder.path().join("hubbub.db");
    squat(&path).await;

    let mut lines = Vec::new();
    let report = check(&path, |line| lines.push(line.to_owned())).await.unwrap();

    let note = "note: room session_attic: its id is reserved for live sessions and it is none: while it exists, a room `attic` has no live session";
    assert_eq!(lines, [note]);
    assert_eq!((report.findings, report.notes), (0, 1));
    assert_eq!(report.to_string(), "Checked 3 rooms and 21 messages: nothing is wrong, 1 note");
    let restored = folder.path().join("restored.db");
    server::store::sqlite::restore(&restored, &path).await.unwrap();
    assert_eq!(check(&restored, |line| assert_eq!(line, note)).await.unwrap().notes, 1);
}
