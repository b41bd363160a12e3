//! Notices that a program wrote its file.
//!
//! By looking, not by the system's notifications: those are lost on network drives and differ between systems, and a look
//! at a file's length and time costs some microseconds. The file is not held open meanwhile, so its program may replace it.

use std::{
    fs::Metadata,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tokio::time::{Interval, MissedTickBehavior, interval};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);
/// What SQLite writes beside the file, depending on its mode.
const BESIDE: [&str; 2] = ["", "-wal"];

/// Looks at one file.
#[derive(Debug)]
pub(crate) struct Watch {
    paths: Vec<PathBuf>,
    seen: Seen,
    looks: Interval,
}

/// Lengths and times; equal: nothing was written.
type Seen = Vec<Option<(u64, Option<SystemTime>)>>;

impl Watch {
    pub fn new(db: &Path) -> Self {
        let beside = |ending: &str| {
            let mut name = db.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        let paths: Vec<PathBuf> = BESIDE.into_iter().map(beside).collect();
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { seen: look(&paths), paths, looks }
    }

    /// Ends when the file is another than at the last look. Can be given up at any time.
    pub async fn written(&mut self) {
        loop {
            self.looks.tick().await;
            let now = look(&self.paths);
            if now != self.seen {
                self.seen = now;
                return;
            }
        }
    }
}

fn look(paths: &[PathBuf]) -> Seen {
    let told = |data: Metadata| (data.len(), data.modified().ok());
    paths.iter().map(|path| std::fs::metadata(path).ok().map(told)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_write_a_replacement_and_a_vanished_file_are_noticed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("puantaj.db");
        std::fs::write(&db, "a").unwrap();
        let mut watch = Watch::new(&db);
        let quiet = tokio::time::timeout(Duration::from_secs(60), watch.written()).await;
        assert!(quiet.is_err());
        std::fs::write(&db, "ab").unwrap();
        watch.written().await;
        let wal = folder.path().join("puantaj.db-wal");
        std::fs::write(&wal, "x").unwrap();
        watch.written().await;
        std::fs::remove_file(&db).unwrap();
        watch.written().await;
    }
}
