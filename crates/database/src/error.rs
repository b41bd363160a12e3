//! What can go wrong between denk and a database.

use model::{ErrorKind, Key, TableRef};

/// Result of every call of a [`Session`](crate::Session).
pub type Result<T> = std::result::Result<T, Error>;

/// A failure, classified by the connector's own `error.rs`.
///
/// `Display` tells what failed, without the cause; the driver's error is the source.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct Error {
    pub kind: ErrorKind,
    /// What failed, in the database's words where it spoke.
    pub what: String,
    pub table: Option<TableRef>,
    pub column: Option<String>,
    /// The row at fault, when it is known to be this one.
    pub key: Option<Key>,
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    #[must_use]
    pub fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), table: None, column: None, key: None, source: None }
    }

    #[must_use]
    pub fn caused_by(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    #[must_use]
    pub fn in_table(mut self, table: &TableRef) -> Self {
        self.table.get_or_insert_with(|| table.clone());
        self
    }

    #[must_use]
    pub fn in_column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self
    }
}
