//! Local wall time as the marketplace program writes it: text without a zone.

use std::fmt;

const MINUTE: i64 = 60;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// A second of local wall time. **Units**: seconds since 1970-01-01 00:00:00 on the same wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub i64);

impl Moment {
    /// When the generated files are "now", unless a test says otherwise: 2026-05-15 17:45:00.
    pub const USUAL: Self = Self(1_778_867_100);

    #[must_use]
    pub const fn minus(self, seconds: i64) -> Self {
        Self(self.0 - seconds)
    }

    #[must_use]
    pub const fn plus(self, seconds: i64) -> Self {
        Self(self.0 + seconds)
    }

    /// The date part, `YYYY-MM-DD`.
    #[must_use]
    pub fn date(self) -> String {
        let (year, month, day) = civil(self.0.div_euclid(DAY));
        format!("{year:04}-{month:02}-{day:02}")
    }
}

/// `YYYY-MM-DD HH:MM:SS`.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let second = self.0.rem_euclid(DAY);
        let (hour, minute) = (second / HOUR, second % HOUR / MINUTE);
        write!(f, "{} {hour:02}:{minute:02}:{:02}", self.date(), second % MINUTE)
    }
}

/// Year, month and day of a day number counted from 1970-01-01 (proleptic Gregorian calendar; H. Hinnant's
/// `civil_from_days`).
fn civil(day_number: i64) -> (i64, i64, i64) {
    let shifted = day_number + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_prints_as_the_program_writes_it() {
        assert_eq!(Moment(0).to_string(), "1970-01-01 00:00:00");
        assert_eq!(Moment(951_782_399).to_string(), "2000-02-28 23:59:59");
        assert_eq!(Moment(951_782_400).to_string(), "2000-02-29 00:00:00");
        assert_eq!(Moment::USUAL.to_string(), "2026-05-15 17:45:00");
    }
}
