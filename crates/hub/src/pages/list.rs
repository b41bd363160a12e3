//! A list: one handler and one template for all of them.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use store::{Asked, Line, ListPage, Listed, PageColumn};

use super::{
    Person, Shell, Visit,
    address::Fields,
    export,
    hours::{self, Offices, Totals},
    shown::{self, Shown},
};
use crate::{
    answer::Refusal,
    app::App,
    login::page,
    words::{ListWords, Words},
};

pub(super) const SEARCH: &str = "q";
const REGION: &str = "region";
const MONTH: &str = "month";
const STATE: &str = "state";
const OF: &str = "of";
const SORT: &str = "sort";
pub(super) const PAGE: &str = "page";

#[derive(Template)]
#[template(path = "list.html")]
struct Page<'a> {
    shell: Shell,
    lists: &'static ListWords,
    rev: i64,
    title: &'a str,
    path: String,
    search: &'a str,
    /// Fields of the form that are not seen.
    kept: Vec<(&'static str, &'a str)>,
    choices: Vec<Choices<'a>>,
    filtered: bool,
    of: Option<Link>,
    count: String,
    heads: Vec<Head>,
    rows: Vec<Row>,
    paging: Option<Paging>,
    /// Files of all that is filtered.
    files: [Link; 2],
    totals: Option<TotalsShown>,
}

/// What all rows that match come to.
struct TotalsShown {
    amounts: Vec<(&'static str, String)>,
    failed: Option<String>,
    /// How is planned.
    plan: Vec<String>,
}

/// A field of the form with what can be chosen.
struct Choices<'a> {
    name: &'static str,
    label: &'a str,
    options: Vec<(String, String, bool)>,
}

pub(super) struct Link {
    pub href: String,
    pub text: String,
}

/// The head of a column.
pub(super) struct Head {
    pub label: String,
    pub kind: &'static str,
    /// Orders the list by it; `None`: it cannot be.
    pub href: Option<String>,
    /// As `aria-sort` says it; empty: by another.
    pub sorted: &'static str,
}

pub(super) struct Row {
    pub cells: Vec<RowCell>,
}

pub(super) struct RowCell {
    pub label: String,
    pub shown: Shown,
    /// The cell that names the row.
    pub names: bool,
}

struct Paging {
    page: String,
    first: Option<String>,
    previous: Option<String>,
    next: Option<String>,
    last: Option<String>,
}

pub(super) async fn list(
    at: usize,
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
) -> Result<Response, Refusal> {
    let asked = asked(&visit.fields);
    let listed = app.store.list(&person.viewer, at, &asked).await?.ok_or(Refusal::NoPath)?;
    let pages = app.store.pages();
    let offices = Offices::of(&app, &person).await?;
    let view = View {
        words: visit.words,
        list: pages.list(at),
        fields: visit.fields.only(&KEPT),
        without: None,
        offices: &offices,
    };
    let totals = match &view.list.shifts {
        Some(columns) if listed.total > 0 => {
            Some(Totals::of(&app, &person, (at, columns), (&asked, &offices)).await?)
        }
        _ => None,
    };
    let shell = Shell::of(&person, &visit, pages);
    page(&Page { totals: totals.map(|totals| view.totals(&totals)), ..view.page(shell, &asked, &listed) })
}

/// Fields that a list knows.
pub(super) const KEPT: [&str; 7] = [SEARCH, REGION, MONTH, STATE, OF, SORT, PAGE];

pub(super) fn asked(fields: &Fields) -> Asked {
    let own = |name| fields.get(name).map(str::to_owned);
    let sort = fields.get(SORT).unwrap_or_default();
    Asked {
        search: own(SEARCH).unwrap_or_default(),
        region: own(REGION),
        month: own(MONTH),
        state: own(STATE),
        of: own(OF),
        sort: Some(sort.trim_start_matches('-').to_owned()).filter(|name| !name.is_empty()),
        descending: sort.starts_with('-'),
        page: fields.get(PAGE).and_then(|page| page.parse().ok()).unwrap_or(1),
        rows: Asked::ROWS_MAX,
    }
}

/// A list on its way to a page.
pub(super) struct View<'a> {
    pub words: &'static Words,
    pub list: &'a ListPage,
    pub fields: Fields,
    /// A column that says the same in every row.
    pub without: Option<usize>,
    /// Whose rows they are, where hours stand beside them.
    pub offices: &'a Offices,
}

impl<'a> View<'a> {
    fn columns(&self) -> impl Iterator<Item = (usize, &'a PageColumn)> {
        let without = self.without;
        self.list.listed().filter(move |(at, _)| Some(*at) != without)
    }

    fn path(&self) -> String {
        format!("/{}", self.list.path)
    }

    fn page(&'a self, shell: Shell, asked: &'a Asked, listed: &Listed) -> Page<'a> {
        let fields = [SEARCH, REGION, MONTH, STATE, OF];
        let sort = self.fields.get(SORT).map(|sort| (SORT, sort));
        let of = self.fields.get(OF).map(|of| (OF, of));
        Page {
            shell,
            lists: self.words.lists,
            rev: listed.rev,
            title: self.words.label(&self.list.label),
            path: self.path(),
            search: &asked.search,
            kept: sort.into_iter().chain(of).collect(),
            choices: self.choices(asked, listed),
            filtered: fields.iter().any(|field| self.fields.get(field).is_some()),
            of: listed.of.as_ref().map(|of| self.link_to(of)),
            count: self.count(listed),
            heads: self.heads(Some(listed), listed.regions.is_empty()),
            rows: listed.lines.iter().map(|line| self.row(line, listed.regions.is_empty())).collect(),
            paging: self.paging(listed),
            files: export::links(self.words, &self.fields.with(PAGE, None), &self.path()),
            totals: None,
        }
    }

    fn totals(&self, totals: &Totals) -> TotalsShown {
        let failed = i64::try_from(totals.failed).unwrap_or(i64::MAX);
        TotalsShown {
            amounts: totals.shown(self.words),
            failed: (failed > 0).then(|| shown::whole(self.words.language, failed)),
            plan: self.offices.shown(self.words),
        }
    }

    fn link_to(&self, of: &store::Named) -> Link {
        let href = of.path.as_ref().map(|path| format!("/{path}/{}", of.gid)).unwrap_or_default();
        Link { href, text: of.name.clone() }
    }

    fn count(&self, listed: &Listed) -> String {
        let number =
            |number: usize| shown::whole(self.words.language, i64::try_from(number).unwrap_or(i64::MAX));
        let last = (listed.first + listed.lines.len()).saturating_sub(1);
        match listed.total {
            0 => number(0),
            total => {
                format!("{}–{} {} {}", number(listed.first), number(last), self.words.lists.of, number(total))
            }
        }
    }

    fn choices(&self, asked: &Asked, listed: &Listed) -> Vec<Choices<'a>> {
        let words = self.words;
        let regions = listed.regions.iter().map(|region| (region.clone(), region.clone()));
        let months = listed.months.iter().map(|month| (month.clone(), shown::month(words, month)));
        let state = self.list.state();
        let states = state.into_iter().flat_map(|column| &column.choices);
        let states = states.map(|choice| (choice.name.clone(), words.label(&choice.label).to_owned()));
        let state = state.map_or("", |column| words.label(&column.label));
        let fields = [
            choices(REGION, words.region, asked.region.as_deref(), regions.collect()),
            choices(MONTH, words.lists.month, asked.month.as_deref(), months.collect()),
            choices(STATE, state, asked.state.as_deref(), states.collect()),
        ];
        fields.into_iter().filter(|field| !field.options.is_empty()).collect()
    }

    /// `listed`: of a list that can be ordered.
    pub fn heads(&self, listed: Option<&Listed>, one_region: bool) -> Vec<Head> {
        let columns = self.columns().map(|(at, column)| {
            let can = |listed: &&Listed| !listed.unordered.contains(&at);
            let kind = if shown::is_number(column) { "number" } else { "" };
            self.head(self.words.label(&column.label), (&column.name, kind), listed.filter(can))
        });
        let region = (!one_region).then(|| self.head(self.words.region, (REGION, ""), listed));
        let hours = self.list.shifts.iter().flat_map(|_| hours::heads(self.words));
        columns.chain(hours).chain(region).collect()
    }

    fn head(&self, label: &str, (name, kind): (&str, &'static str), listed: Option<&Listed>) -> Head {
        let sort = listed.map(|listed| &listed.sort).filter(|(sorted, _)| sorted == name);
        let sorted = match sort {
            Some((_, true)) => "descending",
            Some((_, false)) => "ascending",
            None => "",
        };
        let to = if sorted == "ascending" { format!("-{name}") } else { name.to_owned() };
        let href = listed.map(|_| self.fields.with(PAGE, None).with(SORT, Some(&to)).on(&self.path()));
        Head { label: label.to_owned(), kind, href, sorted }
    }

    pub fn row(&self, line: &Line, one_region: bool) -> Row {
        let own = format!("/{}/{}", self.list.path, line.gid);
        let cells = self.columns().map(|(at, column)| {
            let names = at == self.list.naming();
            let own = Some(&own).filter(|_| names && self.list.own);
            RowCell { names, ..self.cell(column, &line.cells[at], own) }
        });
        let region = (!one_region).then(|| RowCell {
            label: self.words.region.to_owned(),
            shown: Shown { text: line.region.clone().unwrap_or_default(), ..Shown::default() },
            names: false,
        });
        let shifts = self.list.shifts.iter();
        let hours = shifts.flat_map(|columns| hours::cells((self.words, self.offices), columns, line));
        Row { cells: cells.chain(hours).chain(region).collect() }
    }

    pub fn cell(&self, column: &PageColumn, cell: &store::Cell, own: Option<&String>) -> RowCell {
        let mut shown = shown::cell(self.words, column, cell);
        if let Some(own) = own {
            shown.href = Some(own.clone());
        }
        RowCell { label: self.words.label(&column.label).to_owned(), shown, names: false }
    }

    fn paging(&self, listed: &Listed) -> Option<Paging> {
        let Listed { page, pages, .. } = *listed;
        let to = |page: usize| self.fields.with(PAGE, Some(&page.to_string())).on(&self.path());
        (pages > 1).then(|| Paging {
            page: format!("{} {page} {} {pages}", self.words.lists.page, self.words.lists.of),
            first: (page > 1).then(|| to(1)),
            previous: (page > 1).then(|| to(page - 1)),
            next: (page < pages).then(|| to(page + 1)),
            last: (page < pages).then(|| to(pages)),
        })
    }
}

/// What is chosen stands among the options even where nothing has it any more: a form says what it does.
fn choices<'a>(
    name: &'static str,
    label: &'a str,
    chosen: Option<&str>,
    mut options: Vec<(String, String)>,
) -> Choices<'a> {
    if let Some(chosen) =
        chosen.filter(|chosen| !options.is_empty() && !options.iter().any(|(value, _)| value == chosen))
    {
        options.push((chosen.to_owned(), chosen.to_owned()));
    }
    let is_chosen = |value: &str| chosen == Some(value);
    let options = options.into_iter().map(|(value, text)| {
        let chosen = is_chosen(&value);
        (value, text, chosen)
    });
    Choices { name, label, options: options.collect() }
}
