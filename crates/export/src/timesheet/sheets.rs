//! The report's sheets, from left to right.

use jiff::civil::Date;
use rust_xlsxwriter::{Color, Format, FormatAlign, Image};

use super::{
    Language, Report,
    labels::{Labels, reason},
    rows::{Day, Failed, Failure, Rows, Total},
};
use crate::{
    Cell, ExportError,
    cell::written,
    xlsx::{Book, Look, Sheet},
};

const BAND: Color = Color::RGB(0x00EA_F1FB);
/// **Units**: characters.
const WIDTH: u32 = 16;
/// **Units**: points.
const BAND_HEIGHTS: [u32; 3] = [36, 22, 18];
/// **Units**: rows from 0.
const ERRORS_ROW: u32 = 3;
const HEADER_ROW: u32 = 4;
const FIRST_ROW: u32 = 5;
/// **Units**: points of the screen.
const LOGO: (u32, u32) = (110, 60);

/// Every row with its hours, below the band with company, title and dates.
pub fn days<K: Ord + Copy>(
    book: &mut Book,
    report: &Report<'_>,
    rows: &Rows<'_, K>,
) -> Result<(), ExportError> {
    let labels = report.language.labels();
    let mut sheet = book.sheet(labels.days)?;
    set_widths(&mut sheet, labels.day_headers.len())?;
    sheet.inner.set_freeze_panes(FIRST_ROW, 0)?;
    band(&mut sheet, report)?;
    if !rows.failed.is_empty() {
        let warning = Format::new().set_bold().set_font_color(Color::RGB(0x00C0_0000));
        let text = report.language.errors_elsewhere(rows.failed.len());
        sheet.inner.write_string_with_format(ERRORS_ROW, 0, text, &warning)?;
    }
    let cells = rows.days.iter().map(|day| day_cells(labels, day));
    table(&mut sheet, labels, HEADER_ROW, &labels.day_headers, cells)
}

fn band(sheet: &mut Sheet<'_>, report: &Report<'_>) -> Result<(), ExportError> {
    let base = Format::new().set_background_color(BAND).set_align(FormatAlign::VerticalCenter);
    let (company, title) =
        (base.clone().set_bold().set_font_size(14), base.clone().set_bold().set_font_size(11));
    let range = base.clone().set_font_size(10);
    let lines =
        [(report.company.to_owned(), company), (report.title.to_owned(), title), (dates(report), range)];
    for ((row, height), (text, format)) in (0..).zip(BAND_HEIGHTS).zip(&lines) {
        sheet.inner.set_row_height(row, height)?;
        sheet.inner.write_blank(row, 0, &base)?;
        sheet.merged(row, 1, 15, text, format)?;
    }
    if let Some(logo) = report.logo {
        let alt_text = report.language.labels().logo;
        let image =
            Image::new_from_buffer(logo)?.set_scale_to_size(LOGO.0, LOGO.1, true).set_alt_text(alt_text);
        sheet.inner.insert_image(0, 0, &image)?;
    }
    Ok(())
}

/// `Tarih Aralığı: 01.01.2026 - 31.01.2026`.
fn dates(report: &Report<'_>) -> String {
    let labels = report.language.labels();
    let day = |day: Option<Date>| day.map_or_else(|| "…".to_owned(), written);
    let range = match (report.from, report.until) {
        (None, None) => labels.all_days.to_owned(),
        (from, until) => format!("{} - {}", day(from), day(until)),
    };
    format!("{}: {range}", labels.range)
}

fn day_cells<'a, K>(labels: &'static Labels, day: &Day<'a, K>) -> Vec<Cell<'a>> {
    let (shift, hours) = (day.shift, day.hours);
    vec![
        day.row.name.into(),
        day.row.region.into(),
        shift.date.into(),
        shift.start.into(),
        shift.end.into(),
        shift.break_minutes.into(),
        hours.worked.into(),
        hours.planned.into(),
        hours.overtime.into(),
        hours.night.into(),
        hours.past_midnight.into(),
        yes_or_no(labels, shift.is_special),
        hours.special_normal.into(),
        hours.special_overtime.into(),
        hours.special_night.into(),
        day.row.note.into(),
    ]
}

/// What each person comes to, and all of them.
pub fn summary<K: Ord + Copy>(
    book: &mut Book,
    labels: &'static Labels,
    rows: &Rows<'_, K>,
) -> Result<(), ExportError> {
    let mut sheet = plain_sheet(book, labels.summary, labels.summary_headers.len())?;
    let totals = rows.totals();
    table(&mut sheet, labels, 0, &labels.summary_headers, totals.iter().map(total_cells))?;
    if let Some(below) = u32::try_from(totals.len()).ok().filter(|people| *people > 0) {
        let all = Total { name: labels.grand_total, regions: [].into(), hours: rows.sum() };
        sheet.row(below + 1, &total_cells(&all), Look::Bold)?;
    }
    Ok(())
}

fn total_cells<'a>(total: &Total<'a>) -> Vec<Cell<'a>> {
    let regions: Vec<&str> = total.regions.iter().copied().collect();
    vec![
        total.name.into(),
        total.hours.worked.into(),
        total.hours.planned.into(),
        total.hours.overtime.into(),
        total.hours.night.into(),
        total.hours.past_midnight.into(),
        total.hours.special_normal.into(),
        total.hours.special_night.into(),
        regions.join(", ").into(),
    ]
}

pub fn special_days<K>(
    book: &mut Book,
    labels: &'static Labels,
    rows: &Rows<'_, K>,
) -> Result<(), ExportError> {
    let mut sheet = plain_sheet(book, labels.special_days, labels.special_headers.len())?;
    let special = rows.days.iter().filter(|day| day.shift.is_special);
    let cells = special.map(|day| {
        vec![
            day.row.name.into(),
            day.shift.date.into(),
            day.hours.special_normal.into(),
            day.hours.special_overtime.into(),
            day.hours.special_night.into(),
        ]
    });
    table(&mut sheet, labels, 0, &labels.special_headers, cells)
}

pub fn past_midnight<K>(
    book: &mut Book,
    labels: &'static Labels,
    rows: &Rows<'_, K>,
) -> Result<(), ExportError> {
    let mut sheet = plain_sheet(book, labels.past_midnight, labels.past_midnight_headers.len())?;
    let late = rows.days.iter().filter(|day| !day.hours.past_midnight.is_zero());
    let cells =
        late.map(|day| vec![day.row.name.into(), day.shift.date.into(), day.hours.past_midnight.into()]);
    table(&mut sheet, labels, 0, &labels.past_midnight_headers, cells)
}

/// Rows that could not be calculated, as they stand in the database.
pub fn errors<K>(book: &mut Book, language: Language, rows: &Rows<'_, K>) -> Result<(), ExportError> {
    let labels = language.labels();
    let mut sheet = plain_sheet(book, labels.errors, labels.error_headers.len())?;
    table(
        &mut sheet,
        labels,
        0,
        &labels.error_headers,
        rows.failed.iter().map(|failed| error_cells(language, failed)),
    )
}

fn error_cells<'a, K>(language: Language, failed: &Failed<'a, K>) -> Vec<Cell<'a>> {
    let (row, entry) = (failed.row, failed.row.entry);
    let why = match &failed.why {
        Failure::NobodysRow => language.nobodys_row().into(),
        Failure::Unreadable(error) => reason(language, error).into(),
    };
    vec![
        row.name.into(),
        row.region.into(),
        entry.date.into(),
        entry.start.into(),
        entry.end.into(),
        entry.break_minutes.into(),
        yes_or_no(language.labels(), entry.is_special),
        row.note.into(),
        why,
    ]
}

fn yes_or_no(labels: &'static Labels, is_so: bool) -> Cell<'static> {
    if is_so { labels.yes.into() } else { labels.no.into() }
}

/// A sheet with headers in its first row.
fn plain_sheet<'book>(
    book: &'book mut Book,
    name: &str,
    columns: usize,
) -> Result<Sheet<'book>, ExportError> {
    let mut sheet = book.sheet(name)?;
    set_widths(&mut sheet, columns)?;
    sheet.inner.set_freeze_panes(1, 0)?;
    Ok(sheet)
}

fn set_widths(sheet: &mut Sheet<'_>, columns: usize) -> Result<(), ExportError> {
    for column in (0_u16..).take(columns) {
        sheet.inner.set_column_width(column, WIDTH)?;
    }
    Ok(())
}

/// Headers and rows; a table without rows says so.
fn table<'a>(
    sheet: &mut Sheet<'_>,
    labels: &'static Labels,
    header_row: u32,
    headers: &[&'static str],
    rows: impl Iterator<Item = Vec<Cell<'a>>>,
) -> Result<(), ExportError> {
    let headers: Vec<Cell<'_>> = headers.iter().map(|header| Cell::from(*header)).collect();
    sheet.row(header_row, &headers, Look::Header)?;
    let mut next = header_row + 1;
    for cells in rows {
        sheet.row(next, &cells, Look::Plain)?;
        next += 1;
    }
    if next == header_row + 1 {
        sheet.row(next, &[labels.nothing.into()], Look::Plain)?;
    }
    Ok(())
}
