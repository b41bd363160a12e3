//! What is promised about office files: read, handed out, compared.
#![allow(clippy::unwrap_used, reason = "tests may panic, and so may their helpers")]

mod compare;
mod desktop;
mod handout;
mod office;
mod survive;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use database::untrusted::{self, Limits};
use merge::{Cells, Kept, LocalId, LocalRow, Rules, TableId};
use model::Value;
use replica::{
    handout::{Blank, Contents, write},
    office_file::{self, OfficeFile, OwnTable, Refused},
};
use rusqlite::Connection;
use testkit::office::{LEGACY_SCHEMA, Office, Shape, Size};

pub const TAG: &str = "0190-çok-özel";

/// A folder with files in it.
pub(crate) struct Lab {
    pub rules: Rules,
    folder: tempfile::TempDir,
}

/// What goes into a hand-out, owned.
#[derive(Clone, Default)]
pub(crate) struct Parcel {
    pub merged: BTreeMap<TableId, Vec<LocalRow>>,
    pub own: BTreeMap<TableId, OwnTable>,
    pub last_ids: BTreeMap<TableId, i64>,
}

impl Lab {
    pub fn new() -> Self {
        let rules = include_str!("../../../../presets/rainstaff/tables.toml");
        Self { rules: merge::read(rules).unwrap(), folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn table(&self, name: &str) -> TableId {
        self.rules.table(name).unwrap()
    }

    pub fn generate(&self, name: &str, shape: Shape, size: Size) -> PathBuf {
        let path = self.path(name);
        testkit::office::generate(&path, &Office { shape, size, region: "Izmir", seed: 17 }).unwrap();
        path
    }

    /// Makes a file by a script.
    pub fn script(&self, name: &str, sql: &str) -> PathBuf {
        let path = self.path(name);
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        path
    }

    pub fn read(&self, path: &Path) -> OfficeFile {
        self.try_read(path).unwrap()
    }

    pub fn try_read(&self, path: &Path) -> Result<OfficeFile, Refused> {
        let upload = untrusted::inspect(path, &Limits::default(), || Duration::ZERO)?;
        office_file::read(upload, &self.rules)
    }

    /// Fits all rows, writes them to `name`, and checks what must hold for every hand-out.
    pub fn hand_out(&self, name: &str, parcel: &mut Parcel) -> PathBuf {
        let path = self.path(name);
        run(async {
            let blank = Blank::of(LEGACY_SCHEMA, self.folder()).await.unwrap();
            parcel.fit(&self.rules, &blank);
            write(&path, &blank, &self.rules, parcel.contents()).await.unwrap();
        });
        assert!(is_sound(&path));
        path
    }

    /// Cells of a row; what is not named is unknown.
    pub fn cells(&self, table: TableId, values: &[(&str, Value)]) -> Cells {
        let mut cells = vec![None; self.rules[table].columns.len()];
        for (name, value) in values {
            cells[self.rules[table].column(name).unwrap().0] = Some(value.clone());
        }
        cells
    }

    pub fn merged(&self) -> impl Iterator<Item = TableId> {
        self.rules.tables().filter(|(_, rule)| rule.kept == Kept::Merged).map(|(table, _)| table)
    }
}

impl Parcel {
    pub fn of(file: &OfficeFile) -> Self {
        Self { merged: file.merged.clone(), own: file.own.clone(), last_ids: BTreeMap::new() }
    }

    /// Returns how many cells the file cannot hold.
    pub fn fit(&mut self, rules: &Rules, blank: &Blank) -> usize {
        let rows = self.merged.iter_mut().flat_map(|(table, rows)| rows.iter_mut().map(|row| (*table, row)));
        rows.map(|(table, row)| blank.fit(&rules[table], &mut row.cells).len()).sum()
    }

    pub fn contents(&self) -> Contents<'_> {
        Contents { tag: TAG, merged: &self.merged, own: &self.own, last_ids: &self.last_ids }
    }

    pub fn add(&mut self, table: TableId, id: i64, cells: Cells) {
        self.merged.entry(table).or_default().push(LocalRow { id: LocalId::Int(id), cells });
    }
}

/// A size with something in every table.
pub fn everything() -> Size {
    Size { vehicles: 4, drivers: 3, faults: 6, inspections: 8, service_visits: 4, ..Size::small() }
}

pub fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

pub fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// The first column of a query, as text.
pub fn list(path: &Path, sql: &str) -> Vec<String> {
    let conn = Connection::open(path).unwrap();
    let mut statement = conn.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get::<_, Option<String>>(0)).unwrap();
    rows.map(|row| row.unwrap().unwrap_or_default()).collect()
}

pub fn one(path: &Path, sql: &str) -> String {
    list(path, sql).pop().unwrap_or_default()
}

/// Nothing is broken, no child is without its parent, and the file is of the old program's own making.
pub fn is_sound(path: &Path) -> bool {
    let pragma = |name: &str| one(path, &format!("select cast((select * from pragma_{name}) as text)"));
    assert_eq!(list(path, "pragma integrity_check"), ["ok"]);
    assert_eq!(one(path, "select cast(count(*) as text) from pragma_foreign_key_check"), "0");
    for (name, value) in
        [("user_version", "0"), ("page_size", "4096"), ("journal_mode", "delete"), ("encoding", "UTF-8")]
    {
        assert_eq!(pragma(name), value, "{name}");
    }
    true
}
