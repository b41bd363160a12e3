//! The source side of a run: pages read ahead by a task of its own, settled, mapped, and handed over in key order.

use std::{cmp::Ordering, collections::HashSet, sync::Arc};

use database::{Read, Session};
use model::{Batch, Key, Misfit, Page, Rejected, Value, Zone};
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    task::JoinHandle,
};

use crate::{
    bind::Bound,
    error::{Error, Result},
    map::{self, Found},
};

/// Rows of a page at the most, unless a run asks for fewer. **Units**: rows.
pub(crate) const PAGE_ROWS: usize = 32_768;
/// Size of a page, roughly. **Units**: bytes.
pub(crate) const PAGE_BYTES: usize = 6 << 20;

/// A stretch of keys: after one, up to and including another; open where `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub after: Option<Key>,
    pub up_to: Option<Key>,
}

/// Target rows made of one source page.
#[derive(Debug)]
pub(crate) struct Stretch {
    pub batch: Batch,
    pub rejected: Vec<Rejected>,
}

/// Everything that reading a flow's source needs besides the session.
#[derive(Debug)]
pub(crate) struct Reading {
    pub bound: Bound,
    pub found: Found,
    pub excluded: HashSet<Value>,
    pub zone: Zone,
}

/// A running reader; it gives its session back at the end.
pub(crate) struct Reader {
    pages: Receiver<Result<Stretch>>,
    task: JoinHandle<Box<dyn Session>>,
}

impl Reader {
    pub(crate) fn start(reading: Arc<Reading>, mut session: Box<dyn Session>, span: Span) -> Self {
        let (send, pages) = mpsc::channel(2);
        let task = tokio::spawn(async move {
            if let Err(error) = produce(&reading, session.as_mut(), &span, &send).await {
                // The other side may have gone already, with an error of its own.
                let _ = send.send(Err(error)).await;
            }
            session
        });
        Self { pages, task }
    }

    /// The next rows in key order; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Stretch>> {
        self.pages.recv().await.transpose()
    }

    pub(crate) async fn finish(self) -> Result<Box<dyn Session>> {
        drop(self.pages);
        self.task.await.map_err(|_| Error::ReaderLost)
    }
}

async fn produce(
    reading: &Reading,
    session: &mut dyn Session,
    span: &Span,
    send: &Sender<Result<Stretch>>,
) -> Result<()> {
    let bound = &reading.bound;
    let whole = matches!(bound.relation, database::Relation::Query(_));
    let mut after = span.after.clone();
    let mut held: Option<Batch> = None;
    loop {
        let read = Read {
            from: &bound.relation,
            columns: &bound.reads,
            key: &bound.page_key,
            filter: &bound.filter,
            after: after.as_ref(),
            up_to: span.up_to.as_ref(),
            rows: (!whole).then_some(bound.batch_rows),
            bytes: (!whole).then_some(PAGE_BYTES),
            zone: &reading.zone,
        };
        let Page { batch, mut rejected, next } =
            session.read(&read).await.map_err(Error::database(&bound.flow.source.database))?;
        refuse_disorder(bound, &batch, after.as_ref())?;
        shorten_keys(bound, &mut rejected);
        let batch = settle(reading, batch, &mut held, next.is_none(), &mut rejected);
        let batch = map::map(bound, batch, &mut rejected, &reading.found, &reading.zone);
        if send.send(Ok(Stretch { batch, rejected })).await.is_err() || next.is_none() {
            return Ok(());
        }
        after = next;
    }
}

/// A damaged file may hand out rows in another order than that of their keys; a comparison that walks both sides in
/// that order would take rows that stand elsewhere for gone.
fn refuse_disorder(bound: &Bound, page: &Batch, after: Option<&Key>) -> Result<()> {
    let key = &bound.page_key;
    let key_of = |at| page.key(key, at);
    let first = (page.rows() > 0).then_some(0).filter(|at| after.is_some_and(|after| key_of(*at) <= *after));
    let back = |at: &usize| page.order(key, *at - 1, page, *at) == Ordering::Greater;
    match first.or_else(|| (1..page.rows()).find(back)) {
        Some(at) => Err(Error::Disordered(key_of(at))),
        None => Ok(()),
    }
}

/// Rejected rows are told by the true key, without the row's place that pages were cut by.
fn shorten_keys(bound: &Bound, rejected: &mut [Rejected]) {
    if bound.is_keyless() {
        return;
    }
    rejected.iter_mut().for_each(|row| row.key.0.truncate(bound.source_key.len()));
}

/// Leaves out excluded rows and keeps one of several rows with the same key. The last group of a page is held back
/// while more may follow.
fn settle(
    reading: &Reading,
    page: Batch,
    held: &mut Option<Batch>,
    last: bool,
    rejected: &mut Vec<Rejected>,
) -> Batch {
    let bound = &reading.bound;
    let names: Vec<String> =
        bound.source_key.iter().map(|at| bound.reads[*at].column.name().to_owned()).collect();
    let unique = bound.is_keyless() || bound.source.as_ref().is_some_and(|table| table.is_unique(&names));
    if unique && reading.excluded.is_empty() {
        return page;
    }
    let types = || bound.reads.iter().map(|read| &read.wanted);
    let mut rows = held.take().unwrap_or_else(|| Batch::new(types()));
    for at in 0..page.rows() {
        let excluded =
            bound.without.is_some_and(|column| reading.excluded.contains(&page.columns[column].value(at)));
        if !excluded {
            rows.push_from(&page, at);
        }
    }
    if unique {
        return rows;
    }
    let mut settled = Batch::new(types());
    let mut start = 0;
    while start < rows.rows() {
        let same = |at: &usize| rows.order(&bound.source_key, start, &rows, *at) == Ordering::Equal;
        let end = (start + 1..rows.rows()).find(|at| !same(at)).unwrap_or(rows.rows());
        if end == rows.rows() && !last {
            let mut rest = Batch::new(types());
            rest.extend(&rows, start, end);
            *held = Some(rest);
            break;
        }
        let winner = newest(bound, &rows, start, end);
        settled.push_from(&rows, winner);
        let loser = |at: usize| Rejected {
            key: rows.key(&bound.source_key, at),
            column: String::new(),
            reason: Misfit::DuplicateKey,
        };
        rejected.extend((start..end).filter(|at| *at != winner).map(loser));
        start = end;
    }
    settled
}

fn newest(bound: &Bound, rows: &Batch, start: usize, end: usize) -> usize {
    let Some(column) = bound.newest else { return end - 1 };
    let column = &rows.columns[column];
    (start..end).max_by(|a, b| column.order(*a, column, *b)).unwrap_or(start)
}
