//! Contract of jobs.

use hub::store::{JobWrite, StoreError};
use protocol::{Job, JobId, JobKind, JobStatus, Opaque};
use serde_json::json;
use uuid::Uuid;

use crate::world::{World, entries, job, unknown_user};

impl World {
    async fn save(&self, job: &Job) {
        let write = Some(JobWrite::Save(job.clone()));
        assert!(self.store.put_in_inbox(&job.owner, Vec::new(), write, 2000).await.unwrap().is_empty());
    }

    async fn delete(&self, job: &Job) {
        let write = Some(JobWrite::Delete(job.id));
        self.store.put_in_inbox(&job.owner, Vec::new(), write, 2000).await.unwrap();
    }
}

pub(crate) async fn a_job_is_stored_in_its_latest_state(world: &World) {
    let World { store, alice, .. } = world;
    let started = job(&alice.id);
    assert_eq!(store.job(started.id).await.unwrap(), None);

    assert_eq!(
        store.put_in_inbox(&alice.id, entries(1), Some(JobWrite::Save(started.clone())), 2000).await.unwrap(),
        [1],
        "a job is written with what is told of it"
    );
    assert_eq!(store.job(started.id).await.unwrap(), Some(started.clone()));

    let completed = Job {
        kind: JobKind::Report,
        subject: Some("interview-7".into()),
        title: "Bericht \u{1f980}".into(),
        status: JobStatus::Completed,
        progress: 100,
        stage: Some("writing".into()),
        message: Some("a\0b".into()),
        result: Opaque(Some(json!({"score": 0.5, "notes": ["x", null]}))),
        error: Some("none".into()),
        retryable: true,
        updated_at_ms: 9000,
        ..started
    };
    world.save(&completed).await;
    assert_eq!(store.job(completed.id).await.unwrap(), Some(completed.clone()));
    assert_eq!(store.jobs_of(&alice.id, None, 10).await.unwrap(), [completed]);
}

pub(crate) async fn a_deleted_job_leaves_nothing(world: &World) {
    let World { store, alice, .. } = world;
    let [gone, kept] = [job(&alice.id), job(&alice.id)];
    world.save(&gone).await;
    world.save(&kept).await;

    world.delete(&gone).await;
    world.delete(&gone).await;

    assert_eq!(store.job(gone.id).await.unwrap(), None);
    assert_eq!(store.jobs_of(&alice.id, None, 10).await.unwrap(), std::slice::from_ref(&kept));
    assert_eq!(store.running_jobs(&alice.id, None, 10).await.unwrap(), [kept]);
    world.save(&gone).await;
    assert_eq!(store.job(gone.id).await.unwrap(), Some(gone));
}

pub(crate) async fn a_job_of_an_unknown_owner_changes_nothing(world: &World) {
    let World { store, alice, .. } = world;
    let of_nobody = job(&unknown_user());

    for user in [&alice.id, &unknown_user()] {
        let write = Some(JobWrite::Save(of_nobody.clone()));
        let refused = store.put_in_inbox(user, entries(1), write, 2000).await.unwrap_err();
        assert!(matches!(refused, StoreError::NoSuchUser(id) if id == unknown_user()));
    }
    let of_alice = job(&alice.id);
    let write = Some(JobWrite::Save(of_alice.clone()));
    store.put_in_inbox(&unknown_user(), entries(1), write, 2000).await.unwrap_err();

    assert_eq!(store.job(of_nobody.id).await.unwrap(), None);
    assert_eq!(store.job(of_alice.id).await.unwrap(), None);
    assert_eq!(store.inbox_state(&alice.id).await.unwrap().head, 0);
    assert!(store.jobs_of(&unknown_user(), None, 10).await.unwrap().is_empty());
}

pub(crate) async fn jobs_are_listed_newest_first(world: &World) {
    let World { store, alice, bob, .. } = world;
    let mut jobs: Vec<Job> = (0..5).map(|_| job(&alice.id)).collect();
    // The order in which they are written does not matter, and neither does what becomes of them.
    for at in [3, 0, 4, 1, 2] {
        world.save(&jobs[at]).await;
    }
    world.save(&job(&bob.id)).await;
    jobs[1].status = JobStatus::Failed;
    jobs[4].status = JobStatus::Completed;
    for at in [1, 4] {
        world.save(&jobs[at]).await;
    }
    let ids = |jobs: Vec<Job>| jobs.into_iter().map(|job| job.id).collect::<Vec<_>>();
    let expected = |at: &[usize]| at.iter().map(|at| jobs[*at].id).collect::<Vec<_>>();

    for (before, limit, expected) in [
        (None, 10, expected(&[4, 3, 2, 1, 0])),
        (None, 2, expected(&[4, 3])),
        (Some(jobs[3].id), 2, expected(&[2, 1])),
        (Some(jobs[0].id), 2, Vec::new()),
        (Some(JobId(Uuid::max())), 1, expected(&[4])),
        (None, 0, Vec::new()),
    ] {
        let listed = store.jobs_of(&alice.id, before, limit).await.unwrap();
        assert_eq!(ids(listed), expected, "{before:?} {limit}");
    }
    let running = store.running_jobs(&alice.id, None, 10).await.unwrap();
    assert_eq!(ids(running), expected(&[0, 2, 3]), "oldest first");
    for (after, limit, expected) in [(0, 10, &[2, 3][..]), (1, 1, &[2]), (2, 10, &[3]), (4, 10, &[])] {
        let running = store.running_jobs(&alice.id, Some(jobs[after].id), limit).await.unwrap();
        assert_eq!(
            ids(running),
            expected.iter().map(|at| jobs[*at].id).collect::<Vec<_>>(),
            "after {after}, at most {limit}"
        );
    }
}
