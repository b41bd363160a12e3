//! The full comparison: which rows the file and the shadow do not agree on, whether or not anybody noted them.
//!
//! It reads in short steps, each a transaction of its own, and only finds rows to look at: what is written meanwhile is
//! noted, and the batch is made of what stands there then.

use std::collections::{BTreeMap, BTreeSet};

use merge::{LocalId, TableId};

use super::{
    Clockwork, Office, Result,
    aside::content,
    file::Form,
    shadow::{SUSPECT, differs},
};

/// Rows that are looked at at a time.
const PAGE_ROWS: usize = 500;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Rows to look at.
pub(super) type Candidates = BTreeMap<TableId, BTreeSet<LocalId>>;

/// Which day it is to the hub.
pub(super) const fn day(clock: &Clockwork) -> i64 {
    day_of(clock.hub_ms())
}

pub(super) const fn day_of(hub_ms: i64) -> i64 {
    hub_ms.div_euclid(DAY_MS)
}

impl Office {
    /// Rows that are not as the shadow has them, new ones and gone ones too.
    pub(super) async fn differing(&mut self) -> Result<Candidates> {
        let mut found = Candidates::new();
        for form in self.forms.clone().iter() {
            let mut after = None;
            loop {
                let (rows, next) = form.page(&mut *self.db.session, after.as_ref(), PAGE_ROWS).await?;
                found.entry(form.id).or_default().extend(self.differing_of(form, &rows.rows).await?);
                match next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
        }
        self.add_gone(&mut found).await?;
        found.retain(|_, ids| !ids.is_empty());
        Ok(found)
    }

    async fn differing_of(&mut self, form: &Form, rows: &[merge::LocalRow]) -> Result<Vec<LocalId>> {
        let mut known = self.known(form, rows.iter().map(|row| &row.id)).await?;
        let mut cells: Vec<_> = known.values_mut().map(|known| &mut known.row.cells).collect();
        self.local(form.id, &mut cells).await?;
        let aside = self.asides(form, rows.iter().map(|row| &row.id)).await?;
        let is_aside = |row: &&merge::LocalRow| aside.get(&row.id) == Some(&content(&row.cells));
        let differ = rows.iter().filter(|row| match known.get(&row.id) {
            Some(known) => known.row.rev == SUSPECT || differs(row, &known.row.cells),
            None => true,
        });
        Ok(differ.filter(|row| !is_aside(row)).map(|row| row.id.clone()).collect())
    }

    async fn add_gone(&mut self, found: &mut Candidates) -> Result<()> {
        let mut after = None;
        loop {
            let (page, next) = self.known_page(after.as_ref(), PAGE_ROWS).await?;
            let mut ids: BTreeMap<TableId, Vec<LocalId>> = BTreeMap::new();
            for (table, known) in page {
                ids.entry(table).or_default().push(known.row.id);
            }
            for (table, ids) in ids {
                let Some(form) = self.form(table) else { continue };
                let there: BTreeSet<_> = form.there(&mut *self.db.session, &ids).await?.into_iter().collect();
                let gone = ids.into_iter().filter(|id| !there.contains(id));
                found.entry(table).or_default().extend(gone);
            }
            match next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }
}
