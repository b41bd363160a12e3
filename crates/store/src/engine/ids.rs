//! Which ids a PC's file has given: none is given again, to nothing.

use std::collections::BTreeMap;

use merge::{Kept, Rules, TableId};
use replica::{
    handout::{self, ID_LIMIT},
    office_file::OfficeFile,
};

/// By table; 0 or nothing: no id was ever given.
pub(super) type LastIds = BTreeMap<TableId, i64>;

/// The highest ids that the file holds or, as its own bookkeeping says, ever gave, where they are higher than `before`.
pub(super) fn given(rules: &Rules, file: &OfficeFile, before: &LastIds) -> LastIds {
    let last = |table: TableId| {
        let rows = file.merged.get(&table).into_iter().flatten();
        let ids = rows.filter_map(|row| row.id.number());
        ids.chain(file.last_ids.get(&table).copied()).filter(|id| *id < ID_LIMIT).max()
    };
    raised(rules, before, last)
}

/// As [`given`], with ids that stand only in the PC's own notes.
pub(super) fn used(rules: &Rules, file: &OfficeFile, before: &LastIds) -> LastIds {
    let given = given(rules, file, before);
    raised(rules, before, |table| {
        Some(handout::noted(rules, table, &file.own)).max(given.get(&table).copied())
    })
}

fn raised(rules: &Rules, before: &LastIds, last: impl Fn(TableId) -> Option<i64>) -> LastIds {
    let merged = rules.tables().filter(|(_, rule)| rule.kept == Kept::Merged);
    let last = merged.filter_map(|(table, _)| Some((table, last(table)?)));
    last.filter(|(table, id)| *id > before.get(table).copied().unwrap_or(0)).collect()
}
