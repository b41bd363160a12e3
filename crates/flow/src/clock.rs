//! The one place where this crate looks at a clock: to tell how long something took. Windows and cursors are reckoned
//! by the databases' own clocks.

use std::time::Instant;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[allow(clippy::disallowed_methods, reason = "the one clock module of this crate")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// **Units**: seconds.
    pub(crate) fn seconds(self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}
