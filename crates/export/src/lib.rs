//! Rows as files that people open in Excel: lists as CSV and xlsx, and the timesheet report.
//!
//! Owns how such files look, in Turkish and English, and keeps the libraries that know the formats inside. Not here: where rows
//! come from, who may see them, where files go. Reads no clock: when a file was made is an argument, and the same rows give
//! the same bytes. Temporary files of the machine hold a workbook's rows while it is made.
//!
//! The one thing to know: a cell's type is kept. Text is text, whatever it begins with, and no file made here calculates
//! anything when it is opened.

mod cell;
mod csv;
mod order;
mod timesheet;
mod xlsx;

pub use self::cell::Cell;
pub use self::csv::csv;
pub use self::timesheet::{Language, Report, Row, Timesheet, file_name, list_file_name, reason, timesheet};
pub use self::xlsx::{Exported, List, LogoProblem, Notice, check_png, list, lists};

/// Why no file could be made.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A row has more or fewer cells than there are headers. **Units**: rows from 1, without the header.
    #[error("row {row} has {cells} cells, the list has {columns} columns")]
    Width { row: usize, cells: usize, columns: usize },
    /// Excel holds 1 048 576 rows.
    #[error("the list has more rows than a sheet holds")]
    TooManyRows,
    #[error("the CSV file cannot be written")]
    Csv(#[from] ::csv::Error),
    /// Most likely there is no room for temporary files.
    #[error("the xlsx file cannot be made")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
}

fn check_width(row: usize, cells: usize, columns: usize) -> Result<(), ExportError> {
    if cells == columns { Ok(()) } else { Err(ExportError::Width { row, cells, columns }) }
}
