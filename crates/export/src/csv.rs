//! Lists as CSV, as an Excel set to Turkish opens it with a double click.
//!
//! Such an Excel takes the semicolon for the end of a cell, the comma for the decimal sign, and day.month.year for a date;
//! without a byte order mark it reads UTF-8 as Windows-1254. An ISO date would become a date too, but people know
//! the other one, and [`office::input::date`] reads it back. There is no line above the headers, so that programs can read
//! the file as well. Numbers of more than 15 digits and leading zeros of texts survive in xlsx only: Excel guesses here.

use std::{borrow::Cow, io::Write};

use crate::{Cell, ExportError, cell::written, check_width};

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Writes headers and rows, each ended by CR LF.
///
/// A text that a spreadsheet would take for a formula gets an apostrophe in front, which is how people write text there.
///
/// # Errors
/// [`ExportError::Width`], or what `out` says.
pub fn csv<'a, R: AsRef<[Cell<'a>]>>(
    mut out: impl Write,
    headers: &[&str],
    rows: impl IntoIterator<Item = R>,
) -> Result<(), ExportError> {
    out.write_all(BYTE_ORDER_MARK).map_err(::csv::Error::from)?;
    let mut writer =
        ::csv::WriterBuilder::new().delimiter(b';').terminator(::csv::Terminator::CRLF).from_writer(out);
    writer.write_record(headers.iter().map(|header| harmless(header).into_owned()))?;
    for (index, row) in rows.into_iter().enumerate() {
        let cells = row.as_ref();
        check_width(index + 1, cells.len(), headers.len())?;
        for cell in cells {
            writer.write_field(text(cell).as_bytes())?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.flush().map_err(::csv::Error::from)?;
    Ok(())
}

fn text<'cell>(cell: &'cell Cell<'_>) -> Cow<'cell, str> {
    match cell {
        Cell::Empty => "".into(),
        Cell::Text(text) => harmless(text),
        Cell::Number(number) => number.to_string().replace('.', ",").into(),
        Cell::Date(date) => written(*date).into(),
        Cell::Time(time) => time.to_string().into(),
    }
}

/// **Source**: OWASP, "CSV Injection": `=`, `+`, `-`, `@`, tabulator and line ends begin a formula. The wide forms count where
/// Excel is set to Japanese or Chinese; blanks in front are skipped by some programs.
fn harmless(text: &str) -> Cow<'_, str> {
    let begins_formula = |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
    let is_risky = text.starts_with(['\t', '\r', '\n']) || text.trim_start().starts_with(begins_formula);
    if is_risky { format!("'{text}").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use model::Decimal;
    use office::TimeOfDay;

    use super::*;

    fn written_rows(headers: &[&str], rows: &[Vec<Cell<'_>>]) -> Result<String, ExportError> {
        let mut out = Vec::new();
        csv(&mut out, headers, rows)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_turkish_excel_opens_it() {
        let row = vec![
            "Ayşe Işık".into(),
            Cell::Number(Decimal::new(-123_450, 2).unwrap()),
            date(2026, 1, 5).into(),
            TimeOfDay::new(9, 5).unwrap().into(),
            Cell::Empty,
            60.into(),
        ];
        let text = written_rows(&["Çalışan", "Tutar", "Tarih", "Giriş", "Not", "Mola"], &[row]).unwrap();
        let wanted =
            "\u{feff}Çalışan;Tutar;Tarih;Giriş;Not;Mola\r\nAyşe Işık;-1234,50;05.01.2026;09:05;;60\r\n";
        assert_eq!(text, wanted);
    }

    #[test]
    fn what_separates_cells_and_rows_is_quoted() {
        let row = vec!["a;b".into(), "a\"b".into(), "a\r\nb".into(), "a,b".into()];
        let text = written_rows(&["1", "2", "3", "4"], &[row]).unwrap();
        assert_eq!(text, "\u{feff}1;2;3;4\r\n\"a;b\";\"a\"\"b\";\"a\r\nb\";a,b\r\n");
    }

    #[test]
    fn no_text_is_a_formula() {
        for formula in [
            "=1+1",
            "+90 555",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n1",
            " =1",
            "\u{a0}=1",
            "＝1",
            "=cmd|' /C calc'!A0",
        ] {
            let text = written_rows(&["a"], &[vec![formula.into()]]).unwrap();
            let cell = text.lines().nth(1).unwrap().trim_start_matches('"');
            assert!(cell.starts_with('\''), "{formula:?}: {text:?}");
            let header = written_rows(&[formula], &[]).unwrap();
            assert!(
                header.trim_start_matches(['\u{feff}', '"']).starts_with('\''),
                "{formula:?}: {header:?}"
            );
        }
        assert_eq!(written_rows(&["a"], &[vec!["1=1 ve -".into()]]).unwrap(), "\u{feff}a\r\n1=1 ve -\r\n");
    }

    #[test]
    fn a_row_of_another_width_is_an_error() {
        let wrong = written_rows(&["a", "b"], &[vec!["1".into(), "2".into()], vec!["1".into()]]).unwrap_err();
        assert_eq!(wrong.to_string(), "row 2 has 1 cells, the list has 2 columns");
    }

    #[test]
    fn one_empty_column_is_still_a_row() {
        let text = written_rows(&["a"], &[vec![Cell::Empty], vec!["b".into()]]).unwrap();
        assert_eq!(text, "\u{feff}a\r\n\"\"\r\nb\r\n");
    }
}
