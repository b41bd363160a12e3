//! The program's one look at this machine's clock: to tell how far a database's clock is from it, when a line was logged,
//! and what time it is for the hub.

use model::{Instant, Timestamp};

/// 2000-01-01 in seconds since 1970-01-01.
const EPOCH_SECONDS: i64 = 946_684_800;

/// Now, by this machine, in `zone`: for lines of the log.
#[must_use]
pub fn zoned(zone: &jiff::tz::TimeZone) -> jiff::Zoned {
    jiff_now().to_zoned(zone.clone())
}

/// The zone of this name; of the business, checked when the configuration was read.
#[must_use]
pub fn time_zone(name: &str) -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::get(name).unwrap_or(jiff::tz::TimeZone::UTC)
}

/// Now, by this machine, in milliseconds since 1970 (UTC): the hub's wall clock.
#[must_use]
pub fn unix_ms() -> i64 {
    jiff_now().as_millisecond()
}

/// Time since the process first asked; never goes back.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "the one clock module of the program")]
pub fn monotonic() -> std::time::Duration {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed()
}

#[allow(clippy::disallowed_methods, reason = "the one clock module of the program")]
fn jiff_now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// Now, by this machine.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "the one clock module of the program")]
pub fn now() -> Instant {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX) - EPOCH_SECONDS * 1_000_000;
    Instant::utc(Timestamp { micros, nanos: 0 })
}

/// A moment as somebody types it: with its distance from UTC, or as a clock of this zone shows it. **Units**: milliseconds
/// since 1970.
#[must_use]
pub fn moment(typed: &str, zone: &str) -> Option<i64> {
    if let Ok(at) = typed.parse::<jiff::Timestamp>() {
        return Some(at.as_millisecond());
    }
    let local: jiff::civil::DateTime = typed.parse().ok()?;
    Some(local.to_zoned(time_zone(zone)).ok()?.timestamp().as_millisecond())
}
