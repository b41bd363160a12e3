//! Rows of the hub into the file.
//!
//! What the office changed and has not told yet stays on top: such a row is kept aside ([`super::late`]) until the hub has
//! answered.

use std::collections::{HashMap, HashSet};

use merge::{LocalId, LocalRow, OnDelete, TableId};
use model::{ErrorKind, Gid, Value};
use replica::{
    outbox::At,
    wire::{Page, Row},
};

use super::{
    Error, Office, Result,
    file::{Form, Rows},
    shadow::{SUSPECT, Spot, differs},
    state::State,
    writing::Writing,
};

/// Rows that are written together, and rows that are taken out together, with all that hangs on them.
const ROWS_MAX: usize = 50;
const GONE_MAX: usize = 5;

/// What a page did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Rows that were written, and rows that were taken out.
    pub written: u64,
    /// Rows that cannot be put into the file yet.
    pub late: u64,
}

impl Applied {
    const fn and(self, then: Self) -> Self {
        Self { written: self.written + then.written, late: then.late }
    }
}

/// How many of the first of these rows, one at least, are taken together.
fn together(rows: &[Row]) -> usize {
    let gone = rows[0].cells.is_none();
    let alike = rows.iter().take_while(|row| row.cells.is_none() == gone).count();
    alike.min(if gone { GONE_MAX } else { ROWS_MAX })
}

/// How rows are taken.
pub(super) struct Manner {
    /// The hub's clock: whatever is done to the rows here comes later.
    pub clock_ms: i64,
    /// The file is set back to them, whatever it was told before.
    pub forced: bool,
    /// Ids under which rows were here.
    pub returning: HashMap<Gid, LocalId>,
}

impl Manner {
    pub fn usual(clock_ms: i64) -> Self {
        Self { clock_ms, forced: false, returning: HashMap::new() }
    }

    pub const fn at(&self) -> At {
        (self.clock_ms, 0)
    }
}

impl Office {
    /// Puts a page into the file, in short transactions; the cursor moves with the last. A page that was put in already
    /// changes nothing.
    ///
    /// # Errors
    /// `Broken` for a page that does not follow; `Busy`, `Full`: the page can be put in again.
    pub async fn apply(&mut self, page: &Page) -> Result<Applied> {
        let state = State::read(&mut self.db).await?;
        let news = !page.rows.is_empty()
            || page.next > state.cursor
            || page.next == state.cursor && page.mark != state.mark
            || state.behind.is_some();
        if !news && self.late().await?.is_empty() {
            return Ok(Applied::default());
        }
        let manner = Manner::usual(page.clock_ms);
        let mut applied = Applied::default();
        let mut rows = &page.rows[..];
        loop {
            let state = self.begin().await?;
            let done = self.apply_some(state, (page, &mut rows), &manner).await;
            let (done, last) = self.end(done).await?;
            applied.written += done.written;
            applied.late = done.late;
            if last {
                return Ok(applied);
            }
        }
    }

    /// As many of the rows as there is time for. Whether these were the last ones.
    async fn apply_some(
        &mut self,
        mut state: State,
        (page, rows): (&Page, &mut &[Row]),
        manner: &Manner,
    ) -> Result<(State, (Applied, bool))> {
        if state.hub.is_none() || page.after > state.cursor {
            return Err(Error::broken("the page does not follow what the file has"));
        }
        let mut applied = Applied::default();
        while !rows.is_empty() {
            let (some, rest) = rows.split_at(together(rows));
            applied = applied.and(self.take_rows(&mut state, some, manner).await?);
            *rows = rest;
            if !rest.is_empty() && self.hold.is_long() {
                return Ok((state, (applied, false)));
            }
        }
        applied = applied.and(self.retry(&mut state, manner.clock_ms).await?);
        if page.next >= state.cursor {
            state.reach(page.next, page.mark.clone());
        }
        if !page.more {
            state.behind = None;
            self.see_columns(&mut state).await?;
        }
        Ok((state, (applied, true)))
    }

    /// Takes rows all together, or one by one where one of them is refused by the file.
    pub(super) async fn take_rows(
        &mut self,
        state: &mut State,
        rows: &[Row],
        manner: &Manner,
    ) -> Result<Applied> {
        let mut applied = Applied::default();
        if let Some(done) = self.try_rows(state, rows, manner).await? {
            return Ok(done);
        }
        for row in rows {
            let row = std::slice::from_ref(row);
            match self.try_rows(state, row, manner).await? {
                Some(done) => {
                    applied.written += done.written;
                    applied.late += done.late;
                }
                None => {
                    self.put_late(row).await?;
                    applied.late += 1;
                }
            }
        }
        Ok(applied)
    }

    /// `None`: the file refuses one of them, and nothing was done.
    async fn try_rows(
        &mut self,
        state: &mut State,
        rows: &[Row],
        manner: &Manner,
    ) -> Result<Option<Applied>> {
        let before = state.clone();
        self.db.session.savepoint().await?;
        match self.put_rows(state, rows, manner).await {
            Ok(applied) => Ok(Some(applied)),
            Err(Error::Database(error))
                if matches!(error.kind, ErrorKind::Constraint | ErrorKind::Conversion) =>
            {
                self.db.session.rollback_to_savepoint().await?;
                *state = before;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn put_rows(&mut self, state: &mut State, rows: &[Row], manner: &Manner) -> Result<Applied> {
        let mut late: Vec<Row> = Vec::new();
        for row in rows {
            if let Some(became) = row.became
                && !self.unify(state, Gid::from_uuid(row.gid), Gid::from_uuid(became)).await?
            {
                late.push(row.clone());
            }
        }
        let there = rows.iter().filter(|row| row.became.is_none() && row.cells.is_some());
        self.separate(there.clone().map(|row| Gid::from_uuid(row.gid))).await?;
        let mut written =
            Writing::new(self, state, (there, manner)).await?.run(self, state, &mut late).await?;
        for row in rows.iter().filter(|row| row.became.is_none() && row.cells.is_none()) {
            match self.take_away(state, Gid::from_uuid(row.gid)).await? {
                Some(gone) => written += gone,
                None => late.push(row.clone()),
            }
        }
        let heard = rows.iter().filter(|row| row.became.is_none() && row.cells.is_none());
        self.hear_gone(&heard.map(|row| (Gid::from_uuid(row.gid), row.rev)).collect()).await?;
        let is_late: HashSet<_> = late.iter().map(|row| row.gid).collect();
        let done = rows.iter().filter(|row| !is_late.contains(&row.gid));
        self.drop_late_upto(&done.map(|row| (Gid::from_uuid(row.gid), row.rev)).collect()).await?;
        self.put_late(&late).await?;
        Ok(Applied { written, late: late.len() as u64 })
    }

    /// Whether the file says something of a row that was not told, or what nobody can read.
    async fn says_more(&mut self, form: &Form, found: &Rows) -> Result<bool> {
        match found.rows.first() {
            Some(row) => self.is_edited(form, row).await,
            None => Ok(!found.unreadable.is_empty()),
        }
    }

    /// Takes out names of rows that are gone, which say nothing: programs without foreign keys leave them behind.
    pub(super) async fn unsay_gone(&mut self, form: &Form, rows: &mut [LocalRow]) -> Result<()> {
        for (column, to) in form.rules.references() {
            let Some(to) = self.form(to.table) else { continue };
            let named = |row: &LocalRow| row.cells[column.0].as_ref().and_then(LocalId::of);
            let ids: Vec<LocalId> = rows.iter().filter_map(named).collect();
            let there: HashSet<LocalId> = to.there(&mut *self.db.session, &ids).await?.into_iter().collect();
            for row in rows.iter_mut().filter(|row| named(row).is_some_and(|id| !there.contains(&id))) {
                row.cells[column.0] = None;
            }
        }
        Ok(())
    }

    /// Whether the file says something of the row that was not told.
    async fn is_edited(&mut self, form: &Form, row: &LocalRow) -> Result<bool> {
        let Some(mut known) = self.known(form, [&row.id]).await?.remove(&row.id) else { return Ok(true) };
        if known.row.rev == SUSPECT {
            // The hub may have lost it.
            return Ok(true);
        }
        self.local(form.id, &mut [&mut known.row.cells]).await?;
        let mut row = [row.clone()];
        self.unsay_gone(form, &mut row).await?;
        Ok(differs(&row[0], &known.row.cells))
    }

    /// Takes a row out of the file, with what hangs on it; how many. `None`: the office works on one of them.
    async fn take_away(&mut self, state: &mut State, gid: Gid) -> Result<Option<u64>> {
        let Some(spot) = self.spots([gid]).await?.remove(&gid) else { return Ok(Some(0)) };
        let rules = self.rules.clone();
        let mut gone: Vec<(Form, LocalId, Gid)> = Vec::new();
        let mut next = vec![spot];
        while let Some(Spot { gid, table, id }) = next.pop() {
            if gone.iter().any(|(.., other)| *other == gid) {
                continue;
            }
            let Some(form) = self.form(table) else { continue };
            let found = form.by_ids(&mut *self.db.session, std::slice::from_ref(&id)).await?;
            if self.says_more(&form, &found).await? {
                return Ok(None);
            }
            for (from, column, on_delete) in rules.referring(table) {
                let Some(form) = self.form(from) else { continue };
                if on_delete == OnDelete::SetNull && !rules[from][column].not_null {
                    continue;
                }
                let children = form.with(&mut *self.db.session, column, std::slice::from_ref(&id)).await?;
                if !children.unreadable.is_empty() {
                    return Ok(None);
                }
                let known = self.known(&form, children.rows.iter().map(|row| &row.id)).await?;
                for child in children.rows {
                    // One that was not told yet needs its parent.
                    let Some(known) = known.get(&child.id) else { return Ok(None) };
                    next.push(Spot { gid: known.row.gid, table: from, id: child.id });
                }
            }
            gone.push((form, id, gid));
        }
        for (form, id, gid) in gone.iter().rev() {
            self.unname(form.id, id).await?;
            form.delete(&mut *self.db.session, std::slice::from_ref(id)).await?;
            self.forget(state, form, &[(id.clone(), *gid)]).await?;
        }
        Ok(Some(gone.len() as u64))
    }

    /// Empties the references to a row that goes, in files that do not do so themselves.
    async fn unname(&mut self, table: TableId, id: &LocalId) -> Result<()> {
        self.repoint(table, id, &Value::Null, |on_delete| on_delete == OnDelete::SetNull).await
    }

    async fn repoint(
        &mut self,
        table: TableId,
        id: &LocalId,
        to: &Value,
        which: impl Fn(OnDelete) -> bool,
    ) -> Result<()> {
        let rules = self.rules.clone();
        for (from, column, _) in rules.referring(table).filter(|(.., on_delete)| which(*on_delete)) {
            let Some(form) = self.form(from) else { continue };
            let mut children = form.with(&mut *self.db.session, column, std::slice::from_ref(id)).await?.rows;
            children.iter_mut().for_each(|row| row.cells[column.0] = Some(to.clone()));
            if !children.is_empty() {
                form.write(&mut *self.db.session, &children).await?;
            }
        }
        Ok(())
    }

    /// The row `gid` turned out to be `became`. Where the file has both, what hangs on the one hangs on the other from now
    /// on. `false`: the office works on it.
    pub(super) async fn unify(&mut self, state: &mut State, gid: Gid, became: Gid) -> Result<bool> {
        let spots = self.spots([gid, became]).await?;
        let (ours, other) = (spots.get(&gid).cloned(), spots.get(&became).cloned());
        let Some(ours) = ours else {
            self.became(gid, became).await?;
            return Ok(true);
        };
        let Some(form) = self.form(ours.table) else { return Ok(true) };
        match other {
            Some(other) if other == ours => {}
            Some(other) => {
                let found = form.by_ids(&mut *self.db.session, std::slice::from_ref(&ours.id)).await?;
                if self.says_more(&form, &found).await? {
                    return Ok(false);
                }
                self.repoint(ours.table, &ours.id, &(&other.id).into(), |_| true).await?;
                form.delete(&mut *self.db.session, std::slice::from_ref(&ours.id)).await?;
                self.forget(state, &form, &[(ours.id.clone(), ours.gid)]).await?;
            }
            None => {
                let known = self.known(&form, [&ours.id]).await?.remove(&ours.id);
                if let Some(mut known) = known {
                    known.row.gid = became;
                    self.remember(state, &form, &[known]).await?;
                    let own = self.own([ours.gid]).await?.remove(&ours.gid);
                    self.put_own(own.map(|own| (became, own))).await?;
                    self.drop_own([ours.gid]).await?;
                }
            }
        }
        self.became(gid, became).await?;
        Ok(true)
    }
}
