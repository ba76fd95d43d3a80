//! Client behaviour in each dialect. Pure: text in, text out; the link carries it.

mod chat_api;
mod listener;
mod native;
mod quizmaster;
mod skilllift;
mod socketio;

use std::collections::BTreeSet;

use serde_json::Value;

use super::journal::Journal;
use crate::history::EntryKind;

pub(super) use chat_api::ChatApi;
pub(super) use listener::{Endpoint, Listener};
pub(super) use native::Native;
pub(super) use quizmaster::QuizMaster;
pub(super) use skilllift::SkillLift;
pub(super) use socketio::{SocketIo, Transport};

/// Whether a client keeps its connection after a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Continue,
    /// It connects anew.
    Reconnect,
}

/// One client's side of a dialect, over all its connections.
pub(super) trait Behaviour: Send {
    /// The path of a handshake, with its query, that shows this token.
    fn path(&self, token: &str) -> String;

    /// A connection was opened.
    fn begin(&mut self, journal: &mut Journal, out: &mut Vec<String>);

    /// A frame came.
    fn receive(&mut self, frame: &str, journal: &mut Journal, out: &mut Vec<String>) -> Next;

    /// Says a line in a room, now or when it may.
    fn send(&mut self, room: &str, text: String, journal: &mut Journal, out: &mut Vec<String>);

    /// Some time has passed on an open connection.
    fn tick(&mut self, journal: &mut Journal, out: &mut Vec<String>);

    /// Follows everything on this connection, and waits for nothing.
    fn is_settled(&self) -> bool;

    /// Begins with polls and changes to a WebSocket.
    fn upgrades(&self) -> bool {
        false
    }

    /// The rooms that it sends to.
    fn rooms(&self) -> &[String];

    /// The rooms that it is subscribed to, and the inbox as one of them.
    fn subscriptions(&self) -> BTreeSet<String>;

    /// The entries of its user's inbox that it keeps account of.
    fn kinds(&self) -> BTreeSet<EntryKind> {
        BTreeSet::new()
    }
}

/// The name of a job, by the title of the notification that comes with its end.
fn is_notice(title: &str) -> bool {
    title.ends_with(" is done")
}

/// A user's notifications as a room of the history.
pub(super) fn inbox_of(user: &str) -> String {
    format!("inbox:{user}")
}

/// What a server may refuse while it comes and goes; anything else is odd.
fn is_for_a_time(code: &str) -> bool {
    matches!(code, "unavailable" | "internal" | "rate_limited" | "too_many")
}

/// A value of an object; `null` where there is none.
fn field<'a>(object: &'a Value, key: &str) -> &'a Value {
    object.get(key).unwrap_or(&Value::Null)
}
