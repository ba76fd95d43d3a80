//! Device tokens: what a browser or an app keeps after a sign-in, and shows at the next one. A device that is known for a user
//! has attempts of its own, so that strangers who try out passwords cannot lock the user out. It opens nothing.
//!
//! As OWASP describes it ("Slow Down Online Guessing Attacks with Device Cookies"). Nothing is stored: a token
//! holds its user and its time, under our seal, and names the user by a hash only.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::UserId;

use super::client_ip::ClientIp;
use super::cookies::cookies;
use super::{AuthError, Keys, secret};

/// The header in which a client without cookies receives its device tokens, and shows them.
pub const DEVICE_HEADER: &str = "hubbub-device";

/// Seconds that a device is known after a sign-in: as long as browsers keep a cookie at most (RFC 6265bis, section 5.5).
pub const DEVICE_SECONDS: i64 = 400 * 24 * 60 * 60;

/// Users whose device one may be at a time, such as those of a family; the oldest is forgotten.
const MAX_USERS: usize = 4;

/// Bytes of all that a request shows. A token of ours has some 90.
const MAX_BYTES: usize = 512;

/// Between tokens.
const BETWEEN: char = '~';

/// What seals are for.
const PURPOSE: &str = "device";

/// Where a user signs in from.
pub struct SignInSource {
    /// The address.
    pub address: ClientIp,
    /// The device tokens that the request shows, whatever they are.
    shown: Vec<String>,
}

impl SignInSource {
    /// Reads the header, else the cookie of this name.
    pub fn of(address: ClientIp, headers: &HeaderMap, cookie: &str) -> Self {
        let header = headers.get(DEVICE_HEADER).and_then(|value| value.to_str().ok());
        let shown = header.or_else(|| cookies(headers, cookie).next());
        let tokens = shown.filter(|text| text.len() <= MAX_BYTES).unwrap_or_default().split(BETWEEN);
        let tokens = tokens.filter(|token| !token.is_empty()).take(MAX_USERS);
        Self { address, shown: tokens.map(str::to_owned).collect() }
    }
}

/// The devices that a request proves to be, of whichever users.
pub struct KnownDevices<'a>(Vec<&'a str>);

impl<'a> KnownDevices<'a> {
    /// Those of the shown tokens that we have sealed and that are not too old.
    pub fn of(source: &'a SignInSource, keys: &Keys, now_ms: i64) -> Self {
        let shown = source.shown.iter().map(String::as_str);
        Self(shown.filter(|token| is_ours(token, keys, now_ms)).collect())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The name of the device for a user; `None` if it is not known for that one.
    pub fn known_for(&self, user: &UserId) -> Option<[u8; 32]> {
        let tag = tag(user);
        self.0.iter().find(|token| tag_of(token) == Some(tag.as_str())).map(|token| secret::hash(token))
    }

    /// The tokens that the device keeps once a user has signed in: a new one, and those of other users.
    ///
    /// # Errors
    /// [`AuthError::Internal`] without randomness.
    pub fn with(&self, user: &UserId, keys: &Keys, now_ms: i64) -> Result<String, AuthError> {
        let nonce = secret::new_secret().map_err(AuthError::internal)?;
        let nonce = nonce.get(..16).unwrap_or_default();
        let tag = tag(user);
        let word = format!("{tag}.{:x}.{nonce}", now_ms / 1_000);
        let mut kept = format!("{word}.{}", keys.stamp(PURPOSE, &word)?);
        let others = self.0.iter().filter(|token| tag_of(token) != Some(tag.as_str()));
        for other in others.take(MAX_USERS - 1) {
            kept.push(BETWEEN);
            kept.push_str(other);
        }
        Ok(kept)
    }
}

/// A user in a token: the same for the same user, and nothing that names the user.
fn tag(user: &UserId) -> String {
    let hash = secret::hash(&["device", user.as_str()].join("\0"));
    URL_SAFE_NO_PAD.encode(hash.split_at(12).0)
}

fn tag_of(token: &str) -> Option<&str> {
    token.split('.').next()
}

fn is_ours(token: &str, keys: &Keys, now_ms: i64) -> bool {
    let Some((word, seal)) = token.rsplit_once('.') else { return false };
    let since = word.split('.').nth(1).and_then(|since| i64::from_str_radix(since, 16).ok());
    let is_recent = since.is_some_and(|since| (now_ms / 1_000).saturating_sub(since) < DEVICE_SECONDS);
    is_recent && keys.is_stamp(seal, PURPOSE, word)
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::config::Secret;

    const NOW_MS: i64 = 1_800_000_000_000;

    fn keys(byte: u8) -> Keys {
        Keys::new(&Secret::new(vec![byte; 32]).unwrap()).unwrap()
    }

    fn showing(header: &str, cookie: &str) -> SignInSource {
        let mut headers = HeaderMap::new();
        if !header.is_empty() {
            headers.insert(DEVICE_HEADER, header.parse().unwrap());
        }
        headers.insert("cookie", format!("device={cookie}").parse().unwrap());
        SignInSource::of(ClientIp(IpAddr::V4(Ipv4Addr::LOCALHOST)), &headers, "device")
    }

    fn user(id: &str) -> UserId {
        UserId::parse(id).unwrap()
    }

    /// The tokens that a device keeps after it has shown these.
    fn after(shown: &str, id: &str) -> String {
        KnownDevices::of(&showing(shown, ""), &keys(b'a'), NOW_MS)
            .with(&user(id), &keys(b'a'), NOW_MS)
            .unwrap()
    }

    #[test]
    fn a_device_is_known_for_its_users_and_not_for_ever() {
        let token = after("", "ann");
        let known = |header: &str, cookie: &str, byte, now_ms| {
            let source = showing(header, cookie);
            let known = KnownDevices::of(&source, &keys(byte), now_ms);
            (known.known_for(&user("ann")).is_some(), known.known_for(&user("bob")).is_some())
        };
        assert_eq!(known(&token, "", b'a', NOW_MS), (true, false));
        assert_eq!(known("", &token, b'a', NOW_MS), (true, false));
        assert_eq!(known(&token, "", b'b', NOW_MS), (false, false));
        assert_eq!(known(&token, "", b'a', NOW_MS + DEVICE_SECONDS * 1_000), (false, false));
        let of_bob = token.replace(&tag(&user("ann")), &tag(&user("bob")));
        for changed in [of_bob.as_str(), "", ".", "~", "a.b.c.d", &token[1..], &token[..token.len() - 1]] {
            assert_eq!(known(changed, "", b'a', NOW_MS), (false, false), "{changed}");
        }
    }

    #[test]
    fn some_users_share_a_device_and_what_it_keeps_is_bounded() {
        let mut kept = String::new();
        for id in ["ann", "bob", "ann", "cid", "dan", "eve", "ann", "bob"] {
            kept = after(&kept, id);
            assert!(kept.len() <= MAX_BYTES, "{kept}");
        }
        let source = showing(&kept, "");
        let known = KnownDevices::of(&source, &keys(b'a'), NOW_MS);
        let of = |id: &str| known.known_for(&user(id)).is_some();
        assert_eq!(["ann", "bob", "cid", "dan", "eve"].map(of), [true, true, false, true, true]);
        let flood = [kept.as_str(); 20].join("~");
        assert!(KnownDevices::of(&showing(&flood, ""), &keys(b'a'), NOW_MS).is_empty());
        // Nothing in it that a cookie may not have.
        assert!(kept.bytes().all(|it| it.is_ascii_alphanumeric() || b".-_~".contains(&it)), "{kept}");
    }
}
