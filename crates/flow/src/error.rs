//! Why a flow could not run. Typed, so that the program can say it in the user's language.

use model::{ErrorKind, Key};

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("database `{database}`")]
    Database {
        /// Name in `[databases]`.
        database: String,
        #[source]
        source: database::Error,
    },
    /// It could not be opened for an earlier flow of the same run, which tells why.
    #[error("database `{0}` could not be opened")]
    Unopened(String),
    #[error("flow `{0}`, which must come first, has failed")]
    Waits(String),
    #[error("column `{column}` of `{table}` must not be NULL, has no default, and the flow does not fill it")]
    Unfilled { table: String, column: String },
    #[error("key column `{column}` is {source_type} in the source and {target_type} in the target")]
    KeyDiffers { column: String, source_type: String, target_type: String },
    #[error("the flow names database `{0}`, which is not configured")]
    NoDatabase(String),
    #[error("table `{table}` is not in database `{database}`")]
    NoTable { database: String, table: String },
    #[error("source table `{table}` is not in database `{database}`")]
    NoSourceTable { database: String, table: String },
    #[error("column `{column}` is not in table `{table}`")]
    NoColumn { table: String, column: String, nearest: Option<String> },
    #[error("column `{column}` of `{table}` is computed by the database and cannot be written")]
    Computed { table: String, column: String },
    #[error("table `{0}` has no key, and the flow names none")]
    NoKey(String),
    /// Each column that the target cannot hold.
    #[error("{} would not survive", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Unfaithful(Vec<database::Unfaithful>),
    #[error("`{word}` is no column type")]
    NoType { word: String },
    #[error("value of `{column}` in the flow file does not fit: {reason}")]
    BadConstant { column: String, reason: String },
    #[error("source column `{column}` has vanished from database `{database}`")]
    Vanished { database: String, column: String },
    #[error("source column `{column}` of database `{database}` was {before} and is now {now}")]
    Retyped { database: String, column: String, before: String, now: String },
    #[error("rows of the source do not come in the order of their keys (at {0}): its file is damaged")]
    Disordered(Key),
    #[error("the target holds two rows with key {0}")]
    TargetKeyRepeats(Key),
    #[error("test `{test}` of the flow file: column `{column}` became `{got}` instead of `{wanted}`")]
    CaseFailed { test: String, column: String, wanted: String, got: String },
    #[error("a background reader ended unexpectedly")]
    ReaderLost,
}

impl Error {
    pub(crate) fn database(name: &str) -> impl Fn(database::Error) -> Self + '_ {
        move |source| Self::Database { database: name.to_owned(), source }
    }

    /// Kind of failure, for policy and exit codes.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Database { source, .. } => source.kind,
            Self::Unopened(_) | Self::Waits(_) => ErrorKind::Connection,
            Self::NoDatabase(_)
            | Self::NoTable { .. }
            | Self::NoSourceTable { .. }
            | Self::NoColumn { .. } => ErrorKind::Missing,
            Self::ReaderLost => ErrorKind::Internal,
            Self::TargetKeyRepeats(_) => ErrorKind::Constraint,
            Self::Disordered(_) => ErrorKind::Corrupt,
            _ => ErrorKind::Schema,
        }
    }
}
