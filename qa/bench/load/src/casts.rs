//! Casts between counts and fractions, in one place each, so that the lints about them are answered once.

/// A count as a fraction. Exact up to 2^53, which nothing that is counted here reaches.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub(crate) fn fraction(count: u64) -> f64 {
    count as f64
}

/// The whole part of a fraction; nothing for what is negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the whole part is wanted, and `as` keeps within the type's limits"
)]
pub(crate) fn whole(fraction: f64) -> u64 {
    fraction as u64
}

/// An index as a count.
pub(crate) fn count(index: usize) -> u64 {
    u64::try_from(index).unwrap_or(u64::MAX)
}

/// A count as an index.
pub(crate) fn index(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
