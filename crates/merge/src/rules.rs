//! What a preset says about the tables of a business: data, not code.

mod order;
mod read;

use std::{
    collections::HashMap,
    ops::{Index, RangeInclusive},
};

use model::Value;
use serde::Deserialize;

pub use order::{InsertOrder, insert_order};
pub use read::{RulesError, read};

/// A table, as its place in [`Rules`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableId(pub usize);

/// A column, as its place in [`TableRules::columns`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnId(pub usize);

/// All tables of a preset, checked: every name in them is resolved.
#[derive(Clone, Debug)]
pub struct Rules {
    pub guard: Guard,
    tables: Vec<TableRules>,
    by_name: HashMap<String, TableId>,
}

/// How much one batch may delete or change before it waits for a person: more than `rows` **and** more than `share`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    pub rows: usize,
    /// Part of the table's rows, 0 to 1.
    pub share: f64,
}

/// One table.
#[derive(Clone, Debug)]
pub struct TableRules {
    pub name: String,
    /// The column that tells rows apart in one file.
    pub key: String,
    /// Without the key, unless the key is natural text.
    pub columns: Vec<ColumnRule>,
    pub kept: Kept,
    pub region: RegionRule,
    /// Columns that name the same thing everywhere; empty when nothing does.
    pub natural_key: Vec<ColumnId>,
    /// Columns that together tell whether two contents speak of the same thing; empty: all of them do.
    pub telling: Vec<ColumnId>,
    /// Columns that hardly ever change and hardly ever agree by chance: a number that somebody else gave.
    pub identifying: Vec<ColumnId>,
    /// Whether the key is the natural key instead of a local number.
    pub text_key: bool,
    /// Of a table of names and values that never leaves its PC: the names whose values the hub is told all the same.
    pub told: Vec<String>,
}

/// Where a table's rows live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kept {
    /// On every site that may see them, merged by the hub.
    #[default]
    Merged,
    /// Each device has its own; the hub keeps them for that device only.
    Device,
    /// Never leaves the PC. Where a whole file is handed over, they go back to the same device as they were.
    Local,
    /// What old programs noted about their deletions; kept per device, see [`crate::evidence`].
    Evidence,
}

/// Which region a row belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegionRule {
    /// Everybody's.
    Shared,
    Column(ColumnId),
    /// Its parent's, found through this reference.
    Through(ColumnId),
    /// The column's where it says one, else the parent's.
    ColumnOrThrough(ColumnId, ColumnId),
}

#[derive(Clone, Debug)]
pub struct ColumnRule {
    pub name: String,
    pub data_type: ColumnType,
    pub default: Option<Value>,
    pub not_null: bool,
    pub reference: Option<Reference>,
    pub conflict: ConflictPolicy,
    /// What its texts are meant to be. Whatever they are, they are kept as they are.
    pub holds: Option<Holds>,
}

/// What a text is meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Holds {
    /// `YYYY-MM-DD`
    Date,
    /// `HH:MM`, 00:00 to 23:59
    Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    Integer,
    Real,
    Text,
}

/// A column that names a row of another table. Required when the column is `not_null`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    pub table: TableId,
    pub on_delete: OnDelete,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnDelete {
    Cascade,
    SetNull,
}

/// Who wins when two sites changed the same column of the same row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConflictPolicy {
    /// The later stamp.
    #[default]
    Latest,
    /// An office against headquarters; among equals the later stamp.
    Office,
    /// Headquarters against an office; among equals the later stamp.
    Headquarters,
    /// The later stamp stands until a person decides: the conflict stays open.
    Ask,
}

impl Rules {
    #[must_use]
    pub fn table(&self, name: &str) -> Option<TableId> {
        self.by_name.get(name).copied()
    }

    pub fn tables(&self) -> impl Iterator<Item = (TableId, &TableRules)> {
        self.tables.iter().enumerate().map(|(at, table)| (TableId(at), table))
    }

    /// Columns that refer to `table`: the referring table, its column, and what it does when the row is gone.
    pub fn referring(&self, table: TableId) -> impl Iterator<Item = (TableId, ColumnId, OnDelete)> {
        self.tables().flat_map(move |(from, rules)| {
            let to = move |(column, reference): (ColumnId, Reference)| {
                (reference.table == table).then_some((from, column, reference.on_delete))
            };
            rules.references().filter_map(to)
        })
    }
}

impl Index<TableId> for Rules {
    type Output = TableRules;

    fn index(&self, table: TableId) -> &TableRules {
        &self.tables[table.0]
    }
}

impl Index<ColumnId> for TableRules {
    type Output = ColumnRule;

    fn index(&self, column: ColumnId) -> &ColumnRule {
        &self.columns[column.0]
    }
}

impl TableRules {
    #[must_use]
    pub fn column(&self, name: &str) -> Option<ColumnId> {
        self.columns.iter().position(|column| column.name == name).map(ColumnId)
    }

    pub fn column_ids(&self) -> impl Iterator<Item = ColumnId> + use<> {
        (0..self.columns.len()).map(ColumnId)
    }

    /// Whether this column is part of what names the row: its natural key within its region.
    pub(crate) fn names(&self, column: ColumnId) -> bool {
        self.natural_key.contains(&column) || self.region_columns().0 == Some(column)
    }

    pub fn references(&self) -> impl Iterator<Item = (ColumnId, Reference)> + '_ {
        self.column_ids().filter_map(|column| Some((column, self[column].reference?)))
    }

    /// The columns that say a row's region: itself, and the reference to the parent that says it.
    #[must_use]
    pub const fn region_columns(&self) -> (Option<ColumnId>, Option<ColumnId>) {
        self.region.columns()
    }
}

impl RegionRule {
    const fn columns(self) -> (Option<ColumnId>, Option<ColumnId>) {
        match self {
            Self::Shared => (None, None),
            Self::Column(column) => (Some(column), None),
            Self::Through(parent) => (None, Some(parent)),
            Self::ColumnOrThrough(column, parent) => (Some(column), Some(parent)),
        }
    }
}

impl Guard {
    /// What a share can be.
    pub(crate) const SHARES: RangeInclusive<f64> = 0.0..=1.0;
}
