//! A difference as the message that tells it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use merge::{
    Action, Cells, Change, ColumnId, Edit, Identity, LocalId, Rules, Sameness, TableId, TableRules, is_blank,
};
use model::{Gid, Rev};
use replica::{
    outbox::{At, Told},
    wire::{self, Cell, PART_BYTES},
};

use super::{
    Clockwork,
    aside::content,
    diff::{Difference, Loaded},
    own::Former,
    prepare::Notes,
    shadow::SUSPECT,
};

/// Changes that are told at once. What answers them is noted in one transaction.
pub const BATCH_CHANGES: usize = 500;

/// What of a difference goes into one batch.
pub(super) struct Batch {
    pub changes: Vec<wire::Change>,
    pub told: Vec<Told>,
    /// Rows whose changes had no place.
    pub left: BTreeSet<(TableId, LocalId)>,
    /// How many of these are updates and deletes, a table.
    pub more: BTreeMap<String, u64>,
}

/// What is needed to turn a difference into a batch.
pub(super) struct Batching<'a> {
    pub rules: &'a Rules,
    pub loaded: &'a Loaded,
    pub notes: &'a Notes,
    pub clock: &'a Clockwork,
    /// Nobody knows when what the file says was written.
    pub unsure: bool,
    /// Columns, by their tables, of which the file does not have what came after this rev.
    pub unseen: &'a BTreeMap<String, BTreeMap<String, i64>>,
    /// A restored hub is told again, which had heard the file up to here.
    pub retelling: Option<i64>,
    /// Rows of which it has lost something.
    pub former: HashMap<Gid, Former>,
    /// When rows were changed that were told before it was restored, and not answered.
    pub told_at: HashMap<Gid, i64>,
}

impl Batching<'_> {
    /// The first changes of the difference, which can be applied without the rest.
    pub fn batch(&self, difference: &Difference) -> Batch {
        let set = &difference.set;
        let mut stamps = Stamps::default();
        let mut rows = Rows::default();
        let mut changes = Vec::new();
        let (mut cut, mut bytes) = (0, 0);
        for change in set.changes.iter().take(BATCH_CHANGES) {
            cut += 1;
            let Some((table, id)) = difference.ids.get(&change.gid) else { continue };
            let parts = self.by_age(change, self.time(*table, id, change.gid)).into_iter();
            let parts = parts.flat_map(|Part { at, again, change }| {
                self.by_sight(change).map(move |change| Part { at, again: again.clone(), change })
            });
            for Part { at, again, change: part } in parts {
                let at = stamps.next(change.gid, at);
                rows.tell(self, &part, id, at);
                let message = self.message(&part, at, again);
                bytes += [&message.insert, &message.again, &message.update]
                    .into_iter()
                    .flatten()
                    .map(wire::weight)
                    .sum::<usize>();
                changes.push(message);
            }
            if bytes > PART_BYTES || changes.len() >= BATCH_CHANGES {
                break;
            }
        }
        let left = set.changes[cut..].iter().filter_map(|change| difference.ids.get(&change.gid)).cloned();
        let mut more: BTreeMap<String, u64> = BTreeMap::new();
        for change in set.changes[cut..].iter().filter(|change| !matches!(change.action, Action::Insert(_))) {
            *more.entry(self.rules[change.table].name.clone()).or_default() += 1;
        }
        Batch { changes, told: rows.told(self), left: left.collect(), more }
    }

    /// A change in parts, the oldest first: what was agreed on before the hub was restored is as old as it was, the rest as
    /// `fresh`.
    fn by_age(&self, change: &Change, fresh: At) -> Vec<Part> {
        let whole = |at| Part { at, again: None, change: change.clone() };
        let Some(former) = self.former.get(&change.gid) else { return vec![whole(fresh)] };
        let mut parts: BTreeMap<(At, bool), Vec<Edit>> = BTreeMap::new();
        let mut add = |edit: Edit| {
            let at = former.at(edit.column.0, &edit.value).map_or((fresh, false), |at| ((at, 0), true));
            parts.entry(at).or_default().push(edit);
        };
        match &change.action {
            Action::Insert(cells) => {
                let said = cells.iter().enumerate().filter_map(|(at, cell)| Some((at, cell.clone()?)));
                said.for_each(|(at, value)| add(Edit { column: ColumnId(at), base: None, value }));
            }
            Action::Update(edits) => edits.iter().cloned().for_each(add),
            Action::Delete { .. } => {}
        }
        let part = |((at, again), edits): ((At, bool), Vec<Edit>)| Part {
            at,
            again: again.then(wire::Cells::new),
            change: Change { action: Action::Update(edits), ..change.clone() },
        };
        let mut parts: Vec<Part> = parts.into_iter().map(part).collect();
        match (&change.action, parts.first_mut()) {
            (Action::Update(_), Some(_)) => {}
            // All of it comes first, as the row cannot be without it.
            (Action::Insert(cells), Some(first)) => {
                let again = self.again(change, cells);
                let is_new = again.is_none();
                let cells = if is_new { cells.clone() } else { self.as_agreed(change, cells, former) };
                let change = Change { action: Action::Insert(cells), ..change.clone() };
                let insert = Part { at: first.at, again, change };
                if is_new || first.again.is_some() { *first = insert } else { parts.insert(0, insert) }
            }
            _ => parts.push(whole(fresh)),
        }
        parts
    }

    /// A change in parts, by what those who wrote it had seen of its columns: what others say there of which the file knows
    /// nothing, or where the column was away, they had not.
    fn by_sight(&self, change: Change) -> impl Iterator<Item = Change> {
        let mut parts: BTreeMap<Rev, Vec<Edit>> = BTreeMap::new();
        if let Action::Update(edits) = &change.action {
            for edit in edits {
                parts.entry(self.seen(&change, edit)).or_default().push(edit.clone());
            }
        }
        let whole = parts.is_empty().then(|| change.clone());
        let part = move |(base, edits)| Change { base, action: Action::Update(edits), ..change.clone() };
        whole.into_iter().chain(parts.into_iter().map(part))
    }

    fn seen(&self, change: &Change, edit: &Edit) -> Rev {
        let rules = &self.rules[change.table];
        let unseen = self.unseen.get(&rules.name).and_then(|columns| columns.get(&rules[edit.column].name));
        let upto = if edit.base.is_none() { Some(&0) } else { unseen };
        upto.map_or(change.base, |upto| change.base.min(Rev(*upto)))
    }

    /// When the row was changed, in the hub's time, and later than ever before.
    fn time(&self, table: TableId, id: &LocalId, gid: Gid) -> At {
        let known = self.loaded.known_by(table, gid);
        let before = known.map(|known| &known.row.id);
        let noted = [Some(id), before].into_iter().flatten().filter_map(|id| self.notes.at(table, id)).max();
        let now = self.clock.hub_ms();
        let wall = match noted {
            Some(noted) if !self.unsure => noted.saturating_add(self.clock.offset_ms).min(now),
            None if !self.unsure => self.told_at.get(&gid).copied().unwrap_or(now).min(now),
            _ => now,
        };
        match known.map(|known| known.at) {
            Some((wall_ms, counter)) if wall_ms >= wall => (wall_ms, counter.saturating_add(1)),
            _ => (wall, 0),
        }
    }

    /// What a row that a restored hub may have lost said otherwise when both last agreed on it. `None`: it is no such row, or
    /// something else stands in its place by now.
    fn again(&self, change: &Change, cells: &Cells) -> Option<wire::Cells> {
        let known = self.loaded.known_by(change.table, change.gid)?;
        let (rules, before) = (&self.rules[change.table], &known.row.cells);
        let updated = self.notes.is_updated(change.table, &known.row.id);
        if known.row.rev != SUSPECT || !is_still(rules, (before, cells), updated) {
            return None;
        }
        let otherwise =
            before.iter().zip(cells).map(|(before, now)| before.clone().filter(|_| before != now));
        Some(cells_of(rules, &otherwise.collect()))
    }

    /// A row as all had it: others may tell it at the same time, and it is one row. What was corrected since follows.
    fn as_agreed(&self, change: &Change, cells: &Cells, former: &Former) -> Cells {
        let mut agreed = cells.clone();
        let columns = self.rules[change.table].columns.iter().enumerate();
        for (at, _) in columns.filter(|(_, column)| column.reference.is_none()) {
            if let (Some(cell), Some(before)) = (&mut agreed[at], former.cells.get(at).cloned().flatten()) {
                *cell = before;
            }
        }
        agreed
    }

    fn message(&self, change: &Change, at: At, again: Option<wire::Cells>) -> wire::Change {
        let rules = &self.rules[change.table];
        let (mut insert, mut update, mut delete) = (None, None, None);
        let mut base = change.base.0;
        // So far the file had everything, and the row was there after that.
        let heard = self.retelling.unwrap_or(0);
        match &change.action {
            Action::Insert(cells) => {
                insert = Some(cells_of(rules, cells));
                base = again.as_ref().map_or(base, |_| heard);
            }
            Action::Update(edits) => {
                // What others told it since stands beside the office's word, not below it.
                let has_other = self.former.get(&change.gid).is_some_and(|former| former.has_other);
                if has_other {
                    base = base.min(heard);
                }
                let edits =
                    edits.iter().map(|edit| (rules[edit.column].name.clone(), Cell(edit.value.clone())));
                update = Some(edits.collect());
            }
            Action::Delete { with } => delete = Some(wire::Delete { with: with.map(Gid::uuid) }),
        }
        let (table, gid) = (rules.name.clone(), change.gid.uuid());
        wire::Change { table, gid, base, at, insert, again, update, delete }
    }
}

/// What is told of one row as of one time.
struct Part {
    at: At,
    /// A restored hub is told it again: what the row said otherwise then.
    again: Option<wire::Cells>,
    change: Change,
}

/// Whether a row still is the one that was agreed on. Where several columns tell only together which one it is (a day of a
/// person), one of them may have been corrected in place.
pub(super) fn is_still(rules: &TableRules, (before, now): (&Cells, &Cells), updated: bool) -> bool {
    let stands = |column: &ColumnId| !is_blank(now[column.0].as_ref()) && before[column.0] == now[column.0];
    merge::sameness(rules, before, now) == Sameness::Same
        || updated
            && rules.telling.iter().any(stands)
            && Identity::of(rules, before, now) != Identity::Different
}

/// Cells by their columns' names; what is unknown is not there.
pub(super) fn cells_of(rules: &TableRules, cells: &Cells) -> wire::Cells {
    let named = rules.columns.iter().zip(cells);
    named.filter_map(|(column, cell)| Some((column.name.clone(), Cell(cell.clone()?)))).collect()
}

/// Each change its own stamp, those of a row ascending.
#[derive(Default)]
struct Stamps {
    given: BTreeSet<At>,
    of_row: HashMap<Gid, At>,
}

impl Stamps {
    fn next(&mut self, gid: Gid, mut at: At) -> At {
        if let Some(before) = self.of_row.get(&gid).filter(|before| **before >= at) {
            at = (before.0, before.1 + 1);
        }
        while !self.given.insert(at) {
            at.1 += 1;
        }
        self.of_row.insert(gid, at);
        at
    }
}

/// What the batch says of each row, in the order in which it is first told of.
#[derive(Default)]
struct Rows {
    order: Vec<Gid>,
    rows: BTreeMap<Gid, (TableId, LocalId, Option<Cells>, At)>,
}

impl Rows {
    fn tell(&mut self, batching: &Batching<'_>, change: &Change, id: &LocalId, at: At) {
        let known =
            || batching.loaded.known_by(change.table, change.gid).map(|known| known.row.cells.clone());
        let before = self.rows.get(&change.gid).map_or_else(known, |row| row.2.clone());
        let now = match &change.action {
            Action::Insert(cells) => Some(cells.clone()),
            Action::Delete { .. } => None,
            Action::Update(edits) => before.map(|mut cells| {
                edits.iter().for_each(|edit| cells[edit.column.0] = Some(edit.value.clone()));
                cells
            }),
        };
        if self.rows.insert(change.gid, (change.table, id.clone(), now, at)).is_none() {
            self.order.push(change.gid);
        }
    }

    fn told(&self, batching: &Batching<'_>) -> Vec<Told> {
        let told = |gid: &Gid| {
            let (table, id, cells, at) = &self.rows[gid];
            let said = batching.loaded.row(*table, id).map(|row| content(&row.cells)).unwrap_or_default();
            Told::new(&batching.rules[*table].name, (id, *gid), cells.as_ref(), (said, *at))
        };
        self.order.iter().map(told).collect()
    }
}

#[cfg(test)]
mod tests {
    use model::Value;

    use super::*;

    #[test]
    fn a_lost_row_is_still_the_same_when_it_was_corrected_and_not_when_another_took_its_place() {
        let rules = merge::read(include_str!("../../../../presets/rainstaff/tables.toml")).unwrap();
        let text = |text: &str| Value::Text(text.to_owned());
        let row = |table: &str, cells: &[(&str, Value)]| {
            let rules = &rules[rules.table(table).unwrap()];
            let mut row: Cells = vec![None; rules.columns.len()];
            for (name, value) in cells {
                row[rules.column(name).unwrap().0] = Some(value.clone());
            }
            row
        };
        let stays = |table: &str, before: &Cells, now: &Cells| {
            let rules = &rules[rules.table(table).unwrap()];
            [false, true].map(|updated| is_still(rules, (before, now), updated))
        };
        let day = |of: u128, date: &str| {
            row("timesheets", &[("employee_id", Gid::new(7, of).into()), ("work_date", text(date))])
        };
        let person = |name: &str, number: &str| {
            row("employees", &[("full_name", text(name)), ("identity_no", text(number))])
        };
        assert_eq!(stays("timesheets", &day(1, "2026-01-23"), &day(1, "2026-01-24")), [false, true]);
        assert_eq!(stays("timesheets", &day(1, "2026-01-23"), &day(2, "2026-01-23")), [false, true]);
        assert_eq!(stays("timesheets", &day(1, "2026-01-23"), &day(2, "2026-01-24")), [false; 2]);
        let aysel = person("Aysel Demir", "11122233344");
        assert_eq!(stays("employees", &aysel, &person("Aysel Demirci", "11122233344")), [true; 2]);
        assert_eq!(stays("employees", &aysel, &person("Mehmet Örnek", "55566677788")), [false; 2]);
        assert_eq!(stays("employees", &aysel, &person("Mehmet Örnek", "")), [false; 2]);
    }
}
