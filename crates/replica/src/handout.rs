//! The file that the hub hands to one device.
//!
//! Owns the way from rows under a device's own ids to a file that the old programs open: the preset's schema to the
//! letter, sequences that give no id a second time, a tag that the next upload brings back. Does not know which rows a
//! device gets. The one thing to know: a file cannot say "unknown", so every row first goes through [`Blank::fit`].

mod blank;
mod relax;
mod write;

use std::{collections::BTreeMap, io, path::PathBuf};

use merge::{LocalRow, TableId};

use crate::office_file::OwnTable;

pub use blank::{Blank, fit, written};
pub use write::{ID_LIMIT, SEQUENCE_TABLE, noted, write};

/// How the names of unfinished files begin; what a killed process left behind can be removed at the next start.
pub const TEMPORARY_PREFIX: &str = ".handout-";

/// What one device gets.
#[derive(Clone, Copy, Debug)]
pub struct Contents<'a> {
    /// Told back by the device's next upload ([`crate::office_file::OfficeFile::tag`]).
    pub tag: &'a str,
    /// Rows of merged tables under the device's own ids, in local form, as [`Blank::fit`] left them.
    ///
    /// **Order**: any; they are written in ascending order of ids. **Invariants**: every row that a reference of the
    /// schema names is there.
    pub merged: &'a BTreeMap<TableId, Vec<LocalRow>>,
    /// The device's own, local and evidence tables, as its last file had them.
    pub own: &'a BTreeMap<TableId, OwnTable>,
    /// The highest id that the device ever used or was ever given, a table. Rows of `merged` and `own`, and what the
    /// device noted of its deletions, count by themselves.
    pub last_ids: &'a BTreeMap<TableId, i64>,
}

/// A file cannot be written. Nothing of it is left behind.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `Constraint`: a row lacks its parent; `Conversion`: a cell did not go through [`Blank::fit`].
    #[error("the hand-out cannot be written")]
    Database(#[from] database::Error),
    #[error("{} cannot be written", .0.display())]
    File(PathBuf, #[source] io::Error),
    #[error("the schema has no table `{0}`")]
    NoTable(String),
}

impl Error {
    fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        |error| Self::File(path.into(), error)
    }
}
