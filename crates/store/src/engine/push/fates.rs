//! What a site is told about its batch.

use std::collections::BTreeSet;

use merge::{Action, Change, Outcome, Refusal, Region, Scope, TableId, Verdict};
use model::{Gid, Rev};
use replica::wire::{self, End, Fate, Pushed};

use super::{said, strangers::Hidden};
use crate::{
    Result,
    desk::Desk,
    engine::pull::{self, View},
};

/// The fates of a batch, one after the other.
pub(super) struct Fates<'a> {
    push: &'a wire::Push,
    hidden: &'a Hidden,
    /// Up to here the site was told everything: no pull will tell it again.
    heard: Rev,
    /// Where the hub stood before the batch.
    from: Rev,
    told: Vec<Fate>,
    conflicts: usize,
    /// Rows that the site has to be told at once.
    back: BTreeSet<(TableId, Gid)>,
    /// The same, of what it cannot know: as it named them.
    strange: BTreeSet<(TableId, Gid)>,
    /// What the batch was to change, and what it changed.
    meant: BTreeSet<Gid>,
    wrote: BTreeSet<Gid>,
}

impl<'a> Fates<'a> {
    pub fn new(push: &'a wire::Push, hidden: &'a Hidden, (heard, from): (Rev, Rev)) -> Self {
        let (told, conflicts, back, strange, meant, wrote) = Default::default();
        Self { push, hidden, heard, from, told, conflicts, back, strange, meant, wrote }
    }

    /// `change`: as it was merged. `outcome`: `None` when a person refused the change. `scope`: after all of the batch.
    pub fn add(&mut self, scope: &Scope, sent: &wire::Change, change: &Change, outcome: Option<&Outcome>) {
        let gid = scope.today(change.gid);
        let is_strange = self.hidden.has(gid);
        let renamed = (gid != sent.gid() && !is_strange).then(|| gid.uuid());
        let row = scope.row(gid);
        let end = outcome.map_or(End::Refused, |outcome| self.end(scope, change, outcome));
        let rev = if end == End::Taken { row.map_or(0, |row| row.rev.0) } else { 0 };
        let reason = match outcome.map(|outcome| &outcome.verdict) {
            None => Some("rejected"),
            Some(Verdict::Refused(refusal)) => Some(word(*refusal)),
            Some(Verdict::Fallen(_)) => Some(wire::FALLEN),
            Some(_) => None,
        };
        let is_new = matches!(change.action, Action::Insert(_));
        let is_claimed = self.hidden.is_claimed(change.table, change.gid);
        let is_refused_insert = end == End::Refused && is_new && !is_claimed;
        let gid_told = renamed.filter(|_| end != End::Refused);
        self.told.push(Fate { end, rev, gid: gid_told, reason: reason.map(str::to_owned) });
        self.meant.insert(gid);
        if let Some(outcome) = outcome {
            // What the row of another region says, its sender is not told, not even in numbers.
            self.conflicts += if end == End::Refused { 0 } else { outcome.conflicts.len() };
            self.wrote.extend(outcome.written.iter().map(|written| written.after.gid));
            let back = outcome.hand_back.iter().map(|(table, gid)| (*table, scope.today(*gid)));
            self.back.extend(back.filter(|(_, back)| *back != gid));
        }
        if end != End::Taken && !is_refused_insert {
            // Who moved away while the hub had forgotten it leaves the file; what that said otherwise is kept as a conflict.
            let (back, gid) = if is_strange || is_claimed {
                (&mut self.strange, sent.gid())
            } else {
                (&mut self.back, gid)
            };
            back.insert((change.table, gid));
        }
    }

    /// Whether the hub's row says what the site's row says.
    fn end(&self, scope: &Scope, change: &Change, outcome: &Outcome) -> End {
        match outcome.verdict {
            Verdict::Refused(_) => return End::Refused,
            Verdict::NotDeleted => return End::Kept,
            Verdict::Fallen(_) => return End::Merged,
            Verdict::Applied | Verdict::Unchanged | Verdict::Repeated => {}
        }
        let gid = scope.today(change.gid);
        let living = scope.living(gid);
        if let Action::Delete { .. } = change.action {
            return if living.is_some() { End::Kept } else { End::Taken };
        }
        let Some(row) = living else { return End::Merged };
        let before = outcome.written.iter().find(|written| written.after.gid == gid);
        let before = match before {
            Some(written) => written.before.as_ref().map_or(Rev(0), |row| row.rev),
            None => row.rev,
        };
        // What this very batch wrote, the site knows.
        let seen = before <= change.base || before > self.from;
        let said = said(change);
        let holds = said.iter().all(|(column, value)| row.cells[column.0].as_ref() == Some(*value));
        let whole = match change.action {
            Action::Insert(_) => row.cells.iter().flatten().count() == said.len(),
            _ => seen,
        };
        if holds && whole { End::Taken } else { End::Merged }
    }

    /// The answer, with the rows that no pull would bring.
    pub async fn pushed(self, desk: &mut Desk<'_>, region: &Region) -> Result<Pushed> {
        let taken = self.told.iter().all(|fate| fate.end == End::Taken && fate.gid.is_none());
        let to = if taken && self.wrote.is_subset(&self.meant) { desk.meta.rev.0 } else { 0 };
        let mut view = View::new(desk.hub, region);
        view.load(desk.db, self.back.iter().copied()).await?;
        // What did not come to live is told at once: what hangs on a row that did not go lives with it.
        let known = |gid: &Gid| view.row(*gid).is_none_or(|row| row.rev <= self.heard || !row.lives());
        let back: Vec<_> = self.back.iter().filter(|(_, gid)| known(gid)).copied().collect();
        view.look(desk.db, back.iter().map(|(_, gid)| *gid)).await?;
        view.hide(&self.strange);
        let rows = view.tell(back.into_iter().chain(self.strange));
        let mark = if to == 0 { None } else { pull::mark(desk.db, to).await? };
        Ok(Pushed {
            number: self.push.number,
            held: false,
            fates: self.told,
            rows,
            from: self.from.0,
            to,
            mark,
            conflicts: self.conflicts as u64,
            clock_ms: 0,
        })
    }
}

const fn word(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Region => "region",
        Refusal::Unknown => "unknown",
        Refusal::Orphan(_) => "orphan",
        Refusal::Gone(_) => "gone",
    }
}
