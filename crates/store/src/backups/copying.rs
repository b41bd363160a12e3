//! Keeping copies in a second place: another folder, or a folder on another machine.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};

use super::{
    Backups,
    away::Away,
    blocking,
    error::{At, Error, Result},
    manifest::Manifest,
    pack,
    shelf::{self, Backup, Shelf},
};

/// Held by who is at work in the place on another machine.
const LOCK: &str = "copies.lock";
const TOLD: &str = "copies.json";
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// How the last copying to another machine ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    /// **Units**: milliseconds since 1970.
    pub at_ms: i64,
    pub place: String,
    /// `None`: all was well.
    pub fault: Option<String>,
}

impl Backups {
    /// Brings the second place to what the first has. Damaged ones that are found in it and could not be replaced.
    ///
    /// # Errors
    /// `File`, `Elsewhere`, `Taken`, `Busy`.
    pub async fn copy(&self) -> Result<Vec<Backup>> {
        match (self.copies(), &self.plan.elsewhere) {
            (Some(copies), _) => {
                let _lock = self.shelf.lock().await?;
                self.copy_to_folder(copies).await
            }
            (None, Some(_)) => self.copy_away().await,
            (None, None) => Ok(Vec::new()),
        }
    }

    /// Into the second folder; only under the lock.
    pub(super) async fn copy_to_folder(&self, copies: Shelf) -> Result<Vec<Backup>> {
        let (shelf, keep, now_ms) = (self.shelf.clone(), self.plan.keep, (self.settings.clock)());
        blocking(move || mirror(&shelf, &copies, (keep, now_ms))).await
    }

    /// To the other machine. Backups are made meanwhile: that may be far, and slow.
    pub(super) async fn copy_away(&self) -> Result<Vec<Backup>> {
        let Some(place) = &self.plan.elsewhere else { return Ok(Vec::new()) };
        let _lock = self.shelf.lock_named(LOCK).await?;
        let copied = self.copy_over().await;
        let fault = copied.as_ref().err().map(ToString::to_string);
        self.tell_copied(&Copied { at_ms: (self.settings.clock)(), place: place.place(), fault })?;
        copied
    }

    async fn copy_over(&self) -> Result<Vec<Backup>> {
        let here = self.here().await?;
        let Some(away) = self.away().await? else { return Ok(Vec::new()) };
        let (own, now_ms) = (own(&here), (self.settings.clock)());
        let mirrored = away.mirror(&here, (&self.shelf, own), (self.plan.keep, now_ms)).await;
        away.leave().await;
        mirrored
    }

    async fn away(&self) -> Result<Option<Away>> {
        match &self.plan.elsewhere {
            Some(place) => Away::enter(place).await.map(Some),
            None => Ok(None),
        }
    }

    async fn here(&self) -> Result<Vec<Backup>> {
        let shelf = self.shelf.clone();
        blocking(move || shelf.glances()).await
    }

    /// How the last copying to another machine ended; `None`: there was none yet.
    #[must_use]
    pub fn last_copied(&self) -> Option<Copied> {
        let copied: Copied = serde_json::from_slice(&fs::read(self.plan.folder.join(TOLD)).ok()?).ok()?;
        let place = self.plan.elsewhere.as_ref()?.place();
        (copied.place == place).then_some(copied)
    }

    fn tell_copied(&self, copied: &Copied) -> Result<()> {
        let (path, part) = (self.plan.folder.join(TOLD), self.plan.folder.join([TOLD, ".new"].concat()));
        let text = serde_json::to_vec(copied).map_err(|_| crate::Error::Broken("copies cannot be told"))?;
        pack::write(&part, &text).at(&part)?;
        fs::rename(&part, &path).at(path)
    }

    /// Every backup on the other machine, of whichever store, newest first, by description and length alone.
    ///
    /// # Errors
    /// `Elsewhere`.
    pub async fn list_away(&self) -> Result<Vec<Backup>> {
        let Some(away) = self.away().await? else { return Ok(Vec::new()) };
        let all = list(&away).await;
        away.leave().await;
        all
    }

    /// Looks at this store's backups on the other machine: all of them from afar, the newest and one more to its end, so that
    /// each is read in its turn. The damaged ones; one of which the original is whole is removed there, so that it is made up.
    ///
    /// # Errors
    /// `Elsewhere`, `File`, `Busy`.
    pub async fn check_away(&self) -> Result<Vec<Backup>> {
        if self.plan.elsewhere.is_none() {
            return Ok(Vec::new());
        }
        let _lock = self.shelf.lock_named(LOCK).await?;
        let here = self.here().await?;
        let Some((own, away)) = own(&here).zip(self.away().await?) else { return Ok(Vec::new()) };
        let checked = check(&away, own, &here, (self.settings.clock)()).await;
        away.leave().await;
        checked
    }

    /// Sees to it that a backup is here: fetches it from the other machine if it is whole only there.
    ///
    /// # Errors
    /// `Several` when several stores have one of this name; `Elsewhere`, `Damaged`, `File`, `Busy`.
    pub async fn bring(&self, id: &str) -> Result<()> {
        if self.plan.elsewhere.is_none() || !shelf::is_id(id) || self.whole(id).await.is_ok() {
            return Ok(());
        }
        let _lock = self.shelf.lock().await?;
        self.fetch(id, &self.shelf).await.map(|_| ())
    }

    /// The newest backup on the other machine, put into a folder here.
    pub(super) async fn fetch_newest(&self, scratch: &Path) -> Result<(Shelf, Manifest)> {
        let here = self.here().await?;
        let all = self.list_away().await?;
        let is_own = |backup: &&Backup| own(&here).is_none_or(|own| backup.hub() == Some(own));
        let newest =
            all.iter().filter(is_own).find(|backup| !backup.is_safety_copy()).ok_or(Error::Nothing)?;
        let shelf = Shelf(scratch.to_owned());
        let Some(away) = self.away().await? else { return Err(Error::Nothing) };
        let fetched = away.fetch(newest, &shelf).await;
        away.leave().await;
        Ok((shelf, fetched?))
    }

    async fn fetch(&self, id: &str, to: &Shelf) -> Result<Manifest> {
        let here = self.here().await?;
        let Some(away) = self.away().await? else { return Err(Error::Unknown(id.to_owned())) };
        let fetched = match list(&away).await.and_then(|all| one(all, id, own(&here))) {
            Ok(backup) => away.fetch(&backup, to).await,
            Err(error) => Err(error),
        };
        away.leave().await;
        fetched.inspect_err(|_| _ = to.sweep())
    }

    /// What a backup on the other machine is of.
    pub(super) async fn describe_away(&self, id: &str) -> Result<Manifest> {
        let here = self.here().await?;
        let backup = one(self.list_away().await?, id, own(&here))?;
        backup.manifest.ok_or_else(|| Error::Unknown(id.to_owned()))
    }
}

/// The store that the newest backup is of.
fn own(here: &[Backup]) -> Option<&str> {
    here.iter().find_map(Backup::hub)
}

async fn list(away: &Away) -> Result<Vec<Backup>> {
    let mut all = Vec::new();
    for hub in away.hubs().await? {
        all.extend(away.glances(&hub).await?);
    }
    all.sort_by(|a, b| b.id.cmp(&a.id));
    Ok(all)
}

/// The one of this name: this store's, or the only one.
fn one(all: Vec<Backup>, id: &str, own: Option<&str>) -> Result<Backup> {
    let mut named: Vec<Backup> = all.into_iter().filter(|backup| backup.id == id).collect();
    if named.iter().any(|backup| own.is_some() && backup.hub() == own) {
        named.retain(|backup| backup.hub() == own);
    }
    match <[Backup; 1]>::try_from(named) {
        Ok([Backup { fault: Some(fault), id, .. }]) => Err(Error::Damaged { id, fault }),
        Ok([backup]) => Ok(backup),
        Err(none) if none.is_empty() => Err(Error::Unknown(id.to_owned())),
        Err(several) => Err(Error::Several {
            id: id.to_owned(),
            places: several.iter().map(|backup| backup.folder.display().to_string()).collect(),
        }),
    }
}

async fn check(away: &Away, own: &str, here: &[Backup], now_ms: i64) -> Result<Vec<Backup>> {
    let all = away.glances(own).await?;
    let turn = usize::try_from(now_ms / DAY_MS).unwrap_or_default() % all.len().max(1);
    let mut damaged = Vec::new();
    for (at, mut backup) in all.into_iter().enumerate() {
        if at == 0 || at == turn {
            backup.fault = away.look(&backup).await?;
        }
        if backup.is_whole() {
            continue;
        }
        if here.iter().any(|other| other.id == backup.id && other.is_whole()) {
            away.remove(own, &backup.id).await?;
        }
        damaged.push(backup);
    }
    Ok(damaged)
}

/// Brings a second folder to what the first has. Damaged ones that are found in it and could not be replaced.
fn mirror(shelf: &Shelf, copy: &Shelf, (keep, now_ms): (usize, i64)) -> Result<Vec<Backup>> {
    crate::desk::make_private(&copy.0).at(&copy.0)?;
    copy.sweep()?;
    let there = copy.glances()?;
    let is_there = |id: &str| there.iter().any(|backup| backup.id == id && backup.is_whole());
    // The newest first: a disk that is too small has it.
    for backup in shelf.glances()?.iter().filter(|backup| backup.is_whole() && !is_there(&backup.id)) {
        if let Some(manifest) = &backup.manifest {
            match copy.take_over(shelf, manifest) {
                // It only looked whole; the daily check tells people.
                Err(Error::Damaged { .. }) => copy.sweep()?,
                taken => taken.inspect_err(|_| _ = copy.sweep())?,
            }
        }
    }
    copy.prune(keep, now_ms)
}
