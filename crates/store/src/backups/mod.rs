//! Backups of a store in a file: made while it is written, proven, compressed, kept by number, and put back.
//!
//! Owns the folder of backups, the scratch place of a drill, and the moment at which another file takes the place of the
//! store's. Does not know when a backup is due. The one thing to know: nothing here ever writes into the store's own file;
//! a backup is made of a copy, and a restore ends with one rename.

mod alarm;
mod away;
mod beside;
mod copying;
mod drill;
mod elsewhere;
mod error;
mod manifest;
mod pack;
mod past;
mod people;
mod restore;
mod shelf;

use std::{
    fs,
    path::{Path, PathBuf},
};

use database::{Address, Engine};
use fail::fail_point;
use model::ErrorKind;

pub(crate) use alarm::Warn;
pub use alarm::{
    BACKUP_COPY, BACKUP_DAMAGED, BACKUP_FAILED, BACKUP_FOLDER, BACKUP_FULL, DRILL_FAILED, alarm_of,
};
pub use copying::Copied;
pub use drill::{Drill, Drilled};
pub use elsewhere::{Elsewhere, Inside, Lack, Lying, Reached, Trouble};
pub use error::{Error, Fault, Result};
pub use manifest::{Manifest, Reason, Sum, TableSum};
pub use past::Past;
pub use people::Guarded;
pub use restore::Restored;
pub use shelf::Backup;

use self::{error::At, shelf::Shelf};
use crate::{Settings, meta::Meta, query::Db, shape};

/// Where backups lie and how many are kept.
#[derive(Clone, Debug)]
pub struct Plan {
    pub folder: PathBuf,
    /// A second folder, on another disk or machine.
    pub copy_to: Option<PathBuf>,
    /// A folder on another machine, instead of a second folder here.
    pub elsewhere: Option<std::sync::Arc<dyn Elsewhere>>,
    /// So many whole ones of each folder stay.
    pub keep: usize,
    /// Of the program that makes them.
    pub version: &'static str,
}

/// The backups of one store.
#[derive(Clone, Debug)]
pub struct Backups {
    settings: Settings,
    plan: Plan,
    shelf: Shelf,
}

/// A backup that was made.
#[derive(Clone, Debug)]
pub struct Made {
    pub manifest: Manifest,
    /// Older ones that are damaged, as far as descriptions and lengths show it.
    pub damaged: Vec<Backup>,
    /// Why it is not in the second folder as well.
    pub copy_failed: Option<std::sync::Arc<Error>>,
}

impl Backups {
    /// # Errors
    /// `Engine`: the store is not in a file.
    pub fn new(settings: Settings, plan: Plan) -> Result<Self> {
        if settings.address.engine() != Engine::Sqlite {
            return Err(Error::Engine);
        }
        #[cfg(feature = "failpoints")]
        crate::failpoints::arm();
        let shelf = Shelf(plan.folder.clone());
        Ok(Self { settings, plan, shelf })
    }

    /// Makes a backup of what the store holds at one moment after this was called; others go on writing. When this
    /// returns, it is durable and was read back.
    ///
    /// # Errors
    /// `NoStore`; `File`, `Store` (see [`Error::is_full`]); `Busy`. Then nothing looks like a backup that is none.
    pub async fn create(&self, reason: Reason) -> Result<Made> {
        let mut made = self.create_here(reason).await?;
        if self.plan.elsewhere.is_some() {
            match self.copy_away().await {
                Ok(damaged) => made.damaged.extend(damaged),
                Err(error) => made.copy_failed = Some(std::sync::Arc::new(error)),
            }
        }
        Ok(made)
    }

    /// As [`Backups::create`], without a word to another machine, which may be far and slow: [`Backups::copy`] does that.
    ///
    /// # Errors
    /// As [`Backups::create`].
    pub async fn create_here(&self, reason: Reason) -> Result<Made> {
        if !self.store().exists() {
            return Err(Error::NoStore(self.store()));
        }
        let _lock = self.shelf.lock().await?;
        self.shelf.sweep()?;
        let manifest = self.make(reason).await?;
        let (shelf, keep, now_ms) = (self.shelf.clone(), self.plan.keep, (self.settings.clock)());
        let mut damaged = blocking(move || shelf.prune(keep, now_ms)).await?;
        let copied = match self.copies() {
            Some(copies) => self.copy_to_folder(copies).await,
            None => Ok(Vec::new()),
        };
        let copy_failed = copied.map(|also| damaged.extend(also)).err();
        Ok(Made { manifest, damaged, copy_failed: copy_failed.map(std::sync::Arc::new) })
    }

    /// Every backup of both folders, newest first, each read to its end.
    ///
    /// # Errors
    /// `File`.
    pub async fn list(&self) -> Result<Vec<Backup>> {
        let (shelf, copies) = (self.shelf.clone(), self.copies());
        blocking(move || {
            let mut all = shelf.list()?;
            if let Some(copies) = copies {
                all.extend(copies.list()?);
            }
            all.sort_by(|a, b| b.id.cmp(&a.id));
            Ok(all)
        })
        .await
    }

    /// Reads every backup of both folders to its end. The damaged ones; a copy that is damaged and of which the original is
    /// whole is taken out of the second folder, so that the next backup makes it up.
    ///
    /// # Errors
    /// `File`, `Busy`.
    pub async fn check(&self) -> Result<Vec<Backup>> {
        let _lock = self.shelf.lock().await?;
        let (shelf, copies) = (self.shelf.clone(), self.copies());
        blocking(move || {
            let mut all = shelf.each()?;
            if let Some(copies) = &copies {
                all.extend(copies.each()?);
            }
            let (whole, damaged): (Vec<_>, Vec<_>) = all.into_iter().partition(Backup::is_whole);
            for backup in &damaged {
                let is_kept =
                    whole.iter().any(|other| other.id == backup.id && other.folder != backup.folder);
                if let Some(copies) = copies.as_ref().filter(|copies| copies.0 == backup.folder && is_kept) {
                    copies.remove(&backup.id)?;
                }
            }
            Ok(damaged)
        })
        .await
    }

    /// When the newest backup was begun that somebody or the clock asked for, by its name alone.
    ///
    /// # Errors
    /// `File`.
    pub fn newest_ms(&self) -> Result<Option<i64>> {
        self.shelf.newest_ms()
    }

    async fn make(&self, reason: Reason) -> Result<Manifest> {
        let at_ms = (self.settings.clock)();
        let id = self.shelf.free_id(at_ms)?;
        let copy = self.shelf.part(&[&id, ".db"].concat());
        let made = self.make_of(&copy, Manifest::new(id, (at_ms, reason), self.plan.version)).await;
        // What is left of it is not needed, and takes room: of one that failed for want of it, too.
        let swept = self.shelf.sweep();
        let manifest = made?;
        swept?;
        Ok(manifest)
    }

    async fn make_of(&self, copy: &Path, mut manifest: Manifest) -> Result<Manifest> {
        make_private(copy)?;
        let store = Address::sqlite(self.store());
        database::duplicate(&store, copy).await?;
        fail_point!("backup-copied");
        let copied = Address::sqlite(copy);
        beside::carry(&copied, &self.settings.data_folder).await?;
        manifest.tables = Some(tables(&copied).await?);
        let mut db = open(&copied).await?;
        let is_store = shape::find(&mut db, shape::META).await?;
        if !is_store && manifest.reason != Reason::Safety {
            return Err(Error::NoStore(self.store()));
        }
        // What another version made is kept all the same.
        let meta = if is_store { Meta::load(&mut db).await.ok() } else { None };
        (manifest.rev, manifest.hub) = meta.map(|meta| (meta.rev.0, meta.hub)).unzip();
        drop(db);
        self.keep(copy.to_owned(), manifest).await
    }

    /// Compresses a file and puts it in place as a backup.
    async fn keep(&self, plain: PathBuf, mut manifest: Manifest) -> Result<Manifest> {
        let shelf = self.shelf.clone();
        blocking(move || {
            let part = shelf.packed_part(&manifest.id);
            (manifest.plain, manifest.packed) = pack::pack(&plain, &part).at(&part)?;
            fail_point!("backup-packed");
            let damaged = |fault| Error::Damaged { id: manifest.id.clone(), fault };
            let back = pack::unpacked(&part, manifest.plain.bytes).map_err(|_| damaged(Fault::Unpacked))?;
            if back != manifest.plain || pack::sum(&part).at(&part)? != manifest.packed {
                return Err(damaged(Fault::Unpacked));
            }
            shelf.place(&manifest)?;
            Ok(manifest)
        })
        .await
    }

    fn store(&self) -> PathBuf {
        crate::in_use::real(self.settings.address.path())
    }

    fn copies(&self) -> Option<Shelf> {
        self.plan.copy_to.clone().map(Shelf)
    }

    /// What a whole backup of this name is of.
    ///
    /// # Errors
    /// `Unknown`, `Damaged`; `File`.
    pub async fn describe(&self, id: &str) -> Result<Manifest> {
        match self.whole(id).await {
            Err(Error::Unknown(_) | Error::Damaged { .. })
                if self.plan.elsewhere.is_some() && shelf::is_id(id) =>
            {
                self.describe_away(id).await
            }
            whole => Ok(whole?.1),
        }
    }

    /// A backup of this name that is whole, in whichever folder.
    async fn whole(&self, id: &str) -> Result<(Shelf, Manifest)> {
        if !shelf::is_id(id) {
            return Err(Error::Unknown(id.to_owned()));
        }
        let (places, id) = ([Some(self.shelf.clone()), self.copies()], id.to_owned());
        blocking(move || {
            let mut found = None;
            for shelf in places.into_iter().flatten() {
                let backup = shelf.look(&id)?;
                match (backup.manifest, backup.fault) {
                    (Some(manifest), None) => return Ok((shelf, manifest)),
                    (_, Some(Fault::NoManifest)) if !shelf.packed(&id).exists() => {}
                    (_, fault) => found = found.or(fault),
                }
            }
            Err(match found {
                Some(fault) => Error::Damaged { id, fault },
                None => Error::Unknown(id),
            })
        })
        .await
    }
}

/// What a file holds, table by table.
async fn tables(file: &Address) -> Result<Vec<TableSum>> {
    let proof = database::proof(file).await?;
    Ok(proof
        .into_iter()
        .map(|table| TableSum { name: table.name, rows: table.rows, hash: table.hash })
        .collect())
}

/// What `backup` says, unpacked into `to` and held against what it held when it was made.
async fn unpack(shelf: &Shelf, backup: &Manifest, to: &Path) -> Result<()> {
    let (packed, target, wanted) = (shelf.packed(&backup.id), to.to_owned(), backup.plain.clone());
    let damaged = |fault| Error::Damaged { id: backup.id.clone(), fault };
    let unpacked = blocking(move || match pack::unpack(&packed, &target, wanted.bytes) {
        Ok(sum) => Ok(sum == wanted),
        // What zstd says of bytes that are none of its.
        Err(error) if error.kind() == std::io::ErrorKind::Other => Ok(false),
        Err(error) => Err(error).at(target),
    });
    if !unpacked.await? {
        return Err(damaged(Fault::Unpacked));
    }
    let Some(wanted) = &backup.tables else { return Ok(()) };
    let found = match tables(&Address::sqlite(to)).await {
        Err(Error::Store(error)) if error.kind() == ErrorKind::Corrupt => {
            return Err(damaged(Fault::Integrity(error.to_string())));
        }
        found => found?,
    };
    match wanted.iter().zip(&found).find(|(wanted, found)| wanted != found) {
        Some((wanted, _)) => Err(damaged(Fault::Table(wanted.name.clone()))),
        None if wanted.len() != found.len() => Err(damaged(Fault::Table(String::new()))),
        None => Ok(()),
    }
}

/// A file in which no table is known yet.
async fn open(file: &Address) -> Result<Db> {
    let session = database::open(file).await?;
    Ok(Db { session, places: std::sync::Arc::default(), zone: model::Zone::utc() })
}

/// An empty file that nobody else on the machine may read.
fn make_private(file: &Path) -> Result<()> {
    pack::write(file, &[]).at(file)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let stopped = |_| Err(crate::Error::Broken("work on a backup stopped unexpectedly").into());
    tokio::task::spawn_blocking(work).await.unwrap_or_else(stopped)
}

fn remove_all(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).at(folder),
        _ => Ok(()),
    }
}
