//! Copies on another machine: what lies there, what of it is whole from afar, and what may go.
//!
//! Each store has a folder of its own there, named after it, so that several hubs can share one place: nothing is ever
//! written or removed in another one's. The files are those of a [`Shelf`].

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    io::{self, Write},
    path::PathBuf,
    sync::Arc,
};

use super::{
    blocking,
    elsewhere::{Elsewhere, Inside, Lack, Reached},
    error::{At, Error, Fault, Result},
    manifest::{Manifest, Sum},
    pack,
    shelf::{Backup, MANIFEST, PACKED, PART, SAFETY_MS, Shelf, id_in, time_of},
};

/// Begins the name of a store's folder.
const FOLDER: &str = "denk-";
/// Longer than any description. **Units**: bytes.
const TOLD_MAX: usize = 16 << 20;

/// A connection with the place.
pub(super) struct Away {
    place: Arc<dyn Elsewhere>,
    inside: Box<dyn Inside>,
}

impl Away {
    pub async fn enter(place: &Arc<dyn Elsewhere>) -> Result<Self> {
        let inside =
            place.enter().await.map_err(|trouble| Error::Elsewhere { place: place.place(), trouble })?;
        Ok(Self { place: Arc::clone(place), inside })
    }

    pub async fn leave(self) {
        self.inside.leave().await;
    }

    fn at<T>(&self, reached: Reached<T>) -> Result<T> {
        reached.map_err(|trouble| Error::Elsewhere { place: self.place.place(), trouble })
    }

    /// The stores that have a folder there.
    pub async fn hubs(&self) -> Result<BTreeSet<String>> {
        let all = self.at(self.inside.list("").await)?;
        let hub = |lying: &super::elsewhere::Lying| {
            let hub = lying.name.strip_prefix(FOLDER).filter(|hub| lying.is_folder && is_hub(hub))?;
            Some(hub.to_owned())
        };
        Ok(all.iter().filter_map(hub).collect())
    }

    /// A store's backups there, newest first, by description and length alone. What another store's description says that
    /// somebody put there is none of them.
    pub async fn glances(&self, hub: &str) -> Result<Vec<Backup>> {
        let folder = [FOLDER, hub].concat();
        let lying: BTreeMap<String, u64> = self
            .at(self.inside.list(&folder).await)?
            .into_iter()
            .map(|lying| (lying.name, lying.bytes))
            .collect();
        let ids: BTreeSet<&str> = lying.keys().filter_map(|name| id_in(name)).collect();
        let mut all = Vec::new();
        for id in ids.into_iter().rev() {
            let told = match lying.get(&[id, MANIFEST].concat()) {
                Some(_) => self.told(&folder, id).await?,
                None => Err(Fault::NoManifest),
            };
            if told.as_ref().is_ok_and(|manifest| manifest.hub.as_deref() != Some(hub)) {
                continue;
            }
            let length = lying.get(&[id, PACKED].concat());
            let fault = match (&told, length) {
                (Err(fault), _) => Some(fault.clone()),
                (Ok(_), None) => Some(Fault::Missing),
                (Ok(manifest), Some(length)) => (*length != manifest.packed.bytes).then_some(Fault::Length),
            };
            all.push(Backup {
                id: id.to_owned(),
                at_ms: time_of(id).unwrap_or_default(),
                folder: self.folder(hub),
                manifest: told.ok(),
                fault,
                is_read: false,
                is_elsewhere: true,
            });
        }
        Ok(all)
    }

    /// For people.
    fn folder(&self, hub: &str) -> PathBuf {
        [&self.place.place(), "/", FOLDER, hub].concat().into()
    }

    async fn told(&self, folder: &str, id: &str) -> Result<std::result::Result<Manifest, Fault>> {
        let mut text = Vec::new();
        let note = &mut |chunk: &[u8]| {
            text.extend_from_slice(chunk);
            if text.len() > TOLD_MAX { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(()) }
        };
        match self.inside.read(&name(folder, id, MANIFEST), note).await {
            // What is longer than any description is none.
            Err(trouble) if trouble.kind == Lack::Here => Ok(Err(Fault::Manifest)),
            read => {
                self.at(read)?;
                Ok(Manifest::read(&text, id))
            }
        }
    }

    /// Reads a backup there to its end.
    pub async fn look(&self, backup: &Backup) -> Result<Option<Fault>> {
        let Some((hub, manifest)) = backup.hub().zip(backup.manifest.as_ref()) else {
            return Ok(backup.fault.clone());
        };
        if backup.fault.is_some() {
            return Ok(backup.fault.clone());
        }
        let (mut hasher, mut bytes) = (blake3::Hasher::new(), 0);
        let note = &mut |chunk: &[u8]| {
            hasher.update(chunk);
            bytes += chunk.len() as u64;
            Ok(())
        };
        let packed = name(&[FOLDER, hub].concat(), &backup.id, PACKED);
        self.at(self.inside.read(&packed, note).await)?;
        let found = Sum { bytes, blake3: hasher.finalize().to_hex().to_string() };
        Ok((found != manifest.packed).then_some(Fault::Bytes))
    }

    /// Fetches a backup into a folder here, where it is one like any other then.
    pub async fn fetch(&self, backup: &Backup, shelf: &Shelf) -> Result<Manifest> {
        let damaged = |fault| Error::Damaged { id: backup.id.clone(), fault };
        let Some((hub, manifest)) = backup.hub().zip(backup.manifest.as_ref()) else {
            return Err(damaged(backup.fault.clone().unwrap_or(Fault::NoManifest)));
        };
        let part = shelf.packed_part(&backup.id);
        let mut file = pack::private(&part).at(&part)?;
        let packed = name(&[FOLDER, hub].concat(), &backup.id, PACKED);
        let mut left = manifest.packed.bytes;
        let note = &mut |chunk: &[u8]| {
            // More than that is damaged already.
            left = left.checked_sub(chunk.len() as u64).ok_or(io::ErrorKind::InvalidData)?;
            file.write_all(chunk)
        };
        match self.inside.read(&packed, note).await {
            Err(trouble) if trouble.kind == Lack::Here && left == 0 => return Err(damaged(Fault::Length)),
            read => self.at(read)?,
        }
        file.sync_all().at(&part)?;
        let (shelf, manifest, fault) = (shelf.clone(), manifest.clone(), damaged(Fault::Bytes));
        blocking(move || {
            if pack::sum(&part).at(&part)? != manifest.packed {
                return Err(fault);
            }
            shelf.place(&manifest)?;
            Ok(manifest)
        })
        .await
    }

    /// Both files of a backup; the description goes first.
    pub async fn remove(&self, hub: &str, id: &str) -> Result<()> {
        for end in [MANIFEST, PACKED] {
            self.at(self.inside.remove(&name(&[FOLDER, hub].concat(), id, end)).await)?;
        }
        Ok(())
    }

    /// Brings what is there of each store to what is here of it, and lets go what is too much of `own`. The damaged ones that
    /// stay there.
    pub async fn mirror(
        &self,
        here: &[Backup],
        (shelf, own): (&Shelf, Option<&str>),
        (keep, now_ms): (usize, i64),
    ) -> Result<Vec<Backup>> {
        let mut there: BTreeMap<&str, Vec<Backup>> = BTreeMap::new();
        let mut proven = false;
        for backup in here.iter().filter(|backup| backup.is_whole()) {
            let Some((hub, manifest)) = backup.hub().zip(backup.manifest.as_ref()) else { continue };
            let known = match there.entry(hub) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(free) => free.insert(self.prepare(hub, here).await?),
            };
            if is_superfluous(backup, known, (keep, now_ms)) {
                continue;
            }
            match known.iter().position(|other| other.id == backup.id) {
                Some(at) if known[at].is_whole() => self.is_same(&known[at], manifest)?,
                at => {
                    if !self.send(shelf, manifest, hub).await? {
                        continue;
                    }
                    proven |= Some(hub) == own;
                    let sent = Backup { folder: self.folder(hub), is_elsewhere: true, ..backup.clone() };
                    match at {
                        Some(at) => known[at] = sent,
                        None => known.push(sent),
                    }
                    known.sort_by(|a, b| b.id.cmp(&a.id));
                }
            }
        }
        match own.and_then(|own| there.remove_entry(own)) {
            Some((own, all)) => self.prune((own, all), proven, (keep, now_ms)).await,
            None => Ok(Vec::new()),
        }
    }

    /// Makes a store's folder, and removes what work left there that nobody goes on with. What is there.
    async fn prepare(&self, hub: &str, here: &[Backup]) -> Result<Vec<Backup>> {
        let folder = [FOLDER, hub].concat();
        self.at(self.inside.make_folder(&folder).await)?;
        for lying in self.at(self.inside.list(&folder).await)? {
            let begun = lying.name.strip_suffix(PART).and_then(id_in);
            if begun.is_some_and(|id| !here.iter().any(|backup| backup.id == id)) {
                self.at(self.inside.remove(&[&folder, "/", &lying.name].concat()).await)?;
            }
        }
        self.glances(hub).await
    }

    /// Two machines that both take themselves for one hub would write over each other's.
    fn is_same(&self, there: &Backup, here: &Manifest) -> Result<()> {
        if there.manifest.as_ref().is_some_and(|manifest| manifest.packed == here.packed) {
            return Ok(());
        }
        Err(Error::Taken { id: here.id.clone(), place: there.folder.display().to_string() })
    }

    /// Whether it was sent: not one that only looks whole, or that is gone meanwhile.
    async fn send(&self, shelf: &Shelf, manifest: &Manifest, hub: &str) -> Result<bool> {
        let packed = shelf.packed(&manifest.id);
        let (path, wanted) = (packed.clone(), manifest.packed.clone());
        match blocking(move || pack::sum(&path).at(path)).await {
            Ok(found) if found == wanted => {}
            Err(error @ Error::File { .. }) if packed.exists() => return Err(error),
            _ => return Ok(false),
        }
        let folder = [FOLDER, hub].concat();
        for (file, end) in [(packed, PACKED), (shelf.manifest(&manifest.id), MANIFEST)] {
            match self.inside.put(&file, &name(&folder, &manifest.id, end)).await {
                // It was let go here meanwhile.
                Err(trouble) if trouble.kind == Lack::Here && !file.exists() => {
                    self.remove(hub, &manifest.id).await?;
                    return Ok(false);
                }
                put => self.at(put)?,
            }
        }
        Ok(true)
    }

    /// As [`Shelf::prune`], of one store's.
    async fn prune(
        &self,
        (hub, all): (&str, Vec<Backup>),
        mut proven: bool,
        (keep, now_ms): (usize, i64),
    ) -> Result<Vec<Backup>> {
        let surplus = surplus(&all, keep, now_ms);
        if !surplus.is_empty() && !proven {
            for backup in all.iter().filter(|backup| backup.is_whole() && !surplus.contains(&backup.id)) {
                proven = proven || self.look(backup).await?.is_none();
            }
        }
        for id in surplus.iter().filter(|_| proven) {
            self.remove(hub, id).await?;
        }
        let stays = |backup: &Backup| !(backup.is_whole() || proven && surplus.contains(&backup.id));
        Ok(all.into_iter().filter(stays).collect())
    }
}

/// Whether it would be removed as soon as it is there.
fn is_superfluous(backup: &Backup, there: &[Backup], (keep, now_ms): (usize, i64)) -> bool {
    let mut all = there.to_vec();
    if !all.iter().any(|other| other.id == backup.id) {
        all.push(backup.clone());
        all.sort_by(|a, b| b.id.cmp(&a.id));
    }
    surplus(&all, keep, now_ms).contains(&backup.id)
}

/// Names of what is more than `keep` whole backups, newest first, and older than they are; of what a restore took the place
/// of, what is older than a week, once there is a whole one that is newer.
fn surplus(all: &[Backup], keep: usize, now_ms: i64) -> Vec<String> {
    let mut whole = 0;
    let mut over = Vec::new();
    for backup in all {
        let is_over = if backup.is_safety_copy() {
            whole > 0 && backup.at_ms < now_ms.saturating_sub(SAFETY_MS)
        } else {
            whole >= keep.max(1)
        };
        if is_over {
            over.push(backup.id.clone());
        } else if backup.is_whole() && !backup.is_safety_copy() {
            whole += 1;
        }
    }
    over
}

/// Whether a store's own name can be the name of a folder.
fn is_hub(hub: &str) -> bool {
    (1..=64).contains(&hub.len()) && hub.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

impl Backup {
    /// The store that it is of, as a folder can be named after it.
    pub(super) fn hub(&self) -> Option<&str> {
        self.manifest.as_ref()?.hub.as_deref().filter(|hub| is_hub(hub))
    }
}

fn name(folder: &str, id: &str, end: &str) -> String {
    [folder, "/", id, end].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backups::manifest::Reason;

    const DAY_MS: i64 = SAFETY_MS / 7;

    /// The newest of these first, a day apart, the first one of today.
    fn backups(kinds: &str) -> Vec<Backup> {
        let backup = |(day, kind): (usize, char)| {
            let at_ms = -DAY_MS * i64::try_from(day).unwrap();
            let reason = if kind == 's' { Reason::Safety } else { Reason::Schedule };
            Backup {
                id: day.to_string(),
                at_ms,
                folder: PathBuf::new(),
                manifest: Some(Manifest::new(day.to_string(), (at_ms, reason), "0")),
                fault: (kind == 'd').then_some(Fault::Length),
                is_read: false,
                is_elsewhere: true,
            }
        };
        kinds.chars().enumerate().map(backup).collect()
    }

    #[test]
    fn only_what_is_older_than_enough_whole_ones_goes() {
        for (kinds, keep, gone) in [
            ("www", 3, ""),
            ("wwwww", 3, "3 4"),
            ("ddd", 1, ""),
            ("dwd", 1, "2"),
            ("wsw", 1, "2"),
            ("ssssssssss", 1, ""),
            ("wssssssssss", 1, "8 9 10"),
            ("ww", 0, "1"),
        ] {
            assert_eq!(surplus(&backups(kinds), keep, 0).join(" "), gone, "{kinds} {keep}");
        }
    }

    #[test]
    fn a_folder_is_named_after_nothing_but_a_store() {
        assert!(is_hub("0190c5a0-0000-7000-8000-000000000000"));
        for odd in ["", "..", "a/b", "a b", "ş", &"a".repeat(65)] {
            assert!(!is_hub(odd), "{odd}");
        }
    }
}
