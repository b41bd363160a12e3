//! Inspection, insurance, maintenance, driving licence: days until they run out.

use jiff::civil::Date;

/// A day on which something runs out, seen from today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    /// Below 0: overdue by that many days. 0: today is the last day.
    pub days_left: i32,
}

/// How pressing a [`Deadline`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    Overdue,
    /// Within seven days.
    Critical,
    /// Within thirty days.
    Soon,
    Fine,
}

impl Deadline {
    #[must_use]
    pub fn new(on: Date, today: Date) -> Self {
        let hours = on.duration_since(today).as_hours();
        // Days of jiff's calendar, seven million, fit.
        Self { days_left: i32::try_from(hours / 24).unwrap_or(i32::MAX) }
    }

    #[must_use]
    pub fn urgency(self) -> Urgency {
        match self.days_left {
            ..0 => Urgency::Overdue,
            0..=7 => Urgency::Critical,
            8..=30 => Urgency::Soon,
            _ => Urgency::Fine,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::{ToSpan, civil::date};

    use super::*;

    #[test]
    fn days_are_counted_to_the_last_one() {
        let today = date(2026, 1, 15);
        for (days, urgency) in [
            (-400, Urgency::Overdue),
            (-1, Urgency::Overdue),
            (0, Urgency::Critical),
            (7, Urgency::Critical),
            (8, Urgency::Soon),
            (30, Urgency::Soon),
            (31, Urgency::Fine),
        ] {
            let deadline = Deadline::new(today.checked_add(days.days()).unwrap(), today);
            assert_eq!((deadline.days_left, deadline.urgency()), (days, urgency));
        }
    }

    #[test]
    fn months_years_and_leap_days_are_days() {
        assert_eq!(Deadline::new(date(2028, 3, 1), date(2028, 2, 28)).days_left, 2);
        assert_eq!(Deadline::new(date(2027, 1, 1), date(2026, 1, 1)).days_left, 365);
        assert_eq!(Deadline::new(Date::MAX, Date::MIN).days_left, 7_304_483);
        assert_eq!(Deadline::new(Date::MIN, Date::MAX).days_left, -7_304_483);
    }
}
