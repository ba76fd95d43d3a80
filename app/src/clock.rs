//! Clock: the time, which a browser has and a calculation does not. On a server it stands still, because what is rendered
//! there asks for no time of its own.

use leptos::prelude::window;

use crate::browser::IS_BROWSER;

/// Milliseconds since 1970-01-01 UTC; 0 on a server.
#[expect(clippy::cast_possible_truncation, reason = "whole milliseconds, far below 2^53")]
pub(crate) fn now_ms() -> i64 {
    if IS_BROWSER { js_sys::Date::now() as i64 } else { 0 }
}

/// Microseconds since the page was loaded, as exactly as the browser tells them; for what takes less than a millisecond.
/// 0 on a server.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and far below 2^53")]
pub(crate) fn now_us() -> u64 {
    if !IS_BROWSER {
        return 0;
    }
    let now_ms = window().performance().map_or(0.0, |it| it.now());
    (now_ms * 1_000.0) as u64
}
