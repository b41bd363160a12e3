//! One change into the hub's rows.
//!
//! The rules, in short: a column that nobody else wrote since the site saw it takes the site's value; otherwise the
//! policy picks between the two stamps and the loser is kept. What a file of unknown age says is older than any stamp, and
//! undoes no deletion; nor does what a restored hub is told again and was written before the deletion. A deletion goes through only if nothing unseen was done to the row or hangs on it; otherwise row, children and references
//! stay, or come back. Two rows of one region with one natural key become one; in two regions they stay two, and that is
//! told.
//!
//! **No office alters another region's row**: not by a name, not by bringing back what it needs or what fell with it, not
//! by emptying a reference. Its own deletion waits if another region's row refers to its row; what needs another region's
//! dead row is refused, and a reference that it can do without is empty until that row comes back. Only a reference to a
//! row that became another one is given the new name, and it is noted that somebody works on a parent.
//!
//! All of it is independent of the order in which concurrent changes arrive, but for three cases. In each nothing is lost
//! (it stands in a row, living or dead, or was refused and is still in the office's file), and all sites follow the
//! hub's order, so they agree.
//! - *Across regions.* One office deletes its row, another hangs its own row on it (or headquarters deletes a row with
//!   another region's child, and its office goes on with it). Who comes first decides, and it cannot be otherwise: if the
//!   child is first it may not fall, if the deletion is first it may not be undone.
//! - *Another parent.* A row gets another parent while somebody else deletes the parent that it had.
//! - *A name given on.* A deleted row's name is given to a new one while somebody else works under the old one.
//!
//! In the last two the old row came back for a moment in one order; it stays, living, and in the other order it is dead
//! and in the history. `tests/two_sites.rs` has each of them, in both orders.

mod columns;
mod delete;
mod revive;
mod unify;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use model::{Gid, Rev, SiteId, Stamp, Value};

use crate::{
    Action, Age, Cause, Cells, Change, ColumnId, Edit, Heard, OnDelete, Owner, Region, Rules, Scope, Stored,
    TableId, TableRules, natural_key, region, row::is_blank,
};

/// Who sent the batch, as the hub knows it from the credential.
#[derive(Clone, Debug)]
pub struct Author {
    pub site: SiteId,
    pub region: Region,
    /// Everything up to here in the site's region was in the file that the changes come from...
    pub seen: Rev,
    /// ...but for these rows: what happened to them at this rev and later was not.
    pub late: HashMap<Gid, Rev>,
}

impl Author {
    #[must_use]
    pub fn new(site: SiteId, region: Region, seen: Rev) -> Self {
        Self { site, region, seen, late: HashMap::new() }
    }

    /// Up to where the file had everything of the row.
    fn saw(&self, gid: Gid) -> Rev {
        self.late.get(&gid).map_or(self.seen, |late| self.seen.min(Rev(late.0.saturating_sub(1))))
    }
}

/// What became of one change.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub verdict: Verdict,
    /// **Order**: by gid. What is now and what was before goes into the history.
    pub written: Vec<Written>,
    pub conflicts: Vec<Conflict>,
    /// Living rows of other regions that bear the name which the row was given. Both stay.
    pub namesakes: Vec<Namesake>,
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
    /// A row of unknown age that needs a deleted one: it is kept with that one, and comes back with it.
    Fallen(ColumnId),
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
    /// Needs a row of another region that was deleted: only its own region or headquarters may bring it back.
    Gone(ColumnId),
}

/// Two living rows of one natural key in different regions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namesake {
    pub table: TableId,
    pub gid: Gid,
    pub owner: Owner,
    pub other: Gid,
    pub other_owner: Owner,
}

/// A row that changed at the hub.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    pub before: Option<Arc<Stored>>,
    pub after: Arc<Stored>,
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
    age: Age,
    rev: Rev,
    conflicts: Vec<Conflict>,
    namesakes: Vec<Namesake>,
    hand_back: Vec<(TableId, Gid)>,
    repaired: Option<Value>,
}

/// Merges one change. `rev` is the number it gets if it changes anything.
///
/// **Invariants**: the scope wants nothing for this change ([`Scope::wants`]). Changes of one site come in the order
/// of their stamps. Twice is once.
pub fn merge(rules: &Rules, scope: &mut Scope, author: &Author, change: Change, rev: Rev) -> Outcome {
    let Change { table, gid, stamp, base, age, action } = change;
    let mut turn = Turn {
        rules,
        scope,
        author,
        stamp,
        base,
        age,
        rev,
        conflicts: Vec::new(),
        namesakes: Vec::new(),
        hand_back: Vec::new(),
        repaired: None,
    };
    let verdict = turn.run(table, gid, action);
    if matches!(verdict, Verdict::Refused(_)) {
        turn.hand_back.push((table, gid));
    }
    let Turn { conflicts, namesakes, hand_back, repaired, .. } = turn;
    let written = scope.written(rev);
    Outcome { verdict, written, conflicts, namesakes, repaired, hand_back }
}

impl Turn<'_> {
    fn run(&mut self, table: TableId, gid: Gid, action: Action) -> Verdict {
        let gid = self.scope.today(gid);
        let row = self.scope.row(gid);
        if row.is_some_and(|row| row.table != table) {
            return Verdict::Refused(Refusal::Unknown);
        }
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
        let parent = self.parent_owner(table, &mut cells);
        self.repaired = region::repair(&self.rules[table], &mut cells, &parent, &self.author.region);
        let owner = self.owner(table, &cells);
        if !self.author.region.may_write(None, Some(&owner)) {
            return Verdict::Refused(Refusal::Region);
        }
        if let Some(gone) = self.gone(table, &cells) {
            return Verdict::Refused(Refusal::Gone(gone));
        }
        let marks = vec![self.mark(); cells.len()];
        let heard = [(self.author.site, self.heard())].into();
        let targets = self.targets(table, &cells, false);
        let fell = self.dead_parent(table, &cells).filter(|_| self.age == Age::Unknown);
        let dead = fell.map(|(_, parent)| self.dead(Cause::With(parent)));
        let row = Stored { table, gid, cells, marks, born: self.weight(), rev: self.rev, dead, heard };
        self.scope.put(self.rules, row);
        if let Some((column, _)) = fell {
            self.hand_back.push((table, gid));
            return Verdict::Fallen(column);
        }
        self.touch(targets);
        self.settle(gid);
        self.find_namesakes(gid);
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
        if !self.author.region.may_write(Some(&before), None) {
            return self.refuse_foreign(gid, edits);
        }
        if let Some(orphan) = self.orphan(table, &mut after) {
            return Verdict::Refused(Refusal::Orphan(orphan));
        }
        if !self.author.region.may_write(None, Some(&self.owner(table, &after))) {
            return Verdict::Refused(Refusal::Region);
        }
        if let Some(gone) = self.gone(table, &row.cells).or_else(|| self.gone(table, &after)) {
            return Verdict::Refused(Refusal::Gone(gone));
        }
        let named_anew = !row.lives() || edits.iter().any(|edit| self.rules[table].names(edit.column));
        let mut targets = self.targets(table, &row.cells, true);
        let mut written: Cells = vec![None; after.len()];
        for edit in &mut edits {
            edit.value = after[edit.column.0].take().unwrap_or(Value::Null);
            written[edit.column.0] = Some(edit.value.clone());
        }
        if self.age == Age::Unknown && !row.lives() {
            self.outlived(gid, edits);
            return Verdict::Applied;
        }
        // First the row as it was, with the parents it had: a step at a time gives the same as all steps at once.
        self.revive(gid);
        let gid = self.scope.today(gid);
        let (fallen, edits) = edits.into_iter().partition(|edit| self.moves_to_dead(table, edit));
        self.outlived(gid, fallen);
        if self.write(gid, edits) {
            targets.extend(self.targets(table, &written, false));
            self.touch(targets);
            self.settle(gid);
        }
        if named_anew {
            self.find_namesakes(gid);
        }
        Verdict::Applied
    }

    /// The first column that needs a row which is dead and which this author may not bring back.
    fn gone(&self, table: TableId, cells: &Cells) -> Option<ColumnId> {
        let needed = self.rules[table].references().filter(|(_, to)| to.on_delete == OnDelete::Cascade);
        let mut named = needed.filter_map(|(column, _)| Some((column, Gid::of(cells[column.0].as_ref()?)?)));
        named.find(|(_, target)| !self.can_live(*target)).map(|(column, _)| column)
    }

    /// The same name in another region is another thing, of which people should know.
    fn find_namesakes(&mut self, gid: Gid) {
        let gid = self.scope.today(gid);
        let Some(row) = self.scope.living(gid) else { return };
        let Some(key) = natural_key(&self.rules[row.table], &row.cells) else { return };
        let (table, owner) = (row.table, self.owner(row.table, &row.cells));
        let others = self.scope.named(table, &key).into_iter().filter(|other| *other != gid);
        let living = others.filter_map(|other| self.scope.living(other));
        self.namesakes.extend(living.map(|other| Namesake {
            table,
            gid,
            owner: owner.clone(),
            other: other.gid,
            other_owner: self.scope.owner(self.rules, table, &other.cells),
        }));
    }

    /// What the change's word weighs against others: what is of unknown age is older than everything, and among the
    /// like the site that was known first decides, not which file came first.
    fn weight(&self) -> Stamp {
        match self.age {
            Age::Known | Age::Again => self.stamp,
            Age::Earlier(stamp) => stamp,
            Age::Unknown => Stamp { wall_ms: 0, counter: u32::MAX - self.stamp.site.0, ..self.stamp },
        }
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
            self.scope.note_work(gid, self.author.site, self.rev);
        }
    }

    /// After a row came to be or changed: its parents live, and it is the only one of its name in its region.
    fn settle(&mut self, gid: Gid) {
        self.ensure_parents(gid);
        let Some(row) = self.scope.living(gid) else { return };
        let Some(key) = natural_key(&self.rules[row.table], &row.cells) else { return };
        let (table, owner) = (row.table, self.owner(row.table, &row.cells));
        for other in self.scope.named(table, &key) {
            let theirs = self.scope.row(other).map(|row| self.owner(table, &row.cells));
            if theirs.as_ref() == Some(&owner) {
                self.unify(self.scope.today(gid), other);
            }
        }
    }

    /// Turns references into what their targets are today; the first column whose target nobody knows.
    fn orphan(&self, table: TableId, cells: &mut Cells) -> Option<ColumnId> {
        for (column, to) in self.rules[table].references() {
            let Some(target) = cells[column.0].as_ref().and_then(Gid::of) else { continue };
            let today = self.scope.today(target);
            if self.scope.row(today).is_none_or(|row| row.table != to.table) {
                return Some(column);
            }
            cells[column.0] = Some(today.into());
        }
        None
    }

    /// Whose the row is that this one takes its region from where it says none itself. The cells stay as they are.
    fn parent_owner(&self, table: TableId, cells: &mut Cells) -> Owner {
        let Some(region) = self.rules[table].region_columns().0 else { return self.owner(table, cells) };
        let said = cells[region.0].take();
        let owner = self.owner(table, cells);
        cells[region.0] = said;
        owner
    }

    fn owner(&self, table: TableId, cells: &Cells) -> Owner {
        self.scope.owner(self.rules, table, cells)
    }

    /// Whether the row, as it is, is the author's to change.
    fn may_write(&self, row: &Stored) -> bool {
        self.author.region.may_write(Some(&self.owner(row.table, &row.cells)), None)
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
