//! Headers, masks, and control frames (RFC 6455, sections 5.2 to 5.5).

use websocket::codec::{Incoming, Violation};

use crate::client::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, RSV1, TEXT, binary, frame, read, text};

#[test]
fn the_example_of_the_standard_is_understood() {
    // Section 5.7: a single-frame masked text message.
    let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(read(&hello), (vec![text("Hello")], None));
}

#[test]
fn every_form_of_a_length_is_understood() {
    for length in [0, 1, 125, 126, 127, 128, 65_535, 65_536, 99_999] {
        let payload: Vec<u8> = (0..=255).cycle().take(length).collect();
        assert_eq!(read(&frame(FIN | BINARY, &payload)), (vec![binary(&payload)], None), "{length}");
    }
}

#[test]
fn a_length_need_not_be_in_its_shortest_form() {
    let medium = [FIN | BINARY, 0x80 | 0x7e, 0, 1, 0, 0, 0, 0, 7];
    let long = [FIN | BINARY, 0x80 | 0x7f, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 7];
    assert_eq!(read(&medium), (vec![binary(&[7])], None));
    assert_eq!(read(&long), (vec![binary(&[7])], None));
}

#[test]
fn an_invalid_header_is_refused_at_its_second_byte() {
    let masked = |length: u8| 0x80 | length;
    for (header, violation) in [
        ([FIN | RSV1 | TEXT, masked(1)], Violation::ReservedBit),
        ([FIN | 0x20 | TEXT, masked(1)], Violation::ReservedBit),
        ([FIN | 0x10 | BINARY, masked(1)], Violation::ReservedBit),
        ([FIN | 0x30 | PING, masked(0)], Violation::ReservedBit),
        ([FIN | TEXT, 1], Violation::Unmasked),
        ([FIN | PING, 0], Violation::Unmasked),
        ([PING, masked(0)], Violation::FragmentedControl),
        ([CLOSE, masked(0)], Violation::FragmentedControl),
        ([FIN | PING, masked(126)], Violation::LongControl),
        ([FIN | PONG, masked(127)], Violation::LongControl),
        ([FIN | CLOSE, masked(126)], Violation::LongControl),
    ] {
        assert_eq!(read(&header), (vec![], Some(violation)), "{header:?}");
        assert_eq!(violation.close_code(), 1002);
    }
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        assert_eq!(read(&[FIN | opcode, masked(0)]), (vec![], Some(Violation::ReservedOpcode)), "{opcode}");
    }
    let endless = [FIN | BINARY, masked(127), 0x80, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(read(&endless), (vec![], Some(Violation::Length)));
}

#[test]
fn pings_and_pongs_carry_up_to_125_bytes() {
    for length in [0, 1, 125] {
        let payload = vec![0xfe; length];
        let both = [frame(FIN | PING, &payload), frame(FIN | PONG, &payload)].concat();
        let heard = vec![Incoming::Ping(payload.clone().into()), Incoming::Pong(payload.into())];
        assert_eq!(read(&both), (heard, None));
    }
}

#[test]
fn control_frames_may_stand_between_fragments() {
    let bytes = [
        frame(TEXT, b"one "),
        frame(FIN | PING, b"?"),
        frame(CONTINUATION, b"two "),
        frame(FIN | PONG, b""),
        frame(FIN | CONTINUATION, b"three"),
        frame(FIN | TEXT, b"four"),
    ];
    let heard = vec![
        Incoming::Ping(b"?".to_vec().into()),
        Incoming::Pong(vec![].into()),
        text("one two three"),
        text("four"),
    ];
    assert_eq!(read(&bytes.concat()), (heard, None));
}

#[test]
fn messages_before_a_violation_are_delivered() {
    let bytes = [frame(FIN | TEXT, b"fine"), frame(FIN | 3, b""), frame(FIN | TEXT, b"never")].concat();
    assert_eq!(read(&bytes), (vec![text("fine")], Some(Violation::ReservedOpcode)));
}
