//! What is done to whole files: an office's, or the hub's store.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{
    book::{mark, remembered, words},
    tally::Event,
    town::{Office, Town, Way},
};

/// One of two backups of the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    Newer,
    Older,
}

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
        self.forgets(at);
        self.tally.add(Event::Restored, 1);
        Ok(Some(format!("pc{at}: the backup is restored")))
    }

    /// The PC goes the old way from now on: files of its agent are of the past.
    pub fn forget_backups(&mut self, at: usize) -> anyhow::Result<()> {
        for file in [self.backup(at)].into_iter().chain(self.hub_backups()) {
            if file.exists() {
                std::fs::remove_file(file)?;
            }
        }
        self.forgets(at);
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
        self.forgets(at);
        self.tally.add(Event::Copied, 1);
        Ok(Some(format!("pc{at}: gets a copy of pc{other}'s file")))
    }

    /// The last one, and the one before.
    fn hub_backups(&self) -> [PathBuf; 2] {
        ["hub.backup", "hub.older.backup"].map(|name| self.folder.path().join(name))
    }

    /// Only while everybody has an agent: of a file that the old way brought a restored hub cannot know what it is.
    pub async fn back_up_hub(&mut self) -> anyhow::Result<Option<String>> {
        if self.offices.iter().any(|office| office.way == Way::Old) {
            return Ok(None);
        }
        let [backup, older] = self.hub_backups();
        if backup.exists() {
            std::fs::rename(&backup, older)?;
        }
        let hub = Connection::open(self.hub.store_file())?;
        hub.execute("vacuum into ?1", [backup.to_string_lossy()])?;
        // It is of what the hub is now.
        self.hub_is = Slot::Newer;
        Ok(Some("hub: a backup is made".to_owned()))
    }

    /// The last one, or the one before. What was told since, counts as not told.
    pub async fn restore_hub(&mut self, which: Slot) -> anyhow::Result<Option<String>> {
        let [newer, older] = self.hub_backups();
        let backup = if which == Slot::Newer { newer } else { older };
        if !backup.exists() {
            return Ok(None);
        }
        self.book.forget(&remembered(&Connection::open(&backup)?)?);
        self.hub.put_back(&backup).await?;
        for office in &mut self.offices {
            office.link.turn(self.hub.store());
        }
        self.tally.add(Event::HubRestored, 1);
        if which < self.hub_is {
            self.put_forward()?;
        }
        self.hub_is = which;
        self.count_lost()?;
        Ok(Some(format!("hub: the {which:?} backup is restored")))
    }

    /// A hub that goes forward has had other batches of the files than they know of: to it they are of the past, with what was
    /// typed into them and not told.
    fn put_forward(&mut self) -> anyhow::Result<()> {
        self.tally.add(Event::HubForward, 1);
        for office in self.offices.iter_mut().filter(|office| office.way == Way::Agent) {
            office.past = true;
            let untold: Vec<_> = words(&office.file)?.difference(self.book.told()).cloned().collect();
            untold.iter().filter(|word| mark(word) == *word).for_each(|day| self.book.is_of_past(day));
        }
        Ok(())
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
