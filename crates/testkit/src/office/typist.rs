//! A program that saves all the time, and how long others kept it from that.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use rusqlite::Connection;

/// Between two saves.
const PAUSE: Duration = Duration::from_millis(3);
/// What such programs wait for a file: they look now and then whether it is free.
const PATIENCE: Duration = Duration::from_secs(5);

/// Saves into a file until it is ended. What it saves is no row that offices share.
pub struct Typist {
    done: Arc<AtomicBool>,
    typing: JoinHandle<anyhow::Result<Duration>>,
}

impl Typist {
    /// Begins to save into the file.
    pub fn begin(path: &Path) -> anyhow::Result<Self> {
        let connection = Connection::open(path).with_context(|| path.display().to_string())?;
        connection.busy_timeout(PATIENCE)?;
        // The disk's own time is nobody's fault.
        connection.execute_batch("pragma synchronous = off; pragma cache_size = -64")?;
        let done = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&done);
        let typing = thread::spawn(move || {
            let mut longest = Duration::ZERO;
            while !ended.load(Ordering::Relaxed) {
                longest = longest.max(save(&connection)?);
                pause();
            }
            Ok(longest)
        });
        Ok(Self { done, typing })
    }

    /// The longest time that one save took, with all its waiting.
    pub fn end(self) -> anyhow::Result<Duration> {
        self.done.store(true, Ordering::Relaxed);
        self.typing.join().unwrap_or_else(|_| anyhow::bail!("the program that saves broke off"))
    }
}

#[expect(clippy::disallowed_methods, reason = "measuring real time is its purpose")]
fn save(connection: &Connection) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let sql = "insert or replace into settings (key, value) values ('son kayıt', datetime('now'))";
    connection.execute(sql, [])?;
    Ok(begun.elapsed())
}

#[expect(clippy::disallowed_methods, reason = "as somebody who types")]
fn pause() {
    thread::sleep(PAUSE);
}
