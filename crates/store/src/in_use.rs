//! Who uses a store in a file: all who have it open hold one lock together, and only who puts another file in its place
//! holds it alone. It lies in a file of its own beside the store's, as SQLite's locks are those of the file itself.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use database::{Address, Engine};

use crate::{Error, Result};

const LOCK: &str = ".in-use";

/// Held as long as a store is open.
///
/// # Errors
/// `Restoring` while another file is being put in its place.
pub(crate) fn share(address: &Address) -> Result<Option<File>> {
    if address.engine() != Engine::Sqlite {
        return Ok(None);
    }
    let file = match open(address.path()) {
        // Without its folder there is no store: whoever opens it says so.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(Error::Restoring),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Held while another file is put in the place of the store's.
///
/// # Errors
/// `WouldBlock` while somebody has the store open.
pub(crate) fn alone(store: &Path) -> io::Result<File> {
    let file = open(store)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn open(store: &Path) -> io::Result<File> {
    let mut name = real(store).into_os_string();
    name.push(LOCK);
    File::options().create(true).truncate(false).write(true).open(name)
}

/// Where the file really is: a link and what it leads to are one store.
pub(crate) fn real(store: &Path) -> PathBuf {
    if let Ok(real) = store.canonicalize() {
        return real;
    }
    let folder = store.parent().and_then(|folder| folder.canonicalize().ok());
    match (folder, store.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => store.to_owned(),
    }
}
