//! An office PC as the hub meets it: the old program on a real file, its key, and its requests.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use rusqlite::{Connection, types::Value as Cell};
use serde_json::Value;
use tempfile::TempDir;
use testkit::office::{
    self, Desktop, Employee, Generation, Moment, Office, Shape, Size, TABLES, Timesheet, UPLOAD_FILE_NAME,
    reason, references,
};

use crate::world::{SHARED_KEY, World};

pub struct Pc {
    pub desktop: Desktop,
    key: String,
    _folder: TempDir,
}

/// The file of a PC on which the program has never run.
pub const NEW: &[u8] = &[];

impl Pc {
    /// With a token of its own.
    pub async fn with_token(world: &World, name: &str, region: &str, file: &[u8]) -> Self {
        Self::start(world.token(name, region).await, Generation::D2, region, file)
    }

    /// With the key that all share: the first generation, which says its own region.
    pub fn with_shared_key(region: &str, file: &[u8]) -> Self {
        Self::start(SHARED_KEY.to_owned(), Generation::D1, region, file)
    }

    fn start(key: String, generation: Generation, region: &str, file: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(UPLOAD_FILE_NAME);
        std::fs::write(&path, file).unwrap();
        let desktop = Desktop::start(&path, generation, region, Moment::USUAL).unwrap();
        Self { desktop, key, _folder: folder }
    }

    /// Sends its file, which the hub takes.
    pub async fn send(&self, world: &World) -> Value {
        self.send_file(world, self.desktop.upload().unwrap()).await
    }

    /// Sends another file as its own.
    pub async fn send_file(&self, world: &World, file: Vec<u8>) -> Value {
        let request = world.upload(&self.key, self.desktop.region_header(), file);
        let answer = request.header("X-Reason", reason::MANUAL).send().await.unwrap();
        let (status, told) = crate::world::json(answer).await;
        assert_eq!((status.as_u16(), &told["success"]), (200, &Value::Bool(true)), "{told:#}");
        told
    }

    /// The file that it would fetch.
    pub async fn download(&self, world: &World) -> Vec<u8> {
        let mut request = world.get("/sync/download").header("X-API-KEY", &self.key);
        if self.key == SHARED_KEY {
            // The tests' PCs all have one address.
            request = request.header("X-Region", self.desktop.region_header());
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.bytes().await.unwrap().to_vec()
    }

    /// Fetches its file, writes it over its own and goes on with it.
    pub async fn fetch(&self, world: &World) {
        self.desktop.receive(&self.download(world).await).unwrap();
    }

    /// What the program does after every save: up, then down.
    pub async fn sync(&self, world: &World) -> Value {
        let told = self.send(world).await;
        self.fetch(world).await;
        told
    }

    /// What it would see after fetching; its file stays as it is.
    pub async fn sees(&self, world: &World) -> Book {
        let path = self.desktop.path().with_extension("seen");
        std::fs::write(&path, self.download(world).await).unwrap();
        Book::read(&path)
    }

    pub fn book(&self) -> Book {
        Book::read(self.desktop.path())
    }

    /// A number or a text out of its file.
    pub fn value<T: rusqlite::types::FromSql>(&self, sql: &str) -> T {
        self.file().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// What the program itself would not do to its file.
    pub fn craft(&self, sql: &str) {
        self.file().execute_batch(sql).unwrap();
    }

    fn file(&self) -> Connection {
        Connection::open(self.desktop.path()).unwrap()
    }

    pub fn add_person(&self, full_name: &str) -> i64 {
        self.desktop.save_employee(None, &Employee { full_name, ..Employee::default() }).unwrap()
    }

    pub fn add_hours(&self, employee_id: i64, work_date: &str) -> i64 {
        let form = Timesheet { employee_id, work_date, ..Timesheet::default() };
        self.desktop.save_timesheet(None, &form).unwrap()
    }
}

/// A made-up file; files of one seed are copies of one file.
pub fn made(region: &str, shape: Shape, size: Size, seed: u64) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(UPLOAD_FILE_NAME);
    office::generate(&path, &Office { shape, size, region, seed }).unwrap();
    std::fs::read(path).unwrap()
}

/// How many rows an answer says were changed or refused.
pub fn changes(told: &Value) -> u64 {
    let tables = told["tables"].as_object().unwrap().values();
    let counts = ["inserted", "updated", "deleted", "refused"];
    tables.flat_map(|table| counts.map(|count| table[count].as_u64().unwrap())).sum()
}

/// What a file says, whatever its numbers.
///
/// **Shape**: table -> its rows as text, sorted; a reference stands as the row that it refers to, NULL not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book(BTreeMap<&'static str, Vec<String>>);

impl Book {
    /// Of a file in which SQLite finds nothing wrong.
    pub fn read(path: &Path) -> Self {
        let file = Connection::open(path).unwrap();
        let told: String = file.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(told, "ok");
        let broken = file.prepare("pragma foreign_key_check").unwrap().exists([]).unwrap();
        assert!(!broken, "a reference to nothing");
        let mut reading = Reading { file: &file, known: HashMap::new() };
        Self(TABLES.into_iter().map(|table| (table, reading.table(table))).collect())
    }

    pub fn table(&self, table: &str) -> &[String] {
        &self.0[table]
    }

    pub fn count(&self, table: &str) -> usize {
        self.0[table].len()
    }

    /// Whether a row says all of these words.
    pub fn has(&self, table: &str, words: &[&str]) -> bool {
        self.0[table].iter().any(|row| words.iter().all(|word| row.contains(word)))
    }

    /// Whether every row of the other one stands here at least as often.
    pub fn holds(&self, other: &Self) -> bool {
        let times = |rows: &[String], row: &String| rows.iter().filter(|other| *other == row).count();
        other
            .0
            .iter()
            .all(|(table, rows)| rows.iter().all(|row| times(self.table(table), row) >= times(rows, row)))
    }

    /// Rows that belong to a region.
    pub fn rows(&self) -> usize {
        self.0.iter().filter(|(table, _)| **table != "shift_templates").map(|(_, rows)| rows.len()).sum()
    }
}

struct Reading<'a> {
    file: &'a Connection,
    known: HashMap<(String, i64), String>,
}

impl Reading<'_> {
    fn table(&mut self, table: &str) -> Vec<String> {
        let ids: Vec<i64> = {
            let mut ids = self.file.prepare(&format!("select id from {table}")).unwrap();
            let ids = ids.query_map([], |row| row.get(0)).unwrap();
            ids.map(Result::unwrap).collect()
        };
        let mut rows: Vec<String> = ids.into_iter().map(|id| self.row(table, id)).collect();
        rows.sort();
        rows
    }

    fn row(&mut self, table: &str, id: i64) -> String {
        let key = (table.to_owned(), id);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let mut cells = self.cells(table, id);
        cells.sort_by(|one, other| one.0.cmp(&other.0));
        let told: Vec<String> =
            cells.into_iter().filter_map(|(column, cell)| self.told(table, &column, cell)).collect();
        let told = format!("({})", told.join(", "));
        self.known.insert(key, told.clone());
        told
    }

    fn cells(&self, table: &str, id: i64) -> Vec<(String, Cell)> {
        let mut select = self.file.prepare(&format!("select * from {table} where id = ?1")).unwrap();
        let names: Vec<String> = select.column_names().map(str::to_owned).collect();
        let cells = |row: &rusqlite::Row<'_>| (0..names.len()).map(|at| row.get(at)).collect();
        let cells: Vec<Cell> = select.query_row([id], cells).unwrap();
        names.into_iter().zip(cells).collect()
    }

    fn told(&mut self, table: &str, column: &str, cell: Cell) -> Option<String> {
        // A file that the second generation made does not have the region of a weekly check.
        let skipped = column == "id" || (table, column) == ("vehicle_inspections", "region");
        let parent = references(table).find(|reference| reference.column == column);
        let told = match (cell, parent) {
            (Cell::Null, _) => return None,
            (Cell::Integer(id), Some(parent)) => self.row(parent.to, id),
            (Cell::Integer(number), None) => number.to_string(),
            (Cell::Real(number), _) => number.to_string(),
            (Cell::Text(text), _) => text,
            (Cell::Blob(bytes), _) => format!("{bytes:?}"),
        };
        (!skipped).then(|| format!("{column}: {told}"))
    }
}
