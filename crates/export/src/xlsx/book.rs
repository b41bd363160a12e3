//! A workbook that is written from left to right and from top to bottom.

use std::borrow::Cow;

use jiff::civil::{Date, DateTime};
use model::Decimal;
use rust_xlsxwriter::{
    Color, DocProperties, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

use super::{Exported, Notice};
use crate::{Cell, ExportError, cell::written};

/// A workbook in the making.
pub struct Book {
    workbook: Workbook,
    formats: Formats,
    notices: Vec<Notice>,
}

/// A sheet in the making. **Invariants**: rows are written in order; a row that was left cannot be written to again.
pub struct Sheet<'book> {
    pub inner: &'book mut Worksheet,
    formats: &'book Formats,
    notices: &'book mut Vec<Notice>,
    name: String,
}

/// How cells look besides their type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    Plain,
    /// Of a table: bold on blue, centred, in a frame.
    Header,
    /// Of a sum.
    Bold,
}

struct Formats {
    header: Format,
    plain: Kinds,
    bold: Kinds,
}

/// A format for each type of cell.
struct Kinds {
    text: Format,
    date: Format,
    time: Format,
    /// By digits behind the comma.
    numbers: [Format; 5],
    number: Format,
}

impl Book {
    pub fn new(title: &str, made: DateTime) -> Self {
        let mut workbook = Workbook::new();
        workbook.set_properties(&DocProperties::new().set_title(fit(title)).set_creation_datetime(&made));
        Self { workbook, formats: Formats::new(), notices: Vec::new() }
    }

    pub fn notice(&mut self, notice: Notice) {
        self.notices.push(notice);
    }

    /// The next sheet; `name` becomes one that Excel takes.
    pub fn sheet(&mut self, name: &str) -> Result<Sheet<'_>, ExportError> {
        let name = sheet_name(name);
        let inner = self.workbook.add_worksheet_with_constant_memory()?;
        inner.set_name(&name)?;
        Ok(Sheet { inner, formats: &self.formats, notices: &mut self.notices, name })
    }

    pub fn finish(mut self) -> Result<Exported, ExportError> {
        let bytes = self.workbook.save_to_buffer()?;
        Ok(Exported { bytes, notices: self.notices })
    }
}

impl Sheet<'_> {
    /// Writes a row's cells from the first column on. **Units**: `row` from 0.
    pub fn row(&mut self, row: u32, cells: &[Cell<'_>], look: Look) -> Result<(), ExportError> {
        for (column, cell) in (0_u16..).zip(cells) {
            self.cell(row, column, cell, look)?;
        }
        Ok(())
    }

    /// A text across the columns from `first` to `last`. **Units**: row and columns from 0.
    pub fn merged(
        &mut self,
        row: u32,
        first: u16,
        last: u16,
        text: &str,
        format: &Format,
    ) -> Result<(), ExportError> {
        let fitting = self.fitting(row, first, text);
        self.inner.merge_range(row, first, row, last, &fitting, format)?;
        Ok(())
    }

    /// The text as the cell holds it; what is cut is noted.
    fn fitting<'text>(&mut self, row: u32, column: u16, text: &'text str) -> Cow<'text, str> {
        let fitting = fit(text);
        if fitting.len() != text.len() {
            self.notices.push(Notice::Cut { sheet: self.name.clone(), row: row + 1, column: column + 1 });
        }
        fitting
    }

    fn cell(&mut self, row: u32, column: u16, cell: &Cell<'_>, look: Look) -> Result<(), ExportError> {
        let kinds = self.formats.of(look);
        let text_format = self.formats.text(look);
        match cell {
            Cell::Empty => return Ok(()),
            Cell::Text(text) => {
                let fitting = self.fitting(row, column, text);
                self.inner.write_string_with_format(row, column, fitting, text_format)
            }
            Cell::Number(number) => write_number(self.inner, (row, column), *number, kinds),
            Cell::Date(date) if is_excels(*date) => {
                self.inner.write_datetime_with_format(row, column, *date, &kinds.date)
            }
            Cell::Date(date) => self.inner.write_string_with_format(row, column, written(*date), text_format),
            Cell::Time(time) => {
                let of_day = f64::from(time.minutes()) / 1440.0;
                self.inner.write_number_with_format(row, column, of_day, &kinds.time)
            }
        }
        .map_err(room)?;
        Ok(())
    }
}

/// A number that a float cannot hold exactly stays readable as text.
fn write_number<'sheet>(
    sheet: &'sheet mut Worksheet,
    (row, column): (u32, u16),
    number: Decimal,
    kinds: &Kinds,
) -> Result<&'sheet mut Worksheet, XlsxError> {
    let format = kinds.numbers.get(usize::from(number.scale())).unwrap_or(&kinds.number);
    match number.to_f64().filter(|_| has_15_digits(number)) {
        Some(float) => sheet.write_number_with_format(row, column, float, format),
        None => {
            sheet.write_string_with_format(row, column, number.to_string().replace('.', ","), &kinds.text)
        }
    }
}

/// Excel keeps 15 digits of a number.
fn has_15_digits(number: Decimal) -> bool {
    number.normalize().unscaled().unsigned_abs() < 10_u128.pow(15)
}

/// Excel's calendar begins in 1900, its first two months are off by one in other programs.
fn is_excels(date: Date) -> bool {
    date >= Date::constant(1900, 3, 1)
}

fn room(error: XlsxError) -> ExportError {
    match error {
        XlsxError::RowColumnLimitError => ExportError::TooManyRows,
        other => other.into(),
    }
}

impl Formats {
    fn new() -> Self {
        let frame = Color::RGB(0x00B0_B0B0);
        let header = Format::new()
            .set_bold()
            .set_background_color(Color::RGB(0x00DC_E6F1))
            .set_align(FormatAlign::Center)
            .set_align(FormatAlign::VerticalCenter)
            .set_border(FormatBorder::Thin)
            .set_border_color(frame);
        Self { header, plain: Kinds::of(&Format::new()), bold: Kinds::of(&Format::new().set_bold()) }
    }

    fn of(&self, look: Look) -> &Kinds {
        if look == Look::Bold { &self.bold } else { &self.plain }
    }

    fn text(&self, look: Look) -> &Format {
        if look == Look::Header { &self.header } else { &self.of(look).text }
    }
}

impl Kinds {
    fn of(base: &Format) -> Self {
        let with = |code: &str| base.clone().set_num_format(code);
        let built_in = |index| base.clone().set_num_format_index(index);
        Self {
            // Text stays text also when somebody goes into the cell and out again: no formula, no lost zeros.
            text: built_in(49),
            date: with("dd.mm.yyyy"),
            time: with("hh:mm"),
            numbers: [built_in(1), with("0.0"), built_in(2), with("0.000"), with("0.0000")],
            number: with("General"),
        }
    }
}

/// What a cell holds of a text: 32 767 UTF-16 units.
fn fit(text: &str) -> Cow<'_, str> {
    const UNITS_MAX: usize = 32_767;
    if text.len() <= UNITS_MAX || text.encode_utf16().count() <= UNITS_MAX {
        return text.into();
    }
    let mut cut = cut(text, UNITS_MAX - 1).to_owned();
    cut.push('…');
    cut.into()
}

/// The beginning of a text that has at most so many UTF-16 units.
fn cut(text: &str, units_max: usize) -> &str {
    let mut units = 0;
    let end = text.char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units > units_max
    });
    end.map_or(text, |(at, _)| &text[..at])
}

/// A name that Excel takes: at most 31 units, none of `[]:*?/\`, no apostrophe at its ends, not empty, not `History`.
fn sheet_name(name: &str) -> String {
    let allowed = |c: char| if "[]:*?/\\".contains(c) || c.is_control() { ' ' } else { c };
    let name: String = name.chars().map(allowed).collect();
    let ends = |c: char| c == '\'' || c.is_whitespace();
    match cut(name.trim_matches(ends), 31).trim_matches(ends) {
        "" => "1".into(),
        history if history.eq_ignore_ascii_case("history") => format!("{history} 1"),
        name => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_becomes_a_sheets_name() {
        for (name, wanted) in [
            ("Geceye Taşan Mesailer", "Geceye Taşan Mesailer"),
            ("Stok [A/B]: *?\\", "Stok  A B"),
            ("'Ali'", "Ali"),
            ("", "1"),
            ("' '", "1"),
            ("HISTORY", "HISTORY 1"),
            ("abcdefghijklmnopqrstuvwxyz0123 56789", "abcdefghijklmnopqrstuvwxyz0123"),
            ("😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀", "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀"),
        ] {
            assert_eq!(sheet_name(name), wanted);
            assert!(Worksheet::new().set_name(sheet_name(name)).is_ok());
        }
    }

    #[test]
    fn a_text_is_cut_where_the_cell_ends() {
        let full = "ş".repeat(32_767);
        assert_eq!(fit(&full), full.as_str());
        let cut = fit(&(full.clone() + "s")).into_owned();
        assert_eq!((cut.chars().count(), cut.ends_with("ş…")), (32_767, true));
        let pairs = fit(&"😀".repeat(20_000)).into_owned();
        assert_eq!(pairs.encode_utf16().count(), 32_767);
    }
}
