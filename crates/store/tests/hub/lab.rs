//! A store on either database, a clock that stands still unless told, and PCs with the old program on them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use replica::wire::{Pushed, unpack};
use rusqlite::{Connection, types::ValueRef};
use store::{Device, Preset, Receipt, Rejected, Settings, Store};
use tempfile::TempDir;
use testkit::office::{Desktop, Generation, Moment, Office, Shape, Size, generate};

pub const PRESET: Preset = Preset {
    rules: include_str!("../../../../presets/rainstaff/tables.toml"),
    schema: include_str!("../../../../presets/rainstaff/office/schema.sqlite.sql"),
    pages: include_str!("../../../../presets/rainstaff/pages.toml"),
};

/// Makes the test run on SQLite and on PostgreSQL.
macro_rules! on_both {
    ($(async fn $name:ident($lab:ident) $body:block)*) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn run(#[allow(unused_mut)] mut $lab: $crate::lab::Lab) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                run($crate::lab::Lab::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                run($crate::lab::Lab::postgres().await).await;
            }
        }
    )*};
}
pub(crate) use on_both;

pub struct Lab {
    pub store: Store,
    pub settings: Settings,
    pub clock: Arc<AtomicI64>,
    pub folder: TempDir,
    database: Option<testkit::postgres::Database>,
}

/// A PC with its file.
pub struct Pc {
    pub device: Device,
    pub desktop: Desktop,
}

/// 24 January 2026.
const NOW_MS: i64 = 1_769_212_800_000;

impl Lab {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = database::Address::sqlite(folder.path().join("hub.db"));
        Self::at(folder, address, None).await
    }

    pub async fn postgres() -> Self {
        let database = testkit::postgres::server().create_database();
        let address = database.url().parse().unwrap();
        Self::at(tempfile::tempdir().unwrap(), address, Some(database)).await
    }

    async fn at(
        folder: TempDir,
        address: database::Address,
        database: Option<testkit::postgres::Database>,
    ) -> Self {
        let clock = Arc::new(AtomicI64::new(NOW_MS));
        let (time, seed) = (Arc::clone(&clock), AtomicU64::new(1));
        let settings = Settings {
            address,
            data_folder: folder.path().join("data"),
            preset: PRESET,
            upload_bytes_max: Settings::UPLOAD_BYTES_MAX,
            free_bytes_min: 0,
            clock: Arc::new(move || time.load(Ordering::Relaxed)),
            random: Arc::new(move |bytes| {
                for part in bytes.chunks_mut(8) {
                    let next = seed.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                    part.copy_from_slice(&next.to_be_bytes()[..part.len()]);
                }
            }),
        };
        let store = Store::open(settings.clone()).await.unwrap();
        Self { store, settings, clock, folder, database }
    }

    /// A new one on a database of the same kind.
    pub async fn another(&self) -> Self {
        if self.database.is_some() { Self::postgres().await } else { Self::sqlite().await }
    }

    pub const fn is_sqlite(&self) -> bool {
        self.database.is_none()
    }

    /// As after a start of the hub.
    pub async fn reopen(&mut self) {
        self.store.close().await;
        self.store = Store::open(self.settings.clone()).await.unwrap();
    }

    /// Runs SQL beside the store.
    pub fn script(&self, sql: &str) {
        match &self.database {
            Some(database) => _ = database.run(sql),
            None => Connection::open(self.folder.path().join("hub.db")).unwrap().execute_batch(sql).unwrap(),
        }
    }

    /// How many rows a table of the store has, on SQLite.
    pub fn count_beside(&self, table: &str) -> i64 {
        let beside = Connection::open(self.folder.path().join("hub.db")).unwrap();
        beside.query_row(&format!("select count(*) from {table}"), [], |row| row.get(0)).unwrap()
    }

    pub fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1000, Ordering::Relaxed);
    }

    pub async fn site(&self, name: &str, region: &str) -> Device {
        let token = self.store.add_site(name, region).await.unwrap().token;
        self.store.device_of_token(&token).await.unwrap().unwrap()
    }

    fn path(&self) -> PathBuf {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        self.folder.path().join(format!("pc-{}.db", NUMBER.fetch_add(1, Ordering::Relaxed)))
    }

    /// A PC with a token of its own and a made-up file; `seed`: files of one seed are copies of one file.
    pub async fn pc(&self, name: &str, region: &str, seed: u64) -> Pc {
        let device = self.site(name, region).await;
        self.pc_of(device, region, seed, Shape::Live, Size::small())
    }

    pub fn pc_of(&self, device: Device, region: &str, seed: u64, shape: Shape, size: Size) -> Pc {
        let path = self.path();
        generate(&path, &Office { shape, size, region, seed }).unwrap();
        Pc { device, desktop: start(&path, region) }
    }

    /// A PC whose file has just been made by the old program: nothing in it.
    pub async fn empty_pc(&self, name: &str, region: &str) -> Pc {
        let path = self.path();
        Pc { device: self.site(name, region).await, desktop: start(&path, region) }
    }

    /// Another PC with a copy of this one's file as it is now.
    pub fn copy(&self, pc: &Pc, device: Device, region: &str) -> Pc {
        let path = self.path();
        std::fs::copy(pc.desktop.path(), &path).unwrap();
        Pc { device, desktop: start(&path, region) }
    }

    pub async fn send(&self, pc: &Pc) -> Result<Receipt, Rejected> {
        self.pass(60);
        self.send_bytes(&pc.device, &pc.desktop.upload().unwrap()).await
    }

    pub async fn send_bytes(&self, device: &Device, bytes: &[u8]) -> Result<Receipt, Rejected> {
        let path = self.path();
        std::fs::write(&path, bytes).unwrap();
        let answer = self.store.receive(device, &path, "manual").await;
        std::fs::remove_file(path).unwrap();
        answer
    }

    pub async fn fetch(&self, pc: &Pc) {
        let bytes = self.file(&pc.device).await;
        pc.desktop.receive(&bytes).unwrap();
    }

    pub async fn file(&self, device: &Device) -> Vec<u8> {
        let handout = self.store.hand_out(device).await.unwrap();
        std::fs::read(handout.path).unwrap()
    }

    /// What the old program does after every save: up, then down.
    pub async fn sync(&self, pc: &Pc) -> Receipt {
        let receipt = self.send(pc).await.unwrap();
        self.fetch(pc).await;
        receipt
    }

    /// Everything that the hub has, as headquarters sees it.
    pub async fn all(&self) -> Book {
        let known = self.store.sites().await.unwrap().iter().any(|site| site.name == "viewer");
        let device = if known { self.viewer().await } else { self.site("viewer", "*").await };
        let path = self.store.hand_out(&device).await.unwrap().path;
        Book::read(&path)
    }

    async fn viewer(&self) -> Device {
        let sites = self.store.sites().await.unwrap();
        let site = sites.iter().find(|site| site.name == "viewer").unwrap();
        let region = merge::Region::All;
        Device { site: model::SiteId(site.id), name: site.name.clone(), region, shared: false }
    }
}

fn start(path: &Path, region: &str) -> Desktop {
    Desktop::start(path, Generation::D2, region, Moment::USUAL).unwrap()
}

/// What a file says, without ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book {
    /// Table -> rows as text, sorted; references as what they refer to.
    pub tables: BTreeMap<String, Vec<String>>,
}

const STATEMENTS: [(&str, &str); 8] = [
    ("employees", include_str!("sql/employees.sql")),
    ("timesheets", include_str!("sql/timesheets.sql")),
    ("vehicles", include_str!("sql/vehicles.sql")),
    ("drivers", include_str!("sql/drivers.sql")),
    ("vehicle_faults", include_str!("sql/vehicle_faults.sql")),
    ("vehicle_inspection_results", include_str!("sql/vehicle_inspection_results.sql")),
    ("stock_inventory", include_str!("sql/stock_inventory.sql")),
    ("shift_templates", include_str!("sql/shift_templates.sql")),
];

impl Book {
    pub fn read(path: &Path) -> Self {
        let conn = Connection::open(path).unwrap();
        check(&conn);
        let rows = |sql: &str| {
            let mut statement = conn.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
            let mut rows: Vec<String> = rows.map(Result::unwrap).collect();
            rows.sort();
            rows
        };
        Self { tables: STATEMENTS.iter().map(|(table, sql)| ((*table).to_owned(), rows(sql))).collect() }
    }

    pub fn of(pc: &Pc) -> Self {
        Self::read(pc.desktop.path())
    }

    pub fn table(&self, table: &str) -> &[String] {
        &self.tables[table]
    }

    pub fn count(&self, table: &str) -> usize {
        self.tables[table].len()
    }

    pub fn has(&self, table: &str, what: &str) -> bool {
        self.tables[table].iter().any(|row| row.contains(what))
    }

    /// Without tables that everybody shares.
    pub fn rows(&self) -> usize {
        self.tables.iter().filter(|(table, _)| *table != "shift_templates").map(|(_, rows)| rows.len()).sum()
    }

    pub fn holds(&self, other: &Self) -> bool {
        other.tables.iter().all(|(table, rows)| rows.iter().all(|row| self.tables[table].contains(row)))
    }
}

fn check(conn: &Connection) {
    let told: String = conn.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(told, "ok");
    let mut broken = conn.prepare("pragma foreign_key_check").unwrap();
    assert!(!broken.exists([]).unwrap(), "a reference to nothing");
}

/// One value of a PC's file.
pub fn value<T: rusqlite::types::FromSql>(pc: &Pc, sql: &str) -> T {
    Connection::open(pc.desktop.path()).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

impl Lab {
    /// Everything of the store's file, as text; what is packed is unpacked.
    pub fn dump(&self) -> String {
        let beside = Connection::open(self.folder.path().join("hub.db")).unwrap();
        let mut tables = beside.prepare("select name from sqlite_schema where type = 'table'").unwrap();
        let tables: Vec<String> =
            tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let mut said = String::new();
        for table in tables {
            let mut rows = beside.prepare(&format!("select * from \"{table}\"")).unwrap();
            let width = rows.column_count();
            let mut rows = rows.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                for at in 0..width {
                    if let ValueRef::Text(bytes) | ValueRef::Blob(bytes) = row.get_ref(at).unwrap() {
                        said.push_str(&String::from_utf8_lossy(bytes));
                        if let Ok(pushed) = unpack::<Pushed>(bytes, 1 << 20) {
                            said.push_str(&format!("{pushed:?}"));
                        }
                    }
                    said.push('\n');
                }
            }
        }
        said
    }
}
