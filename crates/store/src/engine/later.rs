//! Whether a file holds what one before it brought: then it can stand in that one's place.
//!
//! **What cannot be known**: whether a cell that was edited says something else because it was edited once more, or because
//! the file is another copy; and where nothing is known from before, which of two copies has the edited one.

use merge::{LocalId, LocalRow, Sameness, ShadowRow, TableRules, sameness};
use replica::office_file::OfficeFile;

use super::{
    branch::alone,
    by_id::{by_id, rows_of},
    shadow::Shadow,
};
use crate::{desk::Hub, uploads::Mark};

/// A file that came in, and what it is known by.
pub(super) type Came<'a> = (&'a OfficeFile, &'a Mark);

/// What a file lacks of one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lack {
    /// Rows that were added or edited are not there, or are as they were.
    pub news: bool,
    /// Rows that were deleted are there.
    pub deletions: bool,
}

/// `base`: what both go on from; empty where nothing is known.
pub(super) fn lack(hub: &Hub, base: &Shadow, (before, was): Came<'_>, (file, mark): Came<'_>) -> Lack {
    if was.content == mark.content {
        return Lack::default();
    }
    let mut lack = Lack::default();
    for (table, rows) in &before.merged {
        let rules = &hub.rules[*table];
        let known = |id: &LocalId| by_id(rows_of(base, *table), id);
        let now = rows_of(&file.merged, *table);
        let gave = |file: &OfficeFile, id: &LocalId| matches!((id, file.last_ids.get(table)), (LocalId::Int(id), Some(last)) if id <= last);
        lack.news |= rows.iter().any(|row| match by_id(now, &row.id) {
            Some(now) => is_undone(rules, known(&row.id).map(AsRef::as_ref), row, now),
            // It may have been deleted since, by the file that gave the number.
            None => known(&row.id).is_none() && !gave(file, &row.id),
        });
        lack.deletions |= now
            .iter()
            .any(|row| by_id(rows, &row.id).is_none() && (known(&row.id).is_some() || gave(before, &row.id)));
    }
    lack
}

/// Whether the row is another one now, or a cell of it is again as it was before `was`. A row that only one of two copies
/// may have added is the same one only as long as it is called the same.
fn is_undone(rules: &TableRules, base: Option<&ShadowRow>, was: &LocalRow, now: &LocalRow) -> bool {
    let (was, now) = (alone(rules, &was.cells), alone(rules, &now.cells));
    if sameness(rules, &was, &now) != Sameness::Same {
        return true;
    }
    match base {
        None => rules.telling.iter().any(|column| was[column.0] != now[column.0]),
        Some(base) => {
            let base = alone(rules, &base.cells);
            let mut cells = base.iter().zip(was.iter().zip(&now));
            cells.any(|(base, (was, now))| was != base && now != was && now == base)
        }
    }
}
