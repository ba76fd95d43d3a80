//! Access tokens, and what is in those that were signed with our secret.

use std::sync::LazyLock;

use jsonwebtoken::{EncodingKey, Header};
use protocol::UserId;
use serde_json::Value;
use server::auth::{Keys, RoleClaim};
use server::config::Secret;
use uuid::Uuid;

const SECRET: [u8; 32] = [b'k'; 32];
const NOW_MS: i64 = 1_790_000_000_000;

/// The keys of a server.
pub(crate) static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    // Long enough, see `Secret::new`.
    let keys = Secret::new(SECRET).and_then(|secret| Keys::new(&secret).ok());
    keys.unwrap_or_else(|| unreachable!("the secret is too short"))
});

/// The only token that was ever given out.
static ISSUED: LazyLock<String> = LazyLock::new(|| {
    let ann = UserId::parse("ann").ok();
    ann.and_then(|ann| KEYS.issue(&ann, Uuid::nil(), NOW_MS).ok()).unwrap_or_default()
});

pub(crate) fn token(input: &[u8]) {
    let Some(text) = crate::text::of(input) else { return };
    if let Ok(claims) = KEYS.verify(text, NOW_MS) {
        assert_eq!(text, *ISSUED, "no other token is good");
        assert_eq!(claims.sub, "ann");
    }
    assert!(KEYS.verify(&ISSUED, NOW_MS).is_ok());
}

/// The input is the claims that a service with the secret signs.
pub(crate) fn claims(input: &[u8]) {
    let Ok(said) = serde_json::from_slice::<Value>(input) else { return };
    let Ok(key) = EncodingKey::from_secret(&SECRET) else { return };
    let Ok(token) = jsonwebtoken::encode(&Header::default(), &said, &key) else { return };
    let Ok(claims) = KEYS.verify(&token, NOW_MS) else { return };
    let sub = match said.get("sub") {
        Some(Value::String(text)) => text.clone(),
        Some(number @ Value::Number(_)) => number.to_string(),
        _ => String::new(),
    };
    assert_eq!(sub, claims.sub);
    assert!(claims.expires_at_ms() > NOW_MS, "it is not over");
    assert!(claims.nbf.is_none_or(|begin| begin.as_ms() <= NOW_MS + 30_000), "it has begun");
    if RoleClaim::default().claims_role(&claims.more).is_service() {
        let words = said.get("hubbub_role").map(Value::to_string).unwrap_or_default();
        assert!(words.contains("\"service\"") || words.contains("\"admin\""), "nobody rises by accident");
    }
}
