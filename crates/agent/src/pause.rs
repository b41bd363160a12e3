//! How long is waited before the next try.

use std::time::Duration;

/// Grows from try to try, spread so that many offices do not come back in one moment.
#[derive(Debug, Default)]
pub(crate) struct Pause {
    failed: u32,
}

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(300);

impl Pause {
    /// After one more failure. `random`: any number.
    pub fn longer(&mut self, random: u32) -> Duration {
        let whole = FIRST.saturating_mul(1 << self.failed.min(16)).min(LONGEST);
        self.failed += 1;
        // Half to all of it.
        whole / 2 + whole.mul_f64(f64::from(random) / f64::from(u32::MAX) / 2.0)
    }

    pub const fn over(&mut self) {
        self.failed = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_five_minutes_and_begin_anew_after_success() {
        let mut pause = Pause::default();
        let low: Vec<u64> = (0..12).map(|_| pause.longer(0).as_millis() as u64).collect();
        assert_eq!(low[..5], [500, 1000, 2000, 4000, 8000]);
        assert_eq!(low[11], 150_000);
        assert_eq!(pause.longer(u32::MAX), LONGEST);
        pause.over();
        assert_eq!(pause.longer(0).as_millis(), 500);
    }
}
