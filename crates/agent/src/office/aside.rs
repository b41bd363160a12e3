//! Rows of the file that are not sent: the hub refused them, they need one that it does not know, or nobody can read them.

use std::collections::BTreeMap;

use database::{Comparison, Condition};
use merge::{Cells, LocalId};
use replica::codec::Stored as _;

use super::{
    Office, Result,
    file::{Form, shown},
    state::State,
    tables::{ASIDE, text},
};

/// Of a row that waits for one which it needs: it is looked at again whatever it says.
pub(super) const WAITS: &str = "";

/// Of a row that cannot be read (a text in no known letters): until it can.
pub(super) const UNREADABLE: &str = "unreadable";

/// The hash of what a row of the file says.
pub(super) fn content(cells: &Cells) -> String {
    blake3::hash(&cells.encode()).to_hex()[..32].to_owned()
}

impl Office {
    pub(super) async fn set_aside(&mut self, form: &Form, rows: &[(LocalId, String)]) -> Result<()> {
        let line = |(id, content): &(LocalId, String)| {
            vec![text(form.name()), text(shown(id)), text(content.clone())]
        };
        self.db.put(ASIDE, &rows.iter().map(line).collect::<Vec<_>>()).await?;
        Ok(())
    }

    pub(super) async fn take_back(&mut self, form: &Form, ids: &[LocalId]) -> Result<()> {
        let keys: Vec<_> = ids.iter().map(|id| vec![text(form.name()), text(shown(id))]).collect();
        self.db.remove(ASIDE, &keys).await?;
        Ok(())
    }

    /// The hub has these rows: those that were not sent are compared with what it has, and what hangs on them is sent.
    pub(super) async fn bring_back(
        &mut self,
        state: &mut State,
        form: &Form,
        ids: impl IntoIterator<Item = &LocalId>,
    ) -> Result<()> {
        let back: Vec<LocalId> = self.asides(form, ids).await?.into_keys().collect();
        if back.is_empty() {
            return Ok(());
        }
        self.take_back(form, &back).await?;
        for (from, column, _) in self.rules.clone().referring(form.id) {
            let Some(from) = self.form(from) else { continue };
            let hanging = from.with(&mut *self.db.session, column, &back).await?.rows;
            self.take_back(&from, &hanging.into_iter().map(|row| row.id).collect::<Vec<_>>()).await?;
        }
        state.doubt = true;
        Ok(())
    }

    /// What those of these rows said that are not sent.
    pub(super) async fn asides(
        &mut self,
        form: &Form,
        ids: impl IntoIterator<Item = &LocalId>,
    ) -> Result<BTreeMap<LocalId, String>> {
        let of_table = [Condition::new("table_name", Comparison::Equal, text(form.name()))];
        let ids: Vec<_> = ids.into_iter().map(|id| text(shown(id))).collect();
        let rows = self.db.find_any(ASIDE, &of_table, "id", ids).await?;
        let line = |row: &super::tables::Row| Ok((form.id_of(row.text(1)?)?, row.text(2)?.to_owned()));
        rows.iter().map(line).collect()
    }
}
