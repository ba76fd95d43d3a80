//! Endpoint: where an ordinary client connects, and in which dialect.

/// Where a client connects, and in which dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Native,
    ChatApi,
    SkillLift,
    QuizMaster,
    SocketIo,
    Polling,
}

/// Every tenth client of a room, in this order.
pub(crate) const ENDPOINTS: [Endpoint; 10] = [
    Endpoint::Native,
    Endpoint::ChatApi,
    Endpoint::SkillLift,
    Endpoint::SocketIo,
    Endpoint::Native,
    Endpoint::ChatApi,
    Endpoint::SkillLift,
    Endpoint::SocketIo,
    Endpoint::Polling,
    Endpoint::QuizMaster,
];
