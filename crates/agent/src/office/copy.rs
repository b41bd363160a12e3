//! The file as it is at one moment, for the hub to meet.

use std::{
    io,
    path::{Path, PathBuf},
};

use database::Address;
use tempfile::NamedTempFile;

use super::{Error, Office, Result, state::State};

impl Office {
    /// A consistent copy, with nothing of denk's but what another hub called the rows: they are the same ones at this hub.
    /// The program can write meanwhile. It is kept beside the file until it is adopted: whatever was heard of its meeting or not, the hub is asked about the same copy again, and what the
    /// program did since is noted.
    ///
    /// # Errors
    /// `Busy`, `Full`; nothing is left behind.
    pub async fn copy(&mut self) -> Result<PathBuf> {
        let kept = kept(&self.path);
        let State { hub, meeting: asked, .. } = State::read(&mut self.db).await?;
        if asked.is_some() && asked == hash(&kept)? && self.is_shaped_as(&kept).await? {
            return Ok(kept);
        }
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let file = NamedTempFile::new_in(folder).map_err(|error| Error::File(self.path.clone(), error))?;
        self.duplicate(file.path()).await?;
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
        let copy = Self::open(copy, &self.rules).await?;
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

    /// A consistent copy with what denk put into the file: it tells the hub what file and hub last agreed on.
    ///
    /// # Errors
    /// As [`Office::copy`].
    pub async fn whole_copy(&mut self) -> Result<NamedTempFile> {
        let file = NamedTempFile::new().map_err(|error| Error::File(self.path.clone(), error))?;
        self.duplicate(file.path()).await?;
        Ok(file)
    }

    async fn duplicate(&self, to: &Path) -> Result<()> {
        let from = Address::sqlite(&self.path).with_patience(super::PATIENCE);
        Ok(database::duplicate(&from, to).await?)
    }
}

fn kept(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-denk.first");
    name.into()
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
