//! The first contact of an agent, and its last: its whole file is taken in as any other, and told which rows of the hub its
//! rows are.

use async_trait::async_trait;
use merge::ShadowRow;
use replica::wire::{Cell, Met, MetTable};

use super::{agreed, lineage, receive::Receive, shadow};
use crate::{Error, Rejected, Result, desk::Desk, writer::Job};

/// A whole file.
pub(crate) struct Meet(pub Receive);

#[async_trait]
impl Job for Meet {
    type Answer = Met;
    type Failure = Rejected;

    async fn run(&mut self, desk: &mut Desk<'_>) -> std::result::Result<Met, Rejected> {
        agreed::leave(desk, &self.0.device, &mut self.0.file).await?;
        let receipt = self.0.run(desk).await?;
        let tables = if receipt.held > 0 { Vec::new() } else { self.tables(desk).await? };
        Ok(Met {
            hub: desk.meta.hub.clone(),
            site: self.0.device.site.0,
            held: receipt.held > 0,
            tables,
            conflicts: receipt.conflicts as u64,
            refused: receipt.tables.values().map(|table| table.refused as u64).sum(),
        })
    }
}

impl Meet {
    /// The shadow of the file, without its cells: the sender has those.
    async fn tables(&self, desk: &mut Desk<'_>) -> Result<Vec<MetTable>> {
        let rules = &desk.hub.rules;
        let lineage = lineage::latest(desk.db, self.0.device.site).await?;
        let lineage = lineage.ok_or(Error::Broken("a file was taken and is not known"))?;
        let shadow = shadow::whole(desk.db, rules, &lineage, &mut shadow::Pieces::new()).await?;
        let mut tables = Vec::new();
        for (table, rows) in shadow {
            let file = self.0.file.merged.get(&table).map_or(&[][..], Vec::as_slice);
            // Rows that the shadow keeps, as it is not certain that they are gone, are not in the file.
            let there = rows.iter().filter(|row| super::by_id::by_id(file, &row.id).is_some());
            let there: Vec<&ShadowRow> = there.map(AsRef::as_ref).collect();
            tables.push(MetTable {
                table: rules[table].name.clone(),
                ids: there.iter().map(|row| Cell((&row.id).into())).collect(),
                gids: there.iter().map(|row| row.gid.uuid()).collect(),
                revs: there.iter().map(|row| row.rev.0).collect(),
            });
        }
        Ok(tables)
    }
}
