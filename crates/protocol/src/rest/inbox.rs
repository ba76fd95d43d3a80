//! Inbox bodies: requests and responses about jobs, notifications and maintenance.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Job, JobKind, JobStatus, Notification, NotificationId, UserId};

/// `POST /api/v1/jobs`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewJob {
    /// The kind of job.
    #[serde(default)]
    pub kind: JobKind,
    /// Its title for users.
    pub title: String,
    /// What it is about, as the application calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// A text of the program about the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The user who waits for it; the caller, if absent. Only a part of the application may name another user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<UserId>,
}

/// `PATCH /api/v1/jobs/{id}`: what is absent stays as it was.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct JobPatch {
    /// 0 to 100; a lower one than before changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<u8>,
    /// The part of the work that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// A text of the program about the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How it ended, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<JobStatus>,
    /// The result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Whether starting it again may help.
    #[serde(default)]
    pub retryable: bool,
}

/// `GET /api/v1/jobs?before=&limit=`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jobs {
    /// The caller's, newest first.
    pub jobs: Vec<Job>,
    /// Give it as `before` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `GET /api/v1/notifications?before=&limit=`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notifications {
    /// The caller's, newest first.
    pub notifications: Vec<Notification>,
    /// How many of all that are kept have not been read.
    pub unread: u32,
    /// Give it as `before` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `POST /api/v1/notifications`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewNotification {
    /// The user to notify. Only a part of the application may name another user than itself.
    pub user_id: UserId,
    /// A few words.
    pub title: String,
    /// The rest.
    #[serde(default)]
    pub message: String,
    /// How it should look, `info` if absent; see [`Notification::kind`].
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// The answer to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notified {
    /// As it is kept.
    pub notification: Notification,
    /// How many clients of the user received it at once.
    pub delivered: usize,
}

/// `POST /api/v1/notifications/read`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ReadNotifications {
    /// Which ones; all, if absent. Unknown ones are ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<NotificationId>>,
}

/// The answer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationsRead {
    /// How many were unread before.
    pub read: u32,
}

/// `POST /api/v1/admin/maintenance`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewMaintenance {
    /// Whether the application is out of service.
    pub enabled: bool,
    /// A text for users about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
