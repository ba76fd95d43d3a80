//! Codes: the tables of error codes and close codes that REST and every socket share.

use serde::{Deserialize, Serialize};

/// Why a command or request was not executed. One table for REST and every socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Not JSON at all.
    BadJson,
    /// JSON, but not of the shape that is asked for.
    BadFrame,
    /// A frame type that does not exist, or that only the server sends.
    UnknownType,
    /// A binary frame; the protocol is text.
    BinaryFrame,
    /// A body or frame beyond the size limit.
    TooBig,
    /// A value is outside what is allowed; `field` names it.
    Invalid,
    /// A text without any visible character.
    Blank,
    /// A text beyond its limit.
    TooLong,
    /// A name or identifier that is in use already.
    Taken,
    /// Somebody else changed it meanwhile: look at it again.
    Conflict,
    /// A password that is too short, too long or too common.
    WeakPassword,
    /// The user name or the password is wrong; the error does not tell which.
    WrongCredentials,
    /// No token, or one that is forged, expired, spent or revoked.
    Unauthorized,
    /// Signed in, but this is not yours to do.
    Forbidden,
    /// There is no such thing, or none that you may know of.
    NotFound,
    /// The connection has not joined this room.
    NotJoined,
    /// Beyond a limit on how many; nothing to wait for.
    TooMany,
    /// Too fast; `retry_after_ms` says when to try again.
    RateLimited,
    /// The store did not answer. Nothing was changed, or a resend with the same draft is safe.
    Unavailable,
    /// An internal error. The cause is in the server's log.
    Internal,
}

/// Why a socket was closed, and what a client should do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum CloseCode {
    /// Done; closed on purpose.
    Normal = 1000,
    /// The page or the server goes away.
    GoingAway = 1001,
    /// What the client sent is no WebSocket (RFC 6455).
    Protocol = 1002,
    /// Text that is not UTF-8, or a compressed message that cannot be read.
    BadText = 1007,
    /// A message beyond [`crate::limits::MAX_FRAME_BYTES`].
    TooBig = 1009,
    /// An internal error.
    Internal = 1011,
    /// The server restarts.
    Restart = 1012,
    /// The client is a slow consumer: it is to come back and recover.
    TooSlow = 4008,
    /// The token is missing, wrong, expired or revoked: sign in again.
    Token = 4401,
    /// Not allowed, and trying again will not help.
    Forbidden = 4403,
    /// Too many connections, or far too many frames on one: come back later.
    TooMany = 4429,
}

impl CloseCode {
    /// Every code, in the order of their numbers.
    pub const ALL: [Self; 11] = [
        Self::Normal,
        Self::GoingAway,
        Self::Protocol,
        Self::BadText,
        Self::TooBig,
        Self::Internal,
        Self::Restart,
        Self::TooSlow,
        Self::Token,
        Self::Forbidden,
        Self::TooMany,
    ];

    /// The number on the wire (RFC 6455, section 7.4).
    pub fn number(self) -> u16 {
        self as u16
    }

    /// The code with this number, if it is one of ours.
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }

    /// A text that a client may show to its user and write to a log.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Normal => "closed",
            Self::GoingAway => "going away",
            Self::Protocol => "not WebSocket",
            Self::BadText => "unreadable message",
            Self::TooBig => "message too big",
            Self::Internal => "internal error",
            Self::Restart => "restarting, come back",
            Self::TooSlow => "fell behind, come back and recover",
            Self::Token => "sign in again",
            Self::Forbidden => "not allowed",
            Self::TooMany => "too much at once, come back later",
        }
    }

    /// Whether a client should connect again by itself after a close with this number. Unknown numbers (1005, 1006 and
    /// whatever a proxy invents) mean that the network failed, so yes.
    pub fn comes_back(number: u16) -> bool {
        !matches!(Self::from_number(number), Some(Self::Token | Self::Forbidden))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_reconnects_unless_that_is_pointless() {
        for number in [1000, 1001, 1002, 1005, 1006, 1007, 1009, 1011, 1012, 4008, 4429, 4999] {
            assert!(CloseCode::comes_back(number), "{number}");
        }
        for number in [4401, 4403] {
            assert!(!CloseCode::comes_back(number), "{number}");
        }
    }

    #[test]
    fn close_codes_are_legal_for_an_endpoint_to_send() {
        for code in CloseCode::ALL {
            let number = code.number();
            let legal = matches!(number, 1000..=1003 | 1007..=1014 | 3000..=4999);
            assert!(legal && code.reason().len() <= 123, "{number}");
            assert_eq!(CloseCode::from_number(number), Some(code));
        }
    }
}
