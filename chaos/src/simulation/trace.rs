//! What happened, as one number to compare and as lines to read.

use std::fmt::{self, Write};

use super::chance::{DIGEST_OF_NOTHING, digest};

/// Notes everything that happens. No note has an identifier in it that chance gave: a replay gives others.
#[derive(Debug)]
pub(crate) struct Trace {
    hash: u64,
    line: String,
    lines: Option<Vec<String>>,
}

impl Trace {
    /// An empty trace, whose lines are kept or not.
    pub(crate) fn new(keeps_lines: bool) -> Self {
        Self { hash: DIGEST_OF_NOTHING, line: String::new(), lines: keeps_lines.then(Vec::new) }
    }

    /// Something happens at a moment.
    pub(crate) fn note(&mut self, now: u64, what: fmt::Arguments<'_>) {
        self.line.clear();
        // Writing into a text does not fail.
        write!(self.line, "{now:>8} ms  {what}").ok();
        self.hash = digest(self.hash, self.line.as_bytes());
        if let Some(lines) = &mut self.lines {
            lines.push(self.line.clone());
        }
    }

    /// The number of it all, and the lines if they were kept.
    pub(crate) fn into_parts(self) -> (u64, Vec<String>) {
        (self.hash, self.lines.unwrap_or_default())
    }
}
