//! Client: encodes the frames of a client, and decodes them.

use bytes::BytesMut;
use websocket::codec::{Decoder, Incoming, Limits, Violation};

pub(crate) const LIMITS: Limits = Limits { message_bytes: 100_000, fragments: 1_000 };

pub(crate) const FIN: u8 = 0x80;
pub(crate) const RSV1: u8 = 0x40;
pub(crate) const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A masked frame whose first byte is `first`, with the shortest length.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..=125 => bytes.push(0x80 | u8::try_from(short).unwrap()),
        medium @ 126..=0xffff => {
            bytes.push(0x80 | 0x7e);
            bytes.extend(u16::try_from(medium).unwrap().to_be_bytes());
        }
        long => {
            bytes.push(0x80 | 0x7f);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// The messages and control frames in `bytes`, and the violation after them.
pub(crate) fn read_with(decoder: &mut Decoder, bytes: &[u8]) -> (Vec<Incoming>, Option<Violation>) {
    let mut buffer = BytesMut::from(bytes);
    let mut received = Vec::new();
    loop {
        match decoder.decode(&mut buffer) {
            Ok(Some(incoming)) => received.push(incoming),
            Ok(None) if decoder.is_paused() => {}
            Ok(None) => return (received, None),
            Err(violation) => return (received, Some(violation)),
        }
    }
}

pub(crate) fn read(bytes: &[u8]) -> (Vec<Incoming>, Option<Violation>) {
    read_with(&mut Decoder::new(LIMITS, false), bytes)
}

pub(crate) fn text(text: &str) -> Incoming {
    Incoming::Text(text.to_owned().into())
}

pub(crate) fn binary(bytes: &[u8]) -> Incoming {
    Incoming::Binary(bytes.to_vec().into())
}
