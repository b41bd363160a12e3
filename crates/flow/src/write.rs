//! The target side of a run: differences are gathered, written in batches, and rows that the target refuses are set
//! aside one by one.

use std::{cmp::Ordering, collections::HashSet};

use database::{ColumnRef, Session, Write};
use model::{Batch, Key, Misfit, Policy, Rejected, Value, Zone, policy};

use crate::{
    bind::Bound,
    error::{Error, Result},
    report::{Action, FlowReport, Planned},
    source::PAGE_BYTES,
};

/// What becomes of differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Write,
    /// Only counted, the first few shown.
    Plan,
}

/// Gathers and writes the differences of one flow.
pub(crate) struct Writer<'a> {
    pub bound: &'a Bound,
    pub zone: &'a Zone,
    pub report: FlowReport,
    mode: Mode,
    /// Steps that a plan shows.
    shown: usize,
    added: Batch,
    changed: Batch,
    /// Changed rows in which no mark rises: marks are left as they are, also when somebody sets one meanwhile.
    unmarked: Batch,
    /// Columns that such rows leave alone.
    kept: Vec<usize>,
    gone: Vec<Key>,
    /// Keys that the source has although their rows could not be read: never deleted.
    present: HashSet<Key>,
    pub parked: Vec<Rejected>,
    /// Keys of the rows that came through, kept only when the source is to be told.
    pub arrived: Vec<Key>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Statement {
    Insert,
    /// Leaves the marks of rows that are there as they are.
    Upsert,
    /// Sets marks, too.
    Mark,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(bound: &'a Bound, zone: &'a Zone, mode: Mode, shown: usize) -> Self {
        let empty = || Batch::new(bound.types());
        Self {
            bound,
            zone,
            report: FlowReport::new(&bound.flow.name),
            mode,
            shown,
            added: empty(),
            changed: empty(),
            unmarked: empty(),
            kept: bound.insert_only.iter().chain(&bound.greater).copied().collect(),
            gone: Vec::new(),
            present: HashSet::new(),
            parked: Vec::new(),
            arrived: Vec::new(),
        }
    }

    /// Counts the rows of a page, and remembers their keys when the source is to be told.
    pub(crate) fn see(&mut self, batch: &Batch) {
        self.report.read += batch.rows() as u64;
        if self.bound.flow.source.done.is_some() {
            self.arrived.extend((0..batch.rows()).map(|at| batch.key(&self.bound.key, at)));
        }
    }

    /// Sets rows aside that could not be read or mapped.
    pub(crate) fn reject(&mut self, rejected: Vec<Rejected>) {
        self.report.read += rejected.len() as u64;
        self.present.extend(rejected.iter().map(|row| row.key.clone()));
        self.parked.extend(rejected);
    }

    /// Rows that wait to be added.
    pub(crate) fn waiting(&self) -> u64 {
        self.added.rows() as u64
    }

    pub(crate) fn forget_added(&mut self) {
        self.added = Batch::new(self.bound.types());
    }

    pub(crate) fn plans(&self) -> bool {
        self.mode == Mode::Plan
    }

    pub(crate) fn present(&mut self, key: Key) {
        self.present.insert(key);
    }

    pub(crate) fn add(&mut self, batch: &Batch, at: usize) {
        self.plan(Action::Insert, || batch.key(&self.bound.key, at), Vec::new);
        self.added.push_from(batch, at);
    }

    /// A row that differs from `old` (or whose old form could not be read).
    pub(crate) fn change(&mut self, batch: &Batch, at: usize, old: Option<(&Batch, usize)>) {
        let bound = self.bound;
        self.plan(Action::Update, || batch.key(&bound.key, at), || changed_columns(bound, batch, at, old));
        let rises = |column: usize| {
            old.is_some_and(|(page, old_at)| {
                batch.columns[column].order(at, &page.columns[column], old_at) == Ordering::Greater
            })
        };
        if !bound.greater.iter().any(|column| rises(*column)) {
            return self.unmarked.push_from(batch, at);
        }
        let cells = batch.columns.iter().enumerate().map(|(column, new)| match old {
            Some((page, old_at)) if bound.greater.contains(&column) && !rises(column) => {
                page.columns[column].cell(old_at)
            }
            _ => new.cell(at),
        });
        self.changed.push_row(cells);
    }

    pub(crate) fn gone(&mut self, key: Key) {
        self.gone.push(key);
    }

    fn plan(&mut self, action: Action, key: impl FnOnce() -> Key, columns: impl FnOnce() -> Vec<String>) {
        if self.mode == Mode::Plan && self.report.plan.len() < self.shown {
            self.report.plan.push(Planned { action, key: key().to_string(), columns: columns() });
        }
    }

    pub(crate) async fn flush_if_full(&mut self, session: &mut dyn Session) -> Result<()> {
        let full = |batch: &Batch| batch.rows() >= self.bound.batch_rows || batch.size() >= PAGE_BYTES;
        if full(&self.added) || full(&self.changed) || full(&self.unmarked) {
            self.flush(session).await
        } else {
            Ok(())
        }
    }

    pub(crate) async fn flush(&mut self, session: &mut dyn Session) -> Result<()> {
        let empty = || Batch::new(self.bound.types());
        let added = std::mem::replace(&mut self.added, empty());
        let changed = std::mem::replace(&mut self.changed, empty());
        let unmarked = std::mem::replace(&mut self.unmarked, empty());
        self.write(session, Statement::Insert, &added).await?;
        self.write(session, Statement::Mark, &changed).await?;
        self.write(session, Statement::Upsert, &unmarked).await
    }

    /// Rows for an empty table, straight from the source's page.
    pub(crate) async fn load(&mut self, session: &mut dyn Session, batch: &Batch) -> Result<()> {
        for at in 0..batch.rows().min(self.shown) {
            self.plan(Action::Insert, || batch.key(&self.bound.key, at), Vec::new);
        }
        self.write(session, Statement::Insert, batch).await
    }

    /// Writes `rows`; when the target refuses, halves them until the bad ones are alone.
    async fn write(&mut self, session: &mut dyn Session, statement: Statement, rows: &Batch) -> Result<()> {
        if self.mode == Mode::Plan {
            match statement {
                Statement::Insert => self.report.inserted += rows.rows() as u64,
                Statement::Upsert | Statement::Mark => self.report.updated += rows.rows() as u64,
            }
            return Ok(());
        }
        let mut waiting: Vec<(Statement, usize, usize)> = vec![(statement, 0, rows.rows())];
        while let Some((statement, from, to)) = waiting.pop() {
            if from == to {
                continue;
            }
            let part;
            let batch = if (from, to) == (0, rows.rows()) {
                rows
            } else {
                part = slice(self.bound, rows, from, to);
                &part
            };
            let Err(error) = self.attempt(session, statement, batch).await? else { continue };
            let middle = from + (to - from) / 2;
            match statement {
                // Somebody may have added the row meanwhile; an upsert settles that.
                Statement::Insert if !self.bound.is_keyless() => waiting.push((Statement::Upsert, from, to)),
                _ if to - from > 1 => waiting.extend([(statement, middle, to), (statement, from, middle)]),
                _ => self.park(batch, &error),
            }
        }
        Ok(())
    }

    /// One statement under a savepoint. The inner error is one that rows are parked for.
    async fn attempt(
        &mut self,
        session: &mut dyn Session,
        statement: Statement,
        batch: &Batch,
    ) -> Result<std::result::Result<(), database::Error>> {
        let fail = Error::database(&self.bound.flow.target.database);
        session.savepoint().await.map_err(&fail)?;
        let kept = self.kept.clone();
        let bound = self.bound;
        let insert_only = if statement == Statement::Mark { &bound.insert_only } else { &kept };
        let write = Write { table: &bound.target, columns: &bound.columns, key: &bound.key, insert_only };
        let outcome = match statement {
            Statement::Insert => session.insert(&write, batch).await.map(|n| (n, 0, 0)),
            Statement::Upsert | Statement::Mark => {
                session.upsert(&write, batch).await.map(|a| (a.inserted, a.updated, a.unchanged))
            }
        };
        match outcome {
            Ok((inserted, updated, unchanged)) => {
                self.report.inserted += inserted;
                self.report.updated += updated;
                self.report.unchanged += unchanged;
                Ok(Ok(()))
            }
            Err(error) if policy(error.kind) == Policy::Park => {
                session.rollback_to_savepoint().await.map_err(fail)?;
                Ok(Err(error))
            }
            Err(error) => Err(fail(error)),
        }
    }

    fn park(&mut self, batch: &Batch, error: &database::Error) {
        let key = match self.bound.is_keyless() {
            true => Key(vec![Value::Text(crate::keyless::name(batch, 0))]),
            false => batch.key(&self.bound.key, 0),
        };
        let reason = Misfit::Refused(error.what.clone());
        self.parked.push(Rejected { key, column: error.column.clone().unwrap_or_default(), reason });
    }

    /// Deletes what is gone, unless it is too much at once. `table_rows`: rows that the source has.
    pub(crate) async fn delete_gone(
        &mut self,
        session: &mut dyn Session,
        table_rows: u64,
        allowed: bool,
    ) -> Result<()> {
        let mut gone = std::mem::take(&mut self.gone);
        gone.retain(|key| !self.present.contains(key));
        let guard = self.bound.flow.guard;
        if !allowed && too_many(gone.len() as u64, table_rows, guard.rows, guard.share) {
            self.report.held += gone.len() as u64;
            return Ok(());
        }
        for key in gone.iter().take(self.shown) {
            self.plan(Action::Delete, || key.clone(), Vec::new);
        }
        if self.mode == Mode::Plan {
            self.report.deleted += gone.len() as u64;
            return Ok(());
        }
        let columns: Vec<ColumnRef> =
            self.bound.key.iter().map(|at| self.bound.columns[*at].clone()).collect();
        let types = columns.iter().map(|column| &self.bound.target_column(column).data_type);
        for keys in batches(&gone, types.cloned().collect(), self.bound.batch_rows) {
            self.delete(session, &columns, &keys).await?;
        }
        Ok(())
    }

    /// Deletes by key, setting aside what the target does not let go.
    async fn delete(&mut self, session: &mut dyn Session, columns: &[ColumnRef], keys: &Batch) -> Result<()> {
        let fail = Error::database(&self.bound.flow.target.database);
        let places: Vec<usize> = (0..columns.len()).collect();
        let write = Write { table: &self.bound.target, columns, key: &places, insert_only: &[] };
        let mut waiting = vec![(0, keys.rows())];
        while let Some((from, to)) = waiting.pop() {
            let mut part =
                Batch::new(columns.iter().map(|column| &self.bound.target_column(column).data_type));
            part.extend(keys, from, to);
            session.savepoint().await.map_err(&fail)?;
            match session.delete(&write, &part).await {
                Ok(deleted) => self.report.deleted += deleted,
                Err(error) if policy(error.kind) == Policy::Park => {
                    session.rollback_to_savepoint().await.map_err(&fail)?;
                    if to - from > 1 {
                        let middle = from + (to - from) / 2;
                        waiting.extend([(middle, to), (from, middle)]);
                    } else {
                        let reason = Misfit::Refused(error.what.clone());
                        self.parked.push(Rejected {
                            key: part.key(&places, 0),
                            column: String::new(),
                            reason,
                        });
                    }
                }
                Err(error) => return Err(fail(error)),
            }
        }
        Ok(())
    }
}

/// More than `rows` and more than `share` of what was there.
pub(crate) fn too_many(gone: u64, remaining: u64, rows: u64, share: f64) -> bool {
    #[allow(clippy::cast_precision_loss)]
    let part = gone as f64 / (gone + remaining).max(1) as f64;
    gone > rows && part > share
}

fn slice(bound: &Bound, rows: &Batch, from: usize, to: usize) -> Batch {
    let mut part = Batch::new(bound.types());
    part.extend(rows, from, to);
    part
}

fn batches(keys: &[Key], types: Vec<model::DataType>, rows: usize) -> impl Iterator<Item = Batch> {
    keys.chunks(rows).map(move |chunk| {
        let mut batch = Batch::new(&types);
        for key in chunk {
            batch.push_row(key.0.iter().map(model::Cell::from));
        }
        batch
    })
}

fn changed_columns(bound: &Bound, batch: &Batch, at: usize, old: Option<(&Batch, usize)>) -> Vec<String> {
    let Some((page, page_at)) = old else { return Vec::new() };
    let differs = |column: &usize| !batch.columns[*column].same(at, &page.columns[*column], page_at);
    (0..bound.columns.len()).filter(differs).map(|column| bound.columns[column].name().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_many_and_a_great_share_are_held() {
        assert!(!too_many(20, 0, 20, 0.2));
        assert!(too_many(21, 50, 20, 0.2));
        assert!(!too_many(100, 900, 20, 0.2));
        assert!(too_many(300, 900, 20, 0.2));
    }
}
