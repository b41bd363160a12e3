//! A row's own page: what it says, what hangs on it, what happened to it.

use std::{collections::BTreeMap, sync::Arc};

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use store::{Asked, Hanging, HistoryLine, ListPage, RowPage, Viewer};

use super::{
    Person, Shell, Visit,
    address::Fields,
    history,
    hours::{self, Offices, Totals},
    list::{Head, Link, Row, View},
    privacy,
    reports::{EMPLOYEE, REPORTS},
    shown::{self, Shown},
    undo,
};
use crate::{
    answer::Refusal,
    app::App,
    login::page,
    words::{ListWords, UndoWords, Words},
};

#[derive(Template)]
#[template(path = "row.html")]
struct Page<'a> {
    shell: Shell,
    lists: &'static ListWords,
    undo: &'static UndoWords,
    rev: i64,
    list: Link,
    name: String,
    facts: Vec<(&'a str, Shown)>,
    hanging: Vec<Section>,
    history: Vec<Change>,
    more: bool,
    gone: bool,
    report: Option<Link>,
    privacy: Vec<Link>,
}

#[derive(Template)]
#[template(path = "missing.html")]
struct Missing {
    shell: Shell,
    lists: &'static ListWords,
}

/// Rows of another list.
struct Section {
    id: String,
    title: String,
    count: String,
    /// `None`: it stands nowhere else.
    all: Option<String>,
    months: Vec<Month>,
    heads: Vec<Head>,
    rows: Vec<Row>,
}

/// A month of rows that hang on a row.
struct Month {
    link: Link,
    count: String,
    /// What they come to; empty where they are no timesheets.
    hours: String,
}

struct Change {
    at: String,
    /// The PC, or headquarters.
    who: String,
    /// The person, where one is known.
    person: Option<String>,
    why: Option<String>,
    action: &'static str,
    /// What came together with it.
    batch: Option<String>,
    undo: Option<String>,
    /// Something stood there before.
    had: bool,
    columns: Vec<(String, Shown, Shown)>,
}

pub(super) async fn row(
    at: usize,
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
    Path(gid): Path<String>,
) -> Result<Response, Refusal> {
    let pages = app.store.pages();
    let shell = Shell::of(&person, &visit, pages);
    let Some(found) = app.store.row(&person.viewer, at, &gid).await? else {
        let missing = page(&Missing { shell, lists: visit.words.lists })?;
        return Ok((StatusCode::NOT_FOUND, missing).into_response());
    };
    let offices = Offices::of(&app, &person).await?;
    let hours = hours_of((&app, &person), &found, &offices).await?;
    let teller = Teller {
        app: &app,
        viewer: &person.viewer,
        words: visit.words,
        list: pages.list(at),
        hours,
        offices: &offices,
    };
    page(&teller.page(shell, &found))
}

/// What the timesheets of a person come to, by month.
async fn hours_of(
    (app, person): (&App, &Person),
    found: &RowPage,
    offices: &Offices,
) -> Result<BTreeMap<String, Totals>, Refusal> {
    let hanging = |at: usize| found.hanging.iter().find(|hanging| hanging.list == at);
    let timesheets = app.store.pages().timesheets();
    let Some((at, columns)) = timesheets.filter(|(at, _)| hanging(*at).is_some()) else {
        return Ok(BTreeMap::new());
    };
    let asked = Asked { of: Some(found.line.gid.clone()), ..Asked::default() };
    hours::of_months(app, person, (at, columns), (&asked, offices)).await
}

struct Teller<'a> {
    app: &'a App,
    viewer: &'a Viewer,
    words: &'static Words,
    list: &'a ListPage,
    hours: BTreeMap<String, Totals>,
    offices: &'a Offices,
}

impl<'a> Teller<'a> {
    fn page(&self, shell: Shell, row: &RowPage) -> Page<'a> {
        Page {
            shell,
            lists: self.words.lists,
            undo: self.words.undo(),
            rev: row.rev,
            list: Link {
                href: format!("/{}", self.list.path),
                text: self.words.label(&self.list.label).to_owned(),
            },
            name: row.name.clone(),
            facts: self.facts(row),
            hanging: row.hanging.iter().map(|hanging| self.section(hanging, &row.line.gid)).collect(),
            history: row.history.iter().map(|line| self.change(line)).collect(),
            more: row.more,
            gone: row.gone,
            report: self.report(&row.line.gid).filter(|_| !row.gone),
            privacy: privacy::links(self.words, self.list, (self.viewer, &row.line.gid)),
        }
    }

    fn facts(&self, row: &RowPage) -> Vec<(&'a str, Shown)> {
        let columns = self.list.columns.iter().zip(&row.line.cells);
        let facts = columns
            .map(|(column, cell)| (self.words.label(&column.label), shown::cell(self.words, column, cell)));
        let region = row.line.region.clone().unwrap_or_default();
        facts.chain([(self.words.region, Shown { text: region, ..Shown::default() })]).collect()
    }

    /// The report of a person.
    fn report(&self, gid: &str) -> Option<Link> {
        let pages = self.app.store.pages();
        let (at, columns) = pages.timesheets()?;
        let of = pages.referred(&pages.list(at).columns[columns.person])?;
        let is_person = pages.list(of).path == self.list.path;
        let href = Fields::default().with(EMPLOYEE, Some(gid)).on(REPORTS);
        is_person.then(|| Link { href, text: self.words.files().report.to_owned() })
    }

    fn section(&self, hanging: &Hanging, gid: &str) -> Section {
        let list = self.app.store.pages().list(hanging.list);
        let view = View {
            words: self.words,
            list,
            fields: Fields::default(),
            without: Some(hanging.through),
            offices: self.offices,
        };
        let of = Fields::default().with("of", Some(gid));
        let path = format!("/{}", list.path);
        let number =
            |count: usize| shown::whole(self.words.language, i64::try_from(count).unwrap_or(i64::MAX));
        let month = |(month, count): &(String, usize)| {
            let href = of.with("month", Some(month)).on(&path);
            let hours = self.hours.get(month).filter(|_| list.shifts.is_some());
            Month {
                link: Link { href, text: shown::month(self.words, month) },
                count: number(*count),
                hours: hours.map(|hours| hours.short(self.words)).unwrap_or_default(),
            }
        };
        Section {
            id: list.path.clone(),
            title: self.words.label(&list.label).to_owned(),
            count: number(hanging.total),
            all: list.own.then(|| of.on(&path)),
            months: hanging.months.iter().take(MONTHS).map(month).collect(),
            heads: view.heads(None, true),
            rows: hanging.lines.iter().map(|line| view.row(line, true)).collect(),
        }
    }

    fn change(&self, line: &HistoryLine) -> Change {
        // Why an old program sent its file is its own business.
        let said = line.came.as_ref().is_some_and(|came| matches!(came.kind.as_str(), "undo"));
        Change {
            at: self.app.local_time(line.at_ms),
            who: line.site.clone().unwrap_or_else(|| self.words.lists.headquarters.to_owned()),
            person: line.who.clone(),
            why: line.why.clone().filter(|_| said),
            batch: line.came.as_ref().map(|came| history::address(came.id)),
            undo: undo::address(self.viewer.decides(), line),
            action: self.words.action(&line.action),
            had: line.changes.iter().any(|changed| changed.before.is_some()),
            columns: line
                .changes
                .iter()
                .map(|changed| shown::changed(self.words, self.list, changed))
                .collect(),
        }
    }
}

/// Months that stand on a row's page; the list has the others.
const MONTHS: usize = 24;
