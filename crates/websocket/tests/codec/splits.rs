//! Splits: the bytes of a connection decode to the same messages however the network cuts them.

use bytes::{Bytes, BytesMut};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use websocket::codec::{Decoder, Incoming, Violation, deflate};

use crate::client::{BINARY, CLOSE, CONTINUATION, FIN, LIMITS, PING, RSV1, TEXT, frame, read_with};

const ROUNDS: u64 = 300;

/// A few messages of every sort; in one of three something is broken.
fn conversation(random: &mut StdRng) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..random.random_range(1..8) {
        let plain = "añ語👩‍👧".repeat(random.random_range(0..60));
        let (opcode, payload) = match deflate(&[Bytes::from(plain.clone())], 15) {
            Some(smaller) if random.random() => (RSV1 | TEXT, smaller.to_vec()),
            _ => (if random.random() { TEXT } else { BINARY }, plain.into_bytes()),
        };
        let (first, rest) = payload.split_at(random.random_range(0..=payload.len()));
        bytes.extend(frame(opcode, first));
        bytes.extend(frame(FIN | PING, b"between"));
        bytes.extend(frame(FIN | CONTINUATION, rest));
    }
    if random.random_ratio(1, 3) {
        let at = random.random_range(0..bytes.len());
        bytes.get_mut(at).into_iter().for_each(|byte| *byte ^= 1 << random.random_range(0..8));
    }
    bytes.extend(frame(FIN | CLOSE, &[3, 0xe8]));
    bytes
}

fn read_in_pieces(bytes: &[u8], random: &mut StdRng) -> (Vec<Incoming>, Option<Violation>) {
    let mut decoder = Decoder::new(LIMITS, true);
    let mut buffer = BytesMut::new();
    let mut received = Vec::new();
    let longest = random.random_range(1..100);
    let mut rest = bytes;
    while !rest.is_empty() {
        let (piece, later) = rest.split_at(random.random_range(1..=longest.min(rest.len())));
        rest = later;
        buffer.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut buffer) {
                Ok(Some(incoming)) => received.push(incoming),
                Ok(None) if decoder.is_paused() => {}
                Ok(None) => break,
                Err(violation) => return (received, Some(violation)),
            }
        }
    }
    (received, None)
}

#[test]
fn split_reads_decode_to_the_same_messages() {
    let mut refused = 0;
    for seed in 0..ROUNDS {
        let random = &mut StdRng::seed_from_u64(seed);
        let bytes = conversation(random);
        let whole = read_with(&mut Decoder::new(LIMITS, true), &bytes);
        refused += u64::from(whole.1.is_some());
        // Which of two errors of a compressed text is found first depends on how much is inflated at once.
        let code = |violation: Option<Violation>| violation.map(Violation::close_code);
        let (received, violation) = read_in_pieces(&bytes, random);
        assert_eq!((received, code(violation)), (whole.0, code(whole.1)), "seed {seed}");
    }
    assert!(refused > ROUNDS / 20 && refused < ROUNDS / 2, "{refused}");
}
