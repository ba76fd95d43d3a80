//! JSON: decodes what a server sends, with little code.
//!
//! A program that counts microseconds decodes with serde. The pages count bytes: what serde derives is code for each
//! type and each way in which it is reached, and made the first visit to a room 47 kB (brotli) larger. `serde_lite` parses
//! once and decodes from that. `tests/document.rs` checks that both accept the same frames.

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde_lite::{Deserialize, Error, Intermediate};

use crate::{
    DraftId, ErrorCode, JobId, JobKind, JobStatus, JobStep, MessageId, MessageKind, NotificationId, Role,
    RoomId, RoomKind, RunId, RunOutcome, UserId,
};

/// Why a text could not be decoded. Nothing of the text is in it.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// It is not JSON. The parser's own error texts would be 4 KB of WebAssembly.
    #[error("not JSON from column {column} of line {line} on")]
    Syntax {
        /// The first line is 1.
        line: usize,
        /// The first column is 1.
        column: usize,
    },
    /// It is JSON of another shape.
    #[error("JSON of another shape: {0}")]
    Shape(#[from] Error),
}

/// Decodes a text. Unknown fields are ignored.
///
/// # Errors
/// [`ParseError`] when it is not JSON or not of this shape.
pub fn from_text<T: Deserialize>(text: &str) -> Result<T, ParseError> {
    Ok(T::deserialize(&parse(text)?)?)
}

fn parse(text: &str) -> Result<Intermediate, ParseError> {
    let place = |error: serde_json::Error| ParseError::Syntax { line: error.line(), column: error.column() };
    serde_json::from_str(text).map_err(place)
}

/// Types that are a text in JSON. They are decoded by serde, which knows the words of an enum by its `rename_all`.
macro_rules! texts {
    ($($name:ident),+ $(,)?) => {$(
        impl Deserialize for $name {
            fn deserialize(json: &Intermediate) -> Result<Self, Error> {
                json.as_str().and_then(of_str).ok_or(Error::invalid_value_static(stringify!($name)))
            }
        }
    )+};
}

texts! {
    DraftId, ErrorCode, JobId, JobKind, JobStatus, JobStep, MessageId, MessageKind, NotificationId, Role, RoomId,
    RoomKind, RunId, RunOutcome, UserId,
}

fn of_str<T: DeserializeOwned>(text: &str) -> Option<T> {
    let text: StrDeserializer<'_, serde::de::value::Error> = text.into_deserializer();
    T::deserialize(text).ok()
}
