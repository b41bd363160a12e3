//! The rows as one viewer may see them. Everything that is told of rows is told through here.

use merge::{Owner, Region, Rules, TableId};
use model::{Gid, Value};

use super::{
    Viewer,
    column::{self, Column, SortKey},
    index::Index,
    pages::{ListPage, PageColumn, Pages},
    shelf::Shelf,
};

/// References behind each other that a row's name follows.
const DEPTH_MAX: usize = 4;
/// So much of a personal value is shown to everybody, of one that is at least [`LONG`].
const SHOWN: usize = 2;
const LONG: usize = 7;

pub(crate) struct Scope<'a> {
    pub(super) index: &'a Index,
    pub(super) rules: &'a Rules,
    pub(super) pages: &'a Pages,
    pub(super) viewer: &'a Viewer,
    /// Which of the index's owners are seen.
    seen: Vec<bool>,
}

/// A value as a viewer may see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Of a reference NULL; of a personal one that is not shown whole, what is shown of it.
    pub value: Value,
    pub refers: Option<Named>,
    /// Place of what the value is called among the column's choices.
    pub choice: Option<usize>,
    pub masked: bool,
}

/// Another row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub name: String,
    pub gid: String,
    /// Of its list.
    pub path: Option<String>,
}

/// A row of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub gid: String,
    /// `None`: the row says none, or is everybody's.
    pub region: Option<String>,
    /// As [`ListPage::columns`].
    pub cells: Vec<Cell>,
}

impl<'a> Scope<'a> {
    pub fn new(index: &'a Index, (rules, pages): (&'a Rules, &'a Pages), viewer: &'a Viewer) -> Self {
        let seen = index.owners().iter().map(|owner| viewer.sees(owner)).collect();
        Self { index, rules, pages, viewer, seen }
    }

    /// The rows of a table that are seen, by their places on the shelf.
    pub(super) fn rows(&self, shelf: &'a Shelf) -> impl Iterator<Item = usize> + use<'a, '_> {
        (0..shelf.len()).filter(|row| self.sees(shelf, *row))
    }

    pub(super) fn sees(&self, shelf: &Shelf, row: usize) -> bool {
        self.seen[shelf.owners[row] as usize]
    }

    /// A row that is there and seen.
    pub(super) fn find(&self, table: TableId, gid: Gid) -> Option<(&'a Shelf, usize)> {
        let shelf = self.index.shelf(table)?;
        shelf.row(gid).filter(|row| self.sees(shelf, *row)).map(|row| (shelf, row))
    }

    pub(super) fn region(&self, shelf: &Shelf, row: usize) -> Option<&'a str> {
        self.region_of(shelf.owners[row])
    }

    /// `None`: of no region, or everybody's.
    pub(super) fn region_of(&self, owner: u32) -> Option<&'a str> {
        match &self.index.owners()[owner as usize] {
            Owner::Region(region) => Some(region),
            Owner::Shared | Owner::Nobody => None,
        }
    }

    /// Whether the viewer may see these values whole, search them and order by them.
    pub(super) fn sees_whole(&self, column: &PageColumn) -> bool {
        !column.personal || self.viewer.sees_personal()
    }

    /// Regions that have rows of this table, of those that are seen, in order.
    pub(super) fn regions(&self, shelf: &Shelf) -> Vec<String> {
        let mut has = vec![false; self.seen.len()];
        shelf.owners.iter().for_each(|owner| has[*owner as usize] = true);
        let owners = self.index.owners().iter().zip(has.iter().zip(&self.seen));
        let names = owners.filter_map(|(owner, (has, seen))| match owner {
            Owner::Region(region) if *has && *seen => Some(region.clone()),
            _ => None,
        });
        let mut names: Vec<String> = names.collect();
        names.sort_by_cached_key(|name| column::text_key(name));
        names
    }

    /// Which owners are of this region, of those that are seen.
    pub(super) fn owned_by(&self, region: &str) -> Vec<bool> {
        let owners = self.index.owners().iter().zip(&self.seen);
        owners.map(|(owner, seen)| *seen && matches!(owner, Owner::Region(name) if name == region)).collect()
    }

    /// Whether the viewer sees the rows of one region only.
    pub(super) fn is_of_one_region(&self) -> bool {
        matches!(self.viewer.region(), Region::Named(_))
    }

    /// Each owner's place in the order of regions.
    pub(super) fn order_of_owners(&self) -> Vec<u32> {
        column::ranks(self.index.owners().iter().map(|owner| match owner {
            Owner::Region(region) => column::text_key(region),
            Owner::Shared | Owner::Nobody => None,
        }))
    }

    pub(super) fn line(&self, list: &ListPage, shelf: &Shelf, row: usize) -> Line {
        let cells =
            list.columns.iter().map(|column| self.cell(column, shelf.column(column.column.0).value(row)));
        Line {
            gid: shelf.gid(row).to_string(),
            region: self.region(shelf, row).map(str::to_owned),
            cells: cells.collect(),
        }
    }

    pub(super) fn cell(&self, column: &PageColumn, value: &Value) -> Cell {
        if let Some(table) = column.refers {
            let refers = Gid::of(value).and_then(|gid| self.named(table, gid));
            return Cell { value: Value::Null, refers, choice: None, masked: false };
        }
        let text = column::text(value);
        let choice = column.choices.iter().position(|choice| choice.holds(&text));
        let masked = !self.sees_whole(column) && !text.trim().is_empty();
        let value = if masked { Value::Text(mask(&text)) } else { value.clone() };
        Cell { value, refers: None, choice: choice.filter(|_| !masked), masked }
    }

    /// Another row, if it is seen.
    pub(super) fn named(&self, table: TableId, gid: Gid) -> Option<Named> {
        let (shelf, row) = self.find(table, gid)?;
        let list = self.pages.of_table(table).map(|at| self.pages.list(at));
        let name = list.map(|list| self.name(list, shelf, row, DEPTH_MAX)).unwrap_or_default();
        let path = list.filter(|list| list.own).map(|list| list.path.clone());
        let on = list.filter(|list| !list.own).and_then(|list| self.above(list, shelf, row));
        Some(match on {
            Some(on) => Named { name, ..on },
            None => Named { name, gid: gid.to_string(), path },
        })
    }

    /// The row on whose page one without a page of its own stands.
    fn above(&self, list: &ListPage, shelf: &Shelf, row: usize) -> Option<Named> {
        let column = &list.columns[list.called_through?];
        self.named(column.refers?, Gid::of(shelf.column(column.column.0).value(row))?)
    }

    /// What people call a row.
    pub(super) fn name(&self, list: &ListPage, shelf: &Shelf, row: usize, depth: usize) -> String {
        let own =
            shown(&list.columns[list.called], shelf.column(list.columns[list.called].column.0).value(row));
        let above = list.called_through.filter(|_| depth > 0).and_then(|at| {
            let column = &list.columns[at];
            let gid = Gid::of(shelf.column(column.column.0).value(row))?;
            let (shelf, row) = self.find(column.refers?, gid)?;
            let list = self.pages.list(self.pages.of_table(shelf.table)?);
            Some(self.name(list, shelf, row, depth - 1)).filter(|name| !name.is_empty())
        });
        match above {
            Some(above) => format!("{above} · {own}"),
            None => own,
        }
    }

    /// What the values of a column are searched and sorted by: of a reference the name of what it refers to.
    pub(super) fn names_of(&self, column: &PageColumn, of: &Column) -> Option<Vec<Option<String>>> {
        let table = column.refers?;
        let list = self.pages.list(self.pages.of_table(table)?);
        let name = |value: &Value| {
            let (shelf, row) = self.find(table, Gid::of(value)?)?;
            Some(self.name(list, shelf, row, DEPTH_MAX))
        };
        Some(of.values().iter().map(name).collect())
    }

    /// Each value's place in the order of the column.
    pub(super) fn order_of(&self, column: &PageColumn, of: &'a Column) -> std::borrow::Cow<'a, [u32]> {
        match self.names_of(column, of) {
            None => of.order().into(),
            Some(names) => {
                let key = |name: &Option<String>| -> Option<SortKey> { column::text_key(name.as_deref()?) };
                column::ranks(names.iter().map(key)).into()
            }
        }
    }
}

/// A date as people write it; anything else as it is.
fn shown(column: &PageColumn, value: &Value) -> String {
    let text = column::text(value);
    match (column.shows, turned(&text)) {
        (super::Shows::Date, Some(turned)) => turned,
        _ => text.into_owned(),
    }
}

/// `2026-01-05` as `05.01.2026`.
fn turned(text: &str) -> Option<String> {
    let (year, month, day) = model::Date::parse(text.trim())?.civil();
    Some(format!("{day:02}.{month:02}.{year:04}"))
}

fn mask(text: &str) -> String {
    let count = text.chars().count();
    let shown = if count >= LONG { SHOWN } else { 0 };
    text.chars().enumerate().map(|(at, c)| if at + shown < count { '•' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_number_the_end_is_shown_and_of_a_short_one_nothing() {
        assert_eq!(mask("10000000146"), "•••••••••46");
        assert_eq!(mask("12"), "••");
        assert_eq!(mask("çğıöşü"), "••••••");
    }

    #[test]
    fn dates_are_turned_and_other_texts_are_not() {
        assert_eq!(turned("2026-01-05").as_deref(), Some("05.01.2026"));
        for other in ["05.01.2026", "2026-13-01", "", "dün"] {
            assert_eq!(turned(other), None, "{other}");
        }
    }
}
