//! Two office files, row by row, by what the rows are and never by their ids alone.
//!
//! Owns the matching of rows of two files that nobody has compared before: by natural key; else by the telling
//! columns, of which references count as the row they name, unless numbers that somebody gave tell them apart; else, for a row that was only renamed, by equal id where
//! the files number alike and the contents speak of the same thing. Several rows may say the same (two shifts of one
//! day): equal ones are matched first. Does not know which file is newer.

mod matching;

use std::{collections::HashMap, iter};

use merge::{Cells, ColumnId, ColumnRule, Kept, LocalId, LocalRow, Rules, TableId, insert_order};
use model::{Gid, Value};

use crate::office_file::OfficeFile;
use matching::Pair;

/// Parents that are named with a row, one above the other.
const PARENTS_MAX: usize = 3;

/// One table in both files.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    pub table: String,
    /// Rows found in both files.
    pub compared: usize,
    /// Rows of the first file only.
    pub missing: usize,
    /// Rows of the second file only.
    pub extra: usize,
    /// Of `compared`: those with a column that both files know and in which they differ.
    pub different: usize,
    /// **Order**: rows of the first file as it numbers them, then what only the second has.
    pub differences: Vec<Difference>,
}

/// A row that is not the same in both files.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// What the row is, for people.
    pub key: String,
    /// The columns that differ; empty when one file does not have the row.
    pub columns: Vec<String>,
    pub found: Found,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Only in the first file.
    Missing,
    /// Only in the second file.
    Extra,
    /// In both.
    Different,
}

/// Compares the merged tables that either file has. The files are equal when no comparison has a difference.
///
/// **Order**: parents before children. Whatever a device keeps for itself is not compared.
#[must_use]
pub fn compare(first: &OfficeFile, second: &OfficeFile, rules: &Rules) -> Vec<Comparison> {
    let merged = |table: &TableId| rules[*table].kept == Kept::Merged;
    let tables: Vec<TableId> = insert_order(rules).tables.into_iter().filter(merged).collect();
    let mut sides = [Side::of(first), Side::of(second)];
    let mut next = 0;
    let mut paired = Vec::new();
    for table in tables {
        let rows = sides.each_ref().map(|side| side.global(rules, table));
        let pairs = matching::pair(&rules[table], &rows);
        for pair in &pairs {
            next += 1;
            let gid = Gid::new(0, next);
            for (side, row) in iter::zip(&mut sides, pair.both()) {
                side.known.extend(row.map(|at| ((table, side.rows(table)[at].id.clone()), gid)));
            }
        }
        paired.push((table, pairs));
    }
    paired.retain(|(table, _)| sides.iter().any(|side| side.file.merged.contains_key(table)));
    paired
        .into_iter()
        .map(|(table, pairs)| Comparer { rules, table, sides: &sides }.compare(&pairs))
        .collect()
}

/// One file, and what its rows are in terms of both.
struct Side<'a> {
    file: &'a OfficeFile,
    /// The same gid for rows that are the same.
    known: HashMap<(TableId, LocalId), Gid>,
}

impl<'a> Side<'a> {
    fn of(file: &'a OfficeFile) -> Self {
        Self { file, known: HashMap::new() }
    }

    fn rows(&self, table: TableId) -> &'a [LocalRow] {
        self.file.merged.get(&table).map_or(&[], Vec::as_slice)
    }

    /// The rows of a table with references as gids, as far as they are known yet. A reference to nothing stays as it is.
    fn global(&self, rules: &Rules, table: TableId) -> Vec<LocalRow> {
        let global = |row: &LocalRow| LocalRow { id: row.id.clone(), cells: self.cells(rules, table, row) };
        self.rows(table).iter().map(global).collect()
    }

    fn cells(&self, rules: &Rules, table: TableId, row: &LocalRow) -> Cells {
        let mut cells = row.cells.clone();
        for (column, reference) in rules[table].references() {
            let target = cells[column.0].as_ref().and_then(LocalId::of);
            if let Some(gid) = target.and_then(|target| self.known.get(&(reference.table, target))) {
                cells[column.0] = Some((*gid).into());
            }
        }
        cells
    }

    /// What a row is, for people: what names it, and whose it is.
    fn name(&self, rules: &Rules, table: TableId, row: &LocalRow, depth: usize) -> String {
        let rule = &rules[table];
        let columns = if rule.natural_key.is_empty() { &rule.telling } else { &rule.natural_key };
        let parts = columns
            .iter()
            .filter_map(|column| self.part(rules, &rule[*column], row.cells[column.0].as_ref()?, depth));
        let name = parts.collect::<Vec<_>>().join(" | ");
        match &row.id {
            _ if !name.is_empty() => name,
            LocalId::Int(number) => format!("{} {number}", rule.key),
            LocalId::Text(text) => text.clone(),
        }
    }

    fn part(&self, rules: &Rules, rule: &ColumnRule, value: &Value, depth: usize) -> Option<String> {
        let parent = rule.reference.filter(|_| depth > 0).and_then(|reference| {
            let (id, rows) = (LocalId::of(value)?, self.rows(reference.table));
            let at = rows.binary_search_by(|row| row.id.cmp(&id)).ok()?;
            Some(self.name(rules, reference.table, &rows[at], depth - 1))
        });
        parent.or_else(|| (!value.is_null()).then(|| value.to_string()))
    }
}

struct Comparer<'a> {
    rules: &'a Rules,
    table: TableId,
    sides: &'a [Side<'a>; 2],
}

impl Comparer<'_> {
    fn compare(&self, pairs: &[Pair]) -> Comparison {
        let count = |wanted: fn(&Pair) -> bool| pairs.iter().filter(|pair| wanted(pair)).count();
        let differences: Vec<_> = pairs.iter().filter_map(|pair| self.difference(pair)).collect();
        Comparison {
            table: self.rules[self.table].name.clone(),
            compared: count(|pair| matches!(pair, Pair::Both(..))),
            missing: count(|pair| matches!(pair, Pair::First(_))),
            extra: count(|pair| matches!(pair, Pair::Second(_))),
            different: differences.iter().filter(|found| found.found == Found::Different).count(),
            differences,
        }
    }

    fn difference(&self, pair: &Pair) -> Option<Difference> {
        let [first, second] = self.sides;
        let (side, at, found) = match *pair {
            Pair::First(at) => (first, at, Found::Missing),
            Pair::Second(at) => (second, at, Found::Extra),
            Pair::Both(at, _) => (first, at, Found::Different),
        };
        let columns = match *pair {
            Pair::Both(a, b) => self.columns(&first.rows(self.table)[a], &second.rows(self.table)[b]),
            _ => Vec::new(),
        };
        if columns.is_empty() && found == Found::Different {
            return None;
        }
        let key = side.name(self.rules, self.table, &side.rows(self.table)[at], PARENTS_MAX);
        Some(Difference { key, columns, found })
    }

    /// Columns that both files know and in which they differ.
    fn columns(&self, a: &LocalRow, b: &LocalRow) -> Vec<String> {
        let rule = &self.rules[self.table];
        let [first, second] = self.sides;
        let (a, b) = (first.cells(self.rules, self.table, a), second.cells(self.rules, self.table, b));
        let differ = |column: &ColumnId| !matching::agree(a[column.0].as_ref(), b[column.0].as_ref());
        rule.column_ids().filter(differ).map(|column| rule[column].name.clone()).collect()
    }
}
