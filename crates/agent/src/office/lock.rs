//! One agent a file.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{Error, Result, copy::sweep};

/// The only agent of a file, as long as this or a clone of it lives; ends with the process, however that ends.
#[derive(Clone, Debug)]
pub struct Lock {
    path: PathBuf,
    beside: PathBuf,
    file: Arc<File>,
}

impl Lock {
    /// The lock is the file's, by whatever name it is called. What its last holder left beside the file when it was killed
    /// goes.
    ///
    /// # Errors
    /// `Missing`, `Locked`, `ReadOnly`, `File`.
    pub fn take(path: &Path) -> Result<Self> {
        check(path)?;
        let real = fs::canonicalize(path).map_err(|error| Error::File(path.to_owned(), error))?;
        let beside = lock_of(&real);
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Error::ReadOnly(Some(Box::new(error)))
            }
            _ => Error::File(beside.clone(), error),
        };
        loop {
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(&beside);
            let file = file.map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(Error::Locked(path.to_owned())),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
            // An agent that left may have removed it between the two: then nobody else would see it.
            if is_there(&file, &beside).map_err(failed)? {
                sweep(path).map_err(failed)?;
                return Ok(Self { path: path.to_owned(), beside, file: Arc::new(file) });
            }
        }
    }

    /// Ends it, and leaves no file behind.
    ///
    /// # Errors
    /// `File`; it is ended all the same.
    pub(super) fn remove(self) -> Result<()> {
        let Self { beside, file, .. } = self;
        // Once it is not held it may be another agent's. Windows does not remove what is open.
        let held = cfg!(unix).then_some(file);
        let removed = fs::remove_file(&beside);
        drop(held);
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::File(beside, error)),
            _ => Ok(()),
        }
    }

    /// The file that it is the lock of, as it was called.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether that name still leads to the file that is locked.
    pub(crate) fn is_of(&self, path: &Path) -> bool {
        self.path == path && fs::canonicalize(path).is_ok_and(|real| lock_of(&real) == self.beside)
    }
}

/// Whether the file is there and may be written.
///
/// # Errors
/// `Missing`, `ReadOnly`, `File`.
pub(super) fn check(path: &Path) -> Result<()> {
    let found = fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Error::Missing(path.to_owned()),
        _ => Error::File(path.to_owned(), error),
    })?;
    if found.permissions().readonly() { Err(Error::ReadOnly(None)) } else { Ok(()) }
}

/// Whether it is what lies there by its name.
#[cfg(unix)]
fn is_there(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let held = file.metadata()?;
    match fs::metadata(path) {
        Ok(found) => Ok((found.dev(), found.ino()) == (held.dev(), held.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// What is open is not removed there.
#[cfg(not(unix))]
fn is_there(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

/// The lock of a file.
pub(super) fn lock_of(path: &Path) -> PathBuf {
    beside(path, "-denk.lock")
}

/// What belongs to a file, beside it.
pub(super) fn beside(path: &Path, what: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(what);
    name.into()
}

#[cfg(all(test, unix))]
mod tests {
    use std::{
        os::unix::fs::symlink,
        sync::atomic::{AtomicU32, Ordering},
        thread,
    };

    use super::*;

    #[test]
    fn a_file_has_one_lock_by_whatever_name_it_is_called() {
        let folder = tempfile::tempdir().unwrap();
        let [real, other] = ["real", "other"].map(|name| folder.path().join(name));
        for folder in [&real, &other] {
            fs::create_dir(folder).unwrap();
        }
        let file = real.join("puantaj.db");
        fs::write(&file, "").unwrap();
        symlink(&file, other.join("link.db")).unwrap();
        symlink("link.db", other.join("second.db")).unwrap();
        symlink(&real, folder.path().join("linked")).unwrap();
        let names = [
            file.clone(),
            other.join("link.db"),
            other.join("second.db"),
            folder.path().join("linked/puantaj.db"),
            other.join("../real/./puantaj.db"),
        ];
        for one in &names {
            let held = Lock::take(one).unwrap();
            assert_eq!(held.path(), one);
            for second in &names {
                assert!(matches!(Lock::take(second), Err(Error::Locked(_))), "{one:?}, {second:?}");
            }
            held.remove().unwrap();
            assert!(!lock_of(&file).exists() && !lock_of(one).exists(), "{one:?}");
        }
    }

    #[test]
    fn a_name_that_leads_elsewhere_needs_another_lock() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other, link] = ["one.db", "other.db", "link.db"].map(|name| folder.path().join(name));
        fs::write(&one, "").unwrap();
        fs::write(&other, "").unwrap();
        symlink(&one, &link).unwrap();
        let held = Lock::take(&link).unwrap();
        assert!(held.is_of(&link));
        fs::remove_file(&link).unwrap();
        assert!(!held.is_of(&link));
        symlink(&other, &link).unwrap();
        assert!(!held.is_of(&link));
        Lock::take(&link).unwrap();
    }

    #[test]
    fn a_lock_that_is_taken_while_another_is_removed_is_seen_by_everybody() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("puantaj.db");
        fs::write(&file, "").unwrap();
        let holders = AtomicU32::new(0);
        let leave = || {
            let held = std::iter::repeat_with(|| Lock::take(&file)).find_map(|taken| match taken {
                Err(Error::Locked(_)) => None,
                taken => Some(taken.unwrap()),
            });
            assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0, "one at a time");
            thread::yield_now();
            holders.fetch_sub(1, Ordering::SeqCst);
            held.unwrap().remove().unwrap();
        };
        thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| (0..100).for_each(|_| leave()));
            }
        });
    }
}
