//! Payload: several packets in one HTTP body, for long-polling.

use base64::Engine;
use bytes::Bytes;

use super::packet::{BASE64, EnginePacket, PacketError, kind};

/// The record separator of ASCII stands between two packets.
pub const SEPARATOR: u8 = 0x1e;

/// Reads a body packet by packet, sharing its bytes. It ends after the first error.
#[derive(Debug)]
pub struct PayloadDecoder {
    /// `None` when everything was read.
    rest: Option<Bytes>,
}

impl PayloadDecoder {
    /// Reads the packets of `body`.
    pub fn new(body: Bytes) -> Self {
        Self { rest: Some(body) }
    }
}

impl Iterator for PayloadDecoder {
    type Item = Result<EnginePacket, PacketError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut record = self.rest.take()?;
        if let Some(end) = record.iter().position(|byte| *byte == SEPARATOR) {
            let mut rest = record.split_off(end);
            self.rest = Some(rest.split_off(1));
        }
        let packet = EnginePacket::decode(record);
        if packet.is_err() {
            self.rest = None;
        }
        Some(packet)
    }
}

/// Writes packets into one body.
#[derive(Debug, Default)]
pub struct PayloadEncoder {
    body: Vec<u8>,
}

impl PayloadEncoder {
    /// An empty body.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a packet of `kind` whose text comes in parts.
    pub fn text(&mut self, kind: u8, parts: &[&[u8]]) {
        self.separate();
        self.body.push(kind);
        for part in parts {
            self.body.extend_from_slice(part);
        }
    }

    /// Adds a binary message.
    pub fn binary(&mut self, data: &[u8]) {
        self.separate();
        self.body.push(kind::BASE64);
        self.body.extend_from_slice(BASE64.encode(data).as_bytes());
    }

    /// Whether no packet was added.
    pub fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    /// The body.
    pub fn finish(self) -> Bytes {
        self.body.into()
    }

    fn separate(&mut self) {
        if !self.body.is_empty() {
            self.body.push(SEPARATOR);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(body: &'static [u8]) -> Vec<Result<EnginePacket, PacketError>> {
        PayloadDecoder::new(Bytes::from_static(body)).collect()
    }

    fn text(text: &'static str) -> EnginePacket {
        EnginePacket::Text(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn packets_are_separated_and_binary_is_base64() {
        assert_eq!(decode(b"4a"), [Ok(text("a"))]);
        let four = EnginePacket::Binary(Bytes::from_static(&[1, 2, 3, 4]));
        assert_eq!(
            decode(b"4a\x1ebAQIDBA==\x1e3"),
            [Ok(text("a")), Ok(four.clone()), Ok(EnginePacket::Pong)]
        );
        assert_eq!(decode(b"bAQIDBA"), [Ok(four)]);
    }

    #[test]
    fn nothing_is_read_after_an_error() {
        assert_eq!(decode(b""), [Err(PacketError::Empty)]);
        assert_eq!(decode(b"4a\x1e"), [Ok(text("a")), Err(PacketError::Empty)]);
        assert_eq!(decode(b"4a\x1e\x1e4b"), [Ok(text("a")), Err(PacketError::Empty)]);
        assert_eq!(decode(b"x\x1e4b"), [Err(PacketError::Type)]);
        assert_eq!(decode(b"b*\x1e4b"), [Err(PacketError::Base64)]);
        assert_eq!(decode(b"4\xff\x1e4b"), [Err(PacketError::Utf8)]);
    }

    #[test]
    fn encoded_payloads_are_decoded_to_the_same() {
        let mut payload = PayloadEncoder::new();
        assert!(payload.is_empty());
        payload.text(kind::MESSAGE, &[b"[\"a\"", b",1]"]);
        payload.binary(&[1, 2, 3, 4]);
        payload.text(kind::PING, &[]);
        assert_eq!(payload.finish(), "4[\"a\",1]\x1ebAQIDBA==\x1e2");
    }
}
