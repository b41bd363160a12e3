//! Rows into a copy of the blank file.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet},
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use database::{Address, Begin, ColumnRef, Session, Write};
use merge::{ColumnId, InsertOrder, Kept, LocalId, LocalRow, Rules, TableId, TableRules, insert_order};
use model::{Batch, DataType, ErrorKind, Generated, Table, TableRef, Value};
use tempfile::NamedTempFile;

use super::{
    Blank, Contents, Error,
    blank::{NotUnique, find, temporary},
};
use crate::{
    fit::{Affinity, stored},
    office_file::OwnTable,
};

/// Rows that are in memory a second time, on their way.
const BATCH_ROWS: usize = 4_000;
/// Ids from here on are not believed where a file or its notes say that they were given: after them hardly any would be
/// left.
pub const ID_LIMIT: i64 = 1 << 53;
/// Where a file keeps the highest number that it gave to a row, by table.
pub const SEQUENCE_TABLE: &str = "sqlite_sequence";

/// Writes the file to `path`, at once or not at all; what stood there before is replaced. The same contents give the
/// same bytes.
///
/// # Errors
/// [`Error`]; `path` is then as it was.
pub async fn write(path: &Path, blank: &Blank, rules: &Rules, contents: Contents<'_>) -> Result<(), Error> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let order = insert_order(rules);
    let tables = gather(blank, rules, &order, &contents)?;
    let not_unique = tables.iter().flat_map(Filled::not_unique).collect::<NotUnique>();
    let bytes = blank.bytes(&not_unique, folder).await?;
    let mut file = temporary(folder)?;
    file.write_all(&bytes).map_err(Error::file(file.path()))?;
    fill(file.path(), &tables, contents.tag).await?;
    let (path, folder) = (path.to_owned(), folder.to_owned());
    let kept = tokio::task::spawn_blocking(move || keep(file, &path, &folder)).await;
    kept.unwrap_or_else(|stopped| Err(Error::File(PathBuf::new(), io::Error::other(stopped))))
}

/// Durable, then in its place, then durable there.
fn keep(file: NamedTempFile, path: &Path, folder: &Path) -> Result<(), Error> {
    file.as_file().sync_all().map_err(Error::file(file.path()))?;
    file.persist(path).map_err(|error| Error::File(path.to_owned(), error.error))?;
    // Only on Unix can a folder be opened and its entries be made durable; elsewhere renaming does it.
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::file(folder))
    } else {
        Ok(())
    }
}

/// One table with the rows that it gets.
struct Filled<'a> {
    rules: &'a TableRules,
    table: &'a Table,
    /// **Order**: merged ones by id; a device's own as they stood in its file.
    rows: Cow<'a, [LocalRow]>,
    /// The rules' columns that the schema has, without the key where that is a number.
    columns: Vec<(ColumnId, Affinity)>,
    /// Columns that get their values when all rows are there.
    later: Vec<ColumnId>,
    /// The highest number that the table has given.
    last_id: i64,
}

/// All tables that get rows or numbers, parents first.
fn gather<'a>(
    blank: &'a Blank,
    rules: &'a Rules,
    order: &InsertOrder,
    contents: &Contents<'a>,
) -> Result<Vec<Filled<'a>>, Error> {
    let mut tables = Vec::new();
    for id in &order.tables {
        let rows = rows(blank, &rules[*id], *id, contents);
        let last_id = contents.last_ids.get(id).copied().unwrap_or(0).max(noted(rules, *id, contents.own));
        if rows.is_empty() && last_id <= 0 {
            continue;
        }
        let later = order.second_update.iter().filter(|(table, _)| table == id).map(|(_, column)| *column);
        let table = blank.table(&rules[*id].name)?;
        tables.push(Filled::new(&rules[*id], table, rows, later.collect(), last_id));
    }
    Ok(tables)
}

fn rows<'a>(blank: &Blank, rules: &TableRules, id: TableId, contents: &Contents<'a>) -> Cow<'a, [LocalRow]> {
    let by_id = |a: &LocalRow, b: &LocalRow| a.id.cmp(&b.id);
    if rules.kept != Kept::Merged {
        return own_rows(blank, rules, id, contents).into();
    }
    let rows = contents.merged.get(&id).map_or(&[][..], Vec::as_slice);
    if rows.is_sorted_by(|a, b| by_id(a, b).is_le()) {
        return rows.into();
    }
    let mut rows = rows.to_vec();
    rows.sort_by(by_id);
    rows.into()
}

/// What the device's own table held. The hub keeps all of it, whatever the file can hold.
fn own_rows(blank: &Blank, rules: &TableRules, id: TableId, contents: &Contents<'_>) -> Vec<LocalRow> {
    let Some(own) = contents.own.get(&id) else { return Vec::new() };
    let Some(key) = own.column(&rules.key) else { return Vec::new() };
    let rows = own.rows.iter().zip(own.cells(rules)).filter_map(|(row, mut cells)| {
        let id = LocalId::of(&row[key])?;
        _ = blank.fit(rules, &mut cells);
        Some(LocalRow { id, cells })
    });
    rows.collect()
}

/// The highest id of the table of which a device noted that it was deleted; 0: of none.
#[must_use]
pub fn noted(rules: &Rules, id: TableId, own: &BTreeMap<TableId, OwnTable>) -> i64 {
    let evidence = rules.tables().filter(|(_, rule)| rule.kept == Kept::Evidence);
    let of_table = evidence.filter_map(|(table, rule)| {
        let own = own.get(&table)?;
        let notes = merge::evidence::notes(rules, rule, &own.cells(rule), &[]);
        notes.deleted.get(&id)?.iter().filter_map(number).filter(|id| *id < ID_LIMIT).max()
    });
    of_table.max().unwrap_or(0)
}

const fn number(id: &LocalId) -> Option<i64> {
    match id {
        LocalId::Int(number) => Some(*number),
        LocalId::Text(_) => None,
    }
}

impl<'a> Filled<'a> {
    fn new(
        rules: &'a TableRules,
        table: &'a Table,
        rows: Cow<'a, [LocalRow]>,
        later: Vec<ColumnId>,
        last_id: i64,
    ) -> Self {
        let known =
            |column: ColumnId| Some((column, Affinity::of(&find(table, &rules[column].name)?.native)));
        let columns = rules.column_ids().filter_map(known).collect();
        Self { rules, table, rows, columns, later, last_id }
    }

    /// Columns of which the schema thinks that they are unique, and they are not.
    fn not_unique(&self) -> Vec<(String, String)> {
        let single = self.table.unique.iter().filter_map(|columns| match columns.as_slice() {
            [column] if !self.table.primary_key.contains(column) => Some(column),
            _ => None,
        });
        let twice =
            single.filter(|column| self.rules.column(column).is_some_and(|column| self.is_twice(column)));
        twice.map(|column| (self.table.name.name.clone(), column.clone())).collect()
    }

    fn is_twice(&self, column: ColumnId) -> bool {
        let mut seen = HashSet::new();
        let values = self.rows.iter().filter_map(|row| row.cells[column.0].as_ref());
        values.filter(|value| !value.is_null()).any(|value| !seen.insert(value))
    }

    /// Whether SQLite numbers the rows and never gives a number twice.
    fn is_numbered(&self) -> bool {
        let key = find(self.table, &self.rules.key);
        key.is_some_and(|key| key.generated == Generated::Identity)
    }

    /// The number that SQLite does not know to have been given.
    fn sequence(&self) -> Option<i64> {
        let highest = self.rows.iter().filter_map(|row| number(&row.id)).max().unwrap_or(0);
        (self.is_numbered() && self.last_id > highest).then_some(self.last_id)
    }

    async fn insert(&self, session: &mut dyn Session) -> Result<(), Error> {
        let key = (!self.rules.text_key).then(|| self.rules.key.clone());
        let names = self.columns.iter().map(|(column, _)| self.rules[*column].name.clone());
        let columns: Vec<_> = key.into_iter().chain(names).map(ColumnRef::Named).collect();
        let write = Write { table: self.table, columns: &columns, key: &[], insert_only: &[] };
        for rows in self.rows.chunks(BATCH_ROWS) {
            let mut batch = any(columns.len());
            for row in rows {
                let id = (!self.rules.text_key).then(|| id_value(&row.id));
                let cells = self.columns.iter().map(|(column, affinity)| self.cell(row, *column, *affinity));
                push(&mut batch, id.map(Ok).into_iter().chain(cells))?;
            }
            session.insert(&write, &batch).await?;
        }
        Ok(())
    }

    /// Sets the columns that had to wait.
    async fn close_circles(&self, session: &mut dyn Session) -> Result<(), Error> {
        for column in &self.later {
            let names = [&self.rules.key, &self.rules[*column].name];
            let columns = names.map(|name| ColumnRef::named(name.clone()));
            let write = Write { table: self.table, columns: &columns, key: &[0], insert_only: &[] };
            let mut batch = any(columns.len());
            for row in &*self.rows {
                let Some(value) = row.cells[column.0].clone().filter(|value| !value.is_null()) else {
                    continue;
                };
                push(&mut batch, [Ok(id_value(&row.id)), Ok(value)])?;
            }
            session.upsert(&write, &batch).await?;
        }
        Ok(())
    }

    fn cell(&self, row: &LocalRow, column: ColumnId, affinity: Affinity) -> Result<Value, Error> {
        let (rule, cell) = (&self.rules[column], &row.cells[column.0]);
        let value = cell.as_ref().filter(|_| !self.later.contains(&column)).unwrap_or(&Value::Null);
        stored(affinity, rule.data_type, value).ok_or_else(|| {
            let what = format!("row {} has a value that a file cannot hold", id_value(&row.id));
            let error = database::Error::new(ErrorKind::Conversion, what);
            error.in_table(&self.table.name).in_column(&rule.name).into()
        })
    }
}

fn id_value(id: &LocalId) -> Value {
    match id {
        LocalId::Int(number) => Value::Int(*number),
        LocalId::Text(text) => Value::Text(text.clone()),
    }
}

fn any(columns: usize) -> Batch {
    Batch::new(std::iter::repeat_n(&DataType::Any, columns))
}

fn push(batch: &mut Batch, values: impl IntoIterator<Item = Result<Value, Error>>) -> Result<(), Error> {
    for (at, value) in values.into_iter().enumerate() {
        batch.columns[at].push_value(&value?);
    }
    batch.end_row();
    Ok(())
}

/// Everything in one transaction.
async fn fill(path: &Path, tables: &[Filled<'_>], tag: &str) -> Result<(), Error> {
    let mut session = database::open(&Address::sqlite(path)).await?;
    session.begin(Begin::Own).await?;
    for table in tables {
        table.insert(&mut *session).await?;
    }
    for table in tables {
        table.close_circles(&mut *session).await?;
    }
    let sequences = tables.iter().filter_map(|table| {
        Some([Value::Text(table.table.name.name.clone()), Value::Int(table.sequence()?)])
    });
    put(&mut *session, SEQUENCE_TABLE, &["name", "seq"], sequences.collect()).await?;
    let tag = [Value::Text(tag.to_owned())];
    put(&mut *session, crate::office_file::LINEAGE_TABLE, &["tag"], vec![tag]).await?;
    Ok(session.commit().await?)
}

/// Rows of a table that the rules do not know, found by their first column.
async fn put<const N: usize>(
    session: &mut dyn Session,
    table: &str,
    columns: &[&str; N],
    rows: Vec<[Value; N]>,
) -> Result<(), Error> {
    let table = session.table(&TableRef::new(table)).await?;
    let columns = columns.map(ColumnRef::named);
    let write = Write { table: &table, columns: &columns, key: &[0], insert_only: &[] };
    let mut batch = any(N);
    for row in rows {
        push(&mut batch, row.map(Ok))?;
    }
    session.upsert(&write, &batch).await?;
    Ok(())
}
