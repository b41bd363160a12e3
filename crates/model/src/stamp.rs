//! Hybrid logical clock: orders changes without trusting any PC's clock.

use std::{fmt, str::FromStr};

use crate::SiteId;

/// When a change was made, as far as its order matters.
///
/// **Order**: wall time, then counter, then site; total over all sites.
/// **Units**: `wall_ms` in milliseconds since 1970, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    pub wall_ms: i64,
    pub counter: u32,
    pub site: SiteId,
}

/// Gives stamps that always grow, whatever the wall clock does. Reads no clock: time is an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    last: Stamp,
}

/// A stamp of another site, taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The stamp to use: as it came, or pulled back to our time.
    pub stamp: Stamp,
    /// How far that site's clock runs before ours, in milliseconds; 0 when it does not.
    pub ahead_ms: i64,
}

impl Stamp {
    /// Smallest stamp of the same site after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        match self.counter.checked_add(1) {
            Some(counter) => Self { counter, ..self },
            None => Self { wall_ms: self.wall_ms + 1, counter: 0, site: self.site },
        }
    }

    #[must_use]
    pub const fn by(self, site: SiteId) -> Self {
        Self { site, ..self }
    }
}

impl Clock {
    #[must_use]
    pub const fn new(site: SiteId) -> Self {
        Self { last: Stamp { wall_ms: 0, counter: 0, site } }
    }

    /// Goes on after `last`, the newest stamp this clock gave or took in before (kept by the caller over a restart).
    #[must_use]
    pub const fn after(last: Stamp, site: SiteId) -> Self {
        Self { last: last.by(site) }
    }

    /// A stamp for something that happens now, later than all given and all taken in.
    pub fn tick(&mut self, now_ms: i64) -> Stamp {
        let now = Stamp { wall_ms: now_ms, counter: 0, site: self.last.site };
        self.last = if now_ms > self.last.wall_ms { now } else { self.last.next() };
        self.last
    }

    /// Takes in a stamp of another site.
    ///
    /// **Invariants**: a stamp from the future is pulled back to our time, so that a PC whose clock runs ahead does not
    /// win for as long as it does. Stamps that are pulled back ascend in the order of their arrival. For the one that
    /// decides about time (the hub); what comes from the hub is followed instead ([`Clock::follow`]).
    pub fn observe(&mut self, stamp: Stamp, now_ms: i64) -> Observed {
        let ahead_ms = stamp.wall_ms.saturating_sub(now_ms).max(0);
        if ahead_ms > 0 {
            return Observed { stamp: self.tick(now_ms).by(stamp.site), ahead_ms };
        }
        self.follow(stamp);
        Observed { stamp, ahead_ms }
    }

    /// Takes over a stamp whatever our own wall clock says: all later ticks come after it.
    pub fn follow(&mut self, stamp: Stamp) {
        self.last = self.last.max(stamp.by(self.last.site));
    }
}

/// `wall.counter.site`, in decimal.
impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.wall_ms, self.counter, self.site)
    }
}

/// A text that is no stamp.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no stamp")]
pub struct NoStamp(String);

impl FromStr for Stamp {
    type Err = NoStamp;

    fn from_str(text: &str) -> Result<Self, NoStamp> {
        let mut parts = text.split('.');
        let mut stamp = || {
            let wall_ms = parts.next()?.parse().ok()?;
            let counter = parts.next()?.parse().ok()?;
            let site = SiteId(parts.next()?.parse().ok()?);
            parts.next().is_none().then_some(Self { wall_ms, counter, site })
        };
        stamp().ok_or_else(|| NoStamp(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    fn stamp(wall_ms: i64, counter: u32, site: u32) -> Stamp {
        Stamp { wall_ms, counter, site: SiteId(site) }
    }

    #[test]
    fn a_wall_clock_that_goes_back_does_not_take_the_stamps_along() {
        let mut clock = Clock::new(SiteId(1));
        let first = clock.tick(10 * HOUR_MS);
        let second = clock.tick(7 * HOUR_MS);
        assert!(second > first);
        assert_eq!(second.wall_ms, 10 * HOUR_MS);
        assert_eq!(clock.tick(11 * HOUR_MS), stamp(11 * HOUR_MS, 0, 1));
    }

    #[test]
    fn a_stamp_from_the_future_is_pulled_to_our_time_and_told() {
        let mut hub = Clock::new(SiteId::HUB);
        let seen = hub.observe(stamp(5 * HOUR_MS, 7, 3), HOUR_MS);
        assert_eq!(seen, Observed { stamp: stamp(HOUR_MS, 0, 3), ahead_ms: 4 * HOUR_MS });
        let again = hub.observe(stamp(5 * HOUR_MS + 1, 0, 3), HOUR_MS);
        assert!(again.stamp > seen.stamp, "its changes keep their order");
        let right = hub.tick(HOUR_MS + 1);
        assert_eq!(right.wall_ms, HOUR_MS + 1, "our own time was not carried away");
    }

    #[test]
    fn a_stamp_from_the_past_is_kept() {
        let mut hub = Clock::new(SiteId::HUB);
        let old = stamp(HOUR_MS, 2, 3);
        assert_eq!(hub.observe(old, 2 * HOUR_MS), Observed { stamp: old, ahead_ms: 0 });
    }

    #[test]
    fn who_follows_stamps_later_than_what_it_saw_even_with_a_slow_clock() {
        let mut office = Clock::new(SiteId(2));
        let hub = stamp(9 * HOUR_MS, 4, 0);
        office.follow(hub);
        assert!(office.tick(HOUR_MS) > hub);
    }

    #[test]
    fn a_full_counter_moves_the_wall_time() {
        let mut clock = Clock::after(stamp(5, u32::MAX, 9), SiteId(1));
        assert_eq!(clock.tick(1), stamp(6, 0, 1));
    }

    proptest! {
        #[test]
        fn stamps_of_one_clock_always_grow(steps in prop::collection::vec((any::<bool>(), 0_i64..50, 0_i64..80, 0_u32..4), 1..60)) {
            let mut clock = Clock::new(SiteId(1));
            let mut last = stamp(0, 0, 1);
            for (tick, now, wall, counter) in steps {
                if tick {
                    let given = clock.tick(now);
                    prop_assert!(given > last);
                    last = given;
                } else {
                    let seen = clock.observe(stamp(wall, counter, 2), now);
                    prop_assert!(clock.tick(now) > seen.stamp.by(SiteId(0)));
                }
            }
        }

        #[test]
        fn a_stamp_survives_its_text(wall in any::<i64>(), counter in any::<u32>(), site in any::<u32>()) {
            let given = stamp(wall, counter, site);
            prop_assert_eq!(given.to_string().parse(), Ok(given));
        }
    }
}
