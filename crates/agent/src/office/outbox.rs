//! The batch on its way, and what of the file it tells.

use database::{Comparison, Condition};
use merge::{Cells, LocalId};
use model::{Gid, Uuid, Value};
use replica::{
    codec::Stored as _,
    wire::{Cell, Push, pack},
};
use serde::{Deserialize, Serialize};

use super::{
    Error, Office, Result,
    shadow::At,
    tables::{OUTBOX, Row},
    unpack,
};

#[derive(Clone, Debug)]
pub(super) struct Outbox {
    pub push: Push,
    pub told: Vec<Told>,
}

/// A row that the batch tells of. **Invariants**: one a row, whatever its number of changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Told {
    pub table: String,
    pub gid: Uuid,
    id: Cell,
    /// As the file had it, references in global form; `None`: it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cells: Option<Cell>,
    /// The hash of the same, as the file says it.
    pub content: String,
    pub at: At,
}

impl Told {
    pub fn new(
        table: &str,
        (id, gid): (&LocalId, Gid),
        cells: Option<&Cells>,
        (content, at): (String, At),
    ) -> Self {
        let id = Cell(super::file::value(id));
        let cells = cells.map(|cells| Cell(Value::Bytes(cells.encode())));
        Self { table: table.to_owned(), gid: gid.uuid(), id, cells, content, at }
    }

    pub fn id(&self) -> Result<LocalId> {
        LocalId::of(&self.id.0).ok_or_else(|| Error::broken("the batch names no row"))
    }

    pub fn gid(&self) -> Gid {
        Gid::from_uuid(self.gid)
    }

    pub fn cells(&self) -> Result<Option<Cells>> {
        match &self.cells {
            None => Ok(None),
            Some(Cell(Value::Bytes(bytes))) => Ok(Some(Cells::decode(bytes)?)),
            Some(_) => Err(Error::broken("the batch holds no cells")),
        }
    }
}

impl Office {
    /// The batch on its way: of two, the one that takes the other's place.
    pub(super) async fn outbox(&mut self) -> Result<Option<Outbox>> {
        if !self.db.has(OUTBOX) {
            return Ok(None);
        }
        let rows = self.db.find(OUTBOX, &[]).await?;
        let mut last: Option<(i64, &Row)> = None;
        for row in &rows {
            let number = row.int(0)?;
            if last.is_none_or(|(before, _)| before < number) {
                last = Some((number, row));
            }
        }
        last.map(|(_, row)| read(row)).transpose()
    }

    pub(super) async fn outbox_of(&mut self, number: u64) -> Result<Option<Outbox>> {
        let with = [Condition::new("number", Comparison::Equal, of(number))];
        self.db.find(OUTBOX, &with).await?.first().map(read).transpose()
    }

    pub(super) async fn put_outbox(&mut self, outbox: &Outbox) -> Result<()> {
        let Outbox { push, told } = outbox;
        let row = vec![of(push.number), Value::Bytes(pack(push)), Value::Bytes(pack(told))];
        self.db.put(OUTBOX, &[row]).await?;
        Ok(())
    }

    /// Removes the batches of which `gone` says so.
    pub(super) async fn drop_outbox(&mut self, gone: impl Fn(u64) -> bool) -> Result<()> {
        let numbers = self.db.find(OUTBOX, &[]).await?;
        let numbers = numbers.into_iter().map(|row| row.0[0].clone());
        let gone =
            numbers.filter(|number| matches!(number, Value::Int(n) if gone(u64::try_from(*n).unwrap_or(0))));
        let keys: Vec<_> = gone.map(|number| vec![number]).collect();
        self.db.remove(OUTBOX, &keys).await?;
        Ok(())
    }
}

fn of(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn read(row: &Row) -> Result<Outbox> {
    Ok(Outbox { push: unpack(row.bytes(1)?)?, told: unpack(row.bytes(2)?)? })
}
