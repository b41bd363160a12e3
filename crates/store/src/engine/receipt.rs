//! What is told about an upload.

use std::collections::HashSet;

use merge::{Namesake, OrphanRow, Owner, Refusal, Rules, TableId, Verdict};
use model::{Gid, SiteId};
use replica::office_file::Finding;

use super::{
    Alarm, alert,
    choose::{Base, Way},
    compare::Said,
    merged::{Merged, Wish},
    receive::Receive,
    refused::{self, Refused},
};
use crate::{
    HeldTable, Reason, Receipt, Result, TableReceipt,
    desk::{Desk, Hub, shown},
    sites::visible,
};

/// One upload on its way to a receipt.
struct Telling<'a> {
    rules: &'a Rules,
    /// Where ids of the file are looked up.
    ids: Option<(&'a Base, &'a Said)>,
    receipt: Receipt,
}

pub(super) fn write(hub: &Hub, upload: &Receive, base: &Base, said: &Said, merged: &Merged) -> Receipt {
    let mut telling = Telling::new(hub, upload);
    telling.ids = Some((base, said));
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
    let mut telling = Telling::new(hub, upload);
    for (table, rows) in &upload.file.merged {
        telling.table(*table).read = rows.len();
    }
    telling.receipt.held = held.len();
    for HeldTable { table, deletes, updates, refused, rows } in held {
        let what = if *refused > 0 {
            format!("{refused} of {rows} rows are not of this site's region: waits for a person")
        } else {
            format!("deletes {deletes} and changes {updates} of {rows} rows: waits for a person")
        };
        telling.push(Reason { table: table.clone(), key: String::new(), reason: "held".to_owned(), what });
    }
    telling.receipt
}

/// The receipt of a file that was taken before.
pub(super) fn again(hub: &Hub, upload: &Receive) -> Receipt {
    let mut telling = Telling::new(hub, upload);
    telling.findings(&upload.file.findings);
    for (table, rows) in &upload.file.merged {
        let told = telling.table(*table);
        (told.read, told.unchanged) = (rows.len(), rows.len());
    }
    telling.receipt
}

impl<'a> Telling<'a> {
    fn new(hub: &'a Hub, upload: &Receive) -> Self {
        let receipt = Receipt { upload: upload.upload.clone(), ..Receipt::default() };
        Self { rules: &hub.rules, ids: None, receipt }
    }

    fn table(&mut self, table: TableId) -> &mut TableReceipt {
        self.receipt.tables.entry(self.rules[table].name.clone()).or_default()
    }

    fn reason(&mut self, table: TableId, key: String, reason: &str, what: String) {
        let table = self.rules[table].name.clone();
        self.push(Reason { table, key, reason: reason.to_owned(), what });
    }

    fn push(&mut self, reason: Reason) {
        if self.receipt.reasons.len() < Receipt::REASONS_MAX {
            self.receipt.reasons.push(reason);
        }
    }

    fn odd(&mut self, base: &Base) {
        let Some(odd) = base.odd else { return };
        let (reason, what) = (odd.word().to_owned(), odd.what().to_owned());
        self.push(Reason { table: String::new(), key: String::new(), reason, what });
    }

    fn findings(&mut self, findings: &[Finding]) {
        for finding in findings {
            let (table, key, reason, what) = match finding {
                Finding::UnknownTable { table } => {
                    (visible(table), String::new(), "unknown_table", "ignored".to_owned())
                }
                Finding::UnknownColumn { table, column } => {
                    (self.name(*table), String::new(), "unknown_column", visible(column))
                }
                Finding::OddType { table, column, rows, first } => {
                    let what = format!("`{column}` is of another type in {rows} rows");
                    (self.name(*table), shown(first), "odd_type", what)
                }
                Finding::NoTag => {
                    (String::new(), String::new(), "no_tag", "the file's mark cannot be read".to_owned())
                }
                Finding::Rewritten { .. } => continue,
            };
            self.push(Reason { table, key, reason: reason.to_owned(), what });
        }
    }

    fn name(&self, table: TableId) -> String {
        self.rules[table].name.clone()
    }

    /// The id of a row in the file, as long as there is room to tell it: few rows are ever told.
    fn key(&self, gid: Gid) -> String {
        let Some((base, said)) = self.ids.filter(|_| self.receipt.reasons.len() < Receipt::REASONS_MAX)
        else {
            return String::new();
        };
        let learned = said.set.learned.iter().rev().find(|(_, _, learned)| *learned == gid);
        let before = || base.shadow.values().flatten().find(|row| row.gid == gid).map(|row| &row.id);
        learned.map(|(_, id, _)| id).or_else(before).map(shown).unwrap_or_default()
    }

    fn orphans(&mut self, said: &Said) {
        for orphan in &said.set.orphans {
            let key = match &orphan.row {
                OrphanRow::Local(id) => shown(id),
                OrphanRow::Known(gid) => self.key(*gid),
            };
            let column = &self.rules[orphan.table][orphan.column].name;
            let what = format!("`{column}` names a row that is not in the file");
            self.reason(orphan.table, key, if orphan.set_aside { "orphan" } else { "orphan_column" }, what);
        }
        for doubt in &said.set.doubts {
            let kept = if doubt.kept_both { "both are kept" } else { "it is taken for a new row" };
            let what = ["the id holds something else than before: ", kept].concat();
            self.reason(doubt.table, shown(&doubt.id), "doubt", what);
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
            for namesake in &end.namesakes {
                self.namesake(namesake);
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
                    let what = "somebody else has changed it, or something new needs it: it stays".to_owned();
                    self.reason(end.table, self.key(end.gid), "not_deleted", what);
                }
                (Verdict::Fallen(column), _) => {
                    let column = &self.rules[end.table][*column].name;
                    let what =
                        format!("`{column}` names a row that was deleted: it comes back with that one");
                    self.reason(end.table, self.key(end.gid), "fallen", what);
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
        let names: Vec<_> = rule.natural_key.iter().map(|column| rule[*column].name.as_str()).collect();
        let (names, ours, theirs) = (names.join("`, `"), of_region(owner), of_region(other_owner));
        let what = format!("the same `{names}` stands in {ours} and in {theirs}: both rows stay");
        self.reason(*table, self.key(*gid), "namesake", what);
    }

    fn refused(&mut self, table: TableId, key: String, refusal: Refusal) {
        let (reason, what) = match refusal {
            Refusal::Region => ("region", "the row is not of this site's region".to_owned()),
            Refusal::Unknown => ("unknown_row", "the hub does not know the row".to_owned()),
            Refusal::Orphan(column) => (
                "orphan",
                format!("`{}` names a row that the hub does not know", self.rules[table][column].name),
            ),
            Refusal::Gone(column) => (
                "orphan",
                format!(
                    "`{}` names a row of another region that was deleted",
                    self.rules[table][column].name
                ),
            ),
        };
        self.reason(table, key, reason, what);
    }
}

fn of_region(owner: &Owner) -> &str {
    match owner {
        Owner::Region(region) => region,
        Owner::Shared | Owner::Nobody => "no region",
    }
}

/// Raises an alert for everything new that a person should look at.
pub(super) async fn tell(
    desk: &mut Desk<'_>,
    site: SiteId,
    (base, said, merged): (&Base, &Said, &Merged),
    refused: &[Refused<'_>],
) -> Result<()> {
    let mut counts = refused::counts(refused);
    let doubts = said.set.doubts.iter().map(|doubt| ("doubt", doubt.table));
    let namesakes = merged.ends.iter().flat_map(|end| &end.namesakes);
    for (kind, table) in doubts.chain(namesakes.map(|namesake| ("namesake", namesake.table))) {
        *counts.entry((kind, table)).or_default() += 1;
    }
    for ((kind, table), rows) in counts {
        let what = match kind {
            "region" => "not of this site's region",
            "orphan" => "naming a row that is not there",
            "unknown_row" => "that the hub does not know",
            "namesake" => "named like a row of another region: both stay",
            _ => "under an id that held something else before",
        };
        let what = format!("{}: {rows} rows {what}", desk.hub.rules[table].name);
        alert(desk, Alarm { site, kind, what, rows }).await?;
    }
    // A branch is told when it begins.
    let begins = base.root.is_some() || matches!(base.way, Way::Meet { .. });
    if let Some(odd) = base.odd.filter(|_| begins) {
        alert(desk, Alarm { site, kind: odd.word(), what: odd.what().to_owned(), rows: 0 }).await?;
    }
    Ok(())
}

/// One line for the audit.
pub(super) fn summary(upload: &Receive, receipt: &Receipt) -> String {
    let sum = |count: fn(&TableReceipt) -> usize| receipt.tables.values().map(count).sum::<usize>();
    format!(
        "{} ({}): +{} ~{} -{} refused {} conflicts {} held {}",
        upload.upload,
        visible(&upload.reason),
        sum(|table| table.inserted),
        sum(|table| table.updated),
        sum(|table| table.deleted),
        sum(|table| table.refused),
        receipt.conflicts,
        receipt.held,
    )
}
