//! An office that works on its own copy and notes what it changes, as a comparison of its file would.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use merge::{Action, Author, Cells, Change, ColumnId, Edit, OnDelete, Region, Rules, TableId};
use model::{Gid, Rev, SiteId, Stamp, Value};
use proptest::prelude::*;

use crate::hub::{Hub, text};

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
    site: u32,
    rows: BTreeMap<Gid, (TableId, Rev, Cells)>,
    pub changes: Vec<Change>,
    pub written: Vec<Value>,
    /// Natural keys that were ever seen here.
    names: BTreeSet<Vec<Value>>,
}

/// Who made the rows that all have seen.
const SEED: u32 = 9;

const TABLES: [&str; 5] = ["employees", "timesheets", "vehicles", "vehicle_faults", "vehicle_inspections"];

/// Two of each table, made by headquarters.
pub fn seed(rules: &Rules) -> Hub {
    let mut hub = Hub::default();
    let mut maker = Office {
        rules,
        site: SEED,
        rows: BTreeMap::new(),
        changes: Vec::new(),
        written: Vec::new(),
        names: BTreeSet::new(),
    };
    for at in 0..10 {
        maker.work(&Op::Insert(at / 2, at), at);
    }
    let author = Author { site: SiteId(SEED), region: Region::All, seen: Rev(0) };
    for outcome in hub.take(rules, &author, &maker.changes) {
        assert_eq!(outcome.verdict, merge::Verdict::Applied);
    }
    hub
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

impl<'a> Office<'a> {
    pub fn new(rules: &'a Rules, hub: &Hub, site: u32) -> Self {
        let rows = hub.rows.values().map(|row| (row.gid, (row.table, row.rev, row.cells.clone()))).collect();
        let names = hub.rows.values().filter_map(|r| merge::natural_key(&rules[r.table], &r.cells)).collect();
        Self { rules, site, rows, changes: Vec::new(), written: Vec::new(), names }
    }

    /// Does the `at`th thing that is done anywhere.
    pub fn work(&mut self, op: &Op, at: usize) {
        // What a site has seen has an older stamp than what it does: its clock follows the hub's.
        let start = if self.site == SEED { 0 } else { 1_000 };
        let wall = start + i64::try_from(at).unwrap() * 10;
        match op {
            Op::Insert(table, pick) => self.insert(TABLES[table % TABLES.len()], *pick, wall, false),
            Op::Reenter(table, pick) => self.insert(TABLES[table % TABLES.len()], *pick, wall, true),
            Op::Update(row, column) => {
                self.update(*row, *column, wall, &format!("text {at} of {}", self.site));
            }
            Op::Same(row, column) => self.update(*row, *column, wall, "agreed"),
            Op::Refer(row, to) => self.refer(*row, *to, wall, OnDelete::SetNull),
            Op::Move(row, to) => self.refer(*row, *to, wall, OnDelete::Cascade),
            Op::Delete(row) => self.delete(*row, wall),
        }
    }

    fn stamp(&self, wall: i64) -> Stamp {
        let counter = u32::try_from(self.changes.len()).unwrap();
        Stamp { wall_ms: wall, counter, site: SiteId(self.site) }
    }

    fn push(&mut self, table: TableId, gid: Gid, base: Rev, wall: i64, action: Action) {
        let stamp = self.stamp(wall);
        self.changes.push(Change { table, gid, stamp, base, action });
    }

    fn of_table(&self, table: TableId, pick: usize) -> Option<Gid> {
        let rows: Vec<_> = self.rows.iter().filter(|(_, row)| row.0 == table).map(|(gid, _)| *gid).collect();
        (!rows.is_empty()).then(|| rows[pick % rows.len()])
    }

    fn insert(&mut self, table: &str, pick: usize, wall: i64, again: bool) {
        let id = self.rules.table(table).unwrap();
        let rules = &self.rules[id];
        let mut cells: Cells = vec![None; rules.columns.len()];
        for column in rules.column_ids() {
            let value = match rules[column].reference {
                Some(reference) => self.of_table(reference.table, pick).map_or(Value::Null, Value::from),
                None if rules[column].name == "region" => text(["Ankara", "Bursa"][pick % 2]),
                None if rules[column].name == "plate" => text(&format!("34 T {}", pick % 4)),
                None => text(&format!("{} {wall} of {}", rules[column].name, self.site)),
            };
            if value.is_null() && rules[column].not_null {
                return;
            }
            cells[column.0] = Some(value);
        }
        if let Some(key) = merge::natural_key(rules, &cells) {
            let bears = |row: &(TableId, Rev, Cells)| {
                row.0 == id && merge::natural_key(rules, &row.2).as_ref() == Some(&key)
            };
            let new = self.names.insert(key.clone());
            if self.rows.values().any(bears) || !new && !again {
                return;
            }
        }
        let number = (u128::from(self.site) << 32) + u128::try_from(wall).unwrap();
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
        let target = self.of_table(reference.table, to / 2);
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
            self.push(table, gid, rev, wall, Action::Update(vec![Edit { column, base, value }]));
        }
    }

    /// As a file with foreign keys does it: children go, references become NULL.
    fn delete(&mut self, row: usize, wall: i64) {
        let Some(gid) = self.pick(row) else { return };
        let mut fall = vec![(gid, None)];
        while let Some((gid, with)) = fall.pop() {
            let Some((table, rev, _)) = self.rows.remove(&gid) else { continue };
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
