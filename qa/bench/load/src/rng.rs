//! Random numbers that only have to differ: masks, keys and positions in a history. xorshift64* (Marsaglia 2003, Vigna 2016).

use crate::clock::now;

pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new() -> Self {
        Self(now() ^ 0x9E37_79B9_7F4A_7C15 ^ (u64::from(std::process::id()) << 32))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Below `end`, or 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or_default()
    }
}
