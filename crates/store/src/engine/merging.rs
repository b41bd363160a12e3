//! Changes of one site into the hub's rows: the one way of uploads and of batches.

use fail::fail_point;
use merge::{Action, Age, Author, Change, Outcome, Scope, Stored, Verdict, merge};
use model::{Rev, SiteId, Stamp};

use super::{history, rows};
use crate::{
    Result, conflicts,
    desk::{Desk, Made},
};

/// Changes that are merged and written together: so many rows are in memory with everything that is known of them.
pub(super) const PART_CHANGES: usize = 2_000;

/// What became of a part of the changes, one a change, and the rows that it touched as they are now.
pub(super) struct Part {
    pub outcomes: Vec<(Stamp, Rev, Outcome)>,
    pub scope: Scope,
}

/// By what changes tell what their site saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// By the values that stood before, where they are known.
    Values,
    /// By the rev of the row: its site had everything up to there.
    Revs,
}

/// Merges at most [`PART_CHANGES`] changes, and writes the rows and what is remembered of it. `new`: identities made up for
/// these changes, of rows that are not in the store yet.
pub(super) async fn part(
    desk: &mut Desk<'_>,
    author: &Author,
    changes: Vec<Change>,
    new: &Made,
    seen: Seen,
) -> Result<Part> {
    let rules = &desk.hub.rules;
    let mut scope = Scope::default();
    rows::load(desk.db, rules, &mut scope, &changes, new).await?;
    let (mut outcomes, from) = (Vec::with_capacity(changes.len()), desk.meta.rev);
    for mut change in changes {
        change.weigh(scope.row(scope.today(change.gid)));
        let mut change = after_heard(&scope, (author.site, seen), change);
        if seen == Seen::Revs
            && let Some(row) = scope.row(scope.today(change.gid))
        {
            change.name_values(row);
            name_own(&mut change, row, (author.site, from));
        }
        let (stamp, rev) = (change.stamp, desk.meta.next_rev());
        let outcome = match &change.action {
            // All that an office said was forgotten since: that brings no row back.
            Action::Update(edits) if edits.is_empty() => unchanged(),
            _ => merge(rules, &mut scope, author, change, rev),
        };
        outcomes.push((stamp, rev, outcome));
    }
    let changed = scope.take_changed();
    fail_point!("store-merged");
    rows::save(desk.db, rules, &changed).await?;
    conflicts::keep_once(desk.db, (rules, author.site, seen), &mut outcomes).await?;
    history::write(desk, &outcomes, &scope).await?;
    Ok(Part { outcomes, scope })
}

/// What a batch said of a row before is what its site saw.
fn name_own(change: &mut Change, row: &Stored, (site, from): (SiteId, Rev)) {
    let Action::Update(edits) = &mut change.action else { return };
    for edit in edits {
        let mark = row.marks[edit.column.0];
        if mark.stamp.site == site && mark.rev > from {
            edit.base.clone_from(&row.cells[edit.column.0]);
        }
    }
}

const fn unchanged() -> Outcome {
    Outcome {
        verdict: Verdict::Unchanged,
        written: Vec::new(),
        conflicts: Vec::new(),
        namesakes: Vec::new(),
        repaired: None,
        hand_back: Vec::new(),
    }
}

/// What is not later than the site's last word about the row would count as heard before. A batch is merged once, so what
/// it says is new, whatever the PC's clock thought; against others it is as old as it says, as what a restored hub is told
/// again.
fn after_heard(scope: &Scope, (site, seen): (SiteId, Seen), change: Change) -> Change {
    let row = scope.row(scope.today(change.gid));
    let heard = row.and_then(|row| row.heard.get(&site)?.stamp);
    match heard {
        Some(heard) if heard >= change.stamp => {
            let age = match (seen, change.age) {
                (Seen::Revs, Age::Known) => Age::Earlier(change.stamp),
                (_, age) => age,
            };
            Change { stamp: heard.next(), age, ..change }
        }
        _ => change,
    }
}
