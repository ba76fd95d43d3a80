//! Contract of the counts that quotas need.

use hub::store::{JobWrite, StoreError};
use protocol::JobStatus;

use crate::world::{World, draft_room, job, room_id, unknown_user};

pub(crate) async fn a_user_who_left_for_good_is_not_added(world: &World) {
    let World { store, alice, bob, carol, .. } = world;
    let (room, other) = (world.room("general").await, world.room("other").await);
    let (bobs, both) = ([bob.id.clone()], [carol.id.clone(), bob.id.clone()]);

    assert_eq!(store.leave_for_good(&room, &bob.id).await.unwrap(), None);
    for _ in 0..2 {
        let refused = store.add_members(&room, &both, 2000).await.unwrap_err();
        assert!(matches!(&refused, StoreError::LeftForGood(user) if *user == bob.id), "{refused:?}");
    }
    assert_eq!(store.role(&room, &carol.id).await.unwrap(), None, "nobody was added");
    assert_eq!(store.role(&room, &bob.id).await.unwrap(), None);
    store.remove_member(&other, &bob.id).await.unwrap();
    assert_eq!(store.add_members(&other, &bobs, 2000).await.unwrap().len(), 1);

    // A user who is not in the room cannot leave it.
    for (room, user) in [(&room, &carol.id), (&room, &unknown_user()), (&room_id("none"), &bob.id)] {
        assert_eq!(store.leave_for_good(room, user).await.unwrap(), None);
    }
    let carols = [carol.id.clone()];
    assert_eq!(store.add_members(&room, &carols, 2000).await.unwrap().len(), 1);
    assert_eq!(store.take_back_leaving(&room, &both).await.unwrap(), 1);
    assert_eq!(store.take_back_leaving(&room, &both).await.unwrap(), 0);
    assert_eq!(store.take_back_leaving(&room_id("none"), &both).await.unwrap(), 0);
    assert_eq!(store.add_members(&room, &bobs, 3000).await.unwrap().len(), 1);

    // An owner leaves the room to its longest member.
    assert_eq!(store.leave_for_good(&room, &alice.id).await.unwrap(), Some(carol.id.clone()));
}

pub(crate) async fn owned_rooms_are_counted(world: &World) {
    let World { store, alice, bob, .. } = world;
    assert_eq!(store.rooms_owned(&alice.id).await.unwrap(), 0);
    let room = world.room("general").await;
    let live = room_id("session_general");
    store.live_room(&live, &room, 7, 2000).await.unwrap();
    store.create_room(draft_room("of-bob", bob)).await.unwrap();
    world.room("other").await;

    assert_eq!(store.rooms_owned(&alice.id).await.unwrap(), 2);
    assert_eq!(store.rooms_owned(&bob.id).await.unwrap(), 1);
    store.remove_member(&room, &alice.id).await.unwrap();
    assert_eq!(store.rooms_owned(&alice.id).await.unwrap(), 1);
    assert_eq!(store.rooms_owned(&bob.id).await.unwrap(), 2, "and what was left to them");
    assert_eq!(store.rooms_owned(&unknown_user()).await.unwrap(), 0);
}

pub(crate) async fn users_without_a_shared_room_are_new_contacts(world: &World) {
    let World { store, alice, bob, carol, .. } = world;
    let all = [alice.id.clone(), bob.id.clone(), carol.id.clone(), bob.id.clone(), unknown_user()];
    assert_eq!(store.strangers(&alice.id, &all).await.unwrap(), 3);
    let room = world.room("general").await;
    assert_eq!(store.strangers(&alice.id, &all).await.unwrap(), 2);
    assert_eq!(store.strangers(&bob.id, &all).await.unwrap(), 2);
    assert_eq!(store.strangers(&carol.id, &all).await.unwrap(), 3);
    assert_eq!(store.strangers(&unknown_user(), &all).await.unwrap(), 3);
    assert_eq!(store.strangers(&alice.id, &[]).await.unwrap(), 0);
    store.remove_member(&room, &bob.id).await.unwrap();
    assert_eq!(store.strangers(&alice.id, std::slice::from_ref(&bob.id)).await.unwrap(), 1);
}

pub(crate) async fn running_jobs_are_counted(world: &World) {
    let World { store, alice, bob, .. } = world;
    let mut jobs = [job(&alice.id), job(&alice.id), job(&bob.id)];
    for job in &jobs {
        let write = Some(JobWrite::Save(job.clone()));
        store.put_in_inbox(&job.owner, Vec::new(), write, 2000).await.unwrap();
    }
    assert_eq!(store.running_count(&alice.id).await.unwrap(), 2);
    jobs[0].status = JobStatus::Failed;
    let write = Some(JobWrite::Save(jobs[0].clone()));
    store.put_in_inbox(&alice.id, Vec::new(), write, 2000).await.unwrap();
    assert_eq!(store.running_count(&alice.id).await.unwrap(), 1);
    let write = Some(JobWrite::Delete(jobs[1].id));
    store.put_in_inbox(&alice.id, Vec::new(), write, 2000).await.unwrap();
    assert_eq!(store.running_count(&alice.id).await.unwrap(), 0);
    assert_eq!(store.running_count(&bob.id).await.unwrap(), 1);
    assert_eq!(store.running_count(&unknown_user()).await.unwrap(), 0);
}
