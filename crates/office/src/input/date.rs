//! Days, weeks and months.

use std::{fmt, str::FromStr};

use jiff::{ToSpan, civil::Date};

use super::InputError;
use crate::time_of_day::digits;

/// `2026-01-05`, `2026-1-5`, `05.01.2026` or `5.1.2026`, blanks around it allowed. The year has four digits.
///
/// # Errors
/// [`InputError::NoSuchDay`] for 30.02.2026; [`InputError::NotADate`] for everything else, also `05/01/2026` (day or month
/// first?) and a date with a time, as in the old program.
pub fn date(text: &str) -> Result<Date, InputError> {
    let text = text.trim();
    let not_a_date = || InputError::NotADate { text: text.into() };
    let in_order = three(text, '-').or_else(|| three(text, '.').map(|[day, month, year]| [year, month, day]));
    let [year, month, day] = in_order.ok_or_else(not_a_date)?;
    let year = four_digits(year).ok_or_else(not_a_date)?;
    let (month, day) = digits(month).zip(digits(day)).ok_or_else(not_a_date)?;
    civil(year, month, day).ok_or_else(|| InputError::NoSuchDay { text: text.into() })
}

/// `YYYY-MM-DD` as databases keep it, and nothing else.
///
/// # Errors
/// As [`date`].
pub(crate) fn stored_date(text: &str) -> Result<Date, InputError> {
    let bytes = text.as_bytes();
    let is_stored = bytes.len() == 10 && bytes[4] == b'-' && bytes[7] == b'-' && text.trim_end() == text;
    if is_stored { date(text) } else { Err(InputError::NotADate { text: text.into() }) }
}

/// The day of a spreadsheet's number (46027 is 2026-01-05; a time of day in it is left out).
///
/// **Source**: Excel's day 1 is 1900-01-01, and it knows a 29 February 1900; from day 61 on that is days since 1899-12-30.
/// **Corrects** the old program, which made 1899-12-30 of an empty cell's 0 and had no answer to a real date cell (the caller
/// hands on its number).
///
/// # Errors
/// [`InputError::NotADate`] outside 1900-03-01 to 9999-12-31.
pub fn date_of_serial(serial: f64) -> Result<Date, InputError> {
    const FIRST: f64 = 61.0;
    const LAST: f64 = 2_958_465.0;
    if !(FIRST..LAST + 1.0).contains(&serial) {
        return Err(InputError::NotADate { text: serial.to_string() });
    }
    #[allow(clippy::cast_possible_truncation)]
    let days = serial as i64;
    let epoch = Date::constant(1899, 12, 30);
    epoch.checked_add(days.days()).map_err(|_| InputError::NotADate { text: serial.to_string() })
}

/// The Monday of the day's week. In the first week of jiff's calendar, year −9999, the day itself.
#[must_use]
pub fn week_start(day: Date) -> Date {
    let since_monday = i64::from(day.weekday().to_monday_zero_offset());
    day.saturating_sub(since_monday.days())
}

/// A month of a year, as people choose it for a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    first: Date,
}

impl Month {
    #[must_use]
    pub fn of(day: Date) -> Self {
        Self { first: day.first_of_month() }
    }

    #[must_use]
    pub fn first_day(self) -> Date {
        self.first
    }

    #[must_use]
    pub fn last_day(self) -> Date {
        self.first.last_of_month()
    }
}

impl FromStr for Month {
    type Err = InputError;

    /// `2026-01` or `2026-1`; `01.2026` is none, as in the old program.
    fn from_str(text: &str) -> Result<Self, InputError> {
        let parts = text.trim().split_once('-');
        let read = parts.and_then(|(year, month)| civil(four_digits(year)?, digits(month)?, 1));
        read.map(Self::of).ok_or_else(|| InputError::NotAMonth { text: text.into() })
    }
}

impl fmt::Display for Month {
    /// `YYYY-MM`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.first.year(), self.first.month())
    }
}

/// Exactly three parts.
fn three(text: &str, separator: char) -> Option<[&str; 3]> {
    text.split(separator).collect::<Vec<_>>().try_into().ok()
}

fn four_digits(text: &str) -> Option<u32> {
    let is_year = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
    is_year.then(|| text.parse().ok()).flatten()
}

/// `None` for a day that does not exist; years 1 to 9999.
fn civil(year: u32, month: u32, day: u32) -> Option<Date> {
    let year = i16::try_from(year).ok().filter(|year| *year > 0)?;
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date as day;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_read_in_four_spellings() {
        for text in ["2026-01-05", "05.01.2026", "5.1.2026", "2026-1-5", "  2026-01-05\t"] {
            assert_eq!(date(text), Ok(day(2026, 1, 5)), "{text:?}");
        }
        assert_eq!(date("29.02.2028"), Ok(day(2028, 2, 29)));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in
            ["", "05/01/2026", "2026-01-05 08:30", "05.01.26", "2026-01", "1.2.3.2026", "2026-+1-05", "abc"]
        {
            assert_eq!(date(text), Err(InputError::NotADate { text: text.into() }));
        }
        for text in ["30.02.2026", "2026-13-01", "2026-00-10", "0000-01-01", "29.02.2026"] {
            assert_eq!(date(text), Err(InputError::NoSuchDay { text: text.into() }));
        }
    }

    #[test]
    fn databases_keep_dates_in_one_spelling() {
        assert_eq!(stored_date("2026-01-05"), Ok(day(2026, 1, 5)));
        for text in
            ["2026-1-5", "05.01.2026", " 2026-01-05", "2026-01-5 ", "2026-1-005", "ab-cd-efgh", "çççççç"]
        {
            assert!(stored_date(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_spreadsheets_number_is_a_day() {
        assert_eq!(date_of_serial(46_027.0), Ok(day(2026, 1, 5)));
        assert_eq!(date_of_serial(46_027.5), Ok(day(2026, 1, 5)));
        assert_eq!(date_of_serial(61.0), Ok(day(1900, 3, 1)));
        assert_eq!(date_of_serial(2_958_465.9), Ok(day(9999, 12, 31)));
        for serial in [0.0, 60.9, 2_958_466.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(date_of_serial(serial).is_err(), "{serial}");
        }
    }

    #[test]
    fn weeks_begin_on_monday() {
        assert_eq!(week_start(day(2026, 1, 11)), day(2026, 1, 5));
        assert_eq!(week_start(day(2026, 1, 4)), day(2025, 12, 29));
        assert_eq!(week_start(day(2026, 1, 5)), day(2026, 1, 5));
        assert_eq!(week_start(Date::MIN), Date::MIN);
    }

    #[test]
    fn months_have_a_first_and_a_last_day() {
        let february: Month = "2028-2".parse().unwrap();
        assert_eq!(february.to_string(), "2028-02");
        assert_eq!((february.first_day(), february.last_day()), (day(2028, 2, 1), day(2028, 2, 29)));
        assert_eq!("2026-1".parse(), Ok(Month::of(day(2026, 1, 31))));
        for text in ["01.2026", "2026-13", "2026", "", "26-01", "2026-1-1"] {
            assert_eq!(text.parse::<Month>(), Err(InputError::NotAMonth { text: text.into() }));
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_readers(text in "\\PC{0,14}") {
            let _ = (date(&text), stored_date(&text), text.parse::<Month>());
        }

        #[test]
        fn a_week_start_is_a_monday_at_most_six_days_back(days in 0_i64..2_900_000) {
            let day = day(1970, 1, 1).checked_add(days.days()).unwrap_or(Date::MAX);
            let monday = week_start(day);
            prop_assert_eq!(monday.weekday(), jiff::civil::Weekday::Monday);
            prop_assert!((0..7).contains(&day.since(monday).unwrap().get_days()));
        }
    }
}
