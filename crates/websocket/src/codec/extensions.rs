//! Extensions: negotiates permessage-deflate or none (RFC 6455, section 9.1; RFC 7692).

use std::fmt::Write as _;

use http::HeaderValue;

/// permessage-deflate as agreed on. Neither side keeps anything from message to message, so that a message can be
/// compressed once for many and an idle connection needs no window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deflate {
    /// The client inflates with a window of two to this power; 9 to 15.
    pub window_bits: u8,
    /// The client wants its limit in the answer.
    asked_for_window: bool,
}

/// The header is not of the form that RFC 6455, section 9.1 gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the extensions are malformed")]
pub struct MalformedExtensions;

/// The window of a client that named none (RFC 7692, section 7.1.2.1).
const WIDEST_WINDOW: u8 = 15;

impl Deflate {
    /// Takes the first offer that can be met, from every `Sec-WebSocket-Extensions` header in order.
    pub(super) fn negotiate<'a>(
        headers: impl IntoIterator<Item = &'a HeaderValue>,
    ) -> Result<Option<Self>, MalformedExtensions> {
        let mut agreed = None;
        for header in headers {
            let mut rest = Scanner { rest: header.to_str().map_err(|_| MalformedExtensions)? };
            for offer in rest.offers()? {
                agreed = agreed.or_else(|| Self::meet(&offer));
            }
        }
        Ok(agreed)
    }

    /// What is agreed if this offer is taken; nothing if it is of another extension, broken, or cannot be met.
    fn meet(offer: &Offer<'_>) -> Option<Self> {
        if !offer.name.eq_ignore_ascii_case("permessage-deflate") {
            return None;
        }
        let mut agreed = Self { window_bits: WIDEST_WINDOW, asked_for_window: false };
        let mut seen = Vec::new();
        for (name, value) in &offer.parameters {
            if seen.contains(name) {
                return None;
            }
            seen.push(*name);
            match (*name, value.as_deref()) {
                // The client's own window costs nothing here: the inflater accepts every window.
                (
                    "server_no_context_takeover" | "client_no_context_takeover" | "client_max_window_bits",
                    None,
                ) => {}
                ("client_max_window_bits", Some(value)) => {
                    window_bits(value)?;
                }
                ("server_max_window_bits", Some(value)) => {
                    // Zlib cannot write raw deflate for a window of 256 bytes.
                    agreed.window_bits = window_bits(value).filter(|bits| *bits > 8)?;
                    agreed.asked_for_window = true;
                }
                _ => return None,
            }
        }
        Some(agreed)
    }

    /// The answer's header.
    pub(super) fn header(self) -> Option<HeaderValue> {
        let mut answer =
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover".to_owned();
        if self.asked_for_window {
            write!(answer, "; server_max_window_bits={}", self.window_bits).ok()?;
        }
        HeaderValue::try_from(answer).ok()
    }
}

/// Eight to fifteen, without a leading zero (RFC 7692, section 7.1.2).
fn window_bits(value: &str) -> Option<u8> {
    let canonical = value.bytes().all(|byte| byte.is_ascii_digit()) && !value.starts_with('0');
    value.parse().ok().filter(|bits| canonical && (8..=15).contains(bits))
}

struct Offer<'a> {
    name: &'a str,
    parameters: Vec<(&'a str, Option<String>)>,
}

/// Walks over a header's value.
struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    fn offers(&mut self) -> Result<Vec<Offer<'a>>, MalformedExtensions> {
        let mut offers = Vec::new();
        loop {
            // An empty element of a list means nothing (RFC 9110, section 5.6.1).
            if !self.is_at(',') && !self.is_at_end() {
                offers.push(self.offer()?);
            }
            if self.is_at_end() {
                return Ok(offers);
            }
            self.take(',').ok_or(MalformedExtensions)?;
        }
    }

    fn offer(&mut self) -> Result<Offer<'a>, MalformedExtensions> {
        let mut offer = Offer { name: self.token()?, parameters: Vec::new() };
        while self.take(';').is_some() {
            let name = self.token()?;
            let value = if self.take('=').is_some() { Some(self.value()?) } else { None };
            offer.parameters.push((name, value));
        }
        Ok(offer)
    }

    fn value(&mut self) -> Result<String, MalformedExtensions> {
        if self.take('"').is_none() {
            return self.token().map(str::to_owned);
        }
        let mut value = String::new();
        let mut characters = self.rest.chars();
        loop {
            match characters.next().ok_or(MalformedExtensions)? {
                '"' => break,
                '\\' => value.push(characters.next().ok_or(MalformedExtensions)?),
                character => value.push(character),
            }
        }
        self.rest = characters.as_str();
        // Unquoted it must be a token (section 9.1).
        if !value.is_empty() && value.bytes().all(is_token_byte) {
            Ok(value)
        } else {
            Err(MalformedExtensions)
        }
    }

    fn token(&mut self) -> Result<&'a str, MalformedExtensions> {
        self.skip_space();
        let end = self.rest.bytes().position(|byte| !is_token_byte(byte)).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at_checked(end).ok_or(MalformedExtensions)?;
        self.rest = rest;
        if token.is_empty() { Err(MalformedExtensions) } else { Ok(token) }
    }

    fn take(&mut self, mark: char) -> Option<()> {
        self.skip_space();
        self.rest = self.rest.strip_prefix(mark)?;
        Some(())
    }

    fn is_at(&mut self, mark: char) -> bool {
        self.skip_space();
        self.rest.starts_with(mark)
    }

    fn is_at_end(&mut self) -> bool {
        self.skip_space();
        self.rest.is_empty()
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }
}

/// RFC 9110, section 5.6.2.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
