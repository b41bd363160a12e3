//! Connectors: the code that speaks to one kind of database, behind one contract.
//!
//! [`Session`] is the contract: a small trait with a long description. The folders `sqlite`, `postgres` and `mssql`
//! mirror each other file by file; no name of a database or driver occurs outside its folder. What differs between
//! databases and matters to a caller is data in [`Capabilities`].
//!
//! Not here: what is copied where and why (crate `flow`), and any rule about a product's tables.

mod address;
mod contract;
mod error;
#[cfg(test)]
mod golden;
#[cfg(feature = "mssql")]
mod mssql;
#[cfg(feature = "postgres")]
mod postgres;
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use address::{Address, AddressError, Engine};
pub use contract::{
    Applied, Begin, Capabilities, ColumnRead, ColumnRef, Comparison, Condition, Digest, JOURNAL_TABLE,
    JournalStatus, Read, Relation, Segment, Server, Session, Unfaithful, Write,
};
pub use error::{Error, Result};
#[cfg(feature = "sqlite")]
pub use sqlite::untrusted;

/// Opens a session on the database at `address`.
///
/// # Errors
/// `Connection`, `Authentication`, `Missing` (no such file or database), `Corrupt` (a file that is no database),
/// `Permission`, `Timeout`. All are final for this call; none leaves anything behind.
pub async fn open(address: &Address) -> Result<Box<dyn Session>> {
    match address.engine() {
        #[cfg(feature = "sqlite")]
        Engine::Sqlite => sqlite::open(address).await,
        #[cfg(feature = "postgres")]
        Engine::Postgres => postgres::open(address).await,
        #[cfg(feature = "mssql")]
        Engine::Mssql => mssql::open(address).await,
        #[allow(unreachable_patterns, reason = "reachable when a connector is left out of the build")]
        engine => Err(Error::new(
            model::ErrorKind::Unsupported,
            format!("this build has no connector for {engine}"),
        )),
    }
}

/// As [`open`]; makes an empty `SQLite` file where there is none, for the target of a copy.
///
/// # Errors
/// As [`open`]; `Missing` when the folder is not there. Only an empty file may be left behind.
pub async fn open_or_create(address: &Address) -> Result<Box<dyn Session>> {
    match address.engine() {
        #[cfg(feature = "sqlite")]
        Engine::Sqlite => sqlite::open_or_create(address).await,
        _ => open(address).await,
    }
}

/// Runs a script of SQL statements on a SQLite file, which is made if it is not there: for files that come with the
/// program (schemas, made-up rows). Never for text from outside.
///
/// # Errors
/// As [`open_or_create`], and what the database says to a statement; those before it have happened.
#[cfg(feature = "sqlite")]
pub async fn run_script(address: &Address, script: &'static str) -> Result<()> {
    sqlite::run_script(address, script).await
}

/// Copies a SQLite file, as it is at one moment, to `to`: an empty file, or none. Others may go on writing; each waits for
/// a part of the copy at most.
///
/// # Errors
/// As [`open`]; `Busy`; what is at `to` is then worth nothing.
#[cfg(feature = "sqlite")]
pub async fn duplicate(file: &Address, to: &std::path::Path) -> Result<()> {
    sqlite::duplicate(file, to).await
}

/// Takes everything out of a SQLite file but the tables that are kept, with their indexes: other tables, all views, virtual
/// tables and triggers but the journal's. Nothing of what they hold, or ever held, stays in it. Nothing that the file has of a
/// program runs, and nobody else may have it open.
///
/// # Errors
/// As [`open`]; some of it may be gone then.
#[cfg(feature = "sqlite")]
pub async fn reduce(file: &Address, keep: impl Fn(&str) -> bool + Send + 'static) -> Result<()> {
    sqlite::reduce(file, keep).await
}

/// What one table of a SQLite file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableProof {
    pub name: String,
    pub rows: u64,
    /// Of how the table is made and of every value, in order of the key: the same rows have the same hash, wherever in the
    /// file they lie. **Units**: BLAKE3, hexadecimal.
    pub hash: String,
}

/// Checks a SQLite file from end to end, and tells what each of its tables holds, in order of name.
///
/// # Errors
/// As [`open`]; `Corrupt` with the first thing that does not hold together.
#[cfg(feature = "sqlite")]
pub async fn proof(file: &Address) -> Result<Vec<TableProof>> {
    sqlite::proof(file).await
}

/// Makes a SQLite file whole in itself: what is in its log goes into the file, and the log goes.
///
/// # Errors
/// As [`open`]; `Busy` when somebody uses it.
#[cfg(feature = "sqlite")]
pub async fn settle(file: &Address) -> Result<()> {
    sqlite::settle(file).await
}
