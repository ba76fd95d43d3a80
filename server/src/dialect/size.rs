//! Size limits: how large a frame may be by its type, which is read before the frame is decoded.

/// Bytes of a frame that carries identifiers, numbers and short words.
const SMALL_FRAME: usize = 4 * 1024;

/// Bytes of a frame with a token in it: as large as the head of a request is with most servers.
const TOKEN_FRAME: usize = 16 * 1024;

/// Bytes of a type that are read. Ours are shorter.
const MAX_TYPE_BYTES: usize = 64;

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
    let rest = after(after(after(after(frame, "{")?, "\"type\"")?, ":")?, "\"")?;
    let end = rest.bytes().take(MAX_TYPE_BYTES).position(|byte| byte == b'"')?;
    rest.get(..end).filter(|kind| !kind.contains('\\'))
}

/// What follows a piece of JSON, which may have white space before it.
fn after<'a>(json: &'a str, piece: &str) -> Option<&'a str> {
    json.trim_ascii_start().strip_prefix(piece)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_found_whatever_comes_after_it() {
        for filler in 0..4 {
            // A character of several bytes lies at every limit.
            let text = format!("{}{}", "x".repeat(filler), "語".repeat(30_000));
            let frame = format!(r#" {{ "type" : "post", "data":{{"body":"{text}"}}}}"#);
            assert_eq!(first_type(&frame), Some("post"));
            assert_eq!(first_type(&format!(r#"{{"type":"{text}"}}"#)), None);
        }
        for other in
            ["", "{", "[]", r#"{"data":1,"type":"post"}"#, r#"{"type":7}"#, r#"{"type":"p\u006fst"}"#]
        {
            assert_eq!(first_type(other), None, "{other}");
        }
        assert_eq!(first_type(r#"{"type":""}"#), Some(""));
    }
}
