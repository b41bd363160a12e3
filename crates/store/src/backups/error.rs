//! Why a backup could not be made, kept or put back.

use std::{fmt, io, path::PathBuf};

use model::ErrorKind;

use super::elsewhere::{Lack, Trouble};

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("only a store in a SQLite file is backed up here")]
    Engine,
    #[error("there is no store at {}", .0.display())]
    NoStore(PathBuf),
    #[error("{} cannot be read or written", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the store could not be read or written")]
    Store(#[from] crate::Error),
    #[error("there is no backup {0}")]
    Unknown(String),
    #[error("there is no backup")]
    Nothing,
    #[error("backup {id}: {fault}")]
    Damaged { id: String, fault: Fault },
    #[error("a hub or another command uses the store")]
    InUse,
    #[error("there is a store in {} already", .0.display())]
    Occupied(PathBuf),
    #[error("another backup, restore or drill has been at work for too long")]
    Busy,
    #[error("{place}: {trouble}")]
    Elsewhere { place: String, trouble: Trouble },
    #[error("{place} has another backup {id}: two machines take themselves for one hub")]
    Taken { id: String, place: String },
    #[error("several hubs have a backup {id}: {}", .places.join(", "))]
    Several { id: String, places: Vec<String> },
    #[error("backup {0} was made before this time: it knows nothing of it")]
    Early(String),
}

/// What is wrong with a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Its description is not there: it was never finished, or somebody removed it.
    NoManifest,
    /// Its description was changed, or cannot be read.
    Manifest,
    /// A newer denk described it in another form.
    Newer,
    /// Its file is not there.
    Missing,
    /// Its file has another length.
    Length,
    /// Its file holds other bytes.
    Bytes,
    /// Its file does not unpack to what was packed.
    Unpacked,
    /// The database in it does not hang together.
    Integrity(String),
    /// A table in it does not hold what it held.
    Table(String),
    /// The store in it cannot be opened, or is at another change than it was.
    Store(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoManifest => f.write_str("its description is not there"),
            Self::Manifest => f.write_str("its description was changed"),
            Self::Newer => f.write_str("a newer denk has made it"),
            Self::Missing => f.write_str("its file is not there"),
            Self::Length => f.write_str("its file has another length"),
            Self::Bytes => f.write_str("its file holds other bytes"),
            Self::Unpacked => f.write_str("its file does not unpack to what was packed"),
            Self::Integrity(found) => write!(f, "the database in it is damaged: {found}"),
            Self::Table(table) => write!(f, "table {table} does not hold what it held"),
            Self::Store(found) => write!(f, "the store in it cannot be used: {found}"),
        }
    }
}

impl Fault {
    /// Stable word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NoManifest => "no_manifest",
            Self::Manifest => "manifest",
            Self::Newer => "newer",
            Self::Missing => "missing",
            Self::Length => "length",
            Self::Bytes => "bytes",
            Self::Unpacked => "unpacked",
            Self::Integrity(_) => "integrity",
            Self::Table(_) => "table",
            Self::Store(_) => "store",
        }
    }
}

impl Error {
    /// Whether there is no room for it.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            Self::File { source, .. } => is_full(source),
            Self::Store(crate::Error::File(source)) => is_full(source),
            Self::Store(error) => error.kind() == ErrorKind::Full,
            Self::Elsewhere { trouble, .. } => trouble.kind == Lack::Room,
            _ => false,
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

impl From<database::Error> for Error {
    fn from(error: database::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Tells which file it was.
pub(super) trait At<T> {
    fn at(self, path: impl Into<PathBuf>) -> Result<T>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, path: impl Into<PathBuf>) -> Result<T> {
        self.map_err(|source| Error::File { path: path.into(), source })
    }
}
