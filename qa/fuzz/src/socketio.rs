//! Packets of Socket.IO with their attachments, as they come in a polling payload.

use bytes::Bytes;
use engineio::codec::{EnginePacket as Carrier, PayloadDecoder};
use socketio::codec::{
    ClientEvent, Encoded, IncomingArgs, MAX_ARGUMENTS, OutgoingArgs, Packet, PacketDecoder, ack, disconnect,
    event, msgpack,
};

/// Low, so that inputs reach it.
const MAX_ATTACHMENTS: usize = 3;
const MAX_BYTES: usize = 256;

pub(crate) fn packets(input: &[u8]) {
    let mut decoder = PacketDecoder::new(MAX_ATTACHMENTS, MAX_BYTES);
    for carrier in PayloadDecoder::new(Bytes::copy_from_slice(input)) {
        let read = match carrier {
            Ok(Carrier::Text(text)) => decoder.text(&text),
            Ok(Carrier::Binary(data)) => {
                check_other_parser(&data);
                decoder.binary(data)
            }
            Ok(_) => continue,
            Err(_) => return,
        };
        match read {
            Ok(Some(packet)) => check(&packet),
            Ok(None) => {}
            Err(_) => return,
        }
    }
}

/// The refusal of a client with another parser names the namespace that it asked for.
fn check_other_parser(message: &[u8]) {
    let Some(namespace) = msgpack::connect_namespace(message) else { return };
    let error = msgpack::connect_error(namespace, "no");
    assert!(namespace.starts_with('/') && error.ends_with(namespace.as_bytes()));
}

/// Limits are kept, and a packet that is written again is read as the same.
fn check(packet: &Packet) {
    let again = match packet {
        Packet::Connect { payload, .. } => {
            let text = payload.as_deref().unwrap_or(b"{}");
            let object = serde_json::from_slice::<serde_json::Value>(text);
            // Deeper than some reader goes, or a number that no reader holds: it is JSON all the same.
            assert!(object.map_or(true, |it| it.is_object()));
            return;
        }
        Packet::Disconnect { namespace } => Encoded { text: disconnect(namespace), attachments: Vec::new() },
        Packet::Event { namespace, event: ClientEvent { name, args, ack } } => {
            check_args(args);
            event(namespace, *ack, name, &OutgoingArgs::from(args))
        }
        Packet::Ack { namespace, id, args } => {
            check_args(args);
            ack(namespace, *id, &OutgoingArgs::from(args))
        }
    };
    let mut decoder = PacketDecoder::new(MAX_ATTACHMENTS, usize::MAX);
    let mut read = decoder.text(&again.text);
    for data in again.attachments {
        assert_eq!(read, Ok(None), "attachments are still to come");
        read = decoder.binary(data);
    }
    assert_eq!(read.map(|it| it.as_ref().map(meaning)), Ok(Some(meaning(packet))));
}

fn check_args(args: &IncomingArgs) {
    assert!(args.attachments().len() <= MAX_ATTACHMENTS && args.len() <= MAX_ARGUMENTS);
    assert!(args.attachments().iter().map(Bytes::len).sum::<usize>() <= MAX_BYTES);
    assert_eq!(args.raw(args.len()), None);
    for index in 0..args.len() {
        assert!(args.raw(index).is_some_and(|json| args.raw_all().contains(json)));
    }
}

/// All of a packet but how it was written.
fn meaning(packet: &Packet) -> (u8, String, Option<u64>, Vec<String>, Vec<Bytes>) {
    let said =
        |args: &IncomingArgs| (0..args.len()).filter_map(|at| args.raw(at).map(str::to_owned)).collect();
    match packet {
        Packet::Connect { namespace, .. } => (0, namespace.to_string(), None, Vec::new(), Vec::new()),
        Packet::Disconnect { namespace } => (1, namespace.to_string(), None, Vec::new(), Vec::new()),
        Packet::Event { namespace, event } => {
            let mut words: Vec<String> = said(&event.args);
            words.push(event.name.to_string());
            (2, namespace.to_string(), event.ack, words, event.args.attachments().to_vec())
        }
        Packet::Ack { namespace, id, args } => {
            (3, namespace.to_string(), Some(*id), said(args), args.attachments().to_vec())
        }
    }
}
