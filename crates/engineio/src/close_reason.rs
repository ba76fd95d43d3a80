//! Close reason: why a session ended, with the code and text of its close frame.

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// The client closed it.
    ClosedByClient,
    /// The connection ended, or a request was given up.
    Lost,
    /// A ping was not answered in time.
    PingTimeout,
    /// The client sent an invalid packet, or requests that overlap.
    Protocol,
    /// The client sent a message that is too large.
    TooBig,
    /// The client began a message and did not end it.
    Unfinished,
    /// The client is a slow consumer.
    TooSlow,
    /// The application is done with the client.
    Server,
    /// The server stops.
    Stopping,
    /// Too many clients connect at the same time.
    Busy,
    /// The client sends far more than allowed.
    TooFast,
    /// The client's token has expired.
    Expired,
}

impl CloseReason {
    /// The code of the close frame: RFC 6455, section 7.4.1, and 4008 as at the other gateways.
    pub(crate) fn close_code(self) -> u16 {
        match self {
            Self::ClosedByClient | Self::Server => 1000,
            Self::Lost | Self::PingTimeout | Self::Unfinished => 1001,
            Self::Protocol => 1002,
            Self::TooBig => 1009,
            Self::TooSlow => 4008,
            Self::Stopping => 1012,
            // Try again later, in IANA's WebSocket Close Code Number Registry.
            Self::Busy => 1013,
            // As at the other gateways.
            Self::TooFast => 4429,
            Self::Expired => 4401,
        }
    }

    /// The text of the close frame, for developers of clients.
    pub(crate) fn close_text(self) -> &'static str {
        match self {
            Self::ClosedByClient | Self::Server | Self::Lost => "",
            Self::PingTimeout => "a ping was not answered",
            Self::Protocol => "this is no packet of Engine.IO 4 and Socket.IO 5, or not one that fits here",
            Self::TooBig => "the message is too big",
            Self::Unfinished => "a message did not end in time",
            Self::TooSlow => "too much waits to be read",
            Self::Stopping => "the server restarts",
            Self::Busy => "many are coming in, try again in a moment",
            Self::TooFast => "too much at once, come back later",
            Self::Expired => "the token has expired",
        }
    }
}

/// The session has ended, or was just ended because its client is a slow consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session has ended")]
pub struct SessionClosed;
