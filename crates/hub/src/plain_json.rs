//! Plain JSON: checks that every JSON parser accepts a text, because a room passes an application's JSON on unparsed.
//!
//! Some parsers reject or fail at numbers beyond a double, halves of surrogate pairs (RFC 8259, sections 6 and 8.2), and deep
//! nesting; such a text would disconnect the clients that use them.

use memchr::memchr2;

/// Why a text is not plain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotPlain {
    /// Nested too deeply.
    #[error("has more than {MAX_DEPTH} lists and objects within each other")]
    Deep,
    /// An escape that is one half of a character.
    #[error("has half of a surrogate pair")]
    Surrogate,
    /// A number that is no double.
    #[error("has a number beyond 1.8e308")]
    Number,
}

/// The deepest nesting of lists and objects: as deep as the stricter of the common parsers accept.
pub(crate) const MAX_DEPTH: usize = 64;

/// Bytes of a number that cannot be too large without an exponent.
const SHORT_NUMBER: usize = 300;

/// Checks a text that is known to be JSON.
///
/// # Errors
/// [`NotPlain`].
pub(crate) fn check(json: &str) -> Result<(), NotPlain> {
    let mut rest = json.as_bytes();
    let mut depth = 0_usize;
    while let Some((byte, after)) = rest.split_first() {
        let here = std::mem::replace(&mut rest, after);
        match byte {
            b'[' | b'{' if depth == MAX_DEPTH => return Err(NotPlain::Deep),
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => rest = after_text(after)?,
            b'0'..=b'9' => rest = after_number(here)?,
            _ => {}
        }
    }
    Ok(())
}

/// What comes after a text whose first quote was read.
fn after_text(mut rest: &[u8]) -> Result<&[u8], NotPlain> {
    // By blocks, because most of what is passed on is long texts without escapes.
    while let Some(place) = memchr2(b'"', b'\\', rest) {
        let (before, after) = rest.split_at_checked(place + 1).unwrap_or_default();
        if before.ends_with(b"\"") {
            return Ok(after);
        }
        rest = after_escape(after)?;
    }
    Ok(&[])
}

/// What comes after an escape whose backslash was read.
fn after_escape(rest: &[u8]) -> Result<&[u8], NotPlain> {
    let Some((b'u', after)) = rest.split_first() else {
        return Ok(rest.get(1..).unwrap_or_default());
    };
    let (unit, after) = code_unit(after).ok_or(NotPlain::Surrogate)?;
    match unit {
        0xd800..=0xdbff => {
            let low = after.strip_prefix(b"\\u").and_then(code_unit);
            let (_, after) =
                low.filter(|(low, _)| (0xdc00..=0xdfff).contains(low)).ok_or(NotPlain::Surrogate)?;
            Ok(after)
        }
        0xdc00..=0xdfff => Err(NotPlain::Surrogate),
        _ => Ok(after),
    }
}

/// Four hexadecimal digits and what comes after them.
fn code_unit(rest: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, after) = rest.split_at_checked(4)?;
    let digits = std::str::from_utf8(digits).ok()?;
    Some((u16::from_str_radix(digits, 16).ok()?, after))
}

/// What comes after a number, of which a sign in front was read.
fn after_number(rest: &[u8]) -> Result<&[u8], NotPlain> {
    let is_part = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
    let end = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
    let (number, after) = rest.split_at_checked(end).unwrap_or_default();
    let may_be_large = number.len() > SHORT_NUMBER || number.iter().any(|byte| matches!(byte, b'e' | b'E'));
    if may_be_large && !is_double(number) {
        return Err(NotPlain::Number);
    }
    Ok(after)
}

fn is_double(number: &[u8]) -> bool {
    let value = std::str::from_utf8(number).ok().and_then(|it| it.parse::<f64>().ok());
    value.is_some_and(f64::is_finite)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(depth: usize) -> String {
        format!("{}{}", "[".repeat(depth), "]".repeat(depth))
    }

    #[test]
    fn json_that_every_parser_accepts_is_plain() {
        let large = format!("{}.5", "9".repeat(308));
        for plain in [
            "null",
            r#"{"b": 1.50,"a":[1e300,-1E-400,"\u00e9","\ud83d\ude00","\\ud800","\"[[["],"b":2}"#,
            "-0",
            &large,
            &nested(MAX_DEPTH),
            &format!("[{},{}]", nested(MAX_DEPTH - 1), nested(MAX_DEPTH - 1)),
            &format!("\"{}\"", "[".repeat(1_000)),
        ] {
            assert_eq!(check(plain), Ok(()), "{plain}");
        }
    }

    #[test]
    fn json_that_some_parsers_reject_is_not_plain() {
        let long = "9".repeat(310);
        for (text, why) in [
            ("1e999", NotPlain::Number),
            ("[0,-1E+400]", NotPlain::Number),
            (long.as_str(), NotPlain::Number),
            (r#""\ud800""#, NotPlain::Surrogate),
            (r#"{"\udc00":1}"#, NotPlain::Surrogate),
            (r#""\ud800\ud800""#, NotPlain::Surrogate),
            (r#""\ud800x""#, NotPlain::Surrogate),
            (r#""\ud83d\\ude00""#, NotPlain::Surrogate),
            (&nested(MAX_DEPTH + 1), NotPlain::Deep),
            (&nested(30_000), NotPlain::Deep),
            (&format!("{}1{}", r#"{"a":"#.repeat(65), "}".repeat(65)), NotPlain::Deep),
        ] {
            assert_eq!(check(text), Err(why), "{text}");
        }
    }
}
