//! Putting a backup back: checked whole before anything is touched, and then one rename.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use database::Address;
use fail::fail_point;
use model::ErrorKind;

use super::{
    Backups, beside,
    error::{At, Error, Result},
    manifest::{Manifest, Reason},
    shelf::sync_folder,
    unpack,
};
use crate::{accounts, desk, in_use};

/// What was put back.
#[derive(Clone, Debug)]
pub struct Restored {
    pub manifest: Manifest,
    /// The store that was there before.
    pub safety: Option<Manifest>,
    /// Files beside the store that were not there any more.
    pub beside: Vec<String>,
}

impl Backups {
    /// Puts a backup in the place of the store. The store that was there is kept as a backup of its own.
    ///
    /// # Errors
    /// `Unknown`, `Damaged`; `InUse` while a hub or a command has the store open; `File`, `Store`. The store is then as it
    /// was.
    pub async fn restore(&self, id: &str) -> Result<Restored> {
        let store = self.store();
        if let Some(folder) = store.parent() {
            desk::make_private(folder).at(folder)?;
        }
        // It may take long, and needs nobody to stand still.
        self.bring(id).await?;
        let alone = alone(&store).await?;
        let _lock = self.shelf.lock().await?;
        self.shelf.sweep()?;
        let ready = with_end(&store, ".restoring");
        let unpacked = self.unpack_whole(id, &ready).await;
        let replaced = match unpacked {
            Ok(manifest) => self.replace(&store, &ready).await.map(|safety| (manifest, safety)),
            Err(error) => Err(error),
        };
        let (manifest, safety) = replaced.inspect_err(|_| _ = fs::remove_file(&ready))?;
        drop(alone);
        desk::make_private(&self.settings.data_folder).at(&self.settings.data_folder)?;
        let beside = beside::put_back(&Address::sqlite(&store), &self.settings.data_folder).await?;
        Ok(Restored { manifest, safety, beside })
    }

    /// Puts a backup where no store is yet: `store` is the file's place, in a data folder of its own.
    ///
    /// # Errors
    /// `Occupied`; as [`Backups::restore`].
    pub async fn restore_to(&self, id: &str, store: &Path) -> Result<Restored> {
        let folder = store.parent().unwrap_or(Path::new("."));
        // A log without its file would be taken for the new one's.
        if store.exists() || with_end(store, "-wal").exists() {
            return Err(Error::Occupied(folder.to_owned()));
        }
        self.bring(id).await?;
        desk::make_private(folder).at(folder)?;
        let ready = with_end(store, ".restoring");
        let manifest = self.unpack_whole(id, &ready).await.inspect_err(|_| _ = fs::remove_file(&ready))?;
        fs::rename(&ready, store).at(store)?;
        sync_folder(folder)?;
        let beside = beside::put_back(&Address::sqlite(store), folder).await?;
        Ok(Restored { manifest, safety: None, beside })
    }

    async fn unpack_whole(&self, id: &str, to: &Path) -> Result<Manifest> {
        let (shelf, manifest) = self.whole(id).await?;
        unpack(&shelf, &manifest, to).await?;
        // Before it is anybody's store: whoever was logged out since would be logged in again.
        accounts::end_all(&Address::sqlite(to)).await?;
        fail_point!("restore-unpacked");
        Ok(manifest)
    }

    /// Puts the file that lies ready in the place of the store's.
    async fn replace(&self, store: &Path, ready: &Path) -> Result<Option<Manifest>> {
        let mut safety = None;
        if store.exists() {
            let kept = self.keep_old(store).await?;
            fail_point!("restore-kept");
            settle(store).await?;
            safety = Some(kept);
        }
        put_aside(store, (self.settings.clock)())?;
        fail_point!("restore-settled");
        fs::rename(ready, store).at(store)?;
        store.parent().map_or(Ok(()), sync_folder)?;
        fail_point!("restore-placed");
        Ok(safety)
    }

    /// A store that is broken is kept as it is: it may be why somebody restores.
    async fn keep_old(&self, store: &Path) -> Result<Manifest> {
        match self.make(Reason::Safety).await {
            Err(Error::Store(error)) if error.kind() == ErrorKind::Corrupt => {}
            made => return made,
        }
        let at_ms = (self.settings.clock)();
        let id = self.shelf.free_id(at_ms)?;
        let copy = self.shelf.part(&[&id, ".db"].concat());
        if database::duplicate(&Address::sqlite(store), &copy).await.is_err() {
            fs::copy(store, &copy).at(&copy)?;
        }
        let manifest = Manifest::new(id, (at_ms, Reason::Safety), self.plan.version);
        let kept = self.keep(copy, manifest).await;
        self.shelf.sweep()?;
        kept
    }
}

/// A command that is about to end is waited for.
async fn alone(store: &Path) -> Result<fs::File> {
    let mut waited = Duration::ZERO;
    loop {
        match in_use::alone(store) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && waited >= PATIENCE => {
                return Err(Error::InUse);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => tokio::time::sleep(PAUSE).await,
            held => return held.at(store),
        }
        waited += PAUSE;
    }
}

const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(100);

/// Carries the old file's log into it; one of a broken file stays.
async fn settle(store: &Path) -> Result<()> {
    match database::settle(&Address::sqlite(store)).await {
        Err(error) if error.kind == ErrorKind::Busy => Err(Error::InUse),
        Err(error) if error.kind != ErrorKind::Corrupt => Err(error.into()),
        _ => Ok(()),
    }
}

/// What still lies beside the old file would be taken for the new one's.
fn put_aside(store: &Path, now_ms: i64) -> Result<()> {
    for end in ["-wal", "-journal"] {
        let path = with_end(store, end);
        if path.exists() {
            fs::rename(&path, with_end(store, &format!("{end}.before-{now_ms}"))).at(&path)?;
        }
    }
    let shared = with_end(store, "-shm");
    if shared.exists() {
        fs::remove_file(&shared).at(&shared)?;
    }
    store.parent().map_or(Ok(()), sync_folder)
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}
