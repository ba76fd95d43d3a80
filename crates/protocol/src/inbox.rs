//! What reaches a person, wherever this person is: notifications, direct messages, jobs and the application's own events.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{JobId, MessageId, MessageKind, NotificationId, RoomId, UserId};

/// Something that a person should notice. Kept until it is read, and for a while longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Its own name.
    pub id: NotificationId,
    /// A few words.
    pub title: String,
    /// The rest; may be empty.
    pub message: String,
    /// How it should look: `info`, `success`, `warning`, `error`, or a word of the application.
    pub kind: String,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// Whether it has been read.
    #[serde(default)]
    pub is_read: bool,
}

/// A message from one person to another who share a room. Not part of that room's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectMessage {
    /// Its own name.
    pub id: MessageId,
    /// The room that both are in.
    pub room: RoomId,
    /// Who wrote it.
    pub author: UserId,
    /// The author's user name.
    pub name: String,
    /// The author's e-mail address, as members of a shared room see it.
    pub email: String,
    /// Whether the author's account is in use.
    pub is_active: bool,
    /// When the author's account was made, in milliseconds since 1970-01-01 UTC.
    pub author_created_at_ms: i64,
    /// For whom.
    pub to: UserId,
    /// The text, unchanged. Whoever shows it escapes it.
    pub body: String,
    /// What it is.
    #[serde(default, skip_serializing_if = "MessageKind::is_text")]
    pub kind: MessageKind,
    /// When it was committed, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
}

/// What sort of job, which decides how applications hear of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Any work with a progress.
    #[default]
    Task,
    /// The analysis of an interview's video.
    Analysis,
    /// Work on an interview.
    Interview,
    /// The writing of an interview's report.
    Report,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    /// Under way.
    Running,
    /// Done.
    Completed,
    /// Given up.
    Failed,
}

/// Long work that somebody waits for, done by whoever reports on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its own name.
    pub id: JobId,
    /// Who waits for it.
    pub owner: UserId,
    /// What sort of job.
    pub kind: JobKind,
    /// What it is about, as the application calls it, such as an interview's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What a person calls it.
    pub title: String,
    /// Where it stands.
    pub status: JobStatus,
    /// 0 to 100; never falls.
    pub progress: u8,
    /// The part of the work that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// What the work says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Whether starting it again may help. Says nothing before it has failed.
    #[serde(default)]
    pub retryable: bool,
    /// In milliseconds since 1970-01-01 UTC.
    pub created_at_ms: i64,
    /// In milliseconds since 1970-01-01 UTC.
    pub updated_at_ms: i64,
}

/// What happened to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobStep {
    /// It began.
    Started,
    /// It went on.
    Progressed,
    /// It is done.
    Completed,
    /// It was given up.
    Failed,
    /// What came of it was replaced.
    Updated,
    /// It is not kept any more.
    Deleted,
}

/// Something happened to a job, and where it stands now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobChange {
    /// What happened.
    pub step: JobStep,
    /// Where it stands.
    pub job: Job,
}

/// An event of the application's own, for one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// Its name.
    pub name: String,
    /// Whatever belongs to it.
    pub data: Value,
}

/// What a person's inbox keeps, in the order in which it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum InboxItem {
    /// See [`Notification`].
    Notification(Notification),
    /// See [`DirectMessage`].
    Direct(DirectMessage),
    /// See [`JobChange`].
    Job(JobChange),
    /// See [`Signal`].
    Signal(Signal),
}

/// The application is about to be, or is no longer, out of service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maintenance {
    /// Whether it is.
    pub enabled: bool,
    /// What people should know about it.
    pub message: String,
}
