//! How a connection ends (RFC 6455, sections 5.5.1, 7 and 8.1).

use crate::client::{BINARY, CLOSE, CONTINUATION, Client, FIN, PING, PONG, RSV1, TEXT, echo, frame, head};

fn close(code: u16, reason: &str) -> Vec<u8> {
    frame(FIN | CLOSE, &[&code.to_be_bytes(), reason.as_bytes()].concat())
}

#[tokio::test]
async fn a_close_is_answered_with_its_own_code() {
    let addr = echo().await;
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999] {
        let mut client = Client::open(addr).await;
        client.say(&close(code, "bye ☮")).await;
        assert_eq!(client.close_code().await, code);
    }
    let mut client = Client::open(addr).await;
    client.say(&frame(FIN | CLOSE, b"")).await;
    assert_eq!(client.close_code().await, 1005);
}

#[tokio::test]
async fn messages_before_a_close_are_echoed_and_later_ones_are_not() {
    let mut client = Client::open(echo().await).await;
    let bytes =
        [frame(FIN | TEXT, b"before"), close(1000, ""), frame(FIN | TEXT, b"after"), frame(FIN | PING, b"")];
    client.say(&bytes.concat()).await;
    client.hears(FIN | TEXT, b"before").await;
    assert_eq!(client.close_code().await, 1000);
}

#[tokio::test]
async fn a_reserved_close_code_is_a_violation() {
    let addr = echo().await;
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        let mut client = Client::open(addr).await;
        client.say(&close(code, "")).await;
        assert_eq!(client.close_code().await, 1002, "{code}");
    }
    for (payload, code) in [(&[3][..], 1002), (&[3, 0xe8, 0xce, 0xba, 0xe1], 1007)] {
        let mut client = Client::open(addr).await;
        client.say(&frame(FIN | CLOSE, payload)).await;
        assert_eq!(client.close_code().await, code);
    }
}

#[tokio::test]
async fn a_broken_frame_closes_with_1002_after_valid_messages() {
    let addr = echo().await;
    let unmasked = vec![FIN | TEXT, 2, b'h', b'i'];
    for broken in [
        unmasked,
        frame(FIN | RSV1 | TEXT, b"x"),
        frame(FIN | 0x20 | BINARY, b"x"),
        frame(FIN | 0x10 | PING, b"x"),
        frame(FIN | 3, b""),
        frame(FIN | 7, b"x"),
        frame(FIN | 0x0b, b""),
        frame(FIN | 0x0f, b"x"),
        frame(PING, b"x"),
        frame(PONG, b"x"),
        frame(CLOSE, b""),
        frame(FIN | PING, &[0; 126]),
        frame(FIN | CLOSE, &[3; 126]),
        frame(CONTINUATION, b"x"),
        frame(FIN | CONTINUATION, b"x"),
        [frame(TEXT, b"x"), frame(FIN | TEXT, b"y")].concat(),
        [frame(TEXT, b"x"), frame(BINARY, b"y")].concat(),
        vec![FIN | BINARY, 0x80 | 0x7f, 0x80, 0, 0, 0, 0, 0, 0, 0],
    ] {
        let mut client = Client::open(addr).await;
        client.say(&[frame(FIN | TEXT, b"fine"), broken.clone()].concat()).await;
        client.hears(FIN | TEXT, b"fine").await;
        assert_eq!(client.close_code().await, 1002, "{broken:x?}");
    }
}

#[tokio::test]
async fn invalid_utf8_closes_before_its_frame_is_complete() {
    let addr = echo().await;
    for broken in [&b"caf\xe9 "[..], b"\xed\xa0\x80", b"\xf4\x90", b"\xc0\xaf", b"\xf8"] {
        let mut client = Client::open(addr).await;
        // A thousand bytes are announced and never come.
        client.say(&[head(FIN | TEXT, 1_000), vec![0; 4], broken.to_vec()].concat()).await;
        assert_eq!(client.close_code().await, 1007, "{broken:x?}");

        let mut client = Client::open(addr).await;
        client.say(&[frame(TEXT, "κόσμε".as_bytes()), frame(CONTINUATION, broken)].concat()).await;
        assert_eq!(client.close_code().await, 1007, "{broken:x?}");
    }
    let mut client = Client::open(addr).await;
    client.say(&frame(FIN | TEXT, b"caf\xc3")).await;
    assert_eq!(client.close_code().await, 1007);
}

#[tokio::test]
async fn a_vanished_client_disturbs_no_other_client() {
    let addr = echo().await;
    let mut other = Client::open(addr).await;
    let mut client = Client::open(addr).await;
    client.say(&[head(TEXT, 1_000), vec![0; 4], b"half".to_vec()].concat()).await;
    drop(client);
    other.is_echoed(TEXT, b"still here").await;
}
