//! Reading: turns bytes into events.

use std::io::{ErrorKind, Read as _};

use memchr::memmem;

use super::connection::Stage;
use super::{Engine, Event};
use crate::clock::now;
use crate::dialect::Heard;
use crate::{frame, payload_stamp};

/// How much of a refusal is shown.
const SHOWN: usize = 160;

impl Engine {
    pub(super) fn readable(&mut self, id: usize, on: &mut dyn FnMut(Event)) {
        let mut buffer = std::mem::take(&mut self.buffer);
        self.read(id, &mut buffer, on);
        self.buffer = buffer;
    }

    /// Reads once. Level-triggered epoll comes back for more.
    fn read(&mut self, id: usize, buffer: &mut Vec<u8>, on: &mut dyn FnMut(Event)) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        let Some(stream) = &mut connection.stream else { return };
        let held = std::mem::take(&mut connection.held);
        if buffer.len() < 2 * held.len() {
            buffer.resize(2 * held.len(), 0);
        }
        let Some((front, free)) = buffer.split_at_mut_checked(held.len()) else { return };
        front.copy_from_slice(&held);
        let more = match stream.read(free) {
            Ok(0) => return self.lose(id, "the server has ended it", on),
            Ok(more) => more,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                connection.held = held;
                return;
            }
            Err(error) => return self.lose(id, &format!("reading: {error}"), on),
        };
        let bytes = buffer.get(..held.len() + more).unwrap_or_default();
        let rest = self.take(id, bytes, on);
        if let Some(connection) = self.connections.get_mut(id)
            && !rest.is_empty()
            && connection.stream.is_some()
        {
            connection.held = rest.to_vec();
        }
    }

    /// Takes all that is complete and returns what is not.
    fn take<'a>(&mut self, id: usize, bytes: &'a [u8], on: &mut dyn FnMut(Event)) -> &'a [u8] {
        let mut rest = bytes;
        if self.stage(id) == Stage::Upgrading {
            let Some(end) = memmem::find(bytes, b"\r\n\r\n") else { return bytes };
            if !bytes.starts_with(b"HTTP/1.1 101") {
                self.lose(id, &format!("refused: {}", shown(bytes)), on);
                return &[];
            }
            rest = bytes.get(end + 4..).unwrap_or_default();
            self.set_stage(id, Stage::Opening);
            if self.dialect.opens_at_once() {
                self.opened(id, on);
            }
        }
        let at = now();
        while let Some(head) = frame::read(rest) {
            let payload = rest.get(head.start..head.end).unwrap_or_default();
            rest = rest.get(head.end..).unwrap_or_default();
            match head.opcode {
                frame::TEXT if head.is_final => self.text(id, payload, at, on),
                frame::PING => self.say(id, frame::PONG, payload),
                frame::PONG => {}
                frame::CLOSE => {
                    self.lose(id, &format!("closed: {}", shown(payload.get(2..).unwrap_or_default())), on);
                    return &[];
                }
                frame::TEXT | frame::CONTINUATION => self.fragment(id, payload, head.is_final, at, on),
                other => self.note_failure(|| format!("a frame of kind {other}")),
            }
            if self.stage(id) == Stage::Closed {
                return &[];
            }
        }
        rest
    }

    fn fragment(&mut self, id: usize, part: &[u8], is_last: bool, at: u64, on: &mut dyn FnMut(Event)) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        connection.fragments.extend_from_slice(part);
        if is_last {
            let whole = std::mem::take(&mut connection.fragments);
            self.text(id, &whole, at, on);
        }
    }

    fn text(&mut self, id: usize, text: &[u8], at: u64, on: &mut dyn FnMut(Event)) {
        if self.stage(id) == Stage::Ready
            && payload_stamp::each(text, |stamp| on(Event::Received { stamp, at }))
        {
            return;
        }
        let token = self.connections.get(id).map(|it| it.spec.token.as_str()).unwrap_or_default();
        match (self.dialect.hear(text, token), self.stage(id)) {
            (Heard::Answer(answer), _) => self.say(id, frame::TEXT, answer.as_bytes()),
            (Heard::Open, Stage::Opening) => self.opened(id, on),
            (Heard::Joined, Stage::Joining) => self.joined(id, text, on),
            (Heard::Stored(number), _) => on(Event::Stored { number, at }),
            (Heard::Refused, Stage::Ready) => self.note_failure(|| shown(text)),
            (Heard::Refused, _) => self.lose(id, &shown(text), on),
            _ => {}
        }
    }

    fn opened(&mut self, id: usize, on: &mut dyn FnMut(Event)) {
        let Some(connection) = self.connections.get(id) else { return };
        let join = connection.spec.room.as_deref();
        match join.map(|room| self.dialect.join(room, connection.position.as_deref())) {
            Some(join) => {
                self.set_stage(id, Stage::Joining);
                self.say(id, frame::TEXT, join.as_bytes());
            }
            None => self.is_in(id, on),
        }
    }

    fn joined(&mut self, id: usize, text: &[u8], on: &mut dyn FnMut(Event)) {
        self.recovered += u64::from(self.dialect.is_recovered(text));
        let position = self.dialect.position(text);
        if let Some(connection) = self.connections.get_mut(id) {
            connection.position = position;
        }
        self.is_in(id, on);
    }

    fn is_in(&mut self, id: usize, on: &mut dyn FnMut(Event)) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        connection.stage = Stage::Ready;
        self.handshake.saturating_record(now() - connection.began);
        self.under_way -= 1;
        self.ready += 1;
        on(Event::Ready(id));
    }

    fn stage(&self, id: usize) -> Stage {
        self.connections.get(id).map_or(Stage::Closed, |it| it.stage)
    }

    fn set_stage(&mut self, id: usize, stage: Stage) {
        if let Some(connection) = self.connections.get_mut(id) {
            connection.stage = stage;
        }
    }
}

fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(text.get(..SHOWN).unwrap_or(text)).replace(['\r', '\n'], " ")
}
