//! What the offices' program calculates: hours of a timesheet, deadlines and oil of vehicles, what looks wrong in the data,
//! and how what people type is read.
//!
//! Pure: no input or output, no clock (`today` is an argument), no randomness. Not here: where rows come from, texts for
//! people ([`InputError`] and [`hours::ShiftError`] say what is wrong in English; who shows them translates), files
//! (crate `export`).
//!
//! The one thing to know: hours are exact until they are shown. A day is rounded to hundredths once, and totals are sums of
//! what is shown, so that a sheet's column adds up on paper.

pub mod hours;
pub mod input;
pub mod quality;
mod time_of_day;
pub mod vehicles;

pub use input::InputError;
pub use time_of_day::TimeOfDay;
