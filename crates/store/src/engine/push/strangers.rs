//! Rows that a site cannot know.
//!
//! A row that hangs on another one brings it along: the site is shown what its rows need. So nobody may hang a row on what
//! it was never shown, or knowing the identity of another region's row would be enough to read it.

use std::collections::{BTreeSet, HashSet};

use merge::{Action, Change, Region, TableId};
use model::Gid;

use crate::{Result, desk::Desk, engine::pull::View, query::text, shape::LOG};

/// Rows of other regions that these changes refer to, and that the region was never shown: no row of it needs them, nor
/// did one that is deleted, and they were never its own. (What went to another region while the site was away is known.)
pub(super) async fn strangers(
    desk: &mut Desk<'_>,
    region: &Region,
    changes: &[Change],
) -> Result<BTreeSet<(TableId, Gid)>> {
    let named = changes.iter().flat_map(|change| named(desk, change)).collect();
    among(desk, region, named).await
}

/// Of these rows those of other regions that the region was never shown.
pub(in crate::engine) async fn among(
    desk: &mut Desk<'_>,
    region: &Region,
    mut strangers: BTreeSet<(TableId, Gid)>,
) -> Result<BTreeSet<(TableId, Gid)>> {
    let Region::Named(name) = region else { return Ok(BTreeSet::new()) };
    let mut view = View::new(desk.hub, region);
    view.load(desk.db, strangers.iter().copied()).await?;
    strangers.retain(|(_, gid)| view.row(*gid).is_some() && !view.owns_row(view.today(*gid)));
    view.look(desk.db, strangers.iter().map(|(_, gid)| view.today(*gid)).collect::<Vec<_>>()).await?;
    strangers.retain(|(_, gid)| !view.is_visible(view.today(*gid)));
    if strangers.is_empty() {
        return Ok(strangers);
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
    Ok(strangers)
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
