//! Rows that a site cannot know.
//!
//! A row that hangs on another one brings it along: the site is shown what its rows need. So nobody may hang a row on what
//! it was never shown, or knowing the identity of another region's row would be enough to read it. And whoever names such a
//! row is answered as if there were none, or the answer would tell that there is one.

use std::collections::{BTreeSet, HashMap, HashSet};

use merge::{
    Action, Cells, Change, ColumnId, LocalId, Outcome, Owner, Refusal, Region, Rules, ShadowRow, TableId,
    TableRules, Verdict, natural_key, region,
};
use model::{Gid, Rev, Stamp, Value};
use replica::office_file::OfficeFile;

use crate::{
    Result,
    desk::Desk,
    engine::{by_id, merged::Aim, pull::View},
    query::text,
    shape::LOG,
};

/// What a region knows nothing of, among rows that somebody names.
#[derive(Default)]
pub(in crate::engine) struct Unknown {
    /// Rows of other regions that it was never shown.
    pub strangers: BTreeSet<(TableId, Gid)>,
    /// There is no such row in that table. Not looked for where everything is shown.
    pub missing: BTreeSet<(TableId, Gid)>,
}

/// What a batch or a file names and its site cannot know, and for each an identity that nothing has: that one is merged instead.
pub(in crate::engine) struct Hidden {
    instead: HashMap<(TableId, Gid), Gid>,
    /// The same, where it is not said of which table a row is.
    parents: HashMap<Gid, Gid>,
    made: HashSet<Gid>,
    strangers: HashSet<Gid>,
    /// Strangers that the site says it had, and that a hub lost since: such a row may have moved. It is refused, and no
    /// other one either; what hangs on it hangs on nothing.
    claimed: BTreeSet<(TableId, Gid)>,
}

impl Hidden {
    pub fn new(
        (unknown, claimed): (&Unknown, BTreeSet<(TableId, Gid)>),
        changes: &[Change],
        mut gid: impl FnMut() -> Gid,
    ) -> Self {
        let new = changes.iter().filter(|change| matches!(change.action, Action::Insert(_)));
        let new = new.map(|change| (change.table, change.gid));
        let new: HashSet<_> = new.filter(|row| !claimed.contains(row)).collect();
        let hidden = unknown.strangers.union(&unknown.missing).filter(|row| !new.contains(row));
        let instead: HashMap<_, _> = hidden.map(|row| (*row, gid())).collect();
        let mut parents: HashMap<Gid, Gid> = instead.iter().map(|((_, gid), made)| (*gid, *made)).collect();
        for change in changes.iter().filter(|change| !instead.contains_key(&(change.table, change.gid))) {
            parents.remove(&change.gid);
        }
        let made = instead.values().copied().collect();
        let strangers = unknown.strangers.iter().filter_map(|row| instead.get(row).copied()).collect();
        Self { instead, parents, made, strangers, claimed }
    }

    /// Whether the site says that it had this row, which another region has.
    pub fn is_claimed(&self, table: TableId, gid: Gid) -> bool {
        self.claimed.contains(&(table, gid))
    }

    /// Whether this identity stands for what the site cannot know.
    pub fn has(&self, gid: Gid) -> bool {
        self.made.contains(&gid)
    }

    /// People are told what it was: a row of another region.
    pub fn tell(&self, merged: &[Aim], outcomes: &mut [(Stamp, Rev, Outcome)]) {
        for (aim, (_, _, outcome)) in merged.iter().zip(outcomes) {
            if self.strangers.contains(&aim.gid) {
                outcome.verdict = Verdict::Refused(Refusal::Region);
            }
        }
    }

    /// The change as it is merged.
    pub fn hide(&self, rules: &Rules, mut change: Change) -> Change {
        if self.instead.is_empty() {
            return change;
        }
        if let Some(instead) = self.instead.get(&(change.table, change.gid))
            && !self.is_claimed(change.table, change.gid)
        {
            change.gid = *instead;
        }
        if let Action::Delete { with: Some(parent) } = &mut change.action
            && let Some(instead) = self.parents.get(parent)
        {
            *parent = *instead;
        }
        for (to, cell) in references(rules, &mut change) {
            if let Some(instead) = Gid::of(cell).and_then(|gid| self.instead.get(&(to, gid))) {
                *cell = (*instead).into();
            }
        }
        change
    }
}

/// What the region knows nothing of among the rows that these changes name.
pub(super) async fn unknown(desk: &mut Desk<'_>, region: &Region, changes: &[Change]) -> Result<Unknown> {
    let own = changes.iter().map(|change| (change.table, change.gid));
    let named = changes.iter().flat_map(|change| named(desk, change)).chain(own).collect();
    among(desk, region, named).await
}

/// What the region knows nothing of among these rows. It was shown what a row of it needs, or one that is deleted did, and
/// what was its own. (What went to another region while a site of it was away is known.)
pub(in crate::engine) async fn among(
    desk: &mut Desk<'_>,
    region: &Region,
    rows: BTreeSet<(TableId, Gid)>,
) -> Result<Unknown> {
    let Region::Named(name) = region else { return Ok(Unknown::default()) };
    let mut view = View::new(desk.hub, region);
    view.load(desk.db, rows.iter().copied()).await?;
    let is_there = |(table, gid): &(TableId, Gid)| view.row(*gid).is_some_and(|row| row.table == *table);
    let (mut strangers, missing): (BTreeSet<_>, BTreeSet<_>) = rows.into_iter().partition(is_there);
    strangers.retain(|(_, gid)| view.is_elsewhere(view.today(*gid)));
    view.look(desk.db, strangers.iter().map(|(_, gid)| view.today(*gid)).collect::<Vec<_>>()).await?;
    strangers.retain(|(_, gid)| !view.is_visible(view.today(*gid)));
    if strangers.is_empty() {
        return Ok(Unknown { strangers, missing });
    }
    let today: Vec<Gid> = strangers.iter().map(|(_, gid)| view.today(*gid)).collect();
    let children = view.children(desk.db, &today).await?;
    view.load(desk.db, children.iter().copied()).await?;
    let own = children.iter().filter(|(_, child)| view.owns_row(*child));
    let shown: HashSet<Gid> = own.flat_map(|(_, child)| view.needs(*child)).collect();
    let shown = strangers.iter().filter(|(_, gid)| shown.contains(&view.today(*gid)));
    let mut known: HashSet<Gid> = shown.map(|(_, gid)| *gid).collect();
    // The history has no index of rows; this is asked for what moved away, and of somebody who guesses.
    let gids = strangers.iter().map(|(_, gid)| (*gid).into());
    for line in desk.db.find_any(LOG, &[("region", text(name))], "gid", gids).await? {
        known.insert(Gid::from_uuid(line.uuid(1)?));
    }
    strangers.retain(|(_, gid)| !known.contains(gid));
    Ok(Unknown { strangers, missing })
}

/// Which rows are strangers among those that a file may meet: its rows under natural keys at the hub, and those of the file
/// that it may be a copy of, a table.
///
/// Rows of other regions are only known where something hangs on them that is not: else nothing is lost by taking them for
/// unknown ones, which no other region's file can bring.
pub(in crate::engine) async fn met(
    desk: &mut Desk<'_>,
    region: &Region,
    file: &OfficeFile,
    met: &[(TableId, Vec<ShadowRow>, Vec<ShadowRow>)],
) -> Result<HashSet<Gid>> {
    let rules = &desk.hub.rules;
    let needed = needed(rules, region, file);
    let (mut strangers, mut asked) = (HashSet::new(), BTreeSet::new());
    for (table, hub, theirs) in met {
        let rule = &rules[*table];
        let rows =
            file.merged.get(table).into_iter().flatten().filter(|row| needed.contains(&(*table, &row.id)));
        let keys: HashSet<_> = rows.filter_map(|row| natural_key(rule, &row.cells)).collect();
        let by_key =
            hub.iter().map(|row| (row, natural_key(rule, &row.cells).is_some_and(|key| keys.contains(&key))));
        let by_id = theirs.iter().map(|row| (row, needed.contains(&(*table, &row.id))));
        for (row, is_needed) in by_key.chain(by_id).filter(|(row, _)| !may_be_of(rule, region, &row.cells)) {
            if is_needed {
                asked.insert((*table, row.gid));
            } else {
                strangers.insert(row.gid);
            }
        }
    }
    let unknown = among(desk, region, asked.clone()).await?.strangers;
    asked.iter().filter(|row| !unknown.contains(row)).for_each(|(_, gid)| _ = strangers.remove(gid));
    strangers.extend(unknown.into_iter().map(|(_, gid)| gid));
    // What says no region is its parent's.
    loop {
        let theirs = met.iter().flat_map(|(table, _, theirs)| theirs.iter().map(|row| (&rules[*table], row)));
        let below = theirs.filter(|(rule, row)| {
            let parent = rule.region_columns().1.and_then(|through| Gid::of(row.cells[through.0].as_ref()?));
            region::said(rule, &row.cells).is_none()
                && parent.is_some_and(|parent| strangers.contains(&parent))
        });
        let below: Vec<Gid> = below.map(|(_, row)| row.gid).filter(|gid| !strangers.contains(gid)).collect();
        if below.is_empty() {
            return Ok(strangers);
        }
        strangers.extend(below);
    }
}

/// Rows of a file that a row needs which says no other region.
fn needed<'f>(rules: &Rules, region: &Region, file: &'f OfficeFile) -> HashSet<(TableId, &'f LocalId)> {
    let mut named = HashSet::new();
    for (table, rows) in &file.merged {
        for row in rows.iter().filter(|row| may_be_of(&rules[*table], region, &row.cells)) {
            let cells = |column: ColumnId| LocalId::of(row.cells[column.0].as_ref()?);
            let targets =
                rules[*table].references().filter_map(|(column, to)| Some((to.table, cells(column)?)));
            for (to, id) in targets {
                let rows = by_id::rows_of(&file.merged, to);
                named.extend(by_id::by_id(rows, &id).map(|row| (to, &row.id)));
            }
        }
    }
    named
}

/// Whether a row says no other region than the site's.
pub(in crate::engine) fn may_be_of(rule: &TableRules, region: &Region, cells: &Cells) -> bool {
    region::said(rule, cells).is_none_or(|said| region.sees(&Owner::Region(said.to_owned())))
}

/// The references that the change says something about, each with the table that it is to.
pub(super) fn references<'c>(
    rules: &'c Rules,
    change: &'c mut Change,
) -> impl Iterator<Item = (TableId, &'c mut Value)> {
    let to = |column: ColumnId| Some(rules[change.table][column].reference?.table);
    let cells: Vec<(ColumnId, &mut Value)> = match &mut change.action {
        Action::Insert(cells) => {
            let known = cells.iter_mut().enumerate();
            known.filter_map(|(at, cell)| Some((ColumnId(at), cell.as_mut()?))).collect()
        }
        Action::Update(edits) => edits.iter_mut().map(|edit| (edit.column, &mut edit.value)).collect(),
        Action::Delete { .. } => Vec::new(),
    };
    cells.into_iter().filter_map(move |(column, cell)| Some((to(column)?, cell)))
}

/// Rows that the change newly names.
pub(in crate::engine) fn named<'c>(
    desk: &'c Desk<'_>,
    change: &'c Change,
) -> impl Iterator<Item = (TableId, Gid)> + 'c {
    let references = desk.hub.rules[change.table].references();
    references.filter_map(|(column, to)| {
        let value = match &change.action {
            Action::Insert(cells) => cells[column.0].as_ref(),
            Action::Update(edits) => edits.iter().find(|edit| edit.column == column).map(|edit| &edit.value),
            Action::Delete { .. } => None,
        };
        Some((to.table, Gid::of(value?)?))
    })
}
