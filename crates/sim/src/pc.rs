//! One PC: the old program, its file, and what lies beside it.

use std::path::{Path, PathBuf};

use store::Device;
use testkit::office::{Desktop, Generation, Moment};

use crate::plan::Role;

pub struct Pc {
    pub name: String,
    pub role: Role,
    pub device: Device,
    pub desktop: Desktop,
    /// The copy of this morning.
    pub backup: PathBuf,
    /// Uploads that may arrive a second time.
    pub sent: Vec<PathBuf>,
    /// Whether a file of another day or PC was ever put into the place of its own.
    pub meddled: bool,
    /// What is in the batch that waits for headquarters.
    pub held: Option<PathBuf>,
}

impl Pc {
    /// # Errors
    /// A folder that cannot be written.
    pub fn start(
        folder: &Path,
        name: String,
        role: Role,
        device: Device,
        now: Moment,
    ) -> anyhow::Result<Self> {
        let path = folder.join([&name, ".db"].concat());
        let region = if role.region == "*" { "Ankara" } else { role.region };
        let desktop = Desktop::start(&path, role.generation, region, clock(role, now))?;
        let backup = folder.join([&name, ".backup.db"].concat());
        std::fs::copy(&path, &backup)?;
        Ok(Self { name, role, device, desktop, backup, sent: Vec::new(), meddled: false, held: None })
    }

    pub fn set_clock(&mut self, now: Moment) {
        self.desktop.now = clock(self.role, now);
    }

    /// Puts another file into the place of its own and starts the program.
    ///
    /// # Errors
    /// A file that the program cannot open.
    pub fn replace(&mut self, file: &Path) -> anyhow::Result<()> {
        let path = self.desktop.path().to_owned();
        std::fs::copy(file, &path)?;
        let (generation, now) = (self.role.generation, self.desktop.now);
        self.desktop = Desktop::start(&path, generation, &self.desktop.region, now)?;
        self.meddled = true;
        Ok(())
    }

    /// Who it is, in a story.
    #[must_use]
    pub fn describe(&self) -> String {
        let Role { region, shared_key, downloads, generation, skew } = self.role;
        let key = if shared_key { "shared key" } else { "own token" };
        let generation = match generation {
            Generation::D1BeforeTombstones => "D1 without tombstones",
            Generation::D1 => "D1",
            Generation::D2 => "D2",
        };
        let downloads = if downloads { "" } else { ", never downloads" };
        let skew = if skew == 0 { String::new() } else { format!(", clock {skew:+} h") };
        format!("{}: {region}, {key}, {generation}{downloads}{skew}", self.name)
    }
}

/// What its own clock shows.
fn clock(role: Role, now: Moment) -> Moment {
    now.plus(role.skew * 3600)
}
