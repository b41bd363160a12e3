//! The one place where this crate looks at a clock of its own: to tell how long something has taken. What time it is, the
//! caller tells.

use std::time::{Duration, Instant};

/// Tells the time since now; never goes back, whatever happens to the wall clock.
#[allow(clippy::disallowed_methods, reason = "the one clock module of this crate")]
pub(crate) fn stopwatch() -> impl Fn() -> Duration + Send + 'static {
    let began = Instant::now();
    move || began.elapsed()
}
