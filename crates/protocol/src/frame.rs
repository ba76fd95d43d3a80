//! The native frames: one enum for each direction, as `{"type", "data"}`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::payload::{
    Broadcast, Closing, ErrorData, Expiry, InboxData, InboxPosition, JoinedRoom, MemberAdded, MemberRemoved,
    Pong, Posted, PresenceChange, ReadMark, RoomName, RoomRef, RunEnd, RunStep, TypingChange, Welcome,
};
use crate::{
    Cursor, DirectMessage, DraftId, JobChange, LiveChange, Maintenance, Message, MessageId, MessageKind,
    Notification, ParticipantChange, RawJson, RoomId, RoomSummary, RunId, Signal, UserId,
};

/// What a client may say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientFrame {
    /// The first frame of a socket that came without a token, or a fresh token for one that is open. Answered by
    /// `authenticated`.
    Authenticate {
        /// An access token.
        token: String,
        /// The last number of the inbox that the client has, if it keeps a cursor. In the first frame, what comes after it is
        /// sent, and then `inbox`; later it only proves what was received.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        inbox: Option<u64>,
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
        /// The message of the same room that it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent: Option<MessageId>,
        /// What it is; plain text where this is absent.
        #[serde(default, skip_serializing_if = "MessageKind::is_text")]
        kind: MessageKind,
    },
    /// Say something to one person who is in the same room. Answered by `direct`, which the other one hears too.
    Direct {
        /// The room that both are in.
        room: RoomId,
        /// For whom.
        to: UserId,
        /// The text.
        body: String,
        /// What it is; plain text where this is absent.
        #[serde(default, skip_serializing_if = "MessageKind::is_text")]
        kind: MessageKind,
    },
    /// Say where a session stands. Owners only. Everybody who follows hears it as `live`.
    Live {
        /// Where; it must have been joined.
        room: RoomId,
        /// A word of the application, such as `live`, `paused` or `ended`.
        status: String,
        /// Whatever else belongs to it.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        details: Map<String, Value>,
    },
    /// Tell everybody who follows a room something that is worth nothing a moment later. They hear it as `broadcast`, and
    /// so does whoever says it.
    Broadcast {
        /// Where; it must have been joined.
        room: RoomId,
        /// The application's name for it.
        event: String,
        /// Any JSON; arrives as it is written here.
        data: RawJson,
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
    /// Something of the application's own, said in a room. Fleeting: not stored, not numbered, and dropped for a reader
    /// that falls behind.
    Broadcast {
        /// What, where and by whom.
        data: Broadcast,
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
    /// People came and went since the last time. Fleeting.
    Presence {
        /// Who, and which room they share with the reader.
        data: PresenceChange,
    },
    /// Somebody began or ceased to follow a room. In live sessions only. Fleeting.
    Participant {
        /// Who and where.
        data: ParticipantChange,
    },
    /// A session's owner said where it stands.
    Live {
        /// What was said.
        data: LiveChange,
    },
    /// Something to notice.
    Notification {
        /// What.
        data: InboxData<Notification>,
    },
    /// A message for one person alone; its author hears it too.
    Direct {
        /// The message.
        data: InboxData<DirectMessage>,
    },
    /// Something happened to one of the person's jobs. Between tenths of its progress this is fleeting.
    Job {
        /// What, and where it stands.
        data: InboxData<JobChange>,
    },
    /// The client came with a cursor of its user's inbox, and this is where it stands now.
    Inbox {
        /// The position, and whether nothing is missing before it.
        data: InboxPosition,
    },
    /// An event of the application's own.
    Signal {
        /// Which.
        data: InboxData<Signal>,
    },
    /// The application goes out of service, or comes back.
    Maintenance {
        /// Which of the two, and why.
        data: Maintenance,
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
