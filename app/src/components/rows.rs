//! How lines stand together: which one opens a group, a day, the unread.

use crate::model::timeline::Line;
use crate::when::Day;

/// Lines of one author belong together for so long.
const GROUP_MS: i64 = 5 * 60_000;

/// What a line's neighbours make of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Shows author and time; the others of the group do not.
    pub leads: bool,
    /// The day that begins with it.
    pub opens_day: Option<Day>,
    /// The first that the reader has not read.
    pub opens_unread: bool,
}

/// One place for each line, oldest first.
pub(super) fn places(lines: &[Line], first_unread: Option<u64>, day_of: impl Fn(i64) -> Day) -> Vec<Place> {
    let mut group: Option<&Line> = None;
    let mut day = None;
    let mut unread = first_unread;
    lines
        .iter()
        .map(|line| {
            let today = day_of(line.at_ms);
            let opens_day = (day != Some(today)).then_some(today);
            day = Some(today);
            let opens_unread = matches!((line.seq, unread), (Some(seq), Some(first)) if seq >= first);
            if opens_unread {
                unread = None;
            }
            let goes_on =
                group.is_some_and(|head| head.author == line.author && line.at_ms - head.at_ms < GROUP_MS);
            let leads = !goes_on || opens_day.is_some() || opens_unread;
            if leads {
                group = Some(line);
            }
            Place {
                leads,
                opens_day,
                opens_unread,
            }
        })
        .collect()
}
