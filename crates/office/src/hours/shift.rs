//! One row of a timesheet: read, then calculated.

use std::{fmt, time::Duration};

use jiff::civil::Date;

use super::{Hours, Hundredths, Schedule};
use crate::{InputError, TimeOfDay, input};

/// A row as the database keeps it; NULL is the empty text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry<'a> {
    /// `YYYY-MM-DD`.
    pub date: &'a str,
    /// `HH:MM`.
    pub start: &'a str,
    /// `HH:MM`.
    pub end: &'a str,
    /// Whole minutes.
    pub break_minutes: &'a str,
    pub is_special: bool,
}

/// A row that can be calculated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    /// The day on which it begins.
    pub date: Date,
    pub start: TimeOfDay,
    /// On the next day if it is before `start`. [`Shift::read`] takes no row in which it is `start`.
    pub end: TimeOfDay,
    /// Below 0 means none, more than the shift is long means all of it.
    pub break_minutes: i64,
    pub is_special: bool,
}

/// Why a row cannot be calculated. `Display` is English.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShiftError {
    #[error("{field}: {problem}")]
    Unreadable { field: Field, problem: InputError },
    /// Nobody can tell whether somebody worked all day or not at all.
    #[error("begins and ends at {at}")]
    NoLength { at: TimeOfDay },
}

/// What of a row cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Date,
    Start,
    End,
    Break,
}

/// **Units**: minutes since the midnight that the shift's day begins with, ends not included. Three nights touch two days.
const NIGHTS: [(u32, u32); 3] = [(0, 6 * 60), (22 * 60, DAY + 6 * 60), (DAY + 22 * 60, 2 * DAY)];
const DAY: u32 = 24 * 60;

impl Shift {
    /// Reads a row strictly: databases keep one spelling, and a guess would be somebody's pay.
    ///
    /// # Errors
    /// [`ShiftError`] with the first field, from left to right, that cannot be read; else if the row has no length.
    pub fn read(entry: &Entry<'_>) -> Result<Self, ShiftError> {
        let in_field = |field| move |problem| ShiftError::Unreadable { field, problem };
        let shift = Self {
            date: input::stored_date(entry.date).map_err(in_field(Field::Date))?,
            start: entry.start.parse().map_err(in_field(Field::Start))?,
            end: entry.end.parse().map_err(in_field(Field::End))?,
            break_minutes: input::stored_whole(entry.break_minutes).map_err(in_field(Field::Break))?,
            is_special: entry.is_special,
        };
        if shift.start == shift.end { Err(ShiftError::NoLength { at: shift.start }) } else { Ok(shift) }
    }

    /// From start to end, with the break; nothing if both are the same.
    #[must_use]
    pub fn gross(&self) -> Duration {
        minutes(self.gross_minutes())
    }

    /// The eight amounts of a row, each rounded once.
    #[must_use]
    pub fn hours(&self, schedule: &Schedule) -> Hours {
        let worked = self.worked();
        let hours = Hours {
            worked: Hundredths::rounded(worked),
            night: Hundredths::rounded(self.night()),
            past_midnight: Hundredths::rounded(self.past_midnight()),
            ..Hours::default()
        };
        if self.is_special {
            return Hours { special_normal: hours.worked, special_night: hours.night, ..hours };
        }
        let planned = schedule.planned(self.date);
        let overtime = if planned.is_zero() { worked } else { self.gross().saturating_sub(planned) };
        Hours { planned: Hundredths::rounded(planned), overtime: Hundredths::rounded(overtime), ..hours }
    }

    fn gross_minutes(&self) -> u32 {
        (self.end.minutes() + DAY - self.start.minutes()) % DAY
    }

    /// Without the break; nothing if that takes all of it.
    pub(crate) fn worked(&self) -> Duration {
        let gross = self.gross_minutes();
        let pause = u32::try_from(self.break_minutes.max(0)).unwrap_or(u32::MAX);
        minutes(gross.saturating_sub(pause))
    }

    fn night(&self) -> Duration {
        let (from, until) = (self.start.minutes(), self.end_in_two_days());
        let within = |(start, end): (u32, u32)| end.min(until).saturating_sub(start.max(from));
        minutes(NIGHTS.into_iter().map(within).sum())
    }

    /// What lies on the next day.
    pub(crate) fn past_midnight(&self) -> Duration {
        minutes(self.end_in_two_days().saturating_sub(DAY))
    }

    /// An end at or before the start is on the next day.
    fn end_in_two_days(&self) -> u32 {
        self.end.minutes() + if self.end <= self.start { DAY } else { 0 }
    }
}

fn minutes(minutes: u32) -> Duration {
    Duration::from_secs(u64::from(minutes) * 60)
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Date => "date",
            Self::Start => "start",
            Self::End => "end",
            Self::Break => "break",
        })
    }
}
