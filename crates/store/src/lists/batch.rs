//! Changes that came together, as a viewer may see them.

use std::collections::BTreeMap;

use merge::{ColumnId, Owner, Region};
use model::{Gid, Value};
use serde_json::Value as Json;

use super::{
    Viewer,
    history::{HistoryLine, Told},
    pages::ListPage,
    scope::{Named, Scope},
};
use crate::{
    RecentChange, Result,
    deed::Deed,
    meta::Meta,
    query::{Db, Row, text},
    shape::{BATCHES, LOG},
    tell,
};

/// Lines of a batch that are told, the first.
const LINES_MAX: usize = 100;
/// Numbers that are looked through at once for them.
const REVS: i64 = 2_000;

/// What was written at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub id: i64,
    pub site: u32,
    pub at_ms: i64,
    /// `upload`, `push`, `conflict`, `undo`.
    pub kind: String,
    /// The person, where one is known.
    pub who: Option<String>,
    pub why: Option<String>,
    /// What it undid: a batch (`12`) or a change (`12/gid`).
    pub undoes: Option<String>,
    /// Rows that came in or came back, changed, and went: of what the viewer sees.
    pub counts: [u64; 3],
    last: i64,
}

/// Which batches are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchesAsked {
    /// Among those that the viewer sees.
    pub region: Option<String>,
    /// Only older ones than this.
    pub before: Option<i64>,
    pub rows: usize,
}

/// Batches, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchesListed {
    pub batches: Vec<Batch>,
    /// From where on there are older ones.
    pub older: Option<i64>,
}

/// One batch with its first lines.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchPage {
    pub batch: Batch,
    /// **Order**: as they came in.
    pub lines: Vec<BatchLine>,
    pub more: bool,
}

/// What happened to a row, with what people call it.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchLine {
    /// Place in [`Pages::lists`](super::Pages::lists).
    pub list: usize,
    pub row: Named,
    pub line: HistoryLine,
}

impl Batch {
    pub(super) fn read(row: &Row) -> Result<Self> {
        let said = |at| Ok::<_, crate::Error>(row.text_or_none(at)?.map(str::to_owned));
        let count = |at| Ok::<_, crate::Error>(u64::try_from(row.int(at)?).unwrap_or_default());
        Ok(Self {
            id: row.int(0)?,
            last: row.int(2)?,
            site: tell::site(row, 3)?,
            at_ms: row.int(4)?,
            kind: row.text(5)?.to_owned(),
            who: said(6)?,
            why: said(7)?,
            undoes: said(8)?,
            counts: [count(9)?, count(10)?, count(11)?],
        })
    }
}

/// Batches by their numbers, each with what was counted of all the rows.
fn together(rows: &[Row]) -> Result<BTreeMap<i64, Batch>> {
    let mut batches: BTreeMap<i64, Batch> = BTreeMap::new();
    for row in rows {
        let one = Batch::read(row)?;
        match batches.get_mut(&one.id) {
            None => _ = batches.insert(one.id, one),
            Some(known) => known.counts.iter_mut().zip(one.counts).for_each(|(all, own)| *all += own),
        }
    }
    Ok(batches)
}

/// Whose lines a viewer sees; empty: everybody's.
fn of_region<'a>(viewer: &'a Viewer, asked: Option<&'a String>) -> Vec<(&'static str, Value)> {
    let asked = asked.map(|region| ("region", text(region)));
    match viewer.region() {
        Region::All => asked.into_iter().collect(),
        Region::Named(own) => std::iter::once(("region", text(own))).chain(asked).collect(),
    }
}

pub(crate) async fn listed(db: &mut Db, viewer: &Viewer, asked: &BatchesAsked) -> Result<BatchesListed> {
    let with = of_region(viewer, asked.region.as_ref());
    let last = Meta::load(db).await?.rev.0;
    let last = asked.before.map_or(last, |before| before.saturating_sub(1).min(last));
    // One batch has a line for each region.
    let wanted = asked.rows.saturating_add(1);
    let rows = tell::newest(db, (BATCHES, "id"), &with, (tell::NO_FLOOR, last, wanted)).await?;
    let mut batches: Vec<Batch> = together(&rows)?.into_values().rev().collect();
    let more = batches.len() > asked.rows;
    batches.truncate(asked.rows);
    let older = batches.last().filter(|_| more).map(|batch| batch.id);
    Ok(BatchesListed { batches, older })
}

/// A batch with its lines as they stand in the log; `None`: there is none that the viewer sees.
pub(crate) async fn found(
    db: &mut Db,
    viewer: &Viewer,
    id: i64,
) -> Result<Option<(Batch, Vec<RecentChange>, bool)>> {
    let with = of_region(viewer, None);
    let own = [with.clone(), vec![("id", Value::Int(id))]].concat();
    let rows = db.find(BATCHES, &own).await?;
    let Some(batch) = together(&rows)?.remove(&id) else { return Ok(None) };
    let own = [with, vec![("batch", Value::Int(id))]].concat();
    let (mut rows, mut after) = (Vec::new(), id.saturating_sub(1));
    // A first file has very many.
    while rows.len() <= LINES_MAX && after < batch.last {
        let to = after.saturating_add(REVS).min(batch.last);
        rows.append(&mut db.find_between(LOG, &own, "rev", (after, to.saturating_add(1))).await?);
        after = to;
    }
    rows.sort_by_key(|row| row.int(0).unwrap_or_default());
    let more = rows.len() > LINES_MAX;
    rows.truncate(LINES_MAX);
    Ok(Some((batch, rows.iter().map(tell::change).collect::<Result<_>>()?, more)))
}

/// The newest deletions of rows of a table (`None`: of all) that the viewer sees.
pub(crate) async fn deleted(
    db: &mut Db,
    viewer: &Viewer,
    table: Option<&str>,
    count: usize,
) -> Result<Vec<RecentChange>> {
    let mut with = of_region(viewer, None);
    with.push(("action", text(Deed::Delete.word())));
    with.extend(table.map(|table| ("table_name", text(table))));
    let last = Meta::load(db).await?.rev.0;
    let floor = last.saturating_sub(tell::LOOKED_MAX);
    let mut rows = tell::newest(db, (LOG, "rev"), &with, (floor, last, count)).await?;
    rows.sort_by_key(|row| std::cmp::Reverse(row.int(0).unwrap_or_default()));
    rows.truncate(count);
    rows.iter().map(tell::change).collect()
}

impl Scope<'_> {
    /// Lines of one batch, or of several rows, each with what people call its row.
    pub(crate) fn lines(&self, told: &Told) -> Vec<BatchLine> {
        told.lines.iter().filter_map(|line| self.batch_line(told, line)).collect()
    }

    /// Of these deletions those whose row is still gone.
    pub(crate) fn still_gone(&self, told: &Told) -> Vec<BatchLine> {
        let mut lines = self.lines(told);
        lines.retain(|one| {
            let shelf = self.index.shelf(self.pages.list(one.list).table);
            let gid = one.line.gid.parse::<Gid>().ok();
            gid.zip(shelf).is_some_and(|(gid, shelf)| shelf.row(gid).is_none())
        });
        lines
    }

    fn batch_line(&self, told: &Told, line: &RecentChange) -> Option<BatchLine> {
        let at = self.pages.of_table(self.rules.table(&line.table)?)?;
        let list = self.pages.list(at);
        let was_theirs = !self.is_of_one_region() || self.was_theirs(list, line);
        let row = self.named_by(list, &line.gid, line.after.as_ref());
        Some(BatchLine { list: at, row, line: self.history_line(list, told, (line, was_theirs)) })
    }

    /// Whether the row was of the viewer's region before as well: it says so, or hung on the same parent.
    fn was_theirs(&self, list: &ListPage, line: &RecentChange) -> bool {
        let rule = &self.rules[list.table];
        let (said, through) = rule.region_columns();
        let value = |row: &Option<Json>, column: ColumnId| row.as_ref()?.get(&rule[column].name).cloned();
        let region = said.and_then(|column| value(&line.before, column));
        match region.as_ref().and_then(Json::as_str).map(str::trim).filter(|region| !region.is_empty()) {
            Some(region) => self.viewer.sees(&Owner::Region(region.to_owned())),
            None => through.is_some_and(|column| value(&line.before, column) == value(&line.after, column)),
        }
    }

    /// What people call a row; of one that is gone, by what it said last. Without a path where it has no page for the viewer.
    pub(crate) fn named_by(&self, list: &ListPage, gid: &str, said: Option<&Json>) -> Named {
        let id = gid.parse::<Gid>().ok();
        if let Some(named) = id.and_then(|id| self.named(list.table, id)) {
            return named;
        }
        let column = &list.columns[list.called];
        let value = said.and_then(|said| said.get(&column.name));
        let own = match value.map(|value| self.told(column, value).value.to_string()) {
            Some(own) => own,
            // Nobody knows any more.
            None if column.erased => id.map(crate::forgotten_name).unwrap_or_default(),
            None => String::new(),
        };
        let above = list.called_through.and_then(|at| {
            let column = &list.columns[at];
            Some(self.told(column, said?.get(&column.name)?).refers?.name)
        });
        let name = match above.filter(|above| !above.is_empty()) {
            Some(above) => format!("{above} · {own}"),
            None => own,
        };
        let is_gone =
            id.is_some_and(|id| self.index.shelf(list.table).is_some_and(|shelf| shelf.row(id).is_none()));
        Named { name, gid: gid.to_owned(), path: (is_gone && list.own).then(|| list.path.clone()) }
    }
}
