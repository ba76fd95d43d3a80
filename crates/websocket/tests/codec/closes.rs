//! The end of a connection (RFC 6455, sections 5.5.1, 7.1.5 and 7.4).

use bytes::BytesMut;
use websocket::codec::{CloseFrame, Decoder, Incoming, Violation};

use crate::client::{CLOSE, FIN, LIMITS, TEXT, frame, read, read_with};

fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(FIN | CLOSE, &[&code.to_be_bytes(), reason].concat())
}

#[test]
fn a_close_has_no_code_or_one_that_may_be_sent() {
    assert_eq!(read(&frame(FIN | CLOSE, b"")), (vec![Incoming::Close(None)], None));
    for code in
        [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]
    {
        let close_frame = CloseFrame { code, reason: "bye ☮".to_owned().into() };
        assert_eq!(read(&close(code, "bye ☮".as_bytes())), (vec![Incoming::Close(Some(close_frame))], None));
    }
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        assert_eq!(read(&close(code, b"")), (vec![], Some(Violation::CloseCode)), "{code}");
    }
    assert_eq!(read(&frame(FIN | CLOSE, &[3])), (vec![], Some(Violation::CloseCode)));
    assert_eq!(Violation::CloseCode.close_code(), 1002);
}

#[test]
fn a_reason_is_text() {
    assert_eq!(read(&close(1000, b"\xce\xba\xe1")), (vec![], Some(Violation::NotUtf8)));
    let longest = "x".repeat(123);
    let close_frame = CloseFrame { code: 1000, reason: longest.clone().into() };
    assert_eq!(read(&close(1000, longest.as_bytes())), (vec![Incoming::Close(Some(close_frame))], None));
}

#[test]
fn after_a_close_nothing_is_decoded_or_kept() {
    for end in [close(1000, b""), frame(FIN | 3, b"")] {
        let mut decoder = Decoder::new(LIMITS, false);
        read_with(&mut decoder, &end);
        let mut rest = BytesMut::from(frame(FIN | TEXT, b"hello?").as_slice());
        assert_eq!(decoder.decode(&mut rest), Ok(None));
        assert!(rest.is_empty());
    }
}
