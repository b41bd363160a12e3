//! The old synchronisation, without the wire: the file that goes up, and what happens to the file that comes down.

use std::path::PathBuf;

use anyhow::Context;

use super::{Desktop, Generation};

/// What the second generation calls the uploaded file; its field is `db`.
pub const UPLOAD_FILE_NAME: &str = "puantaj.db";

impl Desktop {
    /// What it says in `X-Region`: the second generation always Ankara, as it reads a setting that nothing writes.
    #[must_use]
    pub fn region_header(&self) -> &str {
        match self.generation {
            Generation::D1BeforeTombstones | Generation::D1 => &self.region,
            Generation::D2 => "Ankara",
        }
    }

    /// The bytes that it uploads: the live file as it is at this moment.
    pub fn upload(&self) -> anyhow::Result<Vec<u8>> {
        std::fs::read(&self.path).with_context(|| format!("cannot read {}", self.path.display()))
    }

    /// Takes a download for its new file: copies the old one to [`Desktop::sync_backup`], writes over the live file
    /// in place without looking at what it writes, and goes through its start-up again.
    ///
    /// **Errors**: what the start-up finds in the new file; by then the old one is only in the copy.
    pub fn receive(&self, download: &[u8]) -> anyhow::Result<()> {
        let backup = self.sync_backup();
        std::fs::copy(&self.path, &backup).with_context(|| format!("cannot write {}", backup.display()))?;
        std::fs::write(&self.path, download)
            .with_context(|| format!("cannot write {}", self.path.display()))?;
        self.initialise()
    }

    /// Where the file before the last download is.
    #[must_use]
    pub fn sync_backup(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".sync_backup");
        name.into()
    }
}
