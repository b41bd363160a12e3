//! Rows on their way, column by column.

use std::cmp::Ordering;

use crate::{Cell, Column, DataType, Key, Misfit, Value};

/// Rows as typed columns, all of the same length.
#[derive(Clone, Debug)]
pub struct Batch {
    pub columns: Vec<Column>,
    rows: usize,
}

impl Batch {
    #[must_use]
    pub fn new<'a>(types: impl IntoIterator<Item = &'a DataType>) -> Self {
        Self { columns: types.into_iter().map(Column::new).collect(), rows: 0 }
    }

    /// Whole columns of `rows` cells each.
    ///
    /// # Panics
    /// When a column has another length.
    #[must_use]
    pub fn from_columns(columns: Vec<Column>, rows: usize) -> Self {
        assert!(columns.iter().all(|column| column.len() == rows), "columns of a batch are equally long");
        Self { columns, rows }
    }

    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Bytes in use, roughly.
    #[must_use]
    pub fn size(&self) -> usize {
        self.columns.iter().map(Column::size).sum()
    }

    /// Tells that one cell was pushed to every column.
    pub fn end_row(&mut self) {
        self.rows += 1;
        debug_assert!(self.columns.iter().all(|c| c.len() == self.rows), "every column gets one cell a row");
    }

    /// Takes back cells that were pushed since the last [`Batch::end_row`].
    pub fn abandon_row(&mut self) {
        let rows = self.rows;
        self.columns.iter_mut().for_each(|column| column.truncate(rows));
    }

    /// Appends a row of values that fit the columns.
    ///
    /// # Panics
    /// When a value is of another kind than its column.
    pub fn push_row<'a>(&mut self, row: impl IntoIterator<Item = Cell<'a>>) {
        for (column, cell) in self.columns.iter_mut().zip(row) {
            column.push(cell);
        }
        self.end_row();
    }

    /// Appends row `at` of `other`, which has the same columns.
    pub fn push_from(&mut self, other: &Self, at: usize) {
        self.extend(other, at, at + 1);
    }

    /// Appends rows `from..to` of `other`, which has the same columns.
    pub fn extend(&mut self, other: &Self, from: usize, to: usize) {
        for (column, theirs) in self.columns.iter_mut().zip(&other.columns) {
            column.extend(theirs, from, to);
        }
        self.rows += to - from;
    }

    #[must_use]
    pub fn row(&self, at: usize) -> Vec<Value> {
        self.columns.iter().map(|column| column.value(at)).collect()
    }

    /// The key of row `at`; `key` holds the places of the key's columns.
    #[must_use]
    pub fn key(&self, key: &[usize], at: usize) -> Key {
        Key(key.iter().map(|column| self.columns[*column].value(at)).collect())
    }

    /// Order of two rows by their keys.
    #[must_use]
    pub fn order(&self, key: &[usize], at: usize, other: &Self, other_at: usize) -> Ordering {
        key.iter()
            .map(|c| self.columns[*c].order(at, &other.columns[*c], other_at))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

/// A stretch of rows as a connector read it.
#[derive(Clone, Debug)]
pub struct Page {
    /// The rows that fit the types asked for, in key order.
    pub batch: Batch,
    /// The rows that did not, in key order.
    pub rejected: Vec<Rejected>,
    /// Where the next page starts (after this key); `None` when this was the last.
    pub next: Option<Key>,
}

/// A row that cannot be carried exactly, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The row's key as far as it could be read.
    pub key: Key,
    /// The column that does not fit.
    pub column: String,
    pub reason: Misfit,
}
