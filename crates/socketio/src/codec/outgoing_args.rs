//! Outgoing arguments: JSON and bytes that are about to be sent.

use std::fmt::Write as _;

use bytes::Bytes;
use serde::Serialize;

use super::incoming_args::IncomingArgs;

/// The arguments of an event or an acknowledgement, one after another.
#[derive(Debug, Clone, Default)]
pub struct OutgoingArgs {
    /// JSON values with commas between them.
    json: String,
    attachments: Vec<Bytes>,
}

impl OutgoingArgs {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value as JSON.
    ///
    /// # Errors
    /// The error of [`serde_json`] for a value that JSON cannot encode, for example a map whose keys are no text.
    pub fn with<T: Serialize + ?Sized>(self, value: &T) -> Result<Self, serde_json::Error> {
        Ok(self.with_raw(&serde_json::to_string(value)?))
    }

    /// Adds one JSON value, or several with commas between them. The caller guarantees that it is JSON without placeholders
    /// for binary.
    #[must_use]
    pub fn with_raw(mut self, json: &str) -> Self {
        self.separate();
        self.json.push_str(json);
        self
    }

    /// Adds bytes.
    #[must_use]
    pub fn with_binary(mut self, data: Bytes) -> Self {
        self.separate();
        // Writing to a `String` cannot fail.
        write!(self.json, "{{\"_placeholder\":true,\"num\":{}}}", self.attachments.len()).ok();
        self.attachments.push(data);
        self
    }

    pub(super) fn json(&self) -> &str {
        &self.json
    }

    pub(super) fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    fn separate(&mut self) {
        if !self.json.is_empty() {
            self.json.push(',');
        }
    }
}

impl From<&IncomingArgs> for OutgoingArgs {
    /// The same arguments, to be sent back or on.
    fn from(args: &IncomingArgs) -> Self {
        Self { json: args.raw_all().to_owned(), attachments: args.attachments().to_vec() }
    }
}
