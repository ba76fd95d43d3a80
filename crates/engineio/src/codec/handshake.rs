//! Handshake: the data of the first packet that a server sends.

use std::fmt;
use std::time::Duration;

/// The data of an `open` packet. Printed as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenData<'a> {
    /// The session's identifier: letters, digits, `-` and `_`.
    pub sid: &'a str,
    /// Whether the client may change to a WebSocket.
    pub may_upgrade: bool,
    /// How often the server pings.
    pub ping_interval: Duration,
    /// How long it waits for the answer.
    pub ping_timeout: Duration,
    /// Bytes that one message, or one polling payload, may have.
    pub max_payload: usize,
}

impl fmt::Display for OpenData<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let upgrades = if self.may_upgrade { "\"websocket\"" } else { "" };
        write!(
            f,
            "{{\"sid\":\"{}\",\"upgrades\":[{upgrades}],\"pingInterval\":{},\"pingTimeout\":{},\"maxPayload\":{}}}",
            self.sid,
            self.ping_interval.as_millis(),
            self.ping_timeout.as_millis(),
            self.max_payload,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_those_of_the_protocol_and_no_others() {
        let mut handshake = OpenData {
            sid: "lv_VI97HAXpY6yYWAAAC",
            may_upgrade: true,
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            max_payload: 1_000_000,
        };
        assert_eq!(
            handshake.to_string(),
            r#"{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
        );
        handshake.may_upgrade = false;
        assert!(handshake.to_string().contains(r#""upgrades":[],"#));
    }
}
