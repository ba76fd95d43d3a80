//! Query plans: hot statements are answered from indexes, and none reads a whole table.

use rusqlite::Connection;

use super::{accounts, changes, inbox, jobs, members, messages, own_sign_ins, quotas, rooms, sign_in_quota};
use crate::store::sqlite::SqliteStore;

/// What SQLite would do (<https://sqlite.org/eqp.html>): a step each.
fn plan(database: &Connection, statement: &str) -> Vec<String> {
    let mut explain = database.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
    let mut rows = explain.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get("detail").unwrap());
    }
    steps
}

/// What is found of the reactions to one message and put in order: at most fifty kinds, and twenty users of each.
const OF_REACTIONS: [&str; 3] = ["SCAN k", "SCAN u", "USE TEMP B-TREE FOR json_group_array(ORDER BY)"];

/// The steps that read all there is, or put pages of history in order by hand.
fn dear(steps: &[String]) -> Vec<&String> {
    let is_scan = |step: &String| step.starts_with("SCAN") && step != "SCAN CONSTANT ROW";
    let is_dear = |step: &&String| is_scan(step) || step.contains("TEMP B-TREE");
    steps.iter().filter(is_dear).filter(|step| !OF_REACTIONS.contains(&step.as_str())).collect()
}

#[tokio::test]
async fn every_hot_question_is_answered_from_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hubbub.db");
    SqliteStore::open(&path).await.unwrap().close().await;
    let database = Connection::open(&path).unwrap();

    assert_eq!(dear(&plan(&database, "SELECT body FROM messages ORDER BY at_ms")).len(), 2);
    let pages = [messages::OLDER, messages::NEWER, messages::OLDER_FOR, messages::NEWER_FOR];
    let changes = [messages::CHANGED, changes::REACTED, changes::PINNED, changes::VERSIONS, changes::AFTER];
    for statement in changes {
        let steps = plan(&database, statement);
        assert!(!steps.is_empty() && dear(&steps).is_empty(), "{statement}: {steps:#?}");
    }
    for statement in pages.into_iter().chain([messages::FIND, members::ROLE, members::HEADS]) {
        let steps = plan(&database, statement);
        assert!(!steps.is_empty() && dear(&steps).is_empty(), "{statement}: {steps:#?}");
    }
    for statement in [quotas::OWNED, jobs::RUNNING_COUNT, sign_in_quota::OLDEST] {
        let steps = plan(&database, statement);
        assert!(!steps.is_empty() && dear(&steps).is_empty(), "{statement}: {steps:#?}");
    }
    // The list that is asked about is read from its beginning to its end.
    let steps = plan(&database, quotas::KNOWN);
    assert!(dear(&steps).iter().all(|step| step.contains("asked")), "{steps:#?}");
    // What they find is put in order, which is the members of one room, or of the rooms of one user, or the sign-ins of one.
    for statement in
        [rooms::FIND, rooms::FIND_LIVE, accounts::BESIDE, own_sign_ins::LIST, own_sign_ins::END_OTHERS]
    {
        let steps = plan(&database, statement);
        assert!(steps.iter().all(|step| !step.starts_with("SCAN")), "{steps:#?}");
    }
}

/// Entries may have 64 KiB each, and those that wait no more are kept for a while.
#[tokio::test]
async fn waiting_inbox_entries_are_found_by_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hubbub.db");
    SqliteStore::open(&path).await.unwrap().close().await;
    let database = Connection::open(&path).unwrap();
    let settling = ["seq = ?2", "seq <= ?2", "kind = ?2"].map(inbox::settling);
    for statement in settling.iter().map(String::as_str).chain([inbox::STATE]) {
        let steps = plan(&database, statement);
        let of_inbox = steps.iter().find(|step| step.contains("inbox_waiting_by_kind"));
        assert!(of_inbox.is_some_and(|step| step.starts_with("SEARCH")), "{statement}: {steps:#?}");
    }
}

/// What is known of the tables decides how they are read: one busy room of one user is the worst that was met.
#[tokio::test]
async fn a_page_of_the_only_room_is_not_put_in_order_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hubbub.db");
    SqliteStore::open(&path).await.unwrap().close().await;
    let database = Connection::open(&path).unwrap();
    let one_of_each = "
        INSERT INTO people (key, id, username, email, created_at_ms) VALUES (1, 'ann', 'Ann', 'ann@example.org', 0);
        INSERT INTO rooms (key, id, name, kind, epoch, created_at_ms, active_at_ms) VALUES (1, 'den', 'Den', 0, 7, 0, 0);
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
        INSERT INTO messages (room, seq, id, author, draft, at_ms, body)
        SELECT 1, i, randomblob(16), 1, randomblob(16), i, 'said' FROM n;
        ANALYZE";
    database.execute_batch(one_of_each).unwrap();
    // Statistics are read when a database is opened.
    let database = Connection::open(&path).unwrap();

    for statement in [messages::OLDER, messages::NEWER, messages::OLDER_FOR, messages::NEWER_FOR] {
        let steps = plan(&database, statement);
        let is_sorted = |step: &&String| step.contains("TEMP B-TREE");
        assert!(!dear(&steps).iter().any(is_sorted), "{statement}: {steps:#?}");
    }
}
