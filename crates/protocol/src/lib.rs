//! Protocol: what the server and its clients share: identifiers, cursors, native frames, REST bodies, codes and limits.
//!
//! Nothing here reads a clock, touches a socket or knows how the hub works. `docs/PROTOCOL.md` shows one frame of
//! every kind and is checked against these types.

mod codes;
mod cursor;
mod frame;
mod ids;
mod inbox;
pub mod json;
pub mod limits;
mod live;
mod message_kind;
mod model;
mod opaque;
mod payload;
mod raw_json;
pub mod rest;
pub mod text;

pub use codes::{CloseCode, ErrorCode};
pub use cursor::Cursor;
pub use frame::{ClientFrame, ServerFrame, SimulationPlan};
pub use ids::{BadId, DraftId, JobId, MessageId, NotificationId, RoomId, RunId, UserId};
pub use inbox::{
    DirectMessage, InboxItem, Job, JobChange, JobKind, JobStatus, JobStep, Maintenance, Notification, Signal,
};
pub use live::{LIVE_PREFIX, LiveChange, ParticipantChange, is_reserved, live_room};
pub use message_kind::{BadKind, MessageKind};
pub use model::{Member, Message, Preview, Reaction, Role, RoomKind, RoomSummary};
pub use opaque::Opaque;
pub use payload::{
    Broadcast, Changes, Closing, Done, ErrorData, Expiry, InboxData, InboxPosition, JoinedRoom, MemberAdded,
    MemberRemoved, Pong, Posted, PresenceChange, ReadMark, RoomName, RoomRef, RunEnd, RunOutcome, RunStep,
    TypingChange, Welcome,
};
pub use raw_json::RawJson;
