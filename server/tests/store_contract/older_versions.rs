//! Databases of older versions, which are migrated without loss.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use hub::store::{HistoryRange, InboxStore as _, Store as _, StoreError};
use protocol::{Cursor, MessageId, MessageKind, RoomKind};
use server::auth::ClaimsRole;
use server::auth::accounts::{Accounts as _, Rotation};
use server::store::sqlite::SqliteStore;
use sqlx::migrate::{Migration, Migrator};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use uuid::Uuid;

use crate::fixtures::write_database_of_0_1_0;
use crate::world::{draft_room, entries, room_id, test_user};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Makes the database as the version with this many migrations made it, and does what it did there.
pub(crate) async fn write_as_of(version: i64, path: &Path, deeds: &'static str) {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    // `HUBB`: says whose file it is.
    sqlx::raw_sql("PRAGMA application_id = 0x48554242").execute(&mut connection).await.unwrap();
    let known: Vec<Migration> = MIGRATIONS.iter().filter(|it| it.version <= version).cloned().collect();
    assert_eq!(known.len(), usize::try_from(version).unwrap());
    Migrator::with_migrations(known).run(&mut connection).await.unwrap();
    sqlx::raw_sql(deeds).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn data_of_version_2_is_kept_and_has_the_new_features() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hubbub.db");
    write_as_of(
        2,
        &path,
        "INSERT INTO people (key, id, username, email, created_at_ms)
             VALUES (1, 'id-alice', 'alice', 'alice@example.org', 500);
         INSERT INTO rooms (key, id, name, kind, epoch, head, created_at_ms, active_at_ms)
             VALUES (1, 'general', 'General', 0, 7, 1, 1000, 2000);
         INSERT INTO members (room, person, role, joined_at_ms) VALUES (1, 1, 1, 1000);
         INSERT INTO messages (room, seq, id, author, draft, at_ms, body)
             VALUES (1, 1, x'00112233445566778899aabbccddeeff', 1, x'ffeeddccbbaa99887766554433221100', 2000, 'hello');",
    )
    .await;

    let store = SqliteStore::open(&path).await.unwrap();

    let (room, alice) = (room_id("general"), Arc::new(test_user("alice")));
    let record = store.room(&room).await.unwrap().unwrap();
    assert_eq!((record.kind, record.members.len(), record.live), (RoomKind::Group, 1, None));
    let page = store.page(&room, HistoryRange::Newest, 10).await.unwrap();
    let [said] = &page.messages[..] else { panic!("{page:?}") };
    assert_eq!((&*said.body, &said.author, said.parent), ("hello", &alice, None));
    assert_eq!(said.kind, MessageKind::Text);
    let id = MessageId(Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff));
    let place = Some((room.clone(), Cursor { epoch: 7, seq: 1 }));
    assert_eq!(store.find_message(id).await.unwrap(), place);
    assert_eq!(store.put_in_inbox(&alice.id, entries(1), None, 3000).await.unwrap(), [1]);
    let live = store.live_room(&room_id("session_general"), &room, 9, 3000).await.unwrap().unwrap();
    assert_eq!(live.members.len(), 1);
}

#[tokio::test]
async fn a_secret_spent_by_version_3_still_ends_its_sign_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hubbub.db");
    write_as_of(
        3,
        &path,
        "INSERT INTO people (key, id, username, email, created_at_ms)
             VALUES (1, 'id-alice', 'alice', 'alice@example.org', 500);
         INSERT INTO sign_ins (id, person, kind, secret_hash, created_at_ms, expires_at_ms)
             VALUES (x'00112233445566778899aabbccddeeff', 1, 1, zeroblob(32), 1000, 90000000);
         INSERT INTO spent_secrets (hash, sign_in)
             VALUES (x'1111111111111111111111111111111111111111111111111111111111111111',
                     x'00112233445566778899aabbccddeeff');",
    )
    .await;

    let store = SqliteStore::open(&path).await.unwrap();

    let alice = store.by_id(&test_user("alice").id).await.unwrap().unwrap();
    assert_eq!((&*alice.user, alice.claims_role), (&test_user("alice"), ClaimsRole::User));
    let reused = store.rotate(&[0x11; 32], &[0; 32], 60_000, 90_000_000).await.unwrap();
    assert!(matches!(reused, Rotation::Reused(_)));
}

#[tokio::test]
async fn live_rooms_of_version_6_are_kept_and_their_ids_reserved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hubbub.db");
    write_as_of(
        6,
        &path,
        r#"INSERT INTO people (key, id, username, email, created_at_ms)
               VALUES (1, 'id-alice', 'alice', 'alice@example.org', 500);
           INSERT INTO rooms (key, id, name, kind, epoch, created_at_ms, active_at_ms, chat, live) VALUES
               (1, 'general', 'General', 0, 7, 1000, 1000, NULL, NULL),
               (2, 'session_general', '', 1, 8, 1000, 1000, 1,
                '{"room":"session_general","status":"live","user":"id-alice","at_ms":1500}'),
               (3, 'session_team', 'Team', 0, 9, 1000, 1000, NULL, NULL);
           INSERT INTO members (room, person, role, joined_at_ms) VALUES (1, 1, 1, 1000), (3, 1, 1, 1000);"#,
    )
    .await;

    let store = SqliteStore::open(&path).await.unwrap();

    let [general, session, squat] = ["general", "session_general", "session_team"].map(room_id);
    let live = store.room(&session).await.unwrap().unwrap();
    assert_eq!((live.kind, &live.chat), (RoomKind::Live, &Some(general.clone())));
    assert_eq!(live.live.as_ref().and_then(|said| said.chat.as_ref()), Some(&general));
    assert_eq!(store.room(&general).await.unwrap().unwrap().session, live.live);
    assert_eq!(store.live_room(&session, &general, 9, 3000).await.unwrap().unwrap(), live);
    let squat = store.room(&squat).await.unwrap().unwrap();
    assert_eq!((squat.kind, squat.chat, squat.members.len()), (RoomKind::Group, None, 1));
    store.delete_room(&general).await.unwrap();
    assert_eq!(store.room(&session).await.unwrap(), None);
    let again = store.create_room(draft_room("general", &test_user("alice"))).await.unwrap_err();
    assert!(matches!(again, StoreError::RoomDeleted), "{again:?}");
}

/// How many rows each table of a database has.
async fn rows_of(path: &Path) -> BTreeMap<String, i64> {
    let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'table'")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    let mut rows = BTreeMap::new();
    for table in tables {
        let count = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        let count = sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap();
        rows.insert(table, count);
    }
    connection.close().await.unwrap();
    rows
}

#[tokio::test]
async fn a_database_of_0_1_0_loses_no_row_when_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hubbub.db");
    write_database_of_0_1_0(&path).await;
    let before = rows_of(&path).await;
    assert!(before.values().all(|count| *count > 0), "a table without rows proves nothing: {before:?}");

    let store = SqliteStore::open(&path).await.unwrap();

    let kitchen = store.room(&room_id("kitchen")).await.unwrap().unwrap();
    assert_eq!((kitchen.kind, kitchen.members.len()), (RoomKind::Group, 3));
    let session = store.room(&room_id("session_kitchen")).await.unwrap().unwrap();
    assert_eq!(
        (session.kind, session.live.map(|live| live.status)),
        (RoomKind::Live, Some("paused".to_owned()))
    );
    let page = store.page(&room_id("kitchen"), HistoryRange::Newest, 10).await.unwrap();
    let said: Vec<&str> = page.messages.iter().map(|message| &*message.body).collect();
    assert_eq!(said, ["Tea \"is\" ready שלום 👩‍👩‍👧", "Green or black?", "line\nbreak\ttab"]);
    drop(store);
    let after = rows_of(&path).await;
    let lost: Vec<_> = before.iter().filter(|(table, count)| after.get(*table) < Some(count)).collect();
    assert!(lost.is_empty(), "{lost:?} of {after:?}");
}
