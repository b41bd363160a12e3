//! What is done to files as a whole: restored from a backup, copied from another PC.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{check::words, tally::Event, town::Town};

impl Town {
    fn backup(&self, at: usize) -> PathBuf {
        self.folder.path().join(format!("pc{at}.backup"))
    }

    pub fn back_up(&mut self, at: usize) -> anyhow::Result<Option<String>> {
        let file = &self.offices[at].file;
        if !is_met(file)? {
            return Ok(None);
        }
        std::fs::copy(file, self.backup(at))?;
        Ok(Some(format!("pc{at}: a backup is made")))
    }

    pub fn restore(&mut self, at: usize) -> anyhow::Result<Option<String>> {
        let backup = self.backup(at);
        if !backup.exists() {
            return Ok(None);
        }
        let file = self.offices[at].file.clone();
        self.replace_file(&backup, &file)?;
        self.tally.add(Event::Restored, 1);
        Ok(Some(format!("pc{at}: the backup is restored")))
    }

    /// The file of another PC of the region takes this one's place.
    pub fn copy(&mut self, at: usize) -> anyhow::Result<Option<String>> {
        let region = self.offices[at].region;
        let mut others = Vec::new();
        for (other, office) in self.offices.iter().enumerate() {
            if other != at && office.region == region && is_met(&office.file)? {
                others.push(other);
            }
        }
        let Some(other) = self.rng.pick(&others).copied() else { return Ok(None) };
        let (from, to) = (self.offices[other].file.clone(), self.offices[at].file.clone());
        self.replace_file(&from, &to)?;
        self.tally.add(Event::Copied, 1);
        Ok(Some(format!("pc{at}: gets a copy of pc{other}'s file")))
    }

    /// What only the replaced file held and had not been told is lost with it, by nobody's fault.
    fn replace_file(&mut self, from: &Path, to: &Path) -> anyhow::Result<()> {
        let lost = words(to)?;
        self.gone.extend(lost.into_keys());
        std::fs::copy(from, to)?;
        Ok(())
    }
}

/// Whether the hub has met the file. Copies of files that it has not are met as such: of what is not sure both are kept.
fn is_met(file: &Path) -> anyhow::Result<bool> {
    let connection = Connection::open(file)?;
    let there = "select count(*) from sqlite_master where name = 'denk_state'";
    if connection.query_row(there, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(false);
    }
    let met = "select count(*) from denk_state where name = 'hub' and value <> 'null'";
    Ok(connection.query_row(met, [], |row| row.get::<_, i64>(0))? > 0)
}
