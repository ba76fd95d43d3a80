//! Answer: the JSON object that a measurement prints.

use serde_json::Value;

/// Sets a field; what is no object has none.
pub(crate) fn set(answer: &mut Value, key: &str, value: Value) {
    if let Some(fields) = answer.as_object_mut() {
        fields.insert(key.to_owned(), value);
    }
}
