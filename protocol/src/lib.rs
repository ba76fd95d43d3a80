//! The words that both sides of the wire speak: identifiers, cursors, native frames, REST bodies, codes and limits.
//!
//! Nothing here reads a clock, touches a socket or knows how the hub works. `docs/PROTOCOL.md` shows one frame of
//! every kind and is checked against these types.

mod codes;
mod cursor;
mod frame;
pub mod from_json;
mod ids;
pub mod limits;
mod model;
pub mod rest;

pub use codes::{CloseCode, ErrorCode};
pub use cursor::Cursor;
pub use frame::{
    ClientFrame, Closing, ErrorData, Expiry, JoinedRoom, MemberAdded, MemberRemoved, Pong, Posted,
    PresenceChange, ReadMark, RoomName, RoomRef, RunEnd, RunOutcome, RunStep, ServerFrame, SimulationPlan,
    TypingChange, Welcome,
};
pub use ids::{BadId, DraftId, MessageId, RoomId, RunId, UserId};
pub use model::{Member, Message, Preview, Role, RoomKind, RoomSummary};
