//! The store as people look at its rows.

use model::Value;

use super::Store;
use crate::{
    Asked, BatchLine, BatchPage, BatchesAsked, BatchesListed, Line, Listed, Pages, RecentChange, Result,
    RowPage, Viewer,
    lists::{self, Index, Scope},
    query::Db,
};

/// Which lines are told.
#[derive(Clone, Copy)]
enum Which {
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
        let (mut known, hub) = (self.inner.index.lock().await, &self.inner.hub);
        let index = self.at_head(known.take()).await?;
        let listed = Scope::new(&index, (&hub.rules, &hub.pages), viewer).list(list, asked);
        *known = Some(index);
        Ok(listed)
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
        let (mut known, hub) = (self.inner.index.lock().await, &self.inner.hub);
        let index = self.at_head(known.take()).await?;
        let count = Scope::new(&index, (&hub.rules, &hub.pages), viewer).all(list, asked, tell);
        *known = Some(index);
        Ok(count)
    }

    /// Each combination of values that matching rows have in these columns, and how many have it; `None`: there is no such
    /// list or column, or the viewer does not see its values whole.
    ///
    /// # Errors
    /// What the database says.
    pub async fn tally<const N: usize>(
        &self,
        viewer: &Viewer,
        (list, columns): (usize, [usize; N]),
        asked: &Asked,
        tell: impl FnMut([&Value; N], usize) + Send,
    ) -> Result<Option<()>> {
        let (mut known, hub) = (self.inner.index.lock().await, &self.inner.hub);
        let index = self.at_head(known.take()).await?;
        let told = Scope::new(&index, (&hub.rules, &hub.pages), viewer).tally(list, asked, columns, tell);
        *known = Some(index);
        Ok(told)
    }

    /// One row of a list with what hangs on it and its history, also when it was deleted; `None`: there is none of this
    /// identity that the viewer sees.
    ///
    /// # Errors
    /// What the database says.
    pub async fn row(&self, viewer: &Viewer, list: usize, gid: &str) -> Result<Option<RowPage>> {
        let (mut known, hub) = (self.inner.index.lock().await, &self.inner.hub);
        let mut reading = self.reading(&self.inner.shown).await?;
        let db = &mut reading.db;
        let mut index = Index::at_head(db, &hub.rules, known.take()).await?;
        let asked = (&hub.rules, &hub.pages, viewer);
        let mut row = lists::row_of(db, &mut index, asked, (list, gid)).await?;
        if row.is_none() {
            row = lists::gone_of(db, &mut index, (hub, viewer), (list, gid)).await?;
        }
        reading.done().await?;
        *known = Some(index);
        Ok(row)
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
        let pages = self.pages().lists();
        let table = list.and_then(|at| pages.get(at)).map(|list| list.name.clone());
        let lines = ask_reader!(self, shown, db, lists::deleted(db, viewer, table.as_deref(), count).await)?;
        self.lines_as(viewer, lines, Which::StillGone).await
    }

    async fn lines_as(
        &self,
        viewer: &Viewer,
        lines: Vec<RecentChange>,
        which: Which,
    ) -> Result<Vec<BatchLine>> {
        let (mut known, hub) = (self.inner.index.lock().await, &self.inner.hub);
        let mut reading = self.reading(&self.inner.shown).await?;
        let index = Index::at_head(&mut reading.db, &hub.rules, known.take()).await?;
        let told = lists::Told::of(&mut reading.db, lines).await?;
        reading.done().await?;
        let scope = Scope::new(&index, (&hub.rules, &hub.pages), viewer);
        let lines = match which {
            Which::All => scope.lines(&told),
            Which::StillGone => scope.still_gone(&told),
        };
        *known = Some(index);
        Ok(lines)
    }

    /// Reads what lists need, so that who asks for one does not wait for it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn make_ready(&self) -> Result<()> {
        let mut known = self.inner.index.lock().await;
        let index = self.at_head(known.take()).await?;
        *known = Some(index);
        drop(known);
        self.follow(&mut *self.inner.trends.lock().await).await
    }

    pub(super) async fn at_head(&self, known: Option<Index>) -> Result<Index> {
        let mut reading = self.reading(&self.inner.shown).await?;
        let db: &mut Db = &mut reading.db;
        let index = Index::at_head(db, &self.inner.hub.rules, known).await?;
        reading.done().await?;
        Ok(index)
    }
}
