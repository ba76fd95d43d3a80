//! What a browser has and a calculation does not: the time and chance. On the server both stand still, because nothing
//! there asks.

/// Milliseconds since 1970-01-01 UTC.
#[cfg(target_arch = "wasm32")]
#[expect(clippy::cast_possible_truncation, reason = "whole milliseconds, far below 2^53")]
pub(crate) fn now_ms() -> i64 {
    js_sys::Date::now() as i64
}

/// The server renders what it is given and asks for no time of its own.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn now_ms() -> i64 {
    0
}
