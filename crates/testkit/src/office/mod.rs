//! Made-up files of the office program, in every shape that has been seen, and that program at work on them.
//!
//! Owns the historical schemas (`sql/shape`, and `presets/rainstaff/office/schema.sqlite.sql` for the live one), a generator of
//! repeatable content ([`generate`]) and [`Desktop`], which does to a file what the old program does, its mistakes
//! included. Does not know denk, HTTP or the server. The one thing to know: a row follows from seed and number alone,
//! so files of one seed tell of the same people, whatever their shape and size.
//!
//! **Source**: the specification's chapters on the data model, users, the desktop, synchronisation and sizes.

mod accounts;
mod desktop;
pub mod reason;
mod recipe;
mod shape;
mod size;
mod stage;
mod tables;
mod typist;
mod words;
mod work;

#[cfg(test)]
mod tests;

use std::path::Path;

use anyhow::{Context, ensure};
use rusqlite::Connection;

pub use accounts::{ACCOUNTS, Account};
pub use desktop::{
    CHECKLIST, Desktop, Driver, Employee, Fault, Generation, Inspection, Item, Product, Record, Report,
    ServiceVisit, ShiftTemplate, Timesheet, UPLOAD_FILE_NAME, Vehicle,
};
pub use shape::Shape;
pub use size::Size;
pub use tables::{Reference, TABLES, references};
pub use typist::Typist;
pub use work::{Saving, begin_notes, enter_timesheets, note_timesheets, noted_timesheets};

pub use crate::entegra::Moment;

/// What the downloads of a hub must look like: the schema of the live files, empty.
pub const LEGACY_SCHEMA: &str = include_str!("../../../../presets/rainstaff/office/schema.sqlite.sql");

/// **Units**: seconds.
pub(crate) const DAY: i64 = 24 * 60 * 60;

/// Which file to make.
///
/// **Invariants**: files of the same seed share people, plates and serial numbers as copies of one file do; offices
/// that are to be strangers take different seeds.
#[derive(Debug, Clone, Copy)]
pub struct Office<'a> {
    pub shape: Shape,
    pub size: Size,
    pub region: &'a str,
    pub seed: u64,
}

/// Writes a whole office file.
///
/// **Shape**: the tables of `office.shape` with as many of the rows of `office.size` as they can hold.
/// **Invariants**: one transaction; the same office gives the same bytes; `integrity_check` and `foreign_key_check`
/// find nothing.
/// **Errors**: refuses a path that exists, and a size with more work a day than there are people.
pub fn generate(path: &Path, office: &Office<'_>) -> anyhow::Result<()> {
    ensure!(!path.exists(), "{} exists already", path.display());
    office.size.check()?;
    let mut conn = Connection::open(path).with_context(|| format!("cannot create {}", path.display()))?;
    // Nobody misses half a file after a crash, so it need not wait for the disk.
    conn.execute_batch("pragma journal_mode = delete; pragma synchronous = off; pragma foreign_keys = on")?;
    conn.execute_batch("attach ':memory:' as staged")?;
    let transaction = conn.transaction()?;
    stage::stage(&transaction, office)?;
    for step in recipe::of(office.shape) {
        step.take(&transaction).with_context(|| format!("shape {}", office.shape.name()))?;
    }
    transaction.commit()?;
    Ok(())
}
