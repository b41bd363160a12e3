//! Files as a spreadsheet program opens them, cell by cell.
#![allow(clippy::unwrap_used, reason = "tests")]

mod lists;
mod opened;
mod timesheets;
