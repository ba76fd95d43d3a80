//! Properties of packets: events and acknowledgements with any arguments are decoded as they were encoded.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use bytes::Bytes;
use proptest::collection::{hash_map, vec};
use proptest::prelude::*;
use serde_json::Value;
use socketio::codec::{Encoded, IncomingArgs, OutgoingArgs, Packet, PacketDecoder, ack, event};

/// Some bytes; mostly few.
fn bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..200).prop_map(Bytes::from)
}

#[derive(Debug, Clone)]
enum Argument {
    Json(Value),
    Binary(Bytes),
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            hash_map(any::<String>(), inner, 0..4).prop_map(|it| it.into_iter().collect()),
        ]
    })
}

fn arguments() -> impl Strategy<Value = Vec<Argument>> {
    vec(prop_oneof![3 => json().prop_map(Argument::Json), 1 => bytes().prop_map(Argument::Binary)], 0..5)
}

fn put_together(arguments: &[Argument]) -> OutgoingArgs {
    arguments.iter().fold(OutgoingArgs::new(), |all, argument| match argument {
        Argument::Json(value) => all.with(value).unwrap(),
        Argument::Binary(data) => all.with_binary(data.clone()),
    })
}

/// The packet that was sent, once all of it has come.
fn read(sent: Encoded) -> Packet {
    let mut decoder = PacketDecoder::new(10, usize::MAX);
    let mut packet = decoder.text(&sent.text).unwrap();
    for data in sent.attachments {
        assert_eq!(packet, None);
        packet = decoder.binary(data).unwrap();
    }
    packet.unwrap()
}

fn same(args: &IncomingArgs, arguments: &[Argument]) -> bool {
    let is_same = |(at, argument): (usize, &Argument)| match argument {
        Argument::Json(value) => args.get::<Value>(at).is_ok_and(|read| read == *value),
        Argument::Binary(data) => args.binary(at) == Some(data),
    };
    args.len() == arguments.len() && arguments.iter().enumerate().all(is_same)
}

proptest! {
    #[test]
    fn an_event_carries_its_arguments(
        namespace in "/[^,]{0,10}",
        // The libraries reserve a few lower-case words.
        name in "[^a-zL]\\PC{0,20}",
        number in any::<Option<u64>>(),
        arguments in arguments(),
    ) {
        let packet = read(event(&namespace, number, &name, &put_together(&arguments)));
        let Packet::Event { namespace: place, event } = packet else { panic!("{packet:?}") };
        prop_assert_eq!((&*place, &*event.name, event.ack), (&*namespace, &*name, number));
        prop_assert!(same(&event.args, &arguments), "{:?}", event.args);
    }

    #[test]
    fn an_acknowledgement_carries_its_arguments(number in any::<u64>(), arguments in arguments()) {
        let packet = read(ack("/", number, &put_together(&arguments)));
        let Packet::Ack { id, args, .. } = packet else { panic!("{packet:?}") };
        prop_assert_eq!(id, number);
        prop_assert!(same(&args, &arguments), "{:?}", args);
    }
}
