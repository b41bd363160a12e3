//! Rows of an office file that say no region and hang on no row that does: once they are in the hub like that, only
//! headquarters sees them.

use std::collections::BTreeMap;

use merge::{Cells, LocalId, LocalRow, RegionRule, Rules, TableId, is_blank};
use model::Value;
use replica::office_file::OfficeFile;

/// How many there are, by table; tables without such rows are left out.
pub(super) fn count(file: &OfficeFile, rules: &Rules) -> BTreeMap<String, usize> {
    let of = |(table, rows): (&TableId, &Vec<LocalRow>)| {
        let rows = rows.iter().filter(|row| is_regionless(file, rules, (*table, &row.cells))).count();
        (rules[*table].name.clone(), rows)
    };
    file.merged.iter().map(of).filter(|(_, rows)| *rows > 0).collect()
}

/// A row whose parent is not there does not count: it is told as an orphan.
fn is_regionless(file: &OfficeFile, rules: &Rules, (mut table, mut cells): (TableId, &Cells)) -> bool {
    // Rules never lead in a circle.
    loop {
        let (own, through) = match rules[table].region {
            RegionRule::Shared => return false,
            RegionRule::Column(own) => (Some(own), None),
            RegionRule::Through(through) => (None, Some(through)),
            RegionRule::ColumnOrThrough(own, through) => (Some(own), Some(through)),
        };
        if own.is_some_and(|column| !is_blank(cells[column.0].as_ref())) {
            return false;
        }
        let Some(through) = through else { return true };
        let Some(parent) = rules[table][through].reference.map(|reference| reference.table) else {
            return true;
        };
        let Some(row) = cells[through.0].as_ref().and_then(|id| find(file, parent, id)) else { return false };
        (table, cells) = (parent, &row.cells);
    }
}

fn find<'a>(file: &'a OfficeFile, table: TableId, id: &Value) -> Option<&'a LocalRow> {
    let id = match id {
        Value::Int(number) => LocalId::Int(*number),
        Value::Text(text) => LocalId::Text(text.to_string()),
        _ => return None,
    };
    let rows = file.merged.get(&table)?;
    rows.binary_search_by(|row| row.id.cmp(&id)).ok().map(|at| &rows[at])
}
