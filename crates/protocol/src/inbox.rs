//! Inbox items: what reaches a user on all connections: notifications, direct messages, jobs and an application's own events.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{JobId, MessageId, MessageKind, NotificationId, Opaque, RoomId, UserId};

/// A note for a user. It is kept until it is read, and for a while longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
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

/// A message from one user to another who share a room. It is not part of the room's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct DirectMessage {
    /// Its own name.
    pub id: MessageId,
    /// The room that both are in.
    pub room: RoomId,
    /// The author.
    pub author: UserId,
    /// The author's user name.
    pub name: String,
    /// The author's e-mail address, as members of a shared room see it.
    pub email: String,
    /// Whether the author's account is in use.
    pub is_active: bool,
    /// When the author's account was made, in milliseconds since 1970-01-01 UTC.
    pub author_created_at_ms: i64,
    /// The recipient.
    pub to: UserId,
    /// The text, unchanged. A client that shows it has to escape it.
    pub body: String,
    /// What it is.
    #[serde(default, skip_serializing_if = "MessageKind::is_text")]
    pub kind: MessageKind,
    /// When it was committed, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
}

/// The kind of a job, which decides how dialects encode it.
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

/// The status of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    /// Under way.
    Running,
    /// Done.
    Completed,
    /// Failed.
    Failed,
}

/// Long work that a user waits for; a program does it and reports on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct Job {
    /// Its own name.
    pub id: JobId,
    /// The user who waits for it.
    pub owner: UserId,
    /// The kind of job.
    pub kind: JobKind,
    /// What it is about, as the application calls it, such as an interview's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Its title for users.
    pub title: String,
    /// Its status.
    pub status: JobStatus,
    /// 0 to 100; never falls.
    pub progress: u8,
    /// The part of the work that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// A text of the program about the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Opaque<Option<Value>>,
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
    /// It failed.
    Failed,
    /// Its result was replaced.
    Updated,
    /// It is not kept any more.
    Deleted,
}

/// A change of a job, with the job after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct JobChange {
    /// What happened.
    pub step: JobStep,
    /// Its status.
    pub job: Job,
}

/// An event of the application's own, for one user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct Signal {
    /// Its name.
    pub name: String,
    /// Whatever belongs to it.
    pub data: Opaque<Value>,
}

/// An item of a user's inbox.
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, serde_lite::Deserialize)]
pub struct Maintenance {
    /// Whether it is.
    pub enabled: bool,
    /// A text for users about it.
    pub message: String,
}
