//! Durations in buckets whose width is at most 1/64 of what is in them, so a quantile is good to 1.6 %.

use serde_json::{Value, json};

use crate::casts::{count, fraction, index, whole};

/// Buckets to each power of two, as a power of two itself.
const FINE: u32 = 6;

/// Up to 2^42 ns, more than an hour.
const BUCKETS: usize = 40 << FINE;

pub(crate) struct Histogram {
    buckets: Vec<u64>,
    total: u64,
    longest: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self { buckets: vec![0; BUCKETS], total: 0, longest: 0 }
    }

    pub(crate) fn add(&mut self, nanos: u64) {
        let place = place_of(nanos).min(BUCKETS - 1);
        if let Some(bucket) = self.buckets.get_mut(place) {
            *bucket += 1;
        }
        self.total += 1;
        self.longest = self.longest.max(nanos);
    }

    /// The value that so much of all is below or at; 0 when there is nothing.
    pub(crate) fn quantile(&self, part: f64) -> u64 {
        let wanted = whole((fraction(self.total) * part).ceil()).max(1);
        let mut seen = 0;
        for (place, bucket) in self.buckets.iter().enumerate() {
            seen += bucket;
            if seen >= wanted {
                return top_of(place).min(self.longest);
            }
        }
        self.longest
    }

    /// What is shown of it, in microseconds.
    pub(crate) fn microseconds(&self) -> Value {
        let of = |part| fraction(self.quantile(part)) / 1e3;
        json!({
            "count": self.total, "p50": of(0.5), "p90": of(0.9), "p99": of(0.99), "p999": of(0.999),
            "max": fraction(self.longest) / 1e3,
        })
    }
}

/// Values below 2^FINE have a bucket each; above, the bits after the highest one choose among 2^FINE.
fn place_of(nanos: u64) -> usize {
    let Some(shift) = nanos.checked_ilog2().and_then(|high| high.checked_sub(FINE)) else {
        return index(nanos);
    };
    index(((u64::from(shift) + 1) << FINE) + ((nanos >> shift) - (1 << FINE)))
}

/// The largest value of a bucket.
fn top_of(place: usize) -> u64 {
    let (power, step) = (count(place) >> FINE, count(place) & ((1 << FINE) - 1));
    match power.checked_sub(1) {
        None => step,
        Some(shift) => (((1 << FINE) + step + 1) << shift) - 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_in_a_bucket_that_is_hardly_wider() {
        for nanos in (0..5_000).chain((13..40).flat_map(|power| [(1 << power) - 1, 1 << power, 3 << power])) {
            let top = top_of(place_of(nanos));
            assert!(top >= nanos && top - nanos <= nanos / 64, "{nanos} in a bucket up to {top}");
        }
    }

    #[test]
    fn quantiles_are_those_of_what_was_added() {
        let mut histogram = Histogram::new();
        (1..=1_000).for_each(|n| histogram.add(n * 1_000));
        for (part, exact) in [(0.5, 500_000), (0.99, 990_000), (1.0, 1_000_000)] {
            let found = histogram.quantile(part);
            assert!(found >= exact && found - exact <= exact / 64, "{part}: {found}");
        }
    }
}
