//! A list as a sheet.

use jiff::civil::DateTime;

use super::{Book, Exported, Look};
use crate::{Cell, ExportError, cell::written, check_width};

/// What stands around the rows of a list.
#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    /// The sheet's name, as far as Excel takes it.
    pub title: &'a str,
    pub headers: &'a [&'a str],
    /// Stands in the file's properties.
    pub made: DateTime,
}

const WIDTH_MIN: usize = 8;
const WIDTH_MAX: usize = 60;

/// One sheet: headers in the first row, which stays in sight and has filters; cells by their types; columns as wide as their
/// longest text, within reason. Takes rows as they come and keeps none of them in memory; blocks while it works and writes a
/// temporary file.
///
/// A date before 1 March 1900 and a number of more than 15 digits are written as text, because Excel has no cell that holds
/// them.
///
/// # Errors
/// [`ExportError`].
pub fn list<'a, R: AsRef<[Cell<'a>]>>(
    list: &List<'_>,
    rows: impl IntoIterator<Item = R>,
) -> Result<Exported, ExportError> {
    let mut book = Book::new(list.title, list.made);
    write(&mut book, list, rows)?;
    book.finish()
}

/// Several lists, each as [`list`] makes it, on sheets of one file.
///
/// # Errors
/// [`ExportError`].
pub fn lists<'a>(
    title: &str,
    made: DateTime,
    lists: impl IntoIterator<Item = (List<'a>, &'a [Vec<Cell<'a>>])>,
) -> Result<Exported, ExportError> {
    let mut book = Book::new(title, made);
    for (list, rows) in lists {
        write(&mut book, &list, rows)?;
    }
    book.finish()
}

fn write<'a, R: AsRef<[Cell<'a>]>>(
    book: &mut Book,
    list: &List<'_>,
    rows: impl IntoIterator<Item = R>,
) -> Result<(), ExportError> {
    let mut sheet = book.sheet(list.title)?;
    let headers: Vec<Cell<'_>> = list.headers.iter().map(|header| Cell::from(*header)).collect();
    // The filter's button takes room beside the header.
    let mut widths: Vec<usize> = list.headers.iter().map(|header| header.chars().count() + 3).collect();
    sheet.row(0, &headers, Look::Header)?;
    let mut last = 0;
    for (index, row) in rows.into_iter().enumerate() {
        let cells = row.as_ref();
        check_width(index + 1, cells.len(), headers.len())?;
        last = u32::try_from(index + 1).map_err(|_| ExportError::TooManyRows)?;
        sheet.row(last, cells, Look::Plain)?;
        widen(&mut widths, cells);
    }
    sheet.inner.set_freeze_panes(1, 0)?;
    for (column, width) in (0_u16..).zip(&widths) {
        let width = u32::try_from(*(width).clamp(&WIDTH_MIN, &WIDTH_MAX)).unwrap_or(0);
        sheet.inner.set_column_width(column, width)?;
    }
    if let Some(last_column) = u16::try_from(headers.len()).ok().and_then(|columns| columns.checked_sub(1)) {
        sheet.inner.autofilter(0, 0, last, last_column)?;
    }
    Ok(())
}

fn widen(widths: &mut [usize], cells: &[Cell<'_>]) {
    for (width, cell) in widths.iter_mut().zip(cells) {
        *width = (*width).max(length(cell) + 1);
    }
}

/// **Units**: characters.
fn length(cell: &Cell<'_>) -> usize {
    match cell {
        Cell::Empty => 0,
        Cell::Text(text) => text.lines().map(|line| line.chars().count()).max().unwrap_or(0),
        Cell::Number(number) => number.to_string().len(),
        Cell::Date(date) => written(*date).len(),
        Cell::Time(_) => 5,
    }
}
