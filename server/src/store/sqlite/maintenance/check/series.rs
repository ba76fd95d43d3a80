//! `Series`: finds holes and doubles in the numbers of a room's messages or an inbox's entries.

use std::cmp::Ordering;

/// The numbers of one room or one inbox, as they are found.
pub(super) struct Series {
    /// The room or inbox of the numbers, as findings begin.
    whose: String,
    /// What is numbered.
    noun: &'static str,
    /// The newest number, as it is stored.
    head: u64,
    /// The number before, and what has it. To begin with: the one before the first that must be there.
    last: Option<(u64, String)>,
    /// Whether the first number is found.
    begun: bool,
}

impl Series {
    /// One that begins with 1.
    pub(super) fn from_one(whose: String, noun: &'static str, head: u64) -> Self {
        Self { whose, noun, head, last: Some((0, String::new())), begun: false }
    }

    /// One that begins anywhere, because old ones are deleted.
    pub(super) fn from_anywhere(whose: String, noun: &'static str, head: u64) -> Self {
        Self { whose, noun, head, last: None, begun: false }
    }

    /// Takes the next one, in the order of the numbers, and returns what is wrong with its number.
    pub(super) fn take(&mut self, number: i64, id: String) -> Option<String> {
        let Self { whose, noun, .. } = self;
        let Some(number) = u64::try_from(number).ok().filter(|number| *number > 0) else {
            return Some(format!("{whose}: {noun} {id} has the number {number}, which is below 1"));
        };
        let finding = match &self.last {
            Some((last, other)) if *last == number => {
                Some(format!("{whose}: number {number} is given twice (ids {other} and {id})"))
            }
            Some((last, _)) if *last + 1 < number => {
                let missing = missing(noun, last + 1, number - 1);
                let position = if self.begun {
                    format!("{last} is followed by {number}")
                } else {
                    format!("the first is {number}")
                };
                Some(format!("{whose}: {missing} ({position})"))
            }
            _ => None,
        };
        self.last = Some((number, id));
        self.begun = true;
        finding
    }

    /// Returns what is missing at the end, or was never counted.
    pub(super) fn end(self) -> Option<String> {
        let Self { whose, noun, head, last, .. } = self;
        let newest = last.map_or(0, |(number, _)| number);
        match newest.cmp(&head) {
            Ordering::Less => {
                let missing = missing(noun, newest + 1, head);
                Some(format!("{whose}: {missing} (the newest is {newest}, the head is {head})"))
            }
            Ordering::Greater => {
                Some(format!("{whose}: the head is {head}, but the newest {noun} is {newest}"))
            }
            Ordering::Equal => None,
        }
    }
}

fn missing(noun: &str, from: u64, to: u64) -> String {
    if from == to {
        format!("{noun} {from} is missing")
    } else {
        format!("{} {from} to {to} are missing", plural(noun))
    }
}

fn plural(noun: &str) -> String {
    noun.strip_suffix('y').map_or_else(|| format!("{noun}s"), |stem| format!("{stem}ies"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(numbers: &[i64], head: u64) -> Vec<String> {
        let mut series = Series::from_one("room kitchen".to_owned(), "message", head);
        let ids = ["a", "b", "c", "d", "e"];
        let mut found: Vec<String> =
            numbers.iter().zip(ids).filter_map(|(number, id)| series.take(*number, id.to_owned())).collect();
        found.extend(series.end());
        found
    }

    #[test]
    fn dense_numbers_up_to_the_head_are_fine() {
        assert_eq!(findings(&[], 0), [""; 0]);
        assert_eq!(findings(&[1, 2, 3], 3), [""; 0]);
    }

    #[test]
    fn what_is_missing_is_named_with_its_neighbours() {
        assert_eq!(findings(&[1, 3], 3), ["room kitchen: message 2 is missing (1 is followed by 3)"]);
        assert_eq!(
            findings(&[3, 7], 9),
            [
                "room kitchen: messages 1 to 2 are missing (the first is 3)",
                "room kitchen: messages 4 to 6 are missing (3 is followed by 7)",
                "room kitchen: messages 8 to 9 are missing (the newest is 7, the head is 9)",
            ]
        );
    }

    #[test]
    fn what_is_there_twice_is_named_with_both() {
        assert_eq!(findings(&[1, 2, 2], 2), ["room kitchen: number 2 is given twice (ids b and c)"]);
    }

    #[test]
    fn a_head_that_was_not_moved_shows() {
        assert_eq!(findings(&[1, 2], 1), ["room kitchen: the head is 1, but the newest message is 2"]);
    }

    #[test]
    fn an_inbox_begins_where_it_does() {
        let mut series = Series::from_anywhere("inbox of ann".to_owned(), "entry", 8);
        assert_eq!(series.take(7, String::new()), None);
        assert_eq!(series.take(8, String::new()), None);
        assert_eq!(series.end(), None);
    }
}
