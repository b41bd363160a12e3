//! An upload into the store, in one transaction.

use std::collections::BTreeMap;

use async_trait::async_trait;
use fail::fail_point;
use merge::{Action, Author, Rules, TableId};
use replica::office_file::OfficeFile;

use super::{
    again, agreed, audit_in,
    batches::{self, Came},
    branch::{self, Left},
    choose::{self, Base, Way},
    compare::{self, Said},
    forget, held as holding, ids, lineage,
    merged::{Aim, Merged},
    merging::{self, PART_CHANGES, Part, Seen},
    receipt, refused,
    settle::Settling,
    shadow,
};
use crate::{
    Device, HeldTable, Receipt, Rejected, Result, desk::Desk, offices, sites, uploads::Mark, writer::Job,
};

/// Why an agent sends its whole file.
pub(crate) const FROM_AGENT: &str = "agent";

/// What is done with an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Apply,
    /// As [`Mode::Apply`], and then everything is taken back.
    Plan,
    /// A person has looked at it: it is not held.
    LetThrough,
    /// As [`Mode::LetThrough`], but what it was held for is refused.
    SentBack,
}

pub(crate) struct Receive {
    pub device: Device,
    pub file: OfficeFile,
    pub mark: Mark,
    pub reason: String,
    /// The name under which the file is kept.
    pub upload: String,
    pub mode: Mode,
}

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
    pub(super) async fn receive(&mut self, desk: &mut Desk<'_>) -> std::result::Result<Receipt, Rejected> {
        if self.reason == FROM_AGENT {
            // It is a copy, and has been written to: also when somebody decides about it.
            self.mark.counter = None;
        }
        agreed::adopt(desk, &self.device, &mut self.file).await?;
        self.take_in(desk).await
    }

    async fn take_in(&self, desk: &mut Desk<'_>) -> std::result::Result<Receipt, Rejected> {
        if let Some(receipt) = again::answer(desk, self).await? {
            return Ok(receipt);
        }
        let base = choose::choose(desk, &self.device, &self.file, &self.mark).await?;
        let undecided = matches!(self.mode, Mode::Apply | Mode::Plan);
        if undecided && matches!(base.way, Way::Meet { .. }) {
            let foreign = refused::nothing_own(desk.hub, &self.device.region, &self.file);
            if !foreign.is_empty() {
                return self.hold(desk, &base, &foreign).await;
            }
        }
        let mut said = compare::compare(desk, &self.device.region, &base, &self.file).await?;
        let held = self.held(desk, &base, &said);
        let back = match self.mode {
            _ if held.is_empty() => Vec::new(),
            _ if undecided => return self.hold(desk, &base, &held).await,
            Mode::SentBack => said.take_back(&desk.hub.rules, &held),
            _ => Vec::new(),
        };
        let left = left(&desk.hub.rules, &said);
        let before = desk.meta.clone();
        let merged = self.merge(desk, &base, &mut said).await?;
        let last = base.root.as_ref().unwrap_or(&base.lineage);
        let known = lineage::aside(desk.db, &desk.hub.rules, &last.name).await?;
        let refused = refused::list(
            &self.file,
            (&desk.hub.rules, &self.device.region),
            (&base, &said, &merged),
            &known,
        );
        let foreign = refused::too_many(desk.hub, &self.file, &refused);
        if undecided && !foreign.is_empty() {
            desk.db.session.rollback_to_savepoint().await?;
            desk.meta = before;
            desk.wrote.clear();
            sites::contact(desk, &self.device, Some(&self.reason)).await?;
            return self.hold(desk, &base, &foreign).await;
        }
        refused::write(desk, self.device.site, &refused).await?;
        refused::write_back(desk, &back).await?;
        fail_point!("store-rows-written");
        let receipt = receipt::write(desk.hub, self, &base, &said, &merged);
        receipt::tell(desk, self.device.site, (&base, &said, &merged), &refused).await?;
        lineage::leave(desk.db, &base.lineage.name, &left).await?;
        self.settle(desk, base, &said, &merged).await?;
        fail_point!("store-shadow-written");
        let why = sites::visible(&self.reason);
        batches::write(desk, self.device.site, &Came { why: &why, ..Came::of("upload") }).await?;
        let summary = receipt::summary(&self.reason, &receipt);
        audit_in(desk, &self.device.region, [&self.device.name, "upload", &summary]).await?;
        Ok(receipt)
    }

    async fn hold(
        &self,
        desk: &mut Desk<'_>,
        base: &Base,
        held: &[HeldTable],
    ) -> std::result::Result<Receipt, Rejected> {
        // Of a plan no file was kept, and nothing waits.
        if self.mode != Mode::Plan {
            holding::keep(desk, self, base, held).await?;
        }
        Ok(receipt::held(desk.hub, self, held))
    }

    fn held(&self, desk: &Desk<'_>, base: &Base, said: &Said) -> Vec<HeldTable> {
        let rules = &desk.hub.rules;
        let rows = |table: TableId| match &base.way {
            Way::Continue(_) => base.shadow.get(&table).map_or(0, Vec::len),
            Way::Meet { .. } => said.tallies.get(&table).map_or(0, |tally| tally.read),
        };
        holding::tables(rules, &said.set.changes, rows)
    }

    async fn merge(&self, desk: &mut Desk<'_>, base: &Base, said: &mut Said) -> Result<Merged> {
        let author = Author::new(self.device.site, self.device.region.clone(), base.lineage.seen);
        let mut merged = Merged::default();
        let mut changes = std::mem::take(&mut said.set.changes).into_iter();
        loop {
            let part: Vec<_> = changes.by_ref().take(PART_CHANGES).collect();
            if part.is_empty() {
                return Ok(merged);
            }
            let aims: Vec<Aim> = part.iter().map(Aim::of).collect();
            let part: Vec<_> =
                part.into_iter().map(|change| said.hidden.hide(&desk.hub.rules, change)).collect();
            let as_merged: Vec<Aim> = part.iter().map(Aim::of).collect();
            let Part { mut outcomes, scope } =
                merging::part(desk, &author, part, &said.new, Seen::Values).await?;
            said.hidden.tell(&as_merged, &mut outcomes);
            merged.add(&aims, outcomes, &scope);
            // From now on they can be found.
            aims.iter().for_each(|aim| said.new.stored(aim.gid));
        }
    }

    /// What the hub knows of the PC and its file from now on.
    async fn settle(&self, desk: &mut Desk<'_>, base: Base, said: &Said, merged: &Merged) -> Result<()> {
        let rules = &desk.hub.rules;
        if let Some(root) = &base.root
            && root.pc == base.lineage.pc
        {
            shadow::copy(desk.db, &root.name, &base.lineage.name).await?;
        }
        let settling = Settling::new(rules, &base, &self.file, said, merged);
        for table in self.file.merged.keys() {
            let parts = settling.parts(*table);
            shadow::save_table(desk.db, rules, &base.lineage, (*table, parts)).await?;
        }
        lineage::save_aside(desk.db, rules, &base.lineage.name, &settling.aside()).await?;
        holding::supersede(desk, self, &base).await?;
        let Base { mut lineage, mut pc, gone, last_ids, .. } = base;
        lineage.counter = self.mark.counter.unwrap_or(lineage.counter);
        lineage.content = Some(self.mark.content.clone());
        lineage.used = desk.meta.next_serial();
        lineage::save(desk.db, &lineage).await?;
        lineage::save_last_ids(desk.db, rules, pc.id, &ids::used(rules, &self.file, &last_ids)).await?;
        // Not what the root's file gave too: this one may be of before it.
        let given = ids::given(rules, &self.file, &BTreeMap::new());
        lineage::save_last_ids(desk.db, rules, lineage.number, &given).await?;
        for lineage in gone {
            lineage::remove(desk.db, &lineage).await?;
        }
        pc.own += i64::from(lineage::save_own(desk.db, rules, pc.id, &self.file.own).await?);
        if let Some(told) = offices::of_file(rules, &self.file) {
            offices::keep(desk, &self.device, &told).await?;
        }
        // What was sent back is asked about again, if it comes again.
        if self.mode != Mode::SentBack {
            lineage::take(desk.db, &pc, &self.mark.content).await?;
        }
        pc.latest = Some(lineage.name.clone());
        pc.contact = desk.meta.next_serial();
        shadow::sweep(desk.db, &mut pc).await?;
        lineage::save_pc(desk.db, &pc).await?;
        if self.device.shared { forget::pcs(desk, self.device.site).await } else { Ok(()) }
    }
}

/// What the cells that the file changes said before.
fn left(rules: &Rules, said: &Said) -> Left {
    let edits = said.set.changes.iter().filter_map(|change| match &change.action {
        Action::Update(edits) => Some((change, edits)),
        Action::Insert(_) | Action::Delete { .. } => None,
    });
    let edits = edits.flat_map(|(change, edits)| edits.iter().map(move |edit| (change, edit)));
    let left = edits.filter_map(|(change, edit)| {
        let before = edit.base.as_ref()?;
        Some(branch::left_behind(change.gid, &rules[change.table], edit.column, before))
    });
    left.collect()
}
