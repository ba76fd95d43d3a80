//! Where a reader was in a conversation.

use super::timeline::LineKey;

/// A line, and where its upper edge was. Kept while another room is in view.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadingPlace {
    /// The first line on screen.
    pub line: LineKey,
    /// Pixels from the upper edge of the list to that of the line.
    pub top: f64,
}
