//! Token sign-in: the id of a sign-in that another service made, derived from its token, because such a sign-in is stored
//! nowhere here and can be ended here all the same.

use serde_json::Value;
use uuid::Uuid;

use super::{Claims, secret};

/// The sign-in of a token that was signed elsewhere: that of its claim `sid`, else that of its `jti`, else that of this very
/// text.
pub(super) fn token_id(claims: &Claims, token: &str) -> Uuid {
    match (&claims.sid, claims.more.get("jti")) {
        (Some(sid), _) => named_id("sid", &claims.sub, sid),
        (None, Some(jti @ (Value::String(_) | Value::Number(_)))) => {
            named_id("jti", &claims.sub, &jti.to_string())
        }
        _ => named_id("token", &claims.sub, token),
    }
}

/// The same for the same names, and unlike any that is made here (version 8 instead of 7, RFC 9562). Identifiers have no zero
/// bytes, so that no two lists of names make one text.
pub(super) fn named_id(kind: &str, user: &str, name: &str) -> Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(secret::hash(&[kind, user, name].join("\0")).split_at(16).0);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Whether a sign-in is that of a token which was signed elsewhere.
pub(super) fn is_token_id(id: Uuid) -> bool {
    id.get_version_num() == 8
}
