//! How things stand, for people and for programs that watch.

use std::collections::BTreeMap;

use super::Store;
use crate::{
    OfficeSettings, Result, Station, Status, Trend, Viewer, administration, offices, tell,
    trends::{Edges, Trends},
};

impl Store {
    /// Counts of everything. Rows are not counted anew: those of the lists are.
    ///
    /// # Errors
    /// What the database says.
    pub async fn status(&self) -> Result<Status> {
        let (index, mut reading) = self.at_head().await?;
        let counts = index.counts(&self.inner.hub.rules);
        drop(index);
        let status = tell::status(&mut reading.db, counts).await?;
        reading.done().await?;
        Ok(status)
    }

    /// How many entries came in and how many files and batches were taken, between these times; of what a viewer sees.
    ///
    /// # Errors
    /// What the database says.
    pub async fn trend(&self, viewer: &Viewer, edges: Edges<'_>) -> Result<Trend> {
        let mut trends = self.inner.trends.lock().await;
        self.follow(&mut trends).await?;
        Ok(trends.of(viewer, edges))
    }

    pub(super) async fn follow(&self, trends: &mut Trends) -> Result<()> {
        let now_ms = self.inner.hub.now_ms();
        ask_reader!(self, shown, db, trends.follow(db, now_ms).await)
    }

    /// The sites that a viewer sees with what their agents last said, in the order in which they were added.
    ///
    /// # Errors
    /// What the database says.
    pub async fn sites_seen(&self, viewer: &Viewer) -> Result<Vec<Station>> {
        ask_reader!(self, shown, db, administration::stations(db, viewer).await)
    }

    /// What the offices' own settings say, by region, of those that a viewer sees.
    ///
    /// # Errors
    /// What the database says.
    pub async fn offices(&self, viewer: &Viewer) -> Result<BTreeMap<String, OfficeSettings>> {
        ask_reader!(self, shown, db, offices::of_regions(db, viewer).await)
    }

    /// The size of the store's files; `None` where it is no file.
    #[must_use]
    pub fn size_bytes(&self) -> Option<u64> {
        let address = &self.inner.hub.settings.address;
        if address.engine() != database::Engine::Sqlite {
            return None;
        }
        let beside = |end: &str| {
            let mut name = address.path().as_os_str().to_owned();
            name.push(end);
            std::fs::metadata(name).map(|found| found.len()).ok()
        };
        Some(beside("")? + beside("-wal").unwrap_or_default())
    }

    /// How much room there is for uploads and, where it is a file, for the store; `None` where nobody can tell.
    #[must_use]
    pub fn free_bytes(&self) -> Option<u64> {
        let settings = &self.inner.hub.settings;
        let free = fs4::available_space(&settings.data_folder).ok()?;
        if settings.address.engine() != database::Engine::Sqlite {
            return Some(free);
        }
        let folder = settings.address.path().parent().filter(|folder| !folder.as_os_str().is_empty());
        let of_store = fs4::available_space(folder.unwrap_or(std::path::Path::new("."))).ok()?;
        Some(free.min(of_store))
    }

    /// The number of the newest thing that was noted and that a viewer may hear of; as [`crate::Heads::noted`].
    #[must_use]
    pub fn noted(&self, viewer: &Viewer) -> i64 {
        self.inner.heads.borrow().noted(viewer.region())
    }
}
