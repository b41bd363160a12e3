//! One value of a list.

use std::borrow::Cow;

use jiff::civil::Date;
use model::Decimal;
use office::{TimeOfDay, hours::Hundredths};

/// A value and its type, which the file keeps.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    Empty,
    /// Never a formula, whatever it begins with.
    Text(Cow<'a, str>),
    /// Shown with as many digits behind the comma as it has.
    Number(Decimal),
    Date(Date),
    Time(TimeOfDay),
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<i64> for Cell<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}

impl From<Decimal> for Cell<'_> {
    fn from(number: Decimal) -> Self {
        Self::Number(number)
    }
}

impl From<Hundredths> for Cell<'_> {
    fn from(hours: Hundredths) -> Self {
        // Nineteen digits always fit.
        Decimal::new(hours.0.into(), 2).map_or(Self::Empty, Self::Number)
    }
}

impl From<Date> for Cell<'_> {
    fn from(date: Date) -> Self {
        Self::Date(date)
    }
}

impl From<TimeOfDay> for Cell<'_> {
    fn from(time: TimeOfDay) -> Self {
        Self::Time(time)
    }
}

/// `31.01.2026`.
pub fn written(date: Date) -> String {
    format!("{:02}.{:02}.{:04}", date.day(), date.month(), date.year())
}
