//! Frames of a client, and compressed messages.

use bytes::{Bytes, BytesMut};
use websocket::codec::{Decoder, EncodedHeader, Incoming, Kind, Limits, Opcode, Violation, deflate};

/// Low, so that inputs reach them.
const LIMITS: Limits = Limits { message_bytes: 2_000, fragments: 8 };

/// A mask that changes nothing keeps what is inside of a frame within reach.
const NO_MASK: [u8; 4] = [0; 4];
const MASKED: u8 = 0x80;

/// The messages, and the violation that ended them.
type Heard = (Vec<Incoming>, Option<Violation>);

/// The first byte is whether compression was agreed on, the second how the network cuts the others.
pub(crate) fn frames(input: &[u8]) {
    let [settings, cut, bytes @ ..] = input else { return };
    let may_compress = settings & 1 == 1;
    let whole = hear(may_compress, std::iter::once(bytes));
    let pieces = bytes.chunks(1 + usize::from(*cut % 32));
    let cut = hear(may_compress, pieces);
    assert_eq!(whole.0, cut.0, "the same is heard");
    // Which of two faults of a compressed message is found first depends on how much is inflated at once.
    let violation_of = |heard: &Heard| heard.1.map(|violation| (!may_compress).then_some(violation));
    assert_eq!(violation_of(&whole), violation_of(&cut), "the same is refused");
    whole.0.iter().for_each(check);
}

fn hear<'a>(may_compress: bool, pieces: impl Iterator<Item = &'a [u8]>) -> Heard {
    let (mut decoder, mut buffer) = (Decoder::new(LIMITS, may_compress), BytesMut::new());
    let (mut heard, mut ended) = (Vec::new(), None);
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut buffer) {
                Ok(Some(said)) => {
                    assert!(ended.is_none(), "nothing is heard after the end");
                    heard.push(said);
                }
                Ok(None) if decoder.is_paused() => {}
                Ok(None) => break,
                Err(violation) => {
                    assert_eq!(ended.replace(violation), None, "a connection is failed once");
                }
            }
        }
        assert!(buffer.len() < 139, "only the beginning of a header or of a control frame waits");
    }
    (heard, ended)
}

/// Limits are kept, and a message that is written again is read as the same.
fn check(said: &Incoming) {
    let payload = match said {
        Incoming::Text(text) => text.as_str().as_bytes(),
        Incoming::Binary(bytes) => bytes,
        Incoming::Ping(bytes) | Incoming::Pong(bytes) => {
            assert!(bytes.len() <= 125);
            bytes
        }
        Incoming::Close(frame) => {
            let reason = frame.as_ref().map_or("", |it| it.reason.as_str());
            assert!(reason.len() <= 123);
            return;
        }
    };
    assert!(payload.len() <= LIMITS.message_bytes);
    let opcode = match said {
        Incoming::Text(_) => Opcode::Text,
        Incoming::Binary(_) => Opcode::Binary,
        Incoming::Pong(_) => Opcode::Pong,
        Incoming::Ping(_) | Incoming::Close(_) => Opcode::Ping,
    };
    let again = hear(false, std::iter::once(&*frame(opcode, false, payload)));
    assert_eq!(again, (vec![said.clone()], None));
}

/// A frame as a client sends it.
fn frame(opcode: Opcode, compressed: bool, payload: &[u8]) -> Vec<u8> {
    let mut bytes = EncodedHeader::new(opcode, compressed, payload.len()).as_bytes().to_vec();
    if let Some(length) = bytes.get_mut(1) {
        *length |= MASKED;
    }
    bytes.extend(NO_MASK);
    bytes.extend(payload);
    bytes
}

/// The input is the payload of a compressed message. Its lowest bit is whether it is text.
pub(crate) fn inflate(input: &[u8]) {
    let [settings, payload @ ..] = input else { return };
    let (kind, opcode) =
        if settings & 1 == 1 { (Kind::Text, Opcode::Text) } else { (Kind::Binary, Opcode::Binary) };
    let heard = hear(true, std::iter::once(&*frame(opcode, true, payload)));
    let [said] = &*heard.0 else {
        assert!(heard.1.is_some(), "a whole message is heard or refused");
        return;
    };
    check(said);
    let plain = match said {
        Incoming::Text(text) => Bytes::copy_from_slice(text.as_str().as_bytes()),
        Incoming::Binary(bytes) => bytes.clone(),
        other => unreachable!("{other:?} is no {kind:?}"),
    };
    for window_bits in [9, 15] {
        let Some(smaller) = deflate(std::slice::from_ref(&plain), window_bits) else { continue };
        assert!(smaller.len() < plain.len());
        assert_eq!(hear(true, std::iter::once(&*frame(opcode, true, &smaller))), heard);
    }
}
