//! Frames of RFC 6455: a client's are read in place, a server's are written whole.

use std::rc::Rc;

pub(crate) const TEXT: u8 = 1;
pub(crate) const CLOSE: u8 = 8;

/// A frame that all members of a room share.
pub(crate) type Frame = Rc<[u8]>;

/// Where the payload of a client's frame is.
pub(crate) struct Incoming {
    pub(crate) opcode: u8,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Unmasks the first frame of these bytes; `None` when it is not all there.
pub(crate) fn read(bytes: &mut [u8]) -> Option<Incoming> {
    let opcode = bytes.first()? & 0x0F;
    let (key_at, length) = match bytes.get(1)? & 0x7F {
        126 => (4, usize::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?))),
        127 => (10, usize::try_from(u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?)).ok()?),
        short => (2, usize::from(short)),
    };
    let key: [u8; 4] = *bytes.get(key_at..)?.first_chunk()?;
    let (start, end) = (key_at + 4, key_at + 4 + length);
    unmask(bytes.get_mut(start..end)?, key);
    Some(Incoming { opcode, start, end })
}

/// Four bytes at a time, and what is left one by one.
fn unmask(payload: &mut [u8], key: [u8; 4]) {
    let wide = u32::from_ne_bytes(key);
    let (words, rest) = payload.as_chunks_mut::<4>();
    for word in words {
        *word = (u32::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    rest.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
}

/// A server's frame around this text.
pub(crate) fn text(payload: &[u8]) -> Frame {
    let mut frame = Vec::with_capacity(payload.len() + 10);
    frame.push(0x80 | TEXT);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ ..=125), _) => frame.push(short),
        (_, Ok(long)) => {
            frame.push(126);
            frame.extend(long.to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend(payload);
    frame.into()
}
