//! Jobs: their texts are bounded, and a client that connects is sent those that are running as it reads.

use bytes::Bytes;
use hub::{Encoder, Event, HubSettings, InboxStart, JobReport, NewJob, Requester};
use protocol::{ErrorCode, Opaque, Signal, limits};
use serde_json::json;

use crate::world::{World, user};

#[tokio::test]
async fn words_of_the_application_are_one_short_line() {
    let world = World::new(HubSettings::default()).await;
    let owner = user("ann");
    let me = Requester { user: &owner, is_service: false };
    let new = |subject: &str| NewJob {
        title: "Import".to_owned(),
        subject: Some(subject.to_owned()),
        ..NewJob::default()
    };
    let at = |stage: &str| JobReport { stage: Some(stage.to_owned()), ..JobReport::default() };
    let job = world.hub.start_job(me, &owner, new(&"x".repeat(limits::MAX_WORD_BYTES))).await.unwrap();
    for (word, code) in [
        (" ", ErrorCode::Blank),
        ("a\nb", ErrorCode::Invalid),
        (&"x".repeat(limits::MAX_WORD_BYTES + 1), ErrorCode::TooLong),
    ] {
        for (error, field) in [
            (world.hub.start_job(me, &owner, new(word)).await.unwrap_err(), "subject"),
            (world.hub.report_job(me, job.id, at(word)).await.unwrap_err(), "stage"),
            (world.hub.notify(&owner, "title", "text", word).await.unwrap_err(), "type"),
            (
                world
                    .hub
                    .signal(&owner, Signal { name: word.to_owned(), data: Opaque(json!(1)) })
                    .await
                    .unwrap_err(),
                "event",
            ),
        ] {
            assert_eq!((error.code(), error.field()), (code, Some(field)), "{word:?}");
        }
    }
    let mut ann = world.connect("ann");
    ann.session.subscribe_to_inbox(InboxStart::Fresh, None).await.unwrap();
    assert!(ann.receive("").await.starts_with("job Progressed Import"));
    ann.receives_nothing_more().await;
}

#[tokio::test]
async fn running_jobs_are_sent_as_the_client_reads() {
    /// 20,000 bytes for each job.
    fn large(event: &Event) -> Option<Bytes> {
        let Event::Job(change, ..) = event else { return None };
        Some(format!("{:<20000}", change.job.title).into())
    }

    let world = World::new(HubSettings::default()).await;
    let owner = user("ann");
    let me = Requester { user: &owner, is_service: false };
    for number in 1..=20 {
        let job = NewJob { title: format!("job {number}"), ..NewJob::default() };
        world.hub.start_job(me, &owner, job).await.unwrap();
    }
    // A quarter of them fits.
    let mut ann = world.attach("ann", 100_000, Encoder::new(3, large));
    ann.session.subscribe_to_inbox(InboxStart::Fresh, None).await.unwrap();
    for number in 1..=20 {
        assert_eq!(ann.receive("").await.trim_end(), format!("job {number}"));
    }
}
