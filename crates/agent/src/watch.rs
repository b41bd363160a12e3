//! Notices that a program wrote its file.
//!
//! By looking, not by the system's notifications: those are lost on network drives and differ between systems, and a look
//! at a file's length and time costs some microseconds. The file is not held open meanwhile, so its program may replace it.

use std::{
    fs::{self, Metadata},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tokio::time::{Interval, MissedTickBehavior, interval};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);

/// Looks at one file.
#[derive(Debug)]
pub(crate) struct Watch {
    db: PathBuf,
    seen: Seen,
    looks: Interval,
}

/// Lengths and times of the file and of its log (WAL); equal: nothing was written. A log without a byte is none: SQLite makes
/// it for whoever only opens the file, which the agent itself does, and takes it away again.
type Seen = [Option<(u64, Option<SystemTime>)>; 2];

impl Watch {
    pub fn new(db: &Path) -> Self {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { seen: look(db), db: db.to_owned(), looks }
    }

    /// Ends when the file is another than at the last look. Can be given up at any time.
    pub async fn written(&mut self) {
        loop {
            self.looks.tick().await;
            let now = look(&self.db);
            if now != self.seen {
                self.seen = now;
                return;
            }
        }
    }
}

/// The log lies beside the file itself, by whatever name that is called.
fn look(db: &Path) -> Seen {
    let db = fs::canonicalize(db).unwrap_or_else(|_| db.to_owned());
    let mut log = db.clone().into_os_string();
    log.push("-wal");
    let told = |data: Metadata| (data.len(), data.modified().ok());
    let [db, log] = [db, log.into()].map(|path: PathBuf| fs::metadata(path).ok().map(told));
    [db, log.filter(|(bytes, _)| *bytes > 0)]
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    async fn is_quiet(watch: &mut Watch) -> bool {
        tokio::time::timeout(Duration::from_secs(60), watch.written()).await.is_err()
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_a_replacement_and_a_vanished_file_are_noticed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("puantaj.db");
        fs::write(&db, "a").unwrap();
        let mut watch = Watch::new(&db);
        assert!(is_quiet(&mut watch).await);
        fs::write(&db, "ab").unwrap();
        assert!(!is_quiet(&mut watch).await);
        let wal = folder.path().join("puantaj.db-wal");
        fs::write(&wal, "x").unwrap();
        assert!(!is_quiet(&mut watch).await);
        fs::remove_file(&db).unwrap();
        assert!(!is_quiet(&mut watch).await);
    }

    fn reads(db: &Path) -> Connection {
        let reader = Connection::open(db).unwrap();
        reader.query_row("select count(*) from t", [], |row| row.get::<_, i64>(0)).unwrap();
        reader
    }

    #[tokio::test(start_paused = true)]
    async fn in_wal_mode_writing_is_noticed_and_opening_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("puantaj.db");
        let writes = "pragma journal_mode = wal; create table t (k); insert into t values (1)";
        Connection::open(&db).unwrap().execute_batch(writes).unwrap();
        let wal = folder.path().join("puantaj.db-wal");
        assert!(!wal.exists());
        let mut watch = Watch::new(&db);
        let reader = reads(&db);
        assert!(wal.exists(), "this is what is not to be noticed");
        assert!(is_quiet(&mut watch).await);
        drop(reader);
        assert!(!wal.exists());
        assert!(is_quiet(&mut watch).await);
        // By a program that stays, by one that comes and goes, and by one that comes while the file is open here.
        let stays = Connection::open(&db).unwrap();
        stays.execute("insert into t values (2)", []).unwrap();
        assert!(!is_quiet(&mut watch).await);
        assert!(is_quiet(&mut watch).await);
        drop(stays);
        assert!(!is_quiet(&mut watch).await);
        Connection::open(&db).unwrap().execute("insert into t values (3)", []).unwrap();
        assert!(!is_quiet(&mut watch).await);
        let reader = reads(&db);
        Connection::open(&db).unwrap().execute("insert into t values (4)", []).unwrap();
        assert!(!is_quiet(&mut watch).await);
        drop(reader);
    }

    #[cfg(unix)]
    #[tokio::test(start_paused = true)]
    async fn a_log_is_found_beside_the_file_that_a_name_leads_to() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("real")).unwrap();
        let (db, link) = (folder.path().join("real/puantaj.db"), folder.path().join("link.db"));
        std::os::unix::fs::symlink(&db, &link).unwrap();
        let program = Connection::open(&db).unwrap();
        program.execute_batch("pragma journal_mode = wal; create table t (k)").unwrap();
        let mut watch = Watch::new(&link);
        program.execute("insert into t values (1)", []).unwrap();
        assert!(!is_quiet(&mut watch).await);
    }
}
