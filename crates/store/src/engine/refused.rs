//! What was not taken of an upload: kept in the history with what the file said, once.

use std::collections::{BTreeMap, HashMap};

use merge::{
    Action, Change, LocalId, LocalRow, Mint as _, OrphanRow, Owner, Refusal, Region, RegionRule, Rules,
    TableId, TableRules, Verdict, region,
};
use model::{Gid, SiteId, Stamp, Value};
use replica::office_file::OfficeFile;

use super::{
    by_id::{by_id, rows_of},
    choose::{Base, Way},
    compare::Said,
    history::object,
    lineage::Aside,
    merged::Merged,
    settle::content,
};
use crate::{
    HeldTable, Result,
    deed::Deed,
    desk::{Desk, Hub, shown},
    query::{maybe, text},
    shape::LOG,
};

/// A row of a file that was not taken, and had not been told before.
pub(super) struct Refused<'a> {
    pub table: TableId,
    /// In the file, or in the one before.
    pub id: Option<&'a LocalId>,
    /// `None`: set aside before anybody could say which row it is.
    gid: Option<Gid>,
    /// `None`: its deletion was refused.
    row: Option<&'a LocalRow>,
    region: bool,
    /// As [`crate::Reason::reason`].
    pub kind: &'static str,
}

/// **Shape**: each row once. `known`: what the last file of the lineage had that was not taken either.
pub(super) fn list<'a>(
    file: &'a OfficeFile,
    (rules, region): (&Rules, &Region),
    (base, said, merged): (&'a Base, &'a Said, &Merged),
    known: &Aside,
) -> Vec<Refused<'a>> {
    let shadow =
        base.shadow.iter().flat_map(|(table, rows)| rows.iter().map(|row| (*table, &row.id, row.gid)));
    let refused: Vec<_> = merged
        .ends
        .iter()
        .filter_map(|end| match end.verdict {
            Verdict::Refused(refusal) => Some((end, refusal)),
            _ => None,
        })
        .collect();
    let mut ids: HashMap<Gid, (TableId, &LocalId)> = HashMap::new();
    if !refused.is_empty() {
        ids.extend(shadow.map(|(table, id, gid)| (gid, (table, id))));
        ids.extend(said.set.learned.iter().map(|(table, id, gid)| (*gid, (*table, id))));
    }
    let row = |table: TableId, id: &LocalId| by_id(rows_of(&file.merged, table), id);
    let foreign = refused.iter().any(|(_, refusal)| *refusal == Refusal::Region);
    let ends = refused.into_iter().map(|(end, refusal)| {
        // What hangs on a row of another region is one too.
        let region = match refusal {
            Refusal::Region => true,
            Refusal::Orphan(_) => foreign,
            Refusal::Unknown | Refusal::Gone(_) => false,
        };
        let place = ids.get(&end.gid).copied();
        let row = place.and_then(|(table, id)| row(table, id));
        let kind = match refusal {
            Refusal::Region => "region",
            Refusal::Orphan(_) | Refusal::Gone(_) => "orphan",
            Refusal::Unknown => "unknown_row",
        };
        Refused { table: end.table, id: place.map(|(_, id)| id), gid: Some(end.gid), row, region, kind }
    });
    let aside = said.set.orphans.iter().filter(|orphan| orphan.set_aside).filter_map(|orphan| {
        let OrphanRow::Local(id) = &orphan.row else { return None };
        Some(Refused {
            table: orphan.table,
            id: Some(id),
            gid: None,
            row: Some(row(orphan.table, id)?),
            region: false,
            kind: "orphan",
        })
    });
    let new = |refused: &Refused<'_>| {
        refused
            .row
            .is_none_or(|row| known.get(&(refused.table, shown(&row.id))) != Some(&content(&row.cells)))
    };
    let mut once = std::collections::HashSet::new();
    let first =
        |refused: &Refused<'_>| refused.row.is_none_or(|row| once.insert((refused.table, row.id.clone())));
    ends.chain(aside)
        .filter(new)
        .filter(first)
        .filter(|refused| !is_copied((rules, region), base, refused))
        .collect()
}

/// Whether the hub has the row, as it is and as another region's, from the file that this one is a copy of: as the old
/// program left them, all PCs have the rows of all regions.
fn is_copied((rules, region): (&Rules, &Region), base: &Base, refused: &Refused<'_>) -> bool {
    let Way::Meet { relative, copy: true, .. } = &base.way else { return false };
    let (Some(row), rule) = (refused.row.filter(|_| refused.region), &rules[refused.table]) else {
        return false;
    };
    let is_own =
        region::said(rule, &row.cells).is_some_and(|said| region.sees(&Owner::Region(said.to_owned())));
    let mut own = rule.column_ids().filter(|column| rule[*column].reference.is_none());
    let theirs = by_id(rows_of(relative, refused.table), &row.id);
    !is_own && theirs.is_some_and(|theirs| own.all(|column| theirs.cells[column.0] == row.cells[column.0]))
}

/// Tables of which so many rows are not of the site's region that a person should look at it: the site may have been
/// enrolled with the wrong one, and its next file would be empty.
pub(super) fn too_many(hub: &Hub, file: &OfficeFile, refused: &[Refused<'_>]) -> Vec<HeldTable> {
    let mut counted: BTreeMap<TableId, usize> = BTreeMap::new();
    for refused in refused.iter().filter(|refused| refused.region) {
        *counted.entry(refused.table).or_default() += 1;
    }
    let rows = |table: TableId| file.merged.get(&table).map_or(0, Vec::len);
    let many = counted.into_iter().filter(|(table, count)| hub.rules.guard.holds(*count, rows(*table)));
    many.map(|(table, count)| of_other_regions(&hub.rules[table], count, rows(table))).collect()
}

/// Tables with rows of other regions, if the file has none at all of the site's own: its next file would be empty, also
/// where the hub has these rows from elsewhere. Rows that hang on others are whose those are: what they say themselves
/// may be a default.
pub(super) fn nothing_own(hub: &Hub, region: &Region, file: &OfficeFile) -> Vec<HeldTable> {
    let mut told = Vec::new();
    for (table, rows) in &file.merged {
        let rule = &hub.rules[*table];
        let RegionRule::Column(column) = rule.region else { continue };
        let foreign = |row: &LocalRow| match &row.cells[column.0] {
            Some(Value::Text(said)) if !said.trim().is_empty() => {
                !region.sees(&Owner::Region(said.trim().to_owned()))
            }
            // It gets the site's.
            _ => false,
        };
        if !rows.iter().all(foreign) {
            return Vec::new();
        }
        if !rows.is_empty() {
            told.push(of_other_regions(rule, rows.len(), rows.len()));
        }
    }
    told
}

fn of_other_regions(rule: &TableRules, foreign: usize, rows: usize) -> HeldTable {
    HeldTable { table: rule.name.clone(), refused: foreign as u64, rows: rows as u64, ..HeldTable::default() }
}

pub(super) async fn write(desk: &mut Desk<'_>, site: SiteId, refused: &[Refused<'_>]) -> Result<()> {
    let mut lines = Vec::new();
    for refused in refused {
        let said = refused.row.map(|row| object(&desk.hub.rules[refused.table], &row.cells));
        let (gid, stamp) = {
            let mut mint = desk.mint(site);
            (refused.gid.unwrap_or_else(|| mint.gid()), mint.stamp())
        };
        lines.push(line(desk, (refused.table, gid), stamp, (None, said)));
    }
    desk.db.add(LOG, &lines).await
}

/// What a person sent back.
pub(super) async fn write_back(desk: &mut Desk<'_>, back: &[Change]) -> Result<()> {
    let mut lines = Vec::new();
    for change in back {
        let rule = &desk.hub.rules[change.table];
        let said = match &change.action {
            Action::Insert(cells) => (None, Some(object(rule, cells))),
            Action::Update(edits) => {
                let (mut before, mut after) =
                    (vec![None; rule.columns.len()], vec![None; rule.columns.len()]);
                for edit in edits {
                    before[edit.column.0].clone_from(&edit.base);
                    after[edit.column.0] = Some(edit.value.clone());
                }
                (Some(object(rule, &before)), Some(object(rule, &after)))
            }
            Action::Delete { .. } => (None, None),
        };
        lines.push(line(desk, (change.table, change.gid), change.stamp, said));
    }
    desk.db.add(LOG, &lines).await
}

fn line(
    desk: &mut Desk<'_>,
    (table, gid): (TableId, Gid),
    stamp: Stamp,
    (before, after): (Option<String>, Option<String>),
) -> Vec<Value> {
    vec![
        Value::Int(desk.meta.next_rev().0),
        gid.into(),
        text(&desk.hub.rules[table].name),
        Value::Int(i64::from(stamp.site.0)),
        text(stamp.to_string()),
        Value::Int(desk.now_ms),
        text(Deed::Refused.word()),
        Value::Null,
        maybe(before),
        maybe(after),
        Value::Int(desk.batch),
        Value::Null,
    ]
}
