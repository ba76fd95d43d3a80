//! Text: writes packets as text.

use std::fmt::Write as _;

/// Adds `value` as a JSON string.
pub(super) fn push_string(out: &mut String, value: &str) {
    out.push('"');
    for char in value.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            control if control < ' ' => push(out, format_args!("\\u{:04x}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
}

/// Adds what can be printed. Writing to a `String` cannot fail.
pub(super) fn push(out: &mut String, what: std::fmt::Arguments<'_>) {
    out.write_fmt(what).ok();
}
