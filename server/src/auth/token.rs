//! Access tokens: JWTs, signed with HS256 and nothing else.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use protocol::UserId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::numeric_date::NumericDate;
use super::{AuthError, Clearance};
use crate::config::Secret;

/// Minutes that an access token lasts, unless the settings say otherwise. Few, because it travels with every request.
pub const ACCESS_MINUTES: u32 = 15;

/// How much later than ours the clock of another signer may be: a token that is not good yet for less is good.
const NBF_LEEWAY_MS: i64 = 30_000;

/// What a token says, once its signature and its times are good.
#[derive(Clone, Serialize, Deserialize)]
pub struct Claims {
    /// Who.
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
    /// What the bearer is to the application. Of any shape, because other services have words of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Value>,
    /// Another place for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Value>,
}

impl Claims {
    /// When the token is over, in milliseconds since 1970-01-01 UTC.
    pub fn expires_at_ms(&self) -> i64 {
        self.exp.as_ms()
    }

    /// Whose token it is: a person's, or one of a part of the application.
    pub fn clearance(&self) -> Clearance {
        Clearance::in_claims([self.role.as_ref(), self.roles.as_ref()])
    }
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
    pub fn new(secret: &Secret) -> Self {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_required_spec_claims(&["sub", "exp"]);
        // Times are compared with our own clock below. Tokens of other services may name an audience; whoever shares
        // the secret with us means us.
        rules.validate_exp = false;
        rules.validate_aud = false;
        Self {
            sign: EncodingKey::from_secret(secret.as_bytes()),
            check: DecodingKey::from_secret(secret.as_bytes()),
            rules,
            access_seconds: u64::from(ACCESS_MINUTES) * 60,
        }
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
    pub fn issue(&self, person: &UserId, sign_in: Uuid, now_ms: i64) -> Result<String, AuthError> {
        let iat = seconds(now_ms);
        let claims = Claims {
            sub: person.as_str().to_owned(),
            exp: NumericDate::from_seconds(iat + self.access_seconds),
            iat: NumericDate::from_seconds(iat),
            nbf: None,
            sid: Some(sign_in.to_string()),
            username: None,
            name: None,
            email: None,
            role: None,
            roles: None,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.sign).map_err(AuthError::internal)
    }

    /// Signs a word for a person and a purpose; the answer can be given away and checked later.
    ///
    /// # Errors
    /// [`AuthError::Internal`] when signing fails.
    pub fn seal(&self, purpose: &str, person: &UserId, word: &str) -> Result<String, AuthError> {
        let text = sealed_text(purpose, person, word);
        jsonwebtoken::crypto::sign(&text, &self.sign, Algorithm::HS256).map_err(AuthError::internal)
    }

    /// Whether this is what [`Keys::seal`] answered for the same person, purpose and word.
    pub fn is_seal(&self, seal: &str, purpose: &str, person: &UserId, word: &str) -> bool {
        let text = sealed_text(purpose, person, word);
        jsonwebtoken::crypto::verify(seal, &text, &self.check, Algorithm::HS256).unwrap_or(false)
    }

    /// What a token says.
    ///
    /// # Errors
    /// [`AuthError::Unauthorized`] for whatever is wrong with it.
    pub fn verify(&self, token: &str, now_ms: i64) -> Result<Claims, AuthError> {
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.check, &self.rules);
        let claims = decoded.map_err(|_| AuthError::Unauthorized)?.claims;
        let is_begun = claims.nbf.is_none_or(|nbf| nbf.as_ms() <= now_ms.saturating_add(NBF_LEEWAY_MS));
        let in_time = claims.exp.as_ms() > now_ms && is_begun;
        if in_time { Ok(claims) } else { Err(AuthError::Unauthorized) }
    }
}

/// Has zero bytes, which no token and no identifier has: a seal is no token's signature, and no other word's seal.
fn sealed_text(purpose: &str, person: &UserId, word: &str) -> Vec<u8> {
    [purpose, person.as_str(), word].join("\0").into_bytes()
}

fn seconds(at_ms: i64) -> u64 {
    u64::try_from(at_ms / 1_000).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(letter: u8) -> Keys {
        Keys::new(&Secret::new(vec![letter; 32]).unwrap())
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
    fn a_seal_is_good_for_its_person_its_purpose_and_its_word() {
        let (keys, ann, bob) = (keys(b'a'), UserId::parse("ann").unwrap(), UserId::parse("bob").unwrap());
        let seal = keys.seal("lid", &ann, "jar").unwrap();
        assert!(keys.is_seal(&seal, "lid", &ann, "jar"));
        for (purpose, person, word) in [("cap", &ann, "jar"), ("lid", &bob, "jar"), ("lid", &ann, "tin")] {
            assert!(!keys.is_seal(&seal, purpose, person, word));
        }
        assert!(!keys.is_seal("", "lid", &ann, "jar"));
        assert!(!super::tests::keys(b'b').is_seal(&seal, "lid", &ann, "jar"));
    }

    #[test]
    fn a_token_that_we_did_not_sign_this_way_is_refused() {
        let ours = keys(b'a');
        let sign = |algorithm, secret: u8, claims: &serde_json::Value| {
            let key = EncodingKey::from_secret(&[secret; 32]);
            jsonwebtoken::encode(&Header::new(algorithm), claims, &key).unwrap()
        };
        let good = serde_json::json!({ "sub": "ann", "exp": 2_000 });
        assert!(ours.verify(&sign(Algorithm::HS256, b'a', &good), 0).is_ok());
        let changed = sign(Algorithm::HS256, b'a', &good);
        let unsigned = {
            let claims = changed.split('.').nth(1).unwrap();
            format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.")
        };
        for bad in [
            sign(Algorithm::HS256, b'b', &good),
            sign(Algorithm::HS512, b'a', &good),
            sign(Algorithm::HS256, b'a', &serde_json::json!({ "exp": 2_000 })),
            sign(Algorithm::HS256, b'a', &serde_json::json!({ "sub": "ann" })),
            sign(Algorithm::HS256, b'a', &serde_json::json!({ "sub": "ann", "exp": 2_000, "nbf": 1_000 })),
            changed[..changed.len() - 2].to_owned(),
            changed.rsplit_once('.').unwrap().0.to_owned(),
            unsigned,
            "ann".to_owned(),
            String::new(),
        ] {
            assert!(matches!(ours.verify(&bad, 0), Err(AuthError::Unauthorized)), "{bad}");
        }
    }
}
