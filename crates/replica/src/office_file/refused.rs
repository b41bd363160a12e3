//! Why a file is not taken.

use database::untrusted::{self, Class};

/// Why a file is not taken.
///
/// `Display` is a sentence for the sender. Names in it are the preset's, not the file's.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error(transparent)]
    Unreadable(#[from] untrusted::Refused),
    #[error("the file has none of the tables that the hub merges")]
    UnknownShape,
    /// A table of that name, made by another program: the abandoned second edition has such a family of tables. What
    /// tells its rows apart is not there, so no row of it can be recognised.
    #[error("table `{table}` has no column `{column}`: the file is of another edition of the program")]
    OtherEdition { table: String, column: String },
    #[error("row {rowid} of table `{table}` has no id, or the id of another row")]
    BadId { table: String, rowid: i64 },
}

impl Refused {
    /// Stable word under which messages and hints are found.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(refused) => refused.code(),
            Self::UnknownShape => "unknown_shape",
            Self::OtherEdition { .. } => "other_edition",
            Self::BadId { .. } => "bad_id",
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub const fn class(&self) -> Class {
        match self {
            Self::Unreadable(refused) => refused.class(),
            Self::UnknownShape | Self::OtherEdition { .. } | Self::BadId { .. } => Class::Unfit,
        }
    }
}
