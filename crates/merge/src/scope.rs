//! The part of the hub's rows that a batch touches.
//!
//! The hub asks [`Scope::wants`], loads what it names inside its transaction, hands it over with [`Scope::supply`] and
//! asks again until nothing is wanted: a few rounds, as deep as the tables refer to each other. Then it merges change by
//! change, and writes [`Scope::take_changed`] back.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use model::{Gid, Rev, SiteId, Value};

use crate::{Cause, Cells, ColumnId, Owner, Rules, Stored, TableId, Written, natural_key, region};

/// Rows that must be known before a batch can be merged. Dead rows count everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Want {
    /// The row of this identity.
    Row(TableId, Gid),
    /// All rows that refer to this one.
    Referring(TableId, Gid),
    /// All rows that are dead, or of which a cell is empty, because this one is dead ([`Cause::With`],
    /// [`Mark::emptied`](crate::Mark)).
    Fallen(Gid),
    /// All rows of the table with this natural key.
    Named(TableId, Vec<Value>),
}

/// Rows in hand.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    rows: HashMap<Gid, Arc<Stored>>,
    asked: HashSet<Want>,
    referring: HashMap<Gid, BTreeSet<(TableId, ColumnId, Gid)>>,
    fallen: HashMap<Gid, BTreeSet<Gid>>,
    named: HashMap<(TableId, Vec<Value>), BTreeSet<Gid>>,
    /// Rows changed since the last take, as they were before (`None`: not there).
    changed: BTreeMap<Gid, Option<Arc<Stored>>>,
    /// Rows that the change at hand changed, as they were before it.
    touched: BTreeMap<Gid, Option<Arc<Stored>>>,
}

impl Scope {
    /// Hands over what a want asked for; nothing is an answer too.
    pub fn supply(&mut self, rules: &Rules, want: Want, rows: impl IntoIterator<Item = Stored>) {
        for row in rows {
            if !self.rows.contains_key(&row.gid) {
                self.index(rules, &row, true);
                self.asked.insert(Want::Row(row.table, row.gid));
                self.rows.insert(row.gid, Arc::new(row));
            }
        }
        self.asked.insert(want);
    }

    #[must_use]
    pub(crate) fn has(&self, want: &Want) -> bool {
        self.asked.contains(want)
    }

    #[must_use]
    pub fn row(&self, gid: Gid) -> Option<&Stored> {
        self.rows.get(&gid).map(AsRef::as_ref)
    }

    /// Everything in hand, in no order.
    pub fn rows(&self) -> impl Iterator<Item = &Stored> {
        self.rows.values().map(AsRef::as_ref)
    }

    #[must_use]
    pub fn living(&self, gid: Gid) -> Option<&Stored> {
        self.row(gid).filter(|row| row.lives())
    }

    /// The row that goes by this identity today.
    #[must_use]
    pub fn today(&self, mut gid: Gid) -> Gid {
        while let Some(next) = self.row(gid).and_then(Stored::became) {
            gid = next;
        }
        gid
    }

    /// Whose a row with these cells is.
    #[must_use]
    pub fn owner(&self, rules: &Rules, table: TableId, cells: &Cells) -> Owner {
        region::owner(rules, table, cells, &|_, gid| Some(&self.row(self.today(gid))?.cells))
    }

    /// Columns of living rows that hold this row.
    #[must_use]
    pub fn referring(&self, gid: Gid) -> Vec<(TableId, ColumnId, Gid)> {
        let found = self.referring.get(&gid).into_iter().flatten().copied();
        found.filter(|(_, _, from)| self.living(*from).is_some()).collect()
    }

    /// Columns of any rows, dead ones too, that hold this row.
    pub(crate) fn referring_all(&self, gid: Gid) -> Vec<(TableId, ColumnId, Gid)> {
        self.referring.get(&gid).into_iter().flatten().copied().collect()
    }

    pub(crate) fn fallen(&self, gid: Gid) -> Vec<Gid> {
        self.fallen.get(&gid).into_iter().flatten().copied().collect()
    }

    /// Rows of this natural key, dead ones too, but none that became another.
    #[must_use]
    pub fn named(&self, table: TableId, key: &[Value]) -> Vec<Gid> {
        let found = self.named.get(&(table, key.to_vec())).into_iter().flatten().copied();
        found.collect()
    }

    /// Puts a row into its new state.
    pub(crate) fn put(&mut self, rules: &Rules, row: Stored) {
        let before = self.rows.remove(&row.gid);
        if let Some(before) = &before {
            self.index(rules, before, false);
        }
        self.index(rules, &row, true);
        self.touched.entry(row.gid).or_insert(before);
        self.rows.insert(row.gid, Arc::new(row));
    }

    /// Notes that the site worked on the row, or on what needs it. Nothing by which a row is found changes, and of what it
    /// was before, the first is kept.
    pub(crate) fn note_work(&mut self, gid: Gid, site: SiteId, rev: Rev) {
        let Some(row) = self.rows.get_mut(&gid) else { return };
        if !self.changed.contains_key(&gid) {
            self.touched.entry(gid).or_insert_with(|| Some(Arc::clone(row)));
        }
        Arc::make_mut(row).heard.entry(site).or_default().wrote = rev;
    }

    /// Ends the change at hand: rows that it gave a new state, by gid. Bookkeeping that no site can see is left out.
    pub(crate) fn written(&mut self, rev: Rev) -> Vec<Written> {
        let mut written = Vec::new();
        for (gid, before) in std::mem::take(&mut self.touched) {
            if let Some(after) = self.rows.get(&gid).filter(|after| after.rev == rev) {
                written.push(Written { before: before.clone(), after: Arc::clone(after) });
            }
            self.changed.entry(gid).or_insert(before);
        }
        written
    }

    /// Rows as they are now, of everything merged since the last call, each with what it was before.
    ///
    /// **Order**: by gid.
    pub fn take_changed(&mut self) -> Vec<Written> {
        let changed = std::mem::take(&mut self.changed).into_iter();
        changed
            .filter_map(|(gid, before)| Some(Written { before, after: Arc::clone(self.rows.get(&gid)?) }))
            .collect()
    }

    fn index(&mut self, rules: &Rules, row: &Stored, add: bool) {
        let rule = &rules[row.table];
        if row.became().is_some() {
            return;
        }
        for (column, _) in rule.references() {
            if let Some(target) = row.cells[column.0].as_ref().and_then(Gid::of) {
                enter(&mut self.referring, target, (row.table, column, row.gid), add);
            }
            if let Some(target) = row.marks[column.0].emptied {
                enter(&mut self.fallen, target, row.gid, add);
            }
        }
        if let Some(Cause::With(parent)) = row.dead.map(|dead| dead.cause) {
            enter(&mut self.fallen, parent, row.gid, add);
        }
        if let Some(key) = natural_key(rule, &row.cells) {
            enter(&mut self.named, (row.table, key), row.gid, add);
        }
    }
}

fn enter<K: std::hash::Hash + Eq, V: Ord>(index: &mut HashMap<K, BTreeSet<V>>, key: K, value: V, add: bool) {
    if add {
        index.entry(key).or_default().insert(value);
    } else if let Some(found) = index.get_mut(&key) {
        found.remove(&value);
    }
}
