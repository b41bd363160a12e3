//! Why a file is not taken.

use std::io;

use model::ErrorKind;

use crate::Error;

/// Whose fault it is: what an HTTP status is chosen by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Hostile, damaged or of unknown shape (422).
    Unfit,
    /// More than is taken (413).
    TooLarge,
    /// Our disk or our memory: the same file may be taken later (500).
    Ours,
}

/// Why a file is not taken.
///
/// `Display` is a sentence for the sender in our own words; names from the file are cut and escaped in it. What SQLite
/// said is the source, for the log.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("the file is not a SQLite database, or it is encrypted")]
    NotADatabase,
    #[error("the file is of a format that office programs do not write: {0}")]
    UnknownFormat(&'static str),
    #[error("the database is in WAL mode: its newest rows are in a second file that was not sent")]
    WalWithoutLog,
    #[error("the database is damaged: {what}")]
    Damaged {
        what: &'static str,
        #[source]
        cause: Option<Error>,
    },
    #[error("table `{table}` is virtual, which needs a program to be read")]
    VirtualTable { table: String },
    #[error("column `{column}` of table `{table}` is computed when it is read")]
    ComputedColumn { table: String, column: String },
    #[error("rows of table `{table}` have no number of their own (rowid)")]
    NoRowid { table: String },
    #[error("there is no table `{table}`")]
    NoTable { table: String },
    #[error("there is no column `{column}` in table `{table}`")]
    NoColumn { table: String, column: String },
    #[error("column `{column}` of row {rowid} of table `{table}` holds a text that is not UTF-8")]
    NotUtf8 { table: String, column: String, rowid: i64 },
    #[error("the file has {bytes} bytes, at most {max} are taken")]
    TooLarge { bytes: u64, max: u64 },
    #[error("the database has more than {max} tables, or many more indexes than tables")]
    TooManyTables { max: usize },
    #[error("table `{table}` has {columns} columns, at most {max} are taken")]
    TooManyColumns { table: String, columns: usize, max: usize },
    #[error("the tables up to `{table}` have more rows than are taken")]
    TooManyRows { table: String },
    #[error("table `{table}` has a value of more than {max} bytes")]
    CellTooLarge { table: String, max: usize },
    #[error("the rows hold more than {max} bytes")]
    TooMuchContent { max: u64 },
    #[error("the file takes too long to check and read")]
    TookTooLong,
    #[error("the file could not be read here")]
    Failed(#[source] Error),
}

impl Refused {
    /// Stable word under which messages and hints are found.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotADatabase => "not_a_database",
            Self::UnknownFormat(_) => "unknown_format",
            Self::WalWithoutLog => "wal_without_log",
            Self::Damaged { .. } => "damaged",
            Self::VirtualTable { .. } => "virtual_table",
            Self::ComputedColumn { .. } => "computed_column",
            Self::NoRowid { .. } => "no_rowid",
            Self::NoTable { .. } => "no_table",
            Self::NoColumn { .. } => "no_column",
            Self::NotUtf8 { .. } => "not_utf8",
            Self::TooLarge { .. } => "too_large",
            Self::TooManyTables { .. } => "too_many_tables",
            Self::TooManyColumns { .. } => "too_many_columns",
            Self::TooManyRows { .. } => "too_many_rows",
            Self::CellTooLarge { .. } => "cell_too_large",
            Self::TooMuchContent { .. } => "too_much_content",
            Self::TookTooLong => "took_too_long",
            Self::Failed(_) => "failed",
        }
    }

    #[must_use]
    pub const fn class(&self) -> Class {
        match self {
            Self::NotADatabase
            | Self::UnknownFormat(_)
            | Self::WalWithoutLog
            | Self::Damaged { .. }
            | Self::VirtualTable { .. }
            | Self::ComputedColumn { .. }
            | Self::NoRowid { .. }
            | Self::NoTable { .. }
            | Self::NoColumn { .. }
            | Self::NotUtf8 { .. } => Class::Unfit,
            Self::TooLarge { .. }
            | Self::TooManyTables { .. }
            | Self::TooManyColumns { .. }
            | Self::TooManyRows { .. }
            | Self::CellTooLarge { .. }
            | Self::TooMuchContent { .. }
            | Self::TookTooLong => Class::TooLarge,
            Self::Failed(_) => Class::Ours,
        }
    }

    pub(super) const fn damaged(what: &'static str) -> Self {
        Self::Damaged { what, cause: None }
    }

    /// What SQLite says about a file that it was asked to read: an error is the file's fault unless it is known to be
    /// ours.
    pub(super) fn by_sqlite(what: &'static str, native: rusqlite::Error) -> Self {
        let cause = Error::from(native);
        match cause.kind {
            ErrorKind::Timeout => Self::TookTooLong,
            ErrorKind::Corrupt
            | ErrorKind::Schema
            | ErrorKind::Missing
            | ErrorKind::Unsupported
            | ErrorKind::Conversion
            | ErrorKind::Constraint => Self::Damaged { what, cause: Some(cause) },
            _ => Self::Failed(cause),
        }
    }

    /// Whether SQLite said so: it has no code of its own for it.
    pub(super) fn quotes(&self, phrase: &str) -> bool {
        match self {
            Self::Damaged { cause: Some(cause), .. } | Self::Failed(cause) => cause.what.contains(phrase),
            _ => false,
        }
    }

    pub(super) fn by_system(error: io::Error) -> Self {
        Self::Failed(Error::new(ErrorKind::Connection, "reading the uploaded file").caused_by(error))
    }
}

/// Longest part of a name that is shown. **Units**: characters.
const SHOWN_MAX: usize = 60;

/// A name from the file as it may stand in a message or log.
pub(super) fn shown(name: &str) -> String {
    let cut: String = name.chars().take(SHOWN_MAX).flat_map(char::escape_debug).collect();
    if name.chars().nth(SHOWN_MAX).is_some() { cut + "..." } else { cut }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_is_harmless_in_a_message() {
        assert_eq!(shown("çalışan \"1\""), "çalışan \\\"1\\\"");
        assert_eq!(shown("\u{1b}[2J\n\u{202e}"), "\\u{1b}[2J\\n\\u{202e}");
        assert_eq!(shown(&"x".repeat(1 << 20)).len(), SHOWN_MAX + 3);
    }
}
