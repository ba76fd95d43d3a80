//! Incoming arguments: slices of the packet's text, parsed when they are asked for.

use std::ops::Range;

use bytes::Bytes;
use serde::Deserialize;

use super::placeholders::Placeholder;

/// The arguments of an event or an acknowledgement. A binary argument is a placeholder in the text and bytes beside it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IncomingArgs {
    /// The packet; UTF-8 by construction.
    text: Bytes,
    /// Where each argument stands in it.
    places: Vec<Range<usize>>,
    attachments: Vec<Bytes>,
}

/// Why an argument cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ArgError {
    /// There are fewer.
    #[error("argument {0} is missing")]
    Missing(usize),
    /// It has another shape.
    #[error("argument {0} has another shape")]
    Shape(usize, #[source] serde_json::Error),
}

impl IncomingArgs {
    pub(super) fn new(text: Bytes, places: Vec<Range<usize>>) -> Self {
        Self { text, places, attachments: Vec::new() }
    }

    pub(super) fn attach(&mut self, attachments: Vec<Bytes>) {
        self.attachments = attachments;
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The JSON of one argument.
    pub fn raw(&self, index: usize) -> Option<&str> {
        self.slice(self.places.get(index)?.clone())
    }

    /// The JSON of all arguments with commas between them.
    pub fn raw_all(&self) -> &str {
        let span = self.places.first().zip(self.places.last()).map(|(first, last)| first.start..last.end);
        span.and_then(|span| self.slice(span)).unwrap_or_default()
    }

    /// One argument, read as a `T`.
    ///
    /// # Errors
    /// [`ArgError`] when there is none or it is no `T`.
    pub fn get<'a, T: Deserialize<'a>>(&'a self, index: usize) -> Result<T, ArgError> {
        let raw = self.raw(index).ok_or(ArgError::Missing(index))?;
        serde_json::from_str(raw).map_err(|error| ArgError::Shape(index, error))
    }

    /// One argument that is bytes and nothing else.
    pub fn binary(&self, index: usize) -> Option<&Bytes> {
        let placeholder: Placeholder = self.get(index).ok()?;
        self.attachments.get(placeholder.position()?)
    }

    /// The bytes that placeholders stand for, in the order of their numbers.
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    fn slice(&self, range: Range<usize>) -> Option<&str> {
        std::str::from_utf8(self.text.get(range)?).ok()
    }
}
