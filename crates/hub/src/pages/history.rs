//! `/history`: what was written at once, newest first, and what was deleted lately.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use store::{Batch, BatchLine, BatchesAsked, Changed};

use super::{
    Person, Shell, Visit,
    address::Fields,
    list::Link,
    shown::{self, Shown},
    told::{Teller, denied},
    undo,
};
use crate::{
    answer::Refusal,
    app::App,
    login::page,
    words::{ListWords, UndoWords, Words},
};

pub(super) const PATH: &str = "/history";
pub(super) const DELETED: &str = "/history/deleted";
pub(super) const ONE: &str = "/history/{id}";
const BEFORE: &str = "before";
const REGION: &str = "region";
const TABLE: &str = "table";
const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "history.html")]
struct Page {
    shell: Shell,
    lists: &'static ListWords,
    words: &'static UndoWords,
    batches: Vec<Line>,
    older: Option<String>,
    newest: bool,
}

#[derive(Template)]
#[template(path = "history_one.html")]
struct OnePage {
    shell: Shell,
    lists: &'static ListWords,
    words: &'static UndoWords,
    batch: Line,
    lines: Vec<Row>,
    more: Option<String>,
    undo: Option<String>,
}

#[derive(Template)]
#[template(path = "history_deleted.html")]
struct DeletedPage {
    shell: Shell,
    lists: &'static ListWords,
    words: &'static UndoWords,
    tables: Vec<(Link, bool)>,
    lines: Vec<Row>,
}

/// A batch.
struct Line {
    href: String,
    at: String,
    who: String,
    person: Option<String>,
    kind: &'static str,
    why: Option<String>,
    /// Its number, and where it is shown.
    undoes: Option<(String, Option<String>)>,
    counts: [(&'static str, String); 3],
}

/// What happened to a row.
struct Row {
    table: String,
    row: Shown,
    at: String,
    who: String,
    action: &'static str,
    columns: Vec<Column>,
    undo: Option<String>,
}

/// A column before and after.
pub(super) struct Column {
    pub label: String,
    pub before: Shown,
    pub after: Shown,
}

/// Where a batch is shown.
pub(super) fn address(batch: i64) -> String {
    format!("{PATH}/{batch}")
}

pub(super) async fn batches(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
) -> Result<Response, Refusal> {
    let fields = visit.fields.only(&[REGION]);
    let before = visit.fields.get(BEFORE).and_then(|before| before.parse().ok());
    let region = visit.fields.get(REGION).map(str::to_owned);
    let listed = app.store.batches(&person.viewer, &BatchesAsked { region, before, rows: ROWS }).await?;
    let teller = Teller::new(&app, &visit).await?;
    page(&Page {
        shell: teller.shell(&person, &visit),
        lists: visit.words.lists,
        words: visit.words.undo(),
        batches: listed.batches.iter().map(|batch| line(&teller, batch)).collect(),
        older: listed.older.map(|older| fields.with(BEFORE, Some(&older.to_string())).on(PATH)),
        newest: before.is_some(),
    })
}

pub(super) async fn batch(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let teller = Teller::new(&app, &visit).await?;
    let shell = teller.shell(&person, &visit);
    let found = match id.parse() {
        Ok(id) => app.store.batch(&person.viewer, id).await?,
        Err(_) => None,
    };
    let Some(found) = found else {
        return denied(store::Denied::Missing, (shell, visit.words), PATH.to_owned());
    };
    let words = visit.words.undo();
    let decides = person.viewer.decides();
    let more =
        found.more.then(|| super::told::fill(words.first_only, &[("count", &found.lines.len().to_string())]));
    page(&OnePage {
        shell,
        lists: visit.words.lists,
        words,
        batch: line(&teller, &found.batch),
        lines: found.lines.iter().map(|one| row(&teller, decides, one)).collect(),
        more,
        undo: decides.then(|| undo::of_batch(found.batch.id)),
    })
}

pub(super) async fn deleted(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
) -> Result<Response, Refusal> {
    let pages = app.store.pages();
    let list = visit.fields.get(TABLE).and_then(|path| pages.at(path));
    let lines = app.store.deleted(&person.viewer, list, ROWS).await?;
    let teller = Teller::new(&app, &visit).await?;
    let decides = person.viewer.decides();
    let tables = pages.all().iter().enumerate().map(|(at, one)| {
        let href = Fields::default().with(TABLE, Some(&one.path)).on(DELETED);
        (Link { href, text: visit.words.label(&one.label).to_owned() }, list == Some(at))
    });
    let answer = page(&DeletedPage {
        shell: teller.shell(&person, &visit),
        lists: visit.words.lists,
        words: visit.words.undo(),
        tables: tables.collect(),
        lines: lines.iter().map(|one| row(&teller, decides, one)).collect(),
    })?;
    Ok((StatusCode::OK, answer).into_response())
}

fn line(teller: &Teller<'_>, batch: &Batch) -> Line {
    let words = teller.words.undo();
    let kind = words.kinds.iter().find(|(kind, _)| *kind == batch.kind).map_or("", |(_, said)| said);
    let number = |count: u64| shown::whole(teller.words.language, i64::try_from(count).unwrap_or(i64::MAX));
    let [came, changed, went] = batch.counts.map(number);
    let undoes = batch.undoes.as_ref().map(|undone| match undone.split_once('/') {
        // A change has no page of its own.
        Some((rev, _)) => (rev.to_owned(), None),
        None => (undone.clone(), Some(format!("{PATH}/{undone}"))),
    });
    Line {
        href: address(batch.id),
        at: teller.time(batch.at_ms),
        who: teller.site_name(batch.site),
        person: batch.who.clone(),
        kind,
        why: batch.why.clone().filter(|_| batch.kind == "undo"),
        undoes,
        counts: [(words.came_in, came), (words.changed, changed), (words.went, went)],
    }
}

fn row(teller: &Teller<'_>, decides: bool, one: &BatchLine) -> Row {
    let list = teller.pages.list(one.list);
    let line = &one.line;
    Row {
        table: teller.words.label(&list.label).to_owned(),
        row: named(&one.row),
        at: teller.time(line.at_ms),
        who: line.site.clone().unwrap_or_else(|| teller.words.lists.headquarters.to_owned()),
        action: teller.words.action(&line.action),
        columns: columns(teller.words, list, &line.changes),
        undo: undo::address(decides, line),
    }
}

/// A row with the way to its page.
pub(super) fn named(row: &store::Named) -> Shown {
    let href = row.path.as_ref().map(|path| format!("/{path}/{}", row.gid));
    Shown { text: if row.name.is_empty() { "–".to_owned() } else { row.name.clone() }, href, kind: "" }
}

/// What a change did to the columns of a row of this list.
pub(super) fn columns(words: &Words, list: &store::ListPage, changes: &[Changed]) -> Vec<Column> {
    let column = |changed: &Changed| {
        let column = changed.column.map(|at| &list.columns[at]);
        let cell = |cell: &Option<store::Cell>| cell.as_ref().map(|cell| self::cell(words, column, cell));
        Column {
            label: column.map_or(words.region, |column| words.label(&column.label)).to_owned(),
            before: cell(&changed.before).unwrap_or_default(),
            after: cell(&changed.after).unwrap_or_default(),
        }
    };
    changes.iter().map(column).collect()
}

/// `None`: the region.
pub(super) fn cell(words: &Words, column: Option<&store::PageColumn>, cell: &store::Cell) -> Shown {
    match column {
        Some(column) => shown::cell(words, column, cell),
        None => Shown { text: shown::plain(&cell.value), ..Shown::default() },
    }
}
