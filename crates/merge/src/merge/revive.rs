//! Bringing rows back, with what they need and what fell with them.

use std::collections::HashSet;

use model::Gid;

use super::Turn;
use crate::{Age, Cause, Cells, ColumnId, Edit, OnDelete, Reference, TableId};

impl Turn<'_> {
    /// Whether a row lives, or this author may bring it back with all that it needs.
    pub(super) fn can_live(&self, gid: Gid) -> bool {
        let mut asked = HashSet::new();
        let mut next = vec![gid];
        while let Some(gid) = next.pop().map(|gid| self.scope.today(gid)) {
            let Some(row) = self.scope.row(gid) else { return false };
            if row.lives() || !asked.insert(gid) {
                continue;
            }
            if !self.may_write(row) {
                return false;
            }
            next.extend(self.targets(row.table, &row.cells, true));
        }
        true
    }

    /// Brings a dead row back, its parents, and all that fell when it died.
    ///
    /// **Invariants**: it can live ([`Turn::can_live`]).
    pub(super) fn revive(&mut self, gid: Gid) {
        let Some(row) = self.scope.row(gid).filter(|row| !row.lives() && row.became().is_none()) else {
            return;
        };
        let mut row = row.clone();
        row.dead = None;
        row.rev = self.rev;
        self.scope.put(self.rules, row);
        self.ensure_parents(gid);
        self.raise_fallen(gid);
        self.settle(gid);
    }

    /// What fell when this row died comes back: it lives.
    pub(super) fn raise_fallen(&mut self, gid: Gid) {
        for fallen in self.scope.fallen(gid) {
            self.raise(fallen, gid);
        }
    }

    /// All that a living row refers to lives. What it can be without and may not come back is empty in it, until that
    /// comes back.
    pub(super) fn ensure_parents(&mut self, gid: Gid) {
        let Some(row) = self.scope.living(gid) else { return };
        let references = self.rules[row.table].references();
        let targets: Vec<_> =
            references.filter_map(|(c, to)| Some((c, to, Gid::of(row.cells[c.0].as_ref()?)?))).collect();
        for (column, reference, target) in targets {
            let today = self.scope.today(target);
            if self.scope.living(today).is_some() {
                continue;
            }
            if self.may_return(reference, today) {
                self.revive(today);
            } else {
                self.point(gid, column, None, Some(today));
            }
        }
    }

    /// Whether a row that is referred to comes back for it. No deletion is undone for a reference of unknown age. (What
    /// needs a deleted row does not live by it: [`Turn::dead_parent`].)
    fn may_return(&self, reference: Reference, target: Gid) -> bool {
        let needed = reference.on_delete == OnDelete::Cascade;
        (needed || self.age != Age::Unknown) && self.can_live(target)
    }

    /// Gives a row back what it lost when `cause` died. Another region's row waits for who may write it.
    fn raise(&mut self, gid: Gid, cause: Gid) {
        let Some(row) = self.scope.row(gid).filter(|row| self.may_write(row)) else { return };
        let emptied = self.rules[row.table].references().map(|(column, _)| column);
        let emptied: Vec<_> = emptied.filter(|column| row.marks[column.0].emptied == Some(cause)).collect();
        let fell = row.dead.is_some_and(|dead| dead.cause == Cause::With(cause));
        for column in emptied {
            self.point(gid, column, Some(cause), None);
        }
        if !fell {
            return;
        }
        let needs = self.scope.row(gid).and_then(|row| self.dead_parent(row.table, &row.cells));
        match needs {
            None => self.revive(gid),
            Some((_, parent)) => self.fall_with(gid, parent),
        }
    }

    /// The first row that a row with these cells needs and that is dead.
    pub(super) fn dead_parent(&self, table: TableId, cells: &Cells) -> Option<(ColumnId, Gid)> {
        let cascades = self.rules[table].references().filter(|(_, r)| r.on_delete == OnDelete::Cascade);
        let mut parents = cascades.filter_map(|(c, _)| Some((c, Gid::of(cells[c.0].as_ref()?)?)));
        parents.find(|(_, parent)| self.scope.living(self.scope.today(*parent)).is_none())
    }

    /// Whether a word of unknown age hangs a row on a dead one.
    pub(super) fn moves_to_dead(&self, table: TableId, edit: &Edit) -> bool {
        let needed = self.rules[table][edit.column].reference.filter(|to| to.on_delete == OnDelete::Cascade);
        let target = needed.and(Gid::of(&edit.value)).map(|target| self.scope.today(target));
        self.age == Age::Unknown && target.is_some_and(|target| self.scope.living(target).is_none())
    }

    fn fall_with(&mut self, gid: Gid, parent: Gid) {
        let Some(mut row) = self.scope.row(gid).cloned() else { return };
        if let Some(dead) = row.dead.as_mut() {
            dead.cause = Cause::With(parent);
        }
        self.scope.put(self.rules, row);
    }
}
