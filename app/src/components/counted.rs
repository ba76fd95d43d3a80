//! A number with its noun, which agrees with it.

/// "1 frame", "2 frames".
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
