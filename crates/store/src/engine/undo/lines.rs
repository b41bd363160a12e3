//! What is to be undone, as the history has it.

use std::collections::{BTreeMap, HashSet};

use merge::{Action, Cells, ColumnId, Edit, InsertOrder, OnDelete, Region, Rules, TableId};
use model::{Gid, Rev, Value};

use super::history;
use crate::{
    Error, Result, Undoing,
    deed::Deed,
    desk::Desk,
    query::{Db, Row, text},
    shape::{BATCHES, LOG},
    tell,
};

/// Lines that are undone at once: they are all in memory.
const LINES_MAX: usize = 20_000;
/// Places in [`LOG`].
const BATCH: usize = 10;
const EXACT: usize = 11;

/// What is done with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wish {
    /// It was deleted, and comes back.
    Return,
    Change,
    /// It came in, and goes.
    Remove,
}

/// One row: as it was before what is undone, and after it.
pub(super) struct Item {
    pub table: TableId,
    pub gid: Gid,
    pub wish: Wish,
    pub before: Cells,
    pub after: Cells,
    /// Of the last change that is undone.
    pub rev: Rev,
}

pub(super) struct Found {
    pub site: u32,
    pub at_ms: i64,
    pub items: Vec<Item>,
}

/// One line of the history.
struct Line {
    rev: Rev,
    gid: Gid,
    table: TableId,
    deed: Deed,
    before: Option<Cells>,
    after: Cells,
}

impl Line {
    /// `None`: it is of a table that the preset has no more, or was not taken.
    fn read(rules: &Rules, row: &Row) -> Result<Option<Self>> {
        let Some(table) = rules.table(row.text(2)?) else { return Ok(None) };
        let (rule, deed) = (&rules[table], Deed::of(row)?);
        let (before, after) = (tell::json(row, 8)?, tell::json(row, 9)?);
        let Some(after) = after.filter(|_| deed.is_change()) else { return Ok(None) };
        let before = before.map(|before| history::cells(rule, &before, row.bytes(EXACT)?)).transpose()?;
        let after = history::cells(rule, &after, &[])?;
        let gid = Gid::from_uuid(row.uuid(1)?);
        Ok(Some(Self { rev: Rev(row.int(0)?), gid, table, deed, before, after }))
    }

    fn deletes(&self) -> bool {
        self.deed == Deed::Delete
    }
}

/// Whether there is something of this number that people of a region see; nobody waits for the writer to be told.
pub(crate) async fn is_seen(db: &mut Db, what: &Undoing, region: &Region) -> Result<bool> {
    let of_region = match region {
        Region::All => None,
        Region::Named(name) => Some(("region", text(name))),
    };
    let (table, number) = match what {
        Undoing::Batch(id) => (BATCHES, ("id", Value::Int(*id))),
        Undoing::Change { rev, .. } => (LOG, ("rev", Value::Int(*rev))),
    };
    let with: Vec<_> = [number].into_iter().chain(of_region).collect();
    let found = db.find(table, &with).await?;
    let Undoing::Change { gid, .. } = what else { return Ok(!found.is_empty()) };
    let Ok(gid) = gid.parse::<Gid>() else { return Ok(false) };
    let of_row = found.iter().map(|row| row.uuid(1)).collect::<Result<Vec<_>>>()?;
    Ok(of_row.contains(&gid.uuid()))
}

/// # Errors
/// `NoChange`: there is none, or it is of another region; `TooMuch`.
pub(super) async fn find(desk: &mut Desk<'_>, what: &Undoing, region: &Region) -> Result<Found> {
    let none = Error::NoChange(what.number());
    let mut rows = match what {
        Undoing::Change { rev, gid } => change(desk.db, *rev, gid).await?,
        Undoing::Batch(id) => batch(desk.db, *id).await?,
    };
    let sees = |row: &Row| match region {
        Region::All => Ok(true),
        Region::Named(name) => Ok::<_, Error>(row.text_or_none(7)? == Some(name)),
    };
    let mut own = Vec::new();
    for row in rows.drain(..) {
        if sees(&row)? {
            own.push(row);
        }
    }
    own.sort_by_key(|row| row.int(0).unwrap_or_default());
    let Some(first) = own.first() else { return Err(none) };
    let (site, at_ms) = (tell::site(first, 3)?, first.int(5)?);
    let rules = &desk.hub.rules;
    let mut lines = Vec::new();
    for row in &own {
        lines.extend(Line::read(rules, row)?);
    }
    if let Undoing::Change { gid, .. } = what {
        let gid: Gid = gid.parse().map_err(|_| Error::NoChange(what.number()))?;
        lines = with_children(rules, gid, lines);
    }
    let items = items(lines);
    if items.is_empty() { Err(none) } else { Ok(Found { site, at_ms, items }) }
}

/// A line with all that came with it.
async fn change(db: &mut Db, rev: i64, gid: &str) -> Result<Vec<Row>> {
    let Ok(gid) = gid.parse::<Gid>() else { return Ok(Vec::new()) };
    let mut found = db.find(LOG, &[("rev", Value::Int(rev)), ("gid", gid.into())]).await?;
    let Some(line) = found.first() else { return Ok(found) };
    if Deed::of(line)? != Deed::Delete {
        return Ok(found);
    }
    // What was deleted with it comes back with it.
    let with = match line.int_or_none(BATCH)? {
        Some(id) => batch(db, id).await?,
        None => db.find(LOG, &[("rev", Value::Int(rev))]).await?,
    };
    let is_line = |row: &Row| Ok::<_, Error>(row.int(0)? == rev && row.uuid(1)? == gid.uuid());
    for row in with {
        if Deed::of(&row)? == Deed::Delete && !is_line(&row)? {
            found.push(row);
        }
    }
    Ok(found)
}

async fn batch(db: &mut Db, id: i64) -> Result<Vec<Row>> {
    let known = db.find(BATCHES, &[("id", Value::Int(id))]).await?;
    let last = known.iter().filter_map(|row| row.int(2).ok()).max().unwrap_or(0);
    let bounds = (id.saturating_sub(1), last.saturating_add(1));
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let rows = db.find_between(LOG, &[("batch", Value::Int(id))], "rev", bounds).await?;
    if rows.len() > LINES_MAX { Err(Error::TooMuch(rows.len())) } else { Ok(rows) }
}

/// The lines of a row, and those of what was deleted and cannot be without it.
fn with_children(rules: &Rules, gid: Gid, lines: Vec<Line>) -> Vec<Line> {
    let mut wanted = HashSet::from([gid]);
    loop {
        let before = wanted.len();
        for line in lines.iter().filter(|line| line.deletes()) {
            let mut needed =
                rules[line.table].references().filter(|(_, to)| to.on_delete == OnDelete::Cascade);
            if needed.any(|(column, _)| target(&line.after, column).is_some_and(|gid| wanted.contains(&gid)))
            {
                wanted.insert(line.gid);
            }
        }
        if wanted.len() == before {
            return lines.into_iter().filter(|line| wanted.contains(&line.gid)).collect();
        }
    }
}

fn target(cells: &Cells, column: ColumnId) -> Option<Gid> {
    Gid::of(cells[column.0].as_ref()?)
}

/// Each row once.
fn items(lines: Vec<Line>) -> Vec<Item> {
    let mut by_row: BTreeMap<Gid, (Line, Option<Line>)> = BTreeMap::new();
    for line in lines {
        match by_row.entry(line.gid) {
            std::collections::btree_map::Entry::Vacant(entry) => _ = entry.insert((line, None)),
            std::collections::btree_map::Entry::Occupied(mut entry) => entry.get_mut().1 = Some(line),
        }
    }
    by_row.into_values().filter_map(|(first, last)| item(first, last)).collect()
}

fn item(first: Line, last: Option<Line>) -> Option<Item> {
    let lived = matches!(first.deed, Deed::Update | Deed::Delete);
    let (table, gid) = (first.table, first.gid);
    let blank: Cells = vec![None; first.after.len()];
    let before = first.before.unwrap_or(blank);
    let (rev, lives, after) = match last {
        Some(last) => (last.rev, !last.deletes(), last.after),
        None => (first.rev, first.deed != Deed::Delete, first.after),
    };
    let wish = match (lived, lives) {
        (true, true) => Wish::Change,
        (true, false) => Wish::Return,
        (false, true) => Wish::Remove,
        // It came and went.
        (false, false) => return None,
    };
    Some(Item { table, gid, wish, before, after, rev })
}

impl Item {
    /// What comes back goes parents first, what goes children first.
    pub fn turn(&self, order: &InsertOrder) -> (Wish, isize) {
        let place = order.tables.iter().position(|table| *table == self.table).unwrap_or(0).cast_signed();
        (self.wish, if self.wish == Wish::Remove { -place } else { place })
    }

    /// Columns that it changed.
    pub fn columns(&self) -> impl Iterator<Item = ColumnId> + '_ {
        let differ = |at: &usize| self.before[*at] != self.after[*at];
        (0..self.before.len()).filter(differ).map(ColumnId)
    }

    /// What takes it back in these columns; all are of the row as it is `before` (an unknown cell says nothing).
    pub fn action(&self, in_column: &dyn Fn(ColumnId) -> bool) -> Action {
        if self.wish == Wish::Remove {
            return Action::Delete { with: None };
        }
        let edit = |column: ColumnId| {
            let value = self.before[column.0].clone().unwrap_or(Value::Null);
            Edit { column, base: None, value }
        };
        Action::Update(self.columns().filter(|column| in_column(*column)).map(edit).collect())
    }
}
