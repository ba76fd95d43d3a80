//! Device: what signed in, in a short phrase such as "Firefox on Linux", taken from the `User-Agent` header.
//!
//! Only the phrase is stored: it is what the list of sign-ins shows, and the header says more about a user than that.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;

/// Bytes of the header that are read. Browsers send up to 300.
const READ_BYTES: usize = 512;

/// Characters of a program's own name that are kept.
const NAME_CHARS: usize = 40;

/// Browsers by the product that they name, the most telling first: nearly all of them name Chrome and Safari, too.
const BROWSERS: [(&str, &str); 19] = [
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("Edge/", "Edge"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("OPT/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex Browser"),
    ("Ddg/", "DuckDuckGo"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("Mozilla/", "A browser"),
];

/// Systems by the word that names them, the most telling first: Android names Linux, too, and an iPhone names Mac OS X.
const SYSTEMS: [(&str, &str); 9] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Mac OS X", "macOS"),
    ("FreeBSD", "FreeBSD"),
    ("Linux", "Linux"),
];

/// A device in a short phrase; empty when the client says nothing of itself. At most 60 ASCII characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device(String);

impl Device {
    /// Reads a `User-Agent` (RFC 9110, section 10.1.5).
    pub fn of(user_agent: &[u8]) -> Self {
        let text = String::from_utf8_lossy(user_agent.get(..READ_BYTES).unwrap_or(user_agent));
        let named = |table: &[(&str, &'static str)]| {
            table.iter().find(|(word, _)| text.contains(word)).map(|(_, name)| *name)
        };
        // A program that is no browser names itself first.
        let program = if text.starts_with("Mozilla/") {
            named(&BROWSERS).map(str::to_owned)
        } else {
            Some(own_name(&text)).filter(|name| !name.is_empty())
        };
        let phrase = match (program, named(&SYSTEMS)) {
            (Some(program), Some(system)) => format!("{program} on {system}"),
            (Some(program), None) => program,
            (None, system) => system.unwrap_or_default().to_owned(),
        };
        Self(phrase)
    }

    /// The phrase.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The first product of the text, without its version, if it is a plain name.
fn own_name(text: &str) -> String {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    text.trim_start().chars().take_while(is_plain).take(NAME_CHARS).collect()
}

impl<S: Send + Sync> FromRequestParts<S> for Device {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.headers.get(USER_AGENT).map(|it| Self::of(it.as_bytes())).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_agent_becomes_a_short_phrase() {
        for (user_agent, phrase) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
                "Chrome on Windows",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0.0.0 Mobile/15E148 Safari/604.1",
                "Chrome on iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
                "Samsung Internet on Android",
            ),
            (
                "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 OPR/120.0",
                "Opera on ChromeOS",
            ),
            ("Mozilla/5.0 (compatible)", "A browser"),
            ("curl/8.5.0", "curl"),
            ("python-requests/2.32.3", "python-requests"),
            ("HubbubApp/2.1 (iPhone; iOS 18.5)", "HubbubApp on iPhone"),
            ("(Windows)", "Windows"),
            ("", ""),
            ("\u{202e}<b>", ""),
        ] {
            assert_eq!(Device::of(user_agent.as_bytes()).as_str(), phrase, "{user_agent}");
        }
    }

    #[test]
    fn a_phrase_is_short_and_plain_whatever_was_sent() {
        let long = [b"x".repeat(10_000), b"Mozilla/".repeat(10_000), vec![0xff; 10_000], b"Windows".to_vec()];
        for user_agent in long {
            let device = Device::of(&user_agent);
            assert!(device.as_str().len() <= 60 && device.as_str().is_ascii(), "{device:?}");
        }
        assert_eq!(Device::of(&b"x".repeat(100)).as_str().len(), NAME_CHARS);
    }
}
