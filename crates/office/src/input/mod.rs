//! What people and spreadsheets write, read into values.
//!
//! The office's old program took whatever it could not read for 0, false or an impossible time. Here everything is
//! either read or refused with a reason; each function names where it decides otherwise than the old program.

mod check;
mod date;
mod number;
mod text;
mod time;

pub use check::CheckStatus;
pub(crate) use date::stored_date;
pub use date::{Month, date, date_of_serial, week_start};
pub(crate) use number::stored_whole;
pub use number::{decimal, flag, whole};
pub use text::{fold, header};
pub use time::{time, time_of_serial};

/// Why a text or a spreadsheet's number cannot be read. `Display` is English, without the place it stood in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    #[error("`{text}` is not a date")]
    NotADate { text: String },
    #[error("`{text}` is a day that does not exist")]
    NoSuchDay { text: String },
    #[error("`{text}` is not a time")]
    NotATime { text: String },
    #[error("hour {hour} does not exist: hours go from 0 to 23")]
    Hour { hour: u32 },
    #[error("minute {minute} does not exist: minutes go from 0 to 59")]
    Minute { minute: u32 },
    /// A time, or a fraction of a day.
    #[error("`{text}` can be two times: write it as HH:MM")]
    Ambiguous { text: String },
    #[error("`{text}` is not a number")]
    NotANumber { text: String },
    #[error("`{text}` is not a whole number")]
    NotWhole { text: String },
    #[error("`{text}` is neither yes nor no")]
    NotAFlag { text: String },
    #[error("`{text}` is not a month (YYYY-MM)")]
    NotAMonth { text: String },
}
