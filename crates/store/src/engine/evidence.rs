//! What may be concluded from what a file lacks.

use std::collections::{HashMap, HashSet};

use merge::{Kept, LocalId, Rules, TableId, evidence};
use replica::office_file::OfficeFile;

use super::{
    choose::Odd,
    lineage::{self, Lineage, Own},
    shadow::Shadow,
};
use crate::{Device, Result, desk::Desk};

/// From what it may be concluded that a row was deleted.
pub(super) enum Evidence {
    Never,
    /// From its absence. Of tables whose ids the file does not count: only of these rows, which the root had.
    Absent(HashMap<TableId, HashSet<LocalId>>),
    Noted(HashMap<TableId, HashSet<LocalId>>),
}

/// Rows of the root in tables of which the file does not say which ids it ever gave.
fn uncounted(rules: &Rules, file: &OfficeFile, root: &Shadow) -> HashMap<TableId, HashSet<LocalId>> {
    let tables = file.merged.keys();
    let tables = tables.filter(|table| !file.last_ids.contains_key(table) && !rules[**table].text_key);
    let ids = |table| root.get(table).into_iter().flatten().map(|row| row.id.clone()).collect();
    tables.map(|table| (*table, ids(table))).collect()
}

/// What may be concluded from what the file lacks. `before`: what it goes on from; `root`: if it is certain that the file
/// comes from it.
pub(super) async fn of(
    desk: &mut Desk<'_>,
    (device, before): (&Device, &Lineage),
    file: &OfficeFile,
    (root, odd, sure): (Option<&Shadow>, Option<Odd>, bool),
) -> Result<Evidence> {
    Ok(match root {
        _ if device.shared || !sure => Evidence::Never,
        Some(root) if odd.is_none() => Evidence::Absent(uncounted(&desk.hub.rules, file, root)),
        // Beside those of another file, notes of long ago look new, and their ids may be other rows.
        _ if latest(desk, before).await?.as_ref() != Some(&before.name) => Evidence::Never,
        _ => {
            let before = lineage::own(desk.db, &desk.hub.rules, before.pc).await?;
            Evidence::Noted(notes(&desk.hub.rules, &file.own, &before))
        }
    })
}

/// The last file of the PC.
async fn latest(desk: &mut Desk<'_>, lineage: &Lineage) -> Result<Option<String>> {
    let mut pcs = lineage::pcs(desk.db, lineage.site).await?.into_iter();
    Ok(pcs.find(|pc| pc.id == lineage.pc).and_then(|pc| pc.latest))
}

/// Notes of deletions that the PC's last file did not hold yet.
fn notes(rules: &Rules, file: &Own, before: &Own) -> HashMap<TableId, HashSet<LocalId>> {
    let mut deleted: HashMap<TableId, HashSet<LocalId>> = HashMap::new();
    for (table, rule) in rules.tables().filter(|(_, rule)| rule.kept == Kept::Evidence) {
        let cells = |own: &Own| own.get(&table).map(|rows| rows.cells(rule)).unwrap_or_default();
        let (now, before) = (cells(file), cells(before));
        for (table, ids) in evidence::notes(rules, rule, &now, &before).deleted {
            deleted.entry(table).or_default().extend(ids);
        }
    }
    deleted
}
