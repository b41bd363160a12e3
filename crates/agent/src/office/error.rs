//! What can go wrong with an office file.

use std::{io, path::PathBuf};

use model::ErrorKind;
use replica::office_file::Lack;

pub type Result<T> = std::result::Result<T, Error>;

/// A failure, as the person at the PC has to know it. `Display` tells this layer only.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no file {}", .0.display())]
    Missing(PathBuf),
    #[error("the file, or the folder that it lies in, may not be written")]
    ReadOnly(#[source] Option<Box<dyn std::error::Error + Send + Sync>>),
    /// Passing: another agent has the file open.
    #[error("another agent works on {}", .0.display())]
    Locked(PathBuf),
    /// Passing: the program writes.
    #[error("the file is locked by its program")]
    Busy(#[source] database::Error),
    #[error("the disk is full")]
    Full(#[source] database::Error),
    #[error("the file is damaged, or is no database")]
    Corrupt(#[source] database::Error),
    #[error("{} is not an office's file", .0.display())]
    NotAnOfficeFile(PathBuf, #[source] Stranger),
    /// It had this table, or this column that the table is nothing without, when it was last looked at: nothing is
    /// exchanged until it is back.
    #[error("{} no longer has what its program had there: {}", .0.display(), Stranger::from(.1.clone()))]
    Lacks(PathBuf, Lack),
    #[error("a newer version of denk was here: its tables in the file are of form {0}")]
    NewerTables(u32),
    /// Rows of two regions would come into one file.
    #[error("the file is one of {file}, and the line is one of {line}")]
    OtherRegion { file: String, line: String },
    /// What denk itself wrote into the file is not what it should be.
    #[error("denk's own tables in the file do not fit: {0}")]
    Broken(String),
    #[error("{} cannot be read or written", .0.display())]
    File(PathBuf, #[source] io::Error),
    #[error("the file cannot be worked on")]
    Database(#[source] database::Error),
}

/// What shows that a file is no office's. Names are the preset's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stranger {
    #[error("it is empty, or no file at all")]
    Empty,
    #[error("it has no table `{0}`")]
    NoTable(String),
    #[error("its table `{table}` has no column `{column}`")]
    NoColumn { table: String, column: String },
    /// Nobody's writing could be noted there.
    #[error("`{0}` is a view of it, and no table")]
    View(String),
    /// The office program writes no such file, and the hub reads none.
    #[error("its texts are not in UTF-8")]
    Encoding,
}

impl Error {
    pub(super) fn broken(what: impl Into<String>) -> Self {
        Self::Broken(what.into())
    }
}

impl From<database::Error> for Error {
    fn from(error: database::Error) -> Self {
        match error.kind {
            ErrorKind::Busy => Self::Busy(error),
            ErrorKind::Full => Self::Full(error),
            ErrorKind::Corrupt => Self::Corrupt(error),
            ErrorKind::Permission => Self::ReadOnly(Some(Box::new(error))),
            _ => Self::Database(error),
        }
    }
}

impl From<Lack> for Stranger {
    fn from(lack: Lack) -> Self {
        match lack {
            Lack::Table { table } => Self::NoTable(table),
            Lack::Column { table, column } => Self::NoColumn { table, column },
        }
    }
}

impl From<replica::codec::Garbled> for Error {
    fn from(garbled: replica::codec::Garbled) -> Self {
        Self::Broken(garbled.to_string())
    }
}
