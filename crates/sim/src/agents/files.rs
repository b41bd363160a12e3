//! What is done to files as a whole: restored from a backup, copied from another PC.

use std::path::Path;

use rusqlite::Connection;

use super::{check::words, town::Town};

impl Town {
    /// The file of some days ago comes back; the first time it is put aside.
    pub fn restore(&mut self, at: usize) -> anyhow::Result<Option<String>> {
        let aside = self.folder.path().join(format!("pc{at}.backup"));
        let file = self.offices[at].file.clone();
        if !aside.exists() {
            if !is_met(&file)? {
                return Ok(None);
            }
            std::fs::copy(&file, &aside)?;
            return Ok(Some(format!("pc{at}: a backup is made")));
        }
        self.replace_file(&aside, &file)?;
        std::fs::remove_file(&aside)?;
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
