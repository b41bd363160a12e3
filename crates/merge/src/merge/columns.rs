//! Column by column.

use model::{Gid, Stamp, Value};

use super::{Conflict, Refusal, Side, Turn, Verdict};
use crate::{Age, ColumnId, ConflictPolicy, Edit, Mark, Region, Stored, TableId, row::is_blank};

impl Turn<'_> {
    pub(super) fn mark(&self) -> Mark {
        let headquarters = self.author.region == Region::All;
        Mark { stamp: self.weight(), rev: self.rev, headquarters, emptied: None }
    }

    /// Merges edits into a living row. Whether that counts as work on it: what nobody knows the time of, and changes nothing,
    /// does not.
    pub(super) fn write(&mut self, gid: Gid, edits: Vec<Edit>) -> bool {
        let Some(mut row) = self.scope.row(gid).cloned() else { return false };
        for edit in edits {
            self.column(&mut row, edit);
        }
        let counts = self.weight().wall_ms != 0 || row.rev == self.rev;
        let heard = row.heard.entry(self.author.site).or_default();
        (heard.stamp, heard.deleted) = (Some(self.stamp), false);
        if counts {
            heard.wrote = self.rev;
        }
        self.scope.put(self.rules, row);
        counts
    }

    /// What a file of unknown age says about a row that was deleted, or hangs on one, is kept beside what the row says (or
    /// said when it died).
    pub(super) fn outlived(&mut self, gid: Gid, edits: Vec<Edit>) {
        let Some(mut row) = self.scope.row(gid).filter(|_| !edits.is_empty()).cloned() else { return };
        let otherwise =
            edits.into_iter().filter(|edit| row.cells[edit.column.0].as_ref() != Some(&edit.value));
        for Edit { column, value, .. } in otherwise.collect::<Vec<_>>() {
            let standing = Side { value: row.cells[column.0].clone(), stamp: row.marks[column.0].stamp };
            self.conflict(&row, Some(column), standing, Side { value: Some(value), stamp: self.weight() });
        }
        self.hand_back.push((row.table, gid));
        row.heard.entry(self.author.site).or_default().stamp = Some(self.stamp);
        self.scope.put(self.rules, row);
    }

    /// What a site says of another region's row is refused, and kept beside what stands: the row may have gone there while
    /// the site was away.
    pub(super) fn refuse_foreign(&mut self, gid: Gid, edits: Vec<Edit>) -> Verdict {
        let Some(row) = self.scope.row(gid).cloned() else { return Verdict::Refused(Refusal::Unknown) };
        for Edit { column, value, .. } in edits {
            let standing = row.cells[column.0].clone();
            let Some(value) = self.known_target(row.table, column, value) else { continue };
            let is_nothing = self.age == Age::Unknown || is_blank(standing.as_ref());
            if standing.as_ref() != Some(&value) && !(is_blank(Some(&value)) && is_nothing) {
                let standing = Side { value: standing, stamp: row.marks[column.0].stamp };
                let said = Side { value: Some(value), stamp: self.weight() };
                self.conflict(&row, Some(column), standing, said);
            }
        }
        Verdict::Refused(Refusal::Region)
    }

    /// The value, by what its row goes by today; `None`: it names a row that the hub does not know.
    fn known_target(&self, table: TableId, column: ColumnId, value: Value) -> Option<Value> {
        let Some(to) = self.rules[table][column].reference else { return Some(value) };
        let Some(target) = Gid::of(&value).map(|target| self.scope.today(target)) else { return Some(value) };
        self.scope.row(target).filter(|row| row.table == to.table).map(|_| target.into())
    }

    fn column(&mut self, row: &mut Stored, edit: Edit) {
        let Edit { column, base, value } = edit;
        let standing = row.marks[column.0];
        // A cell that is empty because its target died still stands for that target.
        let now = standing.emptied.map_or_else(|| row.cells[column.0].clone(), |target| Some(target.into()));
        let agree = now.as_ref() == Some(&value);
        let seen = now.is_none()
            || Self::fills(row, column, now.as_ref())
            || self.names_standing(row, column, base) && self.knows(standing);
        let stronger = self.rank(row, column, self.mark()) > self.rank(row, column, standing);
        if !agree && !seen {
            let incoming = Side { value: Some(value.clone()), stamp: self.weight() };
            let standing = Side { value: now, stamp: standing.stamp };
            let (winner, loser) = if stronger { (incoming, standing) } else { (standing, incoming) };
            self.conflict(row, Some(column), winner, loser);
        }
        if seen || stronger {
            // Even with an older stamp: a site whose clock is slow has still seen what it overwrites.
            row.marks[column.0] = self.mark();
        } else if !agree {
            self.hand_back.push((row.table, row.gid));
        }
        if seen || stronger || agree {
            row.marks[column.0].emptied = None;
            if row.cells[column.0].as_ref() != Some(&value) {
                row.cells[column.0] = Some(value);
                row.rev = self.rev;
            }
        }
    }

    /// Whether the value in whose place a new one came is the one that stands. (The reference that a hand-out shows empty,
    /// because its target died, stands for that target.)
    fn names_standing(&self, row: &Stored, column: ColumnId, base: Option<Value>) -> bool {
        let base = base.map(|value| Gid::of(&value).map_or(value, |gid| self.scope.today(gid).into()));
        let target = row.marks[column.0].emptied.map(Value::from);
        base.is_some() && (base == row.cells[column.0] || base == target)
    }

    /// Whether the site had what bears this mark when it wrote.
    fn knows(&self, standing: Mark) -> bool {
        standing.rev <= self.base || standing.stamp.site == self.author.site
    }

    /// A cell that nobody ever filled can be taken without a look at it; one that somebody emptied cannot.
    fn fills(row: &Stored, column: ColumnId, now: Option<&Value>) -> bool {
        is_blank(now) && row.marks[column.0].stamp == row.born
    }

    /// What decides between two writers of one column: any stamp against none, the policy, the later stamp.
    pub(super) fn rank(&self, row: &Stored, column: ColumnId, mark: Mark) -> (bool, bool, Stamp) {
        let first = match self.rules[row.table][column].conflict {
            ConflictPolicy::Latest | ConflictPolicy::Ask => false,
            ConflictPolicy::Office => !mark.headquarters,
            ConflictPolicy::Headquarters => mark.headquarters,
        };
        let stamped = mark.stamp.wall_ms != 0;
        (stamped, first, mark.stamp)
    }

    pub(super) fn conflict(&mut self, row: &Stored, column: Option<ColumnId>, winner: Side, loser: Side) {
        let open = column.is_some_and(|c| self.rules[row.table][c].conflict == ConflictPolicy::Ask);
        let (table, gid, at) = (row.table, row.gid, self.rev);
        self.conflicts.push(Conflict { table, gid, column, winner, loser, open, at });
    }

    /// Sets a reference without counting as a write: the mark stays who wrote it.
    pub(super) fn point(&mut self, gid: Gid, column: ColumnId, to: Option<Gid>, emptied: Option<Gid>) {
        let Some(mut row) = self.scope.row(gid).cloned() else { return };
        row.cells[column.0] = Some(to.map_or(Value::Null, Value::from));
        row.marks[column.0].emptied = emptied;
        row.rev = self.rev;
        self.scope.put(self.rules, row);
    }
}
