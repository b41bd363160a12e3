//! What a site changed: its file against the shadow.

mod pair;
mod references;

use std::collections::{HashMap, HashSet};

use model::{Gid, Rev, Value};

use crate::{
    Action, Age, Cells, Change, ColumnId, Edit, Identity, InsertOrder, LocalId, LocalRow, Mint, Rules,
    Sameness, ShadowRow, TableId, insert_order, sameness,
};
use pair::{Pair, Pairs, by_natural_key};
use references::Later;
pub use references::{Orphan, OrphanRow};

/// Compares one file, table by table, in the order of [`insert_order`].
///
/// **Invariants**: a table is compared after the tables it refers to (except in circles, which [`FileDiff::finish`]
/// closes). Tables that the file does not have are not compared at all. Memory holds changes, not rows.
pub struct FileDiff<'a> {
    pub(crate) rules: &'a Rules,
    order: InsertOrder,
    mint: &'a mut dyn Mint,
    /// What the file's rows are: only rows that stand in the file can be referred to.
    ids: HashMap<(TableId, LocalId), Gid>,
    /// Tables that others refer to: of no other row an id is ever looked up.
    referred: HashSet<TableId>,
    /// Rows of the shadow that the file no longer has.
    gone: HashSet<Gid>,
    /// Those of which it is certain that they were deleted.
    deleted: HashSet<Gid>,
    later: Vec<Later>,
    /// Ids that hold what they held, however much of it was changed.
    in_place: HashSet<(TableId, LocalId)>,
    pub(crate) age: Age,
    pub(crate) set: ChangeSet,
}

/// What may be concluded from a row that the shadow has and the file has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletes<'a> {
    /// Nothing: the lineage of the file is not known.
    Never,
    /// The site deleted it: the file descends from exactly what the shadow says.
    Absent,
    /// The site deleted it if it noted so itself (see [`crate::evidence`]).
    Noted(&'a HashSet<LocalId>),
}

impl ChangeSet {
    /// Lets rows go by other identities.
    pub fn rename(&mut self, names: &HashMap<Gid, Gid>) {
        let today = |gid: Gid| names.get(&gid).copied().unwrap_or(gid);
        let value = |value: &mut Value| {
            if let Some(gid) = Gid::of(value) {
                *value = today(gid).into();
            }
        };
        for change in &mut self.changes {
            change.gid = today(change.gid);
            match &mut change.action {
                Action::Insert(cells) => cells.iter_mut().flatten().for_each(value),
                Action::Update(edits) => edits.iter_mut().for_each(|edit| value(&mut edit.value)),
                Action::Delete { with } => *with = with.map(today),
            }
        }
        self.learned.iter_mut().for_each(|(.., gid)| *gid = today(*gid));
        for doubt in &mut self.doubts {
            doubt.now = today(doubt.now);
        }
    }
}

/// Everything that one file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChangeSet {
    /// **Order**: inserts and updates, parents first; then updates that close circles; then deletes, parents first.
    pub changes: Vec<Change>,
    /// Which local id is which row from now on, where the shadow does not say so already.
    pub learned: Vec<(TableId, LocalId, Gid)>,
    pub orphans: Vec<Orphan>,
    /// Ids that hold something else than before, or of which one cannot be sure.
    pub doubts: Vec<Doubt>,
    deletes: Vec<Change>,
}

/// An id under which the file has something else than the shadow.
#[derive(Clone, Debug, PartialEq)]
pub struct Doubt {
    pub table: TableId,
    pub id: LocalId,
    pub before: Gid,
    pub now: Gid,
    /// Whether the row `before` was kept because it is not certain that it is gone.
    pub kept_both: bool,
}

/// Rows of one table, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub read: usize,
    pub new: usize,
    pub changed: usize,
    pub unchanged: usize,
    /// Set aside: refers to a row that is not there.
    pub set_aside: usize,
    pub deleted: usize,
    /// In the shadow, not in the file, and kept.
    pub missing: usize,
}

/// Rows that cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiffError {
    #[error("rows of `{table}` do not come in ascending order of their ids")]
    Unordered { table: String },
    #[error("a row of `{table}` has {cells} cells instead of {columns}")]
    Shape { table: String, cells: usize, columns: usize },
}

impl<'a> FileDiff<'a> {
    #[must_use]
    pub fn new(rules: &'a Rules, mint: &'a mut dyn Mint) -> Self {
        let order = insert_order(rules);
        let referred =
            rules.tables().flat_map(|(_, rule)| rule.references().map(|(_, to)| to.table)).collect();
        let (ids, gone, deleted, later, in_place, set) = Default::default();
        Self { rules, order, mint, ids, referred, gone, deleted, later, in_place, age: Age::Known, set }
    }

    /// Somebody saw that this id was updated, and neither given up nor given anew: it holds what it held, however much of
    /// it was changed; unless it bears another number that somebody gave.
    pub fn updated(&mut self, table: TableId, id: LocalId) {
        self.in_place.insert((table, id));
    }

    /// How old that is which the file says of rows that are there. Inserts too bear it; deletions do not.
    #[must_use]
    pub const fn of_age(mut self, age: Age) -> Self {
        self.age = age;
        self
    }

    /// Tells which row a local id is, for rows that are not compared themselves (only noted rows are read).
    pub fn know(&mut self, table: TableId, id: LocalId, gid: Gid) {
        if self.referred.contains(&table) {
            self.ids.insert((table, id), gid);
        }
    }

    /// Compares one table.
    ///
    /// **Order**: `rows` and `shadow` ascend strictly by id.
    ///
    /// # Errors
    /// [`DiffError`]; then the whole comparison is worth nothing.
    pub fn table(
        &mut self,
        table: TableId,
        rows: impl IntoIterator<Item = LocalRow>,
        shadow: impl IntoIterator<Item = ShadowRow>,
        deletes: Deletes<'_>,
    ) -> Result<Tally, DiffError> {
        let rules = self.rules;
        let pairs = Pairs::new(&rules[table], rows.into_iter(), shadow.into_iter());
        let mut tally = Tally::default();
        let mut gone = Vec::new();
        if rules[table].natural_key.is_empty() {
            for pair in pairs {
                gone.extend(self.pair(table, pair?, false, &mut tally));
            }
        } else {
            for (pair, named) in by_natural_key(&rules[table], pairs.collect::<Result<_, _>>()?) {
                gone.extend(self.pair(table, pair, named, &mut tally));
            }
        }
        self.gone(table, gone, deletes, &mut tally);
        Ok(tally)
    }

    /// Closes circles and gives everything in the order in which it can be applied.
    #[must_use]
    pub fn finish(mut self) -> ChangeSet {
        self.close_circles();
        let deletes = std::mem::take(&mut self.set.deletes);
        self.set.changes.extend(deletes);
        self.set
    }

    pub(crate) fn check(&self, table: TableId, row: &LocalRow) -> Result<(), DiffError> {
        pair::check(&self.rules[table], &row.cells)
    }

    /// Takes one pair in; gives back a shadow row that is gone. `named`: the natural key says that they belong together.
    fn pair(&mut self, table: TableId, pair: Pair, named: bool, tally: &mut Tally) -> Option<ShadowRow> {
        let (row, shadow) = match pair {
            Pair::Gone(shadow) => return Some(shadow),
            Pair::New(row) => (row, None),
            Pair::Both(row, shadow) => (row, Some(shadow)),
        };
        tally.read += 1;
        let id = row.id.clone();
        let Some((cells, later)) = self.translate(table, row) else {
            tally.set_aside += 1;
            match shadow {
                Some(shadow) if self.fell(table, &shadow) => self.delete(table, &shadow, tally),
                Some(shadow) => self.know(table, id, shadow.gid),
                None => {}
            }
            return None;
        };
        let Some(shadow) = shadow else {
            self.insert(table, id, cells, later);
            tally.new += 1;
            return None;
        };
        let rules = &self.rules[table];
        let updated = || {
            self.in_place.contains(&(table, id.clone()))
                && Identity::of(rules, &shadow.cells, &cells) != Identity::Different
        };
        let is_known = named || updated();
        let same = if is_known || agree(&shadow.cells, &cells) {
            Sameness::Same
        } else {
            sameness(rules, &shadow.cells, &cells)
        };
        if same == Sameness::Same {
            let changed = self.update(table, id, &shadow, cells);
            self.defer(table, shadow.gid, shadow.rev, Some(&shadow.cells), later);
            if changed {
                tally.changed += 1;
            } else {
                tally.unchanged += 1;
            }
            return None;
        }
        let now = self.insert(table, id.clone(), cells, later);
        tally.new += 1;
        let kept_both = same == Sameness::Unsure;
        self.set.doubts.push(Doubt { table, id, before: shadow.gid, now, kept_both });
        tally.missing += usize::from(kept_both);
        (!kept_both).then_some(shadow)
    }

    pub(crate) fn insert(
        &mut self,
        table: TableId,
        id: LocalId,
        cells: Cells,
        later: Vec<(ColumnId, Value)>,
    ) -> Gid {
        let gid = self.mint.gid();
        self.know(table, id.clone(), gid);
        self.set.learned.push((table, id, gid));
        self.push(table, gid, Rev(0), Action::Insert(cells));
        self.defer(table, gid, Rev(0), None, later);
        gid
    }

    /// Whether anything changed.
    fn update(&mut self, table: TableId, id: LocalId, shadow: &ShadowRow, cells: Cells) -> bool {
        if id != shadow.id {
            self.set.learned.push((table, id.clone(), shadow.gid));
        }
        self.know(table, id, shadow.gid);
        let edits = self.edits(&shadow.cells, cells);
        let changed = !edits.is_empty();
        if changed {
            self.push(table, shadow.gid, shadow.rev, Action::Update(edits));
        }
        changed
    }

    /// A reference that became NULL because its target was deleted is the deletion's doing, not a change of the row.
    fn edits(&self, before: &Cells, now: Cells) -> Vec<Edit> {
        let cells = before.iter().zip(now).enumerate();
        let changed = cells.filter_map(|(at, (base, value))| {
            let value = value?;
            let emptied =
                || value.is_null() && base.as_ref().and_then(Gid::of).is_some_and(|g| self.gone.contains(&g));
            let changed = base.as_ref() != Some(&value) && !emptied();
            changed.then(|| Edit { column: ColumnId(at), base: base.clone(), value })
        });
        changed.collect()
    }

    pub(crate) fn push(&mut self, table: TableId, gid: Gid, base: Rev, action: Action) {
        let stamp = self.mint.stamp();
        self.set.changes.push(Change { table, gid, stamp, base, age: self.age, action });
    }

    /// What needs a row that was deleted went with it, whether or not that was noted: so everything that the hub will
    /// take out is counted and told.
    fn gone(&mut self, table: TableId, rows: Vec<ShadowRow>, deletes: Deletes<'_>, tally: &mut Tally) {
        let evident = |row: &ShadowRow| match deletes {
            Deletes::Never => false,
            Deletes::Absent => true,
            Deletes::Noted(ids) => ids.contains(&row.id),
        };
        self.gone.extend(rows.iter().map(|row| row.gid));
        self.deleted.extend(rows.iter().filter(|row| evident(row)).map(|row| row.gid));
        for row in rows {
            if self.deleted.contains(&row.gid) || self.fell(table, &row) {
                self.delete(table, &row, tally);
            } else {
                tally.missing += 1;
            }
        }
    }

    fn fell(&self, table: TableId, row: &ShadowRow) -> bool {
        self.deleted_parent(table, row).is_some()
    }

    fn delete(&mut self, table: TableId, row: &ShadowRow, tally: &mut Tally) {
        tally.deleted += 1;
        self.deleted.insert(row.gid);
        let action = Action::Delete { with: self.deleted_parent(table, row) };
        let stamp = self.mint.stamp();
        self.set.deletes.push(Change { table, gid: row.gid, stamp, base: row.rev, age: Age::Known, action });
    }
}

/// Whether a row says nothing else than the shadow, as far as its columns are known.
fn agree(before: &Cells, now: &Cells) -> bool {
    before.iter().zip(now).all(|(before, now)| now.is_none() || before == now)
}
