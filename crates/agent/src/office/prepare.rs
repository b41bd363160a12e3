//! The next batch: what the office changed since the last one.

use std::collections::{BTreeMap, HashMap};

use merge::{LocalId, TableId};
use model::{Operation, Timestamp};
use replica::{
    notes::{self, Place},
    outbox::Outbox,
    wire::Push,
};

use super::{
    Clockwork, Office, Result,
    adopt::nonce,
    batch::{Batch, Batching, cells_of},
    compare::{Candidates, day},
    diff::{Difference, Loaded},
    state::State,
};

/// How often what the program wrote meanwhile is looked at anew before its file is held for the look.
const SURVEYS: usize = 5;

/// What is to be told, as the file was when it was looked at.
struct Survey {
    notes: Notes,
    loaded: Loaded,
    difference: Difference,
}

/// What the journal noted.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub touched: BTreeMap<TableId, BTreeMap<LocalId, Note>>,
    /// Of tables and rows that are none of ours.
    strange: Vec<i64>,
    /// The number of the last one.
    last: i64,
}

/// Of one row.
#[derive(Debug, Default)]
pub(super) struct Note {
    /// When it was last touched, by the PC's clock. **Units**: milliseconds.
    at_ms: Option<i64>,
    ids: Vec<i64>,
    /// What was done to it.
    done: Vec<Operation>,
}

impl Notes {
    pub fn at(&self, table: TableId, id: &LocalId) -> Option<i64> {
        self.touched.get(&table)?.get(id)?.at_ms
    }

    /// Rows of a table of which anything was noted.
    pub fn ids(&self, table: TableId) -> impl Iterator<Item = &LocalId> {
        self.touched.get(&table).into_iter().flat_map(BTreeMap::keys)
    }

    /// Whether that was noted of the row, and nothing else.
    pub fn is_updated(&self, table: TableId, id: &LocalId) -> bool {
        let note = self.touched.get(&table).and_then(|touched| touched.get(id));
        note.is_some_and(|note| note.done.iter().all(|done| *done == Operation::Update))
    }

    /// Rows that were updated and nothing else since they were agreed on. What was told before says more of those `told`.
    fn in_place(&self, told: &Candidates) -> Vec<Place> {
        let rows = self.touched.iter().flat_map(|(table, rows)| rows.iter().map(|row| (*table, row)));
        let notes = rows
            .flat_map(|(table, (id, note))| note.done.iter().map(move |done| ((table, id.clone()), *done)));
        let told = told.iter().flat_map(|(table, ids)| ids.iter().map(|id| (*table, id.clone())));
        notes::in_place(notes, &told.collect::<Vec<_>>()).into_iter().collect()
    }
}

impl Office {
    /// The batch to send: the one on its way, else one of what was changed since; `None` where nothing was. Where the one on
    /// its way is held and the file has changed, a new one takes its place.
    ///
    /// # Errors
    /// `Busy`, `Full`; then nothing is changed.
    pub async fn prepare(&mut self, clock: &Clockwork) -> Result<Option<Push>> {
        let state = State::read(&mut self.db).await?;
        if state.hub.is_none() || state.behind.is_some() {
            return Ok(None);
        }
        let outbox = self.outbox().await?;
        let is_held = outbox.as_ref().is_some_and(|outbox| state.held == Some(outbox.push.number));
        let everything = state.doubt || state.compared != day(clock);
        // Where there is nothing to do nothing is written, and the file stays as it is.
        let quiet = !everything && self.db.session.journal_drain(1).await?.is_empty();
        if quiet || outbox.is_some() && !is_held {
            return Ok(outbox.map(|outbox| outbox.push));
        }
        let mut found = if everything { self.differing().await? } else { Candidates::new() };
        self.add_told(&mut found, outbox.as_ref())?;
        let mut surveys = SURVEYS;
        loop {
            // Without a lock on the file: whatever the program writes meanwhile is noted.
            let mut survey = self.survey(&state, &found).await?;
            let state = self.begin().await?;
            let done = match self.db.noted_since(survey.notes.last).await {
                Ok(true) if surveys > 0 => {
                    surveys -= 1;
                    self.give_up().await;
                    continue;
                }
                // Somebody writes all the time.
                Ok(true) => self.survey(&state, &found).await.map(|again| survey = again),
                done => done.map(|_| ()),
            };
            let done = match done {
                Ok(()) => self.prepare_in(state, (survey, outbox, everything), clock).await,
                Err(error) => Err(error),
            };
            return self.end(done).await;
        }
    }

    async fn survey(&mut self, state: &State, found: &Candidates) -> Result<Survey> {
        let notes = self.notes().await?;
        let mut candidates = found.clone();
        for (table, touched) in &notes.touched {
            candidates.entry(*table).or_default().extend(touched.keys().cloned());
        }
        let in_place = if state.doubt { Vec::new() } else { notes.in_place(found) };
        loop {
            let loaded = self.load(&candidates).await?;
            let difference = self.compare(state, &loaded, &in_place).await?;
            if !self.add_hanging(&loaded, &difference, &mut candidates).await? {
                return Ok(Survey { notes, loaded, difference });
            }
        }
    }

    /// What hangs on an id that speaks of another row now is that row's: nobody noted it, as it was not touched. Whether
    /// there is any.
    async fn add_hanging(
        &mut self,
        loaded: &Loaded,
        difference: &Difference,
        candidates: &mut Candidates,
    ) -> Result<bool> {
        let mut changed: BTreeMap<TableId, Vec<LocalId>> = BTreeMap::new();
        for (table, id, gid) in &difference.set.learned {
            if loaded.known.get(table).and_then(|known| known.get(id)).is_some_and(|was| was.row.gid != *gid)
            {
                changed.entry(*table).or_default().push(id.clone());
            }
        }
        let (rules, mut grown) = (self.rules.clone(), false);
        for (table, ids) in changed {
            for (from, column, _) in rules.referring(table) {
                let Some(form) = self.form(from) else { continue };
                let hanging = form.with(&mut *self.db.session, column, &ids).await?;
                let of_table = candidates.entry(from).or_default();
                for id in hanging.rows.into_iter().map(|row| row.id).chain(hanging.unreadable) {
                    grown |= of_table.insert(id);
                }
            }
        }
        Ok(grown)
    }

    async fn prepare_in(
        &mut self,
        mut state: State,
        (survey, held, everything): (Survey, Option<Outbox>, bool),
        clock: &Clockwork,
    ) -> Result<(State, Option<Push>)> {
        let Survey { notes, loaded, difference } = survey;
        self.note_found(&mut state, (&loaded.found, day(clock)), &difference).await?;
        self.keep_both(&mut state, &difference).await?;
        let rules = self.rules.clone();
        let State { unsure, retelling, .. } = state;
        let former = self.former(&difference, &loaded).await?;
        let is_told_again = retelling.is_some() || !loaded.lost.is_empty();
        let told_at = if is_told_again { self.told_at().await? } else { HashMap::new() };
        let (loaded, notes, unseen) = (&loaded, &notes, &state.unseen);
        let batching =
            Batching { rules: &rules, loaded, notes, clock, unsure, unseen, retelling, former, told_at };
        let batch = batching.batch(&difference);
        self.forget_notes(notes, &batch).await?;
        state.meeting = None;
        if everything && batch.left.is_empty() {
            (state.doubt, state.compared) = (false, day(clock));
            self.forget_long_gone(state.compared).await?;
        }
        let rest = !batch.left.is_empty() && everything;
        state.doubt |= rest;
        match held {
            None if batch.changes.is_empty() => {
                if everything {
                    // What is typed from now on is not of before.
                    self.forget_given().await?;
                    (state.rest, state.unsure, state.retelling) = (false, false, None);
                }
                Ok((state, None))
            }
            Some(held) if says_the_same(&held.push, &batch) => Ok((state, Some(held.push))),
            held => {
                let instead = held.map(|held| held.push.number);
                let push = self.push(&state, instead, &difference, batch, clock).await?;
                (state.rest, state.nonce) = (rest, nonce(clock));
                Ok((state, Some(push)))
            }
        }
    }

    async fn push(
        &mut self,
        state: &State,
        instead: Option<u64>,
        difference: &Difference,
        batch: Batch,
        clock: &Clockwork,
    ) -> Result<Push> {
        let mut rows = BTreeMap::new();
        for change in &difference.set.changes {
            let name = &self.rules[change.table].name;
            rows.entry(name.clone()).or_insert_with(|| state.rows.get(name).copied().unwrap_or(0));
        }
        let deletes = batch.changes.iter().any(|change| change.delete.is_some());
        let late = if deletes { self.unseen().await? } else { Vec::new() };
        let push = Push {
            number: instead.unwrap_or(state.number) + 1,
            instead,
            seen: state.cursor,
            late,
            mark: state.mark.clone(),
            unsure: state.unsure,
            clock_ms: clock.now_ms,
            rows,
            more: batch.more,
            changes: batch.changes,
        };
        let outbox = Outbox { push, told: batch.told };
        self.put_outbox(&outbox).await?;
        Ok(outbox.push)
    }

    /// What a held batch told may be told otherwise by the one that takes its place.
    fn add_told(&self, candidates: &mut Candidates, held: Option<&Outbox>) -> Result<()> {
        for told in held.into_iter().flat_map(|held| &held.told) {
            if let Some(form) = self.form_named(&told.table) {
                candidates.entry(form.id).or_default().insert(told.id()?);
            }
        }
        Ok(())
    }

    /// A row whose id speaks of something else now, of which it is not certain that it is gone, comes back under another id.
    async fn keep_both(&mut self, state: &mut State, difference: &Difference) -> Result<()> {
        for doubt in difference.set.doubts.iter().filter(|doubt| doubt.kept_both) {
            let Some(form) = self.form(doubt.table) else { continue };
            let known = self.known(&form, [&doubt.id]).await?;
            let Some(known) = known.get(&doubt.id).filter(|known| known.row.gid == doubt.before) else {
                continue;
            };
            let row = replica::wire::Row {
                table: form.name().to_owned(),
                gid: doubt.before.uuid(),
                rev: known.row.rev.0,
                cells: Some(cells_of(&form.rules, &known.row.cells)),
                became: None,
            };
            self.forget(state, &form, &[(doubt.id.clone(), doubt.before)]).await?;
            self.put_late(&[row]).await?;
        }
        Ok(())
    }

    pub(super) async fn notes(&mut self) -> Result<Notes> {
        let mut notes = Notes::default();
        for change in self.db.session.journal_drain(usize::MAX).await? {
            notes.last = notes.last.max(change.id);
            let table = self.form_named(&change.table.name).map(|form| form.id);
            let Some((table, id)) = table.zip(change.key.0.first().and_then(LocalId::of)) else {
                notes.strange.push(change.id);
                continue;
            };
            let note = notes.touched.entry(table).or_default().entry(id).or_default();
            note.at_ms = change.at.map(Timestamp::unix_ms).max(note.at_ms);
            note.ids.push(change.id);
            note.done.push(change.operation);
        }
        Ok(notes)
    }

    /// All but those of rows that are still to be told.
    async fn forget_notes(&mut self, notes: &Notes, batch: &Batch) -> Result<()> {
        let mut ids = notes.strange.clone();
        for (table, touched) in &notes.touched {
            let told = touched.iter().filter(|(id, _)| !batch.left.contains(&(*table, (*id).clone())));
            ids.extend(told.flat_map(|(_, note)| &note.ids));
        }
        Ok(self.db.session.journal_forget(&ids).await?)
    }
}

/// Whether the held batch need not give way.
fn says_the_same(held: &Push, batch: &Batch) -> bool {
    let said = |change: &replica::wire::Change| {
        let replica::wire::Change { table, gid, base, insert, update, delete, .. } = change.clone();
        (table, gid, base, insert, update, delete)
    };
    held.changes.iter().map(said).eq(batch.changes.iter().map(said))
}
