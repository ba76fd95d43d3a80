//! Frames of RFC 6455, section 5.2: as much of them as a client needs that trusts the server.

use crate::casts::{count, index};

pub(crate) const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;

/// A length that means that the next two bytes, or eight, have it.
const TWO_BYTES: u8 = 0x7E;
const EIGHT_BYTES: u8 = 0x7F;

/// Where a frame of the server ends and its payload begins.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(crate) struct Head {
    pub(crate) opcode: u8,
    pub(crate) is_final: bool,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Reads the head of the first frame; `None` unless all of the frame is there.
pub(crate) fn read(bytes: &[u8]) -> Option<Head> {
    let (&[first, second], rest) = bytes.split_first_chunk()?;
    let (start, length) = match second & 0x7F {
        TWO_BYTES => (4, u64::from(u16::from_be_bytes(*rest.first_chunk()?))),
        EIGHT_BYTES => (10, u64::from_be_bytes(*rest.first_chunk()?)),
        short => (2, u64::from(short)),
    };
    let end = start + index(length);
    (bytes.len() >= end).then_some(Head { opcode: first & 0x0F, is_final: first & FINAL != 0, start, end })
}

/// Appends a frame of a client: masked, as section 5.3 demands.
pub(crate) fn write(out: &mut Vec<u8>, opcode: u8, payload: &[u8], mask: [u8; 4]) {
    out.push(FINAL | opcode);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ ..TWO_BYTES), _) => out.push(MASKED | short),
        (_, Ok(long)) => {
            out.push(MASKED | TWO_BYTES);
            out.extend_from_slice(&long.to_be_bytes());
        }
        _ => {
            out.push(MASKED | EIGHT_BYTES);
            out.extend_from_slice(&count(payload.len()).to_be_bytes());
        }
    }
    out.extend_from_slice(&mask);
    out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_written_as_the_rfc_prints_them() {
        let mut out = Vec::new();
        write(&mut out, TEXT, b"Hello", [0x37, 0xFA, 0x21, 0x3D]);
        assert_eq!(out, [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]);
    }

    #[test]
    fn every_length_has_its_head() {
        for (length, start) in [(125_usize, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let mut masked = Vec::new();
            write(&mut masked, TEXT, &vec![b'x'; length], [0; 4]);
            // A server's frame is the same without mask and key.
            masked[1] &= 0x7F;
            masked.drain(start..start + 4);
            let head = Head { opcode: TEXT, is_final: true, start, end: start + length };
            assert_eq!(read(&masked), Some(head));
            assert_eq!(read(&masked[..masked.len() - 1]), None);
        }
    }
}
