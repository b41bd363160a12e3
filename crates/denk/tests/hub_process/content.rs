//! What a store holds, said without what differs between two stores that were told the same: times and random names.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

use rusqlite::{Connection, types::ValueRef};
use serde_json::{Map, Value};
use testkit::postgres::Database;

/// Where a hub keeps its rows.
pub enum Store {
    Sqlite(PathBuf),
    Postgres(Box<Database>),
}

/// Rows of the business, conflicts and history: for each table its rows as text, sorted.
pub type Content = BTreeMap<String, Vec<String>>;

type Row = Map<String, Value>;

/// Differ from store to store, or from try to try.
const VOLATILE: [&str; 6] = ["id", "rev", "stamp", "at", "winner_stamp", "loser_stamp"];
const LOG: &str = "denk_log";

impl Store {
    /// The line that a hub's configuration needs.
    pub fn setting(&self) -> String {
        match self {
            Self::Sqlite(_) => String::new(),
            Self::Postgres(database) => format!("database = '{}'\n", database.url()),
        }
    }

    pub fn content(&self) -> Content {
        let mut log = self.rows(LOG);
        log.sort_by_key(|row| row["rev"].as_i64());
        let mut names = HashMap::new();
        for row in &log {
            let said = format!("{} {}", row["table_name"], without_ids(&row["after"], &HashMap::new()));
            names.entry(row["gid"].as_str().unwrap().to_owned()).or_insert(said);
        }
        let mut tables = self.tables();
        tables.retain(|table| !table.starts_with("denk_"));
        tables.extend([LOG.to_owned(), "denk_conflicts".to_owned()]);
        let content = tables.into_iter().map(|table| {
            let volatile: &[&str] = if table.starts_with("denk_") { &VOLATILE } else { &[] };
            let said = |mut row: Row| {
                volatile.iter().for_each(|column| _ = row.remove(*column));
                row.into_iter()
                    .map(|(column, value)| format!("{column}={} ", without_ids(&value, &names)))
                    .collect()
            };
            let mut rows: Vec<String> = self.rows(&table).into_iter().map(said).collect();
            rows.sort();
            (table, rows)
        });
        content.collect()
    }

    fn tables(&self) -> Vec<String> {
        match self {
            Self::Sqlite(file) => {
                let sql = "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'";
                super::rows(file, sql)
            }
            Self::Postgres(database) => {
                let sql = "select table_name from information_schema.tables where table_schema = 'public'";
                database.run(sql).lines().map(str::to_owned).collect()
            }
        }
    }

    fn rows(&self, table: &str) -> Vec<Row> {
        match self {
            Self::Sqlite(file) => of_sqlite(file, table),
            Self::Postgres(database) => {
                let told = database.run(&format!("select row_to_json(t)::text from {table} t"));
                told.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
            }
        }
    }
}

fn of_sqlite(file: &Path, table: &str) -> Vec<Row> {
    let connection = Connection::open(file).unwrap();
    let mut statement = connection.prepare(&format!("select * from {table}")).unwrap();
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let rows = statement.query_map([], |row| {
        let value = |at: usize| Ok::<_, rusqlite::Error>(json(row.get_ref(at)?));
        columns.iter().enumerate().map(|(at, column)| Ok((column.clone(), value(at)?))).collect()
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn json(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
        ValueRef::Blob(bytes) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            match bytes.len() {
                16 => {
                    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
                }
                _ => hex,
            }
            .into()
        }
    }
}

/// The value as text, with each row's gid replaced by what the row said first.
fn without_ids(value: &Value, names: &HashMap<String, String>) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut said = String::new();
    let mut rest = text.as_str();
    while let Some(at) = (0..rest.len()).find(|at| rest.get(*at..at + 36).is_some_and(is_gid)) {
        let gid = &rest[at..at + 36];
        said.push_str(&rest[..at]);
        said.push_str(names.get(gid).map_or("<a row>", String::as_str));
        rest = &rest[at + 36..];
    }
    said + rest
}

fn is_gid(text: &str) -> bool {
    let dashes = [8, 13, 18, 23];
    text.bytes().enumerate().all(|(at, byte)| match dashes.contains(&at) {
        true => byte == b'-',
        false => byte.is_ascii_hexdigit(),
    })
}
