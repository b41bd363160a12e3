//! Hours as they are shown: rounded once.

use std::{fmt, iter::Sum, ops::AddAssign, time::Duration};

/// An amount of hours as it is shown. **Units**: hundredths of an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hundredths(pub i64);

impl Hundredths {
    /// The nearest hundredth; a half goes up. Whole minutes never lie on a half.
    #[must_use]
    pub(crate) fn rounded(exact: Duration) -> Self {
        const HUNDREDTH: u128 = Duration::from_secs(36).as_nanos();
        let rounded = (exact.as_nanos() + HUNDREDTH / 2) / HUNDREDTH;
        Self(i64::try_from(rounded).unwrap_or(i64::MAX))
    }

    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl AddAssign for Hundredths {
    fn add_assign(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }
}

impl fmt::Display for Hundredths {
    /// With a point and two digits: `10.83`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{:02}", self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100)
    }
}

/// What a day comes to, or many: a sum adds up what is shown of each day, not what lies behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hours {
    /// Without the break.
    pub worked: Hundredths,
    /// By the schedule; nothing on a special day.
    pub planned: Hundredths,
    pub overtime: Hundredths,
    /// Between 22:00 and 06:00.
    pub night: Hundredths,
    /// On the day after the one that the shift began on.
    pub past_midnight: Hundredths,
    /// Worked on a special day.
    pub special_normal: Hundredths,
    /// Always nothing: a special day has no overtime. Sheets have a column for it.
    pub special_overtime: Hundredths,
    /// Night of a special day; it is in `night` too.
    pub special_night: Hundredths,
}

impl AddAssign for Hours {
    fn add_assign(&mut self, day: Self) {
        self.worked += day.worked;
        self.planned += day.planned;
        self.overtime += day.overtime;
        self.night += day.night;
        self.past_midnight += day.past_midnight;
        self.special_normal += day.special_normal;
        self.special_overtime += day.special_overtime;
        self.special_night += day.special_night;
    }
}

impl Sum for Hours {
    fn sum<I: Iterator<Item = Self>>(days: I) -> Self {
        days.fold(Self::default(), |mut sum, day| {
            sum += day;
            sum
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn minutes_are_shown_to_the_nearest_hundredth() {
        for (minutes, wanted) in
            [(0, "0.00"), (1, "0.02"), (2, "0.03"), (10, "0.17"), (650, "10.83"), (1439, "23.98")]
        {
            assert_eq!(Hundredths::rounded(MINUTE * minutes).to_string(), wanted);
        }
        assert_eq!(Hundredths::rounded(Duration::from_secs(18)), Hundredths(1), "a half goes up");
        assert_eq!(Hundredths::rounded(Duration::from_nanos(17_999_999_999)), Hundredths(0));
        assert_eq!(Hundredths(-105).to_string(), "-1.05");
    }

    #[test]
    fn a_sum_adds_what_is_shown() {
        let third = Hours { worked: Hundredths::rounded(MINUTE * 20), ..Hours::default() };
        let sum: Hours = [third; 3].into_iter().sum();
        assert_eq!(sum.worked.to_string(), "0.99", "and not 1.00, which is what an hour would show");
    }
}
