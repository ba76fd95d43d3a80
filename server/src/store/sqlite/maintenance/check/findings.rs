//! Findings of a check: reported as they come, and counted.

use uuid::Uuid;

/// How severe a line of a check is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// Something is wrong.
    Finding,
    /// Everything is whole, and an operator should know of something.
    Note,
}

/// What is wrong. Reported at once, because there may be very much of it.
pub(super) struct Findings<'a> {
    report: &'a mut dyn FnMut(Severity, &str),
    count: u64,
    notes: u64,
}

impl<'a> Findings<'a> {
    pub(super) fn new(report: &'a mut dyn FnMut(Severity, &str)) -> Self {
        Self { report, count: 0, notes: 0 }
    }

    /// Things that are wrong.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Things that are whole and that an operator should know of.
    pub(super) fn notes(&self) -> u64 {
        self.notes
    }

    pub(super) fn add(&mut self, finding: &str) {
        self.count += 1;
        // What is stored may have any characters in it.
        (self.report)(Severity::Finding, &finding.replace(char::is_control, " "));
    }

    pub(super) fn note(&mut self, note: &str) {
        self.notes += 1;
        (self.report)(Severity::Note, &note.replace(char::is_control, " "));
    }

    pub(super) fn add_some(&mut self, finding: Option<String>) {
        if let Some(finding) = finding {
            self.add(&finding);
        }
    }
}

/// An identifier as logs and APIs show it, or the bytes that are stored instead.
pub(super) fn name(id: &[u8]) -> String {
    Uuid::from_slice(id).map_or_else(|_| format!("{id:02x?}"), |id| id.to_string())
}

/// A name that may be missing, because what it belongs to is.
pub(super) fn or_key(name: Option<&str>, key: i64) -> String {
    name.map_or_else(|| format!("(unknown, key {key})"), str::to_owned)
}
