//! The batch on its way, in the file.

use database::{Comparison, Condition};
use model::Value;
use replica::{outbox::Outbox, wire::pack};

use super::{
    Office, Result,
    tables::{OUTBOX, Row},
    unpack,
};

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
