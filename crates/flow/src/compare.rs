//! Two ordered streams of rows, one from the source and one from the target, walked side by side.
//!
//! Memory holds a page of each, whatever the tables' sizes.

use std::{cmp::Ordering, collections::HashSet};

use database::{ColumnRead, Read, Relation, Session};
use model::{Batch, Key, Page, Zone};

use crate::{
    bind::Bound,
    definition::{Missing, Rows},
    error::{Error, Result},
    source::{PAGE_BYTES, Reader, Span, Stretch},
    write::Writer,
};

/// The target's rows of one span.
struct Existing<'a> {
    bound: &'a Bound,
    columns: Vec<ColumnRead>,
    relation: Relation,
    span: &'a Span,
    zone: &'a Zone,
    page: Batch,
    at: usize,
    next: Option<Key>,
    done: bool,
    /// Rows that the target holds in a form that its own column types do not allow: told apart, to be written anew.
    unreadable: HashSet<Key>,
}

impl<'a> Existing<'a> {
    fn new(bound: &'a Bound, span: &'a Span, zone: &'a Zone) -> Self {
        let columns = bound
            .columns
            .iter()
            .map(|column| ColumnRead::new(column.clone(), bound.target_column(column).data_type.clone()))
            .collect();
        Self {
            bound,
            columns,
            relation: Relation::Table(bound.target.name.clone()),
            span,
            zone,
            page: Batch::new(bound.types()),
            at: 0,
            next: span.after.clone(),
            done: bound.create,
            unreadable: HashSet::new(),
        }
    }

    /// Whether a row is at hand, reading the next page if need be.
    async fn fill(&mut self, session: &mut dyn Session) -> Result<bool> {
        while self.at == self.page.rows() && !self.done {
            let read = Read {
                from: &self.relation,
                columns: &self.columns,
                key: &self.bound.key,
                filter: &[],
                after: self.next.as_ref(),
                up_to: self.span.up_to.as_ref(),
                rows: Some(self.bound.batch_rows),
                bytes: Some(PAGE_BYTES),
                zone: self.zone,
            };
            let page =
                session.read(&read).await.map_err(Error::database(&self.bound.flow.target.database))?;
            let Page { batch, rejected, next } = page;
            self.unreadable.extend(rejected.into_iter().map(|row| row.key));
            (self.page, self.at, self.done, self.next) = (batch, 0, next.is_none(), next);
        }
        Ok(self.at < self.page.rows())
    }

    /// Steps to the next row; the target must not hold a key twice.
    fn step(&mut self) -> Result<()> {
        self.at += 1;
        let key = &self.bound.key;
        if self.at < self.page.rows()
            && self.page.order(key, self.at - 1, &self.page, self.at) == Ordering::Equal
        {
            return Err(Error::TargetKeyRepeats(self.page.key(key, self.at)));
        }
        Ok(())
    }
}

/// Compares one span and hands every difference to `writer`.
pub(crate) async fn compare(
    bound: &Bound,
    source: &mut Reader,
    session: &mut dyn Session,
    span: &Span,
    writer: &mut Writer<'_>,
) -> Result<()> {
    let zone = writer.zone;
    let mut existing = Existing::new(bound, span, zone);
    while let Some(Stretch { batch, rejected }) = source.next().await? {
        writer.reject(rejected);
        writer.see(&batch);
        for at in 0..batch.rows() {
            loop {
                if !existing.fill(session).await? {
                    new_row(&batch, at, &existing, writer);
                    break;
                }
                match batch.order(&bound.key, at, &existing.page, existing.at) {
                    Ordering::Less => {
                        new_row(&batch, at, &existing, writer);
                        break;
                    }
                    Ordering::Equal => {
                        known_row(bound, &batch, at, &existing, writer);
                        existing.step()?;
                        break;
                    }
                    Ordering::Greater => {
                        gone_row(bound, &existing, writer);
                        existing.step()?;
                    }
                }
            }
        }
        writer.flush_if_full(session).await?;
    }
    if bound.flow.target.missing == Missing::Delete {
        while existing.fill(session).await? {
            gone_row(bound, &existing, writer);
            existing.step()?;
        }
        existing.unreadable.drain().for_each(|key| writer.gone(key));
    }
    Ok(())
}

fn new_row(batch: &Batch, at: usize, existing: &Existing<'_>, writer: &mut Writer<'_>) {
    let key = || batch.key(&existing.bound.key, at);
    if !existing.unreadable.is_empty() && existing.unreadable.contains(&key()) {
        writer.present(key());
        writer.change(batch, at, None);
    } else if existing.bound.flow.target.rows == Rows::All {
        writer.add(batch, at);
    }
}

fn known_row(bound: &Bound, batch: &Batch, at: usize, existing: &Existing<'_>, writer: &mut Writer<'_>) {
    if differs(bound, batch, at, &existing.page, existing.at) {
        writer.change(batch, at, Some((&existing.page, existing.at)));
    } else {
        writer.report.unchanged += 1;
    }
}

fn gone_row(bound: &Bound, existing: &Existing<'_>, writer: &mut Writer<'_>) {
    if bound.flow.target.missing == Missing::Delete {
        writer.gone(existing.page.key(&bound.key, existing.at));
    }
}

/// Whether the source's row would change the target's.
pub(crate) fn differs(bound: &Bound, batch: &Batch, at: usize, page: &Batch, page_at: usize) -> bool {
    batch.columns.iter().zip(&page.columns).enumerate().any(|(column, (new, old))| {
        if new.same(at, old, page_at) || bound.insert_only.contains(&column) {
            return false;
        }
        !bound.greater.contains(&column) || new.order(at, old, page_at) == Ordering::Greater
    })
}
