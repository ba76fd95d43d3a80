//! WebSocket bodies: requests and responses under `/api/v1/websocket`, as other applications know them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{JobId, UserId};

/// The envelope of every response here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Success<T> {
    /// Always `true`; errors have the same body as everywhere.
    pub success: bool,
    /// The answer.
    pub data: T,
}

impl<T> Success<T> {
    /// Wraps an answer.
    pub fn of(data: T) -> Self {
        Self { success: true, data }
    }
}

/// `POST /api/v1/websocket/test/emit-to-user`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Emit {
    /// The user.
    pub user_id: String,
    /// The event's name.
    pub event: String,
    /// Its `message`.
    pub message: String,
    /// What else belongs to it.
    #[serde(default)]
    pub data: Map<String, Value>,
}

/// The answer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveredCount {
    /// How many clients received it at once.
    pub delivered: usize,
}

/// `POST /api/v1/websocket/test/analysis-events/{userId}`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Analysis {
    /// What is analysed, as the application calls it.
    pub interview_id: String,
    /// How it ends.
    #[serde(default)]
    pub outcome: Outcome,
}

/// How an analysis ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// With a result.
    #[default]
    Completed,
    /// Without one; trying again may help.
    Failed,
}

/// The answer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Started {
    /// The job that it is.
    pub job_id: JobId,
}

/// `GET /api/v1/websocket/stats`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HubStats {
    /// Sockets that are attached.
    pub connected: usize,
    /// Users who have one.
    pub users: usize,
    /// Rooms in memory.
    pub rooms: usize,
    /// Servers that share the work.
    pub nodes: usize,
    /// The mean of the last ten seconds.
    pub messages_per_second: f64,
    /// When this was so.
    pub timestamp: String,
}

/// `GET /api/v1/websocket/user/{userId}/status`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserStatus {
    /// The user.
    pub user_id: UserId,
    /// Whether any socket is attached.
    pub is_connected: bool,
    /// How many.
    pub sockets: usize,
    /// When the last one ended; `null` if the server does not remember any.
    pub last_seen: Option<String>,
}
