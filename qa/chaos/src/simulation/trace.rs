//! Trace: everything that happens in a run, as one hash to compare and as lines to read.

use std::fmt::{self, Write};

use super::frames::ServerFrame;
use super::rng::{DIGEST_OF_NOTHING, digest};

/// Notes everything that happens. No note has an identifier in it that was random: a replay gives others.
#[derive(Debug)]
pub(crate) struct Trace {
    hash: u64,
    line: String,
    lines: Option<Vec<String>>,
}

impl Trace {
    /// An empty trace, whose lines are kept or not.
    pub(crate) fn new(keeps_lines: bool) -> Self {
        Self { hash: DIGEST_OF_NOTHING, line: String::new(), lines: keeps_lines.then(Vec::new) }
    }

    /// Something happens at a moment.
    pub(crate) fn note(&mut self, now: u64, what: fmt::Arguments<'_>) {
        self.line.clear();
        // Writing into a text does not fail.
        write!(self.line, "{now:>8} ms  {what}").ok();
        self.hash = digest(self.hash, self.line.as_bytes());
        if let Some(lines) = &mut self.lines {
            lines.push(self.line.clone());
        }
    }

    /// Notes what a client receives, without what is random.
    pub(crate) fn note_frame(&mut self, now: u64, name: &str, frame: &ServerFrame) {
        match frame {
            ServerFrame::Joined(it) => {
                let (first, last) = (it.lines.first().map(|it| it.seq), it.lines.last().map(|it| it.seq));
                let words = if it.recovered { "recovers" } else { "starts over" };
                let (room, head) = (&it.room, it.head);
                self.note(
                    now,
                    format_args!(
                        "{name} joins {room}, {words} at {head} with {first:?} to {last:?}, there: {:?}",
                        it.online
                    ),
                );
            }
            ServerFrame::Message { room, line } => {
                self.note(now, format_args!("{name} is told number {} of {room}: {}", line.seq, line.text));
            }
            ServerFrame::Changed { room, from, to, lines } => {
                let seqs: Vec<u64> = lines.iter().map(|line| line.seq).collect();
                self.note(now, format_args!("{name} is told changes {from} to {to} of {room}: {seqs:?}"));
            }
            ServerFrame::MessageChanged { room, line } => {
                self.note(now, format_args!("{name} is told a change of number {} of {room}", line.seq));
            }
            ServerFrame::Done { room, rev, .. } => {
                self.note(now, format_args!("{name} is told that a change is number {rev} of {room}"));
            }
            ServerFrame::Posted { room, line, .. } => {
                self.note(now, format_args!("{name} is told that a line is number {} of {room}", line.seq));
            }
            ServerFrame::Failed { room, draft, why } => {
                let what = if draft.is_some() { "a line" } else { "a request" };
                self.note(now, format_args!("{name} is refused {what} in {room:?}: {why:?}"));
            }
            ServerFrame::Presence { room, online, offline } => {
                let (mut online, mut offline) = (online.clone(), offline.clone());
                online.sort();
                offline.sort();
                self.note(now, format_args!("{name} is told of {room}: came {online:?}, went {offline:?}"));
            }
            ServerFrame::Entry { kind, text, .. } => {
                self.note(now, format_args!("{name} is told of its inbox ({kind:?}): {text}"));
            }
            ServerFrame::Inbox { number, recovered } => {
                self.note(
                    now,
                    format_args!("{name} stands at {number} of its inbox, recovered: {recovered}"),
                );
            }
            ServerFrame::Resumed { recovered } => {
                let words = if *recovered { "where it stood" } else { "from anew" };
                self.note(now, format_args!("{name} is in, {words}"));
            }
            ServerFrame::Invited { room } | ServerFrame::Out { room } => {
                self.note(now, format_args!("{name} is told of {room}: {frame:?}"));
            }
        }
    }

    /// The number of it all, and the lines if they were kept.
    pub(crate) fn into_parts(self) -> (u64, Vec<String>) {
        (self.hash, self.lines.unwrap_or_default())
    }
}
