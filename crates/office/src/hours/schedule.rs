//! What is planned for a day.

use std::time::Duration;

use jiff::civil::{Date, Weekday};

use crate::{InputError, TimeOfDay, input};

/// An office's settings as its file keeps them; a blank one, or one that is not there, means the program's own: 9 hours,
/// Saturday from 09:00 to 14:00.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings<'a> {
    pub weekday_hours: &'a str,
    pub saturday_start: &'a str,
    pub saturday_end: &'a str,
}

/// The planned hours of an office.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    weekday: Duration,
    saturday: Duration,
}

/// A setting that says no hours. `Display` is English.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    #[error("{setting}: {problem}")]
    Unreadable { setting: Setting, problem: InputError },
    /// Or with more than eleven digits behind the comma, which no time is measured in.
    #[error("{setting}: `{text}` hours are not in a day", setting = Setting::WeekdayHours)]
    NotInADay { text: String },
    #[error("Saturday would end ({end}) before it starts ({start})")]
    SaturdayBackwards { start: TimeOfDay, end: TimeOfDay },
}

/// A key of the office's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    WeekdayHours,
    SaturdayStart,
    SaturdayEnd,
}

impl Schedule {
    /// Reads `weekday_hours` with decimal comma or point (the old program failed at `7,5`), times as people write them.
    ///
    /// # Errors
    /// [`ScheduleError`]: hours below 0 or above 24, times that are none, a Saturday that ends before it starts.
    pub fn read(settings: &Settings<'_>) -> Result<Self, ScheduleError> {
        let start = saturday(Setting::SaturdayStart, settings.saturday_start, 9)?;
        let end = saturday(Setting::SaturdayEnd, settings.saturday_end, 14)?;
        let minutes = end
            .minutes()
            .checked_sub(start.minutes())
            .ok_or(ScheduleError::SaturdayBackwards { start, end })?;
        Ok(Self {
            weekday: weekday(settings.weekday_hours)?,
            saturday: Duration::from_secs(u64::from(minutes) * 60),
        })
    }

    /// What is planned for a day that is not special; nothing on Sundays.
    #[must_use]
    pub fn planned(&self, day: Date) -> Duration {
        match day.weekday() {
            Weekday::Sunday => Duration::ZERO,
            Weekday::Saturday => self.saturday,
            _ => self.weekday,
        }
    }
}

impl Default for Schedule {
    /// What blank settings mean.
    fn default() -> Self {
        Self { weekday: Duration::from_secs(9 * 3600), saturday: Duration::from_secs(5 * 3600) }
    }
}

fn weekday(text: &str) -> Result<Duration, ScheduleError> {
    /// 10⁻¹¹ hours are 36 ns: every decimal of eleven digits is a whole number of nanoseconds.
    const SCALE: u8 = 11;
    const NANOS: i128 = 36;
    if text.trim().is_empty() {
        return Ok(Schedule::default().weekday);
    }
    let hours = input::decimal(text)
        .map_err(|problem| ScheduleError::Unreadable { setting: Setting::WeekdayHours, problem })?;
    let nanos =
        hours.normalize().rescale(SCALE).and_then(|hours| u64::try_from(hours.unscaled() * NANOS).ok());
    let planned =
        nanos.map(Duration::from_nanos).filter(|planned| *planned <= Duration::from_secs(24 * 3600));
    planned.ok_or_else(|| ScheduleError::NotInADay { text: text.trim().into() })
}

fn saturday(setting: Setting, text: &str, default_hour: u32) -> Result<TimeOfDay, ScheduleError> {
    let read = match text.trim() {
        "" => TimeOfDay::new(default_hour, 0),
        text => input::time(text),
    };
    read.map_err(|problem| ScheduleError::Unreadable { setting, problem })
}

impl std::fmt::Display for Setting {
    /// The setting's key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::WeekdayHours => "weekday_hours",
            Self::SaturdayStart => "saturday_start",
            Self::SaturdayEnd => "saturday_end",
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn read(
        weekday_hours: &str,
        saturday_start: &str,
        saturday_end: &str,
    ) -> Result<Schedule, ScheduleError> {
        Schedule::read(&Settings { weekday_hours, saturday_start, saturday_end })
    }

    fn weekday_secs(text: &str) -> Option<u64> {
        read(text, "", "").ok().map(|schedule| schedule.planned(date(2026, 1, 14)).as_secs())
    }

    #[test]
    fn blank_settings_mean_the_programs_own() {
        assert_eq!(read("", " ", ""), Ok(Schedule::default()));
        assert_eq!(read("9", "09:00", "14:00"), Ok(Schedule::default()));
        assert_eq!(read("", "09:30", ""), read("9", "09:30", "14:00"));
        assert_eq!(read("", "", "13:00"), read("9", "09:00", "13:00"));
    }

    #[test]
    fn the_day_decides_what_is_planned() {
        let schedule = read("8", "9:00", "13.30").unwrap();
        // 12 January 2026 is a Monday.
        let hours: Vec<f64> =
            (12..19).map(|day| schedule.planned(date(2026, 1, day)).as_secs_f64() / 3600.0).collect();
        assert_eq!(hours, [8.0, 8.0, 8.0, 8.0, 8.0, 4.5, 0.0]);
    }

    #[test]
    fn weekday_hours_may_have_decimals() {
        for (text, secs) in [("7.5", 27_000), ("7,5", 27_000), ("0", 0), ("24", 86_400), (" 9.0 ", 32_400)] {
            assert_eq!(weekday_secs(text), Some(secs), "{text:?}");
        }
        let schedule = read("7.12345678901", "", "").unwrap();
        assert_eq!(schedule.planned(date(2026, 1, 14)).as_nanos(), 25_644_444_440_436);
        assert!(read("7.1234567890100", "", "").is_ok(), "zeros at the end are no digits");
    }

    #[test]
    fn settings_that_say_no_hours_are_refused() {
        for text in ["-1", "24.01", "7.123456789012", "99999999999999999999999999999999999999"] {
            assert_eq!(read(text, "", ""), Err(ScheduleError::NotInADay { text: text.into() }));
        }
        let problem = InputError::NotANumber { text: "dokuz".into() };
        assert_eq!(
            read("dokuz", "", ""),
            Err(ScheduleError::Unreadable { setting: Setting::WeekdayHours, problem })
        );
        let wrong = read("", "", "25:00").unwrap_err();
        assert_eq!(wrong.to_string(), "saturday_end: hour 25 does not exist: hours go from 0 to 23");
        let wrong = read("", "14:00", "09:00").unwrap_err();
        assert_eq!(wrong.to_string(), "Saturday would end (09:00) before it starts (14:00)");
    }

    #[test]
    fn a_saturday_without_hours_is_a_day_without_plan() {
        let schedule = read("", "09:00", "09:00").unwrap();
        assert_eq!(schedule.planned(date(2026, 1, 17)), Duration::ZERO);
    }
}
