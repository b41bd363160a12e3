//! First contact: the hub said which of its rows the file's rows are.
//!
//! A row that it has not taken keeps the name that it had at a hub before: should the hub tell of a row of that name, it is
//! this one.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::Path,
};

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
    shadow::{Known, SUSPECT},
    state::State,
    tables::{ASIDE, GIDS, GONE, LATE, OUTBOX, SHADOW, WORDS},
};

/// Rows that are put into the shadow at a time.
const PAGE_ROWS: usize = 100;

/// Which row of the hub is which of the file's, and its rev.
type Map = HashMap<(TableId, LocalId), (Gid, i64)>;

/// A table of the copy that was met.
struct Copied {
    form: Form,
    rows: Vec<LocalRow>,
    /// Rows that the hub has not taken, as they were agreed on with another one.
    former: BTreeMap<LocalId, Known>,
}

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
                let former = copy.former_of(&form, &rows, &map).await?;
                tables.push(Copied { form, rows, former });
            }
        }
        copy.close()?;
        self.forget_all().await?;
        for table in &tables {
            self.adopt_table(table, &map).await?;
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

    /// What the copy's rows that are not in the answer were called. A name that the answer gives to another row is none.
    async fn former_of(
        &mut self,
        form: &Form,
        rows: &[LocalRow],
        map: &Map,
    ) -> Result<BTreeMap<LocalId, Known>> {
        if !self.db.has(SHADOW) {
            return Ok(BTreeMap::new());
        }
        let given: HashSet<Gid> = map.values().map(|(gid, _)| *gid).collect();
        let aside = rows.iter().map(|row| &row.id).filter(|id| !map.contains_key(&(form.id, (*id).clone())));
        let mut former = self.known(form, aside).await?;
        former.retain(|_, known| !given.contains(&known.row.gid));
        former.values_mut().for_each(|known| known.row.rev = SUSPECT);
        Ok(former)
    }

    async fn adopt_table(&mut self, table: &Copied, map: &Map) -> Result<()> {
        let mut rows = &table.rows[..];
        while !rows.is_empty() {
            let mut state = self.begin().await?;
            let done = self.adopt_some(&mut state, table, &mut rows, map).await;
            self.end(done.map(|()| (state, ()))).await?;
        }
        Ok(())
    }

    /// As many of the rows as there is time for.
    async fn adopt_some(
        &mut self,
        state: &mut State,
        Copied { form, former, .. }: &Copied,
        rows: &mut &[LocalRow],
        map: &Map,
    ) -> Result<()> {
        while !rows.is_empty() {
            let (some, rest) = rows.split_at(rows.len().min(PAGE_ROWS));
            let (mut known, mut aside) = (Vec::new(), Vec::new());
            for row in some {
                match self.agreed(form, row, map) {
                    Some(row) => known.push(Known { row, at: (0, 0) }),
                    None => {
                        known.extend(former.get(&row.id).cloned());
                        aside.push((row.id.clone(), content(&row.cells)));
                    }
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
