//! Payload stamp: two at signs, a number and the time of sending in every body. A receiver searches the bytes of a frame for
//! it, so it need not know what a server wraps around a body, nor parse it.

use memchr::memchr;

const SIGN: &str = "@@";
const DIGITS: usize = 16;
const FILLING: &str = "the quick brown fox jumps over the lazy dog ";

/// The shortest body there is.
pub(crate) const BYTES: usize = SIGN.len() + 2 * DIGITS;

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(crate) struct PayloadStamp {
    pub(crate) number: u64,
    /// When it was sent, or should have been: see `clock`.
    pub(crate) sent: u64,
}

impl PayloadStamp {
    /// A body of this size, or of the stamp's own if that is longer.
    pub(crate) fn body(self, bytes: usize) -> String {
        let mut body = format!("{SIGN}{:0DIGITS$x}{:0DIGITS$x}", self.number, self.sent);
        while body.len() < bytes {
            body.push_str(FILLING.get(..bytes - body.len()).unwrap_or(FILLING));
        }
        body
    }
}

/// Hands over each stamp in `text`; whether there was one.
pub(crate) fn each(text: &[u8], mut found: impl FnMut(PayloadStamp)) -> bool {
    let (mut rest, mut any) = (text, false);
    while let Some(at) = memchr(b'@', rest) {
        let Some(stamp) = rest.get(at..at + BYTES).and_then(read) else {
            rest = rest.get(at + 1..).unwrap_or_default();
            continue;
        };
        found(stamp);
        any = true;
        rest = rest.get(at + BYTES..).unwrap_or_default();
    }
    any
}

fn read(stamp: &[u8]) -> Option<PayloadStamp> {
    let digits = stamp.strip_prefix(SIGN.as_bytes())?;
    let (number, sent) = digits.split_at_checked(DIGITS)?;
    Some(PayloadStamp { number: hex(number)?, sent: hex(sent)? })
}

/// A number in hexadecimal digits. Without a branch, because a receiver reads 32 of them in each of millions of frames a
/// second: the low half of a digit is its worth, and that of a letter is 9 less.
pub(crate) fn hex(digits: &[u8]) -> Option<u64> {
    let (mut number, mut is_number) = (0_u64, true);
    for digit in digits {
        is_number &= digit.is_ascii_hexdigit();
        number = number << 4 | u64::from((digit & 0x0F) + 9 * (digit >> 6));
    }
    is_number.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_in(text: &str) -> Vec<PayloadStamp> {
        let mut found = Vec::new();
        let any = each(text.as_bytes(), |stamp| found.push(stamp));
        assert_eq!(any, !found.is_empty());
        found
    }

    #[test]
    fn stamps_are_found_wherever_they_are() {
        let (first, second) =
            (PayloadStamp { number: 7, sent: u64::MAX }, PayloadStamp { number: 8, sent: 0 });
        let (one, two) = (first.body(128), second.body(0));
        assert_eq!((one.len(), two.len()), (128, BYTES));
        assert_eq!(all_in(&format!("[{{\"a\":\"{one}\"}},{{\"a\":\"{two}\"}}]")), [first, second]);
    }

    #[test]
    fn texts_that_only_resemble_a_stamp_are_skipped() {
        let body = PayloadStamp { number: 1, sent: 2 }.body(0);
        assert_eq!(all_in(&format!("@@@ @@12 @{body} @@0000000000000001000000000000000")).len(), 1);
        assert_eq!(all_in("ann@example.org"), []);
    }
}
