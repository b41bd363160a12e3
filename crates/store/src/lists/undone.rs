//! What undoing does, as one viewer may see it.

use serde_json::Value as Json;

use super::{
    history::{Changed, plain},
    pages::ListPage,
    scope::{Cell, Named, Scope},
};
use crate::{KeptBack, KeptColumn, Undone, UndoneRow, WhyKept};

/// Rows of either kind that are told, the first.
const LINES_MAX: usize = 100;

/// What undoing does, for a page.
#[derive(Clone, Debug, PartialEq)]
pub struct UndonePage {
    /// Up to this change it is so.
    pub rev: i64,
    pub rows: Vec<UndoneLine>,
    pub kept: Vec<KeptLine>,
}

/// A row that gets another state.
#[derive(Clone, Debug, PartialEq)]
pub struct UndoneLine {
    /// Place in [`Pages::lists`](super::Pages::lists).
    pub list: Option<usize>,
    pub table: String,
    pub row: Named,
    /// As [`UndoneRow::action`].
    pub action: String,
    /// As [`UndoneRow::along`].
    pub along: bool,
    pub changes: Vec<Changed>,
}

/// A row that stays, or a part of it.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptLine {
    pub list: Option<usize>,
    pub table: String,
    pub row: Named,
    pub why: WhyKept,
    pub columns: Vec<Beside>,
    /// Other rows that it is about, of those that the viewer sees.
    pub rows: Vec<Named>,
}

/// A column that changed again: before what is undone, after it, and now.
#[derive(Clone, Debug, PartialEq)]
pub struct Beside {
    /// Place in [`ListPage::columns`]; `None`: the region.
    pub column: Option<usize>,
    pub cells: [Cell; 3],
}

impl Scope<'_> {
    pub(crate) fn undone(&self, undone: &Undone) -> UndonePage {
        UndonePage {
            rev: self.index.rev(),
            rows: undone.rows.iter().take(LINES_MAX).map(|row| self.undone_row(row)).collect(),
            kept: undone.kept.iter().take(LINES_MAX).map(|kept| self.kept_back(kept)).collect(),
        }
    }

    fn list_of(&self, table: &str) -> Option<(usize, &ListPage)> {
        let at = self.pages.of_table(self.rules.table(table)?)?;
        Some((at, self.pages.list(at)))
    }

    fn named_in(&self, table: &str, gid: &str, said: Option<&Json>) -> Named {
        let blank = || Named { name: String::new(), gid: gid.to_owned(), path: None };
        self.list_of(table).map_or_else(blank, |(_, list)| self.named_by(list, gid, said))
    }

    fn undone_row(&self, row: &UndoneRow) -> UndoneLine {
        let (before, after) = (row.before.as_ref(), row.after.as_ref());
        let list = self.list_of(&row.table);
        UndoneLine {
            list: list.map(|(at, _)| at),
            table: row.table.clone(),
            row: self.named_in(&row.table, &row.gid, after.or(before)),
            action: row.action.clone(),
            along: row.along,
            changes: list.map(|(_, list)| self.changes(list, (before, after))).unwrap_or_default(),
        }
    }

    fn kept_back(&self, kept: &KeptBack) -> KeptLine {
        let list = self.list_of(&kept.table);
        let beside = |column: &KeptColumn| self.beside(list?.1, column);
        let seen = |(table, gid): &(String, String)| {
            Some(self.named_in(table, gid, None)).filter(|row| !row.name.is_empty())
        };
        KeptLine {
            list: list.map(|(at, _)| at),
            table: kept.table.clone(),
            row: self.named_in(&kept.table, &kept.gid, None),
            why: kept.why,
            columns: kept.columns.iter().filter_map(beside).collect(),
            rows: kept.rows.iter().take(LINES_MAX).filter_map(seen).collect(),
        }
    }

    fn beside(&self, list: &ListPage, kept: &KeptColumn) -> Option<Beside> {
        let column = list.column(&kept.column);
        let rule = &self.rules[list.table];
        let is_region = rule.region_columns().0.is_some_and(|at| rule[at].name == kept.column);
        if column.is_none() && !is_region {
            return None;
        }
        let cell = |value: &Json| match column {
            Some(at) => self.told(&list.columns[at], value),
            None => plain(value),
        };
        Some(Beside { column, cells: [&kept.before, &kept.after, &kept.now].map(cell) })
    }
}
