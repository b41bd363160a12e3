//! Hours of a timesheet's day, as the office's program calculates them.
//!
//! 1. Gross is end minus start; an end before the start is on the next day. Break is taken off, at most all of it; worked is
//!    what remains.
//! 2. Planned: Monday to Friday the weekday hours, on Saturday the Saturday window, on Sunday nothing. The day that the
//!    shift begins on decides.
//! 3. Overtime is **gross** minus planned, so the break does not lessen it; on a day without planned hours it is worked.
//! 4. Night is what lies between 22:00 and 06:00; past midnight is what lies on the next day. Break is taken off neither.
//! 5. A special day has nothing planned and no overtime: what was worked counts as special hours, its night as special night.
//!
//! The one thing to know: a [`Shift`] that was read can be calculated on every date; only reading fails.
//!
//! Not repeated from the old program: every shift past midnight failed on the last day of a month; and a row whose end is its
//! start came to no hours, but to 8 of night and the rest of its day after midnight. Such a row is refused when it is
//! read ([`ShiftError::NoLength`]); a [`Shift`] made otherwise still comes to what it came to.

mod schedule;
mod shift;
mod shown;

pub use schedule::{Schedule, ScheduleError, Setting, Settings};
pub use shift::{Entry, Field, Shift, ShiftError};
pub use shown::{Hours, Hundredths};
