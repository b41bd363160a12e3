//! How much came in lately: counted once, in memory, and then only what is new.
//!
//! Times are kept by the quarter of an hour, as days and hours of every zone begin with one.

use std::collections::BTreeMap;

use merge::Region;
use model::Value;

use crate::{
    Result, Viewer,
    deed::Deed,
    meta::Meta,
    query::Db,
    shape::{AUDIT, LOG},
};

const QUARTER_MS: i64 = 15 * 60 * 1000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// What is older is forgotten.
const ENTRIES_MS: i64 = 32 * DAY_MS;
const SYNCS_MS: i64 = 3 * DAY_MS;
/// Numbers that are looked through at once.
const PART: i64 = 20_000;
const SYNCS: [&str; 2] = ["upload", "push"];

/// Between which times it is counted: from each on and before the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edges<'a> {
    /// **Order**: ascending. **Units**: milliseconds since 1970, at whole quarters of an hour.
    pub entries: &'a [i64],
    pub syncs: &'a [i64],
}

/// How much there was between each two edges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trend {
    /// Rows that were added, changed or deleted, by region; those of none under the empty name.
    pub entries: BTreeMap<String, Vec<u64>>,
    /// Files and batches that were taken.
    pub syncs: Vec<u64>,
}

/// **Invariants**: right up to these numbers.
#[derive(Debug, Default)]
pub(crate) struct Trends {
    rev: i64,
    serial: i64,
    entries: Tally,
    syncs: Tally,
}

/// By quarter and region.
#[derive(Debug, Default)]
struct Tally(BTreeMap<i64, BTreeMap<String, u64>>);

impl Tally {
    fn add(&mut self, at_ms: i64, region: &str) {
        let quarter = self.0.entry(at_ms.div_euclid(QUARTER_MS)).or_default();
        match quarter.get_mut(region) {
            Some(count) => *count += 1,
            None => _ = quarter.insert(region.to_owned(), 1),
        }
    }

    fn join(&mut self, others: Self) {
        for (quarter, regions) in others.0 {
            let own = self.0.entry(quarter).or_default();
            regions.into_iter().for_each(|(region, count)| *own.entry(region).or_default() += count);
        }
    }

    fn forget(&mut self, before_ms: i64) {
        self.0 = self.0.split_off(&before_ms.div_euclid(QUARTER_MS));
    }

    /// Each region's counts, of those that are seen.
    fn between(&self, edges: &[i64], sees: &Region) -> BTreeMap<String, Vec<u64>> {
        let mut counts: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for (at, edge) in edges.windows(2).enumerate() {
            let [from, until] = [edge[0], edge[1]].map(|ms| ms.div_euclid(QUARTER_MS));
            for (region, count) in self.0.range(from..until.max(from)).flat_map(|(_, regions)| regions) {
                if matches!(sees, Region::Named(own) if own != region) {
                    continue;
                }
                let none = || vec![0; edges.len() - 1];
                counts.entry(region.clone()).or_insert_with(none)[at] += count;
            }
        }
        counts
    }
}

impl Trends {
    /// Takes in what came since, all at once: nobody who stops waiting leaves a part of it behind.
    pub async fn follow(&mut self, db: &mut Db, now_ms: i64) -> Result<()> {
        let meta = Meta::load(db).await?;
        let (oldest_entry, oldest_sync) = (now_ms - ENTRIES_MS, now_ms - SYNCS_MS);
        if meta.rev.0 < self.rev || meta.serial() < self.serial {
            *self = Self::default();
        }
        // Region, time, and what happened.
        let log = Reading { table: LOG, number: "rev", columns: [7, 5, 6], oldest_ms: oldest_entry };
        let [mut entries, mut syncs] = [Tally::default(), Tally::default()];
        let add = |at_ms, region: &str, action: &str| {
            if Deed::named(action).is_some_and(Deed::is_change) {
                entries.add(at_ms, region);
            }
        };
        log.since(db, (self.rev, meta.rev.0), add).await?;
        let audit = Reading { table: AUDIT, number: "id", columns: [6, 1, 3], oldest_ms: oldest_sync };
        let add = |at_ms, region: &str, action: &str| {
            if SYNCS.contains(&action) {
                syncs.add(at_ms, region);
            }
        };
        audit.since(db, (self.serial, meta.serial()), add).await?;
        self.entries.join(entries);
        self.syncs.join(syncs);
        (self.rev, self.serial) = (meta.rev.0, meta.serial());
        self.entries.forget(oldest_entry);
        self.syncs.forget(oldest_sync);
        Ok(())
    }

    pub fn of(&self, viewer: &Viewer, edges: Edges<'_>) -> Trend {
        let entries = self.entries.between(edges.entries, viewer.region());
        let of_regions = self.syncs.between(edges.syncs, viewer.region());
        let mut syncs = vec![0; edges.syncs.len().saturating_sub(1)];
        for counts in of_regions.values() {
            syncs.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        Trend { entries, syncs }
    }
}

/// Which lines are looked through, and what of them is read.
struct Reading {
    table: &'static str,
    /// What they are numbered by.
    number: &'static str,
    columns: [usize; 3],
    oldest_ms: i64,
}

impl Reading {
    /// Tells lines with numbers above the first and up to the last, back to the oldest time.
    async fn since(
        &self,
        db: &mut Db,
        (known, last): (i64, i64),
        mut tell: impl FnMut(i64, &str, &str) + Send,
    ) -> Result<()> {
        let mut end = last;
        while end > known {
            let after = end.saturating_sub(PART).max(known);
            let bounds = (Value::Int(after), Value::Int(end.saturating_add(1)));
            let rows = db.part(self.table, &self.columns, self.number, bounds).await?;
            let mut newest = None;
            for row in &rows {
                let at_ms = row.int(1)?;
                newest = newest.max(Some(at_ms));
                tell(at_ms, row.text_or_none(0)?.unwrap_or_default(), row.text(2)?);
            }
            if newest.is_some_and(|newest| newest < self.oldest_ms) {
                return Ok(());
            }
            end = after;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_is_counted_between_the_edges_and_forgotten_in_time() {
        let (mut tally, hour) = (Tally::default(), 4 * QUARTER_MS);
        for (at, region) in [(0, "A"), (hour - 1, "A"), (hour, "A"), (hour, "B"), (2 * hour, ""), (-1, "A")] {
            tally.add(at, region);
        }
        let all = |tally: &Tally| tally.between(&[0, hour, 2 * hour], &Region::All);
        let counts = |of: &[(&str, [u64; 2])]| -> BTreeMap<String, Vec<u64>> {
            of.iter().map(|(region, counts)| ((*region).to_owned(), counts.to_vec())).collect()
        };
        assert_eq!(all(&tally), counts(&[("A", [2, 1]), ("B", [0, 1])]));
        assert_eq!(tally.between(&[0, hour, 2 * hour], &Region::new("B")), counts(&[("B", [0, 1])]));
        assert_eq!(tally.between(&[hour, 0], &Region::All), BTreeMap::new(), "edges that go back");
        assert_eq!(tally.between(&[], &Region::All), BTreeMap::new());
        tally.forget(hour);
        assert_eq!(all(&tally), counts(&[("A", [0, 1]), ("B", [0, 1])]));
    }
}
