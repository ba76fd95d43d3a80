//! How lines stand together: which one opens a group, a day, the unread.

use crate::model::timeline::Line;
use crate::when::Day;

/// Lines of one author belong together for so long.
const GROUP_MS: i64 = 5 * 60_000;

/// What a line's neighbours make of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RowContext {
    /// Shows author and time; the others of the group do not.
    pub leads: bool,
    /// The day that begins with it.
    pub opens_day: Option<Day>,
    /// The first that the reader has not read.
    pub opens_unread: bool,
}

/// The context of each line, oldest first.
pub(super) fn contexts(
    lines: &[Line],
    first_unread: Option<u64>,
    day_of: impl Fn(i64) -> Day,
) -> Vec<RowContext> {
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
            RowContext { leads, opens_day, opens_unread }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use protocol::{DraftId, UserId};

    use super::*;
    use crate::model::timeline::{LineKey, LineState};

    const MINUTE_MS: i64 = 60_000;

    fn line(author: &str, seq: u64, at_ms: i64) -> Line {
        let author = UserId::parse(author).unwrap();
        Line {
            key: LineKey { author: author.clone(), draft: DraftId(uuid::Uuid::from_u128(seq.into())) },
            name: author.to_string(),
            author,
            body: String::new(),
            at_ms,
            mine: false,
            state: LineState::Sent,
            seq: Some(seq),
        }
    }

    fn leads(lines: &[Line], first_unread: Option<u64>) -> Vec<bool> {
        contexts(lines, first_unread, Day::in_utc).into_iter().map(|it| it.leads).collect()
    }

    #[test]
    fn lines_of_one_author_within_five_minutes_stand_together() {
        let lines = [
            line("alice", 1, 0),
            line("alice", 2, 4 * MINUTE_MS),
            line("alice", 3, 5 * MINUTE_MS),
            line("bob", 4, 5 * MINUTE_MS),
            line("alice", 5, 5 * MINUTE_MS),
        ];
        assert_eq!(leads(&lines, None), [true, false, true, true, true]);
    }

    #[test]
    fn a_new_day_and_the_first_unread_open_a_group() {
        let midnight = 24 * 60 * MINUTE_MS;
        let lines = [
            line("alice", 1, midnight - 1),
            line("alice", 2, midnight),
            line("alice", 3, midnight + 1),
            line("alice", 4, midnight + 2),
        ];
        assert_eq!(leads(&lines, Some(3)), [true, true, true, false]);
        let contexts = contexts(&lines, Some(3), Day::in_utc);
        assert_eq!(contexts.iter().filter(|it| it.opens_day.is_some()).count(), 2);
        assert_eq!(
            contexts.iter().map(|it| it.opens_unread).collect::<Vec<_>>(),
            [false, false, true, false]
        );
    }

    #[test]
    fn the_mark_stands_before_the_first_that_is_here_when_older_ones_are_not() {
        let lines = [line("alice", 50, 0), line("bob", 51, 0)];
        assert!(contexts(&lines, Some(7), Day::in_utc)[0].opens_unread);
    }
}
