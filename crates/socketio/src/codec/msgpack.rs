//! `MessagePack`: the packets of that parser that are needed to answer its clients with an error: they decode no others.
//!
//! <https://github.com/socketio/socket.io-msgpack-parser>, <https://github.com/msgpack/msgpack/blob/master/spec.md>

use bytes::Bytes;

/// `"type": 0`, which is a CONNECT.
const CONNECT: &[u8] = b"\xa4type\x00";
const NAMESPACE: &[u8] = b"\xa3nsp";

/// The namespace that a client asks to enter, if the message is a CONNECT of this parser.
pub fn connect_namespace(message: &[u8]) -> Option<&str> {
    let is_map = message.first().is_some_and(|byte| byte & 0xf0 == 0x80);
    if !is_map || find(message, CONNECT).is_none() {
        return None;
    }
    // The `auth` of the client comes before it and may have the same key.
    let mut rest = message;
    let mut value = None;
    while let Some(at) = find(rest, NAMESPACE) {
        rest = rest.get(at + NAMESPACE.len()..)?;
        value = Some(rest);
    }
    let (head, rest) = value?.split_first()?;
    let (length, rest) = match head {
        0xa0..=0xbf => (usize::from(head & 0x1f), rest),
        0xd9 => rest.split_first().map(|(length, rest)| (usize::from(*length), rest))?,
        _ => return None,
    };
    std::str::from_utf8(rest.get(..length)?).ok().filter(|namespace| namespace.starts_with('/'))
}

/// The error for a client that may not enter.
pub fn connect_error(namespace: &str, message: &str) -> Bytes {
    let mut packet = b"\x83\xa4type\x04\xa4data\x81\xa7message".to_vec();
    push_text(&mut packet, message);
    packet.extend_from_slice(NAMESPACE);
    push_text(&mut packet, namespace);
    packet.into()
}

fn find(within: &[u8], part: &[u8]) -> Option<usize> {
    within.windows(part.len()).position(|window| window == part)
}

/// With its length in two bytes, however short it is.
fn push_text(packet: &mut Vec<u8>, text: &str) {
    let text = text.as_bytes();
    let text = text.get(..usize::from(u16::MAX)).unwrap_or(text);
    packet.push(0xda);
    packet.extend_from_slice(&u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
    packet.extend_from_slice(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connect_of_the_parser_is_known_by_its_namespace() {
        for (message, namespace) in [
            (&b"\x82\xa4type\x00\xa3nsp\xa1/"[..], Some("/")),
            (b"\x83\xa4type\x00\xa4data\x81\xa5token\xa1x\xa3nsp\xa5/chat", Some("/chat")),
            (b"\x83\xa4type\x00\xa4data\x81\xa3nsp\xa1x\xa3nsp\xa1/", Some("/")),
            (b"\x82\xa4type\x00\xa3nsp\xd9\x02/a", Some("/a")),
            (b"\x82\xa4type\x02\xa3nsp\xa1/", None),
            (b"\x82\xa4type\x00\xa3nsp\xa4/", None),
            (b"\x82\xa4type\x00\xa3nsp", None),
            (b"\x82\xa4type\x00\xa3nsp\x05", None),
            (b"\x81\xa4type\x00", None),
            (b"\xa4type\x00\xa3nsp\xa1/", None),
            (b"", None),
        ] {
            assert_eq!(connect_namespace(message), namespace, "{message:x?}");
        }
    }

    #[test]
    fn a_connect_error_has_its_type_a_message_and_the_namespace() {
        let packet = connect_error("/a", "no");
        assert_eq!(
            &packet[..],
            b"\x83\xa4type\x04\xa4data\x81\xa7message\xda\x00\x02no\xa3nsp\xda\x00\x02/a"
        );
        assert_eq!(connect_error("/", &"x".repeat(70_000)).len(), 32 + 65_535);
    }
}
