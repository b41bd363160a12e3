//! Deleting a row with what needs it, unless somebody did something that the site had not seen.

use std::collections::HashSet;

use model::{Gid, Stamp};

use super::{Refusal, Side, Turn, Verdict};
use crate::{Cause, ColumnId, Dead, Mark, OnDelete, Stored};

/// What goes with a row.
#[derive(Default)]
struct Fall {
    /// Children, each with the parent that it needs.
    children: Vec<(Gid, Gid)>,
    /// References that become NULL: row, column, what it held.
    emptied: Vec<(Gid, ColumnId, Gid)>,
}

impl Turn<'_> {
    pub(super) fn delete(&mut self, gid: Gid, with: Option<Gid>) -> Verdict {
        let Some(row) = self.scope.row(gid).cloned() else { return Verdict::Unchanged };
        if !self.may_write(&row) {
            if row.lives() && with.is_none() {
                self.outstay(&row);
            }
            return Verdict::Refused(Refusal::Region);
        }
        let with = with.map(|parent| self.scope.today(parent));
        if with.is_some_and(|parent| self.scope.living(parent).is_some()) {
            // The parent stays, so what would have gone with it stays too.
            self.hand_back.push((row.table, gid));
            self.hear(row);
            return Verdict::NotDeleted;
        }
        if self.is_touched(&row) {
            return self.keep(row);
        }
        if !row.lives() {
            return self.delete_again(row, with);
        }
        let Some(fall) = self.fall(gid) else { return self.keep(row) };
        let cause = with.map_or(Cause::Deleted, Cause::With);
        self.kill(gid, cause);
        for (child, parent) in fall.children {
            self.kill(child, Cause::With(parent));
        }
        for (from, column, target) in fall.emptied {
            self.point(from, column, None, Some(target));
        }
        Verdict::Applied
    }

    fn hear(&mut self, mut row: Stored) {
        let heard = row.heard.entry(self.author.site).or_default();
        (heard.stamp, heard.deleted) = (Some(self.stamp), true);
        self.scope.put(self.rules, row);
    }

    /// A deletion that does not go through is kept beside the row.
    fn outstay(&mut self, row: &Stored) {
        let newest = || row.marks.iter().map(|mark| mark.stamp).max().unwrap_or(row.born);
        let newest = self.kept_by(row).unwrap_or_else(newest);
        let loser = Side { value: None, stamp: self.stamp };
        self.conflict(row, None, Side { value: None, stamp: newest }, loser);
    }

    fn keep(&mut self, row: Stored) -> Verdict {
        self.outstay(&row);
        self.hand_back.push((row.table, row.gid));
        let referring = self.scope.referring(row.gid);
        self.hand_back.extend(referring.into_iter().map(|(table, _, from)| (table, from)));
        self.hear(row);
        Verdict::NotDeleted
    }

    /// The newest of what keeps a row: what the site had not seen of it, or of what hangs on it, and what is not the site's.
    fn kept_by(&self, row: &Stored) -> Option<Stamp> {
        let unseen =
            |of: Gid, mark: &Mark| mark.rev > self.author.saw(of) && mark.stamp.site != self.author.site;
        let mut newest = row.marks.iter().filter(|mark| unseen(row.gid, mark)).map(|mark| mark.stamp).max();
        let (mut open, mut looked) = (vec![row.gid], HashSet::from([row.gid]));
        while let Some(gid) = open.pop() {
            for (table, column, from) in self.scope.referring_all(gid) {
                let Some(child) = self.scope.row(from) else { continue };
                let falls =
                    self.rules[table][column].reference.is_some_and(|to| to.on_delete == OnDelete::Cascade);
                let marks = if falls { &child.marks[..] } else { &child.marks[column.0..=column.0] };
                let keeps = marks.iter().filter(|mark| unseen(from, mark) || !self.may_write(child));
                newest = newest.max(keeps.map(|mark| mark.stamp).max());
                if falls && looked.insert(from) {
                    open.push(from);
                }
            }
        }
        newest
    }

    /// A row that is dead already: that somebody deleted it by itself weighs more than that it fell with another.
    fn delete_again(&mut self, mut row: Stored, with: Option<Gid>) -> Verdict {
        if let (Some(dead), None) = (row.dead.as_mut(), with) {
            dead.cause = Cause::Deleted;
            dead.stamp = dead.stamp.max(self.stamp);
        }
        self.hear(row);
        Verdict::Unchanged
    }

    /// Everything that falls with a row; `None` when something on the way must not.
    fn fall(&self, gid: Gid) -> Option<Fall> {
        let mut fall = Fall::default();
        let mut next = vec![gid];
        while let Some(parent) = next.pop() {
            for (table, column, from) in self.scope.referring_all(parent) {
                let row = self.scope.row(from)?;
                let cascade = self.rules[table][column].reference?.on_delete == OnDelete::Cascade;
                if cascade && from != gid && !fall.children.iter().any(|(child, _)| *child == from) {
                    if !row.lives() {
                        continue;
                    }
                    if self.unseen(row) {
                        return None;
                    }
                    fall.children.push((from, parent));
                    next.push(from);
                } else if !cascade && row.lives() && self.is_late(row) {
                    // That it needs the row, nobody there has seen.
                    return None;
                } else if !cascade && self.may_write(row) {
                    // Dead rows as well: they may come back.
                    fall.emptied.push((from, column, parent));
                } else if !cascade && row.lives() {
                    return None;
                }
            }
        }
        Some(fall)
    }

    /// Whether somebody else wrote the row, or hung something on it, after the site saw it. The base of the change does not
    /// tell: it rises with the site's own edits, which saw nothing of what others had hung on the row meanwhile.
    fn is_touched(&self, row: &Stored) -> bool {
        row.touched_since(self.author.saw(row.gid), self.author.site)
    }

    /// Whether the site was told of the row and does not have it as it is.
    fn is_late(&self, row: &Stored) -> bool {
        self.author.late.contains_key(&row.gid) && self.is_touched(row)
    }

    /// A child that the site did not know as it is, or that is not the site's to delete.
    fn unseen(&self, row: &Stored) -> bool {
        !self.may_write(row) || self.is_touched(row)
    }

    fn kill(&mut self, gid: Gid, cause: Cause) {
        let Some(mut row) = self.scope.row(gid).cloned() else { return };
        row.dead = Some(self.dead(cause));
        row.rev = self.rev;
        self.hear(row);
    }

    pub(super) const fn dead(&self, cause: Cause) -> Dead {
        Dead { stamp: self.stamp, rev: self.rev, cause }
    }
}
