//! First contact: the hub said which of its rows the file's rows are.

use std::{collections::HashMap, path::Path};

use merge::{LocalId, LocalRow, ShadowRow, TableId, insert_order};
use model::{Gid, Rev, Value};
use replica::{
    naming::Nonce,
    wire::{Met, MetTable},
};

use super::{
    Clockwork, Error, Office, Result,
    aside::content,
    file::Form,
    shadow::Known,
    state::State,
    tables::{ASIDE, GIDS, LATE, OUTBOX, SHADOW},
};

/// Rows that are put into the shadow at a time.
const PAGE_ROWS: usize = 1_000;

/// Which row of the hub is which of the file's, and its rev.
type Map = HashMap<(TableId, LocalId), (Gid, i64)>;

impl Office {
    /// Takes the answer to `copy` over: from now on only differences are told. What the program wrote since the copy was
    /// made is noted, and is such a difference. Before this the file was nobody's, or another site's.
    ///
    /// # Errors
    /// `Broken` for an answer that is not one; then nothing is changed.
    pub async fn adopt(&mut self, copy: &Path, met: &Met, clock: &Clockwork) -> Result<()> {
        if met.held {
            return Err(Error::broken("the hub has not taken the file yet"));
        }
        let map = self.map(met)?;
        let mut copy = Self::open(copy, &self.rules).await?;
        let mut tables = Vec::new();
        for table in insert_order(&self.rules).tables {
            if let Some(form) = copy.form(table) {
                let rows = form.all(&mut *copy.db.session).await?;
                tables.push((form, rows));
            }
        }
        let beside = super::lock::beside(&copy.path);
        drop(copy);
        // A copy is nobody's file.
        _ = std::fs::remove_file(beside);
        let state = self.begin().await?;
        let done = self.adopt_in(state, met, &map, tables, clock).await;
        self.end(done).await
    }

    async fn adopt_in(
        &mut self,
        state: State,
        met: &Met,
        map: &Map,
        tables: Vec<(Form, Vec<LocalRow>)>,
        clock: &Clockwork,
    ) -> Result<(State, ())> {
        for table in [SHADOW, GIDS, OUTBOX, LATE, ASIDE] {
            self.db.clear(table).await?;
        }
        let mut state = State {
            form: state.form,
            hub: Some(met.hub.clone()),
            site: Some(met.site),
            nonce: nonce(clock),
            last: state.last,
            compared: super::compare::day(clock),
            ..State::default()
        };
        for form in self.forms.iter() {
            state.shape.insert(form.name().to_owned(), form.shape());
        }
        for (form, rows) in tables {
            let (mut known, mut aside) = (Vec::new(), Vec::new());
            for row in rows {
                match self.agreed(&form, &row, map) {
                    Some(row) => known.push(Known { row, at: (0, 0) }),
                    None => aside.push((row.id.clone(), content(&row.cells))),
                }
            }
            for known in known.chunks(PAGE_ROWS) {
                self.remember(&mut state, &form, known).await?;
            }
            self.set_aside(&form, &aside).await?;
        }
        Ok((state, ()))
    }

    /// The row as hub and file agree on it; `None`: the hub does not have it.
    fn agreed(&self, form: &Form, row: &LocalRow, map: &Map) -> Option<ShadowRow> {
        let (gid, rev) = *map.get(&(form.id, row.id.clone()))?;
        let mut cells = row.cells.clone();
        for (column, to) in form.rules.references() {
            let Some(named) = cells[column.0].take_if(|value| !value.is_null()) else { continue };
            let target = LocalId::of(&named).and_then(|id| map.get(&(to.table, id)));
            cells[column.0] = Some(target.map_or(Value::Null, |(gid, _)| (*gid).into()));
        }
        Some(ShadowRow { id: row.id.clone(), gid, rev: Rev(rev), cells })
    }

    fn map(&self, met: &Met) -> Result<Map> {
        let mut map = Map::new();
        for MetTable { table, ids, gids, revs } in &met.tables {
            let Some(id) = self.rules.table(table) else { continue };
            if ids.len() != gids.len() || ids.len() != revs.len() {
                return Err(Error::broken("the answer of the hub is none"));
            }
            for ((local, gid), rev) in ids.iter().zip(gids).zip(revs) {
                let local = LocalId::of(&local.0).ok_or_else(|| Error::broken("the answer names no row"))?;
                map.insert((id, local), (Gid::from_uuid(*gid), *rev));
            }
        }
        Ok(map)
    }
}

/// Another one each time.
pub(super) fn nonce(clock: &Clockwork) -> Nonce {
    let mut random = [0; 16];
    (clock.random)(&mut random);
    Nonce::new(clock.hub_ms(), random)
}
