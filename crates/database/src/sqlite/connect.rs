//! From a file's path to a connection: what is checked before anything is done, and how long a lock is waited for.

use std::{
    cell::{Cell, RefCell},
    fs::File,
    hash::{BuildHasher, Hasher, RandomState},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering},
    },
    time::Duration,
};

use model::ErrorKind;
use rusqlite::{Connection, OpenFlags, config::DbConfig, hooks::Wal};

use super::{introspect::Shapes, key, transaction::Phase};
use crate::{Error, Result, address::PATIENCE};

/// What is done when the file is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absent {
    Refuse,
    Create,
}

/// A connection and where its transaction stands.
pub(super) struct Link {
    pub connection: Connection,
    pub phase: Phase,
    pub savepoint: bool,
    /// What was found out about tables.
    pub shapes: RefCell<Shapes>,
    /// In WAL mode: pages in the log after the last commit, until somebody looked.
    log_pages: Arc<AtomicI32>,
}

/// A longer log is carried into the file. **Source**: what SQLite does by itself, but within the commit.
const LOG_PAGES_MAX: i32 = 1000;

/// Pages kept in memory; **Units**: KiB, negative as the pragma wants it.
pub(super) const CACHE_KIB: i64 = -16_000;

impl Link {
    /// Opens the file and proves that it is a database by reading its schema.
    ///
    /// # Errors
    /// `Missing`, `Permission`, `Corrupt` (also for a folder), `Busy`.
    pub(super) fn open(path: &Path, absent: Absent) -> Result<Self> {
        // Absolute, so that no name is taken for a URI or `:memory:`.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        inspect(&path, absent)?;
        let create =
            if absent == Absent::Create { OpenFlags::SQLITE_OPEN_CREATE } else { OpenFlags::empty() };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | create;
        let mut connection =
            Connection::open_with_flags(&path, flags).map_err(|error| unopened(error.into(), &path))?;
        connection.busy_handler(Some(wait_for_lock))?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
        connection.pragma_update(None, "cache_size", CACHE_KIB)?;
        // What is committed is on the disk, whatever this SQLite was built to take for usual.
        connection.pragma_update(None, "synchronous", "full")?;
        key::register(&connection)?;
        let log_pages = Arc::default();
        watch_log(&mut connection, Arc::clone(&log_pages))?;
        let (phase, shapes) = (Phase::Idle, RefCell::default());
        let link = Self { connection, phase, savepoint: false, shapes, log_pages };
        link.prove().map_err(|error| at(error, &path))?;
        Ok(link)
    }

    /// An empty file is an empty database.
    fn prove(&self) -> Result<()> {
        let objects: i64 = self.connection.query_row(include_str!("sql/prove.sql"), (), |row| row.get(0))?;
        debug_assert!(objects >= 0);
        Ok(())
    }

    /// Whether a commit has left the log so long that it should be carried into the file; each commit is told of once.
    pub(super) fn is_log_long(&self) -> bool {
        self.log_pages.swap(0, Ordering::Relaxed) >= LOG_PAGES_MAX
    }

    /// Carries what is committed from the log into the file, as far as no reader still needs the file as it is.
    pub(super) fn carry_log(&self) {
        // Nothing depends on it: what stays in the log is carried after a later commit.
        let _ = self.connection.query_row(include_str!("sql/checkpoint.sql"), [], |_| Ok(()));
    }

    /// Whether who reads sees one state while others write.
    pub(super) fn is_in_wal_mode(&self) -> Result<bool> {
        let mode: String = self.connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        Ok(mode == "wal")
    }

    /// Whether texts are stored in UTF-16, whose bytes sort differently.
    pub(super) fn is_utf16(&self) -> Result<bool> {
        let encoding: String = self.connection.pragma_query_value(None, "encoding", |row| row.get(0))?;
        Ok(encoding != "UTF-8")
    }
}

/// Notes how long the log is, instead of what SQLite would do then: whoever waits for a commit need not wait for that.
fn watch_log(connection: &mut Connection, log_pages: Arc<AtomicI32>) -> Result<()> {
    connection.wal_hook(Some(move |_: &mut Wal, pages| {
        log_pages.store(pages, Ordering::Relaxed);
        Ok(())
    }))?;
    Ok(())
}

fn inspect(path: &Path, absent: Absent) -> Result<()> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(Error::new(
            ErrorKind::Corrupt,
            format!("{} is a folder, not a database file", path.display()),
        )),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(Error::new(ErrorKind::Permission, format!("{} may not be read", path.display()))
                .caused_by(error))
        }
        Err(_) if absent == Absent::Create && folder(path).is_dir() => Ok(()),
        Err(error) => {
            let what = match absent {
                Absent::Refuse => format!("there is no file {}", path.display()),
                Absent::Create => format!("there is no folder {}", folder(path).display()),
            };
            Err(Error::new(ErrorKind::Missing, what).caused_by(error))
        }
    }
}

fn folder(path: &Path) -> PathBuf {
    path.parent().map(Path::to_owned).unwrap_or_default()
}

/// Who keeps a file to itself is waited for like one that locks it.
fn unopened(error: Error, path: &Path) -> Error {
    let kept = error.kind == ErrorKind::Permission && is_kept(path);
    at(if kept { Error { kind: ErrorKind::Busy, ..error } } else { error }, path)
}

/// Whether another program has opened the file so that nobody else can, as only Windows lets it.
fn is_kept(path: &Path) -> bool {
    // ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION
    let kept = |error: io::Error| matches!(error.raw_os_error(), Some(32 | 33));
    cfg!(windows) && File::options().read(true).write(true).open(path).is_err_and(kept)
}

fn at(mut error: Error, path: &Path) -> Error {
    error.what = format!("{}: {}", path.display(), error.what);
    error
}

/// Longest pause between two tries.
const PAUSE_MAX_MS: u64 = 100;

thread_local! {
    /// How long this thread's call may wait for a lock, and how long it has waited: SQLite's handler is a bare function.
    static WAIT: Cell<(Duration, Duration)> = const { Cell::new((PATIENCE, Duration::ZERO)) };
}

/// Carries out `work`, in which a lock is waited for at most `patience` at a time.
pub(super) fn patiently<T>(patience: Duration, work: impl FnOnce() -> T) -> T {
    WAIT.set((patience, Duration::ZERO));
    work()
}

/// Waits before the next try to get a lock that another program holds; `false` gives up (`Busy`).
fn wait_for_lock(tries: i32) -> bool {
    let (patience, waited) = WAIT.get();
    let waited = if tries == 0 { Duration::ZERO } else { waited };
    if waited >= patience {
        return false;
    }
    let pause = (1_u64 << tries.clamp(0, 7)).min(PAUSE_MAX_MS);
    // Half to one and a half of the pause: two programs that wait for each other fall out of step.
    let spread = RandomState::new().build_hasher().finish() % 1024;
    let pause = Duration::from_micros(pause * (512 + spread) * 1000 / 1024);
    #[allow(clippy::disallowed_methods, reason = "SQLite tells nobody when a lock is released")]
    std::thread::sleep(pause);
    WAIT.set((patience, waited + pause));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(path: &Path, absent: Absent) -> ErrorKind {
        Link::open(path, absent).err().expect("must be refused").kind
    }

    #[test]
    fn what_is_no_database_is_refused_with_its_kind() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.db");
        assert_eq!(refused(&file, Absent::Refuse), ErrorKind::Missing);
        assert!(!file.exists(), "a file that is only looked for is not made");
        assert_eq!(refused(&folder.path().join("no/x.db"), Absent::Create), ErrorKind::Missing);
        assert_eq!(refused(folder.path(), Absent::Refuse), ErrorKind::Corrupt);
        std::fs::write(&file, "name;price\nlamp;10\n".repeat(300)).unwrap();
        assert_eq!(refused(&file, Absent::Refuse), ErrorKind::Corrupt);
        std::fs::write(&file, "short").unwrap();
        assert_eq!(refused(&file, Absent::Create), ErrorKind::Corrupt);
    }

    #[cfg(windows)]
    #[test]
    fn a_file_that_another_program_keeps_to_itself_is_busy() {
        use std::os::windows::fs::OpenOptionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.db");
        drop(Link::open(&file, Absent::Create).unwrap());
        let kept = File::options().read(true).write(true).share_mode(0).open(&file).unwrap();
        assert_eq!(refused(&file, Absent::Refuse), ErrorKind::Busy);
        drop(kept);
        Link::open(&file, Absent::Refuse).unwrap();
    }

    #[test]
    fn a_commit_waits_for_the_disk_in_both_modes_of_the_journal() {
        let folder = tempfile::tempdir().unwrap();
        for mode in ["delete", "wal"] {
            let file = folder.path().join(mode);
            let first = Link::open(&file, Absent::Create).unwrap();
            let set = first.connection.pragma_update_and_check(None, "journal_mode", mode, |row| row.get(0));
            assert_eq!(set, Ok(mode.to_owned()));
            for link in [first, Link::open(&file, Absent::Refuse).unwrap()] {
                let full: i64 =
                    link.connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
                assert_eq!(full, 2, "{mode}");
            }
        }
    }

    #[test]
    fn a_cut_file_is_corrupt() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.db");
        let link = Link::open(&file, Absent::Create).unwrap();
        link.connection.execute_batch("create table t(a); insert into t select zeroblob(100000)").unwrap();
        drop(link);
        let bytes = std::fs::read(&file).unwrap();
        std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
        assert_eq!(refused(&file, Absent::Refuse), ErrorKind::Corrupt);
    }

    #[test]
    fn an_empty_file_is_an_empty_database() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("boş dosya.db");
        std::fs::write(&file, "").unwrap();
        assert!(Link::open(&file, Absent::Refuse).is_ok());
        assert_eq!(std::fs::metadata(&file).unwrap().len(), 0, "opening changes nothing");
    }

    #[test]
    fn a_lock_is_waited_for_as_long_as_patience_lasts_and_no_longer() {
        let waits = patiently(Duration::from_millis(20), || {
            (0..1000).take_while(|tries| wait_for_lock(*tries)).count()
        });
        assert!((2..20).contains(&waits), "{waits}");
        assert!(!patiently(Duration::ZERO, || wait_for_lock(0)));
    }
}
