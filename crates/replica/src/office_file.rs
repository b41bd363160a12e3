//! An office's file, read by the names of a preset's tables and columns.

mod agreed;
mod noted;
mod read;
mod refused;
mod shape;

use std::collections::{BTreeMap, BTreeSet};

use merge::{Cells, ColumnType, LocalId, LocalRow, ShadowRow, TableId, TableRules};
use model::Value;

use crate::naming::Naming;

pub use agreed::{Agreed, SUSPECT};
pub use read::read;
pub use refused::Refused;
pub use shape::{Lack, essential, lack, named_by};

/// The table of one row and one column (`tag`) that the hub puts into every file it hands out.
pub const LINEAGE_TABLE: &str = "denk_lineage";

/// Everything that a file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OfficeFile {
    /// The merged tables that the file has, empty ones too.
    ///
    /// **Order**: rows ascend strictly by id. **Forms**: local.
    pub merged: BTreeMap<TableId, Vec<LocalRow>>,
    /// The highest id that the file ever gave to a row of these tables, as its own bookkeeping says.
    pub last_ids: BTreeMap<TableId, i64>,
    /// The device's own, local and evidence tables that the file has.
    pub own: BTreeMap<TableId, OwnTable>,
    /// Which hand-out the file descends from.
    pub tag: Option<String>,
    /// What an agent left in it.
    pub agreed: Option<Agreed>,
    /// How its new rows are named, once what the agent left is believed: as the agent would name them.
    pub naming: Option<Naming>,
    /// What its rows were called where it was before.
    ///
    /// **Order**: as in [`Agreed::rows`].
    pub named: BTreeMap<TableId, Vec<ShadowRow>>,
    /// Of these, rows that were updated in place since: however much of them was changed, they are the same ones.
    pub in_place: BTreeSet<(TableId, LocalId)>,
    /// What a person should know; the file is taken all the same.
    pub findings: Vec<Finding>,
}

/// A value of a file in the form of its column's type where that loses nothing, else as it is.
#[must_use]
pub fn settled(wanted: ColumnType, value: Value) -> Value {
    crate::fit::settle(wanted, value).value()
}

/// Of the cells of a table of names and values, as the rules name its columns: what they have the hub told. What says nothing
/// is not among it.
#[must_use]
pub fn told(rules: &TableRules, rows: Vec<Cells>) -> BTreeMap<String, String> {
    let key = rules.column(&rules.key).map(|column| column.0);
    let pair = |row: Cells| {
        let mut pair = (None, None);
        for (at, cell) in row.into_iter().enumerate() {
            let text = cell.filter(|value| !value.is_null()).map(|value| value.to_string());
            if Some(at) == key { pair.0 = text } else { pair.1 = text }
        }
        pair.0.zip(pair.1).filter(|(name, _)| rules.told.contains(name))
    };
    rows.into_iter().filter_map(pair).collect()
}

/// A table that is kept for one device only, with all columns that its file has.
///
/// **Shape**: each row has one value a column, in the form of the rules' types where the rules know the column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnTable {
    /// As the file spells them.
    pub columns: Vec<String>,
    /// **Order**: as the file numbers its rows.
    pub rows: Vec<Vec<Value>>,
}

/// Something odd in a file that does not stop it.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// Not of the preset; ignored. The name is as the file has it: escape it before it is shown.
    UnknownTable { table: String },
    /// Of a table that the preset has; ignored where the table is merged.
    UnknownColumn { table: TableId, column: String },
    /// Values were stored in another form than their column's; they are the same values.
    Rewritten { table: TableId, column: String, rows: usize, first: LocalId },
    /// Values are not of their column's type. They are kept.
    OddType { table: TableId, column: String, rows: usize, first: LocalId },
    /// The table [`LINEAGE_TABLE`] is there and does not hold one tag.
    NoTag,
}

impl OwnTable {
    /// The rows as the rules name their columns; for [`merge::evidence::notes`].
    #[must_use]
    pub fn cells(&self, rules: &TableRules) -> Vec<Cells> {
        let at: Vec<_> = rules.columns.iter().map(|column| self.column(&column.name)).collect();
        let cells = |row: &Vec<Value>| at.iter().map(|at| at.map(|at| row[at].clone())).collect();
        self.rows.iter().map(cells).collect()
    }

    /// Names and values that the rules have the hub told, of a table of such.
    #[must_use]
    pub fn told(&self, rules: &TableRules) -> BTreeMap<String, String> {
        told(rules, self.cells(rules))
    }

    /// Where a column stands; found in any case.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.eq_ignore_ascii_case(name))
    }
}
