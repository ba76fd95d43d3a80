//! How large a frame may be by its type, which is looked at before the frame is decoded.

/// Bytes of a frame that carries identifiers, numbers and short words.
const SMALL_FRAME: usize = 4 * 1024;

/// Bytes of a frame with a token in it: as large as the head of a request is with most servers.
const TOKEN_FRAME: usize = 16 * 1024;

/// Bytes of JSON for one byte of text at most: `\u0001`.
const ESCAPED: usize = 6;

/// How many bytes a frame of a type may have. `carriers` are the types that carry a text of up to `message_bytes`, or values
/// of the application; without a type it may be any of them.
pub(super) fn most_bytes(kind: Option<&str>, carriers: &[&str], message_bytes: usize) -> usize {
    match kind {
        Some("authenticate") => TOKEN_FRAME,
        Some(kind) if !carriers.contains(&kind) => SMALL_FRAME,
        None if carriers.is_empty() => TOKEN_FRAME,
        _ => most_bytes_of_a_carrier(message_bytes),
    }
}

/// How many bytes a frame or a body may have that carries a text of up to `message_bytes`, or values of the application.
pub fn most_bytes_of_a_carrier(message_bytes: usize) -> usize {
    message_bytes.saturating_mul(ESCAPED).saturating_add(SMALL_FRAME)
}

/// The type of a frame that begins with it, as nearly all do: `{"type":"…"`. `None` for any other, also for one whose type is
/// written with escapes.
pub(super) fn first_type(frame: &str) -> Option<&str> {
    let rest = after(after(after(frame, "{")?, "\"type\"")?, ":")?;
    let (kind, _) = after(rest, "\"")?.split_at_checked(rest.len().min(SMALL_FRAME)).unwrap_or((rest, ""));
    let (kind, _) = kind.split_once('"')?;
    (!kind.contains('\\')).then_some(kind)
}

/// What follows a piece of JSON, which may have white space before it.
fn after<'a>(json: &'a str, piece: &str) -> Option<&'a str> {
    json.trim_ascii_start().strip_prefix(piece)
}
