//! Two rows of one region with one natural key are one thing that was entered twice.

use model::{Gid, Value};

use super::{Side, Turn};
use crate::{Age, Cause, Dead, Heard, Stored};

impl Turn<'_> {
    /// Makes `a` and `b` one, which bear the same name in the same region: the one born first stays, the other becomes
    /// an alias. Their columns are merged like two concurrent changes.
    pub(super) fn unify(&mut self, a: Gid, b: Gid) {
        let (Some(a), Some(b)) = (self.scope.row(a), self.scope.row(b)) else { return };
        // A name may be given again to something new by who knows that its bearer is gone.
        let told = |row: &Stored| row.heard.get(&self.author.site).is_some_and(|heard| heard.deleted);
        let concurrent = |row: &Stored| {
            let unseen = |dead: Dead| dead.rev > self.author.seen && !told(row);
            row.dead.is_none_or(|dead| self.age != Age::Unknown && unseen(dead) && self.can_live(row.gid))
        };
        if a.gid == b.gid || a.became().is_some() || b.became().is_some() || !concurrent(a) || !concurrent(b)
        {
            return;
        }
        let (mut stays, goes) =
            if (a.born, a.gid) < (b.born, b.gid) { (a.clone(), b.clone()) } else { (b.clone(), a.clone()) };
        for at in 0..stays.cells.len() {
            self.unify_column(&mut stays, &goes, at);
        }
        for (site, theirs) in &goes.heard {
            let heard = stays.heard.entry(*site).or_default();
            *heard = Heard {
                stamp: heard.stamp.max(theirs.stamp),
                wrote: heard.wrote.max(theirs.wrote),
                deleted: heard.deleted && theirs.deleted,
            };
        }
        stays.dead = None;
        stays.rev = self.rev;
        let (to, from) = (stays.gid, goes.gid);
        self.scope.put(self.rules, stays);
        self.move_children(from, to);
        let dead = Dead { stamp: self.stamp, rev: self.rev, cause: Cause::Became(to) };
        self.scope.put(self.rules, Stored { dead: Some(dead), rev: self.rev, ..goes });
        self.ensure_parents(to);
        self.raise_fallen(to);
    }

    fn unify_column(&mut self, stays: &mut Stored, goes: &Stored, at: usize) {
        let column = crate::ColumnId(at);
        let Some(theirs) = goes.cells[at].clone() else { return };
        let rank = |turn: &Self, row: &Stored| turn.rank(row, column, row.marks[at]);
        let stronger = rank(self, goes) > rank(self, stays);
        let Some(ours) = stays.cells[at].clone() else {
            stays.cells[at] = Some(theirs);
            stays.marks[at] = goes.marks[at];
            return;
        };
        if ours != theirs {
            let standing = Side { value: Some(ours), stamp: stays.marks[at].stamp };
            let other = Side { value: Some(theirs.clone()), stamp: goes.marks[at].stamp };
            let (winner, loser) = if stronger { (other, standing) } else { (standing, other) };
            self.conflict(stays, Some(column), winner, loser);
        }
        if stronger {
            stays.cells[at] = Some(theirs);
            stays.marks[at] = goes.marks[at];
        }
    }

    /// Whoever referred to the alias refers to the row that stays: it is the same thing.
    fn move_children(&mut self, from: Gid, to: Gid) {
        for (_, column, child) in self.scope.referring_all(from) {
            self.point(child, column, Some(to), None);
        }
        for fallen in self.scope.fallen(from) {
            self.adopt_fallen(fallen, from, to);
        }
    }

    fn adopt_fallen(&mut self, gid: Gid, from: Gid, to: Gid) {
        let Some(mut row) = self.scope.row(gid).cloned() else { return };
        if let Some(dead) = row.dead.as_mut().filter(|dead| dead.cause == Cause::With(from)) {
            dead.cause = Cause::With(to);
        }
        for mark in row.marks.iter_mut().filter(|mark| mark.emptied == Some(from)) {
            mark.emptied = Some(to);
        }
        for cell in row.cells.iter_mut().filter(|cell| cell.as_ref().and_then(Gid::of) == Some(from)) {
            *cell = Some(Value::from(to));
        }
        self.scope.put(self.rules, row);
    }
}
