//! Whether a file goes on from what a branch last held, or from the root without it.
//!
//! Two PCs with copies of one file, or one PC with a restored backup, send files of one root that know nothing of each
//! other. **What can be known**: SQLite counts a file's changes and the ids that it gives, and neither goes back; two
//! contents under one count are two files; an id given after the root that now holds something else, or a row that is
//! back after its deletion, was never in this file. Everything else goes on from the branch.
//! **What cannot be known** stands, and what the branch said is kept as the loser: a value that the cell had before (taken
//! back, or of a backup from before the edit); new rows that are edited faster than the file counts (by one statement, or
//! another PC's of the same person and day); a new row's name that is spelled otherwise. Of what is so doubtful nothing is
//! concluded from absence. One new day that has another date was moved; several, or any of these where nothing is left of
//! what the branch did, are another PC's. (Not below a new row that is equal in both: ids are given in order, so until then
//! they were one file, and whatever is another row now was moved or replaced there: both stay.) A new row that was only
//! edited counts as that row; if it was another PC's, that one shows by its count when it comes again, and becomes a branch
//! and its row a row of its own.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use merge::{
    Cells, ColumnId, Identity, LocalId, LocalRow, Rules, Sameness, ShadowRow, TableId, TableRules, sameness,
};
use model::{Gid, Value};
use replica::{codec::Stored as _, office_file::OfficeFile};

use super::{
    by_id::{by_id, rows_of},
    lineage::Aside,
    shadow::Shadow,
};
use crate::{desk::shown, uploads::Mark};

/// A branch as it was last seen, beside the root that it goes on from.
pub(super) struct Branch<'a> {
    pub root: &'a Shadow,
    pub now: &'a Shadow,
    /// The highest ids that it ever gave.
    pub used: &'a BTreeMap<TableId, i64>,
    /// Rows that it had and that were not taken.
    pub aside: &'a Aside,
    pub counter: i64,
    pub content: Option<&'a str>,
}

/// How a file stands to a branch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    pub goes_on: bool,
    /// It was changed less often than the branch.
    pub older: bool,
    /// What the branch did to the root and the file has too.
    pub kept: usize,
    /// Its new rows may be another PC's: they took more changes than it counts, or are named otherwise.
    pub doubtful: bool,
}

/// What became, in the file, of what the branch did to the root.
#[derive(Default)]
struct Facts {
    /// Whether the branch did anything that tells files apart.
    any: bool,
    kept: usize,
    /// New rows that the file has otherwise.
    edited: usize,
    /// Of these: what tells which row it is has changed, though it is akin.
    renamed: usize,
    /// Of these: only other columns tell that it is the same.
    unlike: usize,
    /// The same, where file and branch have one past.
    moved: usize,
    /// Where they have one past, an id holds another row.
    replaced: bool,
    /// Rows of the file that neither has.
    fresh: usize,
    /// It cannot be this file.
    against: bool,
    /// Ids went back.
    older: bool,
}

/// The file's rows by table and id.
pub(super) struct Look<'a> {
    pub rules: &'a Rules,
    pub order: &'a [TableId],
    /// Of the site whose file it is.
    pub region: &'a merge::Region,
    pub file: &'a OfficeFile,
    pub forgotten: &'a super::forgotten::Forgotten,
}

pub(super) fn standing(look: &Look<'_>, branch: &Branch<'_>, mark: &Mark) -> Standing {
    if branch.content.is_some_and(|content| content == mark.content) {
        return Standing { goes_on: true, kept: usize::MAX, ..Standing::default() };
    }
    let facts = facts(look, branch);
    let counted = mark.counter.map(|counter| counter - branch.counter);
    let older = facts.older || counted.is_some_and(|more| more < 0);
    // What says nothing beyond the root can be gone on from by whatever came from the root.
    if !facts.any {
        return Standing { goes_on: true, older, ..Standing::default() };
    }
    let twin = counted == Some(0) && branch.content.is_some();
    let unlike = facts.renamed + facts.unlike;
    let another = facts.against || facts.unlike > 1 || facts.kept == 0 && unlike > 0;
    let took = i64::try_from(facts.edited + facts.fresh).unwrap_or(i64::MAX);
    let hasty = facts.edited > 0 && counted.is_none_or(|more| more < took);
    let goes_on = !(older || twin || another);
    let doubtful = hasty || facts.renamed > 0 || facts.replaced || facts.moved + facts.unlike > 1;
    Standing { goes_on, older, kept: facts.kept, doubtful }
}

fn facts(look: &Look<'_>, branch: &Branch<'_>) -> Facts {
    let mut facts = Facts::default();
    let mut ids = Ids::of(look, branch.root);
    for table in look.order {
        let Some(rows) = look.file.merged.get(table) else { continue };
        let (root, now) = (rows_of(branch.root, *table), rows_of(branch.now, *table));
        let used = branch.used.get(table).copied().unwrap_or(0);
        facts.older |= look.file.last_ids.get(table).is_some_and(|given| *given < used);
        let counted = look.file.last_ids.contains_key(table);
        let common = if counted { common(&ids, *table, (root, now), rows) } else { None };
        for known in now {
            match (by_id(root, &known.id), by_id(rows, &known.id)) {
                (None, None) => facts.any = true,
                (None, Some(found)) => {
                    let one_past = common.is_some_and(|common| known.id < *common);
                    facts.added(&mut ids, *table, (known, found), one_past);
                }
                (Some(before), Some(found)) if before.cells != known.cells => {
                    facts.changed(&look.rules[*table], (before, known), found);
                }
                (Some(_), _) => {}
            }
        }
        for before in root.iter().filter(|before| by_id(now, &before.id).is_none()) {
            facts.any = true;
            let back = by_id(rows, &before.id).is_some();
            facts.against |= back && !branch.aside.contains_key(&(*table, shown(&before.id)));
            facts.kept += usize::from(!back);
        }
        for fresh in rows.iter().filter(|row| by_id(now, &row.id).is_none() && by_id(root, &row.id).is_none())
        {
            let given = matches!(fresh.id, LocalId::Int(id) if id <= used);
            facts.against |= given && !branch.aside.contains_key(&(*table, shown(&fresh.id)));
            // What hangs on another row may be written together with it.
            let alone = !look.rules[*table].references().any(|(column, _)| ids.hangs(*table, column, fresh));
            facts.fresh += usize::from(!given && alone);
        }
    }
    facts
}

/// The highest id that was given after the root to a row which is equal in both: until then file and branch have one past.
fn common<'a>(
    ids: &Ids<'_>,
    table: TableId,
    (root, now): (&[Arc<ShadowRow>], &'a [Arc<ShadowRow>]),
    rows: &[LocalRow],
) -> Option<&'a LocalId> {
    let news = now.iter().rev().filter(|known| by_id(root, &known.id).is_none());
    let equal = |known: &&Arc<ShadowRow>| {
        by_id(rows, &known.id).is_some_and(|row| {
            equal(&ids.rules[table], &known.cells, &row.cells) && ids.refers_alike(table, known, row)
        })
    };
    news.into_iter().find(equal).map(|known| &known.id)
}

impl Facts {
    /// A row that the branch added, and what the file has under its id.
    fn added(
        &mut self,
        ids: &mut Ids<'_>,
        table: TableId,
        (known, row): (&ShadowRow, &LocalRow),
        one_past: bool,
    ) {
        self.any = true;
        let rule = &ids.rules[table];
        let hangs = ids.hangs_on_new(table, known);
        if equal(rule, &known.cells, &row.cells) && ids.refers_alike(table, known, row) {
            ids.knows(table, known);
            self.kept += usize::from(!hangs);
            return;
        }
        let needed = |(column, _): &(ColumnId, _)| rule[*column].not_null;
        if rule.references().filter(needed).any(|(column, _)| !ids.alike(table, column, known, row)) {
            // What hangs on a row of another is another's too: only the row that it hangs on tells anything.
            if !hangs {
                self.other(one_past);
            }
            return;
        }
        ids.knows(table, known);
        self.edited += 1;
        let mut own = rule.telling.iter().filter(|column| rule[**column].reference.is_none());
        if Identity::of(rule, &known.cells, &row.cells) == Identity::Equal {
            // A number that somebody else gave says more than a name.
        } else if tells_same(rule, known, row) {
            self.renamed += usize::from(own.any(|column| differ(&known.cells, &row.cells, *column)));
        } else if rule.telling.len() > 1 && speaks_of(rule, known, row) {
            *(if one_past { &mut self.moved } else { &mut self.unlike }) += 1;
        } else {
            self.other(one_past);
        }
    }

    /// Another row under an id of the branch: another PC gave that id, or somebody replaced the row.
    fn other(&mut self, one_past: bool) {
        self.against |= !one_past;
        self.replaced |= one_past;
    }

    /// A row of the root that the branch changed.
    fn changed(&mut self, rule: &TableRules, (before, known): (&ShadowRow, &ShadowRow), row: &LocalRow) {
        // References mean nothing outside their own file.
        if !equal(rule, &before.cells, &known.cells) {
            self.any = true;
            self.kept += usize::from(equal(rule, &known.cells, &row.cells));
        }
    }
}

/// What a file goes on from: its branch, but for what cannot be known. Such cells are unknown, so that what does not
/// stand is kept as the loser. `left`: values that cells had before.
pub(super) fn unsure(
    look: &Look<'_>,
    (root, mut now): (&Shadow, Shadow),
    left: &Left,
    doubtful: bool,
) -> Shadow {
    let ids = Ids::of(look, &now);
    for (table, known) in &mut now {
        let Some(rows) = look.file.merged.get(table) else { continue };
        let (rule, before) = (&look.rules[*table], rows_of(root, *table));
        for known in known {
            let Some(row) = by_id(rows, &known.id) else { continue };
            if equal(rule, &known.cells, &row.cells) && ids.refers_alike(*table, known, row) {
                continue;
            }
            let unsure = if doubtful && by_id(before, &known.id).is_none() {
                one(&ids, *table, known, row).unwrap_or_else(|| known.as_ref().clone())
            } else {
                let mut unsure = known.as_ref().clone();
                for column in rule.column_ids() {
                    let value = ids.value(*table, column, row).filter(|_| !left.is_empty());
                    if value.is_some_and(|value| left.contains(&left_behind(known.gid, rule, column, &value)))
                    {
                        unsure.cells[column.0] = None;
                    }
                }
                unsure
            };
            *known = Arc::new(unsure);
        }
    }
    now
}

/// Values that cells of a branch had before, each as [`left_behind`].
pub(super) type Left = HashSet<String>;

/// A value of a cell, as a hash. References in global form.
pub(super) fn left_behind(gid: Gid, rule: &TableRules, column: ColumnId, value: &Value) -> String {
    let cells: Cells = vec![Some(value.clone())];
    let mut hasher = blake3::Hasher::new();
    hasher.update(gid.uuid().as_bytes()).update(rule[column].name.as_bytes()).update(&cells.encode());
    hasher.finalize().to_hex()[..32].to_owned()
}

/// Which rows ids of the file are, as far as they are those of a branch.
pub(super) struct Ids<'a> {
    pub rules: &'a Rules,
    gids: HashMap<(TableId, LocalId), Gid>,
    old: HashSet<Gid>,
}

impl<'a> Ids<'a> {
    pub fn of(look: &Look<'a>, root: &Shadow) -> Self {
        let referred: HashSet<TableId> =
            look.rules.tables().flat_map(|(_, rule)| rule.references().map(|(_, to)| to.table)).collect();
        let tables = || root.iter().filter(|(table, _)| referred.contains(table));
        let rows = || tables().flat_map(|(table, rows)| rows.iter().map(|row| (*table, row)));
        let is_another = |table: TableId, known: &ShadowRow| {
            let found = look.file.merged.get(&table).and_then(|rows| by_id(rows, &known.id));
            found.is_some_and(|row| !speaks_of(&look.rules[table], known, row))
        };
        let meant = rows().filter(|(table, row)| !is_another(*table, row));
        let gids = meant.map(|(table, row)| ((table, row.id.clone()), row.gid)).collect();
        Self { rules: look.rules, gids, old: rows().map(|(_, row)| row.gid).collect() }
    }

    pub fn knows(&mut self, table: TableId, row: &ShadowRow) {
        self.gids.insert((table, row.id.clone()), row.gid);
    }

    /// What hangs on a new row looks alike in all files: only the row that it hangs on tells anything.
    fn hangs_on_new(&self, table: TableId, known: &ShadowRow) -> bool {
        self.rules[table].references().any(|(column, _)| self.is_new(&known.cells, column))
    }

    /// Whether the cell refers to a row that the root does not have.
    fn is_new(&self, cells: &Cells, column: ColumnId) -> bool {
        cells[column.0].as_ref().and_then(Gid::of).is_some_and(|gid| !self.old.contains(&gid))
    }

    /// Whether the cell refers to a row that is new in the file.
    fn hangs(&self, table: TableId, column: ColumnId, row: &LocalRow) -> bool {
        let Some(reference) = self.rules[table][column].reference else { return false };
        let id = row.cells[column.0].as_ref().and_then(LocalId::of);
        id.is_some_and(|id| !self.gids.contains_key(&(reference.table, id)))
    }

    /// What a cell of the file says, in global form.
    fn value(&self, table: TableId, column: ColumnId, row: &LocalRow) -> Option<Value> {
        let value = row.cells[column.0].as_ref()?;
        match self.rules[table][column].reference {
            Some(to) if !value.is_null() => {
                LocalId::of(value).and_then(|id| self.gids.get(&(to.table, id))).map(|gid| (*gid).into())
            }
            _ => Some(value.clone()),
        }
    }

    pub fn alike(&self, table: TableId, column: ColumnId, known: &ShadowRow, row: &LocalRow) -> bool {
        let Some(reference) = self.rules[table][column].reference else { return true };
        let theirs = known.cells[column.0].as_ref().and_then(Gid::of);
        let ours = match &row.cells[column.0] {
            None => return true,
            Some(value) => LocalId::of(value).and_then(|id| self.gids.get(&(reference.table, id))),
        };
        theirs == ours.copied()
    }

    pub fn refers_alike(&self, table: TableId, known: &ShadowRow, row: &LocalRow) -> bool {
        self.rules[table].references().all(|(column, _)| self.alike(table, column, known, row))
    }
}

/// What a file goes on from, the root or a branch, and what it has in common with other branches beyond that.
///
/// A row that is equal is that row. Ids are given in order: below an equal row the file and the branch have one past,
/// so like rows there are one row, of which it is not known who changed it: cells that differ are unknown.
pub(super) fn begin(look: &Look<'_>, root: &Shadow, branches: &[&Shadow]) -> Shadow {
    let mut base = root.clone();
    let mut ids = Ids::of(look, root);
    for branch in branches {
        for table in look.order {
            let Some(rows) = look.file.merged.get(table) else { continue };
            let rule = &look.rules[*table];
            let known = base.entry(*table).or_default();
            let news: Vec<_> = rows_of(branch, *table)
                .iter()
                .map(AsRef::as_ref)
                .filter(|news| by_id(known, &news.id).is_none())
                .filter_map(|news| Some((news, by_id(rows, &news.id)?)))
                .collect();
            let same = |(news, row): &&(&ShadowRow, &LocalRow)| {
                equal(rule, &news.cells, &row.cells) && ids.refers_alike(*table, news, row)
            };
            let common = news.iter().filter(same).map(|(news, _)| news.id.clone()).max();
            let Some(common) = common else { continue };
            let mut found = Vec::new();
            for (news, row) in news.iter().filter(|(news, _)| news.id <= common) {
                found.extend(one(&ids, *table, news, row));
            }
            found.iter().for_each(|row| ids.knows(*table, row));
            known.extend(found.into_iter().map(Arc::new));
            known.sort_by(|a, b| a.id.cmp(&b.id));
        }
    }
    base
}

/// A shadow of a file that may be another one than this, or a later state of it: cells that differ are unknown, so that
/// whatever does not stand is kept as the loser.
pub(super) fn doubted(look: &Look<'_>, mut shadow: Shadow) -> Shadow {
    let ids = Ids::of(look, &shadow);
    for (table, known) in &mut shadow {
        let Some(rows) = look.file.merged.get(table) else { continue };
        for known in known {
            if let Some(one) = by_id(rows, &known.id).and_then(|row| one(&ids, *table, known, row)) {
                *known = Arc::new(one);
            }
        }
    }
    shadow
}

/// A shadow of which the file is an earlier state, or not even that: as [`doubted`], but where the file has something else
/// under an id, or never gave it, the row is not this file's.
pub(super) fn of_before(look: &Look<'_>, mut shadow: Shadow) -> Shadow {
    let ids = Ids::of(look, &shadow);
    for (table, known) in &mut shadow {
        let rows = rows_of(&look.file.merged, *table);
        let gave = |id: &LocalId| match (id, look.file.last_ids.get(table)) {
            (LocalId::Int(id), Some(given)) => id <= given,
            _ => true,
        };
        known.retain(|known| match by_id(rows, &known.id) {
            Some(row) => one(&ids, *table, known, row).is_some(),
            None => gave(&known.id),
        });
    }
    doubted(look, shadow)
}

/// A shadow without the rows under whose ids the file has what one of its copies has.
pub(super) fn of_this(look: &Look<'_>, mut shadow: Shadow, copies: &[Shadow]) -> Shadow {
    let ids = Ids::of(look, &shadow);
    for (table, known) in &mut shadow {
        let rows = rows_of(&look.file.merged, *table);
        let of_copy = |row: &LocalRow| {
            let mut copied = copies.iter().filter_map(|copy| by_id(rows_of(copy, *table), &row.id));
            copied.any(|copied| tells_same(&look.rules[*table], copied, row))
        };
        known.retain(|known| {
            by_id(rows, &known.id).is_none_or(|row| one(&ids, *table, known, row).is_some() || !of_copy(row))
        });
    }
    shadow
}

/// A row of two files with one past, as both know it; `None`: they are two rows.
pub(super) fn one(ids: &Ids<'_>, table: TableId, known: &ShadowRow, row: &LocalRow) -> Option<ShadowRow> {
    let rule = &ids.rules[table];
    if equal(rule, &known.cells, &row.cells) && ids.refers_alike(table, known, row) {
        return Some(known.clone());
    }
    // Of columns that tell only together each has to say the same.
    let tells = |column: &ColumnId| match rule[*column].reference {
        Some(_) => ids.alike(table, *column, known, row),
        None => !differ(&known.cells, &row.cells, *column),
    };
    let like = match rule.telling.len() {
        0 | 1 => tells_same(rule, known, row),
        _ => speaks_of(rule, known, row) && rule.telling.iter().all(tells),
    };
    like.then(|| agreed(ids, table, known, row))
}

/// A row, and unknown what the file does not say too.
fn agreed(ids: &Ids<'_>, table: TableId, known: &ShadowRow, row: &LocalRow) -> ShadowRow {
    let rule = &ids.rules[table];
    let mut agreed = known.clone();
    for column in rule.column_ids() {
        let agree = match rule[column].reference {
            Some(_) => ids.alike(table, column, known, row),
            None => row.cells[column.0].is_none() || row.cells[column.0] == known.cells[column.0],
        };
        if !agree {
            agreed.cells[column.0] = None;
        }
    }
    agreed
}

/// Whether what tells which row it is says, by itself, the same.
fn tells_same(rule: &TableRules, known: &ShadowRow, row: &LocalRow) -> bool {
    let telling = |cells: &Cells| {
        let mut cells = alone(rule, cells);
        let tells = |column: &ColumnId| {
            [&rule.natural_key, &rule.telling, &rule.identifying].iter().any(|some| some.contains(column))
        };
        rule.column_ids().filter(|column| !tells(column)).for_each(|column| cells[column.0] = None);
        cells
    };
    sameness(rule, &telling(&known.cells), &telling(&row.cells)) == Sameness::Same
}

/// Whether a row, by itself, speaks of what is known under its id.
pub(super) fn speaks_of(rule: &TableRules, known: &ShadowRow, row: &LocalRow) -> bool {
    equal(rule, &known.cells, &row.cells)
        || sameness(rule, &alone(rule, &known.cells), &alone(rule, &row.cells)) == Sameness::Same
}

/// Whether two rows say the same by themselves; what one of the files cannot say counts as said.
pub(super) fn equal(rule: &TableRules, theirs: &Cells, ours: &Cells) -> bool {
    let mut columns = rule.columns.iter().zip(theirs.iter().zip(ours));
    columns.all(|(column, (theirs, ours))| {
        column.reference.is_some() || theirs.is_none() || ours.is_none() || theirs == ours
    })
}

/// What a row says by itself: references mean nothing outside their own file.
pub(super) fn alone(rules: &TableRules, cells: &Cells) -> Cells {
    let mut cells = cells.clone();
    for (column, _) in rules.references() {
        cells[column.0] = None;
    }
    cells
}

/// Both say something there, and not the same.
fn differ(theirs: &Cells, ours: &Cells, column: ColumnId) -> bool {
    let says = |cell: &Option<Value>| cell.as_ref().is_some_and(|value| !value.is_null());
    let (theirs, ours) = (&theirs[column.0], &ours[column.0]);
    says(theirs) && says(ours) && theirs != ours
}
