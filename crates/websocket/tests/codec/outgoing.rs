//! Outgoing frames of a server (RFC 6455, sections 5.1, 5.2 and 5.5).

use bytes::Bytes;
use websocket::codec::{Kind, OutFrame};

use crate::client::{BINARY, CLOSE, FIN, PING, PONG, TEXT};

fn written(frame: &OutFrame) -> Vec<u8> {
    [frame.header().as_bytes(), &frame.pieces().concat()].concat()
}

#[test]
fn a_length_is_written_in_its_shortest_form() {
    for (length, head) in [
        (0, vec![FIN | BINARY, 0]),
        (125, vec![FIN | BINARY, 125]),
        (126, vec![FIN | BINARY, 126, 0, 126]),
        (65_535, vec![FIN | BINARY, 126, 0xff, 0xff]),
        (65_536, vec![FIN | BINARY, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
    ] {
        let frame = OutFrame::binary(Bytes::from(vec![7; length]));
        assert_eq!(frame.header().as_bytes(), head, "{length}");
        assert_eq!(written(&frame).len(), head.len() + length);
    }
}

#[test]
fn frames_are_whole_and_not_masked() {
    let payload = Bytes::from_static(b"Hello");
    for (frame, first) in [
        (OutFrame::text(payload.clone()), FIN | TEXT),
        (OutFrame::binary(payload.clone()), FIN | BINARY),
        (OutFrame::ping(payload.clone()), FIN | PING),
        (OutFrame::pong(payload.clone()), FIN | PONG),
    ] {
        assert_eq!(written(&frame), [&[first, 5], payload.as_ref()].concat());
    }
    let pieces = [Bytes::from_static(b"He"), Bytes::from_static(b"ll"), Bytes::from_static(b"o")];
    assert_eq!(OutFrame::message(Kind::Text, pieces).header(), OutFrame::text(payload).header());
}

#[test]
fn control_frames_have_at_most_125_bytes() {
    assert_eq!(written(&OutFrame::close(1001, "bye")), [FIN | CLOSE, 5, 3, 0xe9, b'b', b'y', b'e']);
    assert_eq!(written(&OutFrame::close(1005, "never sent")), [FIN | CLOSE, 0]);
    let long = written(&OutFrame::close(1000, &"é".repeat(100)));
    assert_eq!((long.get(1), long.len()), (Some(&124), 126));
    assert_eq!(std::str::from_utf8(long.get(4..).unwrap()).unwrap(), "é".repeat(61));
    assert_eq!(OutFrame::ping(Bytes::from(vec![0; 200])).payload_bytes(), 125);
}
