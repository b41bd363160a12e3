//! A batch that deletes or changes too much waits for a person.

use std::collections::BTreeMap;

use crate::{Action, Change, Guard, Rules, TableId};

/// Why a batch is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    pub table: TableId,
    pub deletes: usize,
    pub updates: usize,
    /// Rows of the table before the batch.
    pub rows: usize,
}

impl Guard {
    /// Whether `touched` of `rows` rows is too much: more than the number **and** more than the share.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^52")]
    pub fn holds(&self, touched: usize, rows: usize) -> bool {
        touched > self.rows && touched as f64 > self.share * rows as f64
    }
}

/// The tables for whose sake a batch must wait; empty when it may pass.
///
/// **Shape**: `rows` tells how many rows of a table the site had before (its shadow).
pub fn held(rules: &Rules, changes: &[Change], rows: impl Fn(TableId) -> usize) -> Vec<Held> {
    let mut touched: BTreeMap<TableId, (usize, usize)> = BTreeMap::new();
    for change in changes {
        let (deletes, updates) = touched.entry(change.table).or_default();
        match change.action {
            Action::Insert(_) => {}
            Action::Update(_) => *updates += 1,
            Action::Delete { .. } => *deletes += 1,
        }
    }
    let all = touched.into_iter();
    let counted = all.map(|(table, (deletes, updates))| Held { table, deletes, updates, rows: rows(table) });
    counted.filter(|held| rules.guard.holds(held.deletes + held.updates, held.rows)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_many_rows_and_a_large_share_together_are_held() {
        let guard = Guard { rows: 20, share: 0.2 };
        assert!(!guard.holds(20, 20), "twenty of twenty: not more than twenty");
        assert!(guard.holds(21, 100), "21 of 100");
        assert!(!guard.holds(21, 105), "21 of 105 is exactly 20 %");
        assert!(!guard.holds(500, 10_000), "500 of 10 000 is 5 %");
        assert!(guard.holds(25, 0), "more than were known");
    }
}
