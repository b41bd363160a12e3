//! A made file, opened by another library than the one that made it.

use std::io::{Cursor, Read};

use calamine::{Data, Reader, Xlsx};
use office::input::{date_of_serial, time_of_serial};

/// Names of the sheets, from left to right.
pub fn sheets(bytes: &[u8]) -> Vec<String> {
    opened(bytes).sheet_names()
}

/// Every cell of a sheet from A1 on, as [`shown`].
pub fn cells(bytes: &[u8], sheet: &str) -> Vec<Vec<String>> {
    let range = opened(bytes).worksheet_range(sheet).unwrap();
    let Some((last_row, last_column)) = range.end() else { return Vec::new() };
    let whole = range.range((0, 0), (last_row, last_column));
    whole.rows().map(|row| row.iter().map(shown).collect()).collect()
}

/// Text as it is; `#10.83` a number; `@2026-01-14` and `@15:00` a date's and a time's cell.
fn shown(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::String(text) => text.clone(),
        Data::Float(number) => format!("#{number}"),
        Data::DateTime(at) if at.as_f64() < 1.0 => format!("@{}", time_of_serial(at.as_f64()).unwrap()),
        Data::DateTime(at) => format!("@{}", date_of_serial(at.as_f64()).unwrap()),
        other => panic!("a cell that nobody wrote: {other:?}"),
    }
}

/// Merged ranges: first row and column, last row and column, from 0.
pub fn merged(bytes: &[u8], sheet: &str) -> Vec<[u32; 4]> {
    let ranges = opened(bytes).merge_cells_by_sheet_name(sheet).unwrap();
    ranges.iter().map(|range| [range.start.0, range.start.1, range.end.0, range.end.1]).collect()
}

/// The XML of the sheet of this number, from 1.
pub fn sheet_xml(bytes: &[u8], number: usize) -> String {
    part(bytes, &format!("xl/worksheets/sheet{number}.xml")).unwrap()
}

/// A part of the file as text; `None` if there is none of that name.
pub fn part(bytes: &[u8], name: &str) -> Option<String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = Vec::new();
    archive.by_name(name).ok()?.read_to_end(&mut text).unwrap();
    Some(String::from_utf8_lossy(&text).into_owned())
}

fn opened(bytes: &[u8]) -> Xlsx<Cursor<&[u8]>> {
    Xlsx::new(Cursor::new(bytes)).unwrap()
}
