//! Frame: the header as a client sends it and as a server does, and the mask (RFC 6455, section 5.2).

use bytes::BufMut;

use super::Violation;

/// The opcode of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Opcode {
    /// More of the message that has begun.
    Continuation = 0,
    /// Begins a text message.
    Text = 1,
    /// Begins a binary message.
    Binary = 2,
    /// Ends the connection.
    Close = 8,
    /// Asks for a pong.
    Ping = 9,
    /// Answers a ping.
    Pong = 10,
}

impl Opcode {
    fn from_nibble(nibble: u8) -> Option<Self> {
        [Self::Continuation, Self::Text, Self::Binary, Self::Close, Self::Ping, Self::Pong]
            .into_iter()
            .find(|opcode| *opcode as u8 == nibble)
    }

    /// Control frames are short, whole, and may stand between the fragments of a message (section 5.5).
    pub fn is_control(self) -> bool {
        self as u8 >= 8
    }
}

/// The kind of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8.
    Text,
    /// Any bytes.
    Binary,
}

impl From<Kind> for Opcode {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text,
            Kind::Binary => Self::Binary,
        }
    }
}

const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;
const RSV2_AND_RSV3: u8 = 0x30;
const MASKED: u8 = 0x80;
const LONGEST_CONTROL: u8 = 125;

/// The header of a client's frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) opcode: Opcode,
    /// The last frame of its message.
    pub(super) fin: bool,
    /// RSV1: the message is compressed (RFC 7692, section 6).
    pub(super) compressed: bool,
    pub(super) mask: [u8; 4],
    pub(super) payload_bytes: u64,
}

impl Header {
    /// The header at the start of `bytes` and its length; nothing as long as it is not complete. An error in its first two
    /// bytes is returned at once.
    pub(super) fn parse(bytes: &[u8], may_compress: bool) -> Result<Option<(Self, usize)>, Violation> {
        let Some((&[first, second], rest)) = bytes.split_first_chunk::<2>() else { return Ok(None) };
        let opcode = Opcode::from_nibble(first & 0x0f).ok_or(Violation::ReservedOpcode)?;
        let fin = first & FIN != 0;
        let compressed = first & RSV1 != 0;
        let length = second & !MASKED;
        let may_be_compressed = may_compress && matches!(opcode, Opcode::Text | Opcode::Binary);
        if first & RSV2_AND_RSV3 != 0 || (compressed && !may_be_compressed) {
            return Err(Violation::ReservedBit);
        }
        if second & MASKED == 0 {
            return Err(Violation::Unmasked);
        }
        if opcode.is_control() && !fin {
            return Err(Violation::FragmentedControl);
        }
        if opcode.is_control() && length > LONGEST_CONTROL {
            return Err(Violation::LongControl);
        }
        let Some((payload_bytes, rest)) = parse_length(length, rest)? else { return Ok(None) };
        let Some((&mask, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let header = Self { opcode, fin, compressed, mask, payload_bytes };
        Ok(Some((header, bytes.len() - rest.len())))
    }
}

/// A length need not be in its shortest form: a server has no use for the difference.
fn parse_length(short: u8, rest: &[u8]) -> Result<Option<(u64, &[u8])>, Violation> {
    Ok(match short {
        126 => rest.split_first_chunk::<2>().map(|(long, rest)| (u16::from_be_bytes(*long).into(), rest)),
        127 => match rest.split_first_chunk::<8>() {
            Some((long, _)) if u64::from_be_bytes(*long) >> 63 != 0 => return Err(Violation::Length),
            Some((long, rest)) => Some((u64::from_be_bytes(*long), rest)),
            None => None,
        },
        short => Some((short.into(), rest)),
    })
}

/// Masks or unmasks a payload (section 5.3). Returns the mask for the byte after the last.
pub(super) fn unmask(payload: &mut [u8], mask: [u8; 4]) -> [u8; 4] {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = payload.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip([a, b, c, d, a, b, c]) {
        *byte ^= mask;
    }
    let mut next = mask;
    next.rotate_left(rest.len() % 4);
    next
}

/// Two bytes, and a length of eight.
const LONGEST_HEADER: usize = 10;

/// The header of a server's frame: whole, without a mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncodedHeader {
    bytes: [u8; LONGEST_HEADER],
    length: usize,
}

impl EncodedHeader {
    /// The header of a frame with so many bytes of payload. `compressed` sets RSV1 (RFC 7692, section 6).
    pub fn new(opcode: Opcode, compressed: bool, payload_bytes: usize) -> Self {
        let mut bytes = [0; LONGEST_HEADER];
        let mut rest = bytes.as_mut_slice();
        rest.put_u8(FIN | if compressed { RSV1 } else { 0 } | opcode as u8);
        match (u8::try_from(payload_bytes), u16::try_from(payload_bytes)) {
            (Ok(short @ ..=125), _) => rest.put_u8(short),
            (_, Ok(medium)) => {
                rest.put_u8(126);
                rest.put_u16(medium);
            }
            _ => {
                rest.put_u8(127);
                // `usize` has at most 64 bits wherever this is built.
                rest.put_u64(payload_bytes as u64);
            }
        }
        let length = LONGEST_HEADER - rest.len();
        Self { bytes, length }
    }

    /// The bytes on the wire.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}
