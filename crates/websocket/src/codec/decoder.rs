//! Decoder: turns bytes, however they are cut, into messages and control frames.

use bytes::{Buf, Bytes, BytesMut};

use super::frame::{Header, unmask};
use super::message::Message;
use super::{CloseFrame, Incoming, Kind, Limits, Opcode, Violation};

/// Reads what a client sends. While no message is on its way it owns no memory but itself.
pub struct Decoder {
    limits: Limits,
    may_compress: bool,
    frame: Option<OpenFrame>,
    message: Option<Box<Message>>,
    ended: bool,
}

/// A data frame whose payload has not arrived completely.
struct OpenFrame {
    fin: bool,
    mask: [u8; 4],
    missing: u64,
    /// Bytes at the beginning of the buffer that are unmasked and not inflated yet.
    unmasked: usize,
}

impl Decoder {
    /// `may_compress`: whether permessage-deflate was agreed.
    pub fn new(limits: Limits, may_compress: bool) -> Self {
        Self { limits, may_compress, frame: None, message: None, ended: false }
    }

    /// The next message or control frame, or nothing until more has arrived or, while it [is paused](Self::is_paused), until it
    /// is called again. Takes decoded bytes from `buffer`; unless it is paused, only the beginning of a header or of a control
    /// frame remains there.
    ///
    /// # Errors
    /// [`Violation`], as soon as it can be seen: broken text is refused before its frame is complete. After that, and
    /// after a close frame, whatever arrives is thrown away.
    pub fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Incoming>, Violation> {
        let decoded = if self.ended { Ok(None) } else { self.advance(buffer) };
        if matches!(decoded, Err(_) | Ok(Some(Incoming::Close(_)))) {
            self.ended = true;
            self.frame = None;
            self.message = None;
        }
        if self.ended {
            buffer.clear();
        }
        decoded
    }

    /// Sets how much a message may be from now on, also one that has begun.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Whether there is more to inflate in the buffer. One call inflates 64 KiB, so that its caller can let others work.
    pub fn is_paused(&self) -> bool {
        self.frame.as_ref().is_some_and(|frame| frame.unmasked > 0)
    }

    /// Whether a message has begun and has not ended.
    pub fn has_begun(&self) -> bool {
        self.message.is_some()
    }

    /// How many bytes are known to come: what a reader may make room for, with a limit of its own.
    pub fn missing_bytes(&self) -> u64 {
        self.frame.as_ref().map_or(0, |frame| frame.missing)
    }

    fn advance(&mut self, buffer: &mut BytesMut) -> Result<Option<Incoming>, Violation> {
        loop {
            if self.frame.is_some() {
                if !self.take_payload(buffer)? {
                    return Ok(None);
                }
                if let Some(message) = self.take_finished() {
                    return message.finish(self.limits).map(Some);
                }
            }
            let Some((header, length)) = Header::parse(buffer, self.may_compress)? else { return Ok(None) };
            if header.opcode.is_control() {
                return take_control(&header, length, buffer);
            }
            self.begin_frame(&header)?;
            buffer.advance(length);
        }
    }

    fn begin_frame(&mut self, header: &Header) -> Result<(), Violation> {
        let kind = match header.opcode {
            Opcode::Text => Some(Kind::Text),
            Opcode::Binary => Some(Kind::Binary),
            _ => None,
        };
        let message = match (kind, &mut self.message) {
            (Some(kind), slot @ None) => slot.insert(Box::new(Message::new(kind, header.compressed))),
            (None, Some(message)) => message,
            (Some(_), Some(_)) => return Err(Violation::Interleaved),
            (None, None) => return Err(Violation::NothingToContinue),
        };
        message.begin_frame(header.payload_bytes, self.limits)?;
        self.frame = Some(OpenFrame {
            fin: header.fin,
            mask: header.mask,
            missing: header.payload_bytes,
            unmasked: 0,
        });
        Ok(())
    }

    /// Takes what has arrived of the open frame, or as much as makes a step; whether that was the rest of the frame.
    fn take_payload(&mut self, buffer: &mut BytesMut) -> Result<bool, Violation> {
        let (Some(frame), Some(message)) = (&mut self.frame, &mut self.message) else { return Ok(true) };
        let arrived = usize::try_from(frame.missing).unwrap_or(usize::MAX).min(buffer.len());
        let piece = buffer.get_mut(..arrived).unwrap_or_default();
        frame.mask = unmask(piece.get_mut(frame.unmasked..).unwrap_or_default(), frame.mask);
        let taken = message.push(piece, self.limits)?;
        buffer.advance(taken);
        frame.unmasked = arrived - taken;
        frame.missing -= taken as u64;
        Ok(frame.missing == 0)
    }

    /// Closes the open frame, which is complete; the message, if this was its last frame.
    fn take_finished(&mut self) -> Option<Box<Message>> {
        let frame = self.frame.take()?;
        if frame.fin { self.message.take() } else { None }
    }
}

/// A control frame, once it is there as a whole. At most 125 bytes wait for the rest.
fn take_control(
    header: &Header,
    length: usize,
    buffer: &mut BytesMut,
) -> Result<Option<Incoming>, Violation> {
    let end = length + usize::try_from(header.payload_bytes).map_err(|_| Violation::LongControl)?;
    let Some(payload) = buffer.get_mut(length..end) else { return Ok(None) };
    unmask(payload, header.mask);
    let said = match header.opcode {
        Opcode::Ping => Incoming::Ping(Bytes::copy_from_slice(payload)),
        Opcode::Pong => Incoming::Pong(Bytes::copy_from_slice(payload)),
        _ => Incoming::Close(CloseFrame::parse(payload)?),
    };
    buffer.advance(end);
    Ok(Some(said))
}
