//! Redirects: sends browsers to other pages of ours, and never elsewhere.

use app::paths::{SIGN_IN, entry_address};
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

/// Sends a browser to another page, which it asks for with `GET`.
pub(super) fn see_other(path: &str) -> Response {
    // A path that no header can carry is no path of ours.
    let location = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response()
}

/// Sends a browser to the sign-in page, which leads back.
pub(super) fn sign_in_first(uri: &Uri) -> Response {
    see_other(&entry_address(SIGN_IN, uri.path()))
}

/// The path to go to after the sign-in: a path of ours, or home. `//host` and `/\host` would lead elsewhere.
pub(super) fn local_path(next: &str) -> &str {
    let local = next.starts_with('/') && !next.starts_with("//");
    let plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if local && plain { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_only_to_our_own_pages() {
        for own in ["/", "/rooms/kitchen", "/devtools?x=1"] {
            assert_eq!(local_path(own), own);
        }
        for foreign in
            ["", "rooms", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nb", "/\t/e"]
        {
            assert_eq!(local_path(foreign), "/", "{foreign:?}");
        }
    }
}
