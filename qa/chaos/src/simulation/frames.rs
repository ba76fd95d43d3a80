//! Frames of the simulated wire: requests of clients, and an encoding of events.
//!
//! Random names (epochs, identifiers) are encoded in a fixed width, so that the size of a frame, and with it what an outbox
//! holds, is the same in each replay.

use bytes::Bytes;
use hub::model::Message;
use hub::store::{Change, InboxKind};
use hub::{ChangeFrames, Command, Encoder, Event, JoinMode};
use protocol::{
    Cursor, DraftId, ErrorCode, JobStep, MessageId, MessageKind, PresenceChange, Reaction, RoomId, UserId,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::positions::{Epoch, Positions};
use crate::body::name_of;
use crate::history::{ChangedState, EntryKind, WantedChange};

/// Between a text as it was posted and an edit of it.
const EDITED: char = '*';

/// A request of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    /// Subscribe to a room, from after this position.
    Join { room: String, since: Option<(u32, u64)>, rev: Option<u64> },
    /// Publish a message.
    Post { room: String, draft: Uuid, text: String },
    /// Change a message, of which this is the text as it was posted.
    Change { room: String, draft: Uuid, message: Uuid, text: String, what: WantedChange },
    /// Begin or cease to type.
    Typing { room: String, on: bool },
    /// Have read so far.
    Read { room: String, seq: u64 },
    /// The answer to a request for a receipt.
    Receipt { token: u64 },
}

impl Request {
    /// The request as the hub understands it; `None` for a room that cannot be, and for what is no request.
    pub(crate) fn command(&self) -> Option<Command> {
        let id = |room: &str| RoomId::parse(room).ok();
        Some(match self {
            Self::Join { room, since, rev } => {
                let since = since.map(|(epoch, seq)| Cursor { epoch, seq });
                let mode = match *rev {
                    Some(rev) => JoinMode::RecoverWithChanges { since, rev },
                    None => JoinMode::Recover(since),
                };
                Command::Join { room: id(room)?, mode }
            }
            Self::Change { room, draft, message, text, what } => {
                let change = match what {
                    WantedChange::Edit(edit) => {
                        Change::Edit { body: format!("{text}{EDITED}{edit}").into(), base_rev: None }
                    }
                    WantedChange::Delete => Change::Delete,
                    WantedChange::React { emoji, on } => {
                        Change::React { emoji: emoji.as_str().into(), on: *on }
                    }
                    WantedChange::Pin(on) => Change::Pin { on: *on },
                };
                let (draft, message) = (Some(DraftId(*draft)), MessageId(*message));
                Command::Change { room: id(room)?, draft, message, change }
            }
            Self::Post { room, draft, text } => Command::Post {
                room: id(room)?,
                draft: Some(DraftId(*draft)),
                body: text.clone(),
                parent: None,
                kind: MessageKind::Text,
            },
            Self::Typing { room, on } => Command::Typing { room: id(room)?, on: *on },
            Self::Read { room, seq } => Command::Read { room: id(room)?, seq: *seq },
            Self::Receipt { .. } => return None,
        })
    }
}

/// A frame of the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ServerFrame {
    /// The answer to a join.
    Joined(Joined),
    /// A message.
    Message { room: String, line: MessageLine },
    /// The client's own message is stored.
    Posted { room: String, draft: Uuid, line: MessageLine },
    /// Messages were changed, by all changes of these numbers.
    Changed { room: String, from: u64, to: u64, lines: Vec<MessageLine> },
    /// A message was changed, once or while the client was away.
    MessageChanged { room: String, line: MessageLine },
    /// The client's own change is stored.
    Done { room: String, draft: Uuid, rev: u64 },
    /// A request failed.
    Failed { room: Option<String>, draft: Option<Uuid>, why: FailureReason },
    /// The client is a member of a room and not subscribed yet.
    Invited { room: String },
    /// The client is no member of the room any more.
    Out { room: String },
    /// Users went online or offline.
    Presence { room: String, online: Vec<String>, offline: Vec<String> },
    /// An entry of the user's inbox with its number; the result is that of a job that ended.
    Entry { kind: EntryKind, text: String, result: Option<String>, number: Option<u64> },
    /// A client that keeps a cursor of its inbox has everything up to here, or starts over.
    Inbox { number: u64, recovered: bool },
    /// A client that resumes is connected: from its positions, or from anew.
    Resumed { recovered: bool },
}

/// The answer to a join.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Joined {
    pub(crate) room: String,
    pub(crate) epoch: Epoch,
    pub(crate) head: u64,
    pub(crate) recovered: bool,
    pub(crate) has_more: bool,
    pub(crate) lines: Vec<MessageLine>,
    pub(crate) online: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rev: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) changed: Vec<MessageLine>,
}

/// A message without its room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MessageLine {
    pub(crate) epoch: Epoch,
    pub(crate) seq: u64,
    pub(crate) id: Uuid,
    /// As it was posted; empty if it was deleted.
    pub(crate) text: String,
    /// What changes have made of it; `None`: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<Box<ChangedState>>,
}

/// What a failure means for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FailureReason {
    /// The room does not exist, or the client is no member.
    NoRoom,
    /// It must join first.
    NotJoined,
    /// It may try again.
    Later,
    /// It must not try again.
    Never,
}

/// The encoder of clients that join their rooms anew.
pub(crate) const PLAIN: Encoder =
    Encoder { changes: ChangeFrames::Commits, ..Encoder::new(0, |event| encode(&frame_of(event)?)) };

/// The encoder of clients that resume. As Socket.IO, it has no direct messages.
pub(crate) const RESUMING: Encoder = Encoder {
    settles: &[InboxKind::Job, InboxKind::Notification],
    changes: ChangeFrames::Changes,
    ..Encoder::new(1, |event| match event {
        Event::Direct(..) => None,
        event => encode(&frame_of(event)?),
    })
};

pub(crate) fn encode(frame: &ServerFrame) -> Option<Bytes> {
    serde_json::to_vec(frame).ok().map(Bytes::from)
}

/// Decodes what the server wrote: a frame, and the positions of a client that resumes after it.
pub(crate) fn decode(bytes: &[u8]) -> Option<(ServerFrame, Option<Positions>)> {
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    let mut frame = serde_json::from_slice(parts.next()?).ok()?;
    let positions = parts.next().map(serde_json::from_slice).transpose().ok()?;
    shorten(&mut frame)?;
    Some((frame, positions))
}

/// Leaves the names of long texts; `None` if one of them is not as it was sent.
fn shorten(frame: &mut ServerFrame) -> Option<()> {
    match frame {
        ServerFrame::Joined(joined) => joined.lines.iter_mut().chain(&mut joined.changed).try_for_each(split),
        ServerFrame::Changed { lines, .. } => lines.iter_mut().try_for_each(split),
        ServerFrame::Message { line, .. } | ServerFrame::MessageChanged { line, .. } => split(line),
        ServerFrame::Entry { text, result, .. } => {
            cut(text)?;
            let is_whole = result.as_deref().is_none_or(|result| name_of(result) == Some(text));
            *result = None;
            is_whole.then_some(())
        }
        _ => Some(()),
    }
}

fn cut(text: &mut String) -> Option<()> {
    let length = name_of(text)?.len();
    text.truncate(length);
    Some(())
}

/// Takes the edit out of the text of a message; `None` if the text is not as it was sent.
pub(crate) fn split(line: &mut MessageLine) -> Option<()> {
    if let Some((text, edit)) = line.text.split_once(EDITED) {
        let (text, edit) = (text.to_owned(), edit.to_owned());
        line.text = text;
        line.state.get_or_insert_default().edit = edit;
    }
    cut(&mut line.text)
}

/// A message with what changes have made of it; an edit is in the text until [`split`].
pub(crate) fn line(message: &protocol::Message) -> MessageLine {
    let protocol::Message { cursor, id, body, rev, .. } = message;
    let state = (*rev > 0).then(|| Box::new(state(message)));
    MessageLine { epoch: Epoch(cursor.epoch), seq: cursor.seq, id: id.0, text: body.clone(), state }
}

fn state(message: &protocol::Message) -> ChangedState {
    let users = |reaction: &Reaction| {
        let mut users: Vec<String> = reaction.users.iter().map(ToString::to_string).collect();
        users.sort();
        (reaction.emoji.clone(), users)
    };
    let mut reactions: Vec<_> = message.reactions.iter().map(users).collect();
    reactions.sort();
    ChangedState {
        rev: message.rev,
        edit: String::new(),
        is_deleted: message.deleted_at_ms.is_some(),
        is_pinned: message.pinned,
        reactions,
    }
}

// Long because it has one arm for each event.
fn frame_of(event: &Event) -> Option<ServerFrame> {
    Some(match event {
        Event::Joined(it) => ServerFrame::Joined(Joined {
            room: it.room.to_string(),
            epoch: Epoch(it.head.epoch),
            head: it.head.seq,
            recovered: it.recovered,
            has_more: it.has_more,
            lines: it.messages.iter().map(line).collect(),
            online: it.to_wire().members.iter().filter(|it| it.online).map(|it| it.id.to_string()).collect(),
            rev: it.takes_changes.then_some(it.rev),
            changed: it.changed.iter().map(line).collect(),
        }),
        Event::Message(it) => ServerFrame::Message { room: it.room.to_string(), line: line(&it.to_wire()) },
        Event::Posted(it) => {
            let epoch = Epoch(it.cursor.epoch);
            let (seq, id, text) = (it.cursor.seq, it.id.0, String::new());
            let line = MessageLine { epoch, seq, id, text, state: None };
            ServerFrame::Posted { room: it.room.to_string(), draft: it.draft.0, line }
        }
        Event::Changed(it) => ServerFrame::Changed {
            room: it.room.to_string(),
            from: it.from,
            to: it.to,
            lines: it.messages.iter().map(line).collect(),
        },
        Event::Change(it) => changed(&it.message),
        Event::MessageChanged(it) => changed(it),
        Event::Done(it) => ServerFrame::Done { room: it.room.to_string(), draft: it.draft.0, rev: it.rev },
        Event::Failed(it) => {
            let why = match it.error.code() {
                ErrorCode::NotFound => FailureReason::NoRoom,
                ErrorCode::NotJoined => FailureReason::NotJoined,
                ErrorCode::Unavailable | ErrorCode::RateLimited => FailureReason::Later,
                _ => FailureReason::Never,
            };
            let room = it.room.as_ref().map(ToString::to_string);
            ServerFrame::Failed { room, draft: it.draft.map(|draft| draft.0), why }
        }
        Event::RoomAdded(it) => ServerFrame::Invited { room: it.id.to_string() },
        Event::Left(it) | Event::RoomRemoved(it) => ServerFrame::Out { room: it.room.to_string() },
        Event::Presence(it) => presence(it),
        Event::MemberAdded(it) => {
            let online = it.member.online.then(|| it.member.id.to_string());
            ServerFrame::Presence {
                room: it.room.to_string(),
                online: online.into_iter().collect(),
                offline: Vec::new(),
            }
        }
        Event::MemberRemoved(it) => ServerFrame::Presence {
            room: it.room.to_string(),
            online: Vec::new(),
            offline: vec![it.user.to_string()],
        },
        Event::Direct(direct, number) => entry(EntryKind::Direct, direct.body.clone(), None, *number),
        Event::InboxPosition(it) => ServerFrame::Inbox { number: it.inbox, recovered: it.recovered },
        // No result is ever replaced here: an update is an end that is told again.
        Event::Job(change, _, number)
            if matches!(change.step, JobStep::Completed | JobStep::Failed | JobStep::Updated) =>
        {
            let result = change.job.result.as_ref().and_then(Value::as_str).map(str::to_owned);
            entry(EntryKind::Job, change.job.title.clone(), result, *number)
        }
        Event::Notification(it, number) => entry(EntryKind::Notice, it.title.clone(), None, *number),
        // Takes room in the outbox and means nothing to the client.
        Event::Typing(it) => {
            ServerFrame::Presence { room: it.room.to_string(), online: Vec::new(), offline: Vec::new() }
        }
        _ => return None,
    })
}

fn changed(message: &Message) -> ServerFrame {
    ServerFrame::MessageChanged { room: message.room.to_string(), line: line(&message.to_wire()) }
}

fn entry(kind: EntryKind, text: String, result: Option<String>, number: Option<u64>) -> ServerFrame {
    ServerFrame::Entry { kind, text, result, number }
}

/// Presence in an order that does not depend on the hub's maps.
fn presence(change: &PresenceChange) -> ServerFrame {
    let names = |users: &[UserId]| {
        let mut names: Vec<String> = users.iter().map(ToString::to_string).collect();
        names.sort();
        names
    };
    let (online, offline) = (names(&change.online), names(&change.offline));
    ServerFrame::Presence { room: change.room.to_string(), online, offline }
}
