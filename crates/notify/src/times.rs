//! When messages go out: quiet hours and digests, by the clock of the business.

use std::time::Duration;

use jiff::{Timestamp, civil::Time, tz::TimeZone};

/// Hours in which nothing is sent. **Invariants**: may go over midnight; `from` is in it, `until` is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    from: Time,
    until: Time,
}

/// How often one message takes the place of many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digest {
    /// As soon as something is to be told.
    AtOnce,
    /// At most one in so long.
    Every(Duration),
    /// One a day, from this time on.
    Daily(Time),
    Never,
}

impl Quiet {
    /// `22:00-07:00`
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (from, until) = text.split_once('-')?;
        let quiet = Self { from: time(from)?, until: time(until)? };
        (quiet.from != quiet.until).then_some(quiet)
    }

    #[must_use]
    pub fn holds(self, now: Time) -> bool {
        if self.from < self.until {
            (self.from..self.until).contains(&now)
        } else {
            now >= self.from || now < self.until
        }
    }
}

impl Digest {
    /// `at once`, `every 15m` (`s`, `m`, `h`), `daily 08:00`, `never`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words[..] {
            ["at", "once"] => Some(Self::AtOnce),
            ["never"] => Some(Self::Never),
            ["daily", at] => time(at).map(Self::Daily),
            ["every", long] => {
                let (number, unit) = long.split_at_checked(long.len().checked_sub(1)?)?;
                let seconds = match unit {
                    "s" => 1,
                    "m" => 60,
                    "h" => 60 * 60,
                    _ => return None,
                };
                let number: u64 = number.parse().ok().filter(|number| (1..=1000).contains(number))?;
                Some(Self::Every(Duration::from_secs(number * seconds)))
            }
            _ => None,
        }
    }

    /// Whether a message may go now, when the last one went at `last_ms`.
    #[must_use]
    pub fn is_due(self, last_ms: Option<i64>, now_ms: i64, zone: &TimeZone) -> bool {
        let local = |ms: i64| {
            Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone.clone()).datetime()
        };
        match (self, last_ms) {
            (Self::AtOnce, _) | (Self::Every(_), None) => true,
            (Self::Never, _) => false,
            // A clock that was set back does not silence anybody.
            (Self::Every(long), Some(last)) => {
                let since = now_ms.saturating_sub(last);
                since < 0 || u128::from(since.unsigned_abs()) >= long.as_millis()
            }
            (Self::Daily(at), last) => {
                let (now, today) = (local(now_ms), local(now_ms).date().to_datetime(at));
                now >= today && last.is_none_or(|last| local(last) < today || last > now_ms)
            }
        }
    }
}

fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.trim().split_once(':')?;
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_go_over_midnight() {
        let at = |hour, minute| Time::constant(hour, minute, 0, 0);
        let night = Quiet::read("22:00-07:00").unwrap();
        assert!(
            night.holds(at(22, 0))
                && night.holds(at(23, 59))
                && night.holds(at(0, 0))
                && night.holds(at(6, 59))
        );
        assert!(!night.holds(at(7, 0)) && !night.holds(at(21, 59)));
        let noon = Quiet::read("12:00 - 13:30").unwrap();
        assert!(noon.holds(at(13, 29)) && !noon.holds(at(13, 30)) && !noon.holds(at(0, 0)));
        for bad in ["", "22:00", "22:00-22:00", "25:00-07:00", "22-7", "a-b"] {
            assert_eq!(Quiet::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_digest_is_due_once_a_day_or_once_in_so_long() {
        let zone = TimeZone::fixed(jiff::tz::offset(3));
        let ms = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        let daily = Digest::read("daily 08:00").unwrap();
        let due = |last: Option<&str>, now: &str| daily.is_due(last.map(ms), ms(now), &zone);
        assert!(!due(None, "2026-01-19T04:59:59Z") && due(None, "2026-01-19T05:00:00Z"));
        assert!(!due(Some("2026-01-19T05:00:01Z"), "2026-01-19T20:59:00Z"));
        assert!(due(Some("2026-01-19T05:00:01Z"), "2026-01-20T05:00:00Z"));
        assert!(due(Some("2026-01-19T04:00:00Z"), "2026-01-19T05:00:00Z"), "by hand before");
        let every = Digest::read("every 15m").unwrap();
        assert!(every.is_due(None, 0, &zone) && !every.is_due(Some(0), 899_999, &zone));
        assert!(every.is_due(Some(0), 900_000, &zone) && every.is_due(Some(900_000), 0, &zone));
        assert!(Digest::AtOnce.is_due(Some(0), 0, &zone) && !Digest::Never.is_due(None, 0, &zone));
        for bad in ["", "daily", "daily 24:00", "every 0m", "every m", "every 5x", "every ş", "sometimes"] {
            assert_eq!(Digest::read(bad), None, "{bad}");
        }
    }
}
