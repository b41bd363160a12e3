//! The store as people look at its rows.

use model::Value;

use super::Store;
use crate::{
    Asked, Line, Listed, Pages, Result, RowPage, Viewer,
    lists::{self, Index, Scope},
    query::Db,
};

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

    /// One row of a list with what hangs on it and its history; `None`: there is none of this identity that the viewer
    /// sees.
    ///
    /// # Errors
    /// What the database says.
    pub async fn row(&self, viewer: &Viewer, list: usize, gid: &str) -> Result<Option<RowPage>> {
        let (mut known, hub) = (self.inner.index.lock().await, &self.inner.hub);
        let mut reading = self.reading(&self.inner.shown).await?;
        let db = &mut reading.db;
        let mut index = Index::at_head(db, &hub.rules, known.take()).await?;
        let asked = (&hub.rules, &hub.pages, viewer);
        let row = lists::row_of(db, &mut index, asked, (list, gid)).await?;
        reading.done().await?;
        *known = Some(index);
        Ok(row)
    }

    /// Reads what lists need, so that who asks for one does not wait for it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn make_ready(&self) -> Result<()> {
        let mut known = self.inner.index.lock().await;
        let index = self.at_head(known.take()).await?;
        *known = Some(index);
        Ok(())
    }

    async fn at_head(&self, known: Option<Index>) -> Result<Index> {
        let mut reading = self.reading(&self.inner.shown).await?;
        let db: &mut Db = &mut reading.db;
        let index = Index::at_head(db, &self.inner.hub.rules, known).await?;
        reading.done().await?;
        Ok(index)
    }
}
