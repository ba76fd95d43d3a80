//! Properties of polling payloads: packets are decoded as they were encoded.

use bytes::Bytes;
use engineio::codec::{Packet, PayloadDecoder, PayloadEncoder, kind};
use proptest::collection::vec;
use proptest::prelude::*;

/// Some bytes; mostly few.
fn bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..200).prop_map(Bytes::from)
}

/// Packets of a client. Text in a payload must not contain the separator.
fn packets() -> impl Strategy<Value = Vec<Packet>> {
    let text = "[^\u{1e}]{0,40}".prop_map(Bytes::from);
    let packet = prop_oneof![
        4 => text.clone().prop_map(Packet::Text),
        2 => bytes().prop_map(Packet::Binary),
        1 => text.prop_map(Packet::Ping),
        1 => prop_oneof![Just(Packet::Pong), Just(Packet::Close), Just(Packet::Upgrade), Just(Packet::Noop)],
    ];
    vec(packet, 1..12)
}

proptest! {
    #[test]
    fn a_payload_holds_the_packets_that_were_encoded(packets in packets()) {
        let mut payload = PayloadEncoder::new();
        for packet in &packets {
            match packet {
                Packet::Text(data) => payload.text(kind::MESSAGE, &[data]),
                Packet::Ping(data) => payload.text(kind::PING, &[data]),
                Packet::Binary(data) => payload.binary(data),
                Packet::Pong => payload.text(kind::PONG, &[]),
                Packet::Close => payload.text(kind::CLOSE, &[]),
                Packet::Upgrade => payload.text(kind::UPGRADE, &[]),
                Packet::Noop => payload.text(kind::NOOP, &[]),
            }
        }
        let read: Result<Vec<Packet>, _> = PayloadDecoder::new(payload.finish()).collect();
        prop_assert_eq!(read, Ok(packets));
    }
}
