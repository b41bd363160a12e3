//! A day's work on an office file as one statement: for measuring, where the old program's clicks would take long.

use std::path::Path;

use anyhow::{Context, ensure};
use rusqlite::{Connection, params};

/// Writes the notes of `rows` timesheets anew, after the first `skipped` ones.
///
/// **Errors**: when the file has fewer.
pub fn note_timesheets(path: &Path, rows: u32, skipped: u32, notes: &str) -> anyhow::Result<()> {
    let connection = Connection::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let changed = connection.execute(include_str!("sql/day_of_notes.sql"), params![notes, rows, skipped])?;
    ensure!(changed == rows as usize, "{} has too few timesheets", path.display());
    Ok(())
}
