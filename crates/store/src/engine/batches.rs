//! What was written at once: which changes came together, who made them and why.
//!
//! Each job of the writer that changes rows notes itself once, at its end, one line a region that it touched. The lines of
//! the history that belong to it bear its number.

use merge::Written;
use model::{SiteId, Value};

use super::history;
use crate::{
    Result,
    deed::Deed,
    desk::{Desk, Wrote},
    query::text,
    shape::BATCHES,
};

/// How changes came to be.
#[derive(Clone, Copy, Default)]
pub(crate) struct Came<'a> {
    pub kind: &'static str,
    /// Empty: not known.
    pub who: &'a str,
    pub why: &'a str,
    /// What they undo; empty: nothing.
    pub undoes: &'a str,
}

impl Came<'_> {
    pub fn of(kind: &'static str) -> Self {
        Self { kind, ..Self::default() }
    }
}

pub(super) fn count(wrote: &mut Wrote, written: &Written, region: Option<String>) {
    let at = match history::deed(written) {
        Deed::Insert | Deed::Revive => 0,
        Deed::Update => 1,
        Deed::Delete => 2,
        Deed::Refused => return,
    };
    wrote.entry(region.unwrap_or_default()).or_default()[at] += 1;
}

/// Ends a batch; one that wrote nothing leaves nothing.
pub(super) async fn write(desk: &mut Desk<'_>, site: SiteId, came: &Came<'_>) -> Result<()> {
    let wrote = std::mem::take(&mut desk.wrote).into_iter();
    let rows = wrote.map(|(region, counts)| {
        let own = [
            Value::Int(desk.batch),
            text(region),
            Value::Int(desk.meta.rev.0),
            Value::Int(i64::from(site.0)),
            Value::Int(desk.now_ms),
            text(came.kind),
            said(came.who),
            said(came.why),
            said(came.undoes),
        ];
        own.into_iter().chain(counts.map(Value::Int)).collect()
    });
    let rows: Vec<_> = rows.collect();
    desk.db.add(BATCHES, &rows).await
}

fn said(of: &str) -> Value {
    if of.is_empty() { Value::Null } else { text(of) }
}
