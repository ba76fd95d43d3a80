//! What several dialects say alike.

use bytes::Bytes;
use hub::{Event, Failure, Refusal};
use protocol::{Closing, ErrorData, Expiry, Notification, NotificationId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_json::{Value, json};

use crate::clock::rfc3339;

/// Bytes of a frame.
pub(super) fn frame(value: &impl Serialize) -> Option<Bytes> {
    match serde_json::to_vec(value) {
        Ok(text) => Some(text.into()),
        Err(error) => {
            // Our own values have text keys only, so this does not happen; if it does, it must be seen.
            tracing::error!(%error, "Could not spell an event");
            None
        }
    }
}

/// As [`frame`], of a value whose length is about known.
pub(super) fn frame_of(value: &impl Serialize, size: usize) -> Option<Bytes> {
    let mut text = Vec::with_capacity(size);
    write(value, &mut text)?;
    Some(text.into())
}

/// Adds a value to a text; `None` if that failed, which was logged then.
pub(super) fn write(value: &impl Serialize, text: &mut Vec<u8>) -> Option<()> {
    match serde_json::to_writer(text, value) {
        Ok(()) => Some(()),
        Err(error) => {
            // As above.
            tracing::error!(%error, "Could not spell a part of an event");
            None
        }
    }
}

/// Reads a frame `{"type", "data"}` as one of the variants of `F`, whose names are `types`.
///
/// # Errors
/// What is wrong with it, with the field where that can be told.
pub(super) fn read<F: DeserializeOwned>(frame: &str, types: &[&str]) -> Result<F, Box<Failure>> {
    Ok(serde_json::from_str(frame).map_err(|error| explain::<F>(frame, types, &error))?)
}

/// Finds out what is wrong with a frame, more slowly than it was refused.
fn explain<F: DeserializeOwned>(frame: &str, types: &[&str], error: &serde_json::Error) -> Refusal {
    let Ok(value) = serde_json::from_str::<Value>(frame) else {
        return Refusal::BadJson(error.to_string());
    };
    match value.get("type").and_then(Value::as_str) {
        None => bad("type", "must be the text that names the frame".to_owned()),
        Some(kind) if !types.contains(&kind) => unknown(kind),
        Some(kind) => wrong_field::<F>(kind, value.get("data").unwrap_or(&Value::Null), error),
    }
}

/// A frame that no client sends.
pub(super) fn unknown(kind: &str) -> Refusal {
    Refusal::UnknownType(kind.chars().take(64).collect())
}

/// Names the field of `data` that does not fit its type.
fn wrong_field<F: DeserializeOwned>(kind: &str, data: &Value, error: &serde_json::Error) -> Refusal {
    // With the type in front, `data` is read in place, so the path to the trouble is known.
    let reordered = format!(r#"{{"type":"{kind}","data":{data}}}"#);
    let mut input = serde_json::Deserializer::from_str(&reordered);
    match serde_path_to_error::deserialize::<_, F>(&mut input) {
        Err(wrong) => match wrong.path().to_string().strip_prefix("data.") {
            Some(path) => misplaced(path, wrong.inner()),
            None => misplaced("data", wrong.inner()),
        },
        // Only what is around `type` and `data` can be wrong then.
        Ok(_) => bad("", plain(error)),
    }
}

/// A value that is missing, or of another shape, at this path.
pub(super) fn misplaced(path: &str, error: &serde_json::Error) -> Refusal {
    let message = plain(error);
    match missing(&message) {
        Some(field) => bad(field, "is missing".to_owned()),
        // The path to the whole.
        None if path == "." => bad("", message),
        None => bad(path, message),
    }
}

fn bad(field: &str, message: String) -> Refusal {
    if field.is_empty() {
        Refusal::BadFrame { field: None, message }
    } else {
        Refusal::BadFrame { message: format!("{field}: {message}"), field: Some(field.to_owned()) }
    }
}

/// A frame without a part that it needs, or with one of another shape.
pub(super) fn misshapen(field: &str, message: &str) -> Refusal {
    bad(field, message.to_owned())
}

/// The complaint without its place in a text that the client never sent.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match (error.classify(), text.rfind(" at line ")) {
        (Category::Data, Some(end)) => {
            text.chars().take(text.get(..end).map_or(0, |it| it.chars().count())).collect()
        }
        _ => text,
    }
}

fn missing(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.strip_suffix('`')
}

/// What is said of the connection itself: the frame's type, a sentence, and the data.
pub(super) fn of_connection(event: &Event) -> Option<(&'static str, &'static str, Value)> {
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

/// A refusal in the words of a door that calls some of the hub's fields otherwise, as sentence and detail.
pub(super) fn complaint(failure: &Failure, names: &[(&str, &str)]) -> (String, ErrorData) {
    let refusal = &failure.refusal;
    let mut sentence = refusal.to_string();
    let mut field = refusal.field().map(str::to_owned);
    if let Some((from, to)) = names.iter().find(|(from, _)| field.as_deref() == Some(from)) {
        // The hub's sentence begins with its own word for the field, where it names it.
        if let Some(rest) = sentence.strip_prefix(from) {
            sentence = format!("{to}{rest}");
        }
        field = Some((*to).to_owned());
    }
    let retry_after_ms = refusal.retry_after_ms();
    (sentence, ErrorData { code: refusal.code(), field, room: None, draft: None, retry_after_ms })
}

/// Something to notice, as all published dialects show it.
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
