//! The cache of accounts: it spares the store, and never returns what has ended.

use std::sync::Arc;

use server::auth::accounts::{Accounts, EndSignIns, Ending, Rotation, SignIn, SignInKind};
use server::auth::{CachedAccounts, ClaimsRole};
use server::store::sqlite::SqliteStore;
use tempfile::TempDir;
use uuid::Uuid;

use crate::world::{account, begins, open_with_users, test_user, unknown_user};

const NOW: i64 = 10_000;
const END: i64 = 20_000;
const FIRST: [u8; 32] = [1; 32];
const SECOND: [u8; 32] = [2; 32];
const THIRD: [u8; 32] = [3; 32];

async fn fresh() -> (SqliteStore, CachedAccounts, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = open_with_users(&folder).await;
    (store.clone(), CachedAccounts::new(Arc::new(store)), folder)
}

/// A device of Alice that has been seen, and so is remembered.
async fn seen_device(accounts: &CachedAccounts) -> Uuid {
    let (user, id, kind) = (test_user("alice").id, Uuid::now_v7(), SignInKind::Tokens);
    let sign_in = SignIn {
        id,
        user,
        kind,
        secret_hash: FIRST,
        created_at_ms: NOW,
        expires_at_ms: END,
        seen_at_ms: NOW,
    };
    accounts.open_sign_in(begins(sign_in)).await.unwrap();
    assert_eq!(*accounts.sign_in(id, NOW).await.unwrap().unwrap().1.user, test_user("alice"));
    id
}

#[tokio::test]
async fn a_seen_user_is_known_without_the_store() {
    let (store, accounts, _folder) = fresh().await;
    let device = seen_device(&accounts).await;
    assert_eq!(accounts.by_id(&unknown_user()).await.unwrap(), None);
    let dave = accounts.create(account("dave")).await.unwrap();
    assert_eq!(*accounts.by_id(&dave.id).await.unwrap().unwrap().user, dave);
    store.close().await;

    let (sign_in, account) = accounts.sign_in(device, END - 1).await.unwrap().unwrap();
    let alice = account.user;
    assert_eq!((sign_in.id, sign_in.expires_at_ms), (device, END));
    let known = accounts.by_id(&alice.id).await.unwrap().unwrap().user;
    assert!(Arc::ptr_eq(&alice, &known), "one of each person");
    assert_eq!(*accounts.by_id(&dave.id).await.unwrap().unwrap().user, dave);
    accounts.by_id(&test_user("bob").id).await.unwrap_err();
    accounts.sign_in(Uuid::now_v7(), NOW).await.err().unwrap();
}

#[tokio::test]
async fn ended_sign_ins_are_not_cached() {
    let (_store, accounts, _folder) = fresh().await;
    let device = seen_device(&accounts).await;
    assert!(accounts.sign_in(device, END).await.unwrap().is_none(), "it has expired");
    assert!(accounts.revoke(device).await.unwrap());
    assert!(accounts.sign_in(device, NOW).await.unwrap().is_none(), "it was revoked");

    let (_store, accounts, _folder) = fresh().await;
    let device = seen_device(&accounts).await;
    assert!(matches!(accounts.rotate(&FIRST, &SECOND, NOW, END).await.unwrap(), Rotation::Rotated(..)));
    assert!(accounts.sign_in(device, NOW).await.unwrap().unwrap().0.secret_hash == SECOND);
    assert!(matches!(accounts.rotate(&FIRST, &THIRD, NOW, END).await.unwrap(), Rotation::Reused(_)));
    assert!(accounts.sign_in(device, NOW).await.unwrap().is_none(), "its secret was stolen");
}

#[tokio::test]
async fn an_abandoned_sign_out_still_ends_the_sign_in() {
    let (store, accounts, _folder) = fresh().await;
    let device = seen_device(&accounts).await;
    // Polled once, as by a request that is cancelled right after.
    tokio::select! {
        biased;
        _ = accounts.revoke(device) => {}
        () = std::future::ready(()) => {}
    }
    while store.sign_in(device, NOW).await.unwrap().is_some() {
        tokio::task::yield_now().await;
    }
    // Another one, so that what follows the first is done.
    accounts.revoke(Uuid::now_v7()).await.unwrap();
    assert!(accounts.sign_in(device, NOW).await.unwrap().is_none());
}

#[tokio::test]
async fn an_unanswered_write_invalidates_the_cache() {
    let (store, accounts, _folder) = fresh().await;
    let device = seen_device(&accounts).await;
    store.close().await;
    accounts.revoke(device).await.unwrap_err();
    accounts.sign_in(device, NOW).await.err().unwrap();

    let (store, accounts, _folder) = fresh().await;
    let device = seen_device(&accounts).await;
    store.close().await;
    assert!(accounts.rotate(&FIRST, &SECOND, NOW, END).await.is_err());
    accounts.sign_in(device, NOW).await.err().unwrap();
}

#[tokio::test]
async fn a_sign_in_ended_by_its_user_is_not_cached_and_a_used_one_is() {
    let (store, accounts, _folder) = fresh().await;
    let device = seen_device(&accounts).await;
    accounts.note_seen(vec![(device, NOW + 1), (Uuid::now_v7(), NOW)]).await.unwrap();
    assert_eq!(accounts.sign_in(device, NOW).await.unwrap().unwrap().0.seen_at_ms, NOW + 1);
    assert_eq!(store.sign_in(device, NOW).await.unwrap().unwrap().0.seen_at_ms, NOW + 1);
    let user = test_user("alice").id;
    let request = EndSignIns { user, by: None, ending: Ending::Others, now_ms: NOW };
    assert_eq!(accounts.end_sign_ins(request.clone()).await.unwrap(), Some(vec![device]));
    assert!(accounts.sign_in(device, NOW).await.unwrap().is_none());

    let (store, accounts, _folder) = fresh().await;
    let device = seen_device(&accounts).await;
    store.close().await;
    // The outcome of a failed call is unknown.
    accounts.end_sign_ins(request).await.unwrap_err();
    accounts.sign_in(device, NOW).await.err().unwrap();
}

#[tokio::test]
async fn an_ended_token_is_known_at_once_without_the_store() {
    let (store, accounts, _folder) = fresh().await;
    let token = Uuid::now_v7();
    assert_eq!(accounts.token_ended_until(token).await.unwrap(), None);
    accounts.end_token(token, END).await.unwrap();
    assert_eq!(accounts.token_ended_until(token).await.unwrap(), Some(END));
    store.close().await;
    assert_eq!(accounts.token_ended_until(token).await.unwrap(), Some(END));
    assert_eq!(accounts.token_ended_until(Uuid::now_v7()).await.unwrap(), None);
}

#[tokio::test]
async fn an_account_changed_here_or_elsewhere_is_not_cached() {
    let (store, accounts, _folder) = fresh().await;
    let (newest, _) = accounts.changed_after(None).await.unwrap();
    let (device, alice) = (seen_device(&accounts).await, test_user("alice").id);
    accounts.set_claims_role(&alice, ClaimsRole::Admin).await.unwrap();
    assert_eq!(accounts.by_id(&alice).await.unwrap().unwrap().claims_role, ClaimsRole::Admin);
    assert_eq!(accounts.sign_in(device, NOW).await.unwrap().unwrap().1.claims_role, ClaimsRole::Admin);

    // As another process does it.
    store.set_active(&alice, false).await.unwrap();
    assert!(accounts.by_id(&alice).await.unwrap().unwrap().user.is_active, "not yet noticed");
    let (_, changed) = accounts.changed_after(Some(newest)).await.unwrap();
    assert_eq!(changed, std::slice::from_ref(&alice));
    assert!(!accounts.by_id(&alice).await.unwrap().unwrap().user.is_active);
    assert!(accounts.sign_in(device, NOW).await.unwrap().is_none());
}
