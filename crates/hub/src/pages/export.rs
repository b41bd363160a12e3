//! A list as a file: all rows that match, in the order of the page, with every column of the list.
//!
//! Rows come from the same layer as those of the page, so nobody gets in a file what no page shows them.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use export::{Cell, ExportError, List, list_file_name, reason};
use jiff::civil::{Date, DateTime};
use model::{Decimal, Value};
use office::{
    TimeOfDay,
    hours::{Hours, ShiftError},
};
use store::{Line, ListPage, PageColumn, Shows};
use tokio::{sync::OwnedSemaphorePermit, task};

use super::{
    Person, Visit,
    address::Fields,
    hours::{AMOUNTS, Offices, Told, Totals, amounts, of_files},
    list::{self, Link},
    shown,
};
use crate::{
    answer::Refusal,
    app::{App, moment},
    words::Words,
};

const FORMAT: &str = "format";
const CSV_TYPE: &str = "text/csv; charset=utf-8";
pub(super) const XLSX_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    Xlsx,
}

/// A list with its rows, on its way to a file.
pub(super) struct Sheet {
    format: Format,
    title: String,
    heads: Vec<String>,
    rows: Vec<Vec<Cell<'static>>>,
    /// Of timesheets.
    totals: Option<Totals>,
    made: DateTime,
}

/// Rows of something that is no list, on their way to a file.
pub(super) struct Table {
    pub title: String,
    pub heads: Vec<String>,
    pub rows: Vec<Vec<Cell<'static>>>,
}

/// A table in the format that is asked for.
pub(super) fn file(fields: &Fields, table: Table, made: DateTime) -> Result<Download, ExportError> {
    let Table { title, heads, rows } = table;
    Sheet { format: Format::asked(fields), title, heads, rows, totals: None, made }.download()
}

/// What a browser keeps under a name.
pub(super) struct Download {
    pub name: String,
    pub kind: &'static str,
    pub bytes: Vec<u8>,
}

/// Where a list's files are.
pub(super) fn links(words: &Words, fields: &Fields, path: &str) -> [Link; 2] {
    let said = words.files();
    let path = format!("{path}/export");
    [("csv", said.csv), ("xlsx", said.excel)].map(|(format, text)| Link {
        href: fields.with(FORMAT, Some(format)).on(&path),
        text: text.to_owned(),
    })
}

pub(super) async fn export(
    at: usize,
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
) -> Result<Response, Refusal> {
    let turn = turn(&app).await?;
    let list = app.store.pages().list(at);
    let mut sheet = Sheet::of(visit.words, list, (Format::asked(&visit.fields), made(&app)));
    let asked = list::asked(&visit.fields);
    let offices = Offices::of(&app, &person).await?;
    app.store
        .every(&person.viewer, at, &asked, |line| sheet.add((visit.words, &offices), list, &line))
        .await?
        .ok_or(Refusal::NoPath)?;
    let what = told(&visit.fields);
    note(&app, &person, (&list.path, &what, sheet.rows.len())).await?;
    sheet.add_totals(visit.words);
    make(turn, move || sheet.download()).await
}

/// Waits until a file may be made.
pub(super) async fn turn(app: &App) -> Result<OwnedSemaphorePermit, Refusal> {
    let turn = Arc::clone(&app.exports).acquire_owned().await;
    turn.map_err(|_| Refusal::Defect("nobody takes the turns of exports away"))
}

/// The hub's own time, which files bear.
pub(super) fn made(app: &App) -> DateTime {
    moment(app.now_ms()).to_zoned(app.settings.zone.clone()).datetime()
}

/// Keeps who took which rows out of the hub, and how many.
pub(super) async fn note(
    app: &App,
    person: &Person,
    (path, asked, rows): (&str, &Fields, usize),
) -> Result<(), Refusal> {
    let what = asked.on(&format!("{path} ({rows})"));
    Ok(app.store.note(&person.user.name, "export", &what).await?)
}

/// How a list was filtered. What was searched for is not kept: it may be somebody's number, and the activity stays for good.
fn told(fields: &Fields) -> Fields {
    let searched = fields.get(list::SEARCH).map(|_| "*");
    fields.only(&list::KEPT).with(list::PAGE, None).with(list::SEARCH, searched)
}

/// Makes a file where that holds nobody up.
pub(super) async fn make(
    turn: OwnedSemaphorePermit,
    file: impl FnOnce() -> Result<Download, ExportError> + Send + 'static,
) -> Result<Response, Refusal> {
    let made = task::spawn_blocking(move || {
        let file = file();
        drop(turn);
        file
    });
    match made.await {
        Ok(Ok(file)) => Ok(file.into_response()),
        Ok(Err(error)) => {
            tracing::error!(cause = %error, "a file cannot be made");
            Err(Refusal::Defect("a file cannot be made"))
        }
        Err(_) => Err(Refusal::Defect("making a file ended by itself")),
    }
}

impl IntoResponse for Download {
    fn into_response(self) -> Response {
        // Names are made of small letters, figures, `-`, `_` and `.` only.
        let name = HeaderValue::try_from(format!("attachment; filename=\"{}\"", self.name));
        let name = name.unwrap_or(HeaderValue::from_static("attachment"));
        let kind = HeaderValue::from_static(self.kind);
        ([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], self.bytes).into_response()
    }
}

impl Format {
    pub fn asked(fields: &Fields) -> Self {
        if fields.get(FORMAT) == Some("xlsx") { Self::Xlsx } else { Self::Csv }
    }
}

impl Sheet {
    fn of(words: &Words, list: &ListPage, (format, made): (Format, DateTime)) -> Self {
        let columns = list.columns.iter().map(|column| words.label(&column.label));
        let heads = columns.chain([words.region]);
        let said = words.files();
        let hours = list.shifts.iter().flat_map(|_| said.amounts.into_iter().chain([said.why]));
        Self {
            format,
            title: words.label(&list.label).to_owned(),
            heads: heads.chain(hours).map(str::to_owned).collect(),
            rows: Vec::new(),
            totals: list.shifts.map(|_| Totals::default()),
            made,
        }
    }

    pub fn xlsx(words: &Words, list: &ListPage, made: DateTime) -> Self {
        Self::of(words, list, (Format::Xlsx, made))
    }

    /// One that is no list of the preset.
    pub fn named(title: &str, heads: &[&str], made: DateTime) -> Self {
        let heads = heads.iter().map(|head| (*head).to_owned()).collect();
        Self { format: Format::Xlsx, title: title.to_owned(), heads, rows: Vec::new(), totals: None, made }
    }

    pub fn in_format(self, format: Format) -> Self {
        Self { format, ..self }
    }

    pub fn push(&mut self, row: Vec<Cell<'static>>) {
        self.rows.push(row);
    }

    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn add(&mut self, (words, offices): (&Words, &Offices), list: &ListPage, line: &Line) {
        let mut cells = row(words, list, line);
        if let (Some(columns), Some(totals)) = (&list.shifts, &mut self.totals) {
            let hours = Told::of_line(columns, line).hours(offices.plan(line.region.as_deref()));
            totals.add(hours.as_ref(), 1);
            cells.extend(hour_cells(words, hours));
        }
        self.rows.push(cells);
    }

    /// What the columns of hours come to; below a list that people read, not in one for programs, which add up themselves.
    pub fn add_totals(&mut self, words: &Words) {
        let Some(totals) = self.totals.filter(|_| self.format == Format::Xlsx && !self.rows.is_empty())
        else {
            return;
        };
        let before = self.heads.len() - AMOUNTS - 1;
        let mut cells = vec![Cell::from(words.files().total)];
        cells.resize(before, Cell::Empty);
        cells.extend(totals.amounts.map(Cell::from));
        cells.push(Cell::Empty);
        self.rows.push(cells);
    }

    fn heads(&self) -> Vec<&str> {
        self.heads.iter().map(String::as_str).collect()
    }

    pub fn download(self) -> Result<Download, ExportError> {
        let heads = self.heads();
        let (ending, kind, bytes) = match self.format {
            Format::Csv => {
                let mut bytes = Vec::new();
                export::csv(&mut bytes, &heads, &self.rows)?;
                ("csv", CSV_TYPE, bytes)
            }
            Format::Xlsx => {
                let list = List { title: &self.title, headers: &heads, made: self.made };
                ("xlsx", XLSX_TYPE, export::list(&list, &self.rows)?.bytes)
            }
        };
        Ok(Download { name: list_file_name(&self.title, self.made.date(), ending), kind, bytes })
    }
}

/// Several sheets in one file.
pub(super) fn book(title: &str, made: DateTime, sheets: &[Sheet]) -> Result<Download, ExportError> {
    let heads: Vec<Vec<&str>> = sheets.iter().map(Sheet::heads).collect();
    let lists = sheets
        .iter()
        .zip(&heads)
        .map(|(sheet, headers)| (List { title: &sheet.title, headers, made }, sheet.rows.as_slice()));
    let bytes = export::lists(title, made, lists)?.bytes;
    Ok(Download { name: list_file_name(title, made.date(), "xlsx"), kind: XLSX_TYPE, bytes })
}

fn row(words: &Words, list: &ListPage, line: &Line) -> Vec<Cell<'static>> {
    let cells = list.columns.iter().zip(&line.cells).map(|(column, cell)| self::cell(words, column, cell));
    cells.chain([line.region.clone().map_or(Cell::Empty, Cell::from)]).collect()
}

fn hour_cells(words: &Words, hours: Result<Hours, ShiftError>) -> Vec<Cell<'static>> {
    match hours {
        Ok(hours) => amounts(&hours).map(Cell::from).into_iter().chain([Cell::Empty]).collect(),
        Err(why) => {
            let mut cells = vec![Cell::Empty; AMOUNTS];
            cells.push(Cell::from(reason(of_files(words.language), &why)));
            cells
        }
    }
}

/// A value by its type; what a page calls otherwise (another row, a choice, a masked number) as the page calls it.
fn cell(words: &Words, column: &PageColumn, cell: &store::Cell) -> Cell<'static> {
    let is_choice = cell.choice.is_some_and(|at| column.choices[at].names_values());
    if column.refers() || cell.masked || is_choice {
        return written(shown::cell(words, column, cell).text);
    }
    match (&cell.value, column.shows) {
        (Value::Text(text), Shows::Date) => date(text).map_or_else(|| written(text.clone()), Cell::Date),
        (Value::Text(text), Shows::Time) => time(text).map_or_else(|| written(text.clone()), Cell::Time),
        (Value::Int(number), _) => Cell::from(*number),
        (Value::Real(number), _) => match Decimal::from_f64(*number) {
            Some(number) => Cell::Number(number),
            None => written(number.to_string()),
        },
        (Value::Null, _) => Cell::Empty,
        (value, _) => written(value.to_string()),
    }
}

pub(super) fn written(text: String) -> Cell<'static> {
    if text.is_empty() { Cell::Empty } else { Cell::from(text) }
}

/// `2026-01-05` and nothing else: what is no date stays a text.
pub(super) fn date(text: &str) -> Option<Date> {
    let (year, month, day) = model::Date::parse(text.trim())?.civil();
    Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok()
}

fn time(text: &str) -> Option<TimeOfDay> {
    text.trim().parse().ok()
}
