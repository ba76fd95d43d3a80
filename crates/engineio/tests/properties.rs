//! Properties of polling payloads: packets are decoded as they were encoded.

use bytes::Bytes;
use engineio::codec::{EnginePacket, PayloadDecoder, PayloadEncoder, kind};
use proptest::collection::vec;
use proptest::prelude::*;

/// Some bytes; mostly few.
fn bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..200).prop_map(Bytes::from)
}

/// Packets of a client. Text in a payload must not contain the separator.
fn packets() -> impl Strategy<Value = Vec<EnginePacket>> {
    let text = "[^\u{1e}]{0,40}".prop_map(Bytes::from);
    let packet = prop_oneof![
        4 => text.clone().prop_map(EnginePacket::Text),
        2 => bytes().prop_map(EnginePacket::Binary),
        1 => text.prop_map(EnginePacket::Ping),
        1 => prop_oneof![Just(EnginePacket::Pong), Just(EnginePacket::Close), Just(EnginePacket::Upgrade), Just(EnginePacket::Noop)],
    ];
    vec(packet, 1..12)
}

proptest! {
    #[test]
    fn a_payload_holds_the_packets_that_were_encoded(packets in packets()) {
        let mut payload = PayloadEncoder::new();
        for packet in &packets {
            match packet {
                EnginePacket::Text(data) => payload.text(kind::MESSAGE, &[data]),
                EnginePacket::Ping(data) => payload.text(kind::PING, &[data]),
                EnginePacket::Binary(data) => payload.binary(data),
                EnginePacket::Pong => payload.text(kind::PONG, &[]),
                EnginePacket::Close => payload.text(kind::CLOSE, &[]),
                EnginePacket::Upgrade => payload.text(kind::UPGRADE, &[]),
                EnginePacket::Noop => payload.text(kind::NOOP, &[]),
            }
        }
        let read: Result<Vec<EnginePacket>, _> = PayloadDecoder::new(payload.finish()).collect();
        prop_assert_eq!(read, Ok(packets));
    }
}
