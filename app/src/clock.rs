//! What a browser has and a calculation does not: the time and chance. On the server both stand still, because nothing
//! there asks.

/// Milliseconds since 1970-01-01 UTC.
#[cfg(target_arch = "wasm32")]
#[expect(clippy::cast_possible_truncation, reason = "whole milliseconds, far below 2^53")]
pub(crate) fn now_ms() -> i64 {
    js_sys::Date::now() as i64
}

/// Microseconds since the page was loaded, as exactly as the browser tells them; for what takes less than a millisecond.
#[cfg(target_arch = "wasm32")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and far below 2^53")]
pub(crate) fn now_us() -> u64 {
    let now_ms = web_sys::window().and_then(|it| it.performance()).map_or(0.0, |it| it.now());
    (now_ms * 1_000.0) as u64
}

/// Nothing is measured on the server.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn now_us() -> u64 {
    0
}

/// The server renders what it is given and asks for no time of its own.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn now_ms() -> i64 {
    0
}
