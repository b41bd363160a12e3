//! Reports: a page that asks for which days and whom, and the file.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use export::{ExportError, Report, Row, file_name};
use jiff::civil::{Date, DateTime};
use office::input;
use store::{Asked, Line, PageColumn, ShiftColumns};

use super::{
    Person, Shell, Visit,
    address::Fields,
    export::{Download, XLSX_TYPE, date, made, make, note, turn},
    hours::{Offices, Told, of_files},
};
use crate::{Language, Letterhead, Logo, answer::Refusal, app::App, login::page, words::FileWords};

pub(super) const REPORTS: &str = "/reports";
pub(super) const TIMESHEETS: &str = "/reports/timesheets";
const FROM: &str = "from";
const UNTIL: &str = "to";
pub(super) const EMPLOYEE: &str = "employee";
const REGION: &str = "region";
/// Settings of an office that head its reports.
const COMPANY: &str = "company_name";
const TITLE: &str = "report_title";
/// People that can be chosen on the page; any other can be asked for on their own page.
const PEOPLE_MAX: usize = 1500;

#[derive(Template)]
#[template(path = "reports.html")]
struct Page<'a> {
    shell: Shell,
    said: &'static FileWords,
    rev: i64,
    problem: &'static str,
    action: &'static str,
    from: &'a str,
    until: &'a str,
    person: &'a str,
    people: Vec<(String, String, bool)>,
    regions: Vec<(String, String, bool)>,
    plan: Vec<String>,
}

/// Of which days and whom.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    from: Option<Date>,
    until: Option<Date>,
    person: Option<String>,
    region: Option<String>,
}

/// Rows of a report on their way to its file.
struct Days {
    language: Language,
    wanted: Wanted,
    /// Whom the file is called after.
    called: Option<String>,
    made: DateTime,
    /// By the identities of those who worked; a name stands once, however many days they have.
    people: HashMap<String, usize>,
    names: Vec<String>,
    rows: Vec<Day>,
    offices: Offices,
    letterhead: Letterhead,
}

struct Day {
    person: Option<usize>,
    region: String,
    told: Told<'static>,
    note: String,
}

/// `GET /reports`
pub(super) async fn reports(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
) -> Result<Response, Refusal> {
    form(&app, &person, &visit, "").await
}

/// `GET /reports/timesheets`
pub(super) async fn timesheets(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
) -> Result<Response, Refusal> {
    let said = visit.words.files();
    let Some(wanted) = Wanted::read(&visit.fields) else {
        let page = form(&app, &person, &visit, said.wrong_dates).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    let turn = turn(&app).await?;
    let (at, columns) = app.store.pages().timesheets().ok_or(Refusal::NoPath)?;
    let asked = wanted.asked(&app.store.pages().list(at).columns[columns.date]);
    let called = app.store.list(&person.viewer, at, &Asked { rows: 1, ..asked.clone() }).await?;
    let called = called.and_then(|listed| listed.of).map(|of| of.name);
    if wanted.person.is_some() && called.is_none() {
        let page = form(&app, &person, &visit, said.nobody).await?;
        return Ok((StatusCode::NOT_FOUND, page).into_response());
    }
    let offices = Offices::of(&app, &person).await?;
    let mut days = Days::of(visit.words.language, (wanted, called), (&app, offices));
    app.store.every(&person.viewer, at, &asked, |line| days.add(&columns, &line)).await?;
    let asked = visit.fields.only(&[FROM, UNTIL, EMPLOYEE, REGION]);
    note(&app, &person, (&TIMESHEETS[1..], &asked, days.rows.len())).await?;
    make(turn, move || days.file()).await
}

async fn form(app: &App, person: &Person, visit: &Visit, problem: &'static str) -> Result<Response, Refusal> {
    let pages = app.store.pages();
    let (at, columns) = pages.timesheets().ok_or(Refusal::NoPath)?;
    let column = &pages.list(at).columns[columns.person];
    let one = Asked { rows: 1, ..Asked::default() };
    let listed = app.store.list(&person.viewer, at, &one).await?.ok_or(Refusal::NoPath)?;
    let asked = |name: &str| visit.fields.get(name).unwrap_or_default();
    let region = |name: String| (name.clone(), name.clone(), name == asked(REGION));
    page(&Page {
        shell: Shell::of(person, visit, pages),
        said: visit.words.files(),
        rev: listed.rev,
        problem,
        action: TIMESHEETS,
        from: asked(FROM),
        until: asked(UNTIL),
        person: visit.words.label(&column.label),
        people: people(app, person, (column, asked(EMPLOYEE))).await?,
        regions: listed.regions.into_iter().map(region).collect(),
        plan: Offices::of(app, person).await?.shown(visit.words),
    })
}

/// Who can be chosen, by name, and whether they are.
async fn people(
    app: &App,
    person: &Person,
    (column, chosen): (&PageColumn, &str),
) -> Result<Vec<(String, String, bool)>, Refusal> {
    let pages = app.store.pages();
    let Some(at) = pages.referred(column) else { return Ok(Vec::new()) };
    let naming = pages.list(at).naming();
    let mut people = Vec::new();
    let add = |line: Line| {
        let is_chosen = line.gid == chosen;
        if people.len() < PEOPLE_MAX || is_chosen {
            let mut name = line.cells[naming].value.to_string();
            if let Some(region) = &line.region {
                name = format!("{name} · {region}");
            }
            people.push((line.gid, name, is_chosen));
        }
    };
    app.store.every(&person.viewer, at, &Asked::default(), add).await?;
    Ok(people)
}

impl Wanted {
    /// `None`: a date is none, or the days end before they begin.
    fn read(fields: &Fields) -> Option<Self> {
        let day = |name| match fields.get(name) {
            None => Some(None),
            Some(text) => input::date(text).ok().map(Some),
        };
        let own = |name| fields.get(name).map(str::to_owned);
        let wanted =
            Self { from: day(FROM)?, until: day(UNTIL)?, person: own(EMPLOYEE), region: own(REGION) };
        let is_backwards = wanted.from.zip(wanted.until).is_some_and(|(from, until)| from > until);
        (!is_backwards).then_some(wanted)
    }

    /// By date, the oldest first.
    fn asked(&self, date: &PageColumn) -> Asked {
        Asked {
            of: self.person.clone(),
            region: self.region.clone(),
            sort: Some(date.name.clone()),
            ..Asked::default()
        }
    }

    /// A row whose date is none may be of any day: it stands among the errors of every report.
    fn has(&self, day: Option<Date>) -> bool {
        day.is_none_or(|day| {
            self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
        })
    }
}

impl Days {
    fn of(
        language: Language,
        (wanted, called): (Wanted, Option<String>),
        (app, offices): (&App, Offices),
    ) -> Self {
        let (people, names, rows) = (HashMap::new(), Vec::new(), Vec::new());
        let (made, letterhead) = (made(app), app.settings.letterhead.clone());
        Self { language, wanted, called, made, people, names, rows, offices, letterhead }
    }

    fn add(&mut self, columns: &ShiftColumns, line: &Line) {
        let told = Told::of_line(columns, line);
        if !self.wanted.has(date(told.date())) {
            return;
        }
        let person = line.cells[columns.person].refers.as_ref().map(|named| {
            let names = &mut self.names;
            *self.people.entry(named.gid.clone()).or_insert_with(|| {
                names.push(named.name.clone());
                names.len() - 1
            })
        });
        let note = match &line.cells[columns.note].value {
            model::Value::Null => String::new(),
            note => note.to_string(),
        };
        let told = told.owned();
        self.rows.push(Day { person, region: line.region.clone().unwrap_or_default(), told, note });
    }

    fn file(&self) -> Result<Download, ExportError> {
        let language = of_files(self.language);
        let rows: Vec<Row<'_, usize>> = self
            .rows
            .iter()
            .map(|day| Row {
                person: day.person,
                name: day.person.map_or("", |person| &self.names[person]),
                region: &day.region,
                entry: day.told.entry(),
                note: &day.note,
                schedule: self.offices.plan(Some(&day.region)),
            })
            .collect();
        let Wanted { from, until, .. } = self.wanted;
        let regions: BTreeSet<&str> = self.rows.iter().map(|day| day.region.as_str()).collect();
        let said = |name| self.offices.common(regions.iter().copied(), name).unwrap_or_default();
        let (title, made) = (said(TITLE), self.made);
        let company = self.letterhead.company.as_deref().unwrap_or_else(|| said(COMPANY));
        let logo = self.letterhead.logo.as_ref().map(Logo::bytes);
        let report = Report { company, title, from, until, logo, language, made };
        let name = file_name(language, self.called.as_deref(), from, until);
        Ok(Download { name, kind: XLSX_TYPE, bytes: export::timesheet(&report, &rows)?.file.bytes })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn wanted(query: &str) -> Option<Wanted> {
        Wanted::read(&Fields::read(query))
    }

    #[test]
    fn days_are_those_from_the_first_to_the_last() {
        let january = wanted("from=2026-01-01&to=31.01.2026").unwrap();
        for (day, is_in) in [
            (date(2025, 12, 31), false),
            (date(2026, 1, 1), true),
            (date(2026, 1, 31), true),
            (date(2026, 2, 1), false),
        ] {
            assert_eq!(january.has(Some(day)), is_in, "{day}");
        }
        assert!(january.has(None), "a row whose date is none is not left out in silence");
        assert!(wanted("from=&to=").unwrap().has(Some(date(1999, 1, 1))));
    }

    #[test]
    fn dates_that_are_none_or_backwards_are_no_wish() {
        for query in ["from=yesterday", "to=2026-02-30", "from=2026-02-01&to=2026-01-31"] {
            assert_eq!(wanted(query), None, "{query}");
        }
    }
}
