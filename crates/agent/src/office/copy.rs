//! The file as it is at one moment, for the hub to meet.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use database::Address;
use tempfile::NamedTempFile;

use super::{
    Error, Office, Result,
    lock::{beside, lock_of},
    state::State,
};

impl Office {
    /// A consistent copy, with nothing of denk's but what another hub called the rows: they are the same ones at this hub.
    /// The program can write meanwhile. It is kept beside the file until it is adopted: whatever was heard of its meeting or
    /// not, the hub is asked about the same copy again, and what the program did since is noted.
    ///
    /// # Errors
    /// `Busy`, `Full`; nothing is left behind.
    pub async fn copy(&mut self) -> Result<PathBuf> {
        let kept = kept(&self.path);
        let State { hub, meeting: asked, .. } = State::read(&mut self.db).await?;
        if asked.is_some() && asked == hash(&kept)? && self.is_shaped_as(&kept).await? {
            return Ok(kept);
        }
        let file = self.whole_copy().await?;
        if hub.is_none() {
            let mut copy = Self::open(file.path(), &self.rules).await?;
            copy.take_out().await?;
            copy.close()?;
        }
        let state = self.begin().await?;
        let state = State { meeting: hash(file.path())?, ..state };
        self.end(Ok((state, ()))).await?;
        file.persist(&kept).map_err(|error| Error::File(kept.clone(), error.error))?;
        Ok(kept)
    }

    /// Whether the program has not changed its tables since.
    async fn is_shaped_as(&self, copy: &Path) -> Result<bool> {
        let copy = match Self::open(copy, &self.rules).await {
            // The program has taken some of its tables away.
            Err(Error::NotAnOfficeFile(..)) => return Ok(false),
            opened => opened?,
        };
        let same = copy.forms.len() == self.forms.len()
            && copy.forms.iter().zip(self.forms.iter()).all(|(a, b)| a.shape() == b.shape());
        copy.close()?;
        Ok(same)
    }

    /// Removes what [`Office::copy`] kept.
    pub(super) fn forget_copy(&self) {
        // What stays is a copy of the file beside the file.
        _ = std::fs::remove_file(kept(&self.path));
    }

    /// A consistent copy with what denk put into the file: it tells the hub what file and hub last agreed on. Of the program's
    /// it has the tables that the hub knows, and nothing else that may be in the file (a search index, another program's).
    /// For the owner only; it goes when it is dropped, or else when the next agent of the file begins.
    ///
    /// # Errors
    /// As [`Office::copy`].
    pub async fn whole_copy(&mut self) -> Result<NamedTempFile> {
        let place = passing(&self.path);
        let failed = |error| Error::File(place.clone(), error);
        remove(&place).map_err(failed)?;
        let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut named = tempfile::Builder::new();
        named.prefix(place.file_name().unwrap_or_default()).rand_bytes(0);
        let file = named.tempfile_in(folder.unwrap_or(Path::new("."))).map_err(failed)?;
        crate::only_for_owner(file.path());
        let from = Address::sqlite(&self.path).with_patience(super::PATIENCE);
        database::duplicate(&from, file.path()).await?;
        let rules = Arc::clone(&self.rules);
        let is_known = move |name: &str| {
            name.starts_with("denk_")
                || rules.tables().any(|(_, table)| table.name.eq_ignore_ascii_case(name))
        };
        database::reduce(&Address::sqlite(file.path()), is_known).await?;
        Ok(file)
    }
}

/// Takes away what an agent left beside its file that was ended while it made a copy. Only for who holds the file's lock:
/// other agents' copies lie beside other files.
pub(super) fn sweep(path: &Path) -> io::Result<()> {
    let (passing, kept) = (passing(path), kept(path));
    remove(&passing)?;
    for copy in [passing, kept] {
        for of_sqlite in ["-journal", "-wal", "-shm"] {
            remove(&beside(&copy, of_sqlite))?;
        }
        remove(&lock_of(&copy))?;
    }
    Ok(())
}

/// What is there does not stay; no file is no error.
fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The copy that is made and sent at this moment.
fn passing(path: &Path) -> PathBuf {
    beside(path, "-denk.copy")
}

/// The copy of a first contact that was not heard yet.
fn kept(path: &Path) -> PathBuf {
    beside(path, "-denk.first")
}

/// `None`: there is no file.
fn hash(path: &Path) -> Result<Option<String>> {
    let of = |error| Error::File(path.to_owned(), error);
    let mut hasher = blake3::Hasher::new();
    match std::fs::File::open(path).and_then(|file| hasher.update_reader(file).map(drop)) {
        Ok(()) => Ok(Some(hasher.finalize().to_hex()[..32].to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(of(error)),
    }
}
