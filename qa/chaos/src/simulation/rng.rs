//! Random numbers from a seed: each part of the simulation has a stream of its own, so that the order in which they draw does
//! not matter.

/// A stream of numbers (`SplitMix64`, Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators").
/// Our own few lines, because a library may give other numbers for the same seed in its next version.
#[derive(Debug, Clone)]
pub(crate) struct Rng {
    state: u64,
}

impl Rng {
    /// The stream of this name under this seed.
    pub(crate) fn new(seed: u64, name: &str) -> Self {
        let mut stream = Self { state: seed ^ digest(DIGEST_OF_NOTHING, name.as_bytes()) };
        // Neighbouring seeds begin far from each other.
        stream.state = stream.draw();
        stream
    }

    /// The next number.
    pub(crate) fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// One of `least` to `most`, both among them.
    pub(crate) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.draw() % (most.saturating_sub(least) + 1)
    }

    /// `true` so many times in a hundred.
    pub(crate) fn percent(&mut self, odds: u64) -> bool {
        self.draw() % 100 < odds
    }

    /// One of these; `None` of nothing.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let count = u64::try_from(from.len()).unwrap_or(u64::MAX).max(1);
        from.get(usize::try_from(self.draw() % count).unwrap_or(usize::MAX))
    }

    /// A UUID of this stream.
    pub(crate) fn uuid(&mut self) -> uuid::Uuid {
        uuid::Uuid::from_u64_pair(self.draw(), self.draw())
    }
}

/// What [`digest`] begins with.
pub(crate) const DIGEST_OF_NOTHING: u64 = 0xCBF2_9CE4_8422_2325;

/// A digest that goes on where another one ended (FNV-1a, 64 bit).
pub(crate) fn digest(before: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(before, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3))
}
