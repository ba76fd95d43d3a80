//! Page limit: bounds one answer to a join in bytes, so that it neither fills a send queue nor occupies a slow connection for
//! minutes. Pure.

use std::sync::Arc;

use protocol::{Message, RoomId, limits};

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

/// How many of these messages fit one answer, counted from the first: at least one.
fn fitting<'a>(messages: impl Iterator<Item = &'a Message>) -> usize {
    let mut bytes = 0;
    let fits = messages.take_while(|message| {
        let is_first = bytes == 0;
        bytes += json_bytes(&message.body) + OVERHEAD;
        is_first || bytes <= limits::PAGE_BYTES
    });
    fits.count()
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
pub(crate) fn is_one_portion(messages: &[model::Message]) -> bool {
    let bytes: usize = messages.iter().map(|message| json_bytes(&message.body) + OVERHEAD).sum();
    bytes <= limits::PORTION_BYTES
}

/// As many of these messages as are sent in one portion, each as an event: at least one.
pub(crate) fn portion(messages: impl Iterator<Item = model::Message>) -> Vec<model::Message> {
    let mut bytes = 0;
    let fits = messages.take_while(|message| {
        let is_first = bytes == 0;
        bytes += json_bytes(&message.body) + OVERHEAD;
        is_first || bytes <= limits::PORTION_BYTES
    });
    fits.collect()
}

/// The answer to a client that misses more than these messages. Its position is the last of them; `None` without any.
pub(crate) fn of_more(room: &RoomId, chat: Option<&RoomId>, messages: Vec<Message>) -> Option<JoinSnapshot> {
    let head = messages.last()?.cursor;
    Some(JoinSnapshot {
        room: room.clone(),
        chat: chat.cloned(),
        head,
        recovered: true,
        has_more: true,
        messages,
        roster: Arc::new(Roster::default()),
        unannounced: None,
        typing: Vec::new(),
        participants: Vec::new(),
        live: None,
    })
}
