//! The private identifier that a client shows when it comes back: its public one, sealed for its person.
//!
//! Sealed, so that nobody has to remember which were given out and nobody can take another client's public one.

use protocol::UserId;

use crate::auth::{AuthError, Keys};

const PURPOSE: &str = "socket.io pid";

/// The private identifier of a public one.
///
/// # Errors
/// [`AuthError::Internal`].
pub fn sign(keys: &Keys, sid: &str, user: &UserId) -> Result<String, AuthError> {
    Ok(format!("{sid}.{}", keys.seal(PURPOSE, user, sid)?))
}

/// The public one, if this private one was made for the same person.
pub fn check<'a>(keys: &Keys, pid: &'a str, user: &UserId) -> Option<&'a str> {
    let (sid, seal) = pid.rsplit_once('.')?;
    keys.is_seal(seal, PURPOSE, user, sid).then_some(sid)
}
