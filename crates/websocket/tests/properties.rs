//! Properties of the codec: messages are decoded as they were encoded, compressed or not, in pieces of any size.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use websocket::codec::{Decoder, EncodedHeader, Incoming, Limits, Opcode, deflate};

const LIMITS: Limits = Limits { message_bytes: 100_000, fragments: 100 };
const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;

/// A message and how it is written.
#[derive(Debug, Clone)]
struct Sample {
    message: Incoming,
    mask: [u8; 4],
    compressed: bool,
    /// Where its payload is cut into fragments.
    cuts: Vec<Index>,
}

/// Some bytes; mostly few.
fn bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..200).prop_map(Bytes::from)
}

fn messages() -> impl Strategy<Value = Vec<Sample>> {
    let text = ("\\PC{0,40}", 1..60_usize).prop_map(|(word, times)| word.repeat(times));
    let message = prop_oneof![
        4 => text.prop_map(|text| Incoming::Text(text.into())),
        2 => bytes().prop_map(Incoming::Binary),
        1 => vec(any::<u8>(), 0..=125).prop_map(|it| Incoming::Ping(it.into())),
        1 => vec(any::<u8>(), 0..=125).prop_map(|it| Incoming::Pong(it.into())),
    ];
    let sample = (message, any::<[u8; 4]>(), any::<bool>(), vec(any::<Index>(), 0..4));
    vec(sample.prop_map(|(message, mask, compressed, cuts)| Sample { message, mask, compressed, cuts }), 0..8)
}

/// The kind of a message and its payload.
fn parts(message: &Incoming) -> (Opcode, Bytes) {
    match message {
        Incoming::Text(text) => (Opcode::Text, text.clone().into_bytes()),
        Incoming::Binary(bytes) => (Opcode::Binary, bytes.clone()),
        Incoming::Ping(bytes) => (Opcode::Ping, bytes.clone()),
        Incoming::Pong(bytes) => (Opcode::Pong, bytes.clone()),
        Incoming::Close(_) => (Opcode::Close, Bytes::new()),
    }
}

/// The frames of a message, as a client sends them.
fn encode(sample: &Sample, out: &mut Vec<u8>) {
    let (opcode, plain) = parts(&sample.message);
    let smaller =
        deflate(std::slice::from_ref(&plain), 15).filter(|_| sample.compressed && !opcode.is_control());
    let (compressed, payload) = (smaller.is_some(), smaller.unwrap_or(plain));
    let mut ends: Vec<usize> = if opcode.is_control() {
        Vec::new()
    } else {
        sample.cuts.iter().map(|cut| cut.index(payload.len() + 1)).collect()
    };
    ends.sort_unstable();
    ends.push(payload.len());
    let (mut start, mut opcode) = (0, Some(opcode));
    for (number, end) in ends.iter().enumerate() {
        let piece = payload.slice(start..*end);
        let is_first = opcode.is_some();
        let kind = opcode.take().unwrap_or(Opcode::Continuation);
        let mut head = EncodedHeader::new(kind, compressed && is_first, piece.len()).as_bytes().to_vec();
        let last = number + 1 == ends.len();
        head.iter_mut().take(1).for_each(|byte| *byte = if last { *byte } else { *byte & !FIN });
        head.iter_mut().skip(1).take(1).for_each(|length| *length |= MASKED);
        out.extend(head);
        out.extend(sample.mask);
        out.extend(piece.iter().zip(sample.mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        start = *end;
    }
}

/// The messages that are decoded when the network delivers pieces of these sizes, again and again.
fn decode_in_pieces(wire: &[u8], sizes: &[usize]) -> Vec<Incoming> {
    let (mut decoder, mut buffer) = (Decoder::new(LIMITS, true), BytesMut::new());
    let (mut received, mut rest, mut sizes) = (Vec::new(), wire, sizes.iter().cycle());
    while !rest.is_empty() {
        let (piece, later) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
        buffer.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut buffer).unwrap() {
                Some(message) => received.push(message),
                None if decoder.is_paused() => {}
                None => break,
            }
        }
        rest = later;
    }
    received
}

proptest! {
    #[test]
    fn decoded_messages_equal_the_encoded_ones(samples in messages(), sizes in vec(1..300_usize, 1..6)) {
        let mut wire = Vec::new();
        for it in &samples {
            encode(it, &mut wire);
        }
        let messages: Vec<Incoming> = samples.into_iter().map(|it| it.message).collect();
        prop_assert_eq!(decode_in_pieces(&wire, &sizes), messages);
    }

    #[test]
    fn compressed_messages_are_smaller_and_inflate_to_the_same(
        pieces in vec(("[a-e]{0,20}", 1..50_usize).prop_map(|(it, times)| Bytes::from(it.repeat(times))), 1..4),
        window_bits in 9..=15_u8,
    ) {
        let plain = Bytes::from(pieces.concat());
        if let Some(smaller) = deflate(&pieces, window_bits) {
            prop_assert!(smaller.len() < plain.len());
            let mut wire = EncodedHeader::new(Opcode::Binary, true, smaller.len()).as_bytes().to_vec();
            wire.iter_mut().skip(1).take(1).for_each(|length| *length |= MASKED);
            wire.extend([0; 4]);
            wire.extend(&smaller);
            prop_assert_eq!(decode_in_pieces(&wire, &[wire.len()]), [Incoming::Binary(plain)]);
        }
    }
}
