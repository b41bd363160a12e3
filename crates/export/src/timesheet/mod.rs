//! The timesheet report: the sheet that offices know, its summaries, and the rows that could not be calculated.
//!
//! The first sheet looks as the old program's (rows 1 to 3: logo, company, title, dates; headers in row 5; rows from row 6; 16
//! columns). Otherwise than there, dates, times and hours are cells of their types, and a row that cannot be calculated
//! stands on a sheet of its own instead of ending the report; row 4, empty before, then says how many there are.

mod labels;
mod names;
mod rows;
mod sheets;

use jiff::civil::{Date, DateTime};
use office::hours::{Entry, Schedule};

pub use self::labels::{Language, reason};
pub use self::names::{file_name, list_file_name};
use self::rows::Rows;
use crate::{
    ExportError, Exported, Notice,
    xlsx::{Book, check_png},
};

/// What stands around the rows of a report.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    pub company: &'a str,
    /// Blank: the language's own title.
    pub title: &'a str,
    /// The first day that was asked for; `None` where there is no such limit.
    pub from: Option<Date>,
    /// The last day that was asked for.
    pub until: Option<Date>,
    /// A PNG picture.
    pub logo: Option<&'a [u8]>,
    pub language: Language,
    /// Stands in the file's properties.
    pub made: DateTime,
}

/// A row of the timesheet.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a, K> {
    /// Who worked, by the key that totals go by; `None` where nobody of the row's number is there.
    pub person: Option<K>,
    pub name: &'a str,
    pub region: &'a str,
    pub entry: Entry<'a>,
    pub note: &'a str,
    /// Of the office whose row it is.
    pub schedule: &'a Schedule,
}

/// A report, and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timesheet {
    pub file: Exported,
    /// Rows on the sheet of errors, which no total counts.
    pub errors: usize,
}

/// Makes the report: five sheets, the rows in the order they come in, people by name in Turkish order.
/// Blocks while it works and writes temporary files.
///
/// # Errors
/// [`ExportError`]; never because of what a row or a logo holds.
pub fn timesheet<K: Ord + Copy>(report: &Report<'_>, rows: &[Row<'_, K>]) -> Result<Timesheet, ExportError> {
    let labels = report.language.labels();
    let title = if report.title.trim().is_empty() { labels.report_title } else { report.title };
    let report = Report { title, ..*report };
    let rows = Rows::calculated(rows);
    let mut book = Book::new(report.title, report.made);
    let logo = checked_logo(&report, &mut book);
    sheets::days(&mut book, &Report { logo, ..report }, &rows)?;
    sheets::summary(&mut book, labels, &rows)?;
    sheets::special_days(&mut book, labels, &rows)?;
    sheets::past_midnight(&mut book, labels, &rows)?;
    sheets::errors(&mut book, report.language, &rows)?;
    Ok(Timesheet { file: book.finish()?, errors: rows.failed.len() })
}

/// The logo if it is a picture.
fn checked_logo<'a>(report: &Report<'a>, book: &mut Book) -> Option<&'a [u8]> {
    let logo = report.logo?;
    match check_png(logo) {
        Ok(()) => Some(logo),
        Err(problem) => {
            book.notice(Notice::Logo(problem));
            None
        }
    }
}
