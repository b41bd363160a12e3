//! What a file and the hub agree on after an upload.

use std::collections::{HashMap, HashSet};

use merge::{Action, Cells, LocalId, LocalRow, OnDelete, Rules, ShadowRow, TableId, Verdict};
use model::{Gid, Rev, Value};
use replica::office_file::OfficeFile;

use super::{
    choose::{Base, Evidence, Way},
    compare::Said,
    lineage::Shadow,
    receive::Merged,
};

/// Everything needed to turn one file into its shadow.
struct Settling<'a> {
    rules: &'a Rules,
    base: &'a Base,
    said: &'a Said,
    merged: &'a Merged,
    /// What the file's rows are.
    ids: HashMap<(TableId, LocalId), Gid>,
    refused: HashSet<Gid>,
    deleted: HashSet<Gid>,
}

/// The file's rows with their gids.
///
/// **Invariants**: a row's rev rises only if the hub has the row exactly as the file has it: else what the hub knows
/// better was not seen there. Rows of which it is not certain that they are gone stay; so do tables that the file lacks.
pub(super) fn shadow(rules: &Rules, base: &Base, file: &OfficeFile, said: &Said, merged: &Merged) -> Shadow {
    let mut settling = Settling {
        rules,
        base,
        said,
        merged,
        ids: HashMap::new(),
        refused: HashSet::new(),
        deleted: HashSet::new(),
    };
    settling.learn(file);
    let mut shadow = base.shadow.clone();
    for (table, rows) in &file.merged {
        shadow.insert(*table, settling.table(*table, rows));
    }
    shadow
}

impl Settling<'_> {
    fn learn(&mut self, file: &OfficeFile) {
        for (table, rows) in &file.merged {
            let known = self.base.shadow.get(table).map_or(&[][..], Vec::as_slice);
            let known: HashMap<&LocalId, Gid> = known.iter().map(|row| (&row.id, row.gid)).collect();
            let found = rows.iter().filter_map(|row| Some(((*table, row.id.clone()), *known.get(&row.id)?)));
            self.ids.extend(found);
        }
        let learned = self.said.set.learned.iter().map(|(table, id, gid)| ((*table, id.clone()), *gid));
        self.ids.extend(learned);
        for (change, (_, outcome)) in self.said.set.changes.iter().zip(&self.merged.outcomes) {
            match (&change.action, &outcome.verdict) {
                (Action::Delete { .. }, _) => _ = self.deleted.insert(change.gid),
                (_, Verdict::Refused(_)) => _ = self.refused.insert(change.gid),
                _ => {}
            }
        }
    }

    fn table(&self, table: TableId, rows: &[LocalRow]) -> Vec<ShadowRow> {
        let before = self.base.shadow.get(&table).map_or(&[][..], Vec::as_slice);
        let known: HashMap<&LocalId, &ShadowRow> = before.iter().map(|row| (&row.id, row)).collect();
        let settled = rows.iter().filter_map(|row| self.row(table, row, known.get(&row.id).copied()));
        let mut settled: Vec<ShadowRow> = settled.collect();
        let gids: HashSet<Gid> = settled.iter().map(|row| row.gid).collect();
        let there: HashSet<&LocalId> = rows.iter().map(|row| &row.id).collect();
        if !matches!(self.base.way, Way::Continue(Evidence::Absent)) {
            let missing = before.iter().filter(|row| {
                !there.contains(&row.id) && !gids.contains(&row.gid) && !self.deleted.contains(&row.gid)
            });
            settled.extend(missing.cloned());
            settled.sort_by(|a, b| a.id.cmp(&b.id));
        }
        settled
    }

    /// `None`: the row is told again with the next file.
    fn row(&self, table: TableId, row: &LocalRow, known: Option<&ShadowRow>) -> Option<ShadowRow> {
        let gid = *self.ids.get(&(table, row.id.clone()))?;
        let known = known.filter(|known| known.gid == gid);
        let Some(mut cells) = self.global(table, &row.cells) else { return known.cloned() };
        if self.refused.contains(&gid) {
            return known.cloned();
        }
        for (at, cell) in cells.iter_mut().enumerate() {
            if cell.is_none() {
                *cell = known.and_then(|known| known.cells[at].clone());
            }
        }
        let scope = &self.merged.scope;
        let gid = scope.today(gid);
        let rev = match scope.row(gid) {
            Some(hub) => (hub.lives() && hub.cells == cells).then_some(hub.rev),
            None => self.said.met.get(&gid).filter(|(_, hub)| *hub == cells).map(|(rev, _)| *rev),
        };
        let before = known.map_or(Rev(0), |known| known.rev);
        Some(ShadowRow { id: row.id.clone(), gid, rev: rev.unwrap_or(before).max(before), cells })
    }

    /// Cells in global form; `None` when the row lacks a row that it needs.
    fn global(&self, table: TableId, cells: &Cells) -> Option<Cells> {
        let rule = &self.rules[table];
        let mut cells = cells.clone();
        for (column, reference) in rule.references() {
            let Some(value) = cells[column.0].take() else { continue };
            if value.is_null() {
                cells[column.0] = Some(Value::Null);
                continue;
            }
            let target = LocalId::of(&value).and_then(|id| self.ids.get(&(reference.table, id)));
            match target {
                Some(gid) => cells[column.0] = Some(self.merged.scope.today(*gid).into()),
                None if reference.on_delete == OnDelete::Cascade || rule[column].not_null => return None,
                None => {}
            }
        }
        Some(cells)
    }
}
