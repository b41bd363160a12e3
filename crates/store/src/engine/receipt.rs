//! What is told about an upload.

use std::collections::{BTreeMap, HashSet};

use merge::{LocalId, Namesake, OrphanRow, Owner, Refusal, Region, Rules, TableId, Verdict};
use model::{Gid, SiteId};
use replica::office_file::Finding;

use super::{
    Alarm, alert,
    choose::{Base, Odd, Way},
    compare::Said,
    merged::{Merged, Wish},
    receive::Receive,
    refused::Refused,
};
use crate::{
    HeldTable, Reason, Receipt, Result, TableReceipt, What,
    desk::{Desk, Hub, shown},
    sites::visible,
};

/// One upload on its way to a receipt.
struct Telling<'a> {
    rules: &'a Rules,
    /// Where ids of the file are looked up.
    ids: Option<(&'a Base, &'a Said)>,
    /// Whether its sender may know what other regions have.
    sees_all: bool,
    receipt: Receipt,
}

pub(super) fn write(hub: &Hub, upload: &Receive, base: &Base, said: &Said, merged: &Merged) -> Receipt {
    let mut telling = Telling::new(hub, &upload.upload);
    telling.ids = Some((base, said));
    telling.sees_all = upload.device.region == Region::All;
    telling.odd(base);
    telling.findings(&upload.file.findings);
    for (table, tally) in &said.tallies {
        let told = telling.table(*table);
        (told.read, told.unchanged, told.refused) = (tally.read, tally.unchanged, tally.set_aside);
    }
    telling.orphans(said);
    telling.ends(merged);
    telling.receipt
}

/// The receipt of a batch of which nothing was applied.
pub(super) fn held(hub: &Hub, upload: &Receive, held: &[HeldTable]) -> Receipt {
    let mut telling = Telling::new(hub, &upload.upload);
    for (table, rows) in &upload.file.merged {
        telling.table(*table).read = rows.len();
    }
    let held: Vec<&HeldTable> = held.iter().filter(|table| !table.passes).collect();
    telling.receipt.held = held.len();
    for HeldTable { table, deletes, updates, refused, rows, .. } in held {
        let what = if *refused > 0 {
            What::HeldForRegion { refused: *refused, rows: *rows }
        } else {
            What::HeldForChanges { deletes: *deletes, updates: *updates, rows: *rows }
        };
        telling.push(Reason::new(table.clone(), String::new(), what));
    }
    telling.receipt
}

/// The receipt of a file that was taken before.
pub(super) fn again(hub: &Hub, upload: &Receive) -> Receipt {
    let mut telling = Telling::new(hub, &upload.upload);
    telling.findings(&upload.file.findings);
    for (table, rows) in &upload.file.merged {
        let told = telling.table(*table);
        (told.read, told.unchanged) = (rows.len(), rows.len());
    }
    telling.receipt
}

/// The receipt of a batch of an agent.
pub(super) fn batch(hub: &Hub, name: &str, merged: &Merged) -> Receipt {
    let mut telling = Telling::new(hub, name);
    telling.ends(merged);
    telling.receipt
}

impl<'a> Telling<'a> {
    fn new(hub: &'a Hub, upload: &str) -> Self {
        let receipt = Receipt { upload: upload.to_owned(), ..Receipt::default() };
        Self { rules: &hub.rules, ids: None, sees_all: true, receipt }
    }

    fn table(&mut self, table: TableId) -> &mut TableReceipt {
        self.receipt.tables.entry(self.rules[table].name.clone()).or_default()
    }

    fn reason(&mut self, table: TableId, key: String, what: What) {
        self.push(Reason::new(self.name(table), key, what));
    }

    fn push(&mut self, reason: Reason) {
        if self.receipt.reasons.len() < Receipt::REASONS_MAX {
            self.receipt.reasons.push(reason);
        }
    }

    fn odd(&mut self, base: &Base) {
        let what = match base.odd {
            None => return,
            Some(Odd::Older) => What::OlderFile,
            Some(Odd::Doubled) => What::DoubledFile,
            Some(Odd::Copied) => What::Copy,
        };
        self.push(Reason::new(String::new(), String::new(), what));
    }

    fn findings(&mut self, findings: &[Finding]) {
        for finding in findings {
            let (table, key, what) = match finding {
                Finding::UnknownTable { table } => (visible(table), String::new(), What::UnknownTable),
                Finding::UnknownColumn { table, column } => {
                    (self.name(*table), String::new(), What::UnknownColumn(visible(column)))
                }
                Finding::OddType { table, column, rows, first } => {
                    let what = What::OddType { column: visible(column), rows: *rows };
                    (self.name(*table), shown(first), what)
                }
                Finding::NoTag => (String::new(), String::new(), What::NoTag),
                Finding::Rewritten { .. } => continue,
            };
            self.push(Reason::new(table, key, what));
        }
    }

    fn name(&self, table: TableId) -> String {
        self.rules[table].name.clone()
    }

    /// The id of a row in the file, as long as there is room to tell it: few rows are ever told.
    fn key(&self, gid: Gid) -> String {
        let ids = self.ids.filter(|_| self.receipt.reasons.len() < Receipt::REASONS_MAX);
        ids.and_then(|ids| id_of(ids, gid)).map(shown).unwrap_or_default()
    }

    fn orphans(&mut self, said: &Said) {
        for orphan in &said.set.orphans {
            let key = match &orphan.row {
                OrphanRow::Local(id) => shown(id),
                OrphanRow::Known(gid) => self.key(*gid),
            };
            let column = &self.rules[orphan.table][orphan.column].name;
            let what = What::NotInFile { column: column.clone(), set_aside: orphan.set_aside };
            self.reason(orphan.table, key, what);
        }
        for doubt in &said.set.doubts {
            self.reason(doubt.table, shown(&doubt.id), What::Doubt { kept_both: doubt.kept_both });
        }
    }

    fn ends(&mut self, merged: &Merged) {
        // A row may change twice in one file (circles): it counts once.
        let mut counted = HashSet::new();
        for end in &merged.ends {
            let repaired = end.repaired && matches!(end.verdict, Verdict::Applied);
            self.receipt.conflicts += end.conflicts;
            self.receipt.repaired += usize::from(repaired);
            let first = counted.insert(end.gid);
            if self.sees_all {
                end.namesakes.iter().for_each(|namesake| self.namesake(namesake));
            }
            let table = self.table(end.table);
            table.repaired += usize::from(repaired);
            match (&end.verdict, end.wish) {
                (Verdict::Applied, Wish::Insert) => table.inserted += 1,
                (Verdict::Applied, Wish::Update) if end.wrote => table.updated += usize::from(first),
                (Verdict::Applied, Wish::Delete) => table.deleted += 1,
                (Verdict::Unchanged | Verdict::Repeated, Wish::Delete) => {}
                (Verdict::Applied | Verdict::Unchanged | Verdict::Repeated, _) => {
                    table.unchanged += usize::from(first);
                }
                (Verdict::NotDeleted, _) => {
                    self.reason(end.table, self.key(end.gid), What::NotDeleted);
                }
                (Verdict::Fallen(column), _) => {
                    let column = self.rules[end.table][*column].name.clone();
                    self.reason(end.table, self.key(end.gid), What::Fallen(column));
                }
                (Verdict::Refused(refusal), _) => {
                    table.refused += usize::from(first);
                    self.refused(end.table, self.key(end.gid), *refusal);
                }
            }
        }
    }

    fn namesake(&mut self, namesake: &Namesake) {
        let Namesake { table, gid, owner, other_owner, .. } = namesake;
        let rule = &self.rules[*table];
        let columns = rule.natural_key.iter().map(|column| rule[*column].name.clone()).collect();
        let (ours, theirs) = (of_region(owner), of_region(other_owner));
        self.reason(*table, self.key(*gid), What::Namesake { columns, ours, theirs });
    }

    fn refused(&mut self, table: TableId, key: String, refusal: Refusal) {
        let name = |column| self.rules[table][column].name.clone();
        let what = match refusal {
            Refusal::Region => What::Region,
            Refusal::Unknown => What::UnknownRow,
            Refusal::Orphan(column) => What::NotKnown(name(column)),
            Refusal::Gone(column) => What::Gone(name(column)),
        };
        self.reason(table, key, what);
    }
}

fn of_region(owner: &Owner) -> Option<String> {
    match owner {
        Owner::Region(region) => Some(region.clone()),
        Owner::Shared | Owner::Nobody => None,
    }
}

/// The id of a row in the file, or in the one before.
fn id_of<'a>((base, said): (&'a Base, &'a Said), gid: Gid) -> Option<&'a LocalId> {
    let learned = said.set.learned.iter().rev().find(|(_, _, learned)| *learned == gid);
    let before = || base.shadow.values().flatten().find(|row| row.gid == gid).map(|row| &row.id);
    learned.map(|(_, id, _)| id).or_else(before)
}

/// Raises an alert for everything new that a person should look at.
pub(super) async fn tell(
    desk: &mut Desk<'_>,
    site: SiteId,
    (base, said, merged): (&Base, &Said, &Merged),
    refused: &[Refused<'_>],
) -> Result<()> {
    let mut told: BTreeMap<(&'static str, TableId), Rows> = BTreeMap::new();
    for row in refused {
        told.entry((row.kind, row.table)).or_default().add(|| row.id.map(shown));
    }
    for doubt in &said.set.doubts {
        told.entry(("doubt", doubt.table)).or_default().add(|| Some(shown(&doubt.id)));
    }
    for namesake in merged.ends.iter().flat_map(|end| &end.namesakes) {
        let id = || id_of((base, said), namesake.gid).map(shown);
        told.entry(("namesake", namesake.table)).or_default().add(id);
    }
    raise(desk, site, told).await?;
    // A branch is told when it begins.
    let begins = base.root.is_some() || matches!(base.way, Way::Meet { .. });
    if let Some(odd) = base.odd.filter(|_| begins) {
        alert(desk, Alarm { site, kind: odd.word(), what: String::new(), rows: 0 }).await?;
    }
    Ok(())
}

/// An alert for each kind and table.
pub(super) async fn raise(
    desk: &mut Desk<'_>,
    site: SiteId,
    told: BTreeMap<(&'static str, TableId), Rows>,
) -> Result<()> {
    for ((kind, table), rows) in told {
        let name = &desk.hub.rules[table].name;
        let what = if rows.first.is_empty() { name.clone() } else { [name, ": ", &rows.named()].concat() };
        alert(desk, Alarm { site, kind, what, rows: rows.count }).await?;
    }
    Ok(())
}

/// Rows of which the first are named.
#[derive(Default)]
pub(super) struct Rows {
    count: usize,
    first: Vec<String>,
}

impl Rows {
    const NAMED_MAX: usize = 5;

    pub fn add(&mut self, id: impl FnOnce() -> Option<String>) {
        self.count += 1;
        if self.count <= Self::NAMED_MAX {
            self.first.extend(id());
        }
    }

    fn named(&self) -> String {
        let more = if self.count > self.first.len() { &["...".to_owned()][..] } else { &[] };
        [&self.first, more].concat().join(", ")
    }
}

/// One line for the audit.
pub(super) fn summary(reason: &str, receipt: &Receipt) -> String {
    let sum = |count: fn(&TableReceipt) -> usize| receipt.tables.values().map(count).sum::<usize>();
    format!(
        "{} ({}): +{} ~{} -{} refused {} conflicts {} held {}",
        receipt.upload,
        visible(reason),
        sum(|table| table.inserted),
        sum(|table| table.updated),
        sum(|table| table.deleted),
        sum(|table| table.refused),
        receipt.conflicts,
        receipt.held,
    )
}
