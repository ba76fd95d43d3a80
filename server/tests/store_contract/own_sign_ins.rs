//! Sign-ins that users end themselves, in SQLite: all or none end, and only at the request of a live one.

use server::auth::Device;
use server::auth::accounts::{Accounts, EndSignIns, Ending, NewPassword, NewSignIn, SignIn, SignInKind};
use server::store::sqlite::SqliteStore;
use tempfile::TempDir;
use uuid::Uuid;

use crate::older_versions::write_as_of;
use crate::world::{begins, open_with_users, test_user};

const NOW: i64 = 10_000;
const END: i64 = 40_000;

/// A sign-in of a user, made and seen at this time.
async fn signed_in(store: &SqliteStore, name: &str, at_ms: i64) -> Uuid {
    let id = Uuid::now_v7();
    let mut secret_hash = [0; 32];
    secret_hash[..16].copy_from_slice(id.as_bytes());
    let sign_in = SignIn {
        id,
        user: test_user(name).id,
        kind: SignInKind::Cookie,
        secret_hash,
        created_at_ms: at_ms,
        expires_at_ms: END,
        seen_at_ms: at_ms,
    };
    store.open_sign_in(NewSignIn { device: Device::of(b"curl/8.5.0"), ..begins(sign_in) }).await.unwrap();
    id
}

async fn live(store: &SqliteStore, name: &str, now_ms: i64) -> Vec<Uuid> {
    store.sign_ins_of(&test_user(name).id, now_ms).await.unwrap().into_iter().map(|it| it.id).collect()
}

struct World {
    store: SqliteStore,
    /// Three of Alice's, the oldest first.
    hers: [Uuid; 3],
    his: Uuid,
    _folder: TempDir,
}

async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let store = open_with_users(&folder).await;
    let mut hers = [Uuid::nil(); 3];
    for (place, at_ms) in hers.iter_mut().zip(1..) {
        *place = signed_in(&store, "alice", at_ms).await;
    }
    let his = signed_in(&store, "bob", 1).await;
    World { store, hers, his, _folder: folder }
}

fn request(by: Option<Uuid>, ending: Ending) -> EndSignIns {
    EndSignIns { user: test_user("alice").id, by, ending, now_ms: NOW }
}

fn new_password(by: Uuid, old_hash: &str) -> NewPassword {
    let (old_hash, new_hash) = (old_hash.to_owned(), "new hash".to_owned());
    NewPassword { user: test_user("alice").id, by, old_hash, new_hash, now_ms: NOW }
}

#[tokio::test]
async fn live_sign_ins_are_listed_by_latest_use() {
    let World { store, hers, his, _folder } = world().await;
    let [first, second, third] = hers;
    assert_eq!(live(&store, "alice", NOW).await, [third, second, first]);
    store.note_seen(vec![(first, 90), (Uuid::now_v7(), 91)]).await.unwrap();
    store.revoke(second).await.unwrap();
    let listed = store.sign_ins_of(&test_user("alice").id, NOW).await.unwrap();
    let received: Vec<_> = listed.iter().map(|it| (it.id, it.created_at_ms, it.seen_at_ms)).collect();
    assert_eq!(received, [(first, 1, 90), (third, 3, 3)]);
    assert!(listed.iter().all(|it| it.device == "curl" && it.expires_at_ms == END));
    assert_eq!(live(&store, "bob", NOW).await, [his]);
    assert!(live(&store, "alice", END).await.is_empty(), "they have expired");
}

#[tokio::test]
async fn a_user_ends_one_or_all_other_sign_ins_of_their_own() {
    let World { store, hers, his, _folder } = world().await;
    let [first, second, third] = hers;
    for nothing in [his, Uuid::now_v7()] {
        let ended = store.end_sign_ins(request(Some(first), Ending::One(nothing))).await.unwrap();
        assert_eq!(ended, Some(vec![]));
    }
    let ended = store.end_sign_ins(request(Some(first), Ending::One(second))).await.unwrap();
    assert_eq!(ended, Some(vec![second]));
    let ended = store.end_sign_ins(request(Some(first), Ending::Others)).await.unwrap();
    assert_eq!(ended, Some(vec![third]));
    assert_eq!(live(&store, "alice", NOW).await, [first]);
    let ended = store.end_sign_ins(request(None, Ending::Others)).await.unwrap();
    assert_eq!(ended, Some(vec![first]));
    assert_eq!(live(&store, "bob", NOW).await, [his]);
}

#[tokio::test]
async fn an_ended_sign_in_ends_no_other_and_changes_no_password() {
    let World { store, hers, his, _folder } = world().await;
    let [first, second, third] = hers;
    store.revoke(first).await.unwrap();
    for by in [first, his, Uuid::now_v7()] {
        for ending in [Ending::One(second), Ending::Others] {
            assert_eq!(store.end_sign_ins(request(Some(by), ending)).await.unwrap(), None);
        }
        assert_eq!(store.change_password(new_password(by, "hash of alice")).await.unwrap(), None);
    }
    // Another call has changed it meanwhile.
    assert_eq!(store.change_password(new_password(second, "older hash")).await.unwrap(), None);
    assert_eq!(live(&store, "alice", NOW).await, [third, second]);
    let hash = async || store.by_login("alice").await.unwrap().unwrap().password_hash;
    assert_eq!(hash().await.as_deref(), Some("hash of alice"));

    let ended = store.change_password(new_password(second, "hash of alice")).await.unwrap();
    assert_eq!(ended, Some(vec![third]));
    assert_eq!(hash().await.as_deref(), Some("new hash"));
    assert_eq!(live(&store, "alice", NOW).await, [second]);
    let late = EndSignIns { now_ms: END, ..request(Some(second), Ending::Others) };
    assert_eq!(store.end_sign_ins(late).await.unwrap(), None, "it has expired");
}

#[tokio::test]
async fn a_sign_in_of_an_older_version_has_an_unknown_device() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hubbub.db");
    write_as_of(
        6,
        &path,
        "INSERT INTO people (key, id, username, email, created_at_ms)
             VALUES (1, 'id-alice', 'alice', 'alice@example.org', 500);
         INSERT INTO sign_ins (id, person, kind, secret_hash, created_at_ms, expires_at_ms)
             VALUES (x'00112233445566778899aabbccddeeff', 1, 1, zeroblob(32), 1000, 90000000);",
    )
    .await;
    let store = SqliteStore::open(&path).await.unwrap();
    let listed = store.sign_ins_of(&test_user("alice").id, NOW).await.unwrap();
    let [old] = &listed[..] else { panic!("{listed:?}") };
    assert_eq!((old.device.as_str(), old.created_at_ms, old.seen_at_ms), ("", 1000, 1000));
}
