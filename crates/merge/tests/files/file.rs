//! Office files in memory, and the PC that uploads them with its shadow at the hub.

use std::collections::{BTreeMap, HashMap};

use merge::{
    Acquaintance, Author, Cells, ChangeSet, Deletes, FileDiff, Kinship, LocalId, LocalRow, Mint, Outcome,
    Region, Rules, ShadowRow, TableId, insert_order,
};
use model::{Gid, Rev, SiteId, Stamp, Value};

use crate::hub::{Hub, text};

pub const CIRCLE: &str = r#"
guard = { rows = 20, share = 0.2 }
[[table]]
name = "person"
key = "id"
shared = true
columns = [
    { name = "name", type = "text" },
    { name = "team", type = "integer", not_null = true, references = "team", on_delete = "cascade" },
    { name = "mentor", type = "integer", references = "person", on_delete = "set-null" },
]
[[table]]
name = "team"
key = "id"
shared = true
columns = [
    { name = "name", type = "text" },
    { name = "leader", type = "integer", references = "person", on_delete = "set-null" },
]
"#;

/// A file: table -> id -> column -> value. A column that no row has is not there.
#[derive(Clone, Default)]
pub struct File {
    pub tables: BTreeMap<String, BTreeMap<i64, BTreeMap<String, Value>>>,
}

/// One site, with its shadow as the hub keeps it.
#[derive(Clone)]
pub struct Pc {
    site: u32,
    region: Region,
    pub seen: Rev,
    uploads: u32,
    pub shadow: HashMap<TableId, BTreeMap<LocalId, ShadowRow>>,
}

/// Gids and stamps in ascending order.
pub struct Counter {
    site: u32,
    upload: u32,
    next: u32,
}

impl Counter {
    pub const fn new(site: u32, upload: u32) -> Self {
        Self { site, upload, next: 0 }
    }
}

impl Mint for Counter {
    fn gid(&mut self) -> Gid {
        self.next += 1;
        let random = u128::from(self.site) << 60 | u128::from(self.upload) << 40 | u128::from(self.next);
        Gid::new(1_768_000_000_000, random)
    }

    fn stamp(&mut self) -> Stamp {
        self.next += 1;
        Stamp { wall_ms: 1_000 + i64::from(self.upload), counter: self.next, site: SiteId(self.site) }
    }
}

pub fn int(number: i64) -> Value {
    Value::Int(number)
}

/// Two employees, three timesheets, a vehicle with a fault.
pub fn office(region: &str, tag: &str) -> File {
    let mut file = File::default();
    for (id, name) in [(1, "Deniz"), (2, "Umut")] {
        file.put("employees", id, &[("full_name", text(&format!("{name} {tag}"))), ("region", text(region))]);
    }
    for (id, employee) in [(1, 1), (2, 1), (3, 2)] {
        file.timesheet(id, employee, &format!("2026-01-0{id}"), region);
    }
    file.put("vehicles", 1, &[("plate", text(&format!("00 {tag} 1"))), ("region", text(region))]);
    file.put(
        "vehicle_faults",
        1,
        &[("vehicle_id", int(1)), ("title", text("Fren")), ("region", text(region))],
    );
    file
}

pub fn cells(rules: &Rules, table: TableId, values: &[(&str, Value)]) -> Cells {
    let mut cells = vec![None; rules[table].columns.len()];
    for (name, value) in values {
        cells[rules[table].column(name).unwrap().0] = Some(value.clone());
    }
    cells
}

pub fn row(id: i64, cells: Cells) -> LocalRow {
    LocalRow { id: LocalId::Int(id), cells }
}

pub fn shadow_of(id: i64, gid: Gid, cells: Cells) -> ShadowRow {
    ShadowRow { id: LocalId::Int(id), gid, rev: Rev(1), cells }
}

impl File {
    pub fn put(&mut self, table: &str, id: i64, values: &[(&str, Value)]) {
        let row = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        self.tables.entry(table.to_owned()).or_default().insert(id, row);
    }

    pub fn timesheet(&mut self, id: i64, employee: i64, date: &str, region: &str) {
        let values = [
            ("employee_id", Value::Int(employee)),
            ("work_date", text(date)),
            ("start_time", text("08:30")),
            ("end_time", text("17:30")),
            ("break_minutes", Value::Int(60)),
            ("is_special", Value::Int(0)),
            ("notes", text("")),
            ("region", text(region)),
        ];
        self.put("timesheets", id, &values);
    }

    pub fn set(&mut self, table: &str, id: i64, column: &str, value: Value) {
        self.tables.get_mut(table).unwrap().get_mut(&id).unwrap().insert(column.to_owned(), value);
    }

    pub fn remove(&mut self, table: &str, id: i64) {
        self.tables.get_mut(table).unwrap().remove(&id).unwrap();
    }

    pub fn drop_column(&mut self, table: &str, column: &str) {
        self.tables.get_mut(table).unwrap().values_mut().for_each(|row| _ = row.remove(column));
    }

    fn rows(&self, rules: &Rules, table: TableId) -> Option<Vec<LocalRow>> {
        let rows = self.tables.get(&rules[table].name)?.iter();
        let local = |(id, values): (&i64, &BTreeMap<String, Value>)| {
            let values: Vec<_> = values.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
            row(*id, cells(rules, table, &values))
        };
        Some(rows.map(local).collect())
    }
}

impl Pc {
    pub fn new(site: u32, region: &str) -> Self {
        Self { site, region: Region::new(region), seen: Rev(0), uploads: 0, shadow: HashMap::new() }
    }

    /// The same file on another PC.
    pub fn at(self, site: u32, region: &str) -> Self {
        Self { site, region: Region::new(region), ..self }
    }

    /// Its next upload comes long after all that the others have sent.
    pub fn much_later(self) -> Self {
        Self { uploads: 1_000, ..self }
    }

    pub fn gid(&self, rules: &Rules, table: &str, id: i64) -> Gid {
        self.shadow[&rules.table(table).unwrap()][&LocalId::Int(id)].gid
    }

    /// First contact; `relative`: a site whose file this may be a copy of.
    pub fn meet(&mut self, rules: &Rules, hub: &mut Hub, file: &File, relative: Option<&Pc>) -> ChangeSet {
        self.meet_told(rules, hub, file, relative).0
    }

    pub fn meet_told(
        &mut self,
        rules: &Rules,
        hub: &mut Hub,
        file: &File,
        relative: Option<&Pc>,
    ) -> (ChangeSet, Vec<Outcome>) {
        let theirs = |table| relative.and_then(|pc| pc.shadow.get(&table)).cloned().unwrap_or_default();
        let tables: Vec<_> = insert_order(rules).tables;
        let kinship = tables.iter().filter_map(|table| {
            let other = theirs(*table).into_iter().collect();
            Some(Kinship::of(&rules[*table], &file.rows(rules, *table)?, &other))
        });
        let copy = kinship.fold(Kinship::default(), Kinship::and).is_copy();
        self.uploads += 1;
        let mut mint = Counter::new(self.site, self.uploads);
        let mut diff = FileDiff::new(rules, &mut mint);
        for table in tables {
            let Some(rows) = file.rows(rules, table) else { continue };
            let living = hub.rows.values().filter(|row| row.table == table && row.lives());
            let shadow = |row: &merge::Stored| ShadowRow {
                id: LocalId::Int(0),
                gid: row.gid,
                rev: row.rev,
                cells: row.cells.clone(),
            };
            let hub_rows = living.map(shadow).collect();
            let known =
                Acquaintance::new(&rules[table], hub_rows, theirs(table).into_values().collect(), copy);
            diff.meet(table, rows, &known, &self.region).unwrap();
        }
        let set = diff.finish();
        let outcomes = self.settle(rules, hub, &set);
        (set, outcomes)
    }

    pub fn difference(&self, rules: &Rules, file: &File, deletes: Deletes<'_>) -> ChangeSet {
        self.difference_by(rules, file, |_| deletes)
    }

    pub fn difference_by<'d>(
        &self,
        rules: &Rules,
        file: &File,
        deletes: impl Fn(TableId) -> Deletes<'d>,
    ) -> ChangeSet {
        let mut mint = Counter::new(self.site, self.uploads + 1);
        let mut diff = FileDiff::new(rules, &mut mint);
        for table in insert_order(rules).tables {
            let Some(rows) = file.rows(rules, table) else { continue };
            let shadow = self.shadow.get(&table).cloned().unwrap_or_default();
            diff.table(table, rows, shadow.into_values(), deletes(table)).unwrap();
        }
        diff.finish()
    }

    pub fn upload(&mut self, rules: &Rules, hub: &mut Hub, file: &File, deletes: Deletes<'_>) -> ChangeSet {
        self.upload_told(rules, hub, file, deletes).0
    }

    pub fn upload_told(
        &mut self,
        rules: &Rules,
        hub: &mut Hub,
        file: &File,
        deletes: Deletes<'_>,
    ) -> (ChangeSet, Vec<Outcome>) {
        let set = self.difference(rules, file, deletes);
        self.uploads += 1;
        let outcomes = self.settle(rules, hub, &set);
        (set, outcomes)
    }

    /// Merges, and takes what the hub says now as agreed.
    fn settle(&mut self, rules: &Rules, hub: &mut Hub, set: &ChangeSet) -> Vec<Outcome> {
        let author = Author::new(SiteId(self.site), self.region.clone(), self.seen);
        let outcomes = hub.take(rules, &author, &set.changes);
        let mut ids: BTreeMap<Gid, (TableId, LocalId)> = BTreeMap::new();
        let old =
            self.shadow.iter().flat_map(|(t, rows)| rows.iter().map(|(id, row)| (*t, id.clone(), row.gid)));
        for (table, id, gid) in old.chain(set.learned.iter().cloned()) {
            ids.insert(hub.today(gid), (table, id));
        }
        self.shadow.clear();
        for (gid, (table, id)) in ids {
            if let Some(row) = hub.rows.get(&gid).filter(|row| row.lives()) {
                let shadow = ShadowRow { id: id.clone(), gid, rev: row.rev, cells: row.cells.clone() };
                self.shadow.entry(table).or_default().insert(id, shadow);
            }
        }
        outcomes
    }
}
