//! What the suite must know about a database besides the contract. A new one is one file in this folder.

#[cfg(feature = "mssql")]
pub mod mssql;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "sqlite")]
pub mod sqlite;

use std::sync::Arc;

use async_trait::async_trait;
use database::Address;
use model::{DataType, ErrorKind, Value};

/// A database made for one case, gone when the value is dropped.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Makes an empty database; `None`, after saying so loudly, when there is no such server here.
    async fn start() -> Option<Arc<dyn Engine>>
    where
        Self: Sized;

    fn address(&self) -> Address;

    /// Connects by the bare driver, as another program would.
    async fn connect(&self) -> Box<dyn Foreign>;

    fn habits(&self) -> &'static Habits;

    /// Whether it is right that this database has no column for all values of this type.
    fn may_be_unfaithful(&self, data_type: &DataType) -> bool;

    /// Whether it is right to refuse this value in the column made for `data_type`. Changing it never is.
    fn may_refuse(&self, data_type: &DataType, value: &Value) -> bool;

    /// How to ask the database what it holds in `column` (quoted), apart from its connector; `None` where its own text
    /// form says less than the value.
    fn oracle(&self, column: &str, data_type: &DataType) -> Option<Oracle>;

    /// Native types with what introspection and reading must make of them.
    fn natives(&self) -> Vec<Native>;

    /// What the contract must refuse to write, though it fits the table's types as the contract knows them.
    fn unwritable(&self) -> Vec<Unwritable>;

    /// Addresses that cannot be opened.
    fn broken(&self) -> Vec<Broken>;
}

/// One connection of a program that knows nothing of denk.
#[async_trait]
pub trait Foreign: Send {
    async fn try_execute(&mut self, sql: &str) -> Result<(), String>;

    /// Rows of texts as the database writes them.
    async fn query_text(&mut self, sql: &str) -> Vec<Vec<Option<String>>>;
}

/// Facts about a database.
pub struct Habits {
    /// Scripts whose statements lines with `go` separate. `shop`: the tables that introspection is asked about.
    pub shop: &'static str,
    /// Makes triggers on the table `watched` that note each written row in `writes(operation)`.
    pub watch: &'static str,
    /// Makes a table `numbered`: `id` numbered by the database, `name`, `doubled` computed, `state` with default `new`.
    pub numbered: &'static str,
    /// A query that lists the names of all objects that begin with `denk_`.
    pub denk_objects: &'static str,
    /// Drops the trigger `{trigger}` (quoted) of `{table}` (quoted).
    pub drop_trigger: &'static str,
    /// Becomes the new user `{stranger}`, who may only read and write `{table}` (quoted), and leaves no trace of that
    /// user again; nothing where there are no users.
    pub stranger: [&'static str; 2],
    /// Ends the connections of everybody else; `None` where there is nobody to end.
    pub kill_others: Option<&'static str>,
    /// Several transactions can write at the same time.
    pub concurrent_writers: bool,
    /// Texts and byte strings that differ in any byte are different keys.
    pub exact_keys: bool,
    /// Rows without a key can be told apart by their place; elsewhere asking for it is `Unsupported`.
    pub locators: bool,
    /// Names may hold characters beyond U+FFFF.
    pub wide_names: bool,
    /// The catalogue tells that a unique index has a condition.
    pub told_conditions: bool,
    /// A reading transaction sees one moment while others write.
    pub snapshots: bool,
    /// Keeps everybody from everything until `rollback`, where that is possible.
    pub exclusive: Option<&'static str>,
}

/// A question in SQL and how its answer is read.
pub struct Oracle {
    pub sql: String,
    pub read: fn(&str, &DataType) -> Option<Value>,
}

/// A column as its database's people declare it.
pub struct Native {
    pub ddl: &'static str,
    /// What is put in, in SQL.
    pub literal: &'static str,
    pub data_type: DataType,
    pub value: Value,
}

/// A column, and a value that it cannot hold though its type says nothing against it.
pub struct Unwritable {
    pub ddl: &'static str,
    pub value: Value,
    pub kinds: &'static [ErrorKind],
}

/// An address and how opening it must fail.
pub struct Broken {
    pub what: &'static str,
    pub address: Address,
    pub kinds: &'static [ErrorKind],
}

impl Oracle {
    /// The database's text form is the value's.
    pub fn plain(sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            read: |text, data_type| crate::rows::held(Value::Text(text.to_owned()), data_type).ok(),
        }
    }

    pub fn real(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), read: |text, _| text.trim().parse().ok().map(Value::Real) }
    }

    /// Hexadecimal of the text's UTF-8.
    pub fn hex_text(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), read: |text, _| String::from_utf8(unhex(text)?).ok().map(Value::Text) }
    }

    pub fn hex_bytes(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), read: |text, _| unhex(text).map(Value::Bytes) }
    }
}

pub fn unhex(text: &str) -> Option<Vec<u8>> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An error with its causes.
pub fn whole(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// A port where nobody listens.
#[cfg(any(feature = "postgres", feature = "mssql"))]
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}
