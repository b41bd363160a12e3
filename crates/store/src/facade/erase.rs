//! The store as people use it who ask to be forgotten.

use super::Store;
use crate::{Denied, Error, Viewer, engine, sites};

impl Store {
    /// Forgets who the person of a row is, by the place of a list among [`Pages::lists`](crate::Pages::lists): the columns
    /// that tell it ([`PageColumn::erased`](crate::PageColumn::erased)) go from the row, in every office, and from its
    /// history and conflicts. It cannot be taken back. `who` is the viewer's name.
    ///
    /// # Errors
    /// [`Denied`]: `Missing` also where the list tells of no people.
    pub async fn erase(
        &self,
        (viewer, who): (&Viewer, &str),
        (list, gid): (usize, &str),
        why: &str,
    ) -> Result<(), Denied> {
        let row = self.row(viewer, list, gid).await?.ok_or(Denied::Missing)?;
        let list = self.pages().lists().get(list).filter(|list| list.erased().next().is_some());
        let list = list.ok_or(Denied::Missing)?;
        if !viewer.administers() {
            return Err(Denied::Role);
        }
        let gid = row.line.gid.parse().map_err(|_| Denied::Missing)?;
        let erase = engine::Erase {
            table: list.table,
            gid,
            columns: list.erased().map(|column| column.column).collect(),
            called: list.columns[list.called].column,
            who: sites::visible(who),
            why: sites::visible(why),
            region: viewer.region().clone(),
        };
        match self.ask(erase).await {
            Err(Error::Gone) => Err(Denied::Missing),
            done => Ok(done?),
        }
    }
}
