//! One row: what it says, what hangs on it, what happened to it.

use merge::{Rules, Stored};
use model::{Gid, Value};

use super::{
    find::{Asked, Order},
    history::{HistoryLine, Lines, Told},
    index::Index,
    pages::{ListPage, PageColumn, Pages},
    scope::{Line, Scope},
    viewer::Viewer,
};
use crate::{Result, desk::Hub, engine::View, query::Db};

/// Rows of a table that are shown of those that hang on a row.
const LINES_MAX: usize = 10;
/// The same of rows that stand nowhere else.
const ALL_MAX: usize = 50;

/// A row with everything that a person asks about it.
#[derive(Clone, Debug, PartialEq)]
pub struct RowPage {
    /// Up to this change it is so.
    pub rev: i64,
    pub name: String,
    pub line: Line,
    pub hanging: Vec<Hanging>,
    /// Newest first.
    pub history: Vec<HistoryLine>,
    /// There is more history than is told.
    pub more: bool,
    /// The row was deleted: what it said last is told.
    pub gone: bool,
}

/// Rows of one list that refer to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Hanging {
    /// Place in [`Pages::lists`].
    pub list: usize,
    /// Place of the column that refers, in [`ListPage::columns`](super::ListPage::columns).
    pub through: usize,
    pub total: usize,
    /// Rows a month, newest first.
    pub months: Vec<(String, usize)>,
    /// The first few, in the list's order.
    pub lines: Vec<Line>,
}

/// `None`: there is no such row, or the viewer does not see it.
pub(crate) async fn row_of(
    db: &mut Db,
    index: &mut Index,
    (rules, pages, viewer): (&Rules, &Pages, &Viewer),
    (at, gid): (usize, &str),
) -> Result<Option<RowPage>> {
    let Ok(gid) = gid.parse::<Gid>() else { return Ok(None) };
    let Some(table) = pages.lists().get(at).map(|list| list.table) else { return Ok(None) };
    if Scope::new(index, (rules, pages), viewer).find(table, gid).is_none() {
        return Ok(None);
    }
    let (revs, more) = lines_of(db, index, gid).await?;
    let told = Told::read(db, gid, &revs).await?;
    Ok(Scope::new(index, (rules, pages), viewer).row(at, gid, &told).map(|page| RowPage { more, ..page }))
}

/// A row that was deleted; `None`: there was none that was the viewer's.
pub(crate) async fn gone_of(
    db: &mut Db,
    index: &mut Index,
    (hub, viewer): (&Hub, &Viewer),
    (at, gid): (usize, &str),
) -> Result<Option<RowPage>> {
    let (rules, pages) = (&hub.rules, &hub.pages);
    let gid = gid.parse::<Gid>().ok();
    let Some((gid, list)) = gid.zip(pages.lists().get(at)) else { return Ok(None) };
    let mut view = View::new(hub, viewer.region());
    view.load(db, [(list.table, gid)]).await?;
    let row = view.row(gid).filter(|row| !row.lives() && row.became().is_none() && view.owns_row(gid));
    let Some(row) = row else { return Ok(None) };
    let (revs, more) = lines_of(db, index, gid).await?;
    let told = Told::read(db, gid, &revs).await?;
    let page = Scope::new(index, (rules, pages), viewer).gone(list, row, &told);
    Ok(Some(RowPage { more, ..page }))
}

async fn lines_of(db: &mut Db, index: &mut Index, gid: Gid) -> Result<(Vec<i64>, bool)> {
    if index.lines.is_none() {
        index.lines = Some(Lines::read(db).await?);
    }
    Ok(index.lines.as_ref().map(|lines| lines.of(gid)).unwrap_or_default())
}

impl Scope<'_> {
    fn row(&self, at: usize, gid: Gid, told: &Told) -> Option<RowPage> {
        let list = self.pages.list(at);
        let (shelf, row) = self.find(list.table, gid)?;
        Some(RowPage {
            rev: self.index.rev(),
            name: self.name(list, shelf, row, 1),
            line: self.line(list, shelf, row),
            hanging: self.hanging(at, gid),
            history: self.history(list, told),
            more: false,
            gone: false,
        })
    }

    fn gone(&self, list: &ListPage, row: &Stored, told: &Told) -> RowPage {
        let last = told.lines.iter().find(|line| line.is_change());
        let said = last.and_then(|line| line.after.as_ref().or(line.before.as_ref()));
        let value = |column: &PageColumn| row.cells[column.column.0].clone().unwrap_or(Value::Null);
        let cells = list.columns.iter().map(|column| self.cell(column, &value(column)));
        let line = Line {
            gid: row.gid.to_string(),
            region: last.and_then(|line| line.region.clone()),
            cells: cells.collect(),
        };
        RowPage {
            rev: self.index.rev(),
            name: self.named_by(list, &line.gid, said).name,
            line,
            hanging: Vec::new(),
            history: self.history(list, told),
            more: false,
            gone: true,
        }
    }

    fn hanging(&self, at: usize, gid: Gid) -> Vec<Hanging> {
        let table = self.pages.list(at).table;
        let through = |list: &ListPage| list.columns.iter().position(|column| column.refers == Some(table));
        let lists = self.pages.all().iter().enumerate();
        lists.filter_map(|(at, list)| self.hanging_of((at, through(list)?), gid)).collect()
    }

    fn hanging_of(&self, (at, through): (usize, usize), gid: Gid) -> Option<Hanging> {
        let list = self.pages.list(at);
        let shelf = self.index.shelf(list.table)?;
        let mut rows = self.matching(list, shelf, &Asked { of: Some(gid.to_string()), ..Asked::default() });
        let (name, descending) = list.first_order();
        let shown = rows.len().min(if list.own { LINES_MAX } else { ALL_MAX });
        Order::of(self, (list, shelf), &(name.to_owned(), descending)).take(&mut rows, 0..shown);
        Some(Hanging {
            list: at,
            through,
            total: rows.len(),
            months: self.by_month(list, shelf, &rows),
            lines: rows[..shown].iter().map(|row| self.line(list, shelf, *row as usize)).collect(),
        })
    }
}
