//! What waits for people to decide, as one of them may see it.
//!
//! Owns who sees and who decides which conflict and which held batch: a page asks here, and is refused here. The one thing
//! to know: what is of another region is as if it were not there, for whoever asks.

use std::collections::{BTreeSet, HashSet};

use merge::{ColumnId, Region, TableId};
use model::Value;

use crate::{
    ConflictLine, ConflictState, Error, HeldBatch, KeptConflict, Rejected, Result, Unfit, Viewer, conflicts,
    desk::Hub,
    engine,
    query::{Db, text},
    shape::{AUDIT, HELD, SITES},
    tell,
};

const CONFLICT_COUNTS: &str = include_str!("sql/conflicts.sql");

/// What a person can decide about, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// That nobody has decided.
    pub conflicts: u64,
    pub held: u64,
    /// What should be looked at, as far as it is known.
    pub alerts: u64,
}

/// Which conflicts are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConflictsAsked {
    /// Among those that the viewer sees.
    pub region: Option<String>,
    /// By its name in the database.
    pub table: Option<String>,
    /// Of the open ones, from 1.
    pub page: usize,
    /// Of the decided ones, from 1.
    pub past: usize,
    /// On a page.
    pub rows: usize,
}

/// A page of conflicts.
#[derive(Clone, Debug, PartialEq)]
pub struct ConflictsListed {
    /// Up to this change it is so.
    pub rev: i64,
    /// Newest first.
    pub open: Vec<ConflictLine>,
    /// The page that is told, which may be an earlier one than was asked for; then how many there are, and how many of
    /// all these conflicts.
    pub open_page: (usize, usize, usize),
    /// What was decided last first.
    pub decided: Vec<ConflictLine>,
    pub decided_page: (usize, usize, usize),
    /// What can be asked for: the regions and tables of what the viewer sees.
    pub regions: Vec<String>,
    pub tables: Vec<String>,
}

/// What came of a decision about a conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    Done,
    /// Somebody has decided it before.
    Before {
        who: String,
        at_ms: i64,
    },
    /// The row, or what it refers to, is not there any more.
    Gone,
    /// Something came in after it, which would be overwritten.
    Later,
    /// Another row bears the name that the value would give to this one.
    Named,
    /// What was typed is no value of the column.
    Unfit(Unfit),
}

/// A batch that does not wait any more, or does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedBatch {
    pub batch: HeldBatch,
    pub waits: bool,
    /// Who decided it; `None`: nobody: a later file took its place, or it waits.
    pub who: Option<String>,
}

/// Why a person does not decide something.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// There is none of this number, or it is another region's.
    #[error("there is nothing of this number")]
    Missing,
    #[error("people of this role do not decide")]
    Role,
    #[error(transparent)]
    Rejected(#[from] Rejected),
}

impl From<Error> for Denied {
    fn from(error: Error) -> Self {
        Self::Rejected(error.into())
    }
}

pub(crate) async fn waiting(db: &mut Db, hub: &Hub, viewer: &Viewer) -> Result<Waiting> {
    let held = held(db, viewer).await?.len() as u64;
    let mut conflicts = 0;
    for state in [ConflictState::New, ConflictState::Seen] {
        let mut with = vec![("state", text(state.word()))];
        if let Region::Named(name) = viewer.region() {
            with.push(("region", text(name)));
        }
        conflicts += db.count(CONFLICT_COUNTS, &with).await?;
    }
    if conflicts > 0 && *viewer.region() != Region::All {
        conflicts = conflicts::open_ids(db, hub, viewer.region()).await?.len() as u64;
    }
    Ok(Waiting { conflicts, held, alerts: 0 })
}

/// Conflicts of a page before they are told to a viewer.
pub(crate) struct Found {
    pub open: Vec<KeptConflict>,
    pub decided: Vec<KeptConflict>,
    /// Without lines.
    pub listed: ConflictsListed,
}

pub(crate) async fn find(db: &mut Db, hub: &Hub, viewer: &Viewer, asked: &ConflictsAsked) -> Result<Found> {
    let sees = (hub, viewer.region());
    let states = [ConflictState::New, ConflictState::Seen, ConflictState::Decided];
    let mut all = conflicts::glances(db, sees, &states).await?;
    let regions: BTreeSet<_> = all.iter().filter_map(|one| one.region.clone()).collect();
    let tables: BTreeSet<_> = all.iter().map(|one| one.table.clone()).collect();
    all.retain(|one| asked.table.as_ref().is_none_or(|table| *table == one.table));
    all.retain(|one| asked.region.is_none() || asked.region == one.region);
    let (mut decided, open): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|one| one.state == ConflictState::Decided);
    decided.sort_by_key(|one| std::cmp::Reverse((one.looked_ms, one.id)));
    let open: Vec<i64> = open.iter().map(|one| one.id).collect();
    let decided: Vec<i64> = decided.iter().map(|one| one.id).collect();
    let (open, open_page) = page(&open, asked.page, asked.rows);
    let (past, decided_page) = page(&decided, asked.past, asked.rows);
    let mut decided = conflicts::these(db, sees, past.iter().copied()).await?;
    decided.sort_by_key(|one| past.iter().position(|id| *id == one.id));
    let listed = ConflictsListed {
        rev: 0,
        open: Vec::new(),
        open_page,
        decided: Vec::new(),
        decided_page,
        regions: regions.into_iter().collect(),
        tables: tables.into_iter().collect(),
    };
    Ok(Found { open: conflicts::these(db, sees, open.iter().copied()).await?, decided, listed })
}

/// The numbers of a page, and which page of how many of how many it is.
fn page(ids: &[i64], asked: usize, rows: usize) -> (&[i64], (usize, usize, usize)) {
    let rows = rows.max(1);
    let pages = ids.len().div_ceil(rows).max(1);
    let page = asked.clamp(1, pages);
    let from = (page - 1) * rows;
    (&ids[from..ids.len().min(from + rows)], (page, pages, ids.len()))
}

/// How a conflict stands that a viewer may see; `None`: as if there were none.
pub(crate) async fn settled(
    db: &mut Db,
    hub: &Hub,
    viewer: &Viewer,
    id: i64,
) -> Result<Option<(ConflictState, String, i64)>> {
    let Some(entry) = conflicts::Entry::find(db, id).await? else { return Ok(None) };
    if !conflicts::is_of(db, (hub, viewer.region()), &entry).await? {
        return Ok(None);
    }
    let (who, at_ms) = entry.looked()?;
    Ok(Some((entry.state()?, who, at_ms)))
}

/// The column that a conflict is about; `None`: it is about the row, the column is no more, or it says the region, which
/// is nobody's to type.
pub(crate) async fn column(db: &mut Db, hub: &Hub, id: i64) -> Result<Option<(TableId, ColumnId)>> {
    let Some(entry) = conflicts::Entry::find(db, id).await? else { return Ok(None) };
    let (Some(table), Some(column)) = (hub.rules.table(entry.table()?), entry.column()?) else {
        return Ok(None);
    };
    let rule = &hub.rules[table];
    let column = rule.column(column).filter(|column| rule.region_columns().0 != Some(*column));
    Ok(column.map(|column| (table, column)))
}

/// Batches that wait, of the viewer's sites; oldest first.
pub(crate) async fn held(db: &mut Db, viewer: &Viewer) -> Result<Vec<HeldBatch>> {
    let mut held = tell::held(db).await?;
    if !held.is_empty() {
        let sites = sites(db, viewer.region()).await?;
        held.retain(|batch| *viewer.region() == Region::All || sites.contains(&batch.site));
    }
    Ok(held)
}

/// Sites of this region.
async fn sites(db: &mut Db, region: &Region) -> Result<HashSet<u32>> {
    let mut own = HashSet::new();
    for row in db.find(SITES, &[]).await? {
        if *region == Region::new(row.text(2)?) {
            own.insert(tell::site(&row, 0)?);
        }
    }
    Ok(own)
}

/// A batch by its number, whether it waits or not; `None`: there is none that the viewer may see.
pub(crate) async fn batch(db: &mut Db, viewer: &Viewer, id: i64) -> Result<Option<EndedBatch>> {
    let Some(row) = db.find(HELD, &[("id", Value::Int(id))]).await?.pop() else { return Ok(None) };
    let batch = tell::held_batch(&row)?;
    if *viewer.region() != Region::All && !sites(db, viewer.region()).await?.contains(&batch.site) {
        return Ok(None);
    }
    let waits = row.text(6)? == engine::WAITING;
    let mut who = None;
    if !waits {
        let with = [("action", row.0[6].clone()), ("what", row.0[4].clone())];
        let lines = db.find(AUDIT, &with).await?;
        let last = lines.iter().max_by_key(|line| line.int(0).unwrap_or_default());
        let is_decided = row.text(6)? != engine::SUPERSEDED;
        who = last.filter(|_| is_decided).map(|line| line.text(2).map(str::to_owned)).transpose()?;
    }
    Ok(Some(EndedBatch { batch, waits, who }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_is_not_there_is_the_last_one() {
        assert_eq!(page(&[5, 4, 3], 2, 2), (&[3][..], (2, 2, 3)));
        assert_eq!(page(&[5, 4, 3], 9, 2), (&[3][..], (2, 2, 3)));
        assert_eq!(page(&[5, 4, 3], 0, 2), (&[5, 4][..], (1, 2, 3)));
        assert_eq!(page(&[], usize::MAX, 0), (&[][..], (1, 1, 0)));
    }
}
