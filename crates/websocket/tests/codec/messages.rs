//! Fragments, text and sizes (RFC 6455, sections 5.4, 5.6, 8.1 and 10.4).

use bytes::BytesMut;
use websocket::codec::{Decoder, Violation};

use crate::client::{BINARY, CONTINUATION, FIN, LIMITS, TEXT, binary, frame, read, read_with, text};

#[test]
fn fragments_make_one_message_even_where_they_are_empty() {
    let bytes = [
        frame(BINARY, &[]),
        frame(CONTINUATION, &[1, 2]),
        frame(CONTINUATION, &[]),
        frame(FIN | CONTINUATION, &[3]),
        frame(TEXT, &[]),
        frame(FIN | CONTINUATION, &[]),
    ];
    assert_eq!(read(&bytes.concat()), (vec![binary(&[1, 2, 3]), text("")], None));
}

#[test]
fn fragments_out_of_place_are_refused() {
    for first in [CONTINUATION, FIN | CONTINUATION] {
        assert_eq!(read(&frame(first, b"x")), (vec![], Some(Violation::NothingToContinue)));
    }
    for second in [TEXT, FIN | TEXT, BINARY, FIN | BINARY] {
        let bytes = [frame(TEXT, b"begun"), frame(second, b"x")].concat();
        assert_eq!(read(&bytes), (vec![], Some(Violation::Interleaved)));
    }
    let after_an_end = [frame(FIN | TEXT, b"a"), frame(FIN | CONTINUATION, b"b")].concat();
    assert_eq!(read(&after_an_end), (vec![text("a")], Some(Violation::NothingToContinue)));
}

#[test]
fn a_character_may_be_cut_by_fragments() {
    let words = "κόσμε – 日本語 – 𐍈👩‍👩‍👧 \u{10ffff}";
    for cut in 0..=words.len() {
        let (first, second) = words.as_bytes().split_at(cut);
        let bytes = [frame(TEXT, first), frame(FIN | CONTINUATION, second)].concat();
        assert_eq!(read(&bytes), (vec![text(words)], None), "{cut}");
    }
}

/// What is not UTF-8, with the number of bytes after which that is certain.
const NOT_UTF8: [(&[u8], usize); 11] = [
    (b"\x80", 1),
    (b"a\xff", 2),
    (b"\xc0\xaf", 1),
    (b"\xc3a", 2),
    (b"\xe0\x80\x80", 2),
    (b"\xed\xa0\x80", 2),
    (b"\xef\xbfx", 3),
    (b"\xf0\x80\x80\x80", 2),
    (b"\xf0\x9f\x98x", 4),
    (b"\xf4\x90\x80\x80", 2),
    (b"\xf8\x88\x80\x80\x80", 1),
];

#[test]
fn broken_text_is_refused_with_the_byte_that_breaks_it() {
    for (broken, certain) in NOT_UTF8 {
        // Neither the message nor its frame is complete, and the bytes come one by one.
        let payload = [broken, b"and much more that never arrives"].concat();
        let whole = frame(TEXT, &payload);
        let header_bytes = whole.len() - payload.len();
        let mut decoder = Decoder::new(LIMITS, false);
        let mut buffer = BytesMut::new();
        for (at, byte) in whole.iter().take(header_bytes + certain).enumerate() {
            buffer.extend_from_slice(&[*byte]);
            let is_last = at + 1 == header_bytes + certain;
            let expected = if is_last { Err(Violation::NotUtf8) } else { Ok(None) };
            assert_eq!(decoder.decode(&mut buffer), expected, "{broken:x?} at {at}");
        }
    }
    assert_eq!(Violation::NotUtf8.close_code(), 1007);
}

#[test]
fn text_may_not_end_within_a_character() {
    for cut in ["é", "語", "𐍈"] {
        let cut = cut.as_bytes().split_last().unwrap().1;
        assert_eq!(read(&frame(FIN | TEXT, cut)), (vec![], Some(Violation::NotUtf8)));
    }
}

#[test]
fn bytes_need_not_be_text() {
    for (broken, _) in NOT_UTF8 {
        assert_eq!(read(&frame(FIN | BINARY, broken)), (vec![binary(broken)], None));
    }
}

#[test]
fn a_message_beyond_the_limit_is_refused_when_it_is_announced() {
    let full = vec![b'x'; LIMITS.message_bytes];
    assert_eq!(read(&frame(FIN | BINARY, &full)), (vec![binary(&full)], None));
    let header = frame(FIN | TEXT, &vec![b'x'; LIMITS.message_bytes + 1]);
    assert_eq!(read(header.get(..14).unwrap()), (vec![], Some(Violation::TooBig)));
    let in_two = [frame(BINARY, &full), frame(FIN | CONTINUATION, b"x")].concat();
    assert_eq!(read(&in_two), (vec![], Some(Violation::TooBig)));
    // The first byte of a character counts although it is no text yet.
    let mut within = full.clone();
    within.truncate(LIMITS.message_bytes - 2);
    within.push(0xc3);
    let cut = [frame(TEXT, &within), frame(FIN | CONTINUATION, b"\xa9x")].concat();
    assert_eq!(read(&cut), (vec![], Some(Violation::TooBig)));
    let longest = [FIN | BINARY, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
    assert_eq!(read(&longest), (vec![], Some(Violation::TooBig)));
    assert_eq!(Violation::TooBig.close_code(), 1009);
}

#[test]
fn a_message_has_only_so_many_fragments() {
    let message = |fragments: u32| {
        let mut bytes = frame(BINARY, b"");
        (2..fragments).for_each(|_| bytes.extend(frame(CONTINUATION, b"")));
        bytes.extend(frame(FIN | CONTINUATION, b""));
        bytes
    };
    assert_eq!(read(&message(LIMITS.fragments)), (vec![binary(b"")], None));
    assert_eq!(read(&message(LIMITS.fragments + 1)), (vec![], Some(Violation::TooManyFragments)));
    assert_eq!(Violation::TooManyFragments.close_code(), 1009);
}

#[test]
fn the_limit_is_for_a_message_and_not_for_a_connection() {
    let mut decoder = Decoder::new(LIMITS, false);
    let big = vec![b'x'; LIMITS.message_bytes];
    for _ in 0..3 {
        assert_eq!(read_with(&mut decoder, &frame(FIN | BINARY, &big)), (vec![binary(&big)], None));
    }
}
