//! The file as it is at one moment, for the hub to meet.

use database::Address;
use tempfile::NamedTempFile;

use super::{Error, Office, Result, lock};

impl Office {
    /// A consistent copy, without anything of denk's. The program can write meanwhile.
    ///
    /// # Errors
    /// `Busy`, `Full`; nothing is left behind.
    pub async fn copy(&mut self) -> Result<NamedTempFile> {
        let file = self.whole_copy().await?;
        let mut copy = Self::open(file.path(), &self.rules).await?;
        copy.take_out().await?;
        drop(copy);
        let beside = lock::beside(file.path());
        std::fs::remove_file(&beside).map_err(|error| Error::File(beside, error))?;
        Ok(file)
    }

    /// A consistent copy with what denk put into the file: it tells the hub what file and hub last agreed on.
    ///
    /// # Errors
    /// As [`Office::copy`].
    pub async fn whole_copy(&mut self) -> Result<NamedTempFile> {
        let file = NamedTempFile::new().map_err(|error| Error::File(self.path.clone(), error))?;
        let from = Address::sqlite(&self.path).with_patience(super::PATIENCE);
        database::duplicate(&from, file.path()).await?;
        Ok(file)
    }
}
