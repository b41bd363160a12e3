//! SQLite: a file in a temporary folder, in memory where the system has such a folder: thousands of commits need not
//! reach a disk.

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use database::Address;
use model::{DataType, ErrorKind, Value};
use rusqlite::{Connection, types::ValueRef};

use super::{Broken, Engine, Foreign, Habits, Native, Oracle, Unwritable};

pub struct Sqlite(tempfile::TempDir);

struct Program(Connection);

static HABITS: Habits = Habits {
    shop: include_str!("../sql/shop.sqlite.sql"),
    watch: include_str!("../sql/watch.sqlite.sql"),
    numbered: include_str!("../sql/numbered.sqlite.sql"),
    denk_objects: "select name from sqlite_schema where name like 'denk@_%' escape '@'",
    drop_trigger: "drop trigger {trigger}",
    stranger: ["", ""],
    kill_others: None,
    concurrent_writers: false,
    exact_keys: true,
    locators: true,
    wide_names: true,
    told_conditions: true,
    snapshots: false,
    exclusive: Some("begin exclusive"),
};

impl Sqlite {
    fn file(&self) -> PathBuf {
        self.0.path().join("bir dosya ğ.s3db")
    }

    fn beside(&self, name: &str, content: Option<&[u8]>) -> Address {
        let path = self.0.path().join(name);
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        Address::sqlite(path)
    }
}

#[async_trait]
impl Engine for Sqlite {
    async fn start() -> Option<Arc<dyn Engine>> {
        let engine = Self(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap());
        Connection::open(engine.file()).unwrap().execute_batch("pragma user_version = 1").unwrap();
        Some(Arc::new(engine))
    }

    fn address(&self) -> Address {
        Address::sqlite(self.file())
    }

    async fn connect(&self) -> Box<dyn Foreign> {
        let connection = Connection::open(self.file()).unwrap();
        connection.busy_timeout(Duration::from_millis(200)).unwrap();
        Box::new(Program(connection))
    }

    fn habits(&self) -> &'static Habits {
        &HABITS
    }

    fn may_be_unfaithful(&self, data_type: &DataType) -> bool {
        matches!(data_type, DataType::Other { .. })
    }

    fn may_refuse(&self, data_type: &DataType, value: &Value) -> bool {
        match (data_type, value) {
            // SQLite stores NaN as NULL.
            (_, Value::Real(r)) => r.is_nan(),
            // Text in SQLite has no form for days before the year 1 or for infinity.
            (_, Value::Date(d)) => !d.is_common(),
            (_, Value::Timestamp(t)) => !t.is_common(),
            _ => false,
        }
    }

    fn oracle(&self, column: &str, data_type: &DataType) -> Option<Oracle> {
        match data_type {
            DataType::Text { .. } => Some(Oracle::hex_text(format!("hex({column})"))),
            DataType::Bytes { .. } => Some(Oracle::hex_bytes(format!("hex({column})"))),
            DataType::Real { .. } => Some(Oracle::real(column)),
            DataType::Any => None,
            _ => Some(Oracle::plain(column)),
        }
    }

    fn natives(&self) -> Vec<Native> {
        Vec::new()
    }

    fn unwritable(&self) -> Vec<Unwritable> {
        vec![
            Unwritable { ddl: "real", value: Value::Real(f64::NAN), kinds: &[ErrorKind::Conversion] },
            Unwritable {
                ddl: "integer check (c < 100)",
                value: Value::Int(100),
                kinds: &[ErrorKind::Constraint],
            },
        ]
    }

    fn broken(&self) -> Vec<Broken> {
        let page = [b'x'; 4096];
        vec![
            Broken {
                what: "a missing file",
                address: self.beside("missing.db", None),
                kinds: &[ErrorKind::Missing],
            },
            Broken {
                what: "a file in a missing folder",
                address: self.beside("missing/file.db", None),
                kinds: &[ErrorKind::Missing],
            },
            Broken {
                what: "a file that is no database",
                address: self.beside("letter.txt", Some(&page)),
                kinds: &[ErrorKind::Corrupt],
            },
            Broken {
                what: "a short file that is no database",
                address: self.beside("short.txt", Some(b"hello")),
                kinds: &[ErrorKind::Corrupt],
            },
        ]
    }
}

#[async_trait]
impl Foreign for Program {
    async fn try_execute(&mut self, sql: &str) -> Result<(), String> {
        self.0.execute_batch(sql).map_err(|error| error.to_string())
    }

    async fn query_text(&mut self, sql: &str) -> Vec<Vec<Option<String>>> {
        let mut statement = self.0.prepare(sql).unwrap_or_else(|error| panic!("{error}\nin {sql}"));
        let columns = statement.column_count();
        let rows = statement
            .query_map([], |row| (0..columns).map(|at| row.get_ref(at).map(text)).collect())
            .unwrap();
        rows.collect::<rusqlite::Result<_>>().unwrap()
    }
}

fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(n) => Some(n.to_string()),
        ValueRef::Real(r) => Some(r.to_string()),
        ValueRef::Text(t) => Some(String::from_utf8_lossy(t).into_owned()),
        ValueRef::Blob(b) => Some(super::hex(b)),
    }
}
