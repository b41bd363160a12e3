//! The hub's answer to a batch.

use std::collections::{HashMap, HashSet};

use merge::{LocalId, Rules, ShadowRow, TableId};
use model::{Gid, Rev};
use replica::{
    outbox::{Outcomes, Told},
    wire::{self, End, Pushed, Welcome},
};

use super::{
    Error, Office, Result,
    apply::Manner,
    compare::day_of,
    gone::Gone,
    own::Words,
    shadow::{Known, SUSPECT, references},
    state::State,
    tables::{ASIDE, GIDS, LATE, uuid},
};

/// Rows of the shadow that are rewritten in one transaction.
const PAGE_ROWS: usize = 200;

impl Office {
    /// The batch waits for a person. What it takes the place of is done with.
    ///
    /// # Errors
    /// As for any transaction; nothing is changed then.
    pub async fn mark_held(&mut self, number: u64) -> Result<()> {
        if State::read(&mut self.db).await?.held == Some(number) {
            return Ok(());
        }
        let mut state = self.begin().await?;
        state.held = Some(number);
        let done = self.drop_outbox(|other| other < number).await;
        self.end(done.map(|()| (state, ()))).await
    }

    /// The held batch, whose place another was to take, was decided meanwhile: it has to be asked for again first.
    ///
    /// # Errors
    /// As for any transaction; nothing is changed then.
    pub async fn decided(&mut self) -> Result<()> {
        let mut state = self.begin().await?;
        let held = state.held.take();
        let done = self.drop_outbox(|other| held.is_some_and(|held| other > held)).await;
        // What the dropped one told was noted once only.
        state.doubt = true;
        self.end(done.map(|()| (state, ()))).await
    }

    /// The hub has had other batches of this site than the file knows of: it is a restored or copied one.
    ///
    /// # Errors
    /// As for any transaction; nothing is changed then.
    pub async fn older(&mut self, number: u64) -> Result<()> {
        let state = self.begin().await?;
        let done = self.void_outbox().await;
        let state = State { number, held: None, doubt: true, unsure: true, ..state };
        self.end(done.map(|()| (state, ()))).await
    }

    /// The file came from another PC. Of one of the same hub and region everything still holds: what it had, and which
    /// identities rows get that nobody was told of, so that rows which both PCs tell are the same ones. `false`: it has
    /// to be met.
    ///
    /// # Errors
    /// `OtherRegion` of the same hub: what one region's office writes would be the other's. As for any transaction; nothing
    /// is changed then.
    pub async fn take_over(&mut self, welcome: &Welcome) -> Result<bool> {
        let state = self.begin().await?;
        let same = state.hub.as_ref() == Some(&welcome.hub) && state.region.as_ref() == Some(&welcome.region);
        if !same {
            let is_other = state.hub.as_ref() == Some(&welcome.hub);
            let other = state.region.clone().filter(|_| is_other);
            let line = welcome.region.clone();
            let done = other.map_or(Ok((state, false)), |file| Err(Error::OtherRegion { file, line }));
            return self.end(done).await;
        }
        let done = self.void_outbox().await;
        let (site, number) = (Some(welcome.site), welcome.number);
        let state = State { site, number, held: None, doubt: true, unsure: true, ..state };
        self.end(done.map(|()| (state, true))).await
    }

    /// The hub is a restored one: of this site it knows `number` batches, and the file has everything of its history up to
    /// `had`. Everything is pulled again, and what it lacks then is told again.
    ///
    /// # Errors
    /// As for any transaction; nothing is changed then.
    pub async fn behind(&mut self, number: u64, had: i64) -> Result<()> {
        let state = self.begin().await?;
        let done = self.behind_in(state, (number, had)).await;
        self.end(done).await?;
        self.suspect().await
    }

    async fn behind_in(&mut self, mut state: State, (number, had): (u64, i64)) -> Result<(State, ())> {
        self.void_outbox().await?;
        self.db.clear(LATE).await?;
        self.doubt_gone(had).await?;
        state.places.retain(|(rev, _)| *rev <= had);
        state.unsee_after(had);
        let retelling = state.retelling.map_or(had, |before| before.min(had));
        let (behind, retelling) = (Some(had), Some(retelling));
        let state = State { number, behind, retelling, held: None, cursor: 0, mark: None, ..state };
        Ok((State { doubt: true, suspecting: true, ..state }, ()))
    }

    /// Marks what a restored hub may have lost, where that was begun.
    pub(super) async fn suspect(&mut self) -> Result<()> {
        let mut after = None;
        loop {
            let mut state = State::read(&mut self.db).await?;
            let Some(had) = state.behind.filter(|_| state.suspecting) else { return Ok(()) };
            let (page, next) = self.known_page(after.as_ref(), PAGE_ROWS).await?;
            let lost = page.into_iter().filter(|(_, known)| known.row.rev > Rev(had)).collect::<Vec<_>>();
            if lost.is_empty() && next.is_some() {
                after = next;
                continue;
            }
            state = self.begin().await?;
            let done = self.suspect_in(&mut state, lost).await;
            state.suspecting = next.is_some();
            self.end(done.map(|()| (state, ()))).await?;
            after = next;
        }
    }

    async fn suspect_in(&mut self, state: &mut State, lost: Vec<(TableId, Known)>) -> Result<()> {
        for form in self.forms.clone().iter() {
            let lost = lost.iter().filter(|(table, _)| *table == form.id);
            let marked = lost.map(|(_, Known { row, at })| Known {
                row: ShadowRow { rev: SUSPECT, ..row.clone() },
                at: *at,
            });
            self.remember(state, form, &marked.collect::<Vec<_>>()).await?;
        }
        Ok(())
    }

    /// Takes the answer to the batch on its way over. An answer that was taken over already changes nothing.
    ///
    /// # Errors
    /// `Broken` for an answer that is not one; then nothing is changed.
    pub async fn settle(&mut self, pushed: &Pushed) -> Result<()> {
        if pushed.held {
            return self.mark_held(pushed.number).await;
        }
        let state = self.begin().await?;
        let done = self.settle_in(state, pushed).await;
        self.end(done).await
    }

    async fn settle_in(&mut self, mut state: State, pushed: &Pushed) -> Result<(State, ())> {
        let Some(outbox) = self.outbox_of(pushed.number).await? else {
            let known = pushed.number <= state.number;
            return if known { Ok((state, ())) } else { Err(Error::broken("no such batch was sent")) };
        };
        let outcomes = Outcomes::of(&outbox.push.changes, &pushed.fates)?;
        let words = Words::of(&outbox.push.changes);
        let mut settling = Settling::new((&outcomes, &pushed.rows), day_of(pushed.clock_ms), words);
        self.settle_rows(&mut state, &outbox.told, &mut settling).await?;
        for (gid, became, was_known) in std::mem::take(&mut settling.became) {
            self.unify(&mut state, gid, became).await?;
            if !was_known {
                // It may be another row's: what was minted here was known to the hub as something else.
                self.db.remove(GIDS, &[vec![uuid(gid.uuid())]]).await?;
            }
        }
        self.drop_outbox(|number| number <= pushed.number).await?;
        if !state.rest {
            self.forget_given().await?;
            (state.unsure, state.retelling) = (false, None);
        }
        (state.number, state.held) = (pushed.number, None);
        if pushed.to != 0 && pushed.from == state.cursor && !settling.is_short {
            state.reach(pushed.to, pushed.mark.clone());
        }
        if !pushed.rows.is_empty() && pushed.from < state.cursor {
            // Rows as they were when somebody decided: what happened since, and was told already, is told again.
            (state.cursor, state.mark) = (pushed.from.max(0), None);
        }
        // Something may have waited for one of the new rows.
        state.doubt |= settling.news && self.anybody_waits().await?;
        let manner = Manner { forced: true, returning: settling.returning, ..Manner::usual(pushed.clock_ms) };
        self.take_rows(&mut state, &pushed.rows, &manner).await?;
        self.retry(&mut state, pushed.clock_ms).await?;
        Ok((state, ()))
    }

    async fn settle_rows(
        &mut self,
        state: &mut State,
        told: &[Told],
        settling: &mut Settling<'_>,
    ) -> Result<()> {
        let mut tables = Vec::new();
        for form in self.forms.clone().iter() {
            let told = told.iter().filter(|told| form.name().eq_ignore_ascii_case(&told.table));
            let told = told.map(|told| Ok((told.id()?, told))).collect::<Result<Vec<_>>>()?;
            let known = self.known(form, told.iter().map(|(id, _)| id)).await?;
            let mut settled = Settled::default();
            for (id, told) in told {
                let known = known.get(&id).filter(|known| known.row.gid == told.gid());
                settling.row((&self.rules, form.id, state.cursor), (id, told, known), &mut settled)?;
            }
            tables.push((form.clone(), settled));
        }
        // What a row needs that the hub has was brought back, if it was gone.
        let agreed =
            tables.iter().flat_map(|(form, settled)| settled.agreed.iter().map(|row| (form.id, row)));
        let is_kept = |gid: Gid| settling.outcomes.get(gid).fallen || settling.elsewhere.contains(&gid);
        let needed: HashSet<Gid> = agreed
            .filter(|(_, known)| !is_kept(known.row.gid))
            .flat_map(|(table, known)| references(&self.rules, table, &known.row.cells))
            .collect();
        let gone = self.late().await?.into_iter().filter(|row| row.cells.is_none());
        let gone = gone.map(|row| Gid::from_uuid(row.gid)).filter(|gid| needed.contains(gid));
        self.drop_late(gone).await?;
        self.drop_late_upto(&std::mem::take(&mut settling.answered)).await?;
        for (form, settled) in tables {
            self.forget(state, &form, &settled.gone).await?;
            self.drop_gone(settled.gone.iter().map(|(_, gid)| *gid)).await?;
            self.put_gone(&form, &settled.deleted).await?;
            self.set_aside(&form, &settled.aside).await?;
            self.take_back(
                &form,
                &settled.agreed.iter().map(|known| known.row.id.clone()).collect::<Vec<_>>(),
            )
            .await?;
            self.remember(state, &form, &settled.agreed).await?;
            self.remember(state, &form, &settled.set_back).await?;
            self.own_told(&form, &settled.agreed, &settling.words).await?;
            self.drop_own(settled.set_back.iter().map(|known| known.row.gid)).await?;
        }
        Ok(())
    }

    async fn anybody_waits(&mut self) -> Result<bool> {
        let aside = self.db.find(ASIDE, &[]).await?;
        Ok(aside.iter().any(|row| row.text(2).is_ok_and(|content| content == super::aside::WAITS)))
    }
}

/// What is gathered while the rows of a batch are gone through.
struct Settling<'a> {
    outcomes: &'a Outcomes,
    /// Rows that are not there for this site.
    elsewhere: HashSet<Gid>,
    /// And whether the hub knew it by the name that it had here.
    became: Vec<(Gid, Gid, bool)>,
    returning: HashMap<Gid, LocalId>,
    /// Rows of which nothing late up to a rev is to come any more.
    answered: HashMap<Gid, i64>,
    /// A row is the hub's from now on.
    news: bool,
    /// The file lacks something of a row that it said it had: it has a column since.
    is_short: bool,
    /// Of the answer, since 1970.
    day: i64,
    words: Words,
}

/// What becomes of the told rows of a table.
#[derive(Default)]
struct Settled {
    /// The hub knows what the file said.
    agreed: Vec<Known>,
    /// The file is about to say what the hub says.
    set_back: Vec<Known>,
    /// The hub does not take what they say.
    aside: Vec<(LocalId, String)>,
    /// They are no longer in the file.
    gone: Vec<(LocalId, Gid)>,
    /// Those of them that are the hub's no longer.
    deleted: Vec<Gone>,
}

impl<'a> Settling<'a> {
    fn new((outcomes, rows): (&'a Outcomes, &[wire::Row]), day: i64, words: Words) -> Self {
        let (became, returning, answered) = Default::default();
        let elsewhere = rows.iter().filter(|row| row.cells.is_none() && row.became.is_none());
        let elsewhere = elsewhere.map(|row| Gid::from_uuid(row.gid)).collect();
        Self { outcomes, elsewhere, became, returning, answered, news: false, is_short: false, day, words }
    }

    /// What is known of a row that the hub refused, if it may be set back to what the hub has: what it has not, only the
    /// file has.
    fn refused<'k>(&self, known: Option<&'k Known>) -> Option<&'k Known> {
        known.filter(|known| known.row.rev != SUSPECT || self.elsewhere.contains(&known.row.gid))
    }

    fn row(
        &mut self,
        (rules, table, cursor): (&Rules, TableId, i64),
        (id, told, known): (LocalId, &Told, Option<&Known>),
        settled: &mut Settled,
    ) -> Result<()> {
        let (gid, mut cells) = (told.gid(), told.cells()?);
        let mut outcome = self.outcomes.get(gid);
        let has = known.map(|known| known.row.rev).filter(|rev| *rev != SUSPECT);
        if outcome.end == End::Taken && cells.is_some() && has.is_some_and(|rev| rev.0 < outcome.base) {
            (outcome.end, outcome.rev, self.is_short) = (End::Merged, 0, true);
        }
        if let Some(cells) = &mut cells {
            self.outcomes.rename(rules, table, cells);
            // Columns that the file has got since.
            let since = known.into_iter().flat_map(|known| &known.row.cells);
            cells
                .iter_mut()
                .zip(since)
                .for_each(|(cell, since)| *cell = cell.take().or_else(|| since.clone()));
        }
        match (outcome.end, cells) {
            // The answer itself sets it back, or a pull: what was told is no edit any more.
            (End::Refused, Some(cells)) => match self.refused(known) {
                Some(known) => {
                    let row = ShadowRow { cells, rev: known.row.rev.max(Rev(0)), ..known.row.clone() };
                    settled.set_back.push(Known { row, at: told.at });
                }
                None => settled.aside.push((id, told.content.clone())),
            },
            (End::Refused | End::Kept, None) => {
                settled.gone.push((id.clone(), gid));
                self.returning.insert(gid, id);
            }
            (_, None) => {
                settled.gone.push((id, gid));
                let row = known.map(|known| ShadowRow { rev: Rev(outcome.rev), ..known.row.clone() });
                settled.deleted.extend(row.map(|row| Gone { row, day: self.day }));
                self.answered.insert(gid, outcome.rev);
            }
            (end, Some(cells)) => {
                self.news |= known.is_none();
                let before = known.map_or(Rev(0), |known| known.row.rev).max(Rev(0));
                let rev = if end == End::Taken { before.max(Rev(outcome.rev)) } else { before };
                // Where no pull will bring it, what came late is how the hub has it.
                if end == End::Taken || outcome.rev > cursor {
                    self.answered.insert(gid, outcome.rev);
                }
                settled.agreed.push(Known { row: ShadowRow { id, gid, rev, cells }, at: told.at });
                let became = outcome.gid.filter(|became| *became != gid);
                self.became.extend(became.map(|became| (gid, became, known.is_some())));
            }
        }
        Ok(())
    }
}
