//! Violation: the protocol errors of a client, each with its close code.

/// Why a connection must be failed (RFC 6455, section 7.1.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A reserved bit without an extension that gives it a meaning (section 5.2).
    #[error("a reserved bit is set")]
    ReservedBit,
    /// An opcode that means nothing (section 5.2).
    #[error("a reserved opcode")]
    ReservedOpcode,
    /// A client masks every frame (section 5.1).
    #[error("a frame without a mask")]
    Unmasked,
    /// A length with its highest bit set (section 5.2).
    #[error("a length beyond 63 bits")]
    Length,
    /// A control frame of more than 125 bytes (section 5.5).
    #[error("a control frame beyond 125 bytes")]
    LongControl,
    /// A control frame in fragments (section 5.5).
    #[error("a control frame in fragments")]
    FragmentedControl,
    /// A continuation without a beginning (section 5.4).
    #[error("a continuation of nothing")]
    NothingToContinue,
    /// A message begins before the one before it has ended (section 5.4).
    #[error("a message within a message")]
    Interleaved,
    /// A close frame with a code that must not be sent, or with half a code (section 7.4).
    #[error("a close code that nobody may send")]
    CloseCode,
    /// Text that is not UTF-8 (section 8.1).
    #[error("text that is not UTF-8")]
    NotUtf8,
    /// A compressed message that cannot be inflated (RFC 7692, section 7.2.2).
    #[error("a compressed message that cannot be inflated")]
    NotDeflate,
    /// A message beyond [`Limits::message_bytes`](super::Limits).
    #[error("a message beyond the limit")]
    TooBig,
    /// A message of more frames than [`Limits::fragments`](super::Limits).
    #[error("a message of too many fragments")]
    TooManyFragments,
}

impl Violation {
    /// The code to close with (RFC 6455, section 7.4.1).
    pub fn close_code(self) -> u16 {
        match self {
            Self::NotUtf8 | Self::NotDeflate => 1007,
            Self::TooBig | Self::TooManyFragments => 1009,
            _ => 1002,
        }
    }
}
