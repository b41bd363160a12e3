//! Rows of the hub that the file cannot take yet: the office edited them meanwhile, or needs what is gone, or a name is
//! taken. They are tried again whenever the file or the hub has moved.

use std::collections::{BTreeMap, HashMap, HashSet};

use merge::{LocalId, TableId, insert_order};
use model::{Gid, Value};
use replica::wire::{Late, Row, pack};

use super::{
    Office, Result,
    apply::{Applied, Manner},
    state::State,
    tables::{LATE, uuid},
    unpack,
};

impl Office {
    /// Of two tellings of a row the later one stays.
    pub(super) async fn put_late(&mut self, rows: &[Row]) -> Result<()> {
        let there = self.db.find_any(LATE, &[], "gid", rows.iter().map(|row| uuid(row.gid))).await?;
        let there = there.iter().map(|row| unpack::<Row>(row.bytes(1)?)).collect::<Result<Vec<_>>>()?;
        let revs: HashMap<_, _> = there.into_iter().map(|row| (row.gid, row.rev)).collect();
        let newer = rows.iter().filter(|row| revs.get(&row.gid).is_none_or(|rev| *rev <= row.rev));
        let lines: Vec<_> = newer.map(|row| vec![uuid(row.gid), Value::Bytes(pack(row))]).collect();
        self.db.put(LATE, &lines).await?;
        Ok(())
    }

    pub(super) async fn drop_late(&mut self, gids: impl IntoIterator<Item = Gid>) -> Result<()> {
        let keys: Vec<_> = gids.into_iter().map(|gid| vec![uuid(gid.uuid())]).collect();
        self.db.remove(LATE, &keys).await?;
        Ok(())
    }

    /// What is late of these rows up to these revs need not come any more; what happened after them is still to come.
    pub(super) async fn drop_late_upto(&mut self, revs: &HashMap<Gid, i64>) -> Result<()> {
        let gids = revs.keys().map(|gid| uuid(gid.uuid()));
        let mut done = Vec::new();
        for row in self.db.find_any(LATE, &[], "gid", gids).await? {
            let late: Row = unpack(row.bytes(1)?)?;
            let gid = Gid::from_uuid(late.gid);
            done.extend((late.rev <= revs[&gid]).then_some(gid));
        }
        self.drop_late(done).await
    }

    /// **Order**: as they can be applied.
    pub(super) async fn late(&mut self) -> Result<Vec<Row>> {
        let rows = self.db.find(LATE, &[]).await?;
        let mut rows = rows.iter().map(|row| unpack(row.bytes(1)?)).collect::<Result<Vec<Row>>>()?;
        let order = insert_order(&self.rules).tables;
        let place =
            |row: &Row| self.rules.table(&row.table).and_then(|id| order.iter().position(|at| *at == id));
        rows.sort_by_key(|row| {
            let place = place(row).and_then(|place| isize::try_from(place).ok()).unwrap_or(isize::MAX);
            let gone = row.cells.is_none();
            (gone, if gone { -place } else { place }, row.rev)
        });
        Ok(rows)
    }

    pub(super) async fn late_gids(&mut self) -> Result<HashSet<Gid>> {
        self.db.find(LATE, &[]).await?.iter().map(|row| row.gid(0)).collect()
    }

    /// What the file does not have of its late rows: from the first that happened after what it has, as only the last
    /// telling of a row is kept.
    pub(super) async fn unseen(&mut self) -> Result<Vec<Late>> {
        let rows = self.late().await?;
        let spots = self.spots(rows.iter().map(|row| Gid::from_uuid(row.gid))).await?;
        let mut ids: BTreeMap<TableId, Vec<&LocalId>> = BTreeMap::new();
        for spot in spots.values() {
            ids.entry(spot.table).or_default().push(&spot.id);
        }
        let mut has = HashMap::new();
        for (table, ids) in ids {
            let Some(form) = self.form(table) else { continue };
            has.extend(
                self.known(&form, ids).await?.into_values().map(|known| (known.row.gid, known.row.rev)),
            );
        }
        let late = |row: &Row| {
            let gid = Gid::from_uuid(row.gid);
            let has = spots.get(&gid).and_then(|spot| has.get(&spot.gid)).map_or(0, |has| has.0.max(0));
            Late { gid: row.gid, rev: row.rev.min(has.saturating_add(1)) }
        };
        Ok(rows.iter().map(late).collect())
    }

    /// Tries what is late again.
    pub(super) async fn retry(&mut self, state: &mut State, clock_ms: i64) -> Result<Applied> {
        let mut applied = Applied::default();
        let mut before = usize::MAX;
        loop {
            let rows = self.late().await?;
            if rows.is_empty() || rows.len() >= before {
                applied.late = rows.len() as u64;
                return Ok(applied);
            }
            before = rows.len();
            let taken = self.take_rows(state, &rows, &Manner::usual(clock_ms)).await?;
            applied.written += taken.written;
        }
    }
}
