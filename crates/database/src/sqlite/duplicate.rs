//! A consistent copy of a file that others go on writing.

use std::path::Path;

use model::ErrorKind;
use rusqlite::backup::{Backup, StepResult};

use super::connect::{Absent, Link};
use crate::{Error, Result};

/// What is copied under one lock; a writer waits no longer than that.
const STEP_PAGES: i32 = 256;
/// A file that is written meanwhile is copied from its beginning again; after so many steps it is copied under one lock.
const STEPS_MAX: usize = 4_096;

/// Fills `to`, an empty file or none, with what `from` holds at one moment. The copy is whole in itself: whatever the
/// mode of `from`, its journal is not a file beside it that has to be taken along.
pub(super) fn duplicate(from: &Path, to: &Path) -> Result<()> {
    let from = Link::open(from, Absent::Refuse)?;
    let mut to = Link::open(to, Absent::Create)?;
    fill(&from, &mut to)?;
    Ok(to.connection.execute_batch(include_str!("sql/rollback_journal.sql"))?)
}

/// Carries the log into the file and does without one from now on.
pub(super) fn settle(path: &Path) -> Result<()> {
    let link = Link::open(path, Absent::Refuse)?;
    Ok(link.connection.execute_batch(include_str!("sql/rollback_journal.sql"))?)
}

/// In how many steps it was done.
fn fill(from: &Link, to: &mut Link) -> Result<usize> {
    // In WAL mode who copies keeps nobody from writing, and what is written meanwhile is not seen: one step is one view.
    let apart = if from.is_in_wal_mode()? { 0 } else { STEPS_MAX };
    let backup = Backup::new(&from.connection, &mut to.connection)?;
    for step in 0..=apart {
        let pages = if step < apart { STEP_PAGES } else { -1 };
        match backup.step(pages)? {
            StepResult::Done => return Ok(step + 1),
            StepResult::More => {}
            // Was waited for already.
            _ => break,
        }
    }
    Err(Error::new(ErrorKind::Busy, "the file is locked by somebody else"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_a_write_ahead_log_is_copied_at_one_go_and_nobody_waits() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("from.db");
        let program = Link::open(&file, Absent::Create).unwrap();
        let sql = "pragma journal_mode = wal; create table t (k integer primary key, v);
             with recursive n(k) as (select 1 union all select k + 1 from n where k < 20000)
             insert into t select k, zeroblob(100) from n";
        program.connection.execute_batch(sql).unwrap();
        let writing = std::sync::atomic::AtomicBool::new(true);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let other = Link::open(&file, Absent::Refuse).unwrap();
                while writing.load(std::sync::atomic::Ordering::Relaxed) {
                    other
                        .connection
                        .execute("update t set v = zeroblob(100) where k % 1000 = 0", [])
                        .unwrap();
                }
            });
            let from = Link::open(&file, Absent::Refuse).unwrap();
            let mut to = Link::open(&folder.path().join("to.db"), Absent::Create).unwrap();
            for _ in 0..5 {
                assert_eq!(fill(&from, &mut to).unwrap(), 1);
            }
            writing.store(false, std::sync::atomic::Ordering::Relaxed);
        });
        let to = Link::open(&folder.path().join("to.db"), Absent::Refuse).unwrap();
        let count: i64 = to.connection.query_row("select count(*) from t", [], |row| row.get(0)).unwrap();
        assert_eq!(count, 20_000);
    }

    #[test]
    fn a_copy_of_a_file_with_a_write_ahead_log_is_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from.db"), folder.path().join("to.db"));
        let program = Link::open(&from, Absent::Create).unwrap();
        let sql =
            "pragma journal_mode = wal; create table t (k integer primary key); insert into t values (1)";
        program.connection.execute_batch(sql).unwrap();
        std::fs::write(&to, "").unwrap();
        duplicate(&from, &to).unwrap();
        let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names, ["from.db", "from.db-shm", "from.db-wal", "to.db"]);
        let ask = "select (select journal_mode from pragma_journal_mode), (select count(*) from t)";
        let told =
            |link: &Link| link.connection.query_row(ask, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(told(&Link::open(&to, Absent::Refuse).unwrap()), ("delete".to_owned(), 1));
        assert_eq!(told(&program), ("wal".to_owned(), 1), "the file keeps its own");
    }
}
