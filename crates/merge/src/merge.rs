//! One change into the hub's rows.
//!
//! The rules, in short: a column that nobody else wrote since the site saw it takes the site's value; otherwise the
//! policy picks between the two stamps and the loser is kept. A deletion goes through only if nothing unseen was done to
//! the row or hangs on it; otherwise row, children and references stay, or come back. Two rows with one natural key
//! become one.
//!
//! All of it is independent of the order in which concurrent changes arrive, but for two cases in which a deleted row
//! that came back for a moment stays: a row gets another parent while somebody else deletes the parent it had; a deleted
//! row's name is given to a new one while somebody else works under the old one. There the order decides whether the old
//! row is kept or dead and in the history. All sites follow the hub's order, so they agree in any case.

mod columns;
mod delete;
mod revive;
mod unify;

use std::collections::HashSet;

use model::{Gid, Rev, SiteId, Stamp, Value};

use crate::{
    Action, Cells, Change, ColumnId, Edit, Heard, OnDelete, Owner, Region, Rules, Scope, Stored, TableId,
    TableRules, natural_key, region, row::is_blank,
};

/// Who sent the batch, as the hub knows it from the credential.
#[derive(Clone, Debug)]
pub struct Author {
    pub site: SiteId,
    pub region: Region,
    /// Everything up to here in the site's region was in the file that the changes come from.
    pub seen: Rev,
}

/// What became of one change.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub verdict: Verdict,
    /// **Order**: by gid. What is now and what was before goes into the history.
    pub written: Vec<Written>,
    pub conflicts: Vec<Conflict>,
    /// The region that was filled in.
    pub repaired: Option<Value>,
    /// Rows that the site must be handed again although the hub did not change them.
    pub hand_back: Vec<(TableId, Gid)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Applied,
    /// Says nothing new.
    Unchanged,
    /// Was merged before.
    Repeated,
    /// The row was changed meanwhile, or something unseen hangs on it: it stays.
    NotDeleted,
    Refused(Refusal),
}

/// Why a change was not let in. The row in `hand_back` says what the site is set back to; a row that is not there, or not
/// visible to the site, is taken out of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The row belongs to another region, before or after.
    Region,
    /// The hub does not know the row.
    Unknown,
    /// Refers to a row that the hub does not know.
    Orphan(ColumnId),
}

/// A row that changed at the hub.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    pub before: Option<Stored>,
    pub after: Stored,
}

/// Two values for one cell, of which one stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    pub table: TableId,
    pub gid: Gid,
    /// `None`: a deletion that did not go through.
    pub column: Option<ColumnId>,
    pub winner: Side,
    pub loser: Side,
    /// A person is asked ([`ConflictPolicy::Ask`](crate::ConflictPolicy)).
    pub open: bool,
    /// Where the hub stood when it was settled.
    pub at: Rev,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// `None` for a deletion, and for the row that it did not delete.
    pub value: Option<Value>,
    /// Tells time and site.
    pub stamp: Stamp,
}

/// One change at work.
struct Turn<'a> {
    rules: &'a Rules,
    scope: &'a mut Scope,
    author: &'a Author,
    stamp: Stamp,
    base: Rev,
    rev: Rev,
    conflicts: Vec<Conflict>,
    hand_back: Vec<(TableId, Gid)>,
    repaired: Option<Value>,
}

/// Merges one change. `rev` is the number it gets if it changes anything.
///
/// **Invariants**: the scope wants nothing for this change ([`Scope::wants`]). Changes of one site come in the order
/// of their stamps. Twice is once.
pub fn merge(rules: &Rules, scope: &mut Scope, author: &Author, change: Change, rev: Rev) -> Outcome {
    let Change { table, gid, stamp, base, action } = change;
    let mut turn = Turn {
        rules,
        scope,
        author,
        stamp,
        base,
        rev,
        conflicts: Vec::new(),
        hand_back: Vec::new(),
        repaired: None,
    };
    let verdict = turn.run(table, gid, action);
    if matches!(verdict, Verdict::Refused(_)) {
        turn.hand_back.push((table, gid));
    }
    let Turn { conflicts, hand_back, repaired, .. } = turn;
    let written = scope.written(rev);
    Outcome { verdict, written, conflicts, repaired, hand_back }
}

impl Turn<'_> {
    fn run(&mut self, table: TableId, gid: Gid, action: Action) -> Verdict {
        let gid = self.scope.today(gid);
        let row = self.scope.row(gid);
        let heard = row.and_then(|row| row.heard.get(&self.author.site)?.stamp);
        if heard.is_some_and(|heard| heard >= self.stamp) {
            return Verdict::Repeated;
        }
        match (action, row.is_some()) {
            (Action::Insert(cells), false) => self.insert(table, gid, cells),
            (Action::Insert(cells), true) => {
                let known =
                    cells.into_iter().enumerate().filter_map(|(at, cell)| Some((ColumnId(at), cell?)));
                let edits = known.map(|(column, value)| Edit { column, base: None, value }).collect();
                self.update(gid, edits)
            }
            (Action::Update(edits), true) => self.update(gid, edits),
            (Action::Update(_), false) => Verdict::Refused(Refusal::Unknown),
            (Action::Delete { with }, true) => self.delete(gid, with),
            (Action::Delete { .. }, false) => Verdict::Unchanged,
        }
    }

    fn insert(&mut self, table: TableId, gid: Gid, mut cells: Cells) -> Verdict {
        if let Some(orphan) = self.orphan(table, &mut cells) {
            return Verdict::Refused(Refusal::Orphan(orphan));
        }
        let parent = self.parent_owner(table, &cells);
        self.repaired = region::repair(&self.rules[table], &mut cells, &parent, &self.author.region);
        let owner = self.owner(table, &cells);
        if !self.author.region.may_write(None, Some(&owner)) {
            return Verdict::Refused(Refusal::Region);
        }
        let marks = vec![self.mark(); cells.len()];
        let heard = [(self.author.site, self.heard())].into();
        let targets = self.targets(table, &cells, false);
        let row = Stored { table, gid, cells, marks, born: self.stamp, rev: self.rev, dead: None, heard };
        self.scope.put(self.rules, row);
        self.touch(targets);
        self.settle(gid);
        Verdict::Applied
    }

    fn update(&mut self, gid: Gid, mut edits: Vec<Edit>) -> Verdict {
        let Some(row) = self.scope.row(gid) else { return Verdict::Refused(Refusal::Unknown) };
        let table = row.table;
        let mut after = row.cells.clone();
        self.repaired = keep_region(&self.rules[table], &row.cells, &mut edits);
        for edit in &edits {
            after[edit.column.0] = Some(edit.value.clone());
        }
        let before = self.owner(table, &row.cells);
        if let Some(orphan) = self.orphan(table, &mut after) {
            return Verdict::Refused(Refusal::Orphan(orphan));
        }
        if !self.author.region.may_write(Some(&before), Some(&self.owner(table, &after))) {
            return Verdict::Refused(Refusal::Region);
        }
        let mut targets = self.targets(table, &row.cells, true);
        let mut written: Cells = vec![None; after.len()];
        for edit in &mut edits {
            edit.value = after[edit.column.0].take().unwrap_or(Value::Null);
            written[edit.column.0] = Some(edit.value.clone());
        }
        // First the row as it was, with the parents it had: a step at a time gives the same as all steps at once.
        self.revive(gid);
        let gid = self.scope.today(gid);
        self.write(gid, edits);
        targets.extend(self.targets(table, &written, false));
        self.touch(targets);
        self.settle(gid);
        Verdict::Applied
    }

    /// What is noted about the site in a row that it writes.
    fn heard(&self) -> Heard {
        Heard { stamp: Some(self.stamp), wrote: self.rev, deleted: false }
    }

    /// Rows that these cells refer to; `needed`: only those that the row cannot be without.
    fn targets(&self, table: TableId, cells: &Cells, needed: bool) -> Vec<Gid> {
        let references = self.rules[table].references();
        let counted = references.filter(|(_, to)| !needed || to.on_delete == OnDelete::Cascade);
        counted.filter_map(|(column, _)| Gid::of(cells[column.0].as_ref()?)).collect()
    }

    /// Writing a row touches those that it needs, and writing a reference those that it names: who deletes one of them
    /// has to have seen it. (Whatever becomes of the row or the reference later: so the order of arrival does not
    /// matter.)
    fn touch(&mut self, mut targets: Vec<Gid>) {
        let mut touched = HashSet::new();
        while let Some(gid) = targets.pop().map(|gid| self.scope.today(gid)) {
            let Some(row) = self.scope.row(gid).filter(|_| touched.insert(gid)) else { continue };
            targets.extend(self.targets(row.table, &row.cells, true));
            let mut row = row.clone();
            row.heard.entry(self.author.site).or_default().wrote = self.rev;
            self.scope.put(self.rules, row);
        }
    }

    /// After a row came to be or changed: its parents live, and it is the only one of its name.
    fn settle(&mut self, gid: Gid) {
        self.ensure_parents(gid);
        let Some(row) = self.scope.living(gid) else { return };
        let Some(key) = natural_key(&self.rules[row.table], &row.cells) else { return };
        let table = row.table;
        for other in self.scope.named(table, &key) {
            self.unify(self.scope.today(gid), other);
        }
    }

    /// Turns references into what their targets are today; the first column whose target nobody knows.
    fn orphan(&self, table: TableId, cells: &mut Cells) -> Option<ColumnId> {
        for (column, _) in self.rules[table].references() {
            let Some(target) = cells[column.0].as_ref().and_then(Gid::of) else { continue };
            let today = self.scope.today(target);
            if self.scope.row(today).is_none() {
                return Some(column);
            }
            cells[column.0] = Some(today.into());
        }
        None
    }

    /// Whose the row is that this one takes its region from where it says none itself.
    fn parent_owner(&self, table: TableId, cells: &Cells) -> Owner {
        let mut cells = cells.clone();
        if let Some(region) = self.rules[table].region_columns().0 {
            cells[region.0] = None;
        }
        self.owner(table, &cells)
    }

    fn owner(&self, table: TableId, cells: &Cells) -> Owner {
        self.scope.owner(self.rules, table, cells)
    }
}

/// A region is never made blank: old programs lose it. Returns the one that was kept.
fn keep_region(rules: &TableRules, cells: &Cells, edits: &mut Vec<Edit>) -> Option<Value> {
    let region = rules.region_columns().0?;
    let blank = |edit: &Edit| edit.column == region && is_blank(Some(&edit.value));
    let before = edits.len();
    edits.retain(|edit| !blank(edit));
    if edits.len() < before { cells[region.0].clone() } else { None }
}
