//! What is done to whole files: an office's, or the hub's store.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{
    book::remembered,
    tally::Event,
    town::{Office, Town, Way},
};

impl Town {
    fn backup(&self, at: usize) -> PathBuf {
        self.folder.path().join(format!("pc{at}.backup"))
    }

    pub fn back_up(&self, at: usize) -> anyhow::Result<Option<String>> {
        let office = &self.offices[at];
        if office.way == Way::Old || !is_met(&office.file)? {
            return Ok(None);
        }
        std::fs::copy(&office.file, self.backup(at))?;
        Ok(Some(format!("pc{at}: a backup is made")))
    }

    pub fn restore(&mut self, at: usize) -> anyhow::Result<Option<String>> {
        let backup = self.backup(at);
        if !backup.exists() {
            return Ok(None);
        }
        std::fs::copy(&backup, &self.offices[at].file)?;
        self.offices[at].past = true;
        self.tally.add(Event::Restored, 1);
        Ok(Some(format!("pc{at}: the backup is restored")))
    }

    /// The PC goes the old way from now on: files of its agent are of the past.
    pub fn forget_backups(&self, at: usize) -> anyhow::Result<()> {
        for file in [self.backup(at), self.hub_backup()] {
            if file.exists() {
                std::fs::remove_file(file)?;
            }
        }
        Ok(())
    }

    /// The file of another PC of the region takes this one's place.
    pub fn copy(&mut self, at: usize) -> anyhow::Result<Option<String>> {
        let Office { region, way, .. } = self.offices[at];
        let mut others = Vec::new();
        for (other, office) in self.offices.iter().enumerate() {
            if other != at && office.region == region && office.way == Way::Agent && is_met(&office.file)? {
                others.push(other);
            }
        }
        let other = self.rng.pick(&others).copied().filter(|_| way == Way::Agent);
        let Some(other) = other else { return Ok(None) };
        std::fs::copy(&self.offices[other].file, &self.offices[at].file)?;
        self.offices[at].past = true;
        self.tally.add(Event::Copied, 1);
        Ok(Some(format!("pc{at}: gets a copy of pc{other}'s file")))
    }

    fn hub_backup(&self) -> PathBuf {
        self.folder.path().join("hub.backup")
    }

    /// Only while everybody has an agent: of a file that the old way brought a restored hub cannot know what it is.
    pub async fn back_up_hub(&mut self) -> anyhow::Result<Option<String>> {
        if self.offices.iter().any(|office| office.way == Way::Old) {
            return Ok(None);
        }
        let backup = self.hub_backup();
        if backup.exists() {
            std::fs::remove_file(&backup)?;
        }
        let hub = Connection::open(self.hub.store_file())?;
        hub.execute("vacuum into ?1", [backup.to_string_lossy()])?;
        Ok(Some("hub: a backup is made".to_owned()))
    }

    /// What was told since, counts as not told.
    pub async fn restore_hub(&mut self) -> anyhow::Result<Option<String>> {
        let backup = self.hub_backup();
        if !backup.exists() {
            return Ok(None);
        }
        self.book.forget(&remembered(&Connection::open(&backup)?)?);
        self.hub.put_back(&backup).await?;
        for office in &mut self.offices {
            office.link.turn(self.hub.store());
        }
        self.tally.add(Event::HubRestored, 1);
        Ok(Some("hub: the backup is restored".to_owned()))
    }
}

/// Whether the hub has met the file. Copies of files that it has not are met as such: of what is not sure both are kept.
pub fn is_met(file: &Path) -> anyhow::Result<bool> {
    let connection = Connection::open(file)?;
    let there = "select count(*) from sqlite_master where name = 'denk_state'";
    if connection.query_row(there, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(false);
    }
    let met = "select count(*) from denk_state where name = 'hub' and value <> 'null'";
    Ok(connection.query_row(met, [], |row| row.get::<_, i64>(0))? > 0)
}
