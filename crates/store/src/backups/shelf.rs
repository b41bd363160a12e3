//! One folder of backups: what lies in it, what of it is whole, and what may go.
//!
//! A backup is two files, `ID.db.zst` and its description `ID.json`. The description is put in place last, so one that is
//! there is of a file that was whole and durable. Names that end in `.part` are of work that did not end.

use std::{
    collections::{BTreeSet, HashMap},
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use fail::fail_point;
use model::Timestamp;

use super::{
    error::{At, Error, Fault, Result},
    manifest::{Manifest, Reason},
    pack,
};
use crate::desk::make_private;

const LOCK: &str = "backups.lock";
pub(super) const PACKED: &str = ".db.zst";
pub(super) const MANIFEST: &str = ".json";
pub(super) const PART: &str = ".part";
/// How long somebody else may be at work in the folder.
const PATIENCE: Duration = Duration::from_mins(30);
const PAUSE: Duration = Duration::from_millis(100);
/// What a restore took the place of stays at least so long. **Units**: milliseconds.
pub(super) const SAFETY_MS: i64 = 7 * 24 * 60 * 60 * 1000;

#[derive(Clone, Debug)]
pub(super) struct Shelf(pub PathBuf);

/// One backup in one folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    pub id: String,
    /// When it was begun, by its name. **Units**: milliseconds since 1970.
    pub at_ms: i64,
    pub folder: PathBuf,
    /// `None` where the description is not there or was changed.
    pub manifest: Option<Manifest>,
    /// `None`: it is whole.
    pub fault: Option<Fault>,
    /// Whether it was read to its end.
    pub is_read: bool,
    /// Whether it lies on another machine.
    pub is_elsewhere: bool,
}

impl Backup {
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.fault.is_none()
    }

    /// The store that a restore took the place of.
    #[must_use]
    pub fn is_safety_copy(&self) -> bool {
        self.manifest.as_ref().is_some_and(|manifest| manifest.reason == Reason::Safety)
    }

    /// Stable word: `whole`, `damaged`, `missing`.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        match self.fault {
            None => "whole",
            Some(Fault::Missing) => "missing",
            Some(_) => "damaged",
        }
    }
}

/// The backups of one store that look whole and are newer than the one at hand.
#[derive(Debug, Default)]
struct Newer {
    /// Newest first.
    ids: Vec<String>,
    /// Whether one of them was found to be whole; `None`: nobody has looked.
    proven: Option<bool>,
}

impl Shelf {
    pub fn packed(&self, id: &str) -> PathBuf {
        self.0.join([id, PACKED].concat())
    }

    pub fn manifest(&self, id: &str) -> PathBuf {
        self.0.join([id, MANIFEST].concat())
    }

    pub fn part(&self, name: &str) -> PathBuf {
        self.0.join([name, PART].concat())
    }

    /// Makes the folder; only one works in it at a time.
    pub async fn lock(&self) -> Result<File> {
        self.lock_named(LOCK).await
    }

    /// As [`Shelf::lock`], for work that needs not the whole folder.
    pub async fn lock_named(&self, name: &str) -> Result<File> {
        make_private(&self.0).at(&self.0)?;
        let path = self.0.join(name);
        let file = File::options().create(true).truncate(false).write(true).open(&path).at(&path)?;
        let mut waited = Duration::ZERO;
        while waited < PATIENCE {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(fs::TryLockError::WouldBlock) => tokio::time::sleep(PAUSE).await,
                Err(fs::TryLockError::Error(error)) => return Err(error).at(&path),
            }
            waited += PAUSE;
        }
        Err(Error::Busy)
    }

    /// Whether somebody is at work in the folder right now.
    pub fn is_locked(&self) -> bool {
        let file = File::options().write(true).open(self.0.join(LOCK));
        file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock)))
    }

    /// Removes what work left behind that did not end; only under the lock.
    pub fn sweep(&self) -> Result<()> {
        for name in self.names()? {
            let path = self.0.join(&name);
            // SQLite names what lies beside a file after it.
            if name.ends_with(PART)
                || [".part-wal", ".part-shm", ".part-journal"].iter().any(|end| name.ends_with(end))
            {
                let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
                removed.at(path)?;
            }
        }
        Ok(())
    }

    fn names(&self) -> Result<Vec<String>> {
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.at(&self.0)?,
        };
        let name = |entry: io::Result<fs::DirEntry>| Ok(entry.at(&self.0)?.file_name().into_string().ok());
        entries.filter_map(|entry| name(entry).transpose()).collect()
    }

    fn ids(&self) -> Result<BTreeSet<String>> {
        let names = self.names()?;
        Ok(names.iter().filter_map(|name| id_in(name)).map(str::to_owned).collect())
    }

    /// When the newest was begun that is no safety copy and looks whole from afar.
    pub fn newest_ms(&self) -> Result<Option<i64>> {
        let is_there = |id: &str, manifest: &Manifest| {
            fs::metadata(self.packed(id)).is_ok_and(|found| found.len() == manifest.packed.bytes)
        };
        let newest = self.ids()?.into_iter().rev().find_map(|id| {
            let manifest = self.read(&id).ok()?;
            (manifest.reason != Reason::Safety && is_there(&id, &manifest)).then_some(manifest.at_ms)
        });
        Ok(newest)
    }

    /// The newest that is no safety copy, whole or not.
    pub fn newest(&self) -> Result<Option<String>> {
        let is_safety_copy =
            |id: &String| self.read(id).is_ok_and(|manifest| manifest.reason == Reason::Safety);
        Ok(self.ids()?.into_iter().rev().find(|id| !is_safety_copy(id)))
    }

    /// A new name that tells the time.
    pub fn free_id(&self, at_ms: i64) -> Result<String> {
        let id = id_of(at_ms);
        let taken = self.ids()?;
        let mut numbered = (2..).map(|number: u32| [&id, "-", &number.to_string()].concat());
        if taken.contains(&id) {
            Ok(numbered.find(|id| !taken.contains(id)).unwrap_or_default())
        } else {
            Ok(id)
        }
    }

    /// Every backup of the folder, newest first, each looked at byte by byte.
    pub fn list(&self) -> Result<Vec<Backup>> {
        let making = self.is_locked();
        // Of one that is being put in place the description comes last.
        let unfinished = |backup: &Backup| making && backup.fault == Some(Fault::NoManifest);
        Ok(self.each()?.into_iter().filter(|backup| !unfinished(backup)).collect())
    }

    /// As [`Shelf::list`], for who holds the lock.
    pub fn each(&self) -> Result<Vec<Backup>> {
        self.ids()?.into_iter().rev().map(|id| self.look(&id)).collect()
    }

    /// Every backup of the folder, newest first, by its description and the length of its file alone.
    pub fn glances(&self) -> Result<Vec<Backup>> {
        let making = self.is_locked();
        let glance = |id: &String| self.seen((id, false), |manifest| self.fault_of_length(id, manifest));
        let all = self.ids()?.iter().rev().map(glance).collect::<Result<Vec<_>>>()?;
        let unfinished = |backup: &Backup| making && backup.fault == Some(Fault::NoManifest);
        Ok(all.into_iter().filter(|backup| !unfinished(backup)).collect())
    }

    pub fn look(&self, id: &str) -> Result<Backup> {
        self.seen((id, true), |manifest| self.fault(id, manifest))
    }

    fn seen(
        &self,
        (id, is_read): (&str, bool),
        fault: impl Fn(&Manifest) -> Result<Option<Fault>>,
    ) -> Result<Backup> {
        let (manifest, fault) = match self.read(id) {
            Ok(manifest) => {
                let fault = fault(&manifest)?;
                (Some(manifest), fault)
            }
            Err(Error::Damaged { fault, .. }) => (None, Some(fault)),
            Err(error) => return Err(error),
        };
        let at_ms = time_of(id).unwrap_or_default();
        let folder = self.0.clone();
        Ok(Backup { id: id.to_owned(), at_ms, folder, manifest, fault, is_read, is_elsewhere: false })
    }

    /// # Errors
    /// `Damaged`: `NoManifest`, `Manifest`, `Newer`.
    pub fn read(&self, id: &str) -> Result<Manifest> {
        let path = self.manifest(id);
        let damaged = |fault| Error::Damaged { id: id.to_owned(), fault };
        match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(damaged(Fault::NoManifest)),
            text => Manifest::read(&text.at(path)?, id).map_err(damaged),
        }
    }

    fn fault_of_length(&self, id: &str, manifest: &Manifest) -> Result<Option<Fault>> {
        let path = self.packed(id);
        let length = match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some(Fault::Missing)),
            found => found.at(&path)?.len(),
        };
        Ok((length != manifest.packed.bytes).then_some(Fault::Length))
    }

    fn fault(&self, id: &str, manifest: &Manifest) -> Result<Option<Fault>> {
        let short = self.fault_of_length(id, manifest)?;
        if short.is_some() {
            return Ok(short);
        }
        let path = self.packed(id);
        Ok((pack::sum(&path).at(&path)? != manifest.packed).then_some(Fault::Bytes))
    }

    /// Puts a backup in place whose file lies ready under its `.part` name.
    pub fn place(&self, manifest: &Manifest) -> Result<()> {
        let (packed, told) = (self.packed(&manifest.id), self.manifest(&manifest.id));
        let described = self.part(&[&manifest.id, MANIFEST].concat());
        pack::write(&described, manifest.text().as_bytes()).at(&described)?;
        fail_point!("backup-described");
        fs::rename(self.part(&[&manifest.id, PACKED].concat()), &packed).at(&packed)?;
        sync_folder(&self.0)?;
        fail_point!("backup-placed");
        fs::rename(&described, &told).at(&told)?;
        sync_folder(&self.0)
    }

    pub fn packed_part(&self, id: &str) -> PathBuf {
        self.part(&[id, PACKED].concat())
    }

    /// Takes over a backup of another folder, and reads it back.
    pub fn take_over(&self, from: &Self, manifest: &Manifest) -> Result<()> {
        let (source, part) = (from.packed(&manifest.id), self.packed_part(&manifest.id));
        pack::copy(&source, &part).at(&part)?;
        if pack::sum(&part).at(&part)? != manifest.packed {
            return Err(Error::Damaged { id: manifest.id.clone(), fault: Fault::Bytes });
        }
        self.place(manifest)
    }

    /// Removes what is more than `keep` whole backups of a store and older than they are. The last whole one of a store always
    /// stays, and so does what a restore took the place of, for a week. The damaged ones that stay, as far as descriptions
    /// and lengths show it: one is read to its end only when others go because of it.
    pub fn prune(&self, keep: usize, now_ms: i64) -> Result<Vec<Backup>> {
        // Backups of an empty store that took the place of a lost one do not push out those of the lost one.
        let mut whole: HashMap<Option<String>, Newer> = HashMap::new();
        let mut damaged = Vec::new();
        for mut backup in self.glances()? {
            let hub = backup.manifest.as_ref().and_then(|manifest| manifest.hub.clone());
            let newer = match backup.manifest {
                Some(_) => whole.get_mut(&hub),
                None => whole.values_mut().max_by_key(|newer| newer.ids.len()),
            };
            let over = if backup.is_safety_copy() {
                backup.at_ms < now_ms.saturating_sub(SAFETY_MS) && self.has_proven(whole.values_mut())?
            } else {
                newer.as_ref().is_some_and(|newer| newer.ids.len() >= keep.max(1))
                    && self.has_proven(newer)?
            };
            if over {
                self.remove(&backup.id)?;
            } else if !backup.is_whole() {
                damaged.push(backup);
            } else if !backup.is_safety_copy() {
                whole.entry(hub).or_default().ids.push(std::mem::take(&mut backup.id));
            }
        }
        Ok(damaged)
    }

    /// Whether one of these is whole that was read to its end.
    fn has_proven<'a>(&self, all: impl IntoIterator<Item = &'a mut Newer>) -> Result<bool> {
        for newer in all {
            if newer.proven.is_none() {
                let mut proven = false;
                for id in &newer.ids {
                    proven = proven || self.look(id)?.is_whole();
                }
                newer.proven = Some(proven);
            }
            if newer.proven == Some(true) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The description goes first: what is left behind by a power cut is no backup any more.
    pub fn remove(&self, id: &str) -> Result<()> {
        for path in [self.manifest(id), self.packed(id)] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error).at(path),
                _ => {}
            }
        }
        Ok(())
    }
}

/// What was renamed in it is durable when this returns.
pub(super) fn sync_folder(folder: &Path) -> Result<()> {
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).at(folder)?;
    }
    Ok(())
}

/// `20260124T130500Z`
fn id_of(at_ms: i64) -> String {
    let at = Timestamp { micros: at_ms.saturating_sub(EPOCH_MS).saturating_mul(1000), nanos: 0 };
    let text = at.to_string();
    let digits: String =
        text.chars().take("2026-01-24 13:05:00".len()).filter(char::is_ascii_digit).collect();
    let (day, time) = digits.split_at(digits.len().min(8));
    [day, "T", time, "Z"].concat()
}

/// 2000-01-01 in milliseconds since 1970.
const EPOCH_MS: i64 = 946_684_800_000;

/// Whether it can be the name of a backup, and so of no other file.
pub(super) fn is_id(id: &str) -> bool {
    time_of(id).is_some()
}

/// The backup that a file belongs to, by its name; `None`: to none.
pub(super) fn id_in(name: &str) -> Option<&str> {
    let id = name.strip_suffix(PACKED).or_else(|| name.strip_suffix(MANIFEST))?;
    is_id(id).then_some(id)
}

/// When a backup of this name was begun; `None` for what is no such name.
pub(super) fn time_of(id: &str) -> Option<i64> {
    let (time, number) = id.split_once('-').unwrap_or((id, "2"));
    let (day, time) = time.strip_suffix('Z')?.split_once('T')?;
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(day, 8) || !digits(time, 6) || number.is_empty() || !digits(number, number.len()) {
        return None;
    }
    let text =
        format!("{}-{}-{} {}:{}:{}", &day[..4], &day[4..6], &day[6..], &time[..2], &time[2..4], &time[4..]);
    Timestamp::parse(&text).map(Timestamp::unix_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_its_time() {
        let at_ms = 1_769_212_800_000;
        assert_eq!(id_of(at_ms + 999), "20260124T000000Z");
        for name in ["20260124T000000Z", "20260124T000000Z-17"] {
            assert_eq!(time_of(name), Some(at_ms), "{name}");
        }
        for odd in [
            "",
            "x",
            "../x",
            "20260124T000000",
            "20260124T000000Z-",
            "20261324T000000Z",
            "20260124T00000é",
            "drill",
        ] {
            assert_eq!(time_of(odd), None, "{odd}");
        }
    }

    /// Puts a made-up backup of this time in place.
    fn put(shelf: &Shelf, at_ms: i64, reason: Reason) -> String {
        put_of(shelf, at_ms, (reason, "one"))
    }

    fn put_of(shelf: &Shelf, at_ms: i64, (reason, hub): (Reason, &str)) -> String {
        let id = shelf.free_id(at_ms).unwrap();
        let mut manifest = Manifest::new(id.clone(), (at_ms, reason), "0");
        manifest.hub = Some(hub.to_owned());
        let plain = shelf.part("plain");
        fs::write(&plain, id.repeat(100)).unwrap();
        (manifest.plain, manifest.packed) = pack::pack(&plain, &shelf.packed_part(&id)).unwrap();
        shelf.place(&manifest).unwrap();
        shelf.sweep().unwrap();
        id
    }

    fn ids(shelf: &Shelf) -> Vec<String> {
        shelf.list().unwrap().into_iter().map(|backup| backup.id).collect()
    }

    const DAY_MS: i64 = SAFETY_MS / 7;
    const NOW_MS: i64 = 1_769_212_800_000;

    #[test]
    fn the_newest_are_kept_and_never_the_last_whole_one_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf(folder.path().to_owned());
        let days: Vec<String> =
            (0..5).map(|day| put(&shelf, NOW_MS + day * DAY_MS, Reason::Schedule)).collect();
        assert_eq!(shelf.prune(3, NOW_MS + 5 * DAY_MS).unwrap(), []);
        assert_eq!(ids(&shelf), [&*days[4], &days[3], &days[2]]);
        // Of the three that are left only the oldest is whole.
        let cut = File::options().write(true).open(shelf.packed(&days[4])).unwrap();
        cut.set_len(3).unwrap();
        fs::remove_file(shelf.packed(&days[3])).unwrap();
        let damaged = shelf.prune(1, NOW_MS + 5 * DAY_MS).unwrap();
        let faults: Vec<_> = damaged.iter().map(|backup| (backup.state(), backup.fault.clone())).collect();
        assert_eq!(faults, [("damaged", Some(Fault::Length)), ("missing", Some(Fault::Missing))]);
        assert_eq!(ids(&shelf), [&*days[4], &days[3], &days[2]]);
        // As soon as there is a newer whole one, what is older goes, damaged or not.
        let newest = put(&shelf, NOW_MS + 6 * DAY_MS, Reason::Schedule);
        assert_eq!(shelf.prune(1, NOW_MS + 6 * DAY_MS).unwrap(), []);
        assert_eq!(ids(&shelf), [newest]);
    }

    #[test]
    fn nothing_goes_because_of_backups_that_only_look_whole() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf(folder.path().to_owned());
        let days: Vec<String> =
            (0..3).map(|day| put(&shelf, NOW_MS + day * DAY_MS, Reason::Schedule)).collect();
        for id in &days[1..] {
            let mut bytes = fs::read(shelf.packed(id)).unwrap();
            bytes[9] ^= 1;
            fs::write(shelf.packed(id), bytes).unwrap();
        }
        shelf.prune(1, NOW_MS + 5 * DAY_MS).unwrap();
        assert_eq!(ids(&shelf), [&*days[2], &days[1], &days[0]]);
        let newest = put(&shelf, NOW_MS + 6 * DAY_MS, Reason::Schedule);
        shelf.prune(1, NOW_MS + 6 * DAY_MS).unwrap();
        assert_eq!(ids(&shelf), [newest]);
    }

    #[test]
    fn an_empty_store_in_the_place_of_a_lost_one_pushes_out_no_backup_of_the_lost_one() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf(folder.path().to_owned());
        let lost = put_of(&shelf, NOW_MS, (Reason::Schedule, "lost"));
        let others: Vec<String> =
            (1..5).map(|hour| put(&shelf, NOW_MS + hour * DAY_MS, Reason::Schedule)).collect();
        shelf.prune(2, NOW_MS + 9 * DAY_MS).unwrap();
        assert_eq!(ids(&shelf), [&*others[3], &others[2], &lost]);
    }

    #[test]
    fn what_a_restore_took_the_place_of_stays_for_a_week_whatever_else_there_is() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf(folder.path().to_owned());
        let safety = put(&shelf, NOW_MS, Reason::Safety);
        assert_eq!(shelf.prune(1, NOW_MS + 30 * DAY_MS).unwrap(), []);
        assert_eq!(ids(&shelf), [&*safety], "nothing else is whole");
        let others: Vec<String> = (1..4).map(|hour| put(&shelf, NOW_MS + hour, Reason::Schedule)).collect();
        shelf.prune(1, NOW_MS + 6 * DAY_MS).unwrap();
        assert_eq!(ids(&shelf), [&*others[2], &safety]);
        shelf.prune(1, NOW_MS + 8 * DAY_MS).unwrap();
        assert_eq!(ids(&shelf), [&*others[2]]);
    }

    #[test]
    fn every_damage_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf(folder.path().to_owned());
        let id = put(&shelf, NOW_MS, Reason::Asked);
        let (packed, told) = (shelf.packed(&id), shelf.manifest(&id));
        let fault = || shelf.look(&id).unwrap().fault;
        assert_eq!(fault(), None);
        let bytes = fs::read(&packed).unwrap();
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            fs::write(&packed, other).unwrap();
            assert_eq!(fault(), Some(Fault::Bytes), "{at}");
        }
        fs::write(&packed, &bytes[..bytes.len() - 1]).unwrap();
        assert_eq!(fault(), Some(Fault::Length));
        fs::remove_file(&packed).unwrap();
        assert_eq!(fault(), Some(Fault::Missing));
        fs::write(&packed, bytes).unwrap();
        fs::write(&told, b"{}").unwrap();
        assert_eq!(fault(), Some(Fault::Manifest));
        fs::remove_file(&told).unwrap();
        assert_eq!(fault(), Some(Fault::NoManifest));
        assert_eq!(shelf.list().unwrap().len(), 1, "a file without a description is told, not swept");
    }
}
