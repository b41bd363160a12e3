//! The batch on its way, in the file.

use std::collections::{HashMap, HashSet};

use database::{Comparison, Condition};
use model::{Gid, Value};
use replica::{
    naming::Naming,
    outbox::Outbox,
    wire::{Push, pack},
};

use super::{
    Office, Result,
    state::State,
    tables::{OUTBOX, Row},
    unpack,
};

/// Under this number stands what was told in batches that are no longer on their way, and may have arrived.
const VOID: u64 = 0;

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
            if number > 0 && last.is_none_or(|(before, _)| before < number) {
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

    /// Removes the batches on their way of which `gone` says so.
    pub(super) async fn drop_outbox(&mut self, gone: impl Fn(u64) -> bool) -> Result<()> {
        self.remove_batches(|number| number != VOID && gone(number)).await
    }

    /// Gives the batches on their way up. They may have arrived, also as another file's: new rows in them keep the
    /// identities that they were told under, and other words the time at which they were written.
    pub(super) async fn void_outbox(&mut self) -> Result<()> {
        let rows = self.db.find(OUTBOX, &[]).await?;
        let mut void = Outbox { push: Push { number: VOID, ..Push::default() }, told: Vec::new() };
        for row in &rows {
            let Outbox { push, told } = read(row)?;
            void.push.changes.extend(push.changes.into_iter().filter(|change| change.insert.is_some()));
            void.told.extend(told);
        }
        self.remove_batches(|_| true).await?;
        if void.told.is_empty() { Ok(()) } else { self.put_outbox(&void).await }
    }

    /// How new rows are named now.
    pub(super) async fn naming(&mut self, state: &State) -> Result<Naming> {
        let sent = self.db.find(OUTBOX, &[]).await?;
        let sent: Vec<Outbox> = sent.iter().map(read).collect::<Result<_>>()?;
        Ok(Naming::new(state.nonce.clone(), &sent)?)
    }

    /// New rows of this file that were told, and of which it has not heard whether the hub has them.
    pub(super) async fn told_new(&mut self) -> Result<HashSet<Gid>> {
        let mut told = HashSet::new();
        for row in self.db.find(OUTBOX, &[]).await? {
            told.extend(read(&row)?.new_rows());
        }
        Ok(told)
    }

    /// When rows were changed that were told in batches that are no longer on their way. **Units**: milliseconds in the hub's
    /// time.
    pub(super) async fn told_at(&mut self) -> Result<HashMap<Gid, i64>> {
        let void = self.outbox_of(VOID).await?;
        let told = void.into_iter().flat_map(|void| void.told);
        Ok(told.map(|told| (told.gid(), told.at.0)).collect())
    }

    /// Everything that was told was answered.
    pub(super) async fn forget_given(&mut self) -> Result<()> {
        self.remove_batches(|number| number == VOID).await
    }

    async fn remove_batches(&mut self, gone: impl Fn(u64) -> bool) -> Result<()> {
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
