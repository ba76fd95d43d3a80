//! The native frames: one enum for each direction, as `{"type", "data"}`.

use serde::{Deserialize, Serialize};

use crate::{Cursor, DraftId, ErrorCode, Member, Message, MessageId, RoomId, RoomSummary, RunId, UserId};

/// What a client may say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientFrame {
    /// The first frame of a socket that came without a token, or a fresh token for one that is open. Answered by
    /// `authenticated`.
    Authenticate {
        /// An access token.
        token: String,
    },
    /// Follow a room. Answered by `joined`.
    Join {
        /// Which room.
        room: RoomId,
        /// The last number that the client has; without it the answer brings the newest page.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Cursor>,
    },
    /// Stop following a room. The person stays a member. Answered by `left`.
    Leave {
        /// Which room.
        room: RoomId,
    },
    /// Say something. Answered by `posted` once it is committed, or by `error` with the draft's id.
    Post {
        /// Where; it must have been joined.
        room: RoomId,
        /// The message's name before it has a number; a resend with the same one is the same message.
        draft: DraftId,
        /// The text.
        body: String,
    },
    /// Began or ceased to type.
    Typing {
        /// Where.
        room: RoomId,
        /// `true` at the first key and then every few seconds, `false` at the end.
        on: bool,
    },
    /// Has read a room up to and including a number. Falling numbers are ignored.
    Read {
        /// Where.
        room: RoomId,
        /// The last number read.
        seq: u64,
    },
    /// Still there? Answered by `pong`.
    Ping {
        /// Comes back unchanged.
        nonce: u32,
    },
    /// Start a simulated job. Answered by `progress` frames and one `finished`.
    Simulate(SimulationPlan),
    /// Stop a simulated job of this connection.
    Cancel {
        /// Which one.
        run: RunId,
    },
}

/// A simulated job: so many steps, at such a distance, with such a chance to fail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulationPlan {
    /// The run's name, chosen by the client.
    pub run: RunId,
    /// How long it lasts; see [`crate::limits::SIMULATION_DURATION_MS`].
    pub duration_ms: u64,
    /// From one step to the next; see [`crate::limits::SIMULATION_FREQUENCY_MS`].
    pub frequency_ms: u64,
    /// What each step says before its number.
    pub prefix: String,
    /// The chance, 0 to 1, that the run fails at one of its steps.
    pub failure_rate: f64,
}

/// What the server may say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The first frame: signed in, and as whom.
    Welcome {
        /// The facts.
        data: Welcome,
    },
    /// The new token is good.
    Authenticated {
        /// Until when.
        data: Expiry,
    },
    /// The token ends soon: send `authenticate` with a fresh one, or be closed with 4401.
    Expiring {
        /// When.
        data: Expiry,
    },
    /// A room is followed now, and this is where it stands.
    Joined {
        /// The facts.
        data: JoinedRoom,
    },
    /// A room is no longer followed.
    Left {
        /// Which.
        data: RoomRef,
    },
    /// Somebody said something.
    Message {
        /// The message.
        data: Message,
    },
    /// One's own message is committed.
    Posted {
        /// Which draft became which message.
        data: Posted,
    },
    /// Somebody began or ceased to type. Fleeting: not stored, and dropped for a reader that falls behind.
    Typing {
        /// Who and where.
        data: TypingChange,
    },
    /// Somebody has read a room up to a number.
    Read {
        /// Who, where, how far.
        data: ReadMark,
    },
    /// Somebody came or went. Fleeting.
    Presence {
        /// Who.
        data: PresenceChange,
    },
    /// Somebody was put into a room.
    MemberAdded {
        /// Who and where.
        data: MemberAdded,
    },
    /// Somebody left a room or was removed from it.
    MemberRemoved {
        /// Who and where.
        data: MemberRemoved,
    },
    /// A room has another name.
    RoomRenamed {
        /// Which, and how it is called now.
        data: RoomName,
    },
    /// One is in a room now that was not there before. Goes to all devices of the person.
    RoomAdded {
        /// The room, as in a list.
        data: RoomSummary,
    },
    /// One is not in a room any more, or it was deleted. Goes to all devices of the person.
    RoomRemoved {
        /// Which.
        data: RoomRef,
    },
    /// The answer to `ping`.
    Pong {
        /// What came with it.
        data: Pong,
    },
    /// One step of a simulated job.
    Progress {
        /// Where it stands.
        data: RunStep,
    },
    /// The end of a simulated job.
    Finished {
        /// How it ended.
        data: RunEnd,
    },
    /// The server is about to stop.
    Closing {
        /// When to come back.
        data: Closing,
    },
    /// Something was refused. The connection goes on.
    Error {
        /// For a person to read.
        message: String,
        /// For a program to act on.
        data: ErrorData,
    },
}

/// See [`ServerFrame::Welcome`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Who the token says one is.
    pub user: UserId,
    /// The user name.
    pub name: String,
    /// The server's name, from its settings.
    pub server: String,
    /// The server pings when nothing was sent for so long; two unanswered ones end the connection.
    pub heartbeat_ms: u32,
    /// How long the token is good for.
    pub expires_in_ms: u64,
}

/// See [`ServerFrame::Expiring`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expiry {
    /// How long the token is good for.
    pub expires_in_ms: u64,
}

/// See [`ServerFrame::Joined`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinedRoom {
    /// Which room.
    pub room: RoomId,
    /// Where it stands after `messages`.
    pub head: Cursor,
    /// `true`: `messages` is everything after `since`, complete. `false`: it is the newest page, and what the client
    /// had before may lie behind a gap, so it starts over.
    pub recovered: bool,
    /// Whether there is anything older than `messages`. Meaningful when not recovered.
    pub has_more: bool,
    /// Oldest first.
    pub messages: Vec<Message>,
    /// Everybody in the room.
    pub members: Vec<Member>,
    /// Who types at this moment.
    pub typing: Vec<UserId>,
}

/// A room and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomRef {
    /// Which.
    pub room: RoomId,
}

/// See [`ServerFrame::RoomRenamed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomName {
    /// Which.
    pub room: RoomId,
    /// How it is called now.
    pub name: String,
}

/// See [`ServerFrame::Posted`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    /// Where.
    pub room: RoomId,
    /// Which draft.
    pub draft: DraftId,
    /// Its place.
    pub cursor: Cursor,
    /// Its own name.
    pub id: MessageId,
    /// When it was committed, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
}

/// See [`ServerFrame::Typing`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypingChange {
    /// Where.
    pub room: RoomId,
    /// Who.
    pub user: UserId,
    /// Began or ceased.
    pub on: bool,
}

/// See [`ServerFrame::Read`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadMark {
    /// Where.
    pub room: RoomId,
    /// Who.
    pub user: UserId,
    /// The last number read.
    pub seq: u64,
}

/// See [`ServerFrame::Presence`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceChange {
    /// A room that the reader shares with this person.
    pub room: RoomId,
    /// Who.
    pub user: UserId,
    /// Came or went.
    pub online: bool,
}

/// See [`ServerFrame::MemberAdded`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberAdded {
    /// Where.
    pub room: RoomId,
    /// Who.
    pub member: Member,
}

/// See [`ServerFrame::MemberRemoved`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRemoved {
    /// Where.
    pub room: RoomId,
    /// Who.
    pub user: UserId,
}

/// See [`ServerFrame::Pong`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pong {
    /// As it came.
    pub nonce: u32,
}

/// See [`ServerFrame::Progress`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunStep {
    /// Which run.
    pub run: RunId,
    /// 1 for the first.
    pub step: u32,
    /// How many there will be.
    pub steps: u32,
    /// The prefix and the number.
    pub message: String,
    /// Since the start.
    pub elapsed_ms: u64,
    /// Until the planned end.
    pub remaining_ms: u64,
}

/// See [`ServerFrame::Finished`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunEnd {
    /// Which run.
    pub run: RunId,
    /// How it ended.
    pub outcome: RunOutcome,
    /// The steps that were told.
    pub steps_done: u32,
    /// Since the start.
    pub elapsed_ms: u64,
}

/// How a simulated job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// Every step was told.
    Completed,
    /// The plan's failure rate struck.
    Failed,
    /// The client asked for it.
    Cancelled,
}

/// See [`ServerFrame::Closing`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// When to try again.
    pub reconnect_in_ms: u32,
}

/// What a program needs to know of a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorData {
    /// Which row of the table.
    pub code: ErrorCode,
    /// The field that is wrong, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The room that was meant, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    /// The draft that was not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<DraftId>,
    /// When trying again helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}
