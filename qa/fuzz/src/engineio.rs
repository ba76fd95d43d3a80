//! Packets and polling payloads of Engine.IO, and the query of its requests.

use axum::extract::Query;
use axum::http::{Method, Request, Uri};
use bytes::Bytes;
use engineio::Parameters;
use engineio::codec::{EnginePacket, PacketError, PayloadDecoder, PayloadEncoder, SEPARATOR, kind};
use server::auth::carriers::SocketQuery;

pub(crate) fn packet(input: &[u8]) {
    let Ok(packet) = EnginePacket::decode(Bytes::copy_from_slice(input)) else { return };
    let mut again = PayloadEncoder::new();
    write(&mut again, &packet);
    assert_eq!(EnginePacket::decode(again.finish()), Ok(packet));
}

fn write(payload: &mut PayloadEncoder, packet: &EnginePacket) {
    match packet {
        EnginePacket::Close => payload.text(kind::CLOSE, &[]),
        EnginePacket::Ping(data) => payload.text(kind::PING, &[data]),
        EnginePacket::Pong => payload.text(kind::PONG, &[]),
        EnginePacket::Text(data) => payload.text(kind::MESSAGE, &[data]),
        EnginePacket::Binary(data) => payload.binary(data),
        EnginePacket::Upgrade => payload.text(kind::UPGRADE, &[]),
        EnginePacket::Noop => payload.text(kind::NOOP, &[]),
    }
}

pub(crate) fn payload(input: &[u8]) {
    let read: Vec<_> = PayloadDecoder::new(Bytes::copy_from_slice(input)).collect();
    let records = input.split(|byte| *byte == SEPARATOR).count();
    let (last, before) = read.split_last().unwrap_or((&Err(PacketError::Empty), &[]));
    assert!(before.iter().all(Result::is_ok), "it ends at the first error");
    assert!(read.len() <= records && (last.is_err() || read.len() == records), "nothing is passed over");
    let mut again = PayloadEncoder::new();
    for packet in read.iter().flatten() {
        write(&mut again, packet);
    }
    if !again.is_empty() {
        let same = PayloadDecoder::new(again.finish());
        assert!(same.flatten().eq(read.into_iter().flatten()), "what is written is read again");
    }
}

pub(crate) fn query(input: &[u8]) {
    let Some(query) = crate::text::of(input) else { return };
    let Ok(address) = format!("/socket.io/?{query}").parse::<Uri>() else { return };
    if let Ok(Query(proof)) = Query::<SocketQuery>::try_from_uri(&address) {
        let written = |value: &Option<String>| value.as_ref().is_none_or(|it| it.len() <= 3 * input.len());
        assert!(written(&proof.token) && written(&proof.ticket));
    }
    let (parts, ()) = Request::builder().uri(address).body(()).unwrap_or_default().into_parts();
    let parameters = Parameters::read(&parts);
    assert_ne!(parameters.sid.as_deref(), Some(""), "an empty session is none");
    assert!(parameters.check_handshake(&Method::POST).is_err(), "a session begins with a GET");
    if parameters.check_handshake(&Method::GET).is_ok() {
        assert!(query.contains("EIO") || query.contains('%'), "only who says so speaks revision 4");
    }
    if parameters.transport().is_ok() {
        assert!(query.contains('='), "there is no transport by default");
    }
}
