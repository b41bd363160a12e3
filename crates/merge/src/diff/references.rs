//! References of a file's rows: local ids become gids, or are set aside.

use model::{Gid, Rev, Value};

use super::FileDiff;
use crate::{Action, Cells, ColumnId, Edit, LocalId, LocalRow, OnDelete, ShadowRow, TableId};

/// A reference to a row that the file does not have. It is never attached to something else.
#[derive(Clone, Debug, PartialEq)]
pub struct Orphan {
    pub table: TableId,
    /// The row that refers.
    pub row: OrphanRow,
    pub column: ColumnId,
    /// What it refers to.
    pub target: Value,
    /// The whole row is set aside, because it needs what it refers to; else only this column.
    pub set_aside: bool,
}

/// A row with an orphaned reference: by its id in the file, or by its gid where it has been told already.
#[derive(Clone, Debug, PartialEq)]
pub enum OrphanRow {
    Local(LocalId),
    Known(Gid),
}

/// A reference that closes a circle: looked up when all rows are known.
pub(super) struct Later {
    table: TableId,
    gid: Gid,
    rev: Rev,
    column: ColumnId,
    /// `None`: the row is new, nothing was there.
    base: Option<Value>,
    target: Value,
}

impl FileDiff<'_> {
    /// A row in global form, and the references that must wait; `None` when the row is set aside.
    pub(crate) fn translate(
        &mut self,
        table: TableId,
        row: LocalRow,
    ) -> Option<(Cells, Vec<(ColumnId, Value)>)> {
        let LocalRow { id, mut cells } = row;
        let mut later = Vec::new();
        for (column, reference) in self.rules[table].references() {
            let Some(target) = cells[column.0].take() else { continue };
            if target.is_null() {
                cells[column.0] = Some(Value::Null);
            } else if self.order.second_update.contains(&(table, column)) {
                later.push((column, target));
            } else if let Some(gid) = self.lookup(reference.table, &target) {
                cells[column.0] = Some(gid.into());
            } else {
                let set_aside =
                    reference.on_delete == OnDelete::Cascade || self.rules[table][column].not_null;
                let row = OrphanRow::Local(id.clone());
                self.set.orphans.push(Orphan { table, row, column, target, set_aside });
                if set_aside {
                    return None;
                }
            }
        }
        Some((cells, later))
    }

    fn lookup(&self, table: TableId, target: &Value) -> Option<Gid> {
        self.ids.get(&(table, LocalId::of(target)?)).copied()
    }

    pub(crate) fn defer(
        &mut self,
        table: TableId,
        gid: Gid,
        rev: Rev,
        before: Option<&Cells>,
        later: Vec<(ColumnId, Value)>,
    ) {
        for (column, target) in later {
            let base = before.and_then(|cells| cells[column.0].clone());
            self.later.push(Later { table, gid, rev, column, base, target });
        }
    }

    pub(super) fn close_circles(&mut self) {
        for later in std::mem::take(&mut self.later) {
            let Later { table, gid, rev, column, base, target } = later;
            let Some(reference) = self.rules[table][column].reference else { continue };
            let Some(found) = self.lookup(reference.table, &target) else {
                let row = OrphanRow::Known(gid);
                self.set.orphans.push(Orphan { table, row, column, target, set_aside: false });
                continue;
            };
            if base.as_ref().and_then(Gid::of) != Some(found) {
                self.push(table, gid, rev, Action::Update(vec![Edit { column, base, value: found.into() }]));
            }
        }
    }

    /// The parent that took this row along, if it was deleted with one.
    pub(super) fn deleted_parent(&self, table: TableId, row: &ShadowRow) -> Option<Gid> {
        let cascades = self.rules[table].references().filter(|(_, to)| to.on_delete == OnDelete::Cascade);
        let mut parents = cascades.filter_map(|(column, _)| Gid::of(row.cells[column.0].as_ref()?));
        parents.find(|parent| self.deleted.contains(parent) && *parent != row.gid)
    }
}
