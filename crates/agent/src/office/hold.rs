//! How long the program's file is held, and left alone in between.
//!
//! It decides how much one transaction does, never what comes of all of them.

use std::time::{Duration, Instant};

/// For so long a transaction takes one more step. With that step, its commit and a slow disk, the program waits less
/// than 50 ms.
const LONG: Duration = Duration::from_millis(10);

/// The longest that is left between two transactions.
const REST_MAX: Duration = Duration::from_millis(100);

#[derive(Debug, Default)]
pub(super) enum Hold {
    /// Nobody waits.
    #[default]
    Free,
    /// Since when the program cannot write.
    Held(Instant),
    /// Since when it can again, and how long it could not.
    Over(Instant, Duration),
}

impl Hold {
    pub fn begin(&mut self) {
        *self = Self::Held(now());
    }

    pub fn end(&mut self) {
        if let Self::Held(since) = self {
            *self = Self::Over(now(), since.elapsed());
        }
    }

    /// Whether the program has waited long enough: what is left is for another transaction.
    pub fn is_long(&self) -> bool {
        matches!(self, Self::Held(since) if since.elapsed() >= LONG)
    }

    /// What has to pass before the next transaction: the file is free for longer than it was held, as a program that
    /// waits looks now and then only whether it is.
    pub fn due(&self) -> Duration {
        match self {
            Self::Over(since, lasted) => (*lasted * 3).min(REST_MAX).saturating_sub(since.elapsed()),
            Self::Free | Self::Held(_) => Duration::ZERO,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "how long others wait is real time, whatever the clock says")]
fn now() -> Instant {
    Instant::now()
}
