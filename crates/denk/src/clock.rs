//! The program's one look at this machine's clock: to tell how far a database's clock is from it, and when a line was
//! logged. Nothing is decided by it.

use model::{Instant, Timestamp};

/// 2000-01-01 in seconds since 1970-01-01.
const EPOCH_SECONDS: i64 = 946_684_800;

/// Now, by this machine, in `zone`: for lines of the log.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "the one clock module of the program")]
pub fn zoned(zone: &jiff::tz::TimeZone) -> jiff::Zoned {
    jiff::Timestamp::now().to_zoned(zone.clone())
}

/// Now, by this machine.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "the one clock module of the program")]
pub fn now() -> Instant {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX) - EPOCH_SECONDS * 1_000_000;
    Instant::utc(Timestamp { micros, nanos: 0 })
}
