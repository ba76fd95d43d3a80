//! Frames: the frames of the native dialect, one enum for each direction, as `{"type", "data"}`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::payload::{
    Broadcast, Changes, Closing, Done, ErrorData, Expiry, InboxData, InboxPosition, JoinedRoom, MemberAdded,
    MemberRemoved, Pong, Posted, PresenceChange, ReadMark, RoomName, RoomRef, RunEnd, RunStep, TypingChange,
    Welcome,
};
use crate::{
    Cursor, DirectMessage, DraftId, JobChange, LiveChange, Maintenance, Message, MessageId, MessageKind,
    Notification, ParticipantChange, RawJson, RoomId, RoomSummary, RunId, Signal, UserId,
};

/// A frame that a client sends.
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
    /// Subscribes to a room. Answered by `joined`.
    Join {
        /// Which room.
        room: RoomId,
        /// The last number that the client has; without it the answer brings the newest page.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Cursor>,
        /// The client takes changes of messages, and has those up to this number of the same history; 0 for none. Without it
        /// the client is sent messages as they are when it receives them, and no change.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        changes: Option<u64>,
    },
    /// Ends the subscription to a room. The user remains a member. Answered by `left`.
    Leave {
        /// Which room.
        room: RoomId,
    },
    /// Posts a message. Answered by `posted` once it is committed, or by `error` with the draft's id.
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
    /// Gives a message of one's own another text. Answered by `done`, or by `error` with the draft's id.
    Edit {
        /// Where; it must have been joined.
        room: RoomId,
        /// The change's name before it has a number; a resend with the same one is the same change.
        draft: DraftId,
        /// Which message.
        message: MessageId,
        /// The new text.
        body: String,
        /// The number of the last change that the author had seen; refused with `conflict` if the text was edited since.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base_rev: Option<u64>,
    },
    /// Deletes a message: its number stays, its text goes. Answered as `edit`.
    Delete {
        /// Where; it must have been joined.
        room: RoomId,
        /// As in `edit`.
        draft: DraftId,
        /// Which message.
        message: MessageId,
    },
    /// Sets or removes one's reaction to a message. Answered as `edit`.
    React {
        /// Where; it must have been joined.
        room: RoomId,
        /// As in `edit`.
        draft: DraftId,
        /// Which message.
        message: MessageId,
        /// One emoji, or a word that the application has declared.
        emoji: String,
        /// Whether it is set.
        on: bool,
    },
    /// Pins a message to the room, or unpins it. Answered as `edit`.
    Pin {
        /// Where; it must have been joined.
        room: RoomId,
        /// As in `edit`.
        draft: DraftId,
        /// Which message.
        message: MessageId,
        /// Whether it is pinned.
        on: bool,
    },
    /// Sends a message to one member of the same room. Answered by `direct`, which the recipient receives too.
    Direct {
        /// The room that both are in.
        room: RoomId,
        /// The recipient.
        to: UserId,
        /// The text.
        body: String,
        /// What it is; plain text where this is absent.
        #[serde(default, skip_serializing_if = "MessageKind::is_text")]
        kind: MessageKind,
    },
    /// Sets the status of a live session. Owners only. All subscribers receive it as `live`.
    Live {
        /// Where; it must have been joined.
        room: RoomId,
        /// A word of the application, such as `live`, `paused` or `ended`.
        status: String,
        /// Whatever else belongs to it.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        details: Map<String, Value>,
    },
    /// Sends an event that is not stored to all subscribers of a room, the sender included. They receive it as
    /// `broadcast`.
    Broadcast {
        /// Where; it must have been joined.
        room: RoomId,
        /// The application's name for it.
        event: String,
        /// Any JSON; arrives as it is written here.
        data: RawJson,
    },
    /// The user began or stopped typing.
    Typing {
        /// Where.
        room: RoomId,
        /// `true` at the first key and then every few seconds, `false` at the end.
        on: bool,
    },
    /// Moves the read marker to a number, which is included. Lower numbers are ignored.
    Read {
        /// Where.
        room: RoomId,
        /// The last number read.
        seq: u64,
    },
    /// Checks the connection. Answered by `pong`.
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

/// A simulated job: its duration, the time between steps, and the probability that it fails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulationPlan {
    /// The run's name, chosen by the client.
    pub run: RunId,
    /// How long it lasts; see [`crate::limits::SIMULATION_DURATION_MS`].
    pub duration_ms: u64,
    /// From one step to the next; see [`crate::limits::SIMULATION_FREQUENCY_MS`].
    pub frequency_ms: u64,
    /// The text of each step before its number.
    pub prefix: String,
    /// The probability, 0 to 1, that the run fails at one of its steps.
    pub failure_rate: f64,
}

/// A frame that the server sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, serde_lite::Deserialize)]
#[serde(tag = "type")]
pub enum ServerFrame {
    /// The first frame: the client is signed in as this user.
    #[serde(rename = "welcome")]
    Welcome {
        /// The facts.
        data: Welcome,
    },
    /// The new token is good.
    #[serde(rename = "authenticated")]
    Authenticated {
        /// Until when.
        data: Expiry,
    },
    /// The token ends soon: send `authenticate` with a fresh one, or be closed with 4401.
    #[serde(rename = "expiring")]
    Expiring {
        /// When.
        data: Expiry,
    },
    /// The client is subscribed to a room, with the state of the room.
    #[serde(rename = "joined")]
    Joined {
        /// The facts.
        data: JoinedRoom,
    },
    /// The client is not subscribed to a room any more.
    #[serde(rename = "left")]
    Left {
        /// Which.
        data: RoomRef,
    },
    /// A message was posted.
    #[serde(rename = "message")]
    Message {
        /// The message.
        data: Message,
    },
    /// The client's own message is committed.
    #[serde(rename = "posted")]
    Posted {
        /// Which draft became which message.
        data: Posted,
    },
    /// Messages were edited or deleted, or have other reactions or pins. Only to clients that take changes.
    #[serde(rename = "changed")]
    Changed {
        /// Which, and what they are now.
        data: Changes,
    },
    /// The client's own change is committed.
    #[serde(rename = "done")]
    Done {
        /// Which draft became which change.
        data: Done,
    },
    /// An event of the application's own in a room. Best effort: neither stored nor numbered, and dropped for a client that
    /// lags.
    #[serde(rename = "broadcast")]
    Broadcast {
        /// The event, its room and its sender.
        data: Broadcast,
    },
    /// A user began or stopped typing. Best effort: not stored, and dropped for a client that lags.
    #[serde(rename = "typing")]
    Typing {
        /// The user and the room.
        data: TypingChange,
    },
    /// A user's read marker has advanced.
    #[serde(rename = "read")]
    Read {
        /// The user, the room and the number.
        data: ReadMark,
    },
    /// Users have connected or disconnected since the last event. Best effort.
    #[serde(rename = "presence")]
    Presence {
        /// The users, and the room that they share with the reader.
        data: PresenceChange,
    },
    /// A participant joined or left. In live sessions only. Best effort.
    #[serde(rename = "participant")]
    Participant {
        /// The user and the room.
        data: ParticipantChange,
    },
    /// An owner has set the status of a live session.
    #[serde(rename = "live")]
    Live {
        /// The status.
        data: LiveChange,
    },
    /// A notification.
    #[serde(rename = "notification")]
    Notification {
        /// What.
        data: InboxData<Notification>,
    },
    /// A message for one user; its author receives it too.
    #[serde(rename = "direct")]
    Direct {
        /// The message.
        data: InboxData<DirectMessage>,
    },
    /// One of the user's jobs has changed. Between tenths of its progress this is best effort.
    #[serde(rename = "job")]
    Job {
        /// The change, and the job after it.
        data: InboxData<JobChange>,
    },
    /// The position of a client that came with a cursor of its user's inbox.
    #[serde(rename = "inbox")]
    Inbox {
        /// The position, and whether nothing is missing before it.
        data: InboxPosition,
    },
    /// An event of the application's own.
    #[serde(rename = "signal")]
    Signal {
        /// Which.
        data: InboxData<Signal>,
    },
    /// The application goes out of service or returns to service.
    #[serde(rename = "maintenance")]
    Maintenance {
        /// Which of the two, and why.
        data: Maintenance,
    },
    /// A member was added to a room.
    #[serde(rename = "member_added")]
    MemberAdded {
        /// The user and the room.
        data: MemberAdded,
    },
    /// A member left a room or was removed from it.
    #[serde(rename = "member_removed")]
    MemberRemoved {
        /// The user and the room.
        data: MemberRemoved,
    },
    /// A room has another name.
    #[serde(rename = "room_renamed")]
    RoomRenamed {
        /// The room and its new name.
        data: RoomName,
    },
    /// The user is a member of a room now. Sent to all connections of the user.
    #[serde(rename = "room_added")]
    RoomAdded {
        /// The room, as in a list.
        data: RoomSummary,
    },
    /// The user is not a member of a room any more, or it was deleted. Sent to all connections of the user.
    #[serde(rename = "room_removed")]
    RoomRemoved {
        /// Which.
        data: RoomRef,
    },
    /// The answer to `ping`.
    #[serde(rename = "pong")]
    Pong {
        /// What came with it.
        data: Pong,
    },
    /// One step of a simulated job.
    #[serde(rename = "progress")]
    Progress {
        /// Where it stands.
        data: RunStep,
    },
    /// The end of a simulated job.
    #[serde(rename = "finished")]
    Finished {
        /// How it ended.
        data: RunEnd,
    },
    /// The server is about to stop.
    #[serde(rename = "closing")]
    Closing {
        /// When to come back.
        data: Closing,
    },
    /// A command was not executed. The connection remains open.
    #[serde(rename = "error")]
    Error {
        /// For users to read.
        message: String,
        /// For programs to act on.
        data: ErrorData,
    },
}
