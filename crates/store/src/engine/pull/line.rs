//! A line of the history.

use merge::{Cells, OnDelete, Rules, TableId};
use model::{Gid, Rev, Value};

use super::targets;
use crate::{Error, Result, deed::Deed, query::Row, tell};

/// What one change did to one row; of its cells only those that tell whose it is and whom it refers to.
pub(super) struct Line {
    pub rev: Rev,
    pub gid: Gid,
    pub table: TableId,
    /// `None`: the row was not there.
    pub before: Option<Cells>,
    after: Cells,
    dies: bool,
}

const ODD: Error = Error::Broken("a line of the history cannot be read");

impl Line {
    /// `None`: nothing was done.
    pub fn read(rules: &Rules, row: &Row) -> Result<Option<Self>> {
        let (Some(table), deed) = (rules.table(row.text(2)?), Deed::of(row)?) else { return Ok(None) };
        if !deed.is_change() {
            return Ok(None);
        }
        let cells = |at: usize| -> Result<Option<Cells>> {
            Ok(tell::json(row, at)?.map(|said| telling(rules, table, &said)))
        };
        Ok(Some(Self {
            rev: Rev(row.int(0)?),
            gid: Gid::from_uuid(row.uuid(1)?),
            table,
            // A dead row that comes back was not there before.
            before: cells(8)?.filter(|_| deed != Deed::Revive),
            after: cells(9)?.ok_or(ODD)?,
            dies: deed == Deed::Delete,
        }))
    }

    /// All rows that it referred to before.
    pub fn referred(&self, rules: &Rules) -> Vec<(TableId, Gid)> {
        self.before.iter().flat_map(|cells| targets(rules, self.table, cells)).collect()
    }

    /// Whether it may be somebody else's since.
    pub fn moved(&self, rules: &Rules) -> bool {
        let (region, through) = rules[self.table].region_columns();
        let mut columns = [region, through].into_iter().flatten();
        self.before.as_ref().is_some_and(|before| columns.any(|at| before[at.0] != self.after[at.0]))
    }

    /// Parents that it needed before and does not need any more, or not for those who saw it.
    pub fn left<'l>(&'l self, rules: &'l Rules) -> impl Iterator<Item = (TableId, Gid)> + 'l {
        let moved = self.moved(rules);
        let rule = &rules[self.table];
        let needed = rule
            .references()
            .filter(|(column, to)| to.on_delete == OnDelete::Cascade || rule[*column].not_null);
        needed.filter_map(move |(column, to)| {
            let before = Gid::of(self.before.as_ref()?[column.0].as_ref()?)?;
            let now = self.after[column.0].as_ref().and_then(Gid::of);
            (self.dies || moved || now != Some(before)).then_some((to.table, before))
        })
    }
}

fn telling(rules: &Rules, table: TableId, said: &serde_json::Value) -> Cells {
    let rule = &rules[table];
    let mut cells: Cells = vec![None; rule.columns.len()];
    for (column, _) in rule.references() {
        let gid = said[&rule[column].name].as_str().and_then(|text| text.parse().ok());
        cells[column.0] = gid.map(Value::Uuid);
    }
    if let Some(column) = rule.region_columns().0 {
        cells[column.0] = said[&rule[column].name].as_str().map(|text| Value::Text(text.to_owned()));
    }
    cells
}
