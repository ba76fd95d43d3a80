//! Quotas: the bytes that a user stores in a day and the members of a room are bounded; errors name the field and the bound.

use std::sync::Arc;
use std::time::Duration;

use hub::{Command, Daily, HubError, HubSettings, NewJob, NewRoom, Quotas, Requester};
use protocol::{DraftId, MessageKind, RoomKind, limits};
use uuid::Uuid;

use crate::world::{World, new_user, user};

#[tokio::test(start_paused = true)]
async fn stored_bytes_are_limited_by_user_over_messages_and_jobs() {
    let quotas = Quotas { stored_bytes_per_day: Some(40_000), ..Quotas::default() };
    let world = World::new(HubSettings { quotas, ..HubSettings::default() }).await;
    let (mut ann, mut bob) = (world.connect_and_join("ann").await, world.connect_and_join("bob").await);
    ann.post(1, &"x".repeat(30_000)).await;
    ann.receive("posted").await;

    let body = "x".repeat(10_001);
    ann.post(2, &body).await;
    assert_eq!(ann.receive("failed").await, "failed RateLimited Some(2)");
    let (room, to) = (world.room.clone(), user("bob"));
    ann.execute(Command::Direct { room, to, body: body.clone(), kind: MessageKind::Text }).await;
    assert_eq!(ann.receive("failed").await, "failed RateLimited None");
    let draft = DraftId(Uuid::from_u128(2));
    let error =
        world.hub.post(&Arc::new(new_user("ann")), &world.room, draft, body.as_str()).await.unwrap_err();
    let HubError::OverDaily { quota: Daily::Bytes, per_day: 40_000, left: 10_000, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(error.field(), Some("body"));
    let (owner, job) = (user("ann"), NewJob { title: "Import".to_owned(), ..NewJob::default() });
    let start = async |is_service| {
        world.hub.start_job(Requester { user: &owner, is_service }, &owner, job.clone()).await
    };
    let error = start(false).await.unwrap_err();
    assert!(matches!(error, HubError::OverDaily { quota: Daily::JobBytes, .. }), "{error:?}");
    assert_eq!(error.field(), Some("title"));

    // Others are undisturbed, and so is the application.
    bob.post(3, &body).await;
    bob.receive("posted").await;
    start(true).await.unwrap();
    ann.post(2, "a short one").await;
    ann.receive("posted").await;
    tokio::time::advance(Duration::from_hours(24)).await;
    start(false).await.unwrap();
}

#[tokio::test]
async fn new_contacts_are_limited_by_user() {
    let quotas = Quotas { strangers_per_day: Some(1), ..Quotas::default() };
    let world = World::new(HubSettings { quotas, ..HubSettings::default() }).await;
    let ann = user("ann");
    let count = async |is_service, names: &[&str]| {
        let users: Vec<_> = names.iter().map(|name| user(name)).collect();
        world.hub.count_strangers(Requester { user: &ann, is_service }, &users).await
    };
    // Neither the user itself nor who shares a room is new, and the application may add anybody.
    for _ in 0..3 {
        count(false, &["ann"]).await.unwrap();
        count(false, &["ann", "bob"]).await.unwrap();
        count(true, &["eve"]).await.unwrap();
    }
    count(false, &["bob", "eve"]).await.unwrap();
    let error = count(false, &["eve"]).await.unwrap_err();
    assert!(matches!(error, HubError::OverDaily { quota: Daily::Strangers, left: 0, .. }), "{error:?}");
}

#[tokio::test]
async fn a_new_room_has_up_to_as_many_members_as_one_request_names() {
    let world = World::new(HubSettings::default()).await;
    let names: Vec<String> =
        (0..=limits::MAX_MEMBERS_PER_REQUEST).map(|number| format!("m{number}")).collect();
    for name in &names {
        world.store.put_user(new_user(name));
    }
    let create = async |count: usize| {
        let members = names[..count].iter().map(|name| user(name)).collect();
        let new = NewRoom { id: None, name: "Hall".to_owned(), kind: RoomKind::Group, members };
        world.hub.create_room(&user("ann"), new).await
    };
    let full = create(limits::MAX_MEMBERS_PER_REQUEST).await.unwrap();
    assert_eq!(full.member_count as usize, limits::MAX_MEMBERS_PER_REQUEST + 1);
    let refused = create(limits::MAX_MEMBERS_PER_REQUEST + 1).await;
    assert!(matches!(refused, Err(HubError::Invalid { field: "member_ids", .. })), "{refused:?}");
}

#[tokio::test]
async fn a_room_has_members_up_to_its_limit() {
    let quotas = Quotas { members_per_room: Some(3), ..Quotas::default() };
    let world = World::new(HubSettings { quotas, ..HubSettings::default() }).await;
    world.store.put_user(new_user("zoe"));
    let ann = user("ann");
    let add = async |names: &[&str]| {
        let users = names.iter().map(|name| user(name)).collect();
        world.hub.add_members(&ann, &world.room, users).await.map(|added| added.len())
    };
    let error = add(&["eve", "zoe"]).await.unwrap_err();
    assert!(matches!(error, HubError::RoomFull { field: "user_ids", limit: 3 }), "{error:?}");
    assert_eq!(add(&["eve", "bob"]).await.unwrap(), 1);
    assert!(add(&["zoe"]).await.is_err());
    assert_eq!(add(&["ann", "bob", "eve"]).await.unwrap(), 0, "members need no room");

    let new = |members: &[&str]| NewRoom {
        id: None,
        name: "Attic".to_owned(),
        kind: RoomKind::Group,
        members: members.iter().map(|name| user(name)).collect(),
    };
    world.hub.create_room(&ann, new(&["ann", "bob", "eve"])).await.unwrap();
    let error = world.hub.create_room(&ann, new(&["bob", "eve", "zoe"])).await.unwrap_err();
    assert!(matches!(error, HubError::RoomFull { field: "member_ids", limit: 3 }), "{error:?}");
}
