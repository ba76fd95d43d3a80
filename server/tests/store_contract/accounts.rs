//! Accounts and sign-ins in SQLite.

use hub::store::{RoomDraft, Store};
use protocol::UserId;
use server::auth::ClaimsRole;
use server::auth::accounts::{AccountError, Accounts, NewSignIn, REPEAT_MS, Rotation, SignIn, SignInKind};
use server::store::sqlite::SqliteStore;
use tempfile::TempDir;
use uuid::Uuid;

use crate::world::{account, begins, draft_room, open_with_users, test_user, unknown_user};

const NOW: i64 = 10_000;
const END: i64 = 40_000;
const FIRST: [u8; 32] = [1; 32];
const SECOND: [u8; 32] = [2; 32];
const THIRD: [u8; 32] = [3; 32];

async fn fresh() -> (SqliteStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (open_with_users(&folder).await, folder)
}

async fn signed_in(store: &SqliteStore, kind: SignInKind) -> SignIn {
    let user = test_user("alice").id;
    let id = Uuid::now_v7();
    let sign_in = SignIn {
        id,
        user,
        kind,
        secret_hash: FIRST,
        created_at_ms: NOW,
        expires_at_ms: END,
        seen_at_ms: NOW,
    };
    store.open_sign_in(begins(sign_in.clone())).await.unwrap();
    sign_in
}

#[tokio::test]
async fn a_name_or_email_is_taken_in_any_case() {
    let (store, _folder) = fresh().await;
    let mut same_name = account("dave");
    same_name.username = "ALICE".into();
    let mut same_email = account("dave");
    same_email.email = "Alice@Example.ORG".into();
    let mut same_id = account("dave");
    same_id.id = test_user("alice").id;

    assert!(matches!(store.create(same_name).await, Err(AccountError::UsernameTaken)));
    assert!(matches!(store.create(same_email).await, Err(AccountError::EmailTaken)));
    assert!(matches!(store.create(same_id).await, Err(AccountError::IdTaken)));
    assert_eq!(store.count().await.unwrap(), 3);
    assert_eq!(store.create(account("dave")).await.unwrap(), test_user("dave"));
    assert_eq!(*store.by_id(&test_user("dave").id).await.unwrap().unwrap().user, test_user("dave"));
}

#[tokio::test]
async fn a_user_is_found_by_name_or_email_in_any_case() {
    let (store, _folder) = fresh().await;

    for login in ["alice", "ALICE", "alice@example.org", "Alice@EXAMPLE.org"] {
        let found = store.by_login(login).await.unwrap().unwrap();
        assert_eq!((found.user, found.password_hash.as_deref()), (test_user("alice"), Some("hash of alice")));
    }
    for login in ["", "alic", "alice@", "%", "id-alice"] {
        assert!(store.by_login(login).await.unwrap().is_none(), "{login}");
    }
    assert_eq!(store.by_id(&unknown_user()).await.unwrap(), None);
    let names = ["Bob", "nobody", "carol", "bob"].map(str::to_owned);
    let mut found = store.by_usernames(&names).await.unwrap();
    found.sort_by(|one, other| one.username.cmp(&other.username));
    assert_eq!(found, [test_user("bob"), test_user("carol")]);
    assert!(store.by_usernames(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_search_finds_names_by_their_prefix() {
    let (store, _folder) = fresh().await;
    for name in ["al", "Albert", "al_fred", "alXfred"] {
        let mut account = account(name);
        account.id = UserId::parse(&format!("id-{name}")).unwrap();
        store.create(account).await.unwrap();
    }
    let search = async |prefix: &str, limit| {
        let found = store.search(prefix, None, limit).await.unwrap();
        found.into_iter().map(|user| user.username).collect::<Vec<_>>()
    };

    assert_eq!(search("AL", 10).await, ["al", "al_fred", "Albert", "alice", "alXfred"]);
    assert_eq!(search("al_", 10).await, ["al_fred"]);
    assert_eq!(search("al", 2).await, ["al", "al_fred"]);
    assert!(search("%", 10).await.is_empty());
    assert_eq!(search("", 10).await.len(), 7);
}

#[tokio::test]
async fn a_sign_in_is_live_until_it_ends() {
    let (store, _folder) = fresh().await;
    let sign_in = signed_in(&store, SignInKind::Cookie).await;

    for now_ms in [NOW, END - 1] {
        let (found, account) = store.sign_in_by_secret(&FIRST, now_ms).await.unwrap().unwrap();
        assert!(found == sign_in && *account.user == test_user("alice"));
        assert!(store.sign_in(sign_in.id, now_ms).await.unwrap().unwrap().0 == sign_in);
    }
    assert!(store.sign_in_by_secret(&SECOND, NOW).await.unwrap().is_none());
    assert!(store.sign_in_by_secret(&FIRST, END).await.unwrap().is_none());
    assert!(store.sign_in(sign_in.id, END).await.unwrap().is_none());
    assert!(store.revoke(sign_in.id).await.unwrap());
    assert!(!store.revoke(sign_in.id).await.unwrap());
    assert!(!store.revoke(Uuid::now_v7()).await.unwrap());
    assert!(store.sign_in_by_secret(&FIRST, NOW).await.unwrap().is_none());
    assert!(store.sign_in(sign_in.id, NOW).await.unwrap().is_none());
    let of_nobody = SignIn { id: Uuid::now_v7(), user: unknown_user(), secret_hash: SECOND, ..sign_in };
    assert!(
        matches!(store.open_sign_in(begins(of_nobody)).await, Err(AccountError::NoSuchAccount(id)) if id == unknown_user())
    );
}

#[tokio::test]
async fn a_sign_in_begins_only_with_the_current_password() {
    let (store, _folder) = fresh().await;
    let alice = test_user("alice").id;
    let open = async |hash: &str, number: u8| {
        let sign_in = SignIn {
            id: Uuid::now_v7(),
            user: alice.clone(),
            kind: SignInKind::Cookie,
            secret_hash: [number; 32],
            created_at_ms: NOW,
            expires_at_ms: END,
            seen_at_ms: NOW,
        };
        store.open_sign_in(NewSignIn { password_hash: Some(hash.to_owned()), ..begins(sign_in) }).await
    };
    assert!(matches!(open("an older hash", 10).await, Err(AccountError::PasswordChanged)));
    open("hash of alice", 11).await.unwrap();
    store.set_active(&alice, false).await.unwrap();
    assert!(matches!(open("hash of alice", 12).await, Err(AccountError::PasswordChanged)));
    store.set_active(&alice, true).await.unwrap();
    store.set_password(&alice, "new hash".to_owned()).await.unwrap();
    assert!(matches!(open("hash of alice", 13).await, Err(AccountError::PasswordChanged)));
    open("new hash", 14).await.unwrap();
    assert_eq!(store.sign_ins_of(&alice, NOW).await.unwrap().len(), 1);
}

#[tokio::test]
async fn tokens_and_cookies_have_separate_secrets() {
    let (store, _folder) = fresh().await;
    signed_in(&store, SignInKind::Tokens).await;
    assert!(store.sign_in_by_secret(&FIRST, NOW).await.unwrap().is_none());

    let (store, _folder) = fresh().await;
    let cookie = signed_in(&store, SignInKind::Cookie).await;
    assert!(store.rotate(&FIRST, &SECOND, NOW, END).await.unwrap() == Rotation::Unknown);
    assert!(store.sign_in(cookie.id, NOW).await.unwrap().is_some());
}

#[tokio::test]
async fn a_refresh_spends_the_old_secret_and_extends_the_sign_in() {
    let (store, _folder) = fresh().await;
    let sign_in = signed_in(&store, SignInKind::Tokens).await;

    let rotated = store.rotate(&FIRST, &SECOND, NOW, END + 5).await.unwrap();

    let renewed = SignIn { secret_hash: SECOND, expires_at_ms: END + 5, ..sign_in };
    assert!(rotated == Rotation::Rotated(renewed.clone(), test_user("alice")));
    assert!(store.sign_in(renewed.id, END + 4).await.unwrap().unwrap().0 == renewed);
    assert!(store.rotate(&THIRD, &FIRST, NOW, END).await.unwrap() == Rotation::Unknown);
    assert!(store.rotate(&SECOND, &THIRD, END + 5, END + 9).await.unwrap() == Rotation::Unknown);
    assert!(matches!(store.rotate(&SECOND, &THIRD, END, END + 9).await.unwrap(), Rotation::Rotated(..)));
}

#[tokio::test]
async fn a_reused_spent_secret_ends_the_sign_in() {
    let (store, _folder) = fresh().await;
    let sign_in = signed_in(&store, SignInKind::Tokens).await;
    store.rotate(&FIRST, &SECOND, NOW, END).await.unwrap();

    let reused = store.rotate(&FIRST, &SECOND, NOW + REPEAT_MS + 1, END + REPEAT_MS + 1).await.unwrap();

    assert!(matches!(reused, Rotation::Reused(whose) if whose.id == sign_in.id));
    assert!(store.sign_in(sign_in.id, NOW).await.unwrap().is_none());
    assert!(store.rotate(&SECOND, &THIRD, NOW, END).await.unwrap() == Rotation::Unknown);
    assert!(matches!(store.rotate(&FIRST, &SECOND, NOW, END).await.unwrap(), Rotation::Reused(_)));
    assert!(store.rotate(&FIRST, &SECOND, END, END).await.unwrap() == Rotation::Unknown);
}

#[tokio::test]
async fn a_just_spent_secret_gets_its_successor_while_that_is_unused() {
    let (store, _folder) = fresh().await;
    let sign_in = signed_in(&store, SignInKind::Tokens).await;
    store.rotate(&FIRST, &SECOND, NOW, END).await.unwrap();

    // The clock may have been set back in between.
    for now_ms in [NOW, NOW + REPEAT_MS, NOW - REPEAT_MS] {
        let again = store.rotate(&FIRST, &SECOND, now_ms, END + 5).await.unwrap();
        let same = SignIn { secret_hash: SECOND, ..sign_in.clone() };
        assert!(again == Rotation::Repeated(same, test_user("alice")), "{now_ms}");
    }
    // Another successor is none that was ever given out.
    let (other, _folder) = fresh().await;
    signed_in(&other, SignInKind::Tokens).await;
    other.rotate(&FIRST, &SECOND, NOW, END).await.unwrap();
    assert!(matches!(other.rotate(&FIRST, &THIRD, NOW, END).await.unwrap(), Rotation::Reused(_)));

    store.rotate(&SECOND, &THIRD, NOW, END).await.unwrap();
    assert!(matches!(store.rotate(&FIRST, &SECOND, NOW, END).await.unwrap(), Rotation::Reused(_)));
    assert!(store.sign_in(sign_in.id, NOW).await.unwrap().is_none());
}

#[tokio::test]
async fn an_ended_token_is_known_until_it_expires() {
    let (store, _folder) = fresh().await;
    let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
    store.end_token(one, NOW).await.unwrap();
    store.end_token(one, END).await.unwrap();
    store.end_token(one, NOW).await.unwrap();

    assert_eq!(store.token_ended_until(one).await.unwrap(), Some(END));
    assert_eq!(store.token_ended_until(other).await.unwrap(), None);
    assert_eq!(store.ended_tokens(10).await.unwrap(), [(one, END)]);
    assert!(store.ended_tokens(0).await.unwrap().is_empty());
    store.purge_expired(END - 1).await.unwrap();
    assert_eq!(store.token_ended_until(one).await.unwrap(), Some(END));
    store.purge_expired(END).await.unwrap();
    assert_eq!(store.token_ended_until(one).await.unwrap(), None);
}

#[tokio::test]
async fn a_changed_account_ends_its_sign_ins_and_is_listed_once() {
    let (store, _folder) = fresh().await;
    let (alice, bob) = (test_user("alice").id, test_user("bob").id);
    let (start, _) = store.changed_after(None).await.unwrap();
    assert_eq!(store.changed_after(Some(start)).await.unwrap(), (start, vec![]));

    let sign_in = signed_in(&store, SignInKind::Tokens).await;
    store.set_claims_role(&alice, ClaimsRole::Admin).await.unwrap();
    let (_, account) = store.sign_in(sign_in.id, NOW).await.unwrap().unwrap();
    assert_eq!(account.claims_role, ClaimsRole::Admin);
    store.set_password(&alice, "new hash".to_owned()).await.unwrap();
    assert!(store.sign_in(sign_in.id, NOW).await.unwrap().is_none());
    let found = store.by_login("alice").await.unwrap().unwrap();
    assert_eq!(found.password_hash.as_deref(), Some("new hash"));

    store.set_active(&bob, false).await.unwrap();
    let (newest, changed) = store.changed_after(Some(start)).await.unwrap();
    assert_eq!(changed, [alice.clone(), bob.clone()]);
    store.set_active(&alice, false).await.unwrap();
    store.set_active(&alice, true).await.unwrap();
    let (_, changed) = store.changed_after(Some(newest)).await.unwrap();
    assert_eq!(changed, std::slice::from_ref(&alice));
    let account = store.by_id(&alice).await.unwrap().unwrap();
    assert!(account.user.is_active && account.claims_role == ClaimsRole::Admin);
    assert!(!store.by_id(&bob).await.unwrap().unwrap().user.is_active);
    let of_nobody = store.set_active(&unknown_user(), false).await;
    assert!(matches!(of_nobody, Err(AccountError::NoSuchAccount(id)) if id == unknown_user()));
}

#[tokio::test]
async fn a_search_of_a_user_finds_members_of_shared_rooms() {
    let (store, _folder) = fresh().await;
    let (alice, bob) = (test_user("alice"), test_user("bob"));
    let search = async |prefix: &str, beside: &str| {
        let found = store.search(prefix, Some(&test_user(beside).id), 10).await.unwrap();
        found.into_iter().map(|user| user.username).collect::<Vec<_>>()
    };
    assert!(search("", "alice").await.is_empty());
    for id in ["one", "two"] {
        let draft = RoomDraft { members: vec![bob.id.clone()], ..draft_room(id, &alice) };
        store.create_room(draft).await.unwrap();
    }
    assert_eq!(search("", "alice").await, ["alice", "bob"]);
    assert_eq!(search("BO", "alice").await, ["bob"]);
    assert!(search("car", "alice").await.is_empty());
    assert!(search("", "carol").await.is_empty());
}

#[tokio::test]
async fn expired_sign_ins_are_deleted_with_their_spent_secrets() {
    let (store, _folder) = fresh().await;
    let sign_in = signed_in(&store, SignInKind::Tokens).await;
    store.rotate(&FIRST, &SECOND, NOW, END).await.unwrap();

    assert_eq!(store.purge_expired(END - 1).await.unwrap(), 0);
    assert!(store.sign_in(sign_in.id, NOW).await.unwrap().is_some());
    assert_eq!(store.purge_expired(END).await.unwrap(), 1);
    assert!(store.rotate(&FIRST, &THIRD, NOW, END).await.unwrap() == Rotation::Unknown);
    // Nothing is left of it, so even its name and secrets are free again.
    store.open_sign_in(begins(sign_in)).await.unwrap();
}
