//! Uploaded files: read as the hostile input that they are, and kept for a week.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, Read},
    path::Path,
    sync::Arc,
};

use database::untrusted::{self, Limits};
use replica::office_file::{self, OfficeFile};

use crate::{Device, Error, Rejected, Result, clock::stopwatch, desk::Hub};

const KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1000;
/// How often it is looked for files that may go.
const PRUNE_MS: i64 = 60 * 60 * 1000;
/// More than most offices send, so that what is stored meanwhile has room as well.
const ROOM_BYTES: usize = 4 << 20;
/// Notes when that was done last; its name is none of an upload.
const PRUNED: &str = "pruned";
/// Where SQLite's header counts changes of the file, and says whether it does: not in WAL mode.
/// **Source**: <https://www.sqlite.org/fileformat.html> 1.3.3, 1.3.7.
const CHANGE_COUNTER: std::ops::Range<usize> = 24..28;
const WRITE_VERSION_AT: usize = 18;
const WAL: u8 = 2;

/// What tells one state of a file from another.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    /// How often the file was changed; `None` where SQLite does not count (a file in WAL mode).
    pub counter: Option<i64>,
    /// The hash of its bytes.
    pub content: String,
}

/// Everything that a file of at most `bytes_max` says, and what it is known by.
pub(crate) async fn read(
    hub: &Arc<Hub>,
    path: &Path,
    bytes_max: u64,
) -> std::result::Result<(OfficeFile, Mark), Rejected> {
    let (hub, path) = (Arc::clone(hub), path.to_owned());
    blocking(move || {
        let refused = |refused| Rejected::File(office_file::Refused::Unreadable(refused));
        let limits = Limits { bytes: bytes_max, ..Limits::default() };
        let upload = untrusted::inspect(&path, &limits, stopwatch()).map_err(refused)?;
        let file = office_file::read(upload, &hub.rules)?;
        let mark = mark(&path).map_err(Error::from)?;
        Ok((file, mark))
    })
    .await
}

fn mark(path: &Path) -> io::Result<Mark> {
    let mut file = File::open(path)?;
    let mut header = [0; 28];
    file.read_exact(&mut header)?;
    let mut count = [0; 4];
    count.copy_from_slice(&header[CHANGE_COUNTER]);
    let counter = (header[WRITE_VERSION_AT] != WAL).then_some(i64::from(u32::from_be_bytes(count)));
    let mut hasher = blake3::Hasher::new();
    hasher.update(&header).update_reader(file)?;
    Ok(Mark { counter, content: hasher.finalize().to_hex().to_string() })
}

/// Keeps a copy; durable when this returns. Returns its name: time, site, and something that nobody can guess.
pub(crate) async fn keep(hub: &Arc<Hub>, device: &Device, path: &Path) -> Result<String> {
    let random = hub.random_name();
    let name = [&hub.now_ms().to_string(), "-", &device.site.to_string(), "-", &random, ".db"].concat();
    let from = path.to_owned();
    place(hub, &name, move |to| fs::copy(from, to).map(drop)).await?;
    Ok(name)
}

/// Whether there is room for an upload of an office.
pub(crate) async fn try_room(hub: &Hub) -> Result<()> {
    let (folder, tried) = (hub.uploads(), hub.uploads().join("room.part"));
    blocking(move || {
        let written = fs::write(&tried, vec![0; ROOM_BYTES]).map_err(Error::from);
        let durable = written.and_then(|()| sync(&folder, &tried));
        // Half a file takes room as well.
        let _ = fs::remove_file(&tried);
        durable
    })
    .await
}

/// Keeps under its name an upload that another hub received; durable when this returns.
pub(crate) async fn keep_bytes(hub: &Hub, name: &str, bytes: Vec<u8>) -> Result<()> {
    place(hub, name, move |to| fs::write(to, bytes)).await
}

/// Writes a file of the uploads whole or not at all.
async fn place(
    hub: &Hub,
    name: &str,
    write: impl FnOnce(&Path) -> io::Result<()> + Send + 'static,
) -> Result<()> {
    let (folder, to) = (hub.uploads(), hub.uploads().join(name));
    let unfinished = hub.uploads().join([name, ".part"].concat());
    blocking(move || {
        write(&unfinished)?;
        fs::rename(&unfinished, &to)?;
        sync(&folder, &to)
    })
    .await
}

fn sync(folder: &Path, file: &Path) -> Result<()> {
    // Windows lets only who may write make a file durable.
    File::options().write(true).open(file)?.sync_all()?;
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// The bytes of a kept file.
pub(crate) async fn bytes(hub: &Hub, name: &str) -> Result<Vec<u8>> {
    let path = hub.uploads().join(name);
    blocking(move || Ok(fs::read(path)?)).await
}

/// Removes a file of which nothing was stored.
pub(crate) fn discard(hub: &Arc<Hub>, name: &str) {
    // What is left behind goes with the next pruning.
    let _ = fs::remove_file(hub.uploads().join(name));
}

/// Whether files have not been looked through for a while.
pub(crate) fn is_due(hub: &Hub) -> bool {
    let last = fs::read_to_string(hub.uploads().join(PRUNED)).ok();
    let last: Option<i64> = last.and_then(|text| text.trim().parse().ok());
    last.is_none_or(|last| !(last..last + PRUNE_MS).contains(&hub.now_ms()))
}

/// Removes files that are older than a week, except these.
pub(crate) async fn prune(hub: &Arc<Hub>, needed: &HashSet<String>) -> Result<()> {
    let (hub, needed) = (Arc::clone(hub), needed.clone());
    let now_ms = hub.now_ms();
    blocking(move || {
        for entry in fs::read_dir(hub.uploads())? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let made: Option<i64> = name.split('-').next().and_then(|time| time.parse().ok());
            if made.is_some_and(|made| made < now_ms - KEPT_MS) && !needed.contains(&name) {
                fs::remove_file(hub.uploads().join(name))?;
            }
        }
        fs::write(hub.uploads().join(PRUNED), now_ms.to_string())?;
        Ok(())
    })
    .await
}

async fn blocking<T: Send + 'static, E: From<Error> + Send + 'static>(
    work: impl FnOnce() -> std::result::Result<T, E> + Send + 'static,
) -> std::result::Result<T, E> {
    let stopped = |_| Err(Error::Broken("work on a file stopped unexpectedly").into());
    tokio::task::spawn_blocking(work).await.unwrap_or_else(stopped)
}
