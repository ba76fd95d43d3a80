//! Latencies: durations in nanoseconds, in a histogram that is good to three significant figures.

use serde_json::{Value, json};

use crate::casts::fraction;
use crate::failed::Failed;

/// The longest duration that is told from longer ones, more than an hour.
const LONGEST_NS: u64 = 1 << 42;

/// Durations by how many there were.
pub(crate) type Histogram = hdrhistogram::Histogram<u64>;

/// An empty one.
pub(crate) fn histogram() -> Result<Histogram, Failed> {
    Ok(Histogram::new_with_bounds(1, LONGEST_NS, 3)?)
}

/// What is shown of one, in microseconds.
pub(crate) fn microseconds(histogram: &Histogram) -> Value {
    let of = |part| fraction(histogram.value_at_quantile(part)) / 1e3;
    json!({
        "count": histogram.len(), "p50": of(0.5), "p90": of(0.9), "p99": of(0.99), "p999": of(0.999),
        "max": fraction(histogram.max()) / 1e3,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_what_was_recorded() {
        let mut histogram = histogram().unwrap();
        assert_eq!(
            microseconds(&histogram),
            json!({ "count": 0, "p50": 0.0, "p90": 0.0, "p99": 0.0, "p999": 0.0, "max": 0.0 })
        );
        (1..=1_000).for_each(|n| histogram.saturating_record(n * 1_000));
        let shown = microseconds(&histogram);
        assert_eq!(shown["count"], 1_000);
        for (name, exact) in
            [("p50", 500.0), ("p90", 900.0), ("p99", 990.0), ("p999", 999.0), ("max", 1_000.0)]
        {
            let found = shown[name].as_f64().unwrap();
            assert!((exact..=exact * 1.001).contains(&found), "{name}: {found}");
        }
        histogram.saturating_record(u64::MAX);
        assert!(histogram.max() >= LONGEST_NS);
    }
}
