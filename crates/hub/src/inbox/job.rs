//! Jobs: applies reports to jobs, and makes the inbox entries for their owners. Pure.

use protocol::text::{is_blank, isolated};
use protocol::{
    InboxItem, Job, JobChange, JobId, JobKind, JobStatus, JobStep, Notification, NotificationId, Opaque,
    UserId, limits,
};
use serde_json::Value;
use uuid::Uuid;

use crate::error::HubError;
use crate::policy;
use crate::store::NewEntry;
use crate::wall_time;

/// Bytes of a job in the daily budget of its user: its result and its texts. Counted at the start, because a job that was
/// accepted can always report its result.
pub(super) const JOB_BYTES: usize = 2 * limits::MAX_DETAILS_BYTES;

/// A job to be started.
#[derive(Debug, Clone, Default)]
pub struct NewJob {
    /// The kind of job.
    pub kind: JobKind,
    /// What it is about, in a word of the application.
    pub subject: Option<String>,
    /// The title that its owner sees.
    pub title: String,
    /// The current message of the work.
    pub message: Option<String>,
}

/// A report on a job; absent fields stay as they were.
#[derive(Debug, Clone, Default)]
pub struct JobReport {
    /// 0 to 100. Reports may arrive out of order: a lower one than before changes nothing.
    pub progress: Option<u8>,
    /// The stage that is running.
    pub stage: Option<String>,
    /// The current message of the work.
    pub message: Option<String>,
    /// How it ended, if it did.
    pub status: Option<JobStatus>,
    /// The result.
    pub result: Option<Value>,
    /// Why it failed.
    pub error: Option<String>,
    /// Whether starting it again may help.
    pub retryable: bool,
}

/// A change of one of the user's jobs.
pub(crate) enum JobRequest {
    Start {
        new: NewJob,
        /// Whether it counts in the daily budget of the user.
        is_counted: bool,
    },
    Report(JobId, JobReport),
    Delete(JobId),
}

/// The entries that tell the owner of a change.
pub(super) fn entries(step: JobStep, job: &Job) -> Vec<NewEntry> {
    let notification = notification(step, job).map(InboxItem::Notification);
    let notification = notification.map(|item| NewEntry { item, waits: true });
    [change(step, job)].into_iter().chain(notification).collect()
}

fn change(step: JobStep, job: &Job) -> NewEntry {
    // An offline user gets the end with the next connection, and running jobs without an entry.
    let waits = matches!(step, JobStep::Completed | JobStep::Failed);
    NewEntry { item: InboxItem::Job(JobChange { step, job: job.clone() }), waits }
}

/// The notification for the owner, if the change is worth one.
fn notification(step: JobStep, job: &Job) -> Option<Notification> {
    let error = job.error.as_deref().unwrap_or_default();
    let (title, message, kind) = match (step, job.kind) {
        (JobStep::Completed, JobKind::Analysis) => {
            ("Video analysis completed! Check your interview report.".to_owned(), String::new(), "success")
        }
        (JobStep::Completed, _) => (
            short(&format!("{} is done", isolated(&job.title))),
            job.message.clone().unwrap_or_default(),
            "success",
        ),
        (JobStep::Failed, JobKind::Analysis) => {
            (short(&format!("Analysis failed: {error}")), retry_hint(job).to_owned(), "error")
        }
        (JobStep::Failed, _) => {
            let message = match retry_hint(job) {
                "" => error.to_owned(),
                hint => format!("{}. {hint}", error.trim_end_matches('.')),
            };
            (short(&format!("{} failed", isolated(&job.title))), message, "error")
        }
        _ => return None,
    };
    Some(Notification {
        id: NotificationId(Uuid::now_v7()),
        title,
        message,
        kind: kind.to_owned(),
        at_ms: job.updated_at_ms,
        is_read: false,
    })
}

fn retry_hint(job: &Job) -> &'static str {
    if job.retryable { "Starting it again may help." } else { "" }
}

/// Cuts a text to the length of a title.
fn short(title: &str) -> String {
    title.chars().take(limits::MAX_TITLE_CHARS).collect()
}

pub(super) fn start(new: NewJob, owner: &UserId, now_ms: i64) -> Result<Job, HubError> {
    let title = policy::title("title", &new.title)?;
    policy::check_word("subject", new.subject.as_deref())?;
    policy::check_note("message", new.message.as_deref())?;
    Ok(Job {
        id: JobId(Uuid::now_v7()),
        owner: owner.clone(),
        kind: new.kind,
        subject: new.subject,
        title,
        status: JobStatus::Running,
        progress: 0,
        stage: None,
        message: new.message,
        result: Opaque(None),
        error: None,
        retryable: false,
        created_at_ms: now_ms,
        updated_at_ms: now_ms,
    })
}

/// What a report does to a job.
#[derive(Debug, PartialEq)]
pub(super) enum ReportOutcome {
    /// Nothing.
    Unchanged,
    /// The job goes on. Connected clients are sent its progress, and no entry is stored.
    Volatile(Job),
    /// Entries are stored.
    Stored(JobStep, Job),
}

/// Applies a report to a job.
pub(super) fn apply(before: &Job, report: JobReport, now_ms: i64) -> Result<ReportOutcome, HubError> {
    policy::check_word("stage", report.stage.as_deref())?;
    policy::check_note("message", report.message.as_deref())?;
    policy::check_note("error", report.error.as_deref())?;
    policy::check_details("result", report.result.as_ref())?;
    if report.progress.is_some_and(|progress| progress > 100) {
        return Err(HubError::Invalid { field: "progress", message: "must be 0 to 100".to_owned() });
    }
    if before.status != JobStatus::Running {
        return apply_to_ended(before, report, now_ms);
    }
    let mut job = updated(before, now_ms);
    job.progress = before.progress.max(report.progress.unwrap_or_default());
    job.stage = report.stage.or(job.stage);
    job.message = report.message.or(job.message);
    job.result = Opaque(report.result.or(job.result.0));
    match report.status {
        Some(JobStatus::Completed) => {
            job.status = JobStatus::Completed;
            job.progress = 100;
            Ok(ReportOutcome::Stored(JobStep::Completed, job))
        }
        Some(JobStatus::Failed) => {
            job.status = JobStatus::Failed;
            job.error = Some(
                report
                    .error
                    .filter(|it| !is_blank(it))
                    .unwrap_or_else(|| "The work was given up without a reason".to_owned()),
            );
            job.retryable = report.retryable;
            Ok(ReportOutcome::Stored(JobStep::Failed, job))
        }
        Some(JobStatus::Running) | None => Ok(progressed(before, job)),
    }
}

/// The job as it is changed now.
fn updated(before: &Job, now_ms: i64) -> Job {
    Job { updated_at_ms: wall_time::after(before.updated_at_ms, now_ms), ..before.clone() }
}

/// A job that has ended accepts another result if it was completed. The report of its end may come again, because its answer
/// was lost: that changes nothing.
fn apply_to_ended(before: &Job, report: JobReport, now_ms: i64) -> Result<ReportOutcome, HubError> {
    if repeats(before, &report) {
        return Ok(ReportOutcome::Unchanged);
    }
    let only_result = report.status.is_none_or(|status| status == before.status)
        && report.progress.is_none()
        && report.stage.is_none();
    match report.result {
        Some(result) if only_result && before.status == JobStatus::Completed => {
            let mut job = updated(before, now_ms);
            job.result = Opaque(Some(result));
            job.message = report.message.or(job.message);
            Ok(ReportOutcome::Stored(JobStep::Updated, job))
        }
        _ => Err(HubError::JobOver),
    }
}

/// Whether a report brings nothing that the job does not have.
fn repeats(job: &Job, report: &JobReport) -> bool {
    let JobReport { progress, stage, message, status, result, error, retryable } = report;
    let error = error.as_ref().filter(|it| !is_blank(it));
    // Progress never falls, so that of an end may be lower than what is stored; by itself it is a report that comes too late.
    progress.is_none_or(|it| it <= job.progress && status.is_some())
        && stage.as_ref().is_none_or(|it| job.stage.as_ref() == Some(it))
        && message.as_ref().is_none_or(|it| job.message.as_ref() == Some(it))
        && status.is_none_or(|it| it == job.status)
        && result.as_ref().is_none_or(|it| job.result.0.as_ref() == Some(it))
        && error.is_none_or(|it| job.error.as_ref() == Some(it))
        && (!retryable || job.retryable)
}

/// Every tenth percent and every new stage are stored, so that one job with many reports does not fill an inbox.
fn progressed(before: &Job, job: Job) -> ReportOutcome {
    let says_the_same = job.progress == before.progress
        && job.stage == before.stage
        && job.message == before.message
        && job.result == before.result;
    if says_the_same {
        ReportOutcome::Unchanged
    } else if job.progress / 10 > before.progress / 10 || job.stage != before.stage {
        ReportOutcome::Stored(JobStep::Progressed, job)
    } else {
        ReportOutcome::Volatile(job)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job() -> Job {
        let new = NewJob { title: "Import".to_owned(), ..NewJob::default() };
        start(new, &UserId::parse("ann").unwrap(), 1_000).unwrap()
    }

    fn at(progress: u8) -> JobReport {
        JobReport { progress: Some(progress), ..JobReport::default() }
    }

    #[test]
    fn progress_never_falls_and_every_tenth_percent_is_stored() {
        let job = job();
        let ReportOutcome::Volatile(job) = apply(&job, at(7), 2_000).unwrap() else { panic!() };
        assert_eq!(apply(&job, at(3), 3_000).unwrap(), ReportOutcome::Unchanged);
        let ReportOutcome::Stored(JobStep::Progressed, job) = apply(&job, at(31), 1_500).unwrap() else {
            panic!()
        };
        assert_eq!((job.progress, job.updated_at_ms), (31, 2_000));
        let staged = JobReport { stage: Some("sorting".to_owned()), ..JobReport::default() };
        assert!(matches!(apply(&job, staged, 4_000).unwrap(), ReportOutcome::Stored(JobStep::Progressed, _)));
        assert!(apply(&job, at(101), 4_000).is_err());
    }

    #[test]
    fn ended_job_accepts_only_another_result() {
        let done = JobReport { status: Some(JobStatus::Completed), ..JobReport::default() };
        let ReportOutcome::Stored(JobStep::Completed, job) = apply(&job(), done.clone(), 2_000).unwrap()
        else {
            panic!()
        };
        assert_eq!(job.progress, 100);
        assert!(matches!(apply(&job, at(5), 3_000), Err(HubError::JobOver)));
        let better = JobReport { result: Some(Value::from(7)), ..JobReport::default() };
        for more in [
            JobReport { progress: Some(100), ..better.clone() },
            JobReport { stage: Some("sorting".to_owned()), ..better.clone() },
            JobReport { status: Some(JobStatus::Failed), ..better.clone() },
        ] {
            assert!(matches!(apply(&job, more, 3_000), Err(HubError::JobOver)));
        }
        assert!(matches!(apply(&job, better, 3_000).unwrap(), ReportOutcome::Stored(JobStep::Updated, _)));
    }

    /// The job after a report.
    fn after(before: &Job, report: JobReport) -> Job {
        match apply(before, report, 2_000).unwrap() {
            ReportOutcome::Stored(_, job) | ReportOutcome::Volatile(job) => job,
            ReportOutcome::Unchanged => before.clone(),
        }
    }

    #[test]
    fn end_that_is_reported_again_changes_nothing() {
        let (status, result) = (Some(JobStatus::Completed), Some(Value::from(7)));
        let done = JobReport { status, progress: Some(90), result: result.clone(), ..JobReport::default() };
        let bare = JobReport { status, ..JobReport::default() };
        let better = JobReport { result: Some(Value::from(8)), ..JobReport::default() };
        let failed = JobReport {
            status: Some(JobStatus::Failed),
            error: Some("disk full".to_owned()),
            stage: Some("sorting".to_owned()),
            message: Some("hm".to_owned()),
            retryable: true,
            ..JobReport::default()
        };
        let gone = JobReport { status: Some(JobStatus::Failed), ..JobReport::default() };
        for end in [&done, &bare, &failed, &gone] {
            let job = after(&job(), end.clone());
            assert_eq!(apply(&job, end.clone(), 3_000).unwrap(), ReportOutcome::Unchanged, "{end:?}");
        }
        let completed = after(&after(&job(), done.clone()), better.clone());
        assert_eq!(apply(&completed, better, 3_000).unwrap(), ReportOutcome::Unchanged);
        let back = apply(&completed, JobReport { progress: None, ..done }, 3_000).unwrap();
        assert!(matches!(back, ReportOutcome::Stored(JobStep::Updated, _)));
        let failure = after(&job(), failed.clone());
        for other in [
            JobReport { error: Some("disk gone".to_owned()), ..failed.clone() },
            JobReport { stage: Some("storing".to_owned()), ..failed.clone() },
            JobReport { message: Some("oh".to_owned()), ..failed.clone() },
            JobReport { progress: Some(1), ..failed.clone() },
            JobReport { result, ..failed.clone() },
        ] {
            assert!(matches!(apply(&failure, other, 3_000), Err(HubError::JobOver)));
        }
        let final_failure = after(&job(), JobReport { retryable: false, ..failed.clone() });
        assert!(matches!(apply(&final_failure, failed, 3_000), Err(HubError::JobOver)));
    }

    #[test]
    fn failure_has_its_reason_and_whether_to_retry() {
        let failed = JobReport {
            status: Some(JobStatus::Failed),
            error: Some("disk full".to_owned()),
            retryable: true,
            ..JobReport::default()
        };
        let ReportOutcome::Stored(JobStep::Failed, job) = apply(&job(), failed, 2_000).unwrap() else {
            panic!()
        };
        assert_eq!((job.error.as_deref(), job.retryable), (Some("disk full"), true));
        let notification = notification(JobStep::Failed, &job).unwrap();
        assert_eq!(
            (notification.title.as_str(), notification.message.as_str()),
            ("Import failed", "disk full. Starting it again may help.")
        );
    }
}
