//! Rows of the hub that the file cannot take yet: the office edited them meanwhile, or needs what is gone, or a name is
//! taken. They are tried again whenever the file or the hub has moved.

use std::collections::HashSet;

use merge::insert_order;
use model::{Gid, Value};
use replica::wire::{Row, pack};

use super::{
    Office, Result,
    apply::{Applied, Manner},
    state::State,
    tables::{LATE, uuid},
    unpack,
};

impl Office {
    pub(super) async fn put_late(&mut self, rows: &[Row]) -> Result<()> {
        let lines: Vec<_> = rows.iter().map(|row| vec![uuid(row.gid), Value::Bytes(pack(row))]).collect();
        self.db.put(LATE, &lines).await?;
        Ok(())
    }

    pub(super) async fn drop_late(&mut self, gids: impl IntoIterator<Item = Gid>) -> Result<()> {
        let keys: Vec<_> = gids.into_iter().map(|gid| vec![uuid(gid.uuid())]).collect();
        self.db.remove(LATE, &keys).await?;
        Ok(())
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

    /// Up to where the file has everything.
    pub(super) async fn seen(&mut self, state: &State) -> Result<i64> {
        let oldest = self.late().await?.iter().map(|row| row.rev - 1).min();
        Ok(oldest.map_or(state.cursor, |oldest| oldest.min(state.cursor)).max(0))
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
