//! Jobs: what is reported of them, and what their owners are told.

use protocol::text::{is_blank, isolated};
use protocol::{
    InboxItem, Job, JobChange, JobId, JobKind, JobStatus, JobStep, Notification, NotificationId, UserId,
    limits,
};
use send_queue::DeliveryPolicy;
use serde_json::Value;
use uuid::Uuid;

use crate::conflation;
use crate::envelope::Envelope;
use crate::event::Event;
use crate::policy;
use crate::port::{JobWrite, NewEntry};
use crate::quotas::{Daily, Kept};
use crate::refusal::Refusal;
use crate::wall_time;

use super::Inbox;

/// Bytes that a job counts of those that its user may store in a day: its result and its words. Counted at its start, because
/// work that was accepted can report what came of it.
const JOB_BYTES: usize = 2 * limits::MAX_DETAILS_BYTES;

/// A job to be made.
#[derive(Debug, Clone, Default)]
pub struct NewJob {
    /// What sort of job.
    pub kind: JobKind,
    /// What it is about, as the application calls it.
    pub subject: Option<String>,
    /// What a person calls it.
    pub title: String,
    /// What the work says of itself.
    pub message: Option<String>,
}

/// What is reported of a job; what is absent stays as it was.
#[derive(Debug, Clone, Default)]
pub struct JobReport {
    /// 0 to 100. Reports may arrive out of order: a lower one than before changes nothing.
    pub progress: Option<u8>,
    /// The part of the work that is under way.
    pub stage: Option<String>,
    /// What the work says of itself.
    pub message: Option<String>,
    /// How it ended, if it did.
    pub status: Option<JobStatus>,
    /// What came of it.
    pub result: Option<Value>,
    /// Why it failed.
    pub error: Option<String>,
    /// Whether starting it again may help.
    pub retryable: bool,
}

/// What an inbox is asked to do with a job of its person.
pub(crate) enum Order {
    Start {
        new: NewJob,
        /// Whether it counts of what the person may store in a day.
        is_counted: bool,
    },
    Report(JobId, JobReport),
    Delete(JobId),
}

impl Inbox {
    pub(super) async fn carry_out(&mut self, order: Order) -> Result<Job, Refusal> {
        match order {
            Order::Start { new, is_counted } => {
                let job = start(new, &self.person, self.shared.clock.now_ms())?;
                // At its start and never at its end: work that was accepted can report what came of it.
                if self.state().await?.waiting_bytes >= self.shared.settings.inbox_bytes_per_user {
                    return Err(Refusal::InboxFull { field: "owner_id" });
                }
                if let Some(limit) = self.shared.settings.quotas.running_jobs
                    && self.shared.store.running_count(&self.person).await? >= u64::from(limit)
                {
                    return Err(Refusal::TooManyKept { kept: Kept::Jobs, limit });
                }
                if is_counted {
                    self.shared.count_stored(&self.person, Daily::JobBytes, JOB_BYTES)?;
                }
                self.keep(JobStep::Started, job).await
            }
            Order::Report(id, report) => {
                let before = self.job(id).await?;
                match apply(&before, report, self.shared.clock.now_ms())? {
                    Outcome::Nothing => Ok(before),
                    Outcome::Fleeting(job) => {
                        let write = Some(JobWrite::Save(job.clone()));
                        self.put(Vec::new(), write).await?;
                        let change = Box::new(JobChange { step: JobStep::Progressed, job: job.clone() });
                        let envelope = Envelope::new(Event::Job(change, self.shared.stamp(), None));
                        self.tell_in_passing(&envelope, DeliveryPolicy::Latest(conflation::job(id)));
                        Ok(job)
                    }
                    Outcome::Kept(step, job) => self.keep(step, job).await,
                }
            }
            Order::Delete(id) => {
                let job = self.job(id).await?;
                let told = entry(JobStep::Deleted, &job);
                self.put(vec![told], Some(JobWrite::Delete(id))).await?;
                Ok(job)
            }
        }
    }

    async fn job(&self, id: JobId) -> Result<Job, Refusal> {
        let found = self.shared.store.job(id).await?;
        found.filter(|job| job.owner == self.person).ok_or(Refusal::NoSuchJob)
    }

    async fn keep(&mut self, step: JobStep, job: Job) -> Result<Job, Refusal> {
        let mut entries = vec![entry(step, &job)];
        entries.extend(
            notice(step, &job)
                .map(|notification| NewEntry { item: InboxItem::Notification(notification), waits: true }),
        );
        self.put(entries, Some(JobWrite::Save(job.clone()))).await?;
        Ok(job)
    }
}

fn entry(step: JobStep, job: &Job) -> NewEntry {
    // Whoever was away learns of the end at the next connection; where a running job stands is told there anyway.
    let waits = matches!(step, JobStep::Completed | JobStep::Failed);
    NewEntry { item: InboxItem::Job(JobChange { step, job: job.clone() }), waits }
}

/// What the owner should notice of it.
fn notice(step: JobStep, job: &Job) -> Option<Notification> {
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

/// What fits a title.
fn short(title: &str) -> String {
    title.chars().take(limits::MAX_TITLE_CHARS).collect()
}

fn start(new: NewJob, owner: &UserId, now_ms: i64) -> Result<Job, Refusal> {
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
        result: None,
        error: None,
        retryable: false,
        created_at_ms: now_ms,
        updated_at_ms: now_ms,
    })
}

/// What a report does to a job.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// It says nothing new.
    Nothing,
    /// The job goes on; worth telling whoever is there.
    Fleeting(Job),
    /// Worth keeping.
    Kept(JobStep, Job),
}

/// Pure: the job as it was, what is reported, what comes of it.
fn apply(before: &Job, report: JobReport, now_ms: i64) -> Result<Outcome, Refusal> {
    policy::check_word("stage", report.stage.as_deref())?;
    policy::check_note("message", report.message.as_deref())?;
    policy::check_note("error", report.error.as_deref())?;
    policy::check_details("result", report.result.as_ref())?;
    if report.progress.is_some_and(|progress| progress > 100) {
        return Err(Refusal::Invalid { field: "progress", message: "must be 0 to 100".to_owned() });
    }
    let mut job = Job { updated_at_ms: wall_time::after(before.updated_at_ms, now_ms), ..before.clone() };
    if before.status != JobStatus::Running {
        let only_result = report.status.is_none_or(|status| status == before.status)
            && report.progress.is_none()
            && report.stage.is_none();
        return match report.result {
            Some(result) if only_result && before.status == JobStatus::Completed => {
                job.result = Some(result);
                job.message = report.message.or(job.message);
                Ok(Outcome::Kept(JobStep::Updated, job))
            }
            _ => Err(Refusal::JobOver),
        };
    }
    job.progress = before.progress.max(report.progress.unwrap_or_default());
    job.stage = report.stage.or(job.stage);
    job.message = report.message.or(job.message);
    job.result = report.result.or(job.result);
    match report.status {
        Some(JobStatus::Completed) => {
            job.status = JobStatus::Completed;
            job.progress = 100;
            Ok(Outcome::Kept(JobStep::Completed, job))
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
            Ok(Outcome::Kept(JobStep::Failed, job))
        }
        Some(JobStatus::Running) | None => Ok(progressed(before, job)),
    }
}

/// Every tenth and every new stage are kept, so that an inbox is not filled by one eager job.
fn progressed(before: &Job, job: Job) -> Outcome {
    let says_the_same = job.progress == before.progress
        && job.stage == before.stage
        && job.message == before.message
        && job.result == before.result;
    if says_the_same {
        Outcome::Nothing
    } else if job.progress / 10 > before.progress / 10 || job.stage != before.stage {
        Outcome::Kept(JobStep::Progressed, job)
    } else {
        Outcome::Fleeting(job)
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
    fn progress_never_falls_and_every_tenth_is_kept() {
        let job = job();
        let Outcome::Fleeting(job) = apply(&job, at(7), 2_000).unwrap() else { panic!() };
        assert_eq!(apply(&job, at(3), 3_000).unwrap(), Outcome::Nothing);
        let Outcome::Kept(JobStep::Progressed, job) = apply(&job, at(31), 1_500).unwrap() else { panic!() };
        assert_eq!((job.progress, job.updated_at_ms), (31, 2_000));
        let staged = JobReport { stage: Some("sorting".to_owned()), ..JobReport::default() };
        assert!(matches!(apply(&job, staged, 4_000).unwrap(), Outcome::Kept(JobStep::Progressed, _)));
        assert!(apply(&job, at(101), 4_000).is_err());
    }

    #[test]
    fn a_job_that_has_ended_only_gets_another_result() {
        let done = JobReport { status: Some(JobStatus::Completed), ..JobReport::default() };
        let Outcome::Kept(JobStep::Completed, job) = apply(&job(), done.clone(), 2_000).unwrap() else {
            panic!()
        };
        assert_eq!(job.progress, 100);
        assert!(matches!(apply(&job, at(5), 3_000), Err(Refusal::JobOver)));
        assert!(matches!(apply(&job, done, 3_000), Err(Refusal::JobOver)));
        let better = JobReport { result: Some(Value::from(7)), ..JobReport::default() };
        assert!(matches!(apply(&job, better, 3_000).unwrap(), Outcome::Kept(JobStep::Updated, _)));
    }

    #[test]
    fn a_failure_says_why_and_whether_to_try_again() {
        let failed = JobReport {
            status: Some(JobStatus::Failed),
            error: Some("disk full".to_owned()),
            retryable: true,
            ..JobReport::default()
        };
        let Outcome::Kept(JobStep::Failed, job) = apply(&job(), failed, 2_000).unwrap() else { panic!() };
        assert_eq!((job.error.as_deref(), job.retryable), (Some("disk full"), true));
        let notice = notice(JobStep::Failed, &job).unwrap();
        assert_eq!(
            (notice.title.as_str(), notice.message.as_str()),
            ("Import failed", "disk full. Starting it again may help.")
        );
    }
}
