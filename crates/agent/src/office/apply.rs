//! Rows of the hub into the file.
//!
//! What the office changed and has not told yet stays on top: such a row is kept aside ([`super::late`]) until the hub has
//! answered.

use std::collections::{BTreeMap, HashMap, HashSet};

use merge::{Cells, LocalId, LocalRow, OnDelete, ShadowRow, TableId};
use model::{ErrorKind, Gid, Rev, Value};
use replica::{
    outbox::At,
    wire::{Page, Row},
};

use super::{
    Error, Office, Result,
    file::Form,
    shadow::{Known, SUSPECT, Spot, differs, references},
    state::State,
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

    const fn at(&self) -> At {
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
            (state.cursor, state.mark) = (page.next, page.mark.clone());
        }
        if !page.more {
            state.behind = None;
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
        let mut written = Writing::new(self, there, manner).await?.run(self, state, &mut late).await?;
        for row in rows.iter().filter(|row| row.became.is_none() && row.cells.is_none()) {
            match self.take_away(state, Gid::from_uuid(row.gid)).await? {
                Some(gone) => written += gone,
                None => late.push(row.clone()),
            }
        }
        let is_late: HashSet<_> = late.iter().map(|row| row.gid).collect();
        let done = rows.iter().filter(|row| !is_late.contains(&row.gid));
        self.drop_late(done.map(|row| Gid::from_uuid(row.gid))).await?;
        self.put_late(&late).await?;
        Ok(Applied { written, late: late.len() as u64 })
    }

    /// Whether the file says something of the row that was not told. A name of a row that is gone says nothing: programs
    /// without foreign keys leave it behind.
    async fn is_edited(&mut self, form: &Form, row: &LocalRow) -> Result<bool> {
        let Some(mut known) = self.known(form, [&row.id]).await?.remove(&row.id) else { return Ok(true) };
        self.local(form.id, &mut [&mut known.row.cells]).await?;
        let mut row = row.clone();
        for (column, to) in form.rules.references() {
            let Some(id) = row.cells[column.0].as_ref().and_then(LocalId::of) else { continue };
            let Some(to) = self.form(to.table) else { continue };
            if to.by_ids(&mut *self.db.session, &[id]).await?.rows.is_empty() {
                row.cells[column.0] = Some(Value::Null);
            }
        }
        Ok(differs(&row, &known.row.cells))
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
            if let Some(row) = found.rows.first()
                && self.is_edited(&form, row).await?
            {
                return Ok(None);
            }
            for (from, column, on_delete) in rules.referring(table) {
                let Some(form) = self.form(from) else { continue };
                if on_delete == OnDelete::SetNull && !rules[from][column].not_null {
                    continue;
                }
                let children = form.with(&mut *self.db.session, column, &id).await?.rows;
                let known = self.known(&form, children.iter().map(|row| &row.id)).await?;
                for child in children {
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
            let mut children = form.with(&mut *self.db.session, column, id).await?.rows;
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
                if let Some(row) = found.rows.first()
                    && self.is_edited(&form, row).await?
                {
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
                }
            }
        }
        self.became(gid, became).await?;
        Ok(true)
    }
}

/// Rows on their way into the file, with everything that has to be known of them.
struct Writing<'a> {
    manner: &'a Manner,
    rows: Vec<(&'a Row, Form, Cells)>,
    spots: HashMap<Gid, Spot>,
    known: HashMap<TableId, BTreeMap<LocalId, Known>>,
    /// The same, with ids in references.
    agreed: HashMap<TableId, BTreeMap<LocalId, Cells>>,
    file: HashMap<TableId, BTreeMap<LocalId, LocalRow>>,
    late: HashSet<Gid>,
    /// Rows that stand in the file already, and are known by their names only when the hub has answered.
    told: HashSet<Gid>,
    /// Ids that rows ask for and others have.
    taken: HashSet<(TableId, LocalId)>,
}

/// What is done with a row.
enum Step {
    Write(LocalRow, Known),
    /// The file says it already.
    Know(Known),
    Late,
    Skip,
}

impl<'a> Writing<'a> {
    async fn new(
        office: &mut Office,
        rows: impl Iterator<Item = &'a Row>,
        manner: &'a Manner,
    ) -> Result<Self> {
        let told = rows.filter_map(|row| {
            let form = office.form_named(&row.table)?.clone();
            let named = |name: &String| row.cells.as_ref()?.get(name).map(|cell| cell.0.clone());
            let cells: Cells = form.rules.columns.iter().map(|column| named(&column.name)).collect();
            let cells = form.fit(&cells);
            Some((row, form, cells))
        });
        let rows: Vec<_> = told.collect();
        let rules = office.rules.clone();
        let named = rows.iter().flat_map(|(row, form, cells)| {
            references(&rules, form.id, cells).into_iter().chain([Gid::from_uuid(row.gid)])
        });
        let spots = office.spots(named.collect::<Vec<_>>()).await?;
        let late = office.late_gids().await?;
        let told = office.told_new().await?;
        let (known, agreed, file, taken) = Default::default();
        let mut writing = Self { manner, rows, spots, known, agreed, file, late, told, taken };
        writing.load(office).await?;
        writing.look_for_others(office).await?;
        Ok(writing)
    }

    /// Under an id that a row had, or is to have, there may be another one by now.
    async fn look_for_others(&mut self, office: &mut Office) -> Result<()> {
        let mut asked: BTreeMap<TableId, Vec<LocalId>> = BTreeMap::new();
        for (row, form, cells) in &self.rows {
            let gid = Gid::from_uuid(row.gid);
            if !self.spots.contains_key(&gid) {
                asked.entry(form.id).or_default().extend(self.asked_id(form, gid, cells));
            }
        }
        for (table, ids) in asked {
            let Some(form) = office.form(table) else { continue };
            let there = form.there(&mut *office.db.session, &ids).await?;
            let known = office.known(&form, &ids).await?.into_keys();
            self.taken.extend(there.into_iter().chain(known).map(|id| (table, id)));
        }
        Ok(())
    }

    async fn load(&mut self, office: &mut Office) -> Result<()> {
        let mut ids: BTreeMap<TableId, Vec<LocalId>> = BTreeMap::new();
        for (row, form, _) in &self.rows {
            if let Some(spot) = self.spots.get(&Gid::from_uuid(row.gid)) {
                ids.entry(form.id).or_default().push(spot.id.clone());
            }
        }
        for (table, ids) in ids {
            let Some(form) = office.form(table) else { continue };
            let known = office.known(&form, &ids).await?;
            let mut agreed: BTreeMap<LocalId, Cells> =
                known.iter().map(|(id, known)| (id.clone(), known.row.cells.clone())).collect();
            office.local(table, &mut agreed.values_mut().collect::<Vec<_>>()).await?;
            let found = form.by_ids(&mut *office.db.session, &ids).await?;
            let rows = found.rows.into_iter().map(|row| (row.id.clone(), row));
            self.file.insert(table, rows.collect());
            self.known.insert(table, known);
            self.agreed.insert(table, agreed);
        }
        Ok(())
    }

    /// Writes what can be written; how many rows.
    async fn run(mut self, office: &mut Office, state: &mut State, late: &mut Vec<Row>) -> Result<u64> {
        let mut written = 0;
        let rows = std::mem::take(&mut self.rows);
        for of_table in rows.chunk_by(|(_, a, _), (_, b, _)| a.id == b.id) {
            let form = &of_table[0].1;
            let mut last = None;
            let (mut write, mut known) = (Vec::new(), Vec::new());
            for (row, form, cells) in of_table {
                if last.is_none() {
                    last = Some(office.last_id(state, form).await?);
                }
                match self.step(row, form, cells, &mut last) {
                    Step::Write(file, now) => {
                        write.push(file);
                        known.push(now);
                    }
                    Step::Know(now) => known.push(now),
                    Step::Late => late.push((*row).clone()),
                    Step::Skip => {}
                }
            }
            if let Some(last) = last {
                state.last.insert(form.name().to_owned(), last);
            }
            let applied = form.write(&mut *office.db.session, &write).await?;
            written += applied.inserted + applied.updated;
            office.remember(state, form, &known).await?;
        }
        Ok(written)
    }

    fn step(&mut self, row: &Row, form: &Form, cells: &Cells, last: &mut Option<i64>) -> Step {
        let gid = Gid::from_uuid(row.gid);
        let Some(local) = self.local(form, cells) else { return Step::Late };
        let shadow =
            |id: &LocalId| ShadowRow { id: id.clone(), gid, rev: Rev(row.rev), cells: cells.clone() };
        let Some(spot) = self.spots.get(&gid).cloned() else {
            if self.told.contains(&gid) {
                return Step::Late;
            }
            let Some(id) = self.new_id(form, gid, &local, last) else { return Step::Late };
            let known = Known { row: shadow(&id), at: self.manner.at() };
            self.spots.insert(gid, Spot { gid, table: form.id, id: id.clone() });
            return Step::Write(LocalRow { id, cells: local }, known);
        };
        let Some(known) = self.known.get(&form.id).and_then(|known| known.get(&spot.id)) else {
            return Step::Skip;
        };
        if known.row.rev > Rev(row.rev) && !self.manner.forced {
            return Step::Skip;
        }
        let now = Known {
            row: ShadowRow { gid: spot.gid, ..shadow(&spot.id) },
            at: known.at.max(self.manner.at()),
        };
        let file = self.file.get(&form.id).and_then(|file| file.get(&spot.id));
        let new = LocalRow { id: spot.id.clone(), cells: local };
        let agreed = self.agreed.get(&form.id).and_then(|agreed| agreed.get(&spot.id));
        match (file, agreed) {
            // The hub has it as it was before: what the file says is told again.
            _ if known.row.rev == SUSPECT => Step::Know(Known { at: known.at, ..now }),
            (Some(file), _) if !differs(file, &new.cells) => Step::Know(now),
            (Some(file), Some(agreed)) if !differs(file, agreed) => Step::Write(new, now),
            _ => Step::Late,
        }
    }

    /// Cells with the file's ids; `None`: they name a row that the file does not have yet.
    fn local(&self, form: &Form, cells: &Cells) -> Option<Cells> {
        for (column, to) in form.rules.references() {
            let Some(gid) = cells[column.0].as_ref().and_then(Gid::of) else { continue };
            let needed = to.on_delete == OnDelete::Cascade || form.rules[column].not_null;
            if !self.spots.contains_key(&gid) && (needed || self.late.contains(&gid)) {
                return None;
            }
        }
        let mut local = cells.clone();
        for (column, _) in form.rules.references() {
            if let Some(gid) = local[column.0].as_ref().and_then(Gid::of) {
                let id = self.spots.get(&gid).map(|spot| Value::from(&spot.id));
                local[column.0] = Some(id.unwrap_or(Value::Null));
            }
        }
        Some(local)
    }

    /// The id under which it was here, or that it says itself.
    fn asked_id(&self, form: &Form, gid: Gid, cells: &Cells) -> Option<LocalId> {
        let returning = self.manner.returning.get(&gid).cloned();
        returning.or_else(|| {
            let column = form.rules.column(&form.rules.key).filter(|_| form.rules.text_key)?;
            LocalId::of(cells[column.0].as_ref()?)
        })
    }

    /// The id that it asks for, or one that no row ever had; `None`: it is to have another row's.
    fn new_id(&self, form: &Form, gid: Gid, cells: &Cells, last: &mut Option<i64>) -> Option<LocalId> {
        let asked = self.asked_id(form, gid, cells);
        let free = asked.clone().filter(|id| !self.taken.contains(&(form.id, id.clone())));
        if free.is_some() {
            return free;
        }
        if form.rules.text_key {
            return asked.is_none().then(|| LocalId::Text(gid.to_string()));
        }
        let next = last.unwrap_or(0) + 1;
        *last = Some(next);
        Some(LocalId::Int(next))
    }
}
