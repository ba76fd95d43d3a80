//! The limit of sign-ins: those renewed longest ago end, in the store and in the cache.

use std::sync::Arc;

use server::auth::CachedAccounts;
use server::auth::accounts::{Accounts, SignIn, SignInKind};
use uuid::Uuid;

use crate::world::{begins, open_with_users, test_user, unknown_user};

const NOW: i64 = 10_000;

async fn signed_in(accounts: &CachedAccounts, name: &str, number: u8, expires_at_ms: i64) -> Uuid {
    let (id, kind) = (Uuid::now_v7(), SignInKind::Tokens);
    let user = test_user(name).id;
    let secret_hash = [number; 32];
    let (created_at_ms, seen_at_ms) = (NOW, NOW);
    let sign_in = SignIn { id, user, kind, secret_hash, created_at_ms, expires_at_ms, seen_at_ms };
    accounts.open_sign_in(begins(sign_in)).await.unwrap();
    assert!(accounts.sign_in(id, NOW - 1).await.unwrap().is_some());
    id
}

#[tokio::test]
async fn sign_ins_over_the_limit_end_by_oldest_renewal() {
    let folder = tempfile::tempdir().unwrap();
    let accounts = CachedAccounts::new(Arc::new(open_with_users(&folder).await));
    let alice = test_user("alice").id;
    let renewed = signed_in(&accounts, "alice", 1, 50_000).await;
    let oldest = signed_in(&accounts, "alice", 2, 20_000).await;
    let expired = signed_in(&accounts, "alice", 3, NOW).await;
    let of_bob = signed_in(&accounts, "bob", 4, 15_000).await;
    let newest = signed_in(&accounts, "alice", 5, 19_000).await;

    assert!(accounts.end_oldest(&alice, newest, 3, NOW).await.unwrap().is_empty());
    assert_eq!(accounts.end_oldest(&alice, newest, 2, NOW).await.unwrap(), [oldest]);
    assert!(accounts.end_oldest(&alice, newest, 2, NOW).await.unwrap().is_empty());
    assert!(accounts.end_oldest(&unknown_user(), newest, 1, NOW).await.unwrap().is_empty());
    for (id, is_live) in [(renewed, true), (oldest, false), (expired, false), (of_bob, true), (newest, true)]
    {
        assert_eq!(accounts.sign_in(id, NOW).await.unwrap().is_some(), is_live, "{id}");
    }
    assert_eq!(accounts.end_oldest(&alice, newest, 1, NOW).await.unwrap(), [renewed]);
    assert!(accounts.sign_in(newest, NOW).await.unwrap().is_some(), "never the newest");
}
