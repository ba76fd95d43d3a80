//! Access tokens as another service would sign them: JWT (RFC 7519) with HS256 (RFC 7518, section 3.2).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::failed::Failed;

/// The year 2100.
const FAR_AWAY: u64 = 4_102_444_800;

/// A token of this user for a server that was given this secret.
pub(crate) fn token(user: &str, secret: &str) -> Result<String, Failed> {
    sign(&json!({ "sub": user, "username": user, "exp": FAR_AWAY }), secret)
}

/// A token of a part of the application, which may read our server's counts.
pub(crate) fn service_token(secret: &str) -> Result<String, Failed> {
    let name = "load";
    sign(&json!({ "sub": name, "username": name, "hubbub_role": "service", "exp": FAR_AWAY }), secret)
}

fn sign(claims: &Value, secret: &str) -> Result<String, Failed> {
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let signed = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .map_err(|error| Failed::Usage(format!("the secret is no key: {error}")))?;
    mac.update(signed.as_bytes());
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())))
}
