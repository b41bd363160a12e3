//! The store as people use it who ask to be forgotten.

use database::Engine;

use super::Store;
use crate::{Denied, Error, Viewer, engine, sites};

impl Store {
    /// Forgets who the person of a row is, by the place of a list among [`Pages::lists`](crate::Pages::lists): the columns
    /// that tell it ([`PageColumn::erased`](crate::PageColumn::erased)) go from the row, in every office, and from all that
    /// is remembered of it. It cannot be taken back. `who` is the viewer's name. Copies of uploads, files and batches that
    /// wait, and backups stay as they are.
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
            done => {
                done?;
                Ok(self.scrub().await?)
            }
        }
    }

    /// Removes files that name who was forgotten, and what is left in the store's own file of what is not in it any more.
    async fn scrub(&self) -> crate::Result<()> {
        self.sweep_hand_outs().await?;
        let address = &self.inner.hub.settings.address;
        if address.engine() == Engine::Sqlite {
            database::run_script(address, include_str!("../sql/scrub.sql")).await?;
        }
        Ok(())
    }
}
