//! Numeric date: a moment in a token, as seconds since 1970-01-01 UTC, with or without a fraction (`NumericDate` in RFC 7519, section 2).

use std::fmt;
use std::time::Duration;

use serde::de::{Deserializer, Error, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

/// Kept in milliseconds, as all times of this program; what is beyond their range counts as its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct NumericDate {
    ms: i64,
}

impl NumericDate {
    /// This whole second.
    pub fn from_seconds(seconds: u64) -> Self {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        Self { ms: seconds.saturating_mul(1_000) }
    }

    /// Milliseconds since 1970-01-01 UTC.
    pub fn as_ms(self) -> i64 {
        self.ms
    }
}

impl Serialize for NumericDate {
    /// Without its fraction, which ours never have.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.ms / 1_000)
    }
}

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Seconds)
    }
}

struct Seconds;

impl Visitor<'_> for Seconds {
    type Value = NumericDate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds since 1970-01-01 UTC")
    }

    fn visit_u64<E: Error>(self, seconds: u64) -> Result<NumericDate, E> {
        Ok(NumericDate::from_seconds(seconds))
    }

    fn visit_i64<E: Error>(self, seconds: i64) -> Result<NumericDate, E> {
        Ok(NumericDate { ms: seconds.saturating_mul(1_000) })
    }

    fn visit_f64<E: Error>(self, seconds: f64) -> Result<NumericDate, E> {
        if seconds < 0.0 {
            // Long ago: how long does not matter.
            return Ok(NumericDate { ms: -1 });
        }
        let ms = Duration::try_from_secs_f64(seconds).ok().and_then(|it| i64::try_from(it.as_millis()).ok());
        Ok(NumericDate { ms: ms.unwrap_or(i64::MAX) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_seconds_with_or_without_a_fraction() {
        for (text, ms) in [
            ("0", 0),
            ("1790000000", 1_790_000_000_000),
            ("1790000000.5", 1_790_000_000_500),
            ("1.79e9", 1_790_000_000_000),
            ("-5", -5_000),
            ("-0.5", -1),
            ("1e300", i64::MAX),
            ("18446744073709551615", i64::MAX),
        ] {
            assert_eq!(serde_json::from_str::<NumericDate>(text).unwrap().as_ms(), ms, "{text}");
        }
        for bad in ["\"5\"", "null", "true", "[5]"] {
            assert!(serde_json::from_str::<NumericDate>(bad).is_err(), "{bad}");
        }
        let written = serde_json::to_string(&NumericDate::from_seconds(1_790_000_000)).unwrap();
        assert_eq!(written, "1790000000");
    }
}
