//! REST user: the shape of a user in the REST API.

use hub::model::User;

use crate::clock::rfc3339;

/// A user in the shape of the REST API.
pub fn rest_user(user: &User) -> protocol::rest::User {
    protocol::rest::User {
        id: user.id.clone(),
        username: user.username.clone(),
        email: user.email.clone(),
        is_active: user.is_active,
        created_at: rfc3339(user.created_at_ms),
    }
}
