//! Decoder: messages of a client that are Socket.IO packets, and those that are not.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a packet that is not understood fails the test")]

use bytes::Bytes;
use serde_json::{Value, json};
use socketio::codec::{ClientEvent, DecodeError, MAX_ARGUMENTS, OutgoingArgs, Packet, PacketDecoder, event};

const MAX_ATTACHMENTS: usize = 10;
const MAX_BYTES: usize = 100;

fn decode(text: &str) -> Result<Option<Packet>, DecodeError> {
    PacketDecoder::new(MAX_ATTACHMENTS, MAX_BYTES).text(&Bytes::copy_from_slice(text.as_bytes()))
}

fn decode_event(text: &str) -> (Box<str>, ClientEvent) {
    match decode(text).unwrap().unwrap() {
        Packet::Event { namespace, event } => (namespace, event),
        other => panic!("no event: {other:?}"),
    }
}

#[test]
fn connect_and_disconnect_packets_are_decoded() {
    let connect = |namespace: &str, payload: Option<&'static str>| {
        Ok(Some(Packet::Connect { namespace: namespace.into(), payload: payload.map(Bytes::from) }))
    };
    assert_eq!(decode("0"), connect("/", None));
    assert_eq!(decode(r#"0{"token":"123"}"#), connect("/", Some(r#"{"token":"123"}"#)));
    assert_eq!(decode("0/chat"), connect("/chat", None));
    assert_eq!(decode("0/chat,"), connect("/chat", None));
    assert_eq!(decode(r#"0/chat,{"a":","}"#), connect("/chat", Some(r#"{"a":","}"#)));
    assert_eq!(decode("1"), Ok(Some(Packet::Disconnect { namespace: "/".into() })));
    assert_eq!(decode("1/chat,"), Ok(Some(Packet::Disconnect { namespace: "/chat".into() })));
}

#[test]
fn an_event_is_its_name_and_slices_of_json() {
    let (namespace, event) = decode_event(r#"2["message",1, "2" ,{"3":[true]}]"#);
    assert_eq!((&*namespace, &*event.name, event.ack), ("/", "message", None));
    assert_eq!(event.args.len(), 3);
    assert_eq!(event.args.raw(0), Some("1"));
    assert_eq!(event.args.raw(1), Some("\"2\""));
    assert_eq!(event.args.raw_all(), r#"1, "2" ,{"3":[true]}"#);
    assert_eq!(event.args.get::<Value>(2).unwrap(), json!({"3": [true]}));
    assert_eq!(event.args.get::<String>(0).unwrap_err().to_string(), "argument 0 has another shape");
    assert_eq!(event.args.get::<Value>(3).unwrap_err().to_string(), "argument 3 is missing");

    let (namespace, event) = decode_event(r#"2/chat,456["a\"\u00e9",[]]"#);
    assert_eq!((&*namespace, &*event.name, event.ack), ("/chat", "a\"\u{e9}", Some(456)));
    let (_, event) = decode_event("2[17]");
    assert_eq!((&*event.name, event.args.is_empty(), event.args.raw_all()), ("17", true, ""));
}

#[test]
fn an_acknowledgement_has_a_number() {
    let Packet::Ack { namespace, id, args } = decode(r#"3/chat,12[1,"x"]"#).unwrap().unwrap() else {
        panic!("no acknowledgement")
    };
    assert_eq!((&*namespace, id, args.raw_all()), ("/chat", 12, "1,\"x\""));
    assert_eq!(decode("3[]"), Err(DecodeError::AckId));
}

#[test]
fn attachments_come_after_the_text() {
    let mut decoder = PacketDecoder::new(MAX_ATTACHMENTS, MAX_BYTES);
    let text = r#"52-/chat,9["a",{"_placeholder":true,"num":1},{"deep":[{"_placeholder":true,"num":0}]}]"#;
    assert_eq!(decoder.text(&text.into()), Ok(None));
    assert_eq!(decoder.binary("zero".into()), Ok(None));
    let Some(Packet::Event { event, .. }) = decoder.binary("one".into()).unwrap() else { panic!("no event") };
    assert_eq!(event.ack, Some(9));
    assert_eq!(event.args.binary(0).unwrap(), "one");
    assert_eq!(event.args.binary(1), None);
    assert_eq!(event.args.attachments(), ["zero", "one"]);

    assert_eq!(decoder.text(&r#"61-4[{"_placeholder":true,"num":0}]"#.into()), Ok(None));
    let Some(Packet::Ack { id, args, .. }) = decoder.binary("x".into()).unwrap() else { panic!("no ack") };
    assert_eq!((id, args.binary(0).unwrap().as_ref()), (4, b"x".as_slice()));

    // Announced as binary, but nothing is.
    assert!(matches!(decoder.text(&r#"50-["a",1]"#.into()), Ok(Some(Packet::Event { .. }))));
}

#[test]
fn an_invalid_client_packet_is_refused() {
    let illegal = [
        ("", DecodeError::Type),
        ("abc", DecodeError::Type),
        ("7", DecodeError::Type),
        (r#"4{"message":"no"}"#, DecodeError::Type),
        ("0[]", DecodeError::Payload),
        ("0\"token\"", DecodeError::Payload),
        ("0{", DecodeError::Payload),
        ("0123", DecodeError::Payload),
        ("1[]", DecodeError::Payload),
        ("2", DecodeError::Payload),
        ("2{}", DecodeError::Payload),
        ("2[]", DecodeError::Payload),
        ("2[true]", DecodeError::Payload),
        ("2[null,1]", DecodeError::Payload),
        ("2[[\"a\"]]", DecodeError::Payload),
        (r#"2["a",]"#, DecodeError::Payload),
        (r#"2["a",1"#, DecodeError::Payload),
        (r#"2["a"]x"#, DecodeError::Payload),
        (r#"2abc["a"]"#, DecodeError::Payload),
        (r#"2-1["a"]"#, DecodeError::Payload),
        (r#"299999999999999999999["a"]"#, DecodeError::AckId),
        (r#"2["connect"]"#, DecodeError::Reserved),
        (r#"2["disconn\u0065cting"]"#, DecodeError::Reserved),
        ("31", DecodeError::Payload),
        ("31{}", DecodeError::Payload),
        (r#"5["a"]"#, DecodeError::Attachments),
        (r#"5-["a"]"#, DecodeError::Attachments),
        (r#"5+1-["a"]"#, DecodeError::Attachments),
        (r#"51.5-["a"]"#, DecodeError::Attachments),
        (r#"511-["a"]"#, DecodeError::TooManyAttachments),
        (r#"599999999999999999999999-["a"]"#, DecodeError::TooManyAttachments),
        (r#"51-["a",{"_placeholder":true,"num":1}]"#, DecodeError::Placeholder),
        (r#"50-["a",{"_placeholder":true,"num":0}]"#, DecodeError::Placeholder),
        (r#"61-4[{"_placeholder":true}]"#, DecodeError::Placeholder),
    ];
    for (text, error) in illegal {
        assert_eq!(decode(text), Err(error), "{text}");
    }
    assert_eq!(
        PacketDecoder::new(1, MAX_BYTES).text(&Bytes::from_static(b"2[\"\xff\"]")),
        Err(DecodeError::Utf8)
    );
}

#[test]
fn arguments_and_namespaces_are_bounded() {
    let event = |arguments: usize| format!("2[\"a\"{}]", ",1".repeat(arguments));
    assert_eq!(decode_event(&event(MAX_ARGUMENTS)).1.args.len(), MAX_ARGUMENTS);
    assert_eq!(decode(&event(MAX_ARGUMENTS + 1)), Err(DecodeError::TooManyArguments));
    assert_eq!(decode(&format!("30[{}1]", "1,".repeat(MAX_ARGUMENTS))), Err(DecodeError::TooManyArguments));
    assert!(decode(&format!("30[{}1]", "1,".repeat(MAX_ARGUMENTS - 1))).is_ok());
    // Arguments after the first one too many are not parsed.
    assert_eq!(decode(&event(MAX_ARGUMENTS + 1).replace(']', ",")), Err(DecodeError::TooManyArguments));
    assert!(decode(&format!("0/{}", "n".repeat(255))).is_ok());
    assert_eq!(decode(&format!("0/{}", "n".repeat(256))), Err(DecodeError::Namespace));
}

#[test]
fn text_and_attachments_are_bounded_together() {
    let text = r#"52-["a",{"_placeholder":true,"num":0}]"#;
    for (last, is_taken) in [(MAX_BYTES - text.len() - 50, true), (MAX_BYTES - text.len() - 49, false)] {
        let mut decoder = PacketDecoder::new(MAX_ATTACHMENTS, MAX_BYTES);
        assert_eq!(decoder.text(&text.into()), Ok(None));
        assert_eq!(decoder.binary(vec![0; 50].into()), Ok(None));
        let whole = decoder.binary(vec![0; last].into());
        assert_eq!(whole.is_ok(), is_taken, "{whole:?}");
    }
}

#[test]
fn text_and_attachments_keep_their_order() {
    let mut decoder = PacketDecoder::new(MAX_ATTACHMENTS, MAX_BYTES);
    assert_eq!(decoder.binary("x".into()), Err(DecodeError::UnexpectedBinary));
    assert_eq!(decoder.text(&r#"51-["a",{"_placeholder":true,"num":0}]"#.into()), Ok(None));
    assert_eq!(decoder.text(&r#"2["b"]"#.into()), Err(DecodeError::TextInsteadOfBinary));
}

#[test]
fn a_received_event_can_be_encoded_again() {
    let mut decoder = PacketDecoder::new(MAX_ATTACHMENTS, MAX_BYTES);
    assert_eq!(decoder.text(&r#"51-["a",1,{"_placeholder":true,"num":0}]"#.into()), Ok(None));
    let Some(Packet::Event { event: came, .. }) = decoder.binary("x".into()).unwrap() else {
        panic!("no event")
    };
    let sent = event("/", None, "b", &OutgoingArgs::from(&came.args));
    assert_eq!(sent.text, r#"51-["b",1,{"_placeholder":true,"num":0}]"#);
    assert_eq!(sent.attachments, ["x"]);
}
