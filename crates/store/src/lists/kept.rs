//! A value that did not stand, as one viewer may see it.

use merge::TableId;
use model::Gid;
use serde_json::Value as Json;

use super::{
    history::plain,
    scope::{Cell, Named, Scope},
};
use crate::KeptConflict;

/// References behind each other that a row's name follows.
const DEPTH_MAX: usize = 8;

/// A conflict for a page.
#[derive(Clone, Debug, PartialEq)]
pub struct ConflictLine {
    /// **Invariants**: without the two values and the row's name, which are told below as the viewer may see them.
    pub kept: KeptConflict,
    /// Which row it is; without a path where it has no page, or is not there any more.
    pub row: Named,
    /// Place in [`Pages::lists`](super::Pages::lists).
    pub list: Option<usize>,
    /// Place in [`ListPage::columns`](super::ListPage::columns).
    pub column: Option<usize>,
    /// `None`: it is about the row as a whole.
    pub winner: Option<Cell>,
    pub loser: Option<Cell>,
    /// A value of their own, that a person decided for.
    pub other: Option<Cell>,
    /// Somebody can type another value: it is of a column that a list has and that names no row.
    pub typed: bool,
}

impl Scope<'_> {
    pub(crate) fn kept(&self, mut kept: KeptConflict) -> ConflictLine {
        let table = self.rules.table(&kept.table);
        let list = table.and_then(|table| self.pages.of_table(table));
        let column = list.zip(kept.column.as_deref());
        let column = column.and_then(|(at, name)| self.pages.list(at).column(name));
        let sides = [kept.winner.value.take(), kept.loser.value.take()];
        let own = kept.other.take();
        let tell = |value: Json| {
            let name = kept.column.as_deref()?;
            Some(match list.zip(column) {
                Some((list, column)) => self.told(&self.pages.list(list).columns[column], &value),
                None => self.unlisted(table, name, &value),
            })
        };
        let [winner, loser] = sides.map(|value| tell(value.unwrap_or_default()));
        let other = own.and_then(tell);
        let listed = list.zip(column).map(|(list, column)| &self.pages.list(list).columns[column]);
        let typed = listed.is_some_and(|column| column.refers.is_none());
        let row = self.named_of(table, &mut kept);
        ConflictLine { kept, row, list, column, winner, loser, other, typed }
    }

    /// A value of a column that no list has.
    fn unlisted(&self, table: Option<TableId>, column: &str, value: &Json) -> Cell {
        let reference = table.and_then(|table| {
            let rule = &self.rules[table];
            rule[rule.column(column)?].reference.as_ref()
        });
        match reference {
            None => plain(value),
            Some(reference) => {
                let gid = value.as_str().and_then(|text| text.parse::<Gid>().ok());
                let refers = gid.and_then(|gid| self.named(reference.table, gid));
                Cell { refers, ..plain(&Json::Null) }
            }
        }
    }

    fn named_of(&self, table: Option<TableId>, kept: &mut KeptConflict) -> Named {
        let name = std::mem::take(&mut kept.row);
        let there = table.zip(kept.gid.parse::<Gid>().ok());
        let there = there.and_then(|(table, gid)| self.named(table, gid));
        match there.filter(|named| !named.name.is_empty()) {
            Some(named) => named,
            None if table.is_some_and(|table| self.may_name(table, DEPTH_MAX)) => {
                Named { name, gid: kept.gid.clone(), path: None }
            }
            None => Named { name: String::new(), gid: kept.gid.clone(), path: None },
        }
    }

    /// Whether the columns that tell which row it is may be told whole.
    fn may_name(&self, table: TableId, depth: usize) -> bool {
        let rule = &self.rules[table];
        let telling = if rule.natural_key.is_empty() { &rule.telling } else { &rule.natural_key };
        telling.iter().all(|at| {
            let column = &rule[*at];
            let listed = self.pages.column(&rule.name, &column.name);
            let whole = listed.is_none_or(|listed| self.sees_whole(listed));
            let refers = column.reference.as_ref().filter(|_| depth > 0);
            whole && refers.is_none_or(|reference| self.may_name(reference.table, depth - 1))
        })
    }
}
