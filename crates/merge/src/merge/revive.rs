//! Bringing rows back, with what they need and what fell with them.

use std::collections::HashSet;

use model::Gid;

use super::Turn;
use crate::{Age, Cause, OnDelete, Reference};

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

    /// Whether a row that is referred to comes back for it. No deletion is undone for a reference of unknown age.
    fn may_return(&self, reference: Reference, target: Gid) -> bool {
        let needed = reference.on_delete == OnDelete::Cascade;
        (needed || self.age == Age::Known) && self.can_live(target)
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
        match self.dead_parent(gid) {
            None => self.revive(gid),
            Some(parent) => self.fall_with(gid, parent),
        }
    }

    fn dead_parent(&self, gid: Gid) -> Option<Gid> {
        let row = self.scope.row(gid)?;
        let cascades = self.rules[row.table].references().filter(|(_, r)| r.on_delete == OnDelete::Cascade);
        let mut parents = cascades.filter_map(|(column, _)| Gid::of(row.cells[column.0].as_ref()?));
        parents.find(|parent| self.scope.living(self.scope.today(*parent)).is_none())
    }

    fn fall_with(&mut self, gid: Gid, parent: Gid) {
        let Some(mut row) = self.scope.row(gid).cloned() else { return };
        if let Some(dead) = row.dead.as_mut() {
            dead.cause = Cause::With(parent);
        }
        self.scope.put(self.rules, row);
    }
}
