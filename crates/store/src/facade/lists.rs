//! The store as people look at its rows.

use model::{Gid, Value};
use tokio::sync::MutexGuard;

use super::{Reading, Store};
use crate::{
    Asked, BatchLine, BatchPage, BatchesAsked, BatchesListed, Line, Listed, Pages, PastLine, RecentChange,
    Result, RowPage, Viewer,
    lists::{self, Index, Past, Scope},
};

/// Which lines are told.
#[derive(Clone, Copy)]
pub(super) enum Which {
    All,
    /// Of rows that are not there.
    StillGone,
}

impl Store {
    /// Which lists there are.
    #[must_use]
    pub fn pages(&self) -> &Pages {
        &self.inner.hub.pages
    }

    /// A page of a list, by its place among [`Pages::lists`]; `None`: there is no such list.
    ///
    /// # Errors
    /// What the database says.
    pub async fn list(&self, viewer: &Viewer, list: usize, asked: &Asked) -> Result<Option<Listed>> {
        Ok(self.scope(&*self.index().await?, viewer).list(list, asked))
    }

    /// All rows of a list that match, in its order, told one after another; how many there were.
    ///
    /// # Errors
    /// What the database says.
    pub async fn every(
        &self,
        viewer: &Viewer,
        list: usize,
        asked: &Asked,
        tell: impl FnMut(Line) + Send,
    ) -> Result<Option<usize>> {
        Ok(self.scope(&*self.index().await?, viewer).all(list, asked, tell))
    }

    /// Each combination of region and values that matching rows have in these columns, and how many have it; `None`: there is no such
    /// list or column, or the viewer does not see its values whole.
    ///
    /// # Errors
    /// What the database says.
    pub async fn tally<const N: usize>(
        &self,
        viewer: &Viewer,
        (list, columns): (usize, [usize; N]),
        asked: &Asked,
        tell: impl FnMut(Option<&str>, [&Value; N], usize) + Send,
    ) -> Result<Option<()>> {
        Ok(self.scope(&*self.index().await?, viewer).tally(list, asked, columns, tell))
    }

    /// One row of a list with what hangs on it and its history, also when it was deleted; `None`: there is none of this
    /// identity that the viewer sees.
    ///
    /// # Errors
    /// What the database says.
    pub async fn row(&self, viewer: &Viewer, list: usize, gid: &str) -> Result<Option<RowPage>> {
        let (mut index, mut reading) = self.at_head().await?;
        let (db, hub) = (&mut reading.db, &self.inner.hub);
        let asked = (&hub.rules, &hub.pages, viewer);
        let mut row = lists::row_of(db, &mut index, asked, (list, gid)).await?;
        if row.is_none() {
            row = lists::gone_of(db, &mut index, (hub, viewer), (list, gid)).await?;
        }
        reading.done().await?;
        Ok(row)
    }

    /// Everything that happened to a row of a list and to what hangs on it, to rows that are deleted as well, told one after
    /// another: row by row, newest first. How many more changes there are than are told.
    ///
    /// # Errors
    /// What the database says.
    pub async fn past(
        &self,
        viewer: &Viewer,
        (list, gid): (usize, &str),
        mut tell: impl FnMut(PastLine) + Send,
    ) -> Result<usize> {
        let Ok(gid) = gid.parse() else { return Ok(0) };
        let mut past = self.find_past(viewer, (list, gid)).await?;
        // Others look at lists in between.
        while let Some(rows) = past.take() {
            let (index, mut reading) = self.at_head().await?;
            let told = lists::read_past(&mut reading.db, &rows).await?;
            reading.done().await?;
            self.scope(&index, viewer).past(&rows, &told, &mut tell);
        }
        Ok(past.left_out)
    }

    async fn find_past(&self, viewer: &Viewer, row: (usize, Gid)) -> Result<Past> {
        let (mut index, mut reading) = self.at_head().await?;
        let hub = &self.inner.hub;
        let asked = (&hub.rules, &hub.pages, viewer);
        let past = Past::find(&mut reading.db, &mut index, asked, row).await?;
        reading.done().await?;
        Ok(past)
    }

    /// What was written at once, newest first: what the viewer sees of it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn batches(&self, viewer: &Viewer, asked: &BatchesAsked) -> Result<BatchesListed> {
        ask_reader!(self, shown, db, lists::batches(db, viewer, asked).await)
    }

    /// One batch with its first lines; `None`: there is none that the viewer sees.
    ///
    /// # Errors
    /// What the database says.
    pub async fn batch(&self, viewer: &Viewer, id: i64) -> Result<Option<BatchPage>> {
        let found = ask_reader!(self, shown, db, lists::batch_of(db, viewer, id).await)?;
        let Some((batch, lines, more)) = found else { return Ok(None) };
        let lines = self.lines_as(viewer, lines, Which::All).await?;
        Ok(Some(BatchPage { batch, lines, more }))
    }

    /// The newest deletions of rows of a list (`None`: of all) that the viewer sees, newest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn deleted(
        &self,
        viewer: &Viewer,
        list: Option<usize>,
        count: usize,
    ) -> Result<Vec<BatchLine>> {
        let pages = self.pages().all();
        let table = list.and_then(|at| pages.get(at)).map(|list| list.name.clone());
        let lines = ask_reader!(self, shown, db, lists::deleted(db, viewer, table.as_deref(), count).await)?;
        self.lines_as(viewer, lines, Which::StillGone).await
    }

    pub(super) async fn lines_as(
        &self,
        viewer: &Viewer,
        lines: Vec<RecentChange>,
        which: Which,
    ) -> Result<Vec<BatchLine>> {
        let (index, mut reading) = self.at_head().await?;
        let told = lists::Told::of(&mut reading.db, lines).await?;
        reading.done().await?;
        let scope = self.scope(&index, viewer);
        Ok(match which {
            Which::All => scope.lines(&told),
            Which::StillGone => scope.still_gone(&told),
        })
    }

    /// Reads what lists need, so that who asks for one does not wait for it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn make_ready(&self) -> Result<()> {
        drop(self.index().await?);
        self.follow(&mut *self.inner.trends.lock().await).await
    }

    /// The rows as they are now.
    pub(super) async fn index(&self) -> Result<MutexGuard<'_, Index>> {
        let (index, reading) = self.at_head().await?;
        reading.done().await?;
        Ok(index)
    }

    /// As [`Self::index`], with the view in which they are so. Whoever has it only borrows it: nothing that ends a request
    /// takes the rows along, and nobody has to put them back.
    pub(super) async fn at_head(&self) -> Result<(MutexGuard<'_, Index>, Reading<'_>)> {
        let mut index = self.inner.index.lock().await;
        let mut reading = self.reading(&self.inner.shown).await?;
        index.follow(&mut reading.db, &self.inner.hub.rules).await?;
        Ok((index, reading))
    }

    /// The rows as a viewer may see them.
    pub(super) fn scope<'a>(&'a self, index: &'a Index, viewer: &'a Viewer) -> Scope<'a> {
        let hub = &self.inner.hub;
        Scope::new(index, (&hub.rules, &hub.pages), viewer)
    }
}
