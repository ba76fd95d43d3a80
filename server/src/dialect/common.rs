//! Frames and errors that several dialects have in common.

use bytes::Bytes;
use hub::{CommandError, Event, HubError};
use protocol::{Closing, ErrorData, Expiry, Notification, NotificationId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::clock::rfc3339;
use crate::json::{self, Misread, MisreadKind, Rules, Tree};

/// Encodes a frame; `None` if that failed, which is logged then.
pub(super) fn frame(value: &impl Serialize) -> Option<Bytes> {
    match serde_json::to_vec(value) {
        Ok(text) => Some(text.into()),
        Err(error) => {
            // Our own values have text keys only, so this does not happen; if it does, it must be seen.
            tracing::error!(%error, "Could not encode an event");
            None
        }
    }
}

/// As [`frame`], for a value whose length is about known.
pub(super) fn frame_of(value: &impl Serialize, size: usize) -> Option<Bytes> {
    let mut text = Vec::with_capacity(size);
    write(value, &mut text)?;
    Some(text.into())
}

/// Appends a value to a text; `None` if that failed, which is logged then.
pub(super) fn write(value: &impl Serialize, text: &mut Vec<u8>) -> Option<()> {
    match serde_json::to_writer(text, value) {
        Ok(()) => Some(()),
        Err(error) => {
            // As above.
            tracing::error!(%error, "Could not encode a part of an event");
            None
        }
    }
}

/// Reads a frame `{"type", "data"}` as one of the variants of `F`, whose names are `types`.
///
/// # Errors
/// What is wrong with it, with the field where it can be named.
pub(super) fn read<F: DeserializeOwned>(frame: &str, types: &[&str]) -> Result<F, Box<CommandError>> {
    read_frame(frame, types).map_err(|misread| Box::new(misread.error.into()))
}

/// A frame that could not be read.
pub(super) struct MisreadFrame {
    /// Why.
    pub(super) error: HubError,
    /// What was in it; `None` for what is no JSON, or too long to be parsed once more.
    pub(super) tree: Option<Tree>,
}

/// As [`read`], with what was in the frame.
///
/// # Errors
/// [`MisreadFrame`].
pub(super) fn read_frame<F: DeserializeOwned>(frame: &str, types: &[&str]) -> Result<F, Box<MisreadFrame>> {
    let read = match json::type_first(frame) {
        Some(frame) => json::read_fast(&frame),
        None => json::read_fast(frame),
    };
    read.or_else(|error| {
        let misread = |error, tree| Box::new(MisreadFrame { error, tree });
        let tree = Tree::of_misread(frame, &error).map_err(|it| misread(misread_frame(&it), None))?;
        let error = match tree.get("type").and_then(Tree::as_text) {
            None => field_error("type", "must be the text that names the frame"),
            Some(kind) if !types.contains(&kind) => unknown_type(kind),
            Some(_) => match tree.read(Rules::Lenient) {
                Ok(frame) => return Ok(frame),
                Err(misread) => misread_frame(&misread),
            },
        };
        Err(misread(error, Some(tree)))
    })
}

/// The error of a frame or an event that no client sends.
pub(super) fn unknown_type(kind: &str) -> HubError {
    HubError::UnknownType(kind.chars().take(64).collect())
}

/// The error of a frame that cannot be read. Fields are named as they stand in `data`.
pub(super) fn misread_frame(misread: &Misread) -> HubError {
    if misread.kind() == MisreadKind::NotJson {
        return HubError::BadJson(misread.to_string());
    }
    let path = misread.path();
    field_error(path.strip_prefix("data.").unwrap_or(path), misread.what())
}

/// The error of the only value of an event; the whole of it is called `data`.
pub(super) fn misread_value(misread: &Misread) -> HubError {
    let path = if misread.path().is_empty() { "data" } else { misread.path() };
    field_error(path, misread.what())
}

/// Reads the only value of an event.
///
/// # Errors
/// What is wrong with it; see [`misread_value`].
pub(super) fn read_value<T: DeserializeOwned>(data: &Value) -> Result<T, Box<CommandError>> {
    Ok(json::read_value(data).map_err(|misread| misread_value(&misread))?)
}

/// The error of a frame in which a field is missing or has another type.
pub(super) fn field_error(field: &str, message: &str) -> HubError {
    if field.is_empty() {
        HubError::BadFrame { field: None, message: message.to_owned() }
    } else {
        HubError::BadFrame { message: format!("{field}: {message}"), field: Some(field.to_owned()) }
    }
}

/// Events of the connection itself: the frame's type, a sentence, and the data.
pub(super) fn connection_event(event: &Event) -> Option<(&'static str, &'static str, Value)> {
    Some(match event {
        Event::Authenticated(Expiry { expires_in_ms }) => {
            ("authenticated", "The token was renewed", json!({ "expires_in_ms": expires_in_ms }))
        }
        Event::Expiring(Expiry { expires_in_ms }) => {
            ("expiring", "The token ends soon", json!({ "expires_in_ms": expires_in_ms }))
        }
        Event::Closing(Closing { reconnect_in_ms }, _) => {
            ("closing", "The server is about to stop", json!({ "reconnect_in_ms": reconnect_in_ms }))
        }
        _ => return None,
    })
}

/// An error as sentence and detail, in a dialect that calls some of the hub's fields otherwise.
pub(super) fn error_body(failure: &CommandError, names: &[(&str, &str)]) -> (String, ErrorData) {
    let error = &failure.error;
    let mut sentence = error.to_string();
    let mut field = error.field().map(str::to_owned);
    // What is wrong with a frame is in the dialect's own words already.
    let is_own = matches!(error, HubError::BadFrame { .. });
    let renamed = names.iter().find(|(from, _)| !is_own && field.as_deref() == Some(from));
    if let Some((from, to)) = renamed {
        // The hub's sentence begins with its own name of the field, where it names it.
        if let Some(rest) = sentence.strip_prefix(from) {
            sentence = format!("{to}{rest}");
        }
        field = Some((*to).to_owned());
    }
    let retry_after_ms = error.retry_after_ms();
    (sentence, ErrorData { code: error.code(), field, room: None, draft: None, retry_after_ms })
}

/// A notification, as all published dialects but the native one have it.
#[derive(Serialize)]
pub(super) struct Notice<'a> {
    id: NotificationId,
    pub(super) title: &'a str,
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    timestamp: String,
}

impl<'a> From<&'a Notification> for Notice<'a> {
    fn from(it: &'a Notification) -> Self {
        let timestamp = rfc3339(it.at_ms);
        Self { id: it.id, title: &it.title, message: &it.message, kind: &it.kind, timestamp }
    }
}
