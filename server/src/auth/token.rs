//! Access tokens: issues and verifies JWTs, signed with HS256 and nothing else.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use protocol::UserId;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::numeric_date::NumericDate;
use super::{AuthError, TokenError};
use crate::config::Secret;

/// Minutes that an access token lasts, unless the settings say otherwise. Few, because it travels with every request.
pub const ACCESS_MINUTES: u32 = 15;

/// How much later than ours the clock of another signer may be: a token that is not good yet for less is good.
const NBF_LEEWAY_MS: i64 = 30_000;

/// An `exp` from here on, in milliseconds, was not one of seconds: it would be the year 5138, or a time of our days that was
/// multiplied once too often.
const MILLISECONDS_FROM_MS: i64 = 100_000_000_000_000;

/// The claims of a token whose signature and times are good.
#[derive(Clone, Serialize, Deserialize)]
pub struct Claims {
    /// The user. A number is taken as its digits, because many applications have numbers for their users.
    #[serde(default, deserialize_with = "subject")]
    pub sub: String,
    /// When it is over.
    pub exp: NumericDate,
    /// When it was made.
    #[serde(default)]
    pub iat: NumericDate,
    /// Before this it is not good yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<NumericDate>,
    /// The sign-in that it belongs to; tokens of other services may have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The user name, in tokens of other services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Another place for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The e-mail address, in tokens of other services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whatever else the application says, of any shape; the claim that names a role of the hub is among it.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl Claims {
    /// When the token is over, in milliseconds since 1970-01-01 UTC.
    pub fn expires_at_ms(&self) -> i64 {
        self.exp.as_ms()
    }
}

/// Reads the claim `sub`: a text, or a whole number.
fn subject<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    struct Subject;

    impl Visitor<'_> for Subject {
        type Value = String;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("a text or a whole number")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<String, E> {
            Ok(number.to_string())
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> Result<String, E> {
            Ok(number.to_string())
        }

        fn visit_unit<E: de::Error>(self) -> Result<String, E> {
            Ok(String::new())
        }
    }

    deserializer.deserialize_any(Subject)
}

/// Signs tokens and checks signatures.
pub struct Keys {
    sign: EncodingKey,
    check: DecodingKey,
    rules: Validation,
    access_seconds: u64,
}

impl Keys {
    /// Both halves come from one secret.
    ///
    /// # Errors
    /// [`AuthError::Internal`] when the library refuses the secret.
    pub fn new(secret: &Secret) -> Result<Self, AuthError> {
        let mut rules = Validation::new(Algorithm::HS256);
        // The subject is checked below: the library does not take a number for one.
        rules.set_required_spec_claims(&["exp"]);
        // Times are compared with our own clock below. Tokens of other services may name an audience; a
        // service that shares the secret with us means us.
        rules.validate_exp = false;
        rules.validate_aud = false;
        Ok(Self {
            sign: EncodingKey::from_secret(secret.as_bytes()).map_err(AuthError::internal)?,
            check: DecodingKey::from_secret(secret.as_bytes()).map_err(AuthError::internal)?,
            rules,
            access_seconds: u64::from(ACCESS_MINUTES) * 60,
        })
    }

    /// With access tokens that last so long.
    #[must_use]
    pub fn lasting_minutes(self, minutes: u32) -> Self {
        Self { access_seconds: u64::from(minutes) * 60, ..self }
    }

    /// Seconds that an access token lasts.
    pub fn access_seconds(&self) -> u64 {
        self.access_seconds
    }

    /// A token for a sign-in, good for [`access_seconds`](Self::access_seconds).
    ///
    /// # Errors
    /// [`AuthError::Internal`] when signing fails.
    pub fn issue(&self, user: &UserId, sign_in: Uuid, now_ms: i64) -> Result<String, AuthError> {
        let iat = seconds(now_ms);
        let claims = Claims {
            sub: user.as_str().to_owned(),
            exp: NumericDate::from_seconds(iat + self.access_seconds),
            iat: NumericDate::from_seconds(iat),
            nbf: None,
            sid: Some(sign_in.to_string()),
            username: None,
            name: None,
            email: None,
            more: Map::new(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.sign).map_err(AuthError::internal)
    }

    /// Signs a word for a user and a purpose; the answer can be given away and checked later.
    ///
    /// # Errors
    /// [`AuthError::Internal`] when signing fails.
    pub fn seal(&self, purpose: &str, user: &UserId, word: &str) -> Result<String, AuthError> {
        let text = sealed_text(purpose, user, word);
        jsonwebtoken::crypto::sign(&text, &self.sign, Algorithm::HS256).map_err(AuthError::internal)
    }

    /// Whether this is what [`Keys::seal`] answered for the same user, purpose and word.
    pub fn is_seal(&self, seal: &str, purpose: &str, user: &UserId, word: &str) -> bool {
        let text = sealed_text(purpose, user, word);
        jsonwebtoken::crypto::verify(seal, &text, &self.check, Algorithm::HS256).unwrap_or(false)
    }

    /// Signs a word for a purpose, whichever client shows it.
    ///
    /// # Errors
    /// [`AuthError::Internal`] when signing fails.
    pub fn stamp(&self, purpose: &str, word: &str) -> Result<String, AuthError> {
        let text = [purpose, word].join("\0");
        jsonwebtoken::crypto::sign(text.as_bytes(), &self.sign, Algorithm::HS256).map_err(AuthError::internal)
    }

    /// Whether this is what [`Keys::stamp`] answered for the same purpose and word.
    pub fn is_stamp(&self, stamp: &str, purpose: &str, word: &str) -> bool {
        let text = [purpose, word].join("\0");
        jsonwebtoken::crypto::verify(stamp, text.as_bytes(), &self.check, Algorithm::HS256).unwrap_or(false)
    }

    /// The refresh token that follows on one that is spent: always the same, and computed only with the secret.
    ///
    /// # Errors
    /// [`AuthError::Internal`] when signing fails.
    pub fn successor(&self, spent: &str) -> Result<String, AuthError> {
        let text = ["refresh", spent].join("\0");
        jsonwebtoken::crypto::sign(text.as_bytes(), &self.sign, Algorithm::HS256).map_err(AuthError::internal)
    }

    /// Verifies a token and reads its claims.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn verify(&self, token: &str, now_ms: i64) -> Result<Claims, TokenError> {
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.check, &self.rules);
        let claims = decoded.map_err(|error| explain(token, &error))?.claims;
        if claims.exp.as_ms() >= MILLISECONDS_FROM_MS {
            return Err(TokenError::Milliseconds);
        }
        if claims.exp.as_ms() <= now_ms {
            return Err(TokenError::Expired);
        }
        if claims.nbf.is_some_and(|nbf| nbf.as_ms() > now_ms.saturating_add(NBF_LEEWAY_MS)) {
            return Err(TokenError::NotYetValid);
        }
        if claims.sub.trim().is_empty() {
            return Err(TokenError::NoSubject);
        }
        Ok(claims)
    }
}

/// Explains an error of the library to the developer of the signer. Decodes again, which only a rejected token costs.
fn explain(token: &str, error: &Error) -> TokenError {
    match error.kind() {
        ErrorKind::InvalidSignature => return TokenError::Signature,
        ErrorKind::InvalidAlgorithm => return TokenError::Algorithm,
        ErrorKind::MissingRequiredClaim(_) => return TokenError::NoExpiry,
        _ => {}
    }
    let header = part(token, 0);
    let is_extended = header.as_ref().is_some_and(|header| header.contains_key("crit"));
    // The library does not know `none`, so it cannot name this algorithm.
    let algorithm = header.and_then(|header| header.get("alg")?.as_str().map(str::to_owned));
    match (algorithm.as_deref(), error.kind()) {
        (Some("HS256"), ErrorKind::InvalidToken) if is_extended => TokenError::Extension,
        (Some("HS256"), ErrorKind::Json(_)) => match part(token, 1) {
            Some(claims) if !claims.get("exp").is_some_and(Value::is_number) => TokenError::NoExpiry,
            Some(_) => TokenError::Claims,
            None => TokenError::Malformed,
        },
        // A signature that was cut is no base64.
        (Some("HS256"), ErrorKind::Base64(_)) if part(token, 1).is_some() => TokenError::Signature,
        (Some("HS256") | None, _) => TokenError::Malformed,
        (Some(_), _) => TokenError::Algorithm,
    }
}

/// The header (0) or the claims (1) of a token, whichever service signed it.
fn part(token: &str, number: usize) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(token.split('.').nth(number)?).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Has zero bytes, which no token and no identifier has: a seal is no token's signature, and no other word's seal.
fn sealed_text(purpose: &str, user: &UserId, word: &str) -> Vec<u8> {
    [purpose, user.as_str(), word].join("\0").into_bytes()
}

fn seconds(at_ms: i64) -> u64 {
    u64::try_from(at_ms / 1_000).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn keys(byte: u8) -> Keys {
        Keys::new(&Secret::new(vec![byte; 32]).unwrap()).unwrap()
    }

    #[test]
    fn a_token_is_good_until_its_last_second() {
        let (keys, ann, sid) = (keys(b'a'), UserId::parse("ann").unwrap(), Uuid::from_u128(7));
        let token = keys.issue(&ann, sid, 1_000_000).unwrap();
        let claims = keys.verify(&token, 1_899_999).unwrap();
        assert_eq!((claims.sub.as_str(), claims.sid.as_deref()), ("ann", Some(sid.to_string().as_str())));
        assert_eq!((claims.iat.as_ms(), claims.expires_at_ms()), (1_000_000, 1_900_000));
        assert!(keys.verify(&token, 1_900_000).is_err());
        let brief = keys.lasting_minutes(1);
        let claims = brief.verify(&brief.issue(&ann, sid, 1_000_000).unwrap(), 1_000_000).unwrap();
        assert_eq!((claims.expires_at_ms(), brief.access_seconds()), (1_060_000, 60));
    }

    #[test]
    fn times_may_have_fractions_and_another_clock_may_be_ahead() {
        let keys = keys(b'a');
        let verify = |claims: &Value, now_ms| {
            let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &keys.sign).unwrap();
            keys.verify(&token, now_ms).is_ok()
        };
        let exact = serde_json::json!({ "sub": "ann", "exp": 2_000.5, "iat": 1_000.25, "nbf": 1_000.75 });
        assert!(verify(&exact, 2_000_499) && !verify(&exact, 2_000_500));
        assert!(verify(&exact, 970_750) && !verify(&exact, 970_749));
    }

    #[test]
    fn a_seal_is_good_for_its_user_its_purpose_and_its_word() {
        let (keys, ann, bob) = (keys(b'a'), UserId::parse("ann").unwrap(), UserId::parse("bob").unwrap());
        let seal = keys.seal("lid", &ann, "jar").unwrap();
        assert!(keys.is_seal(&seal, "lid", &ann, "jar"));
        for (purpose, user, word) in [("cap", &ann, "jar"), ("lid", &bob, "jar"), ("lid", &ann, "tin")] {
            assert!(!keys.is_seal(&seal, purpose, user, word));
        }
        assert!(!keys.is_seal("", "lid", &ann, "jar"));
        assert!(!super::tests::keys(b'b').is_seal(&seal, "lid", &ann, "jar"));
    }

    #[test]
    fn a_token_that_we_did_not_sign_this_way_is_refused() {
        let ours = keys(b'a');
        let sign = |algorithm, secret: u8, claims: &serde_json::Value| {
            let key = EncodingKey::from_secret(&[secret; 32]).unwrap();
            jsonwebtoken::encode(&Header::new(algorithm), claims, &key).unwrap()
        };
        let good = json!({ "sub": "ann", "exp": 2_000 });
        assert!(ours.verify(&sign(Algorithm::HS256, b'a', &good), 0).is_ok());
        let changed = sign(Algorithm::HS256, b'a', &good);
        let unsigned = {
            let claims = changed.split('.').nth(1).unwrap();
            format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.")
        };
        let saying = |claims: serde_json::Value| sign(Algorithm::HS256, b'a', &claims);
        let extended = {
            let header = Header { crit: Some(vec!["exp".to_owned()]), ..Header::new(Algorithm::HS256) };
            jsonwebtoken::encode(&header, &good, &EncodingKey::from_secret(&[b'a'; 32]).unwrap()).unwrap()
        };
        for (bad, expected) in [
            (sign(Algorithm::HS256, b'b', &good), TokenError::Signature),
            (sign(Algorithm::HS512, b'a', &good), TokenError::Algorithm),
            (saying(json!({ "exp": 2_000 })), TokenError::NoSubject),
            (saying(json!({ "sub": null, "exp": 2_000 })), TokenError::NoSubject),
            (saying(json!({ "sub": " ", "exp": 2_000 })), TokenError::NoSubject),
            (saying(json!({ "sub": [7], "exp": 2_000 })), TokenError::Claims),
            (saying(json!({ "sub": 7.5, "exp": 2_000 })), TokenError::Claims),
            (saying(json!({ "sub": "ann", "exp": 2_000, "name": 7 })), TokenError::Claims),
            (saying(json!({ "sub": "ann" })), TokenError::NoExpiry),
            (saying(json!({ "sub": "ann", "exp": "2000" })), TokenError::NoExpiry),
            (saying(json!({ "sub": "ann", "exp": 1_790_000_000_000_u64 })), TokenError::Milliseconds),
            (saying(json!({ "sub": "ann", "exp": 0 })), TokenError::Expired),
            (saying(json!({ "sub": "ann", "exp": 2_000, "nbf": 1_000 })), TokenError::NotYetValid),
            (changed[..changed.len() - 2].to_owned(), TokenError::Signature),
            (changed.rsplit_once('.').unwrap().0.to_owned(), TokenError::Malformed),
            (unsigned, TokenError::Algorithm),
            (extended, TokenError::Extension),
            ("ann".to_owned(), TokenError::Malformed),
            (String::new(), TokenError::Malformed),
        ] {
            assert_eq!(ours.verify(&bad, 0).err(), Some(expected), "{bad}");
        }
    }

    #[test]
    fn a_numeric_subject_is_taken_as_its_digits() {
        let ours = keys(b'a');
        let key = EncodingKey::from_secret(&[b'a'; 32]).unwrap();
        for (sub, digits) in [(json!(7), "7"), (json!(u64::MAX), "18446744073709551615"), (json!("7"), "7")] {
            let claims = json!({ "sub": sub, "exp": 2_000 });
            let token = jsonwebtoken::encode(&Header::default(), &claims, &key).unwrap();
            assert_eq!(ours.verify(&token, 0).unwrap().sub, digits);
        }
    }
}
