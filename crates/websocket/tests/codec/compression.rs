//! permessage-deflate on messages (RFC 7692, section 7.2).

use bytes::{Bytes, BytesMut};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use websocket::codec::{Decoder, Incoming, Kind, Limits, OutFrame, Violation, deflate};

use crate::client::{BINARY, CONTINUATION, FIN, LIMITS, PING, RSV1, TEXT, binary, frame, read_with, text};

fn read(bytes: &[u8]) -> (Vec<Incoming>, Option<Violation>) {
    read_with(&mut Decoder::new(LIMITS, true), bytes)
}

/// Room for a message of 1 MiB in one frame.
const LONG: Limits = Limits { message_bytes: 1024 * 1024, fragments: 1 };

/// "Hello", as section 7.2.3.1 prints it.
const HELLO: [u8; 7] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];

#[test]
fn the_examples_of_the_standard_are_understood() {
    let hello = (vec![text("Hello")], None);
    assert_eq!(read(&frame(FIN | RSV1 | TEXT, &HELLO)), hello);
    let (first, second) = HELLO.split_at(3);
    let fragments = [frame(RSV1 | TEXT, first), frame(FIN | CONTINUATION, second)].concat();
    assert_eq!(read(&fragments), hello);
    // Section 7.2.3.3: not compressed at all.
    let stored = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
    assert_eq!(read(&frame(FIN | RSV1 | TEXT, &stored)), hello);
    // Section 7.2.3.4: the block says that it is the last.
    let last = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
    assert_eq!(read(&frame(FIN | RSV1 | TEXT, &last)), hello);
    // Section 7.2.3.5: two blocks.
    let two = [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];
    assert_eq!(read(&frame(FIN | RSV1 | TEXT, &two)), hello);
    // Section 7.2.3.6: nothing.
    assert_eq!(read(&frame(FIN | RSV1 | TEXT, &[0x00])), (vec![text("")], None));
}

#[test]
fn plain_messages_may_come_between_compressed_ones() {
    let bytes =
        [frame(FIN | RSV1 | TEXT, &HELLO), frame(FIN | TEXT, b"plain"), frame(FIN | RSV1 | BINARY, &HELLO)];
    assert_eq!(read(&bytes.concat()), (vec![text("Hello"), text("plain"), binary(b"Hello")], None));
}

#[test]
fn only_the_first_frame_of_a_message_says_that_it_is_compressed() {
    let second = [frame(RSV1 | TEXT, &HELLO), frame(FIN | RSV1 | CONTINUATION, &[])].concat();
    assert_eq!(read(&second), (vec![], Some(Violation::ReservedBit)));
    assert_eq!(read(&frame(FIN | RSV1 | PING, b"")), (vec![], Some(Violation::ReservedBit)));
    let not_agreed = read_with(&mut Decoder::new(LIMITS, false), &frame(FIN | RSV1 | TEXT, &HELLO));
    assert_eq!(not_agreed, (vec![], Some(Violation::ReservedBit)));
}

#[test]
fn invalid_compressed_data_is_refused() {
    // A block of the reserved type, and a copy from before the beginning.
    for broken in [&[0x06, 0x00][..], &[0x4b, 0x4c, 0x84, 0x83, 0x01][..]] {
        let (heard, violation) = read(&frame(FIN | RSV1 | BINARY, broken));
        assert_eq!((heard, violation), (vec![], Some(Violation::NotDeflate)), "{broken:x?}");
    }
    assert_eq!(Violation::NotDeflate.close_code(), 1007);
    // The next message is not touched by it.
    assert_eq!(read(&frame(FIN | RSV1 | TEXT, &HELLO)), (vec![text("Hello")], None));
}

#[test]
fn inflated_text_is_validated_as_it_arrives() {
    let broken = [b"fine so far \xff".as_slice(), &[b'x'; 500]].concat();
    let payload = deflate(&[Bytes::from(broken)], 15).unwrap();
    let whole = frame(RSV1 | TEXT, &payload);
    let (_, violation) = read(whole.get(..whole.len() - 2).unwrap());
    assert_eq!(violation, Some(Violation::NotUtf8));
}

#[test]
fn a_bomb_is_stopped_at_the_limit() {
    let zeros = Bytes::from(vec![0; 50_000_000]);
    let bomb = deflate(&[zeros], 15).unwrap();
    let limits = Limits { message_bytes: 40_000_000, fragments: 10_000 };
    let mut decoder = Decoder::new(limits, true);
    let whole = frame(FIN | RSV1 | BINARY, &bomb);
    assert!(whole.len() < 500_000, "{}", whole.len());
    assert_eq!(read_with(&mut decoder, &whole), (vec![], Some(Violation::TooBig)));
    // With a small limit it is over long before the bomb has arrived.
    assert_eq!(read(whole.get(..5_000).unwrap()), (vec![], Some(Violation::TooBig)));
}

/// The first message in a buffer, and how often the decoder pauses before it.
fn first_with_pauses(buffer: &mut BytesMut, decoder: &mut Decoder) -> (Incoming, usize) {
    let mut pauses = 0;
    loop {
        match decoder.decode(buffer).unwrap() {
            Some(message) => return (message, pauses),
            None => assert!(decoder.is_paused()),
        }
        pauses += 1;
    }
}

#[test]
fn a_long_message_is_inflated_in_steps() {
    let zeros = vec![0; 1024 * 1024];
    let payload = deflate(&[Bytes::from(zeros.clone())], 15).unwrap();
    // The next frame is in the same buffer: it is unmasked only when it is decoded.
    let frames = [frame(FIN | RSV1 | BINARY, &payload), frame(FIN | PING, b"next")].concat();
    let (mut buffer, mut decoder) = (BytesMut::from(frames.as_slice()), Decoder::new(LONG, true));
    let (message, pauses) = first_with_pauses(&mut buffer, &mut decoder);
    assert!(message == binary(&zeros));
    // 64 KiB in each; the last is not known to be the last.
    assert!((15..=16).contains(&pauses), "{pauses}");
    assert_eq!(decoder.decode(&mut buffer), Ok(Some(Incoming::Ping(Bytes::from_static(b"next")))));
}

#[test]
fn a_message_of_many_streams_is_inflated_in_steps() {
    // Each ends before a piece is full, and says that it is the last (RFC 7692, section 7.2.3.4).
    let stream = miniz_oxide::deflate::compress_to_vec(&[0; 16_000], 6);
    let mut buffer = BytesMut::from(frame(FIN | RSV1 | BINARY, &stream.repeat(64)).as_slice());
    let (message, pauses) = first_with_pauses(&mut buffer, &mut Decoder::new(LONG, true));
    assert!(message == binary(&vec![0; 64 * 16_000]));
    assert!(pauses >= 10, "{pauses}");
}

#[test]
fn a_message_may_inflate_to_any_length() {
    // Inflated in pieces of some size; nothing may get stuck at the end of one.
    for length in (4_096..=65_536).step_by(4_096).flat_map(|around| around..around + 300) {
        let zeros = vec![0; length];
        let payload = deflate(&[Bytes::from(zeros.clone())], 15).unwrap();
        let heard = read(&frame(FIN | RSV1 | BINARY, &payload));
        assert!(heard == (vec![binary(&zeros)], None), "{length}");
    }
}

#[test]
fn a_compressed_message_may_be_longer_than_its_text() {
    let mut noise = vec![0; LIMITS.message_bytes];
    StdRng::seed_from_u64(7).fill(noise.as_mut_slice());
    let mut stored = Vec::new();
    for piece in noise.chunks(1_000) {
        let length = u16::try_from(piece.len()).unwrap();
        stored.push(0);
        stored.extend(length.to_le_bytes());
        stored.extend((!length).to_le_bytes());
        stored.extend(piece);
    }
    stored.push(0);
    assert!(stored.len() > LIMITS.message_bytes);
    assert_eq!(read(&frame(FIN | RSV1 | BINARY, &stored)), (vec![binary(&noise)], None));
}

/// Inflates with a window of this size, as a client that asked for it does.
fn inflate(payload: &[u8], window_bits: u8) -> Vec<u8> {
    let (mut plain, mut at) = (Vec::new(), 0);
    let mut window = vec![0; 1 << window_bits];
    let mut state = DecompressorOxide::new();
    let input = [payload, &[0, 0, 0xff, 0xff]].concat();
    let mut input = input.as_slice();
    loop {
        let flags = inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;
        let (status, taken, made) = decompress(&mut state, input, &mut window, at, flags);
        input = input.get(taken..).unwrap();
        plain.extend(window.get(at..at + made).unwrap());
        at = (at + made) % window.len();
        match status {
            TINFLStatus::HasMoreOutput => {}
            TINFLStatus::NeedsMoreInput => return plain,
            // Among others: a distance that goes back beyond the window.
            wrong => panic!("{wrong:?}"),
        }
    }
}

/// Long enough for every window, and with something to find at every distance.
fn sample(random: &mut StdRng, length: usize) -> Vec<u8> {
    let words: Vec<Vec<u8>> =
        (0..200).map(|_| (0..9).map(|_| random.random_range(b'a'..=b'z')).collect()).collect();
    let mut sample = Vec::new();
    while sample.len() < length {
        sample.extend(words.get(random.random_range(0..words.len())).unwrap());
    }
    sample.truncate(length);
    sample
}

#[test]
fn compressed_messages_fit_the_agreed_window() {
    let mut random = StdRng::seed_from_u64(1);
    for window_bits in 9..=15 {
        for length in [1_000, 5_000, 70_000, 300_000] {
            let plain = sample(&mut random, length);
            let payload = deflate(&[Bytes::from(plain.clone())], window_bits).unwrap();
            assert_eq!(inflate(&payload, window_bits), plain, "{window_bits} bits, {length} bytes");
        }
    }
}

#[test]
fn pieces_are_compressed_as_one_message_without_what_came_before() {
    let mut random = StdRng::seed_from_u64(2);
    let plain = sample(&mut random, 9_000);
    let (head, tail) = plain.split_at(4_000);
    let pieces = [Bytes::copy_from_slice(head), Bytes::new(), Bytes::copy_from_slice(tail)];
    let once = deflate(&pieces, 15).unwrap();
    let twice = deflate(&pieces, 15).unwrap();
    assert_eq!(inflate(&once, 15), plain);
    assert_eq!(once, twice, "a message may not lean on the one before it");
}

#[test]
fn incompressible_messages_are_not_compressed() {
    let mut noise = vec![0; 5_000];
    StdRng::seed_from_u64(3).fill(noise.as_mut_slice());
    assert_eq!(deflate(&[Bytes::from(noise)], 15), None);
    assert_eq!(deflate(&[Bytes::from_static(b"ab")], 15), None);
    assert_eq!(deflate(&[], 15), None);
}

#[test]
fn compressed_messages_inflate_to_the_same() {
    let mut random = StdRng::seed_from_u64(4);
    let plain = sample(&mut random, 90_000);
    let out = OutFrame::deflated(Kind::Binary, deflate(&[Bytes::from(plain.clone())], 15).unwrap());
    assert_eq!(out.header().as_bytes().first(), Some(&(FIN | RSV1 | BINARY)));
    assert_eq!(read(&frame(FIN | RSV1 | BINARY, &out.pieces().concat())), (vec![binary(&plain)], None));
}
