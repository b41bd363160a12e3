//! An office that works on its own copy and notes what it changes, as a comparison of its file would.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use merge::{Action, Age, Author, Cells, Change, ColumnId, Edit, OnDelete, Region, Rules, TableId};
use model::{Gid, Rev, SiteId, Stamp, Value};
use proptest::prelude::*;

use crate::hub::{Hub, text};

const REGIONS: [&str; 2] = ["Ankara", "Bursa"];

/// Something that a person does. Numbers pick a row out of those that are there.
#[derive(Clone, Debug)]
pub enum Op {
    /// Never a name that the site knew before.
    Insert(usize, usize),
    /// Perhaps a name that the site had deleted.
    Reenter(usize, usize),
    Update(usize, usize),
    /// To one of few values, so that sites agree by chance.
    Same(usize, usize),
    /// Sets a reference that may be NULL.
    Refer(usize, usize),
    /// Gives a row another parent.
    Move(usize, usize),
    Delete(usize),
}

/// Everything that people do.
pub fn any_op() -> impl Strategy<Value = Op> {
    let again = (0_usize..64, 0_usize..64).prop_map(|(a, b)| Op::Reenter(a, b));
    prop_oneof![8 => edit(), 1 => again, 2 => moving(), 2 => deletion()]
}

/// All but giving rows other parents.
pub fn without_moves() -> impl Strategy<Value = Op> {
    prop_oneof![2 => edit(), 1 => deletion()]
}

/// All but deleting.
pub fn without_deletions() -> impl Strategy<Value = Op> {
    prop_oneof![2 => edit(), 1 => moving()]
}

fn edit() -> impl Strategy<Value = Op> {
    let two = || (0_usize..64, 0_usize..64);
    prop_oneof![
        3 => two().prop_map(|(a, b)| Op::Insert(a, b)),
        3 => two().prop_map(|(a, b)| Op::Update(a, b)),
        1 => two().prop_map(|(a, b)| Op::Same(a, b)),
        2 => two().prop_map(|(a, b)| Op::Refer(a, b)),
    ]
}

fn moving() -> impl Strategy<Value = Op> {
    (0_usize..64, 0_usize..64).prop_map(|(a, b)| Op::Move(a, b))
}

fn deletion() -> impl Strategy<Value = Op> {
    (0_usize..64).prop_map(Op::Delete)
}

pub struct Office<'a> {
    rules: &'a Rules,
    pub author: Author,
    /// What its file shows: a file that was tampered with shows everything.
    sees: Region,
    /// Whether rows refer only to rows of their own region.
    apart: bool,
    rows: BTreeMap<Gid, (TableId, Rev, Cells)>,
    changes: Vec<Change>,
    stamps: u32,
    pub written: Vec<Value>,
    /// Values that it had before its eyes when it wrote others or deleted them.
    pub replaced: Vec<Value>,
    /// Natural keys that were ever seen here.
    names: BTreeSet<Vec<Value>>,
}

/// Who made the rows that all have seen.
const SEED: u32 = 9;

const TABLES: [&str; 5] = ["employees", "timesheets", "vehicles", "vehicle_faults", "vehicle_inspections"];

/// Two of each table, made by headquarters.
pub fn seed(rules: &Rules) -> Hub {
    let mut hub = Hub::default();
    let mut maker = Office::new(rules, SEED, Region::All).apart();
    for at in 0..10 {
        maker.work(&Op::Insert(at / 2, at), at);
    }
    let changes = maker.take();
    for outcome in hub.take(rules, &maker.author, &changes) {
        assert_eq!(outcome.verdict, merge::Verdict::Applied);
    }
    hub
}

/// What a change writes.
pub fn values(change: &Change) -> Vec<Value> {
    match &change.action {
        Action::Insert(cells) => cells.iter().flatten().cloned().collect(),
        Action::Update(edits) => edits.iter().map(|edit| edit.value.clone()).collect(),
        Action::Delete { .. } => Vec::new(),
    }
}

/// The employee that a change gives a timesheet.
pub fn parent_said(rules: &Rules, change: &Change) -> Option<Value> {
    let column = rules[change.table].column("employee_id")?;
    match &change.action {
        Action::Insert(cells) => cells[column.0].clone(),
        Action::Update(edits) => {
            edits.iter().find(|edit| edit.column == column).map(|edit| edit.value.clone())
        }
        Action::Delete { .. } => None,
    }
}

fn rules_region<'c>(rules: &merge::TableRules, cells: &'c Cells) -> Option<&'c Value> {
    cells[rules.column("region")?.0].as_ref()
}

impl<'a> Office<'a> {
    pub fn new(rules: &'a Rules, site: u32, region: Region) -> Self {
        let author = Author::new(SiteId(site), region, Rev(0));
        let (rows, changes, written, replaced, names) = Default::default();
        let sees = Region::All;
        Self { rules, author, sees, apart: false, rows, changes, stamps: 0, written, replaced, names }
    }

    /// With a file as the hub hands it out, and rows that stay in their region.
    pub fn apart(mut self) -> Self {
        (self.sees, self.apart) = (self.author.region.clone(), true);
        self
    }

    /// What was done since the last time.
    pub fn take(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// Takes the hub's file.
    pub fn download(&mut self, hub: &Hub) {
        let seen = hub.rows.values().filter(|row| row.lives() && self.sees.sees(&hub.owner(self.rules, row)));
        let mut next: Vec<Gid> = seen.map(|row| row.gid).collect();
        self.rows.clear();
        while let Some(gid) = next.pop() {
            let row = &hub.rows[&gid];
            let needed =
                self.rules[row.table].references().filter(|(_, to)| to.on_delete == OnDelete::Cascade);
            next.extend(needed.filter_map(|(column, _)| Gid::of(row.cells[column.0].as_ref()?)));
            self.names.extend(merge::natural_key(&self.rules[row.table], &row.cells));
            self.rows.insert(gid, (row.table, row.rev, row.cells.clone()));
        }
        self.author.seen = hub.rev;
    }

    /// Stays with its own file after an upload: what stands there as at the hub was seen.
    pub fn keep(&mut self, hub: &Hub) {
        for (gid, (table, rev, mut cells)) in std::mem::take(&mut self.rows) {
            for cell in cells.iter_mut().flatten() {
                if let Some(target) = Gid::of(cell) {
                    *cell = hub.today(target).into();
                }
            }
            let equal = hub.rows.get(&hub.today(gid)).filter(|row| row.lives() && row.cells == cells);
            let rev = equal.map_or(rev, |row| row.rev);
            self.rows.entry(hub.today(gid)).or_insert((table, rev, cells));
        }
    }

    /// Does the `at`th thing that is done anywhere.
    pub fn work(&mut self, op: &Op, at: usize) {
        // What a site has seen has an older stamp than what it does: its clock follows the hub's.
        let start = if self.author.site == SiteId(SEED) { 0 } else { 1_000 };
        let wall = start + i64::try_from(at).unwrap() * 10;
        match op {
            Op::Insert(table, pick) => self.insert(TABLES[table % TABLES.len()], *pick, wall, false),
            Op::Reenter(table, pick) => self.insert(TABLES[table % TABLES.len()], *pick, wall, true),
            Op::Update(row, column) => {
                self.update(*row, *column, wall, &format!("text {at} of {}", self.author.site));
            }
            Op::Same(row, column) => self.update(*row, *column, wall, "agreed"),
            Op::Refer(row, to) => self.refer(*row, *to, wall, OnDelete::SetNull),
            Op::Move(row, to) => self.refer(*row, *to, wall, OnDelete::Cascade),
            Op::Delete(row) => self.delete(*row, wall),
        }
    }

    fn stamp(&self, wall: i64) -> Stamp {
        Stamp { wall_ms: wall, counter: self.stamps, site: self.author.site }
    }

    fn push(&mut self, table: TableId, gid: Gid, base: Rev, wall: i64, action: Action) {
        self.stamps += 1;
        let stamp = self.stamp(wall);
        self.changes.push(Change { table, gid, stamp, base, age: Age::Known, action });
    }

    /// A row to refer to from one of this region.
    fn of_table(&self, table: TableId, pick: usize, region: Option<&Value>) -> Option<Gid> {
        let near = |row: &&(TableId, Rev, Cells)| {
            !self.apart || self.rules[table].column("region").is_none_or(|at| row.2[at.0].as_ref() == region)
        };
        let rows = self.rows.iter().filter(|(_, row)| row.0 == table && near(row));
        let rows: Vec<_> = rows.map(|(gid, _)| *gid).collect();
        (!rows.is_empty()).then(|| rows[pick % rows.len()])
    }

    fn insert(&mut self, table: &str, pick: usize, wall: i64, again: bool) {
        let id = self.rules.table(table).unwrap();
        let rules = &self.rules[id];
        let mut cells: Cells = vec![None; rules.columns.len()];
        let region = text(REGIONS[pick % 2]);
        for column in rules.column_ids() {
            let value = match rules[column].reference {
                Some(reference) => {
                    self.of_table(reference.table, pick / 2, Some(&region)).map_or(Value::Null, Value::from)
                }
                None if rules[column].name == "region" => region.clone(),
                None if rules[column].name == "plate" => text(&format!("34 T {}", pick % 3)),
                None => text(&format!("{} {wall} of {}", rules[column].name, self.author.site)),
            };
            if value.is_null() && rules[column].not_null {
                return;
            }
            cells[column.0] = Some(value);
        }
        if let Some(key) = merge::natural_key(rules, &cells) {
            let bears = |row: &(TableId, Rev, Cells)| {
                let named = row.0 == id && merge::natural_key(rules, &row.2).as_ref() == Some(&key);
                named && rules_region(rules, &row.2) == rules_region(rules, &cells)
            };
            let new = self.names.insert(key.clone());
            if self.rows.values().any(bears) || !new && !again {
                return;
            }
        }
        let number = (u128::from(self.author.site.0) << 32) + u128::try_from(wall).unwrap();
        let new = Gid::new(1_700_000_000_000, number);
        self.written.extend(cells.iter().flatten().filter(|v| v.to_string().contains(" of ")).cloned());
        self.rows.insert(new, (id, Rev(0), cells.clone()));
        self.push(id, new, Rev(0), wall, Action::Insert(cells));
    }

    fn pick(&self, pick: usize) -> Option<Gid> {
        (!self.rows.is_empty()).then(|| *self.rows.keys().nth(pick % self.rows.len()).unwrap())
    }

    fn update(&mut self, row: usize, pick: usize, wall: i64, value: &str) {
        let Some(gid) = self.pick(row) else { return };
        let table = self.rows[&gid].0;
        let rules = &self.rules[table];
        let free = |column: &ColumnId| {
            let rule = &rules[*column];
            rule.reference.is_none() && rule.name != "region" && !rules.natural_key.contains(column)
        };
        let columns: Vec<_> = rules.column_ids().filter(free).collect();
        let column = columns[pick % columns.len()];
        self.written.extend(value.contains(" of ").then(|| text(value)));
        self.set(gid, column, text(value), wall);
    }

    fn refer(&mut self, row: usize, to: usize, wall: i64, kind: OnDelete) {
        let Some(gid) = self.pick(row) else { return };
        let table = self.rows[&gid].0;
        let references = self.rules[table].references().filter(|(_, reference)| reference.on_delete == kind);
        let references: Vec<_> = references.collect();
        let Some((column, reference)) = references.get(to % references.len().max(1)).copied() else { return };
        let region = rules_region(&self.rules[table], &self.rows[&gid].2);
        let target = self.of_table(reference.table, to / 2, region);
        let optional = kind == OnDelete::SetNull;
        match target {
            Some(_) if optional && to.is_multiple_of(3) => self.set(gid, column, Value::Null, wall),
            Some(target) => self.set(gid, column, target.into(), wall),
            None => {}
        }
    }

    fn set(&mut self, gid: Gid, column: ColumnId, value: Value, wall: i64) {
        let (table, rev, cells) = self.rows.get_mut(&gid).unwrap();
        let base = cells[column.0].replace(value.clone());
        let (table, rev) = (*table, *rev);
        if base.as_ref() != Some(&value) {
            self.replaced.extend(base.clone());
            self.push(table, gid, rev, wall, Action::Update(vec![Edit { column, base, value }]));
        }
    }

    /// As a file with foreign keys does it: children go, references become NULL.
    fn delete(&mut self, row: usize, wall: i64) {
        let Some(gid) = self.pick(row) else { return };
        let mut fall = vec![(gid, None)];
        while let Some((gid, with)) = fall.pop() {
            let Some((table, rev, cells)) = self.rows.remove(&gid) else { continue };
            self.replaced.extend(cells.into_iter().flatten());
            self.push(table, gid, rev, wall, Action::Delete { with });
            for (other, (table, _, cells)) in &mut self.rows {
                for (column, reference) in self.rules[*table].references() {
                    if cells[column.0].as_ref().and_then(Gid::of) != Some(gid) {
                        continue;
                    }
                    match reference.on_delete {
                        OnDelete::Cascade => fall.push((*other, Some(gid))),
                        OnDelete::SetNull => cells[column.0] = Some(Value::Null),
                    }
                }
            }
        }
    }
}
