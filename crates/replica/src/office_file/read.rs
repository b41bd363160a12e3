//! From a checked file to rows.

use std::collections::{BTreeMap, HashSet};

use database::untrusted::{Row, Table, Upload};
use merge::{Cells, ColumnType, Kept, LocalId, LocalRow, Rules, TableId, TableRules};
use model::Value;

use super::{Finding, LINEAGE_TABLE, OfficeFile, OwnTable, Refused};
use crate::fit::{Settled, settle};

const TAG: &str = "tag";
/// Longest tag that is believed. **Units**: bytes.
const TAG_BYTES_MAX: usize = 200;

/// Reads the whole file. Blocks.
///
/// A column that the file does not have is unknown in all rows. A value is brought into the form of its column's type
/// where that loses nothing, and is otherwise kept as it is.
///
/// # Errors
/// [`Refused`]; then nothing of the file is worth anything.
pub fn read(mut upload: Upload, rules: &Rules) -> Result<OfficeFile, Refused> {
    let known = |table: &Table| rules.tables().find(|(_, rule)| rule.name.eq_ignore_ascii_case(&table.name));
    let tables = upload.tables().to_vec();
    // Users and settings alone are nobody's rows.
    let merged = |table: &Table| known(table).is_some_and(|(_, rule)| rule.kept == Kept::Merged);
    if !tables.iter().any(merged) {
        return Err(Refused::UnknownShape);
    }
    let mut file = OfficeFile::default();
    for table in &tables {
        match known(table) {
            Some((id, rule)) => {
                TableReader::new(id, rule, table, &mut file)?.read(&mut upload)?;
                file.last_ids.extend(table.last_id.map(|last| (id, last)));
            }
            None if table.name.eq_ignore_ascii_case(LINEAGE_TABLE) => file.read_tag(&mut upload, table)?,
            // What denk itself keeps in the file of an office that has an agent.
            None if table.name.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("denk_")) => {}
            None => file.findings.push(Finding::UnknownTable { table: table.name.clone() }),
        }
    }
    file.agreed = super::agreed::read(&mut upload, rules)?;
    Ok(file)
}

impl OfficeFile {
    fn read_tag(&mut self, upload: &mut Upload, table: &Table) -> Result<(), Refused> {
        let mut tags = Vec::new();
        if table.rows == 1 && has(table, TAG) {
            upload.read::<Refused>(&table.name, &[TAG], |row| {
                tags.extend(row.values);
                Ok(())
            })?;
        }
        match tags.pop() {
            Some(Value::Text(tag)) if (1..=TAG_BYTES_MAX).contains(&tag.len()) => self.tag = Some(tag),
            _ => self.findings.push(Finding::NoTag),
        }
        Ok(())
    }
}

pub(super) fn has(table: &Table, column: &str) -> bool {
    table.columns.iter().any(|known| known.eq_ignore_ascii_case(column))
}

/// One table on its way.
struct TableReader<'a> {
    id: TableId,
    rules: &'a TableRules,
    table: &'a Table,
    file: &'a mut OfficeFile,
    /// Cells that were not of their column's type, by column: how many, and the first row.
    rewritten: BTreeMap<String, (usize, LocalId)>,
    odd: BTreeMap<String, (usize, LocalId)>,
}

impl<'a> TableReader<'a> {
    /// Says what is wrong with the table before any row is read.
    fn new(
        id: TableId,
        rules: &'a TableRules,
        table: &'a Table,
        file: &'a mut OfficeFile,
    ) -> Result<Self, Refused> {
        if let Some(column) = super::shape::named_by(rules).find(|name| !has(table, name)) {
            return Err(Refused::OtherEdition { table: rules.name.clone(), column: column.to_owned() });
        }
        let unknown = table.columns.iter().filter(|column| wanted(rules, column).is_none());
        let unknown = unknown.map(|column| Finding::UnknownColumn { table: id, column: column.clone() });
        file.findings.extend(unknown);
        let (rewritten, odd) = Default::default();
        Ok(Self { id, rules, table, file, rewritten, odd })
    }

    fn read(mut self, upload: &mut Upload) -> Result<(), Refused> {
        match self.rules.kept {
            Kept::Merged => self.merged(upload)?,
            Kept::Device | Kept::Local | Kept::Evidence => self.own(upload)?,
        }
        let table = self.id;
        let rewritten = self.rewritten.into_iter();
        let told = rewritten.map(|(column, (rows, first))| Finding::Rewritten { table, column, rows, first });
        self.file.findings.extend(told);
        let odd = self.odd.into_iter();
        let told = odd.map(|(column, (rows, first))| Finding::OddType { table, column, rows, first });
        self.file.findings.extend(told);
        Ok(())
    }

    fn merged(&mut self, upload: &mut Upload) -> Result<(), Refused> {
        let present: Vec<usize> = (0..self.rules.columns.len())
            .filter(|at| has(self.table, &self.rules.columns[*at].name))
            .collect();
        let names = present.iter().map(|at| self.rules.columns[*at].name.as_str());
        let names: Vec<&str> = std::iter::once(self.rules.key.as_str()).chain(names).collect();
        let mut rows = Vec::with_capacity(usize::try_from(self.table.rows).unwrap_or(0));
        upload.read::<Refused>(&self.table.name, &names, |row| {
            rows.push((row.rowid, self.merged_row(&present, row)?));
            Ok(())
        })?;
        if !rows.is_sorted_by(|(_, a), (_, b)| a.id < b.id) {
            rows.sort_by(|(_, a), (_, b)| a.id.cmp(&b.id));
            let twice = rows.array_windows().find(|[(_, a), (_, b)]| a.id == b.id);
            if let Some([_, (rowid, _)]) = twice {
                return Err(self.bad_id(*rowid));
            }
        }
        self.file.merged.insert(self.id, rows.into_iter().map(|(_, row)| row).collect());
        Ok(())
    }

    fn merged_row(&mut self, present: &[usize], row: Row) -> Result<LocalRow, Refused> {
        let mut values = row.values.into_iter();
        let id = self.row_id(row.rowid, values.next().unwrap_or(Value::Null))?;
        let mut cells: Cells = vec![None; self.rules.columns.len()];
        for (at, value) in present.iter().zip(values) {
            let column = &self.rules.columns[*at];
            cells[*at] = Some(self.settled(&id, (&column.name, column.data_type), value));
        }
        Ok(LocalRow { id, cells })
    }

    fn own(&mut self, upload: &mut Upload) -> Result<(), Refused> {
        let names: Vec<&str> = self.table.columns.iter().map(String::as_str).collect();
        let key = names.iter().position(|name| name.eq_ignore_ascii_case(&self.rules.key));
        let mut ids = HashSet::new();
        let mut rows = Vec::with_capacity(usize::try_from(self.table.rows).unwrap_or(0));
        upload.read::<Refused>(&self.table.name, &names, |row| {
            let id = self.row_id(row.rowid, key.map_or(Value::Null, |at| row.values[at].clone()))?;
            if !ids.insert(id.clone()) {
                return Err(self.bad_id(row.rowid));
            }
            rows.push(self.own_row(&id, row.values));
            Ok(())
        })?;
        let columns = self.table.columns.clone();
        self.file.own.insert(self.id, OwnTable { columns, rows });
        Ok(())
    }

    fn own_row(&mut self, id: &LocalId, values: Vec<Value>) -> Vec<Value> {
        let columns = self.table.columns.iter().zip(values);
        let settled = columns.map(|(name, value)| match wanted(self.rules, name) {
            Some(wanted) => self.settled(id, (name, wanted), value),
            None => value,
        });
        settled.collect()
    }

    fn row_id(&self, rowid: i64, key: Value) -> Result<LocalId, Refused> {
        let wanted = if self.rules.text_key { ColumnType::Text } else { ColumnType::Integer };
        match (settle(wanted, key).value(), wanted) {
            (Value::Int(id), ColumnType::Integer) => Ok(LocalId::Int(id)),
            (Value::Text(id), ColumnType::Text) => Ok(LocalId::Text(id)),
            _ => Err(self.bad_id(rowid)),
        }
    }

    fn bad_id(&self, rowid: i64) -> Refused {
        Refused::BadId { table: self.rules.name.clone(), rowid }
    }

    fn settled(&mut self, id: &LocalId, (column, wanted): (&str, ColumnType), value: Value) -> Value {
        match settle(wanted, value) {
            Settled::AsItIs(value) => value,
            Settled::Rewritten(value) => {
                count(&mut self.rewritten, column, id);
                value
            }
            Settled::Odd(value) => {
                count(&mut self.odd, column, id);
                value
            }
        }
    }
}

fn count(cells: &mut BTreeMap<String, (usize, LocalId)>, column: &str, id: &LocalId) {
    match cells.get_mut(column) {
        Some((rows, _)) => *rows += 1,
        None => _ = cells.insert(column.to_owned(), (1, id.clone())),
    }
}

/// The type that the rules give a column of the file; the key's too.
fn wanted(rules: &TableRules, column: &str) -> Option<ColumnType> {
    let known = rules.columns.iter().find(|known| known.name.eq_ignore_ascii_case(column));
    let key = || column.eq_ignore_ascii_case(&rules.key).then_some(ColumnType::Integer);
    known.map(|known| known.data_type).or_else(key)
}
