//! What the contract suite cannot ask of every database: storage classes, collations, pages of the file.

mod digest;
mod journal;
mod pages;
mod session;
mod shapes;
mod write;

use std::{path::PathBuf, sync::LazyLock};

use model::{Batch, Cell, DataType, Key, Page, TableRef, Value, Zone};
use rusqlite::Connection;

use super::connect::{Absent, Link};
use crate::{ColumnRead, ColumnRef, Read, Relation, Write};

/// A file with a connection of ours and one of another program.
struct Lab {
    link: Link,
    other: Connection,
    folder: tempfile::TempDir,
}

impl Lab {
    fn new(sql: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file: PathBuf = folder.path().join("a file.db");
        let other = Connection::open(&file).unwrap();
        other.execute_batch("pragma synchronous = off").unwrap();
        other.execute_batch(sql).unwrap();
        Self { link: Link::open(&file, Absent::Refuse).unwrap(), other, folder }
    }

    fn run(&self, sql: &str) {
        self.other.execute_batch(sql).unwrap();
    }

    fn ask(&self, sql: &str) -> String {
        let mut statement = self.other.prepare(sql).unwrap();
        let width = statement.column_count();
        let (mut rows, mut lines) = (statement.raw_query(), Vec::new());
        while let Some(row) = rows.next().unwrap() {
            let cells =
                (0..width).map(|at| format!("{:?}", row.get::<_, rusqlite::types::Value>(at).unwrap()));
            lines.push(cells.collect::<Vec<_>>().join(","));
        }
        lines.join(";")
    }

    fn read(&self, read: &Read<'_>) -> crate::Result<Page> {
        self.link.read(&read.into())
    }

    /// Every page of a table, each of at most `rows` rows.
    fn pages(
        &self,
        columns: &[ColumnRead],
        key: &[usize],
        rows: usize,
        up_to: Option<&Key>,
        after: Option<Key>,
    ) -> Vec<Page> {
        let mut after = after;
        let mut pages = Vec::new();
        loop {
            let page = self
                .read(&Read { after: after.as_ref(), up_to, rows: Some(rows), ..part(columns, key) })
                .unwrap();
            after.clone_from(&page.next);
            pages.push(page);
            if after.is_none() {
                return pages;
            }
        }
    }
}

static TABLE: LazyLock<Relation> = LazyLock::new(|| Relation::Table(TableRef::new("t")));
static UTC: LazyLock<Zone> = LazyLock::new(Zone::utc);

/// All rows of `t`.
fn part<'a>(columns: &'a [ColumnRead], key: &'a [usize]) -> Read<'a> {
    Read {
        from: &TABLE,
        columns,
        key,
        filter: &[],
        after: None,
        up_to: None,
        rows: None,
        bytes: None,
        zone: &UTC,
    }
}

fn column(name: &str, wanted: DataType) -> ColumnRead {
    ColumnRead::new(ColumnRef::named(name), wanted)
}

fn batch(types: &[DataType], rows: &[Vec<Value>]) -> Batch {
    let mut batch = Batch::new(types);
    for row in rows {
        batch.push_row(row.iter().map(Cell::from));
    }
    batch
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// Writes `columns` of `t`, the first `keys` of which are its key.
fn writing<T>(
    lab: &mut Lab,
    columns: &[&str],
    keys: usize,
    work: impl FnOnce(&mut Link, &Write<'_>) -> T,
) -> T {
    let table = lab.link.table(&TableRef::new("t")).unwrap();
    let columns: Vec<ColumnRef> = columns.iter().map(|name| ColumnRef::named(*name)).collect();
    let key: Vec<usize> = (0..keys).collect();
    work(&mut lab.link, &Write { table: &table, columns: &columns, key: &key, insert_only: &[] })
}
