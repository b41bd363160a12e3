//! Questions about the store, answered from its tables.

use merge::Region;
use model::{Gid, Rev, Value};

use crate::{
    Alert, ConflictState, Error, HeldBatch, Open, RecentChange, Result, Status, engine,
    meta::Meta,
    query::{Db, Row, text},
    shape::{ALERTS, HELD, LOG, REGIONS},
};

const ALERT_COUNTS: &str = include_str!("sql/alerts.sql");
const CONFLICT_COUNTS: &str = include_str!("sql/conflicts.sql");
const HELD_COUNTS: &str = include_str!("sql/held.sql");

/// What there is besides the rows, which are counted.
pub(crate) async fn status(db: &mut Db, mut status: Status) -> Result<Status> {
    status.held = db.count(HELD_COUNTS, &[("state", text(engine::WAITING))]).await?;
    let Open { conflicts, alerts } = open(db, &Region::All).await?;
    (status.conflicts_open, status.alerts) = (conflicts, alerts);
    for row in db.find(REGIONS, &[]).await? {
        let counted = status.regions.entry(row.text(0)?.to_owned()).or_default();
        counted.last_entry_ms = row.int_or_none(1)?;
    }
    Ok(status)
}

/// Counted by the database: these tables only grow.
pub(crate) async fn open(db: &mut Db, region: &Region) -> Result<Open> {
    let of = match region {
        Region::All => Vec::new(),
        Region::Named(name) => vec![("region", text(name))],
    };
    let alerts = db.count(ALERT_COUNTS, &of).await?;
    let new = ("state", text(ConflictState::New.word()));
    let conflicts = db.count(CONFLICT_COUNTS, &[vec![new], of].concat()).await?;
    Ok(Open { conflicts, alerts })
}

pub(crate) async fn recent(db: &mut Db, region: &Region, count: usize) -> Result<Vec<RecentChange>> {
    let with = match region {
        Region::All => Vec::new(),
        Region::Named(name) => vec![("region", text(name))],
    };
    let last = Meta::load(db).await?.rev.0;
    let floor = if with.is_empty() { NO_FLOOR } else { last.saturating_sub(LOOKED_MAX) };
    let rows = newest(db, (LOG, "rev"), &with, (floor, last, count)).await?;
    let mut changes = rows.iter().map(change).collect::<Result<Vec<_>>>()?;
    changes.sort_by(|a, b| (b.rev, &b.gid).cmp(&(a.rev, &a.gid)));
    changes.truncate(count);
    Ok(changes)
}

/// A line of the last change up to a rev.
pub(crate) async fn last_line(db: &mut Db, upto: i64) -> Result<Option<Row>> {
    let rows = newest(db, (LOG, "rev"), &[], (NO_FLOOR, upto, 1)).await?;
    Ok(rows.into_iter().max_by_key(|row| row.int(0).unwrap_or_default()))
}

/// A change by its number; of the rows that it wrote this one, or else one that went with it.
pub(crate) async fn change_of(db: &mut Db, rev: Rev, gid: Gid) -> Result<RecentChange> {
    let rows = db.find(LOG, &[("rev", Value::Int(rev.0))]).await?;
    let mut changes = rows.iter().map(change).collect::<Result<Vec<_>>>()?;
    let of = gid.to_string();
    changes.sort_by_key(|change| (!change.is_change(), change.gid != of));
    changes.into_iter().next().ok_or(Error::Broken("a change is not in the history"))
}

/// Rows that have these values, and whose `column`, the first of the key, is highest: `count` of them or some more, if
/// there are so many above `floor`; in no order. `last` is the last number that was given.
pub(crate) async fn newest(
    db: &mut Db,
    (table, column): (&str, &str),
    with: &[(&str, Value)],
    (floor, last, count): (i64, i64, usize),
) -> Result<Vec<Row>> {
    let mut before = last.saturating_add(1);
    let mut back = i64::try_from(count).unwrap_or(i64::MAX).clamp(1, BACK_MAX);
    let mut rows = Vec::new();
    // Not every number became such a row: look further back until there are enough, or no more.
    while rows.len() < count && before > floor.saturating_add(1) {
        let after = before.saturating_sub(back).saturating_sub(1).max(floor);
        rows.append(&mut db.find_between(table, with, column, (after, before)).await?);
        before = after.saturating_add(1);
        back = back.saturating_mul(4).min(BACK_MAX);
    }
    Ok(rows)
}

/// Numbers that are looked through for the changes of one region: what is older is no news, and a region that has hardly
/// any would cost the whole history.
pub(crate) const LOOKED_MAX: i64 = 200_000;
pub(crate) const NO_FLOOR: i64 = -1;
/// Numbers that are looked through at once.
const BACK_MAX: i64 = 10_000;

pub(crate) fn change(row: &Row) -> Result<RecentChange> {
    Ok(RecentChange {
        rev: row.int(0)?,
        gid: row.uuid(1)?.to_string(),
        table: row.text(2)?.to_owned(),
        site: site(row, 3)?,
        at_ms: row.int(5)?,
        action: row.text(6)?.to_owned(),
        region: row.text_or_none(7)?.map(str::to_owned),
        before: json(row, 8)?,
        after: json(row, 9)?,
        batch: row.int_or_none(10)?,
    })
}

pub(crate) async fn held(db: &mut Db) -> Result<Vec<HeldBatch>> {
    let rows = db.find(HELD, &[("state", text(engine::WAITING))]).await?;
    let mut batches = rows.iter().map(held_batch).collect::<Result<Vec<_>>>()?;
    batches.sort_by_key(|batch| batch.id);
    Ok(batches)
}

pub(crate) fn held_batch(row: &Row) -> Result<HeldBatch> {
    let tables = serde_json::from_str(row.text(5)?);
    let tables = tables.map_err(|_| Error::Broken("a held batch cannot be read"))?;
    Ok(HeldBatch { id: row.int(0)?, site: site(row, 1)?, tables, at_ms: row.int(8)? })
}

pub(crate) async fn alerts(db: &mut Db) -> Result<Vec<Alert>> {
    alerts_since(db, i64::MIN).await
}

/// Those of this moment and later, newest first.
pub(crate) async fn alerts_since(db: &mut Db, ms: i64) -> Result<Vec<Alert>> {
    let rows = db.find_between(ALERTS, &[], "at", (ms.saturating_sub(1), i64::MAX)).await?;
    let mut alerts = rows.iter().map(alert).collect::<Result<Vec<_>>>()?;
    alerts.sort_by_key(|alert| std::cmp::Reverse(alert.id));
    Ok(alerts)
}

fn alert(row: &Row) -> Result<Alert> {
    let (kind, what) = (row.text(2)?.to_owned(), row.text(3)?.to_owned());
    let rows = u64::try_from(row.int(4)?).unwrap_or_default();
    Ok(Alert { id: row.int(0)?, site: site(row, 1)?, kind, what, rows, at_ms: row.int(5)? })
}

pub(crate) fn site(row: &Row, at: usize) -> Result<u32> {
    u32::try_from(row.int(at)?).map_err(|_| Error::Broken("a site's number cannot be read"))
}

pub(crate) fn json(row: &Row, at: usize) -> Result<Option<serde_json::Value>> {
    let parsed = row.text_or_none(at)?.map(serde_json::from_str).transpose();
    parsed.map_err(|_| Error::Broken("a line of the history cannot be read"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use database::Begin;

    use super::*;
    use crate::{Settings, desk::Hub, shape::AUDIT, writer};

    #[tokio::test]
    async fn nobody_looks_further_back_than_said() {
        let folder = tempfile::tempdir().unwrap();
        let hub = Arc::new(Hub::new(Settings::test(folder.path())).await.unwrap());
        let mut db = writer::prepare(&hub).await.unwrap();
        db.session.begin(Begin::Own).await.unwrap();
        for id in 1..=9 {
            let row = vec![
                Value::Int(id),
                Value::Int(0),
                text("somebody"),
                text("note"),
                text(""),
                text(""),
                text(""),
            ];
            db.add(AUDIT, &[row]).await.unwrap();
        }
        for (floor, found) in [(NO_FLOOR, 9), (0, 9), (6, 3), (9, 0)] {
            let with = [("who", text("somebody"))];
            let rows = newest(&mut db, (AUDIT, "id"), &with, (floor, 9, 100)).await.unwrap();
            assert_eq!(rows.len(), found, "above {floor}");
        }
    }
}
