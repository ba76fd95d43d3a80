//! Close frame: its code and reason (RFC 6455, sections 5.5.1 and 7.4).

use bytes::{BufMut, Bytes, BytesMut};

use super::{Utf8Text, Violation};

/// The code and reason of a peer that closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseFrame {
    /// The status code; one that may be sent.
    pub code: u16,
    /// The reason, often empty.
    pub reason: Utf8Text,
}

/// What is left of a control frame's 125 bytes beside the code.
const LONGEST_REASON: usize = 123;

impl CloseFrame {
    /// Reads a close frame's payload: empty, or a code and a reason.
    pub(super) fn parse(payload: &[u8]) -> Result<Option<Self>, Violation> {
        if payload.is_empty() {
            return Ok(None);
        }
        let (code, reason) = payload.split_first_chunk::<2>().ok_or(Violation::CloseCode)?;
        let code = u16::from_be_bytes(*code);
        if !may_be_sent(code) {
            return Err(Violation::CloseCode);
        }
        let reason = std::str::from_utf8(reason).map_err(|_| Violation::NotUtf8)?;
        Ok(Some(Self { code, reason: reason.to_owned().into() }))
    }
}

/// Codes that are defined for the wire (section 7.4.1 and the IANA registry), and those of libraries and applications.
fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// The payload of a close frame. A reason that is too long loses its end.
pub(super) fn payload(code: u16, reason: &str) -> Bytes {
    let reason = reason.get(..reason.floor_char_boundary(LONGEST_REASON)).unwrap_or_default();
    let mut payload = BytesMut::with_capacity(2 + reason.len());
    payload.put_u16(code);
    payload.put_slice(reason.as_bytes());
    payload.freeze()
}
