//! Who is late: a plain rule that stands on the page.
//!
//! A whole working day, Monday to Saturday, has gone by without a word. The schedule knows no work on Sundays
//! ([`office::hours`]); nothing knows holidays.

use jiff::{
    ToSpan,
    civil::{Date, Weekday},
};

/// Days that are looked at: who was not heard of for longer is late.
const DAYS_MAX: i64 = 7;

/// Whether a working day lies between the day of the last word and today.
pub(super) fn is_late(last: Date, today: Date) -> bool {
    let mut day = last;
    for _ in 0..DAYS_MAX {
        day = match day.checked_add(1.day()) {
            Ok(next) if next < today => next,
            _ => return false,
        };
        if day.weekday() != Weekday::Sunday {
            return true;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn late_is_who_missed_a_whole_working_day() {
        let (friday, saturday, sunday) = (date(2026, 1, 16), date(2026, 1, 17), date(2026, 1, 18));
        let (monday, tuesday) = (date(2026, 1, 19), date(2026, 1, 20));
        for (last, today, late) in [
            (monday, monday, false),
            (monday, tuesday, false),
            (saturday, monday, false),
            (saturday, tuesday, true),
            (friday, saturday, false),
            (friday, sunday, true),
            (sunday, monday, false),
            (tuesday, monday, false),
            (date(2020, 1, 1), monday, true),
            (Date::MAX, Date::MAX, false),
        ] {
            assert_eq!(is_late(last, today), late, "{last} to {today}");
        }
    }
}
