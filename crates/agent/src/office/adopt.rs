//! First contact: the hub said which of its rows the file's rows are.

use std::{collections::HashMap, path::Path};

use merge::{LocalId, LocalRow, ShadowRow, TableId, insert_order};
use model::{Gid, Rev, Value};
use replica::{
    naming::Nonce,
    wire::{Met, MetTable, Welcome},
};

use super::{
    Clockwork, Error, Office, Result,
    aside::content,
    file::Form,
    shadow::Known,
    state::State,
    tables::{ASIDE, GIDS, GONE, LATE, OUTBOX, SHADOW, WORDS},
};

/// Rows that are put into the shadow at a time.
const PAGE_ROWS: usize = 100;

/// Which row of the hub is which of the file's, and its rev.
type Map = HashMap<(TableId, LocalId), (Gid, i64)>;

impl Office {
    /// Takes the answer to `copy` over, in short transactions: from the last one on only differences are told. What the
    /// program wrote since the copy was made is noted, and is such a difference. Before this the file was another site's,
    /// or nobody's, which it is again from the first of them to the last.
    ///
    /// # Errors
    /// `Broken` for an answer that is not one; then nothing is changed. Killed or broken off later, the file has to be met
    /// again.
    pub async fn adopt(
        &mut self,
        copy: &Path,
        (welcome, met): (&Welcome, &Met),
        clock: &Clockwork,
    ) -> Result<()> {
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
        copy.close()?;
        self.forget_all().await?;
        for (form, rows) in tables {
            self.adopt_table(&form, &rows, &map).await?;
        }
        let state = self.begin().await?;
        let state = State {
            hub: Some(met.hub.clone()),
            site: Some(met.site),
            region: Some(welcome.region.clone()),
            number: welcome.number,
            nonce: nonce(clock),
            compared: super::compare::day(clock),
            meeting: None,
            shape: self.forms.iter().map(|form| (form.name().to_owned(), form.shape())).collect(),
            ..state
        };
        self.end(Ok((state, ()))).await?;
        self.forget_copy();
        Ok(())
    }

    /// Makes it nobody's file.
    async fn forget_all(&mut self) -> Result<()> {
        let State { form, last, meeting, .. } = State::read(&mut self.db).await?;
        let mut rest: &[&'static str] = &[SHADOW, GIDS, OUTBOX, LATE, ASIDE, GONE, WORDS];
        while let [table, others @ ..] = rest {
            self.begin().await?;
            let state = State { form, last: last.clone(), meeting: meeting.clone(), ..State::default() };
            let done = self.clear_some(table).await;
            if self.end(done.map(|empty| (state, empty))).await? {
                rest = others;
            }
        }
        Ok(())
    }

    /// As much as there is time for. Whether it is empty.
    async fn clear_some(&mut self, table: &'static str) -> Result<bool> {
        loop {
            let cleared = self.db.clear_some(table, PAGE_ROWS).await?;
            if cleared == 0 || self.hold.is_long() {
                return Ok(cleared == 0);
            }
        }
    }

    async fn adopt_table(&mut self, form: &Form, mut rows: &[LocalRow], map: &Map) -> Result<()> {
        while !rows.is_empty() {
            let mut state = self.begin().await?;
            let done = self.adopt_some(&mut state, form, &mut rows, map).await;
            self.end(done.map(|()| (state, ()))).await?;
        }
        Ok(())
    }

    /// As many of the rows as there is time for.
    async fn adopt_some(
        &mut self,
        state: &mut State,
        form: &Form,
        rows: &mut &[LocalRow],
        map: &Map,
    ) -> Result<()> {
        while !rows.is_empty() {
            let (some, rest) = rows.split_at(rows.len().min(PAGE_ROWS));
            let (mut known, mut aside) = (Vec::new(), Vec::new());
            for row in some {
                match self.agreed(form, row, map) {
                    Some(row) => known.push(Known { row, at: (0, 0) }),
                    None => aside.push((row.id.clone(), content(&row.cells))),
                }
            }
            self.remember(state, form, &known).await?;
            self.set_aside(form, &aside).await?;
            *rows = rest;
            if self.hold.is_long() {
                break;
            }
        }
        Ok(())
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
