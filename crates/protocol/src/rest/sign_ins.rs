//! Sign-in bodies: requests and responses about a user's own sign-ins and password.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `GET /api/v1/auth/sessions`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIns {
    /// The caller's sign-ins that are live, the one that asks first, then the one that was used last.
    pub sessions: Vec<SignIn>,
}

/// One device that is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// Its name. It proves nothing.
    pub id: Uuid,
    /// What signed in, in a short phrase; empty when it is not known.
    pub device: String,
    /// Whether it is the one that asks.
    pub is_current: bool,
    /// Whether it has a connection at this moment.
    pub is_connected: bool,
    /// When it was made.
    pub created_at: String,
    /// When it was last used, to the hour.
    pub last_seen_at: String,
    /// When it ends by itself.
    pub expires_at: String,
}

/// `POST /api/v1/auth/password`
#[derive(Clone, Serialize, Deserialize)]
pub struct NewPassword {
    /// The password until now.
    pub current_password: String,
    /// See [`crate::limits::PASSWORD_CHARS`].
    pub new_password: String,
}
