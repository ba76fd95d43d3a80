//! Page limit: bounds one answer to a join in bytes, so that it neither fills a send queue nor occupies a slow connection for
//! minutes. Pure.

use std::sync::Arc;

use protocol::{Cursor, Message, Reaction, RoomId, limits};

use crate::join_snapshot::JoinSnapshot;
use crate::model;
use crate::roster::Roster;

/// Bytes that a message costs beside its text: names and identifiers.
const OVERHEAD: usize = 256;

/// Bytes of a text as JSON, in which some characters are escaped.
fn json_bytes(text: &str) -> usize {
    let bytes = text.bytes().map(|byte| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0x00..=0x1f => 6,
        _ => 1,
    });
    bytes.sum()
}

/// Bytes of the reactions to a message as JSON, about.
fn reaction_bytes(reactions: &[Reaction]) -> usize {
    let one = |reaction: &Reaction| {
        let users = reaction.users.iter().map(|user| user.as_str().len() + 3).sum::<usize>();
        40 + json_bytes(&reaction.emoji) + users
    };
    reactions.iter().map(one).sum()
}

/// Bytes of a message as an event, about.
fn event_bytes(message: &model::Message) -> usize {
    let reactions = message.state.as_ref().map_or(0, |state| reaction_bytes(&state.reactions));
    json_bytes(&message.body) + reactions + OVERHEAD
}

/// How many of these messages fit one answer, counted from the first: at least one.
pub(crate) fn fitting<'a>(messages: impl Iterator<Item = &'a Message>) -> usize {
    let mut bytes = 0;
    let fits = messages.take_while(|message| {
        let is_first = bytes == 0;
        bytes += json_bytes(&message.body) + reaction_bytes(&message.reactions) + OVERHEAD;
        is_first || bytes <= limits::PAGE_BYTES
    });
    fits.count()
}

/// Whether one answer has room for both.
pub(crate) fn is_one_answer(messages: &[Message], changed: &[Message]) -> bool {
    let count = messages.len() + changed.len();
    count <= 1 || changed.is_empty() || fitting(messages.iter().chain(changed)) == count
}

/// Keeps as many of the first messages as fit one answer. Whether there were more.
pub(crate) fn keep_first(messages: &mut Vec<Message>) -> bool {
    let all = messages.len();
    messages.truncate(fitting(messages.iter()));
    messages.len() < all
}

/// Keeps as many of the last messages as fit one answer. Whether there were more.
pub(crate) fn keep_last(messages: &mut Vec<Message>) -> bool {
    let all = messages.len();
    messages.drain(..all - fitting(messages.iter().rev()));
    messages.len() < all
}

/// Whether these messages are sent in one portion, each as an event.
pub(crate) fn is_one_portion<'a>(messages: impl IntoIterator<Item = &'a model::Message>) -> bool {
    let bytes: usize = messages.into_iter().map(event_bytes).sum();
    bytes <= limits::PORTION_BYTES
}

/// As many of these messages as are sent in one portion, each as an event: at least one.
pub(crate) fn portion(messages: impl Iterator<Item = model::Message>) -> Vec<model::Message> {
    let mut bytes = 0;
    let fits = messages.take_while(|message| {
        let is_first = bytes == 0;
        bytes += event_bytes(message);
        is_first || bytes <= limits::PORTION_BYTES
    });
    fits.collect()
}

/// The answer to a client that misses more than these messages. Its position is the last of them; `None` without any. It has
/// no more changes than before.
pub(crate) fn of_more(
    room: &RoomId,
    chat: Option<&RoomId>,
    messages: Vec<Message>,
    rev: Option<u64>,
) -> Option<JoinSnapshot> {
    let head = messages.last()?.cursor;
    Some(JoinSnapshot { messages, ..part(room, chat, head, rev) })
}

/// The answer to a client that misses no message and more changes than these. `None` without any.
pub(crate) fn of_more_changes(
    room: &RoomId,
    chat: Option<&RoomId>,
    head: Cursor,
    changed: Vec<Message>,
) -> Option<JoinSnapshot> {
    let rev = changed.last()?.rev;
    Some(JoinSnapshot { changed, ..part(room, chat, head, Some(rev)) })
}

fn part(room: &RoomId, chat: Option<&RoomId>, head: Cursor, rev: Option<u64>) -> JoinSnapshot {
    JoinSnapshot {
        room: room.clone(),
        chat: chat.cloned(),
        head,
        recovered: true,
        has_more: true,
        messages: Vec::new(),
        roster: Arc::new(Roster::default()),
        unannounced: None,
        typing: Vec::new(),
        participants: Vec::new(),
        live: None,
        rev: rev.unwrap_or(0),
        takes_changes: rev.is_some(),
        changed: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use protocol::{DraftId, MessageId, MessageKind, UserId};
    use uuid::Uuid;

    use super::*;
    use crate::model::{MessageState, User};

    /// A message that takes so many bytes as an event.
    fn of_bytes(bytes: usize) -> model::Message {
        let author = User {
            id: UserId::parse("ann").unwrap(),
            username: "ann".to_owned(),
            email: "ann@example.org".to_owned(),
            is_active: true,
            created_at_ms: 0,
        };
        model::Message {
            room: RoomId::parse("hall").unwrap(),
            cursor: Cursor { epoch: 7, seq: 1 },
            id: MessageId(Uuid::nil()),
            author: Arc::new(author),
            draft: DraftId(Uuid::nil()),
            body: "x".repeat(bytes - OVERHEAD).into(),
            at_ms: 0,
            parent: None,
            kind: MessageKind::Text,
            state: None,
        }
    }

    #[test]
    fn portion_has_as_many_bytes_as_allowed_and_at_least_one_message() {
        let quarter = || of_bytes(limits::PORTION_BYTES / 4);
        let count = |messages: Vec<model::Message>| portion(messages.into_iter()).len();
        assert_eq!(count(vec![quarter(), quarter(), quarter(), quarter()]), 4);
        assert_eq!(count(vec![quarter(), quarter(), quarter(), of_bytes(limits::PORTION_BYTES / 4 + 1)]), 3);
        assert_eq!(count(vec![of_bytes(2 * limits::PORTION_BYTES), quarter()]), 1);
        assert!(is_one_portion(&[quarter(), quarter(), quarter(), quarter()]));
        assert!(!is_one_portion(&[quarter(), quarter(), quarter(), of_bytes(limits::PORTION_BYTES / 4 + 1)]));
    }

    #[test]
    fn reactions_and_escaped_characters_take_bytes() {
        let plain = of_bytes(1_000);
        assert_eq!(event_bytes(&plain), 1_000);
        let quoted = model::Message { body: "\"\u{1}x".into(), ..plain.clone() };
        assert_eq!(event_bytes(&quoted), OVERHEAD + 2 + 6 + 1);
        let reaction =
            Reaction { emoji: "ok".to_owned(), count: 1, users: vec![UserId::parse("ann").unwrap()] };
        let state = MessageState { reactions: vec![reaction.clone(), reaction], ..MessageState::default() };
        let reacted = model::Message { state: Some(Box::new(state)), ..plain };
        assert_eq!(event_bytes(&reacted), 1_000 + 2 * (40 + 2 + 6));
    }

    #[test]
    fn one_answer_has_room_for_both_or_is_one_message() {
        let wire = |bytes| of_bytes(bytes).to_wire();
        let half = || wire(limits::PAGE_BYTES / 2);
        assert!(is_one_answer(&[half()], &[half()]));
        assert!(!is_one_answer(&[half()], &[wire(limits::PAGE_BYTES / 2 + 1)]));
        assert!(is_one_answer(&[], &[wire(2 * limits::PAGE_BYTES)]));
        assert!(is_one_answer(&[half(), half(), half()], &[]), "messages alone were cut before");
    }
}
