//! What a preset's `pages.toml` says: which tables have lists, and what their columns are to people.

mod read;

use merge::{ColumnId, TableId};
use serde::Deserialize;

use super::quality::QualityColumns;
pub(crate) use read::read;

/// All lists of a preset, checked: every table and column in them is one of the rules'.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    /// Those that have a page of their own come first.
    lists: Vec<ListPage>,
}

/// The list of one table.
#[derive(Clone, Debug)]
pub struct ListPage {
    /// The table's, in the database.
    pub name: String,
    pub label: Label,
    /// `false`: its rows stand on the pages of what they hang on, and in histories.
    pub own: bool,
    /// **Invariants**: lower-case letters, figures and hyphens; another one for each list.
    pub path: String,
    /// A region is told by how many of its rows there are.
    pub counted: bool,
    /// **Invariants**: every column of the table once, but the one that says the region.
    pub columns: Vec<PageColumn>,
    /// `None`: its rows are no timesheets.
    pub shifts: Option<ShiftColumns>,
    pub(crate) table: TableId,
    /// Place in `columns`, as those that follow.
    pub(crate) called: usize,
    pub(super) called_through: Option<usize>,
    pub(super) order: (usize, bool),
    pub(super) search: Vec<usize>,
    pub(super) month: Option<usize>,
    pub(super) state: Option<usize>,
    pub(super) quality: QualityColumns,
}

/// A column of a list.
#[derive(Clone, Debug)]
pub struct PageColumn {
    pub name: String,
    pub label: Label,
    /// `false`: only on the row's own page.
    pub listed: bool,
    pub personal: bool,
    /// It tells who somebody is, and goes when they are to be forgotten.
    pub erased: bool,
    pub shows: Shows,
    pub choices: Vec<Choice>,
    pub(crate) column: ColumnId,
    pub(super) refers: Option<TableId>,
}

/// What hours are calculated from, by places in [`ListPage::columns`].
///
/// **Invariants**: `person` refers to another list's row; what hours are calculated from is neither personal nor refers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShiftColumns {
    /// Who worked.
    pub person: usize,
    pub date: usize,
    pub start: usize,
    pub end: usize,
    /// The break.
    pub pause: usize,
    pub special: usize,
    pub note: usize,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shows {
    #[default]
    Text,
    Number,
    Money,
    Date,
    Time,
}

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    pub tr: String,
    pub en: String,
}

/// What a value, or its being there, is called.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    pub name: String,
    pub label: Label,
    /// The usual, which nobody looks for.
    #[serde(default)]
    pub quiet: bool,
    #[serde(default)]
    pub(super) is: Vec<String>,
    pub(super) blank: Option<bool>,
}

/// Pages that cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PagesError {
    #[error("pages.toml, line {line}: {what}")]
    Text { line: usize, what: String },
    #[error("pages.toml, list of `{table}`: {what}")]
    List { table: String, what: String },
}

impl Pages {
    /// Those that have a page of their own, in the order of the navigation.
    #[must_use]
    pub fn lists(&self) -> &[ListPage] {
        &self.lists[..self.lists.partition_point(|list| list.own)]
    }

    /// Those that have a page of their own, and after them the others.
    #[must_use]
    pub fn all(&self) -> &[ListPage] {
        &self.lists
    }

    /// By its place among all; each place that the store names is one.
    #[must_use]
    pub fn list(&self, at: usize) -> &ListPage {
        &self.lists[at]
    }

    /// A column's place, of a table and column by their names in the database.
    #[must_use]
    pub fn column(&self, table: &str, column: &str) -> Option<&PageColumn> {
        let list = self.of_name(table)?;
        list.columns.iter().find(|known| known.name == column)
    }

    /// A list's place, by its path.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<usize> {
        self.lists().iter().position(|list| list.path == path)
    }

    /// The list of what a column refers to, by its place.
    #[must_use]
    pub fn referred(&self, column: &PageColumn) -> Option<usize> {
        self.of_table(column.refers?)
    }

    /// The lists that a region is told by.
    pub fn counted(&self) -> impl Iterator<Item = &ListPage> {
        self.lists.iter().filter(|list| list.counted)
    }

    /// The list whose rows are timesheets, by its place.
    #[must_use]
    pub fn timesheets(&self) -> Option<(usize, ShiftColumns)> {
        self.lists.iter().enumerate().find_map(|(at, list)| Some((at, list.shifts?)))
    }

    pub(super) fn of_table(&self, table: TableId) -> Option<usize> {
        self.lists.iter().position(|list| list.table == table)
    }

    /// The list of a table, by its name in the database.
    #[must_use]
    pub fn of_name(&self, table: &str) -> Option<&ListPage> {
        self.lists.iter().find(|list| list.name == table)
    }
}

impl Pages {
    /// Whether rows of a table tell who somebody is.
    pub(crate) fn tells_people(&self, table: TableId) -> bool {
        self.lists.iter().any(|list| list.table == table && list.erased().next().is_some())
    }
}

impl ListPage {
    /// Columns that the list itself shows, by their places.
    pub fn listed(&self) -> impl Iterator<Item = (usize, &PageColumn)> {
        self.columns.iter().enumerate().filter(|(_, column)| column.listed)
    }

    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    #[must_use]
    pub const fn has_months(&self) -> bool {
        self.month.is_some()
    }

    /// The column whose choices can be chosen.
    #[must_use]
    pub fn state(&self) -> Option<&PageColumn> {
        self.state.map(|at| &self.columns[at])
    }

    /// The column that the list is ordered by at first, and whether downwards.
    #[must_use]
    pub fn first_order(&self) -> (&str, bool) {
        (&self.columns[self.order.0].name, self.order.1)
    }

    /// Columns that tell who somebody is; none where rows are no people.
    pub fn erased(&self) -> impl Iterator<Item = &PageColumn> {
        self.columns.iter().filter(|column| column.erased)
    }

    /// The column by which rows are named.
    #[must_use]
    pub const fn naming(&self) -> usize {
        self.called
    }
}

impl ShiftColumns {
    /// Date, entry, exit, break, and whether the day is special.
    #[must_use]
    pub const fn telling(&self) -> [usize; 5] {
        [self.date, self.start, self.end, self.pause, self.special]
    }
}

impl PageColumn {
    /// Whether it names another row.
    #[must_use]
    pub const fn refers(&self) -> bool {
        self.refers.is_some()
    }

    /// What its values are called, where they are chosen and not typed; else none.
    pub fn chosen(&self) -> impl Iterator<Item = &Choice> {
        let all = self.choices.iter().all(Choice::names_values);
        self.choices.iter().filter(move |_| all)
    }
}

impl Choice {
    pub(crate) fn holds(&self, text: &str) -> bool {
        let is_blank = text.trim().is_empty();
        self.blank == Some(is_blank) || self.is.iter().any(|is| is == text.trim())
    }

    /// The values that it names; the empty one is nothing. The first is the one to write.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        let nothing = (self.blank == Some(true)).then_some("");
        nothing.into_iter().chain(self.is.iter().map(String::as_str))
    }

    /// Whether it names values, not only their being there.
    #[must_use]
    pub fn names_values(&self) -> bool {
        self.blank != Some(false)
    }
}
