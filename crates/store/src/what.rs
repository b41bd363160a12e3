//! What a person should know about a row or a file, in a form that every language can say.

use std::fmt;

use serde::{Serialize, Serializer};

/// `Display`, and JSON, say it in English. Names columns and regions, never other values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    UnknownTable,
    UnknownColumn(String),
    OddType {
        column: String,
        rows: usize,
    },
    NoTag,
    /// The column names a row that is not in the file; the row was set aside for it, or the column left empty.
    NotInFile {
        column: String,
        set_aside: bool,
    },
    /// The column names a row that the hub does not know.
    NotKnown(String),
    /// The column names a row of another region that was deleted.
    Gone(String),
    /// The column names a row that was deleted: this one comes back with it.
    Fallen(String),
    /// The id holds something else than before.
    Doubt {
        kept_both: bool,
    },
    NotDeleted,
    /// These columns say the same in both regions; `None`: in a row of no region.
    Namesake {
        columns: Vec<String>,
        ours: Option<String>,
        theirs: Option<String>,
    },
    Region,
    UnknownRow,
    HeldForRegion {
        refused: u64,
        rows: u64,
    },
    HeldForChanges {
        deletes: u64,
        updates: u64,
        rows: u64,
    },
    OlderFile,
    DoubledFile,
    Copy,
}

impl What {
    /// Stable word for programs; see [`Reason::reason`](crate::Reason::reason).
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::UnknownTable => "unknown_table",
            Self::UnknownColumn(_) => "unknown_column",
            Self::OddType { .. } => "odd_type",
            Self::NoTag => "no_tag",
            Self::NotInFile { set_aside: false, .. } => "orphan_column",
            Self::NotInFile { .. } | Self::NotKnown(_) | Self::Gone(_) => "orphan",
            Self::Doubt { .. } => "doubt",
            Self::Fallen(_) => "fallen",
            Self::NotDeleted => "not_deleted",
            Self::Namesake { .. } => "namesake",
            Self::Region => "region",
            Self::UnknownRow => "unknown_row",
            Self::HeldForRegion { .. } | Self::HeldForChanges { .. } => "held",
            Self::OlderFile => "older_file",
            Self::DoubledFile => "doubled_file",
            Self::Copy => "copy",
        }
    }

    /// The one column that it is about.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        match self {
            Self::UnknownColumn(column)
            | Self::OddType { column, .. }
            | Self::NotInFile { column, .. }
            | Self::NotKnown(column)
            | Self::Fallen(column)
            | Self::Gone(column) => Some(column),
            _ => None,
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let region = |of: &Option<String>| of.clone().unwrap_or_else(|| "no region".to_owned());
        f.write_str(match self {
            Self::UnknownTable => "the table is not known: left out",
            Self::UnknownColumn(column) => return write!(f, "column `{column}` is not known: left out"),
            Self::OddType { column, rows } => {
                return write!(f, "`{column}` is of another type in {rows} rows: kept as it is");
            }
            Self::NoTag => "the file's mark cannot be read",
            Self::NotInFile { column, .. } => {
                return write!(f, "`{column}` names a row that is not in the file");
            }
            Self::NotKnown(column) => return write!(f, "`{column}` names a row that the hub does not know"),
            Self::Gone(column) => {
                return write!(f, "`{column}` names a row of another region that was deleted");
            }
            Self::Fallen(column) => {
                return write!(f, "`{column}` names a row that was deleted: it comes back with that one");
            }
            Self::Doubt { kept_both: true } => "the id holds something else than before: both are kept",
            Self::Doubt { kept_both: false } => {
                "the id holds something else than before: it is taken for a new row"
            }
            Self::NotDeleted => "somebody else has changed it, or something new needs it: it stays",
            Self::Namesake { columns, ours, theirs } => {
                let (columns, ours, theirs) = (columns.join("`, `"), region(ours), region(theirs));
                return write!(f, "the same `{columns}` stands in {ours} and in {theirs}: both rows stay");
            }
            Self::Region => "the row is not of this site's region",
            Self::UnknownRow => "the hub does not know the row",
            Self::HeldForRegion { refused, rows } => {
                return write!(
                    f,
                    "{refused} of {rows} rows are not of this site's region: waits for a person"
                );
            }
            Self::HeldForChanges { deletes, updates, rows } => {
                return write!(
                    f,
                    "deletes {deletes} and changes {updates} of {rows} rows: waits for a person"
                );
            }
            Self::OlderFile => "the file is older than the one before: nothing is deleted for what it lacks",
            Self::DoubledFile => "the file seems to be in use twice: nothing is deleted for what it lacks",
            Self::Copy => "the file is a copy of another site's file",
        })
    }
}

impl Serialize for What {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
