//! One agent a file.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{Error, Result};

/// The only agent of a file, as long as this or a clone of it lives; ends with the process, however that ends.
#[derive(Clone, Debug)]
pub struct Lock {
    path: PathBuf,
    _file: Arc<File>,
}

impl Lock {
    /// # Errors
    /// `Missing`, `Locked`, `ReadOnly`, `File`.
    pub fn take(path: &Path) -> Result<Self> {
        check(path)?;
        let beside = beside(path);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&beside);
        let file = file.map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Error::ReadOnly(Some(Box::new(error)))
            }
            _ => Error::File(beside.clone(), error),
        })?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _file: Arc::new(file) }),
            Err(TryLockError::WouldBlock) => Err(Error::Locked(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(Error::File(beside, error)),
        }
    }

    /// The file that it is the lock of.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Whether the file is there and may be written.
///
/// # Errors
/// `Missing`, `ReadOnly`, `File`.
pub(super) fn check(path: &Path) -> Result<()> {
    let found = std::fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Error::Missing(path.to_owned()),
        _ => Error::File(path.to_owned(), error),
    })?;
    if found.permissions().readonly() { Err(Error::ReadOnly(None)) } else { Ok(()) }
}

/// The lock of a file.
pub(super) fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-denk.lock");
    name.into()
}
