//! An upload into the store, in one transaction.

use std::collections::{BTreeMap, HashSet};

use async_trait::async_trait;
use fail::fail_point;
use merge::{Author, Change, Kept, LocalId, Scope, TableId, held, merge};
use model::Gid;
use replica::office_file::OfficeFile;

use super::{
    audit,
    choose::{self, Base, Odd, Way},
    compare::{self, Said},
    held as holding, history, lineage,
    merged::Merged,
    receipt, rows,
    settle::Settling,
};
use crate::{Device, Receipt, Rejected, Result, desk::Desk, sites, writer::Job};

/// What is done with an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Apply,
    /// As [`Mode::Apply`], and then everything is taken back.
    Plan,
    /// A person has looked at it: it is not held.
    LetThrough,
}

pub(crate) struct Receive {
    pub device: Device,
    pub file: OfficeFile,
    /// SQLite's count of changes in the file.
    pub counter: i64,
    pub reason: String,
    /// The name under which the file is kept.
    pub upload: String,
    pub mode: Mode,
}

/// Changes that are merged and written together: so many rows are in memory with everything that is known of them.
const PART_CHANGES: usize = 2_000;

#[async_trait]
impl Job for Receive {
    type Answer = Receipt;
    type Failure = Rejected;

    async fn run(&mut self, desk: &mut Desk<'_>) -> std::result::Result<Receipt, Rejected> {
        if !sites::contact(desk, &self.device, Some(&self.reason)).await? {
            return Err(Rejected::Revoked);
        }
        self.receive(desk).await
    }

    fn keeps(&self) -> bool {
        self.mode != Mode::Plan
    }
}

impl Receive {
    pub(super) async fn receive(&self, desk: &mut Desk<'_>) -> std::result::Result<Receipt, Rejected> {
        let base = choose::choose(desk, &self.device, &self.file, self.counter).await?;
        let mut said = compare::compare(desk, &base, &self.file).await?;
        let held = self.held(desk, &base, &said);
        if !held.is_empty() {
            let receipt = receipt::held(desk.hub, self, &held);
            holding::keep(desk, self, &base, &held).await?;
            return Ok(receipt);
        }
        let merged = self.merge(desk, &base, &mut said).await?;
        fail_point!("store-rows-written");
        let receipt = receipt::write(desk.hub, self, &base, &said, &merged);
        self.settle(desk, base, &said, &merged).await?;
        fail_point!("store-shadow-written");
        receipt::tell(desk, self, &receipt).await?;
        audit(desk, &self.device.name, "upload", &receipt::summary(self, &receipt)).await?;
        Ok(receipt)
    }

    fn held(&self, desk: &Desk<'_>, base: &Base, said: &Said) -> Vec<merge::Held> {
        if self.mode == Mode::LetThrough {
            return Vec::new();
        }
        let rows = |table: TableId| match &base.way {
            Way::Continue(_) => base.shadow.get(&table).map_or(0, Vec::len),
            Way::Meet { .. } => said.tallies.get(&table).map_or(0, |tally| tally.read),
        };
        held(&desk.hub.rules, &said.set.changes, rows)
    }

    async fn merge(&self, desk: &mut Desk<'_>, base: &Base, said: &mut Said) -> Result<Merged> {
        let author =
            Author { site: self.device.site, region: self.device.region.clone(), seen: base.lineage.seen };
        let mut merged = Merged::default();
        let mut changes = std::mem::take(&mut said.set.changes).into_iter();
        loop {
            let part: Vec<_> = changes.by_ref().take(PART_CHANGES).collect();
            if part.is_empty() {
                return Ok(merged);
            }
            self.merge_part(desk, &author, &part, (&said.new, &mut merged)).await?;
            // From now on they can be found.
            part.iter().for_each(|change| _ = said.new.remove(&change.gid));
        }
    }

    async fn merge_part(
        &self,
        desk: &mut Desk<'_>,
        author: &Author,
        changes: &[Change],
        (new, merged): (&HashSet<Gid>, &mut Merged),
    ) -> Result<()> {
        let rules = &desk.hub.rules;
        let mut scope = Scope::default();
        rows::load(desk.db, rules, &mut scope, changes, new).await?;
        let mut outcomes = Vec::with_capacity(changes.len());
        for change in changes {
            let rev = desk.meta.next_rev();
            outcomes.push((rev, merge(rules, &mut scope, author, change.clone(), rev)));
        }
        let changed = scope.take_changed();
        fail_point!("store-merged");
        rows::save(desk.db, rules, &changed).await?;
        history::write(desk, changes, &outcomes, &scope).await?;
        merged.add(changes, &outcomes, &scope);
        Ok(())
    }

    /// What the hub knows of the PC and its file from now on.
    async fn settle(&self, desk: &mut Desk<'_>, base: Base, said: &Said, merged: &Merged) -> Result<()> {
        let rules = &desk.hub.rules;
        let settling = Settling::new(rules, &base, &self.file, said, merged);
        for table in self.file.merged.keys() {
            let parts = settling.parts(*table);
            lineage::save_table(desk.db, rules, &base.lineage.name, (*table, parts)).await?;
        }
        let Base { mut lineage, mut pc, odd, last_ids, .. } = base;
        if !odd.contains(&Odd::Older) {
            lineage.counter = self.counter;
        }
        lineage::save(desk.db, &lineage).await?;
        lineage::save_last_ids(desk.db, rules, pc.id, &self.last_ids(desk, &last_ids)).await?;
        let used = lineage::last_ids(desk.db, rules, lineage.number).await?;
        lineage::save_last_ids(desk.db, rules, lineage.number, &self.last_ids(desk, &used)).await?;
        pc.own += i64::from(lineage::save_own(desk.db, rules, pc.id, &self.file.own).await?);
        pc.latest = Some(lineage.name.clone());
        pc.contact = desk.meta.next_serial();
        lineage::save_pc(desk.db, &pc).await?;
        // Behind a shared key an older file may be another PC's, which has not been told apart yet.
        if lineage.kind == lineage::Kind::HandedOut && !self.device.shared {
            self.forget_older(desk, &lineage).await?;
        }
        Ok(())
    }

    /// The highest ids that the PC has used, where they are higher than before.
    fn last_ids(&self, desk: &Desk<'_>, before: &BTreeMap<TableId, i64>) -> BTreeMap<TableId, i64> {
        let merged =
            self.file.merged.iter().filter(|(table, _)| desk.hub.rules[**table].kept == Kept::Merged);
        let highest = merged.filter_map(|(table, rows)| {
            let ids =
                rows.iter().filter_map(|row| if let LocalId::Int(id) = row.id { Some(id) } else { None });
            Some((*table, ids.max()?))
        });
        highest.filter(|(table, id)| before.get(table).is_none_or(|before| before < id)).collect()
    }

    /// The PC took this hand-out: files from before it will not come again. (If one does, it is met as a copy.)
    async fn forget_older(&self, desk: &mut Desk<'_>, taken: &lineage::Lineage) -> Result<()> {
        let needed = holding::lineages(desk.db).await?;
        for lineage in lineage::of_site(desk.db, taken.site).await? {
            if lineage.pc == taken.pc && lineage.number < taken.number && !needed.contains(&lineage.name) {
                lineage::remove(desk.db, &lineage).await?;
            }
        }
        Ok(())
    }
}
