//! What old programs noted about their own deletions (`deleted_records`).
//!
//! Such a note names a table and a **local** id. The old server copied notes from PC to PC, and anybody could write
//! one for any table, so a note alone never deletes anything. It counts only
//! - in the file of the site that had the row: the shadow of that site holds the id, and the file no longer has it;
//! - when it is new: the file's notes at the last contact did not hold it yet;
//! - and only to spare a site that has its own token from never getting rid of a row because it never downloads. Where
//!   the lineage is known, absence says the same; where two PCs share a key, nobody's notes count.
//!
//! Notes about tables that are not merged are set apart ([`Notes::unknown`]) and delete nothing. The rows themselves stay with their device.

use std::collections::{HashMap, HashSet};

use model::Value;

use crate::{Cells, Kept, LocalId, Rules, TableId, TableRules};

/// New notes of one file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notes {
    /// Ids that may be taken for deleted ([`crate::Deletes::Noted`]), if shadow and file bear it out.
    pub deleted: HashMap<TableId, HashSet<LocalId>>,
    /// Names of tables that are unknown or not merged.
    pub unknown: HashSet<String>,
}

/// Reads the notes of a file; `before` are those that the site's file already held.
#[must_use]
pub fn notes<'a>(
    rules: &Rules,
    evidence: &TableRules,
    rows: impl IntoIterator<Item = &'a Cells>,
    before: impl IntoIterator<Item = &'a Cells>,
) -> Notes {
    let mut notes = Notes::default();
    let (Some(table), Some(id)) = (evidence.column("table_name"), evidence.column("record_id")) else {
        return notes;
    };
    let note = |cells: &'a Cells| match (&cells[table.0], &cells[id.0]) {
        (Some(Value::Text(table)), Some(id)) => Some((table.as_str(), LocalId::of(id)?)),
        _ => None,
    };
    let old: HashSet<_> = before.into_iter().filter_map(note).collect();
    for (name, id) in rows.into_iter().filter_map(note).filter(|note| !old.contains(note)) {
        match rules.table(name).filter(|table| rules[*table].kept == Kept::Merged) {
            Some(table) => _ = notes.deleted.entry(table).or_default().insert(id),
            None => _ = notes.unknown.insert(name.to_owned()),
        }
    }
    notes
}
