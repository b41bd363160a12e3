//! An office PC: the old program, its file, and the agent's side of it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use agent::office::{Clockwork, Office};
use merge::{Kept, Rules, TableId};
use model::{Gid, Value};
use replica::wire::Push;
use rusqlite::Connection;
use testkit::office::{Desktop, Generation, Moment, Shape, Size, generate};

use crate::town::{NOW_MS, Town, welcome};

pub struct Pc {
    pub desktop: Desktop,
    pub site: u32,
    pub rules: Rules,
    random: Arc<AtomicU64>,
    folder: Arc<tempfile::TempDir>,
}

/// What a row says, whatever its number: references as what their rows say.
pub type Said = BTreeMap<String, u32>;

impl Pc {
    /// With an empty file of the program's.
    pub fn new(site: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("puantaj çalışma.db");
        Connection::open(&path).unwrap().execute_batch(testkit::office::LEGACY_SCHEMA).unwrap();
        Self::at(site, Arc::new(folder), &path)
    }

    /// With a generated file.
    pub fn with(site: u32, size: Size) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("puantaj.db");
        let office = testkit::office::Office { shape: Shape::Live, size, region: "Ankara", seed: 3 };
        generate(&path, &office).unwrap();
        Self::at(site, Arc::new(folder), &path)
    }

    fn at(site: u32, folder: Arc<tempfile::TempDir>, path: &Path) -> Self {
        let desktop = Desktop::start(path, Generation::D2, "Ankara", Moment::USUAL).unwrap();
        let rules = crate::hub::rainstaff();
        Self { desktop, site, rules, random: Arc::new(AtomicU64::new(u64::from(site) << 32)), folder }
    }

    /// The same PC with another token.
    pub fn of_site(self, site: u32) -> Self {
        Self { site, ..self }
    }

    /// Another PC with a copy of the file, as it is.
    pub fn copied(&self, site: u32) -> Self {
        let path = self.folder.path().join(format!("copy {site}.db"));
        std::fs::copy(self.path(), &path).unwrap();
        Self::at(site, Arc::clone(&self.folder), &path)
    }

    pub fn path(&self) -> &Path {
        self.desktop.path()
    }

    pub fn backup(&self) -> PathBuf {
        let path = self.folder.path().join("backup.db");
        std::fs::copy(self.path(), &path).unwrap();
        path
    }

    pub fn restore(&self, backup: &Path) {
        std::fs::copy(backup, self.path()).unwrap();
    }

    pub fn clock(&self) -> Clockwork {
        let random = Arc::clone(&self.random);
        let random = move |bytes: &mut [u8]| {
            let next = random.fetch_add(1, Ordering::Relaxed).to_le_bytes();
            bytes.iter_mut().zip(next).for_each(|(byte, next)| *byte = next);
        };
        Clockwork { now_ms: NOW_MS, offset_ms: 0, random: Arc::new(random) }
    }

    pub async fn office(&self) -> Office {
        Office::open(self.path(), &self.rules).await.unwrap()
    }

    pub async fn standing(&self) -> agent::office::Standing {
        self.office().await.standing().await.unwrap()
    }

    /// Meets the hub, if that was not done.
    pub async fn meet(&self, town: &mut Town) {
        let mut office = self.office().await;
        office.install().await.unwrap();
        if office.standing().await.unwrap().hub.is_none() {
            let copy = office.copy().await.unwrap();
            let met = town.meet(self.site, &copy);
            office.adopt(&copy, (&welcome("town", self.site, "Ankara"), &met), &self.clock()).await.unwrap();
        }
    }

    /// Rows that wait, for messages of tests.
    pub async fn late(&self) -> Vec<replica::wire::Row> {
        let connection = Connection::open(self.path()).unwrap();
        let mut statement = connection.prepare("select row_bytes from denk_late").unwrap();
        let rows = statement.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
        rows.map(|bytes| replica::wire::unpack(&bytes.unwrap(), 1 << 20).unwrap()).collect()
    }

    pub async fn push(&self, town: &mut Town) {
        while self.push_once(town).await.is_some() {}
    }

    pub async fn push_once(&self, town: &mut Town) -> Option<Push> {
        let mut office = self.office().await;
        let push = office.prepare(&self.clock()).await.unwrap()?;
        let pushed = town.push(self.site, &push);
        office.settle(&pushed).await.unwrap();
        Some(push)
    }

    pub async fn pull(&self, town: &Town) {
        let mut office = self.office().await;
        loop {
            let page = town.pull(office.standing().await.unwrap().cursor);
            office.apply(&page).await.unwrap();
            if !page.more {
                return;
            }
        }
    }

    pub async fn cycle(&self, town: &mut Town) {
        self.meet(town).await;
        self.push(town).await;
        self.pull(town).await;
    }

    pub fn sql(&self, sql: &str) {
        let connection = Connection::open(self.path()).unwrap();
        connection.execute_batch("pragma foreign_keys = on; pragma synchronous = off").unwrap();
        connection.execute_batch(sql).unwrap();
    }

    pub fn ask(&self, sql: &str) -> String {
        let connection = Connection::open(self.path()).unwrap();
        let mut statement = connection.prepare(sql).unwrap();
        let width = statement.column_count();
        let rows = statement.query_map([], |row| {
            let cells = (0..width).map(|at| row.get::<_, rusqlite::types::Value>(at));
            cells.collect::<rusqlite::Result<Vec<_>>>()
        });
        let shown = rows.unwrap().map(|row| {
            let cells = row.unwrap().into_iter().map(|cell| match cell {
                rusqlite::types::Value::Null => "null".to_owned(),
                rusqlite::types::Value::Integer(number) => number.to_string(),
                rusqlite::types::Value::Real(number) => number.to_string(),
                rusqlite::types::Value::Text(text) => text,
                rusqlite::types::Value::Blob(bytes) => format!("{bytes:?}"),
            });
            cells.collect::<Vec<_>>().join("|")
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    /// All rows that the hub merges.
    pub fn says(&self) -> Said {
        let copy = self.folder.path().join(format!("said {}.db", self.site));
        std::fs::copy(self.path(), &copy).unwrap();
        let connection = Connection::open(&copy).unwrap();
        let mut rows = BTreeMap::new();
        for (table, rules) in self.rules.tables().filter(|(_, rules)| rules.kept == Kept::Merged) {
            let columns: Vec<&str> = rules.columns.iter().map(|column| column.name.as_str()).collect();
            let sql = format!("select id, {} from {}", columns.join(", "), rules.name);
            let mut statement = connection.prepare(&sql).unwrap();
            let read = statement.query_map([], |row| {
                let cells = (1..=columns.len()).map(|at| row.get::<_, rusqlite::types::Value>(at));
                Ok((row.get::<_, i64>(0)?, cells.collect::<rusqlite::Result<Vec<_>>>()?))
            });
            for row in read.unwrap() {
                let (id, cells) = row.unwrap();
                rows.insert(
                    (table, id.to_string()),
                    cells.into_iter().map(|cell| format!("{cell:?}")).collect(),
                );
            }
        }
        let target = |cell: &str| cell.strip_prefix("Integer(").map(|id| id.trim_end_matches(')').to_owned());
        said(&self.rules, &rows, &target)
    }
}

type Rows = BTreeMap<(TableId, String), Vec<String>>;

fn said(rules: &Rules, rows: &Rows, target: &dyn Fn(&str) -> Option<String>) -> Said {
    fn show(
        rules: &Rules,
        rows: &Rows,
        target: &dyn Fn(&str) -> Option<String>,
        at: &(TableId, String),
    ) -> String {
        let Some(cells) = rows.get(at) else { return "nothing".to_owned() };
        let mut shown = vec![rules[at.0].name.clone()];
        for (column, cell) in rules[at.0].columns.iter().zip(cells) {
            let named = column.reference.zip(target(cell));
            shown.push(named.map_or_else(
                || cell.clone(),
                |(to, id)| format!("({})", show(rules, rows, target, &(to.table, id))),
            ));
        }
        shown.join(",")
    }
    let mut said = Said::new();
    for at in rows.keys() {
        *said.entry(show(rules, rows, target, at)).or_default() += 1;
    }
    said
}

/// All rows that live at the hub, as a file would say them.
pub fn town_says(town: &Town) -> Said {
    let cell = |cell: &Option<Value>| match cell {
        None | Some(Value::Null) => "Null".to_owned(),
        Some(Value::Int(number)) => format!("Integer({number})"),
        Some(Value::Real(number)) => format!("Real({number:?})"),
        Some(Value::Text(text)) => format!("Text({text:?})"),
        Some(other) => format!("gid {}", Gid::of(other).unwrap()),
    };
    let rows = town.hub.data().into_iter();
    let rows = rows.map(|(gid, (table, cells))| ((table, gid.to_string()), cells.iter().map(cell).collect()));
    said(&town.rules, &rows.collect(), &|cell| cell.strip_prefix("gid ").map(str::to_owned))
}
