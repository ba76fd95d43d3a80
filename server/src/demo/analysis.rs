//! Demo analysis: plays the analysis of an interview through the hub like a real one, so that applications can try out
//! their clients.

use std::sync::Arc;
use std::time::Duration;

use hub::store::Clock;
use hub::{Hub, HubError, JobReport, NewJob, Requester};
use protocol::rest::Outcome;
use protocol::{JobId, JobKind, JobStatus, UserId};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::clock::rfc3339;
use crate::state::BackgroundTasks;

/// The time between two reports: slow enough to be seen, and over within two seconds.
const STEP: Duration = Duration::from_millis(400);

/// Progress, stage and message of each report.
const STEPS: [(u8, &str, &str); 3] = [
    (25, "reading", "Reading the video"),
    (60, "transcribing", "Writing down what is said"),
    (90, "summarizing", "Summing up"),
];

/// Bytes of the video that there is not.
const FILE_SIZE: u64 = 48_318_464;

/// Starts to play the analysis of an interview for a user. It goes on by itself.
///
/// # Errors
/// A subject outside its limits; [`HubError::NoSuchUser`].
pub(crate) async fn start(
    hub: &Hub,
    tasks: &BackgroundTasks,
    clock: Arc<dyn Clock>,
    owner: UserId,
    interview: String,
    outcome: Outcome,
) -> Result<JobId, HubError> {
    let new = NewJob {
        kind: JobKind::Analysis,
        subject: Some(interview),
        title: "Video analysis".to_owned(),
        message: Some("Video analysis has started".to_owned()),
    };
    let job = hub.start_job(application(&owner), &owner, new).await?.id;
    let played = play(hub.clone(), tasks.stopping().clone(), clock, owner, job, outcome);
    tasks.spawn(async move {
        match played.await {
            // Another client ended or deleted it meanwhile.
            Ok(()) | Err(HubError::JobOver | HubError::NoSuchJob) => {}
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "An analysis was not played to its end");
            }
        }
    });
    Ok(job)
}

/// The application reports the work, whichever user it is for.
fn application(owner: &UserId) -> Requester<'_> {
    Requester { user: owner, is_service: true }
}

async fn play(
    hub: Hub,
    stopping: CancellationToken,
    clock: Arc<dyn Clock>,
    owner: UserId,
    job: JobId,
    outcome: Outcome,
) -> Result<(), HubError> {
    let steps = match outcome {
        Outcome::Completed => STEPS.as_slice(),
        Outcome::Failed => STEPS.split_last().map_or(&[][..], |(_, before)| before),
    };
    for (progress, stage, message) in steps {
        if is_cut_short(&stopping).await {
            return report(&hub, &owner, job, failure("The server was stopped")).await;
        }
        let progressed = JobReport {
            progress: Some(*progress),
            stage: Some((*stage).to_owned()),
            message: Some((*message).to_owned()),
            ..JobReport::default()
        };
        report(&hub, &owner, job, progressed).await?;
    }
    // A stop now changes nothing: the end is due.
    is_cut_short(&stopping).await;
    let end = match outcome {
        Outcome::Completed => success(&rfc3339(clock.now_ms())),
        Outcome::Failed => failure("The video could not be read to its end"),
    };
    report(&hub, &owner, job, end).await
}

/// Waits for the next step; whether a stop came between.
async fn is_cut_short(stopping: &CancellationToken) -> bool {
    tokio::select! {
        () = tokio::time::sleep(STEP) => false,
        () = stopping.cancelled() => true,
    }
}

async fn report(hub: &Hub, owner: &UserId, job: JobId, report: JobReport) -> Result<(), HubError> {
    hub.report_job(application(owner), job, report).await.map(|_| ())
}

fn success(analyzed_at: &str) -> JobReport {
    let result: Value = json!({
        "summary": "Clear answers and good examples; the pauses before the harder questions are long.",
        "analyzedAt": analyzed_at,
        "fileSize": FILE_SIZE,
    });
    JobReport {
        status: Some(JobStatus::Completed),
        message: Some("Video analysis completed successfully".to_owned()),
        result: Some(result),
        ..JobReport::default()
    }
}

fn failure(why: &str) -> JobReport {
    JobReport {
        status: Some(JobStatus::Failed),
        message: Some("Video analysis failed".to_owned()),
        error: Some(why.to_owned()),
        retryable: true,
        ..JobReport::default()
    }
}
