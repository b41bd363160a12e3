//! Whether a row can be taken back to what it was, and what stands against it.

use merge::{Action, ColumnId, Region, Stored};
use model::{Gid, Value};

use super::{Item, Wish, Work, history, rows};
use crate::{
    KeptBack, KeptColumn, Result, WhyKept,
    desk::{Desk, Made},
    engine::bearer,
};

/// What becomes of a row.
pub(super) enum Step {
    /// It is as it was.
    Done,
    Keep(KeptBack),
    /// Another row of the same batch comes first.
    Wait(KeptBack),
    Do {
        action: Action,
        /// What of it is not undone.
        kept: Option<KeptBack>,
    },
}

impl Work {
    pub(super) async fn judge(&mut self, desk: &mut Desk<'_>, item: &Item) -> Result<Step> {
        let keep = |why| Ok(Step::Keep(item.kept(desk, why)));
        let Some(row) = self.scope.row(item.gid).cloned() else { return keep(WhyKept::Dead) };
        if row.became().is_some() {
            return keep(WhyKept::Became);
        }
        if !self.is_theirs(desk, item, &row) {
            return keep(WhyKept::Region);
        }
        match item.wish {
            Wish::Change if !row.lives() => keep(WhyKept::Dead),
            Wish::Change => self.change(desk, item, &row).await,
            // It came back along with another one.
            Wish::Return if row.lives() && row.rev > self.author.seen => self.change(desk, item, &row).await,
            Wish::Return if row.lives() => Ok(Step::Done),
            Wish::Return if row.dead.is_some_and(|dead| dead.rev > item.rev) => keep(WhyKept::Dead),
            Wish::Return => self.edit(desk, item, (&row, item.columns().collect()), None).await,
            Wish::Remove if !row.lives() => Ok(Step::Done),
            Wish::Remove => Ok(self.remove(desk, item, &row)),
        }
    }

    /// Whether the row is the person's as it is, and was theirs before.
    fn is_theirs(&self, desk: &Desk<'_>, item: &Item, row: &Stored) -> bool {
        let sees = |cells| self.author.region.sees(&self.scope.owner(&desk.hub.rules, item.table, cells));
        self.author.region == Region::All
            || sees(&row.cells) && (item.wish == Wish::Remove || sees(&item.before))
    }

    async fn change(&mut self, desk: &mut Desk<'_>, item: &Item, row: &Stored) -> Result<Step> {
        let rule = &desk.hub.rules[item.table];
        let said = |column: &ColumnId| self.can_say(desk, item, *column);
        let differs = |column: &ColumnId| shown(&item.before[column.0]) != shown(&row.cells[column.0]);
        let open: Vec<ColumnId> = item.columns().filter(said).filter(differs).collect();
        let is_later = |column: &ColumnId| is_later(item, row, *column);
        let later: Vec<ColumnId> = open.iter().copied().filter(is_later).collect();
        if open.is_empty() {
            return Ok(Step::Done);
        }
        if later.is_empty() || self.over {
            return self.edit(desk, item, (row, open), None).await;
        }
        let columns = later.iter().map(|column| beside(rule, item, row, *column)).collect();
        let kept = KeptBack { columns, ..item.kept(desk, WhyKept::Later) };
        let rest: Vec<ColumnId> = open.into_iter().filter(|column| !later.contains(column)).collect();
        match rest.is_empty() {
            true => Ok(Step::Keep(kept)),
            false => self.edit(desk, item, (row, rest), Some(kept)).await,
        }
    }

    /// A region is never made blank, and a column that must say something says something.
    fn can_say(&self, desk: &Desk<'_>, item: &Item, column: ColumnId) -> bool {
        let rule = &desk.hub.rules[item.table];
        let blank = merge::is_blank(item.before[column.0].as_ref());
        let null = matches!(item.before[column.0], None | Some(Value::Null));
        !(blank && rule.region_columns().0 == Some(column) || null && rule[column].not_null)
    }

    /// Writes what was there before into columns of a row, which comes back if it is dead.
    async fn edit(
        &mut self,
        desk: &mut Desk<'_>,
        item: &Item,
        (row, columns): (&Stored, Vec<ColumnId>),
        kept: Option<KeptBack>,
    ) -> Result<Step> {
        let (rules, seen) = (&desk.hub.rules, self.author.seen);
        let mut action = item.action(&|column| columns.contains(&column) && self.can_say(desk, item, column));
        if let Action::Update(edits) = &mut action {
            edits.iter_mut().for_each(|edit| edit.base.clone_from(&row.cells[edit.column.0]));
        }
        let change = item.change(action, seen);
        rows::load(desk.db, rules, &mut self.scope, std::slice::from_ref(&change), &Made::default()).await?;
        if let Some(other) = bearer::of(rules, &self.scope, &change) {
            let kept = KeptBack { rows: vec![self.named(desk, other)], ..item.kept(desk, WhyKept::Named) };
            // The other one may be about to go, or to get another name.
            return Ok(if self.open.contains(&other) { Step::Wait(kept) } else { Step::Keep(kept) });
        }
        let needs = self.needs(desk, item, row, &change.action);
        if !needs.is_empty() && !self.over {
            let waits = needs.iter().any(|gid| self.open.contains(gid));
            let gone = needs.iter().map(|gid| self.named(desk, *gid)).collect();
            let kept = KeptBack { rows: gone, ..item.kept(desk, WhyKept::Needs) };
            return Ok(if waits { Step::Wait(kept) } else { Step::Keep(kept) });
        }
        Ok(Step::Do { action: change.action, kept })
    }

    /// Rows that are dead and would come back, as the row refers to them.
    fn needs(&self, desk: &Desk<'_>, item: &Item, row: &Stored, action: &Action) -> Vec<Gid> {
        let Action::Update(edits) = action else { return Vec::new() };
        let mut cells = if row.lives() { vec![None; row.cells.len()] } else { row.cells.clone() };
        for edit in edits {
            cells[edit.column.0] = Some(edit.value.clone());
        }
        let targets = desk.hub.rules[item.table].references();
        let targets = targets.filter_map(|(column, _)| Gid::of(cells[column.0].as_ref()?));
        let today = targets.map(|gid| self.scope.today(gid));
        today.filter(|gid| self.scope.row(*gid).is_some_and(|row| !row.lives())).collect()
    }

    fn remove(&self, desk: &Desk<'_>, item: &Item, row: &Stored) -> Step {
        let rule = &desk.hub.rules[item.table];
        let hanging = self.scope.referring(item.gid);
        let later: Vec<ColumnId> =
            (0..row.cells.len()).map(ColumnId).filter(|column| is_later(item, row, *column)).collect();
        let waits = hanging.iter().any(|(_, _, from)| self.open.contains(from));
        if !hanging.is_empty() && (waits || !self.over) {
            let mut named: Vec<_> = hanging.iter().map(|(_, _, from)| self.named(desk, *from)).collect();
            named.dedup();
            let kept = KeptBack { rows: named, ..item.kept(desk, WhyKept::Hangs) };
            return if waits { Step::Wait(kept) } else { Step::Keep(kept) };
        }
        if !later.is_empty() && !self.over {
            let columns = later.iter().map(|column| beside(rule, item, row, *column)).collect();
            return Step::Keep(KeptBack { columns, ..item.kept(desk, WhyKept::Later) });
        }
        Step::Do { action: Action::Delete { with: None }, kept: None }
    }

    fn named(&self, desk: &Desk<'_>, gid: Gid) -> (String, String) {
        let table = self.scope.row(gid).map(|row| desk.hub.rules[row.table].name.clone());
        (table.unwrap_or_default(), gid.to_string())
    }
}

/// Whether somebody wrote the column after what is undone.
fn is_later(item: &Item, row: &Stored, column: ColumnId) -> bool {
    row.marks[column.0].rev > item.rev || shown(&row.cells[column.0]) != shown(&item.after[column.0])
}

/// What was there, what came, and what is there now.
fn beside(rule: &merge::TableRules, item: &Item, row: &Stored, column: ColumnId) -> KeptColumn {
    let of = |cells: &merge::Cells| history::shown(cells[column.0].as_ref());
    KeptColumn {
        column: rule[column].name.clone(),
        before: of(&item.before),
        after: of(&item.after),
        now: of(&row.cells),
    }
}

/// An unknown cell and one that says nothing are the same to people.
fn shown(cell: &Option<Value>) -> Option<&Value> {
    cell.as_ref().filter(|value| **value != Value::Null)
}
