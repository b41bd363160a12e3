//! In which order rows go into tables that refer to each other.

use super::{ColumnId, Rules, TableId};

/// Parents before children.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsertOrder {
    /// Every table once. Deletes go the other way round.
    pub tables: Vec<TableId>,
    /// References that this order cannot keep (a table that refers to itself, circles): such a column is written as
    /// NULL at first and set by a second update, when all rows are there.
    pub second_update: Vec<(TableId, ColumnId)>,
}

/// The order of insertion by foreign keys.
///
/// **Order**: the same rules always give the same order; tables stand as in the preset where nothing forces another
/// one. Circles are opened at a reference that may be NULL where there is one.
#[must_use]
pub fn insert_order(rules: &Rules) -> InsertOrder {
    let mut waiting: Vec<TableId> = rules.tables().map(|(table, _)| table).collect();
    let mut order = InsertOrder { tables: Vec::with_capacity(waiting.len()), second_update: Vec::new() };
    while !waiting.is_empty() {
        let free = waiting.iter().position(|table| open(rules, *table, &waiting).next().is_none());
        let next = free.unwrap_or_else(|| easiest(rules, &waiting));
        let table = waiting.remove(next);
        let mut later = waiting.clone();
        later.push(table);
        let unkept = rules[table].references().filter(|(_, to)| later.contains(&to.table));
        order.second_update.extend(unkept.map(|(column, _)| (table, column)));
        order.tables.push(table);
    }
    order
}

/// References of `table` to other tables that are still waiting.
fn open<'a>(rules: &'a Rules, table: TableId, waiting: &'a [TableId]) -> impl Iterator<Item = ColumnId> + 'a {
    let others = move |to: TableId| to != table && waiting.contains(&to);
    rules[table].references().filter(move |(_, to)| others(to.table)).map(|(column, _)| column)
}

/// Of tables in a circle, the one that can do with the fewest NULLs; required references weigh more than any number of
/// others.
fn easiest(rules: &Rules, waiting: &[TableId]) -> usize {
    let cost = |at: &usize| {
        let table = waiting[*at];
        let required = open(rules, table, waiting).filter(|column| rules[table][*column].not_null).count();
        (required, open(rules, table, waiting).count())
    };
    (0..waiting.len()).min_by_key(cost).unwrap_or(0)
}
