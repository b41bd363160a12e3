//! A day's work on an office file as one statement: for measuring, where the old program's clicks would take long.

use std::{path::Path, time::Duration};

use anyhow::{Context, ensure};
use rusqlite::{Connection, params};

/// For others who write the file.
const PATIENCE: Duration = Duration::from_secs(30);

/// Writes the notes of `rows` timesheets anew, after the first `skipped` ones.
///
/// **Errors**: when the file has fewer.
pub fn note_timesheets(path: &Path, rows: u32, skipped: u32, notes: &str) -> anyhow::Result<()> {
    note(&open(path)?, rows, skipped, notes).with_context(|| path.display().to_string())
}

fn open(path: &Path) -> anyhow::Result<Connection> {
    let connection = Connection::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

fn note(connection: &Connection, rows: u32, skipped: u32, notes: &str) -> anyhow::Result<()> {
    let changed = connection.execute(include_str!("sql/day_of_notes.sql"), params![notes, rows, skipped])?;
    ensure!(changed == rows as usize, "too few timesheets");
    Ok(())
}

/// A save that goes on: the file is the program's alone until it ends. Given up, nothing of it was done.
pub struct Saving(Connection);

/// Begins to write the notes of so many timesheets anew, after the first `skipped` ones.
///
/// **Errors**: as [`note_timesheets`].
pub fn begin_notes(path: &Path, rows: u32, skipped: u32, notes: &str) -> anyhow::Result<Saving> {
    let connection = open(path)?;
    connection.execute_batch("begin exclusive")?;
    note(&connection, rows, skipped, notes).with_context(|| path.display().to_string())?;
    Ok(Saving(connection))
}

impl Saving {
    pub fn end(self) -> anyhow::Result<()> {
        Ok(self.0.execute_batch("commit")?)
    }
}

/// Enters so many timesheets of one person, a day each.
pub fn enter_timesheets(path: &Path, rows: u32, notes: &str) -> anyhow::Result<()> {
    open(path)?.execute(include_str!("sql/day_of_entries.sql"), params![rows, notes])?;
    Ok(())
}

/// How many timesheets of an office file, or of a hub's store, have these notes. Others may write meanwhile.
pub fn noted_timesheets(path: &Path, notes: &str) -> anyhow::Result<u64> {
    let count: i64 = open(path)?.query_row(include_str!("sql/noted.sql"), [notes], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}
