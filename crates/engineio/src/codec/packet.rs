//! Packet: a type, encoded as one digit, and its data.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;

/// Encoded with padding. Decoded also without it, because some clients leave it out.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The digits that packets begin with.
pub mod kind {
    /// The server's handshake.
    pub const OPEN: u8 = b'0';
    /// The end of the session.
    pub const CLOSE: u8 = b'1';
    /// A heartbeat of the server, or a client's probe of a new transport.
    pub const PING: u8 = b'2';
    /// The answer to a ping.
    pub const PONG: u8 = b'3';
    /// Text for the application.
    pub const MESSAGE: u8 = b'4';
    /// The client changes to the transport that this packet came by.
    pub const UPGRADE: u8 = b'5';
    /// Nothing; it ends a poll.
    pub const NOOP: u8 = b'6';
    /// Bytes for the application in base64: in a polling payload, or from a client that sends text frames only.
    pub const BASE64: u8 = b'b';
}

/// A packet that a client sent. Text is UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnginePacket {
    /// The client closes the session.
    Close,
    /// A probe of a new transport, with what the answer repeats.
    Ping(Bytes),
    /// The answer to a ping.
    Pong,
    /// Text for the application.
    Text(Bytes),
    /// Bytes for the application.
    Binary(Bytes),
    /// The client changes to this transport.
    Upgrade,
    /// Nothing.
    Noop,
}

/// Why bytes are not a packet of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// The packet is empty.
    #[error("a packet without a type")]
    Empty,
    /// The type does not exist, or only a server sends it.
    #[error("no packet type of a client")]
    Type,
    /// The text is not UTF-8.
    #[error("text that is not UTF-8")]
    Utf8,
    /// The data after a `b` is not base64.
    #[error("binary that is not base64")]
    Base64,
}

impl EnginePacket {
    /// Reads a text frame of a WebSocket, or one record of a polling payload.
    ///
    /// # Errors
    /// [`PacketError`] for what is no packet of a client.
    pub fn decode(mut text: Bytes) -> Result<Self, PacketError> {
        if std::str::from_utf8(&text).is_err() {
            return Err(PacketError::Utf8);
        }
        let kind = *text.first().ok_or(PacketError::Empty)?;
        let data = text.split_off(1);
        match kind {
            kind::CLOSE => Ok(Self::Close),
            kind::PING => Ok(Self::Ping(data)),
            kind::PONG => Ok(Self::Pong),
            kind::MESSAGE => Ok(Self::Text(data)),
            kind::UPGRADE => Ok(Self::Upgrade),
            kind::NOOP => Ok(Self::Noop),
            kind::BASE64 => match BASE64.decode(&data) {
                Ok(data) => Ok(Self::Binary(data.into())),
                Err(_) => Err(PacketError::Base64),
            },
            _ => Err(PacketError::Type),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &'static [u8]) -> Result<EnginePacket, PacketError> {
        EnginePacket::decode(Bytes::from_static(text))
    }

    #[test]
    fn each_type_is_known_by_its_digit() {
        assert_eq!(decode(b"1"), Ok(EnginePacket::Close));
        assert_eq!(decode(b"2probe"), Ok(EnginePacket::Ping(Bytes::from_static(b"probe"))));
        assert_eq!(decode(b"3"), Ok(EnginePacket::Pong));
        assert_eq!(decode(b"4"), Ok(EnginePacket::Text(Bytes::new())));
        assert_eq!(
            decode("4h\u{e9}".as_bytes()),
            Ok(EnginePacket::Text(Bytes::from_static("h\u{e9}".as_bytes())))
        );
        assert_eq!(decode(b"5"), Ok(EnginePacket::Upgrade));
        assert_eq!(decode(b"6"), Ok(EnginePacket::Noop));
        assert_eq!(decode(b"bAQID"), Ok(EnginePacket::Binary(Bytes::from_static(&[1, 2, 3]))));
    }

    #[test]
    fn an_invalid_client_packet_is_refused() {
        assert_eq!(decode(b""), Err(PacketError::Empty));
        assert_eq!(decode(b"0{}"), Err(PacketError::Type));
        assert_eq!(decode(b"7"), Err(PacketError::Type));
        assert_eq!(decode(b"abc"), Err(PacketError::Type));
        assert_eq!(decode(b"b*"), Err(PacketError::Base64));
        assert_eq!(decode(b"4\xff"), Err(PacketError::Utf8));
    }
}
