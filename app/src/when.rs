//! Dates and times for people. The server writes UTC; once the browser has taken over, everything is in its own zone.

use std::time::Duration;

use leptos::prelude::*;

use crate::clock::now_ms;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A calendar day in the reader's zone: days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl Day {
    /// The day that holds a moment, where clocks are `offset_ms` ahead of UTC.
    fn holding(at_ms: i64, offset_ms: i64) -> Self {
        Self((at_ms + offset_ms).div_euclid(DAY_MS))
    }

    /// The day that holds a moment, in UTC.
    #[cfg(test)]
    pub fn in_utc(at_ms: i64) -> Self {
        Self::holding(at_ms, 0)
    }

    fn weekday(self) -> &'static str {
        let index = usize::try_from((self.0 + 3).rem_euclid(7)).unwrap_or_default();
        WEEKDAYS.get(index).copied().unwrap_or_default()
    }

    /// Year, month and day of the month. After Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".
    fn date(self) -> (i64, usize, i64) {
        let shifted = self.0 + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        (year, usize::try_from(month).unwrap_or(1), day)
    }

    fn month(self) -> &'static str {
        MONTHS.get(self.date().1 - 1).copied().unwrap_or_default()
    }

    /// "Today", "Yesterday", "Monday, 3 November" or, in another year or with no today, "3 November 2025".
    fn label(self, today: Option<Self>) -> String {
        let (year, _, day) = self.date();
        match today {
            Some(today) if today == self => "Today".to_owned(),
            Some(Self(today)) if today == self.0 + 1 => "Yesterday".to_owned(),
            Some(today) if today.date().0 == year => format!("{}, {day} {}", self.weekday(), self.month()),
            _ => format!("{day} {} {year}", self.month()),
        }
    }
}

fn clock(at_ms: i64, offset_ms: i64) -> String {
    let minutes = (at_ms + offset_ms).rem_euclid(DAY_MS) / MINUTE_MS;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// For a list: the clock today, then "Yesterday", the weekday within a week, the date, in another year with that year.
fn brief(at_ms: i64, offset_ms: i64, today: Option<Day>) -> String {
    let day = Day::holding(at_ms, offset_ms);
    match today {
        Some(today) if today == day => clock(at_ms, offset_ms),
        Some(Day(today)) if today == day.0 + 1 => "Yesterday".to_owned(),
        Some(Day(today)) if (2..7).contains(&(today - day.0)) => day.weekday().to_owned(),
        _ => {
            let (year, _, date) = day.date();
            let month = day.month().get(..3).unwrap_or_default();
            match today {
                Some(today) if today.date().0 != year => format!("{date} {month} {year}"),
                _ => format!("{date} {month}"),
            }
        }
    }
}

/// A moment as a `datetime` attribute, in UTC.
pub fn machine(at_ms: i64) -> String {
    let (year, month, day) = Day::holding(at_ms, 0).date();
    let second = at_ms.rem_euclid(MINUTE_MS) / 1000;
    format!("{year:04}-{month:02}-{day:02}T{}:{second:02}Z", clock(at_ms, 0))
}

/// A day as "21 November 2026", in UTC.
pub fn date(at_ms: i64) -> String {
    Day::holding(at_ms, 0).label(None)
}

/// How long ago something was, in the largest unit that fits: "3 hours ago".
pub fn ago(elapsed_ms: i64) -> String {
    let minutes = elapsed_ms / MINUTE_MS;
    let (count, unit) = match minutes {
        ..1 => return "just now".to_owned(),
        1..60 => (minutes, "minute"),
        60..1_440 => (minutes / 60, "hour"),
        _ => (minutes / 1_440, "day"),
    };
    format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" })
}

/// The reader's calendar, as a context. It knows no today until the browser has taken over: the server's HTML and the
/// browser's first view of it must say the same.
#[derive(Debug, Clone, Copy)]
pub struct Calendar {
    today: RwSignal<Option<Day>>,
}

impl Calendar {
    /// Makes the calendar and keeps its today true. An `Effect` does not run on the server.
    pub fn provide() -> Self {
        let today = RwSignal::new(None);
        Effect::new(move |_| {
            let look = move || {
                let now_ms = now_ms();
                let day = Day::holding(now_ms, local_offset_ms(now_ms));
                if today.get_untracked() != Some(day) {
                    today.set(Some(day));
                }
            };
            look();
            if let Ok(every_minute) = set_interval_with_handle(look, Duration::from_mins(1)) {
                on_cleanup(move || every_minute.clear());
            }
        });
        let calendar = Self { today };
        provide_context(calendar);
        calendar
    }

    fn offset_ms(self, at_ms: i64) -> i64 {
        if self.today.get().is_some() { local_offset_ms(at_ms) } else { 0 }
    }

    /// The day that holds a moment.
    pub fn day(self, at_ms: i64) -> Day {
        Day::holding(at_ms, self.offset_ms(at_ms))
    }

    /// A day's name in a conversation.
    pub fn day_label(self, day: Day) -> String {
        day.label(self.today.get())
    }

    /// "14:05"
    pub fn clock(self, at_ms: i64) -> String {
        clock(at_ms, self.offset_ms(at_ms))
    }

    /// "21 November 2026, 14:05"
    pub fn full(self, at_ms: i64) -> String {
        let offset_ms = self.offset_ms(at_ms);
        format!("{}, {}", Day::holding(at_ms, offset_ms).label(None), clock(at_ms, offset_ms))
    }

    /// "14:05" for today, "21 Nov 2025, 14:05" for another day.
    pub fn moment(self, at_ms: i64) -> String {
        let (day, clock) = (self.brief(at_ms), self.clock(at_ms));
        if day == clock { clock } else { format!("{day}, {clock}") }
    }

    /// As short as a list needs it.
    pub fn brief(self, at_ms: i64) -> String {
        brief(at_ms, self.offset_ms(at_ms), self.today.get())
    }
}

/// How far local clocks are ahead of UTC at that moment: summer and winter differ.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "dates and minutes are small"
)]
fn local_offset_ms(at_ms: i64) -> i64 {
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(at_ms as f64));
    -(date.get_timezone_offset() as i64) * MINUTE_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21T11:42:07Z, a Saturday.
    const NOON: i64 = 1_795_261_327_000;

    #[test]
    fn a_moment_is_written_for_machines() {
        assert_eq!(machine(NOON), "2026-11-21T11:42:07Z");
        assert_eq!(machine(951_782_400_000), "2000-02-29T00:00:00Z");
        assert_eq!(machine(-1), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn a_zone_moves_the_clock_and_the_day() {
        let late = NOON + 12 * 60 * MINUTE_MS;
        assert_eq!(clock(late, 0), "23:42");
        assert_eq!(clock(late, 60 * MINUTE_MS), "00:42");
        assert_eq!(Day::holding(late, 60 * MINUTE_MS).0, Day::holding(late, 0).0 + 1);
    }

    #[test]
    fn days_have_names() {
        let today = Day::holding(NOON, 0);
        assert_eq!(today.label(Some(today)), "Today");
        assert_eq!(Day(today.0 - 1).label(Some(today)), "Yesterday");
        assert_eq!(Day(today.0 - 5).label(Some(today)), "Monday, 16 November");
        assert_eq!(Day(today.0 - 365).label(Some(today)), "21 November 2025");
        assert_eq!(today.label(None), "21 November 2026");
    }

    #[test]
    fn how_long_ago_is_said_in_the_largest_unit() {
        const HOUR_MS: i64 = 60 * MINUTE_MS;
        for (elapsed_ms, words) in [
            (-HOUR_MS, "just now"),
            (59_999, "just now"),
            (MINUTE_MS, "1 minute ago"),
            (HOUR_MS - 1, "59 minutes ago"),
            (HOUR_MS, "1 hour ago"),
            (DAY_MS - 1, "23 hours ago"),
            (DAY_MS, "1 day ago"),
            (30 * DAY_MS, "30 days ago"),
        ] {
            assert_eq!(ago(elapsed_ms), words, "{elapsed_ms}");
        }
        assert_eq!(date(NOON), "21 November 2026");
    }

    #[test]
    fn a_list_says_it_briefly() {
        let today = Some(Day::holding(NOON, 0));
        assert_eq!(brief(NOON, 0, today), "11:42");
        assert_eq!(brief(NOON - DAY_MS, 0, today), "Yesterday");
        assert_eq!(brief(NOON - 3 * DAY_MS, 0, today), "Wednesday");
        assert_eq!(brief(NOON - 8 * DAY_MS, 0, today), "13 Nov");
        assert_eq!(brief(NOON - 325 * DAY_MS, 0, today), "31 Dec 2025");
        assert_eq!(brief(NOON - 324 * DAY_MS, 0, today), "1 Jan");
        assert_eq!(brief(NOON + 366 * DAY_MS, 0, today), "22 Nov 2027");
        assert_eq!(brief(NOON, 0, None), "21 Nov");
    }
}
