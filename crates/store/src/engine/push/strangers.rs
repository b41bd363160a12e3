//! Rows that a site cannot know.
//!
//! A row that hangs on another one brings it along: the site is shown what its rows need. So nobody may hang a row on what
//! it was never shown, or knowing the identity of another region's row would be enough to read it. And whoever names such a
//! row is answered as if there were none, or the answer would tell that there is one.

use std::collections::{BTreeSet, HashMap, HashSet};

use merge::{Action, Change, ColumnId, Region, Rules, TableId};
use model::{Gid, Value};

use crate::{Result, desk::Desk, engine::pull::View, query::text, shape::LOG};

/// What a region knows nothing of, among rows that somebody names.
#[derive(Default)]
pub(in crate::engine) struct Unknown {
    /// Rows of other regions that it was never shown.
    pub strangers: BTreeSet<(TableId, Gid)>,
    /// There is no such row in that table. Not looked for where everything is shown.
    missing: BTreeSet<(TableId, Gid)>,
}

/// What a batch names and its site cannot know, and for each an identity that nothing has: that one is merged instead.
pub(super) struct Hidden {
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

    /// Whether it stands for a row of another region.
    pub fn has_stranger(&self, gid: Gid) -> bool {
        self.strangers.contains(&gid)
    }

    /// The change as it is merged.
    pub fn hide(&self, rules: &Rules, change: &Change) -> Change {
        let mut change = change.clone();
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
    strangers.retain(|(_, gid)| !view.owns_row(view.today(*gid)));
    view.look(desk.db, strangers.iter().map(|(_, gid)| view.today(*gid)).collect::<Vec<_>>()).await?;
    strangers.retain(|(_, gid)| !view.is_visible(view.today(*gid)));
    if strangers.is_empty() {
        return Ok(Unknown { strangers, missing });
    }
    let mut known = HashSet::new();
    for (_, gid) in &strangers {
        let children = view.children(desk.db, &[view.today(*gid)]).await?;
        view.load(desk.db, children.iter().copied()).await?;
        if children.iter().any(|(_, child)| view.owns_row(*child)) {
            known.insert(*gid);
        }
    }
    // The history has no index of rows; this is asked for what moved away, and of somebody who guesses.
    let gids = strangers.iter().map(|(_, gid)| (*gid).into());
    for line in desk.db.find_any(LOG, &[("region", text(name))], "gid", gids).await? {
        known.insert(Gid::from_uuid(line.uuid(1)?));
    }
    strangers.retain(|(_, gid)| !known.contains(gid));
    Ok(Unknown { strangers, missing })
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
fn named<'c>(desk: &'c Desk<'_>, change: &'c Change) -> impl Iterator<Item = (TableId, Gid)> + 'c {
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
