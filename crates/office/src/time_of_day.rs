//! A clock time of a timesheet.

use std::{fmt, str::FromStr};

use crate::InputError;

/// A time of day in whole minutes, as the office's program keeps it. **Invariants**: 00:00 to 23:59.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    pub const MIDNIGHT: Self = Self(0);

    /// # Errors
    /// [`InputError::Hour`] above 23, [`InputError::Minute`] above 59.
    pub fn new(hour: u32, minute: u32) -> Result<Self, InputError> {
        match (u16::try_from(hour), u16::try_from(minute)) {
            (Ok(hour @ 0..24), Ok(minute @ 0..60)) => Ok(Self(hour * 60 + minute)),
            (Ok(0..24), _) => Err(InputError::Minute { minute }),
            _ => Err(InputError::Hour { hour }),
        }
    }

    /// `None` from 1440 on. **Units**: minutes since midnight.
    #[must_use]
    pub fn from_minutes(minutes: u32) -> Option<Self> {
        u16::try_from(minutes).ok().filter(|minutes| *minutes < 24 * 60).map(Self)
    }

    /// **Units**: minutes since midnight.
    #[must_use]
    pub fn minutes(self) -> u32 {
        self.0.into()
    }

    #[must_use]
    pub fn hour(self) -> u32 {
        self.minutes() / 60
    }

    #[must_use]
    pub fn minute(self) -> u32 {
        self.minutes() % 60
    }
}

impl FromStr for TimeOfDay {
    type Err = InputError;

    /// `HH:MM` as databases keep it (a single digit each will do), and nothing else. What people type is read by
    /// [`input::time`](crate::input::time).
    fn from_str(text: &str) -> Result<Self, InputError> {
        let not_a_time = || InputError::NotATime { text: text.into() };
        let (hour, minute) = text.split_once(':').ok_or_else(not_a_time)?;
        let (hour, minute) = digits(hour).zip(digits(minute)).ok_or_else(not_a_time)?;
        Self::new(hour, minute)
    }
}

/// One or two digits.
pub(crate) fn digits(text: &str) -> Option<u32> {
    let is_short = matches!(text.len(), 1..=2) && text.bytes().all(|b| b.is_ascii_digit());
    is_short.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for TimeOfDay {
    /// `HH:MM`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour(), self.minute())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_minute_of_the_day_is_read_as_it_is_shown() {
        for minutes in 0..24 * 60 {
            let time = TimeOfDay::from_minutes(minutes).unwrap();
            assert_eq!(time.to_string().parse(), Ok(time));
            assert_eq!(TimeOfDay::new(time.hour(), time.minute()), Ok(time));
        }
        assert_eq!(TimeOfDay::from_minutes(24 * 60), None);
    }

    #[test]
    fn only_times_that_a_clock_shows_are_times() {
        for (text, problem) in [
            ("24:00", InputError::Hour { hour: 24 }),
            ("99:25", InputError::Hour { hour: 99 }),
            ("09:60", InputError::Minute { minute: 60 }),
        ] {
            assert_eq!(text.parse::<TimeOfDay>(), Err(problem));
        }
        for text in ["", ":", "9", "ab:cd", "09:00:00", " 09:00", "+9:00", "-1:00", "009:00", "٠٩:٠٠", "0900"]
        {
            assert_eq!(text.parse::<TimeOfDay>(), Err(InputError::NotATime { text: text.into() }));
        }
        assert_eq!("9:5".parse(), TimeOfDay::new(9, 5));
    }
}
