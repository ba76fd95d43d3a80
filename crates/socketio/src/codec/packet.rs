//! Packet: its type, namespace, acknowledgement number and arguments, read strictly.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::incoming_args::IncomingArgs;

/// The default namespace.
pub const MAIN: &str = "/";

/// Arguments of an event, or of an acknowledgement. Clients send one, some libraries a handful.
pub const MAX_ARGUMENTS: usize = 64;

/// Bytes of the name of a namespace.
const MAX_NAMESPACE_BYTES: usize = 256;

/// Events that the libraries raise themselves, so no client sends them.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// A packet that a client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// Asks to enter a namespace.
    Connect {
        /// Which one.
        namespace: Box<str>,
        /// A JSON object, if anything came along. UTF-8.
        payload: Option<Bytes>,
    },
    /// Leaves a namespace.
    Disconnect {
        /// Which one.
        namespace: Box<str>,
    },
    /// An event.
    Event {
        /// Where.
        namespace: Box<str>,
        /// What.
        event: ClientEvent,
    },
    /// Answers an event that asked for it.
    Ack {
        /// Where the event came from.
        namespace: Box<str>,
        /// The number that the event had.
        id: u64,
        /// The answer.
        args: IncomingArgs,
    },
}

/// An event of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientEvent {
    /// Its name. A number counts as its digits.
    pub name: Box<str>,
    /// What it carries.
    pub args: IncomingArgs,
    /// The number to acknowledge it with, if the client waits for that.
    pub ack: Option<u64>,
}

/// Why a message is no packet that a client may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The text is not UTF-8.
    #[error("text that is not UTF-8")]
    Utf8,
    /// The type is none, or one that only a server sends.
    #[error("no packet type of a client")]
    Type,
    /// The name of the namespace is too long.
    #[error("a namespace with too long a name")]
    Namespace,
    /// The number of attachments is none.
    #[error("no number of attachments")]
    Attachments,
    /// More attachments than are taken.
    #[error("too many attachments")]
    TooManyAttachments,
    /// A placeholder stands for no attachment.
    #[error("a placeholder without its attachment")]
    Placeholder,
    /// The number to acknowledge with is none, or missing where it is needed.
    #[error("no number of an acknowledgement")]
    AckId,
    /// More arguments than are taken.
    #[error("too many arguments")]
    TooManyArguments,
    /// Text and attachments together are more than is taken.
    #[error("a packet beyond the limit")]
    TooBig,
    /// What the packet carries is not what its type carries.
    #[error("a payload that does not belong to the packet's type")]
    Payload,
    /// An event has a name that the libraries reserve.
    #[error("a reserved event name")]
    Reserved,
    /// Text came where an attachment was due.
    #[error("text in place of an attachment")]
    TextInsteadOfBinary,
    /// Bytes came that no packet announced.
    #[error("an attachment without a packet")]
    UnexpectedBinary,
}

/// A packet and the number of attachments that follow it.
pub(super) struct Parsed {
    pub(super) packet: Packet,
    /// `None` for a type without attachments.
    pub(super) attachments: Option<usize>,
}

/// Reads the text of a packet.
pub(super) fn parse(text: &Bytes, max_attachments: usize) -> Result<Parsed, DecodeError> {
    let whole = std::str::from_utf8(text).map_err(|_| DecodeError::Utf8)?;
    let mut rest = whole;
    let kind = take_kind(&mut rest)?;
    let attachments =
        if kind.is_binary() { Some(take_attachments(&mut rest, max_attachments)?) } else { None };
    let namespace: Box<str> = take_namespace(&mut rest)?.into();
    let packet = match kind {
        Kind::Connect => {
            let payload = (!rest.is_empty()).then(|| text.slice(whole.len() - rest.len()..));
            if payload.is_some() && !is_object(rest) {
                return Err(DecodeError::Payload);
            }
            Packet::Connect { namespace, payload }
        }
        Kind::Disconnect if rest.is_empty() => Packet::Disconnect { namespace },
        Kind::Disconnect => return Err(DecodeError::Payload),
        Kind::Event | Kind::BinaryEvent => {
            let ack = take_number(&mut rest)?;
            let (name, places) = name_and_places(whole, rest)?;
            Packet::Event {
                namespace,
                event: ClientEvent { name, args: IncomingArgs::new(text.clone(), places), ack },
            }
        }
        Kind::Ack | Kind::BinaryAck => {
            let id = take_number(&mut rest)?.ok_or(DecodeError::AckId)?;
            let values = elements(rest, MAX_ARGUMENTS)?;
            let places = values.into_iter().map(|value| place(whole, value)).collect();
            Packet::Ack { namespace, id, args: IncomingArgs::new(text.clone(), places) }
        }
    };
    Ok(Parsed { packet, attachments })
}

#[derive(Clone, Copy)]
enum Kind {
    Connect,
    Disconnect,
    Event,
    Ack,
    BinaryEvent,
    BinaryAck,
}

impl Kind {
    fn is_binary(self) -> bool {
        matches!(self, Self::BinaryEvent | Self::BinaryAck)
    }
}

fn take_kind(rest: &mut &str) -> Result<Kind, DecodeError> {
    let mut chars = rest.chars();
    let kind = match chars.next() {
        Some('0') => Kind::Connect,
        Some('1') => Kind::Disconnect,
        Some('2') => Kind::Event,
        Some('3') => Kind::Ack,
        // Only a server sends 4, a connect error.
        Some('5') => Kind::BinaryEvent,
        Some('6') => Kind::BinaryAck,
        _ => return Err(DecodeError::Type),
    };
    *rest = chars.as_str();
    Ok(kind)
}

fn take_attachments(rest: &mut &str, max: usize) -> Result<usize, DecodeError> {
    let (number, after) = rest.split_once('-').ok_or(DecodeError::Attachments)?;
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DecodeError::Attachments);
    }
    *rest = after;
    match number.parse() {
        Ok(number) if number <= max => Ok(number),
        // A number that does not fit is above any limit.
        _ => Err(DecodeError::TooManyAttachments),
    }
}

fn take_namespace<'a>(rest: &mut &'a str) -> Result<&'a str, DecodeError> {
    if !rest.starts_with('/') {
        return Ok(MAIN);
    }
    let (namespace, after) = rest.split_once(',').unwrap_or((rest, ""));
    *rest = after;
    if namespace.len() > MAX_NAMESPACE_BYTES { Err(DecodeError::Namespace) } else { Ok(namespace) }
}

fn take_number(rest: &mut &str) -> Result<Option<u64>, DecodeError> {
    let end = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, after) = rest.split_at_checked(end).unwrap_or_default();
    if digits.is_empty() {
        return Ok(None);
    }
    *rest = after;
    digits.parse().map(Some).map_err(|_| DecodeError::AckId)
}

fn is_object(json: &str) -> bool {
    let value = serde_json::from_str::<&RawValue>(json);
    value.is_ok_and(|value| value.get().starts_with('{'))
}

fn name_and_places(whole: &str, json: &str) -> Result<(Box<str>, Vec<Range<usize>>), DecodeError> {
    // The name of an event is no argument.
    let mut elements = elements(json, MAX_ARGUMENTS + 1)?.into_iter();
    let first = elements.next().ok_or(DecodeError::Payload)?.get();
    let name: Box<str> = if first.starts_with('"') {
        serde_json::from_str(first).map_err(|_| DecodeError::Payload)?
    } else if first.starts_with(|it: char| it == '-' || it.is_ascii_digit()) {
        first.into()
    } else {
        return Err(DecodeError::Payload);
    };
    if RESERVED.contains(&&*name) {
        return Err(DecodeError::Reserved);
    }
    Ok((name, elements.map(|element| place(whole, element)).collect()))
}

/// Where `part`, which is a slice of `whole`, begins and ends in it.
fn place(whole: &str, part: &RawValue) -> Range<usize> {
    let part = part.get();
    let start = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
    start..start + part.len()
}

/// The elements of a JSON array, if there are no more than so many.
fn elements(json: &str, most: usize) -> Result<Vec<&RawValue>, DecodeError> {
    let mut are_too_many = false;
    let mut reader = serde_json::Deserializer::from_str(json);
    let read = Elements { most, are_too_many: &mut are_too_many }.deserialize(&mut reader);
    let read = read.and_then(|elements| reader.end().map(|()| elements));
    read.map_err(|_| if are_too_many { DecodeError::TooManyArguments } else { DecodeError::Payload })
}

/// Reads the elements of an array, and stops at the first one that is too many.
struct Elements<'f> {
    most: usize,
    are_too_many: &'f mut bool,
}

impl<'de> DeserializeSeed<'de> for Elements<'_> {
    type Value = Vec<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rest: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = rest.next_element()? {
            if elements.len() == self.most {
                *self.are_too_many = true;
                return Err(A::Error::custom("too many elements"));
            }
            elements.push(element);
        }
        Ok(elements)
    }
}
