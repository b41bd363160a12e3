//! Repeatable randomness: the same seed gives the same file on every machine. Not for secrets.

/// A stream of pseudo-random numbers (splitmix64).
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(mixed(seed))
    }

    /// The stream that belongs to one purpose and one number under a seed, independent of all others: even of
    /// neighbours', for a start that is one step from another's would give the other's numbers one place later.
    ///
    /// **Invariants**: a row's stream depends on its number only, so a row can be made again without those
    /// before it.
    #[must_use]
    pub fn of(seed: u64, purpose: &str, number: u64) -> Self {
        Self(mixed(mixed(seed ^ hash(purpose)).wrapping_add(number.wrapping_mul(STEP))))
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mixed(self.0)
    }

    /// A number below `limit`, or 0 where the limit is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        // The slight bias of the remainder is no matter for made-up rows.
        self.draw().checked_rem(limit).unwrap_or(0)
    }

    /// `below` for signed columns: from `low` up to, not including, `high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below(high.abs_diff(low)) as i64
    }

    /// True in `percent` of a hundred calls.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of the choices.
    ///
    /// **Invariants**: there is one.
    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.place(choices.len())]
    }

    /// One of the choices; `None` of nothing.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        choices.get(self.place(choices.len()))
    }

    /// One of the choices, each as often as its weight says.
    ///
    /// **Invariants**: there is a choice, and the weights are not all 0.
    pub fn weighted<T: Copy>(&mut self, choices: &[(u64, T)]) -> T {
        let mut left = self.below(choices.iter().map(|(weight, _)| weight).sum());
        for (weight, choice) in choices {
            match left.checked_sub(*weight) {
                Some(rest) => left = rest,
                None => return *choice,
            }
        }
        choices[0].1
    }

    /// A place in a list of this length.
    pub fn place(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

const fn mixed(mut number: u64) -> u64 {
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// FNV-1a: turns a name into a number that never changes between builds.
pub(crate) fn hash(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn streams_of_neighbours_have_nothing_in_common() {
        let mut seen = HashSet::new();
        for seed in 0..3 {
            for number in 0..100 {
                let mut rng = Rng::of(seed, "row", number);
                assert!((0..50).all(|_| seen.insert(rng.draw())), "stream {number} of seed {seed}");
            }
            let mut rng = Rng::new(seed);
            assert!((0..50).all(|_| seen.insert(rng.draw())), "seed {seed}");
        }
    }
}
