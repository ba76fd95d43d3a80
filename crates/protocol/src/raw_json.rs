//! Raw JSON: JSON that is passed on unparsed.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The text of a JSON value, checked to be JSON and not parsed. `serde_json` reads it where it stands in a text and
/// nowhere else, so what holds one must not be buffered on the way: in a frame the type has to come first.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RawJson(Box<RawValue>);

impl RawJson {
    /// The text of a value.
    ///
    /// # Errors
    /// When the value cannot be encoded as JSON.
    pub fn of(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(value).map(Self)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }
}

/// Equal are values of the same text, and not values of the same meaning.
impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}
