//! Decoder: turns messages in order into packets: text, and the attachments that follow it.

use bytes::Bytes;

use super::packet::{DecodeError, Packet, parse};
use super::placeholders::are_attached;

/// Puts packets together from the messages of one client.
#[derive(Debug)]
pub struct PacketDecoder {
    max_attachments: usize,
    max_bytes: usize,
    /// In a box: most packets have no attachments.
    waiting: Option<Box<Waiting>>,
}

/// A packet whose attachments have not all come.
#[derive(Debug)]
struct Waiting {
    packet: Packet,
    count: usize,
    attachments: Vec<Bytes>,
    /// Of the text and the attachments that have come.
    bytes: usize,
}

impl PacketDecoder {
    /// A decoder that refuses packets with more than `max_attachments`, and those whose text and attachments have more than
    /// `max_bytes` together.
    pub fn new(max_attachments: usize, max_bytes: usize) -> Self {
        Self { max_attachments, max_bytes, waiting: None }
    }

    /// Whether a packet waits for its attachments.
    pub fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// Takes a text message. `None`: its attachments are still to come.
    ///
    /// # Errors
    /// [`DecodeError`]; the connection cannot go on after it.
    pub fn text(&mut self, text: &Bytes) -> Result<Option<Packet>, DecodeError> {
        if self.waiting.is_some() {
            return Err(DecodeError::TextInsteadOfBinary);
        }
        let parsed = parse(text, self.max_attachments)?;
        match parsed.attachments {
            None => Ok(Some(parsed.packet)),
            Some(count) => {
                check_placeholders(&parsed.packet, count)?;
                if count == 0 {
                    return Ok(Some(parsed.packet));
                }
                let bytes = text.len();
                let waiting = Waiting { packet: parsed.packet, count, attachments: Vec::new(), bytes };
                self.waiting = Some(Box::new(waiting));
                Ok(None)
            }
        }
    }

    /// Takes a binary message. `None`: more attachments are to come.
    ///
    /// # Errors
    /// [`DecodeError::UnexpectedBinary`] when no packet waits for it, [`DecodeError::TooBig`] when it is too much.
    pub fn binary(&mut self, data: Bytes) -> Result<Option<Packet>, DecodeError> {
        let mut waiting = self.waiting.take().ok_or(DecodeError::UnexpectedBinary)?;
        waiting.bytes += data.len();
        if waiting.bytes > self.max_bytes {
            return Err(DecodeError::TooBig);
        }
        waiting.attachments.push(data);
        if waiting.attachments.len() < waiting.count {
            self.waiting = Some(waiting);
            return Ok(None);
        }
        let Waiting { mut packet, attachments, .. } = *waiting;
        if let Packet::Event { event, .. } = &mut packet {
            event.args.attach(attachments);
        } else if let Packet::Ack { args, .. } = &mut packet {
            args.attach(attachments);
        }
        Ok(Some(packet))
    }
}

fn check_placeholders(packet: &Packet, count: usize) -> Result<(), DecodeError> {
    let args = match packet {
        Packet::Event { event, .. } => &event.args,
        Packet::Ack { args, .. } => args,
        Packet::Connect { .. } | Packet::Disconnect { .. } => return Ok(()),
    };
    let placed = (0..args.len()).all(|index| args.raw(index).is_some_and(|json| are_attached(json, count)));
    if placed { Ok(()) } else { Err(DecodeError::Placeholder) }
}
