//! A database file from outside, opened as the hostile input that it is.
//!
//! Owns the way from a file that anybody may have made to its tables and rows: everything is checked before it is
//! believed, nothing of the file is carried out, nothing is written, not even beside it. Not here: how the bytes came
//! onto the disk, and what the rows mean.
//!
//! The one thing to know: the schema of a file is a program. Views, triggers, checks, defaults, computed columns,
//! virtual tables and collations all run inside the reader. So only names are taken from it, and the statements that
//! are run are plain scans of plain tables:
//! - a *view* is not listed, whatever its name; a *trigger* has no statement that would fire it;
//! - a *check* is not even kept in mind where nothing can be written; a *default* counts only where it is a literal;
//! - a *virtual table* is refused: checking it runs a module on the file's own bytes;
//! - a *computed column* is refused where it is computed on reading: compiling one that names another twice, and that
//!   one a third, takes time without end that nothing can interrupt. One that is stored is left out;
//! - an *index* is checked but not read (`not indexed`), so none can hide or double a row.
//!
//! Also refused: a file in WAL mode. Its newest rows are in a second file that nobody sent, and a copy taken while that
//! file is written back is torn in a way that no check can see. The remedy is `pragma journal_mode = delete`, the mode
//! that the old programs write.
//!
//! What the file says about itself (`user_version`, `application_id`, its constraints, its time) is not to be relied on:
//! two rows may hold the same value in a column declared unique.

mod header;
mod open;
mod read;
mod refused;
mod tables;

use std::{path::Path, time::Duration};

pub use read::Row;
pub use refused::{Class, Refused};
use rusqlite::Connection;
pub use tables::Table;

/// How much of a file is taken.
#[derive(Clone, Debug)]
pub struct Limits {
    /// **Units**: bytes, of the file; and of the texts and byte strings of all rows read, which may be more: one
    /// default stands for a value in every row that was there before its column.
    pub bytes: u64,
    pub tables: usize,
    /// In one table.
    pub columns: usize,
    /// In one table.
    pub table_rows: u64,
    /// In all tables.
    pub rows: u64,
    /// **Units**: bytes, of one text or byte string.
    pub cell_bytes: usize,
    /// From [`inspect`] to the last row read, whatever the caller does in between.
    pub time: Duration,
}

impl Default for Limits {
    /// Many times the largest office: 100 000 timesheets are about 10 MB.
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            tables: 100,
            columns: 200,
            table_rows: 1_000_000,
            rows: 2_000_000,
            cell_bytes: 4 << 20,
            time: Duration::from_secs(20),
        }
    }
}

/// A file that passed every check, still open for reading.
///
/// **Invariants**: nobody else writes the file while this lives.
#[derive(Debug)]
pub struct Upload {
    connection: Connection,
    tables: Vec<Table>,
    limits: Limits,
    /// Bytes that may still be given out.
    bytes_left: u64,
}

/// Checks the file at `path` from its header to its last page.
///
/// Blocks; memory is bounded by a few megabytes, whatever the file says. `clock` tells the time since a fixed moment and
/// never goes back; it is asked every few microseconds. The file must be the caller's own (a temporary file under a
/// name that nobody knows): it is read as one that never changes.
///
/// # Errors
/// [`Refused`], with its [`Class`]; nothing is left behind.
pub fn inspect(
    path: &Path,
    limits: &Limits,
    clock: impl Fn() -> Duration + Send + 'static,
) -> Result<Upload, Refused> {
    header::check(path, limits.bytes)?;
    let ends = clock().saturating_add(limits.time);
    let connection = open::open(path, limits, move || clock() >= ends)?;
    let tables = tables::list(&connection, limits)?;
    Ok(Upload { connection, tables, limits: limits.clone(), bytes_left: limits.bytes })
}

impl Upload {
    /// The ordinary tables, without SQLite's own, in the order in which they were made. Names differ by more than the
    /// case of their ASCII letters.
    #[must_use]
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Found in any case, as in SQL.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name.eq_ignore_ascii_case(name))
    }
}
