//! Private session ids: the public id of a client with a seal for its user, by which the client can resume its session.
//!
//! With the seal no server has to remember the ids, and no client can use the public id of another one.

use protocol::UserId;

use crate::auth::{AuthError, Keys};

const PURPOSE: &str = "socket.io pid";

/// The private id of a public one.
///
/// # Errors
/// [`AuthError::Internal`].
pub fn sign(keys: &Keys, sid: &str, user: &UserId) -> Result<String, AuthError> {
    Ok(format!("{sid}.{}", keys.seal(PURPOSE, user, sid)?))
}

/// The public id, if this private one was made for the same user.
pub fn check<'a>(keys: &Keys, pid: &'a str, user: &UserId) -> Option<&'a str> {
    let (sid, seal) = pid.rsplit_once('.')?;
    keys.is_seal(seal, PURPOSE, user, sid).then_some(sid)
}
