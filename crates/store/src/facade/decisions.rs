//! The store as people use it who decide.

use std::collections::BTreeSet;

use model::Value;

use super::{Store, lists::Which};
use crate::{
    BatchLine, ConflictLine, ConflictState, ConflictsAsked, ConflictsListed, Decision, Denied, EndedBatch,
    Error, Figures, HeldBatch, PageColumn, Rejected, Result, Settled, Take, Unfit, Viewer, Waiting,
    conflicts::{self, Took},
    decisions, engine, lists, sites, typed,
};

impl Store {
    /// How much waits for a person.
    ///
    /// # Errors
    /// What the database says.
    pub async fn waiting(&self, viewer: &Viewer) -> Result<Waiting> {
        let alerts = self.pressing(viewer).await;
        let waiting: Waiting =
            ask_reader!(self, shown, db, decisions::waiting(db, &self.inner.hub, viewer).await)?;
        Ok(Waiting { alerts, ..waiting })
    }

    /// A page of the conflicts that a viewer sees, and of those that were decided.
    ///
    /// # Errors
    /// What the database says.
    pub async fn conflicts_listed(&self, viewer: &Viewer, asked: &ConflictsAsked) -> Result<ConflictsListed> {
        let hub = &self.inner.hub;
        let (index, mut reading) = self.at_head().await?;
        let found = decisions::find(&mut reading.db, hub, viewer, asked).await?;
        reading.done().await?;
        let scope = self.scope(&index, viewer);
        Ok(ConflictsListed {
            rev: index.rev(),
            open: found.open.into_iter().map(|one| scope.kept(one)).collect(),
            decided: found.decided.into_iter().map(|one| scope.kept(one)).collect(),
            ..found.listed
        })
    }

    /// One open conflict; `None`: there is none that the viewer sees, or it is decided.
    ///
    /// # Errors
    /// What the database says.
    pub async fn conflict_listed(&self, viewer: &Viewer, id: i64) -> Result<Option<ConflictLine>> {
        match self.conflict_of(viewer, id).await? {
            None | Some((ConflictState::Decided, ..)) => return Ok(None),
            Some(_) => {}
        }
        let hub = &self.inner.hub;
        let (index, mut reading) = self.at_head().await?;
        let found = conflicts::these(&mut reading.db, (hub, viewer.region()), [id]).await?.pop();
        reading.done().await?;
        Ok(found.map(|one| self.scope(&index, viewer).kept(one)))
    }

    /// Decides conflicts as [`Store::resolve`] does, each once; `who` is the viewer's name. Either all are the viewer's to
    /// decide, or nothing is done.
    ///
    /// # Errors
    /// [`Denied`]
    pub async fn settle(
        &self,
        (viewer, who): (&Viewer, &str),
        conflicts: &BTreeSet<i64>,
        take: Take,
    ) -> std::result::Result<Vec<(i64, Settled)>, Denied> {
        for id in conflicts {
            self.conflict_of(viewer, *id).await?.ok_or(Denied::Missing)?;
        }
        if !viewer.decides() {
            return Err(Denied::Role);
        }
        let mut all = Vec::new();
        for id in conflicts {
            all.push((*id, self.settle_one((viewer, who), *id, Took::Side(take)).await?));
        }
        Ok(all)
    }

    /// Decides a conflict with a value of the person's own, as `figures` are written: a change as [`Store::settle`] makes one.
    ///
    /// # Errors
    /// [`Denied`]; `Missing` also where it is about no column that can be typed.
    pub async fn settle_other(
        &self,
        (viewer, who): (&Viewer, &str),
        conflict: i64,
        (typed, figures): (&str, Figures),
    ) -> std::result::Result<Settled, Denied> {
        self.conflict_of(viewer, conflict).await?.ok_or(Denied::Missing)?;
        if !viewer.decides() {
            return Err(Denied::Role);
        }
        let hub = &self.inner.hub;
        let column = ask_reader!(self, shown, db, decisions::column(db, hub, conflict).await)?;
        let (table, column) = column.ok_or(Denied::Missing)?;
        if !self.is_choice(viewer, conflict, typed).await? {
            return Ok(Settled::Unfit(Unfit::Choice));
        }
        match typed::value(&hub.rules[table][column], typed, figures) {
            Err(unfit) => Ok(Settled::Unfit(unfit)),
            Ok(value) => self.settle_one((viewer, who), conflict, Took::Other(value)).await,
        }
    }

    /// Whether what is typed is a value of its column, as far as that has values to choose from. What one of the sides says
    /// is one too.
    async fn is_choice(&self, viewer: &Viewer, conflict: i64, typed: &str) -> Result<bool> {
        let Some(line) = self.conflict_listed(viewer, conflict).await? else { return Ok(true) };
        let Some(column) = self.column_of(&line) else { return Ok(true) };
        let said = [&line.winner, &line.loser].into_iter().flatten();
        let is_said = || said.map(|cell| lists::text(&cell.value)).any(|text| text.trim() == typed.trim());
        let mut chosen = column.chosen().peekable();
        Ok(chosen.peek().is_none() || chosen.any(|choice| choice.holds(typed)) || is_said())
    }

    fn column_of(&self, line: &ConflictLine) -> Option<&PageColumn> {
        self.pages().all().get(line.list?)?.columns.get(line.column?)
    }

    /// A value of the column that a conflict is about, as somebody types it who means this value.
    #[must_use]
    pub fn written(&self, line: &ConflictLine, value: &Value, figures: Figures) -> String {
        let table = line.list.map(|list| self.pages().list(list).table);
        match table.zip(self.column_of(line)) {
            Some((table, column)) => {
                typed::written(&self.inner.hub.rules[table][column.column], value, figures)
            }
            None => String::new(),
        }
    }

    async fn settle_one(
        &self,
        (viewer, who): (&Viewer, &str),
        conflict: i64,
        take: Took,
    ) -> std::result::Result<Settled, Denied> {
        let region = viewer.region().clone();
        match self.ask(engine::Resolve { conflict, take, who: sites::visible(who), region }).await {
            Ok(()) => Ok(Settled::Done),
            Err(Error::Gone) => Ok(Settled::Gone),
            Err(Error::Later(_)) => Ok(Settled::Later),
            Err(Error::Named(_)) => Ok(Settled::Named),
            Err(Error::NoConflict(_)) => match self.conflict_of(viewer, conflict).await? {
                Some((ConflictState::Decided, who, at_ms)) => Ok(Settled::Before { who, at_ms }),
                _ => Err(Denied::Missing),
            },
            Err(other) => Err(other.into()),
        }
    }

    async fn conflict_of(&self, viewer: &Viewer, id: i64) -> Result<Option<(ConflictState, String, i64)>> {
        ask_reader!(self, shown, db, decisions::settled(db, &self.inner.hub, viewer, id).await)
    }

    /// Batches that wait of the sites that a viewer sees, oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn held_listed(&self, viewer: &Viewer) -> Result<Vec<HeldBatch>> {
        ask_reader!(self, shown, db, decisions::held(db, viewer).await)
    }

    /// One batch, also when it does not wait any more; `None`: there is none that the viewer sees.
    ///
    /// # Errors
    /// What the database says.
    pub async fn held_one(&self, viewer: &Viewer, id: i64) -> Result<Option<EndedBatch>> {
        ask_reader!(self, shown, db, decisions::batch(db, viewer, id).await)
    }

    /// What a batch that waits would do, row by row: the first of it, and how much more there is. What stands in it of rows is told
    /// as it is told of any history. `None`: there is none that waits and that the viewer sees.
    ///
    /// # Errors
    /// What the database says; a file that cannot be read any more.
    pub async fn held_rows(
        &self,
        viewer: &Viewer,
        id: i64,
        lines: usize,
    ) -> std::result::Result<Option<(Vec<BatchLine>, usize)>, Rejected> {
        if self.held_one(viewer, id).await?.is_none_or(|one| !one.waits) {
            return Ok(None);
        }
        let upload = match ask_reader!(self, db, engine::is_batch(db, id).await)? {
            true => None,
            false => Some(self.held_upload(id, engine::Mode::Plan).await?),
        };
        let within = self.ask(engine::LookInto { id, upload, lines }).await?;
        Ok(Some((self.lines_as(viewer, within.lines, Which::All).await?, within.more)))
    }

    /// Settles a held batch as [`Store::decide`] does; `who` is the viewer's name.
    ///
    /// # Errors
    /// [`Denied`]; of one that waits no longer it is [`Store::decide`]'s.
    pub async fn settle_held(
        &self,
        (viewer, who): (&Viewer, &str),
        id: i64,
        decision: Decision,
    ) -> std::result::Result<(), Denied> {
        self.held_one(viewer, id).await?.ok_or(Denied::Missing)?;
        if !viewer.decides() {
            return Err(Denied::Role);
        }
        self.decide(id, decision, &sites::visible(who)).await?;
        Ok(())
    }
}
