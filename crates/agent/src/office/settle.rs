//! The hub's answer to a batch.

use std::collections::{HashMap, HashSet};

use merge::{Cells, LocalId, ShadowRow};
use model::{Gid, Rev};
use replica::{
    outbox::{Outcomes, Told},
    wire::{End, Pushed, Welcome},
};

use super::{
    Error, Office, Result,
    apply::Manner,
    file::Form,
    shadow::{Known, SUSPECT, references},
    state::State,
    tables::{ASIDE, GIDS, LATE, uuid},
};

/// Rows of the shadow that are rewritten at a time.
const PAGE_ROWS: usize = 500;

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

    /// Notes which region's rows the file holds.
    ///
    /// # Errors
    /// As for any transaction; nothing is changed then.
    pub async fn of_region(&mut self, region: &str) -> Result<()> {
        let mut state = self.begin().await?;
        state.region = Some(region.to_owned());
        self.end(Ok((state, ()))).await
    }

    /// The file came from another PC. Of one of the same hub and region everything still holds: what it had, and which
    /// identities rows get that nobody was told of, so that rows which both PCs tell are the same ones. `false`: it has
    /// to be met.
    ///
    /// # Errors
    /// As for any transaction; nothing is changed then.
    pub async fn take_over(&mut self, welcome: &Welcome) -> Result<bool> {
        let state = self.begin().await?;
        let same = state.hub.as_ref() == Some(&welcome.hub) && state.region.as_ref() == Some(&welcome.region);
        if !same {
            return self.end(Ok((state, false))).await;
        }
        let done = self.void_outbox().await;
        let (site, number) = (Some(welcome.site), welcome.number);
        let state = State { site, number, held: None, doubt: true, unsure: true, ..state };
        self.end(done.map(|()| (state, true))).await
    }

    /// The hub is a restored one: of this site it knows `number` batches, and that the site has everything up to `seen`.
    /// Everything is pulled again, and what it lacks then is told again.
    ///
    /// # Errors
    /// As for any transaction; nothing is changed then.
    pub async fn behind(&mut self, number: u64, seen: i64) -> Result<()> {
        let state = self.begin().await?;
        let behind = Some(seen);
        let mut state = State { number, held: None, cursor: 0, mark: None, doubt: true, behind, ..state };
        let done = self.suspect(&mut state, seen).await;
        self.end(done.map(|()| (state, ()))).await
    }

    async fn suspect(&mut self, state: &mut State, seen: i64) -> Result<()> {
        self.void_outbox().await?;
        self.db.clear(LATE).await?;
        let mut after = None;
        loop {
            let (page, next) = self.known_page(after.as_ref(), PAGE_ROWS).await?;
            for (table, mut known) in page.into_iter().filter(|(_, known)| known.row.rev > Rev(seen)) {
                known.row.rev = SUSPECT;
                if let Some(form) = self.form(table) {
                    self.remember(state, &form, &[known]).await?;
                }
            }
            match next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
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
        let mut settling = Settling::new(&outcomes, pushed);
        for told in &outbox.told {
            self.settle_row(&mut state, told, &mut settling).await?;
        }
        for (gid, became, was_known) in settling.became {
            self.unify(&mut state, gid, became).await?;
            if !was_known {
                // It may be another row's: what was minted here was known to the hub as something else.
                self.db.remove(GIDS, &[vec![uuid(gid.uuid())]]).await?;
            }
        }
        self.drop_outbox(|number| number <= pushed.number).await?;
        if !state.rest {
            self.forget_given().await?;
            state.unsure = false;
        }
        (state.number, state.held) = (pushed.number, None);
        if pushed.to != 0 && pushed.from == state.cursor {
            (state.cursor, state.mark) = (pushed.to, None);
        }
        // Something may have waited for one of the new rows.
        state.doubt |= settling.news && self.anybody_waits().await?;
        let manner = Manner { forced: true, returning: settling.returning, ..Manner::usual(pushed.clock_ms) };
        self.take_rows(&mut state, &pushed.rows, &manner).await?;
        self.retry(&mut state, pushed.clock_ms).await?;
        Ok((state, ()))
    }

    async fn settle_row(
        &mut self,
        state: &mut State,
        told: &Told,
        settling: &mut Settling<'_>,
    ) -> Result<()> {
        let Some(form) = self.form_named(&told.table).cloned() else { return Ok(()) };
        let (id, gid, mut cells) = (told.id()?, told.gid(), told.cells()?);
        let outcome = settling.outcomes.get(gid);
        let known = self.known(&form, [&id]).await?.remove(&id).filter(|known| known.row.gid == gid);
        if let Some(cells) = &mut cells {
            settling.outcomes.rename(&self.rules, form.id, cells);
        }
        match (outcome.end, cells) {
            (End::Refused, Some(cells)) => match known {
                Some(known) if settling.set_back.contains(&gid) => {
                    let row = ShadowRow { cells, ..known.row };
                    self.remember(state, &form, &[Known { row, at: told.at }]).await?;
                }
                _ => self.set_aside(&form, &[(id, told.content.clone())]).await?,
            },
            (End::Refused | End::Kept, None) => {
                self.forget(state, &form, &[(id.clone(), gid)]).await?;
                settling.returning.insert(gid, id);
            }
            (_, None) => {
                self.forget(state, &form, &[(id, gid)]).await?;
                self.drop_late([gid]).await?;
            }
            (end, Some(cells)) => {
                let was_known = known.is_some();
                settling.news |= !was_known;
                let before = known.map_or(Rev(0), |known| known.row.rev).max(Rev(0));
                let rev = if end == End::Taken { before.max(Rev(outcome.rev)) } else { before };
                // Where no pull will bring it, what came late is how the hub has it.
                if end == End::Taken || outcome.rev > state.cursor {
                    self.drop_late([gid]).await?;
                }
                self.agree(state, &form, (id, gid), (rev, cells, told)).await?;
                let became = outcome.gid.filter(|became| *became != gid);
                settling.became.extend(became.map(|became| (gid, became, was_known)));
            }
        }
        Ok(())
    }

    /// The hub knows what the file said.
    async fn agree(
        &mut self,
        state: &mut State,
        form: &Form,
        (id, gid): (LocalId, Gid),
        (rev, cells, told): (Rev, Cells, &Told),
    ) -> Result<()> {
        // What the row needs was brought back, if it was gone.
        let needed = references(&self.rules, form.id, &cells);
        let gone = self.late().await?.into_iter().filter(|row| row.cells.is_none());
        let gone: Vec<Gid> =
            gone.map(|row| Gid::from_uuid(row.gid)).filter(|gid| needed.contains(gid)).collect();
        self.drop_late(gone).await?;
        self.take_back(form, std::slice::from_ref(&id)).await?;
        let row = ShadowRow { id, gid, rev, cells };
        self.remember(state, form, &[Known { row, at: told.at }]).await
    }

    async fn anybody_waits(&mut self) -> Result<bool> {
        let aside = self.db.find(ASIDE, &[]).await?;
        Ok(aside.iter().any(|row| row.text(2).is_ok_and(|content| content == super::aside::WAITS)))
    }
}

/// What is gathered while the rows of a batch are gone through.
struct Settling<'a> {
    outcomes: &'a Outcomes,
    /// Rows that the answer itself says how they are.
    set_back: HashSet<Gid>,
    /// And whether the hub knew it by the name that it had here.
    became: Vec<(Gid, Gid, bool)>,
    returning: HashMap<Gid, LocalId>,
    /// A row is the hub's from now on.
    news: bool,
}

impl<'a> Settling<'a> {
    fn new(outcomes: &'a Outcomes, pushed: &Pushed) -> Self {
        let set_back = pushed.rows.iter().map(|row| Gid::from_uuid(row.gid)).collect();
        Self { outcomes, set_back, became: Vec::new(), returning: HashMap::new(), news: false }
    }
}
