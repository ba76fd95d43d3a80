//! Input as text, for decoders that are handed nothing else.

/// The text, if it is one.
pub(crate) fn of(input: &[u8]) -> Option<&str> {
    std::str::from_utf8(input).ok()
}

/// The first line and what is behind it.
pub(crate) fn split_line(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}
