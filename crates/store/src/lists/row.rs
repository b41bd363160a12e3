//! One row: what it says, what hangs on it, what happened to it.

use merge::Rules;
use model::Gid;

use super::{
    find::{Asked, Order},
    history::{HistoryLine, Lines, Told},
    index::Index,
    pages::Pages,
    scope::{Line, Scope},
    viewer::Viewer,
};
use crate::{Result, query::Db};

/// Rows of a table that are shown of those that hang on a row.
const LINES_MAX: usize = 10;

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
    if index.lines.is_none() {
        index.lines = Some(Lines::read(db).await?);
    }
    let (revs, more) = index.lines.as_ref().map(|lines| lines.of(gid)).unwrap_or_default();
    let told = Told::read(db, gid, &revs).await?;
    Ok(Scope::new(index, (rules, pages), viewer).row(at, gid, &told).map(|page| RowPage { more, ..page }))
}

impl Scope<'_> {
    fn row(&self, at: usize, gid: Gid, told: &Told) -> Option<RowPage> {
        let list = &self.pages.lists()[at];
        let (shelf, row) = self.find(list.table, gid)?;
        Some(RowPage {
            rev: self.index.rev(),
            name: self.name(list, shelf, row, 1),
            line: self.line(list, shelf, row),
            hanging: self.hanging(at, gid),
            history: self.history(list, told),
            more: false,
        })
    }

    fn hanging(&self, at: usize, gid: Gid) -> Vec<Hanging> {
        let table = self.pages.lists()[at].table;
        let through =
            |list: &super::ListPage| list.columns.iter().position(|column| column.refers == Some(table));
        let lists = self.pages.lists().iter().enumerate();
        lists.filter_map(|(at, list)| self.hanging_of((at, through(list)?), gid)).collect()
    }

    fn hanging_of(&self, (at, through): (usize, usize), gid: Gid) -> Option<Hanging> {
        let list = &self.pages.lists()[at];
        let shelf = self.index.shelf(list.table)?;
        let mut rows = self.matching(list, shelf, &Asked { of: Some(gid.to_string()), ..Asked::default() });
        let (name, descending) = list.first_order();
        let shown = rows.len().min(LINES_MAX);
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
