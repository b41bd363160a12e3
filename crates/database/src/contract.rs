//! The contract that every connector keeps. `tests/contract.rs` is its executable form.

use std::time::Duration;

use async_trait::async_trait;
use model::{Batch, Change, ColumnDef, DataType, Instant, Key, Page, Table, TableRef, Value, Zone};

use crate::Result;

/// One connection to one database.
///
/// **Shape**: used by one task at a time; it may move between tasks and threads. Dropping it ends an open transaction
/// without committing.
/// **Transactions**: outside [`Session::begin`] every call is its own transaction. After any error inside a
/// transaction the caller either rolls back, or rolls back to a savepoint; nothing else is promised to work.
/// **Twice is once**: [`Session::upsert`], [`Session::delete`], [`Session::create_table`], [`Session::add_columns`] and
/// the journal calls can be repeated with the same arguments and then change nothing.
/// **Names** are taken literally: quotes, blanks, reserved words, Turkish letters, up to the database's own length.
/// **Values** arrive as they left: an adapter refuses (`Conversion` with table, column and key, or a
/// [`Rejected`](model::Rejected) row) what it cannot carry exactly.
#[async_trait]
pub trait Session: Send {
    fn capabilities(&self) -> &Capabilities;

    /// Product and version, for people.
    async fn server(&mut self) -> Result<Server>;

    /// The database's own clock. Flows reckon windows by this clock or by the source's data, never by ours.
    async fn clock(&mut self) -> Result<Instant>;

    /// All tables and views of users, without the database's own, in order of name.
    async fn tables(&mut self) -> Result<Vec<TableRef>>;

    /// A table's exact shape. Without a schema in `name`, the schema that an unqualified name means there.
    ///
    /// # Errors
    /// `Missing` when there is no such table or view.
    async fn table(&mut self, name: &TableRef) -> Result<Table>;

    /// The columns that a query of the user's yields, without running it to the end. Types are as good as the
    /// database tells them (`Any` where it does not); nullability is unknown and given as nullable.
    async fn query_columns(&mut self, query: &str) -> Result<Vec<ColumnDef>>;

    /// Starts a transaction.
    ///
    /// # Errors
    /// `Busy` when a lock could not be had in time (retryable), `Connection`.
    async fn begin(&mut self, begin: Begin) -> Result<()>;

    /// Makes the transaction durable. After an error it is unknown whether it was; only re-reading tells.
    async fn commit(&mut self) -> Result<()>;

    /// Ends the transaction without effect. Outside a transaction it does nothing.
    async fn rollback(&mut self) -> Result<()>;

    /// Sets the one savepoint (replacing an earlier one).
    async fn savepoint(&mut self) -> Result<()>;

    /// Undoes everything since the savepoint, which stays set. Locks and marks of the transaction stay.
    async fn rollback_to_savepoint(&mut self) -> Result<()>;

    /// Takes an advisory lock that lasts until the transaction ends, so that two denk processes never do the same
    /// work. SQLite: a writing transaction is the lock.
    ///
    /// # Errors
    /// `Busy` when another holds it for longer than `wait`.
    async fn lock(&mut self, name: &str, wait: Duration) -> Result<()>;

    /// Reads one page of rows in key order (never by offset).
    ///
    /// **Order**: by the key columns as [`Value`]'s order says, whatever the collation of the column. Rows come with
    /// strictly ascending keys unless the key is not unique at the source; then equal keys stand together.
    /// **Shape**: at most `read.rows` rows, counting rejected ones, and about `read.bytes` bytes; every value is
    /// coerced to the type asked for, rows that do not fit are in `rejected`; `next` is `None` only when no row
    /// follows. With `rows: None` and `bytes: None` everything comes at once.
    async fn read(&mut self, read: &Read<'_>) -> Result<Page>;

    /// Fingerprints of stretches of a table, if this database can tell them much faster than by reading the rows.
    ///
    /// **Invariants**: segments ascend and do not overlap. Two digests of the same table that agree in a segment
    /// (first, last, digest) hold the same rows from `first` to `last`; rows that lie in no segment do not exist.
    /// `None` when the database or table offers no such thing.
    async fn digest(&mut self, table: &TableRef) -> Result<Option<Digest>>;

    /// Adds rows that are known not to be there, by the fastest path. Returns their number.
    ///
    /// # Errors
    /// `Constraint` when one is there after all or a rule of the table refuses one; then none is added.
    async fn insert(&mut self, write: &Write<'_>, rows: &Batch) -> Result<u64>;

    /// Adds the rows whose key is not there, changes those that differ, leaves equal rows untouched (no trigger
    /// fires, no new row version). `rows` holds each key at most once.
    ///
    /// # Errors
    /// `Constraint` as for [`Session::insert`]; then nothing was changed. `Conversion` for a NULL in the key.
    async fn upsert(&mut self, write: &Write<'_>, rows: &Batch) -> Result<Applied>;

    /// Deletes the rows with these keys. `keys` holds exactly the columns of `write.key`, in that order (with
    /// `write.columns` just these columns). Returns how many were there.
    async fn delete(&mut self, write: &Write<'_>, keys: &Batch) -> Result<u64>;

    /// The column that this database would make for `column` (of any database): its native type and what that holds.
    ///
    /// # Errors
    /// [`Unfaithful`] when some value of the column would not survive.
    fn faithful(&self, column: &ColumnDef) -> std::result::Result<ColumnDef, Unfaithful>;

    /// Makes a table of columns that [`Session::faithful`] returned (their `native` is used as it is), with its
    /// primary key. Does nothing when a table of that name is there.
    async fn create_table(&mut self, table: &Table) -> Result<()>;

    /// Adds those of the columns that the table does not have, nullable.
    async fn add_columns(&mut self, table: &TableRef, columns: &[ColumnDef]) -> Result<()>;

    /// Starts noting the keys of touched rows of `table` in the table [`JOURNAL_TABLE`], by triggers, in the transactions
    /// of whoever touches them. `key`: the columns that tell rows apart. Repeating it repairs what is missing.
    /// A change of a key's value is noted as a delete of the old and an insert of the new key.
    async fn journal_install(&mut self, table: &TableRef, key: &[String]) -> Result<()>;

    /// Whether everything that [`Session::journal_install`] made is still there and as it was made.
    async fn journal_status(&mut self, table: &TableRef, key: &[String]) -> Result<JournalStatus>;

    /// The oldest notes, at most `limit`, without removing them. Only committed work is seen; the order is that of the
    /// noting, and a note that commits late appears late even if its number is low.
    async fn journal_drain(&mut self, limit: usize) -> Result<Vec<Change>>;

    /// Removes exactly these notes.
    async fn journal_forget(&mut self, ids: &[i64]) -> Result<()>;

    /// Removes the triggers on `table`, its notes, and `denk_journal` itself when no table uses it any more: no
    /// object is left behind.
    async fn journal_remove(&mut self, table: &TableRef) -> Result<()>;
}

/// Where notes stand: column `id` is a note's number, `table_name` is NULL where there is none.
pub const JOURNAL_TABLE: &str = "denk_journal";

/// What differs between databases and matters to callers.
#[derive(Clone, Debug)]
pub struct Capabilities {
    /// `PostgreSQL`, `SQL Server`, `SQLite`.
    pub product: &'static str,
    /// Longest name, counted in `identifier_unit`.
    pub identifier_max: usize,
    pub identifier_unit: model::TextUnit,
    /// Most columns of a table.
    pub columns_max: usize,
    /// Whether tables live in schemas, and which one an unqualified name means.
    pub default_schema: Option<&'static str>,
    /// Whether [`Session::digest`] may answer.
    pub digests: bool,
    /// Whether CREATE TABLE is undone by a rollback.
    pub transactional_ddl: bool,
    /// Whether a writing transaction keeps every other one waiting, whatever it writes.
    pub one_writer: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub product: String,
    pub version: String,
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// One consistent view, nothing written.
    Read,
    /// Writing on behalf of denk: journals and queue triggers leave these changes out.
    Own,
    /// Writing as a user would (tests, repairs that others must hear of).
    Foreign,
}

/// A column of a table, or the place where the row lies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ColumnRef {
    Named(String),
    /// The row's place in its table as a whole number: stable while nobody writes the row, and the only handle on
    /// rows without a key (SQLite rowid, PostgreSQL ctid, SQL Server physloc).
    Locator,
}

/// One column to read, and the type its values are wanted in.
#[derive(Clone, Debug)]
pub struct ColumnRead {
    pub column: ColumnRef,
    /// Coercion to this type is exact or the row is rejected.
    pub wanted: DataType,
    /// A NULL is a misfit.
    pub required: bool,
    /// Texts that mean NULL when `wanted` is not text.
    pub null_texts: Vec<String>,
}

/// Where rows are read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relation {
    Table(TableRef),
    /// A query of the user's, in the database's own SQL.
    Query(String),
}

/// `column comparison value`. Several are joined by AND.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    pub column: String,
    pub comparison: Comparison,
    /// **Shape**: one; for `AnyOf` any number up to [`Condition::VALUES_MAX`], all of one kind; for `IsNull` and
    /// `IsNotNull` none.
    pub values: Vec<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
    /// Equal to one of the values; nothing is one of none.
    AnyOf,
    IsNull,
    IsNotNull,
}

/// What to read.
#[derive(Clone, Debug)]
pub struct Read<'a> {
    pub from: &'a Relation,
    pub columns: &'a [ColumnRead],
    /// Places in `columns` of the key, in key order; empty: no order, one page.
    pub key: &'a [usize],
    pub filter: &'a [Condition],
    /// Only rows after this key.
    pub after: Option<&'a Key>,
    /// Only rows up to and including this key.
    pub up_to: Option<&'a Key>,
    pub rows: Option<usize>,
    pub bytes: Option<usize>,
    pub zone: &'a Zone,
}

/// Where and how to write.
#[derive(Clone, Debug)]
pub struct Write<'a> {
    /// As [`Session::table`] tells it.
    pub table: &'a Table,
    /// The batch's columns, in its order; their types are the table's.
    pub columns: &'a [ColumnRef],
    /// Places in `columns` of the key.
    pub key: &'a [usize],
    /// Places in `columns` that are written when a row is new and left alone when it is there.
    pub insert_only: &'a [usize],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    pub inserted: u64,
    pub updated: u64,
    pub unchanged: u64,
}

/// Fingerprints of a whole table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// The whole-number column that segments are cut by; `None`: the locator.
    pub column: Option<String>,
    pub segments: Vec<Segment>,
}

/// Fingerprint of the rows from `first` to `last`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    pub first: i64,
    pub last: i64,
    pub rows: u32,
    pub digest: [u8; 16],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalStatus {
    Absent,
    /// Every trigger is there and of this version.
    Complete,
    /// Something is missing or was changed: notes may be incomplete, compare everything.
    Doubtful,
}

/// A column that a database cannot hold faithfully.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column `{column}` of type {native}: {reason}")]
pub struct Unfaithful {
    pub column: String,
    pub native: String,
    /// What would be lost, for people.
    pub reason: String,
}

impl Condition {
    /// Every database takes as many parameters in one statement.
    pub const VALUES_MAX: usize = 1000;

    #[must_use]
    pub fn new(column: impl Into<String>, comparison: Comparison, value: Value) -> Self {
        Self { column: column.into(), comparison, values: vec![value] }
    }

    #[must_use]
    pub fn any_of(column: impl Into<String>, values: Vec<Value>) -> Self {
        Self { column: column.into(), comparison: Comparison::AnyOf, values }
    }

    /// What the column is compared with, if with one value.
    pub(crate) fn value(&self) -> &Value {
        self.values.first().unwrap_or(&Value::Null)
    }
}

impl<'a> Read<'a> {
    /// All rows at once, in no order: for tables known to be small.
    #[must_use]
    pub const fn whole(from: &'a Relation, columns: &'a [ColumnRead], zone: &'a Zone) -> Self {
        Self { from, columns, key: &[], filter: &[], after: None, up_to: None, rows: None, bytes: None, zone }
    }
}

impl ColumnRead {
    #[must_use]
    pub fn new(column: ColumnRef, wanted: DataType) -> Self {
        Self { column, wanted, required: false, null_texts: Vec::new() }
    }
}

impl ColumnRef {
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self::Named(name.into())
    }

    /// For messages.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Named(name) => name,
            Self::Locator => "(locator)",
        }
    }
}
