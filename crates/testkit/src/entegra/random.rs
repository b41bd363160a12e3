//! Repeatable randomness: the same seed gives the same file on every machine. Not for secrets.

/// A stream of pseudo-random numbers (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    /// The stream that belongs to one purpose and one number under a seed, independent of all others.
    ///
    /// **Invariants**: a row's stream depends on its number only, so a row can be made again without those
    /// before it.
    pub fn of(seed: u64, purpose: &str, number: u64) -> Self {
        let mut rng = Self(seed ^ hash(purpose));
        let start = rng.next().wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut rng = Self(start);
        rng.next();
        rng
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, or 0 where the limit is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        // The slight bias of the remainder is no matter for made-up rows.
        self.next().checked_rem(limit).unwrap_or(0)
    }

    /// `below` for signed columns: from `low` up to, not including, `high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below(high.abs_diff(low)) as i64
    }

    /// True in `percent` of a hundred calls.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

/// FNV-1a: turns a name into a number that never changes between builds.
pub(super) fn hash(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
