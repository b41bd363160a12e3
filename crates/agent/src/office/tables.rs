//! denk's own tables in the office file, row by row of values.
//!
//! They are plain tables, which a SQLite of any age reads: the program that owns the file bundles one.

use std::collections::HashMap;

use database::{ColumnRead, ColumnRef, Comparison, Condition, JOURNAL_TABLE, Read, Relation, Session, Write};
use model::{
    Batch, Cell, ColumnDef, DataType, ErrorKind, Key, Table, TableKind, TableRef, Uuid, Value, Zone,
};

use replica::handout::SEQUENCE_TABLE;

use super::{Error, Result};

/// What a column holds.
#[derive(Clone, Copy)]
enum Kind {
    Int,
    Text,
    Bytes,
    Gid,
}
use Kind::{Bytes, Gid, Int, Text};

struct Shape {
    name: &'static str,
    columns: &'static [(&'static str, Kind)],
    /// So many of the first columns are the primary key.
    key: usize,
}

pub(super) const STATE: &str = "denk_state";
pub(super) const SHADOW: &str = "denk_shadow";
pub(super) const GIDS: &str = "denk_gids";
pub(super) const OUTBOX: &str = "denk_outbox";
pub(super) const LATE: &str = "denk_late";
pub(super) const ASIDE: &str = "denk_aside";
pub(super) const GONE: &str = "denk_gone";
pub(super) const WORDS: &str = "denk_words";

/// A file that an earlier version has written lacks these, and lost nothing.
const LATER: [&str; 2] = [GONE, WORDS];

const SHAPES: [Shape; 8] = [
    // Where the file stands: see `state`.
    Shape { name: STATE, columns: &[("name", Text), ("value", Text)], key: 1 },
    // What file and hub last agreed on. `at_ms`, `at_counter`: no later change of the row bears an older stamp.
    Shape {
        name: SHADOW,
        columns: &[
            ("table_name", Text),
            ("id", Text),
            ("gid", Gid),
            ("rev", Int),
            ("at_ms", Int),
            ("at_counter", Int),
            ("cells", Bytes),
        ],
        key: 2,
    },
    // Where the row of a gid stands; or, with `became`, which row it turned out to be.
    Shape {
        name: GIDS,
        columns: &[("gid", Gid), ("table_name", Text), ("id", Text), ("became", Gid)],
        key: 1,
    },
    // The batch that is on its way (and the held one that it takes the place of), and what was told in it.
    Shape { name: OUTBOX, columns: &[("number", Int), ("push", Bytes), ("told", Bytes)], key: 1 },
    // Rows of the hub that cannot be put into the file yet.
    Shape { name: LATE, columns: &[("gid", Gid), ("row_bytes", Bytes)], key: 1 },
    // Rows of the file that are not sent, with the hash of what they said; empty: what they need is not known.
    Shape { name: ASIDE, columns: &[("table_name", Text), ("id", Text), ("content", Text)], key: 2 },
    // When the office wrote what the columns of a row say; `was`: as it was before a restored hub said otherwise.
    Shape { name: WORDS, columns: &[("gid", Gid), ("at", Bytes), ("was", Bytes)], key: 1 },
    // Rows that the office deleted, as they were; `rev`: that of their deletion, 0 where the hub does not have it.
    Shape {
        name: GONE,
        columns: &[
            ("gid", Gid),
            ("table_name", Text),
            ("id", Text),
            ("rev", Int),
            ("day", Int),
            ("cells", Bytes),
        ],
        key: 1,
    },
];

/// Rows that are removed at a time.
const CLEARED_ROWS: usize = 500;

/// One of the tables, as the file has it.
struct Place {
    table: Table,
    from: Relation,
    columns: Vec<ColumnRef>,
    reads: Vec<ColumnRead>,
    types: Vec<DataType>,
    key: Vec<usize>,
}

/// A connection to the file, and denk's tables in it.
pub(super) struct Db {
    pub session: Box<dyn Session>,
    pub zone: Zone,
    places: HashMap<&'static str, Place>,
}

/// A row of a table of ours.
#[derive(Clone, Debug)]
pub(super) struct Row(pub Vec<Value>);

impl Db {
    pub async fn new(session: Box<dyn Session>) -> Result<Self> {
        let mut db = Self { session, zone: Zone::utc(), places: HashMap::new() };
        for shape in &SHAPES {
            db.find_place(shape).await?;
        }
        Ok(db)
    }

    async fn find_place(&mut self, shape: &Shape) -> Result<()> {
        let table = match self.session.table(&TableRef::new(shape.name)).await {
            Ok(table) => table,
            Err(error) if error.kind == ErrorKind::Missing => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if let Some(place) = Place::of(shape, table) {
            self.places.insert(shape.name, place);
        }
        Ok(())
    }

    pub fn has(&self, table: &str) -> bool {
        self.places.contains_key(table)
    }

    /// Whether all of them are there.
    pub fn is_whole(&self) -> bool {
        SHAPES.iter().all(|shape| self.has(shape.name))
    }

    /// Makes what is missing. Whether anything was without which the file says nothing of what it was told.
    pub async fn make(&mut self) -> Result<bool> {
        let mut made = false;
        for shape in SHAPES.iter().filter(|shape| !self.places.contains_key(shape.name)).collect::<Vec<_>>() {
            let mut table = shape.table();
            for column in &mut table.columns {
                let faithful = self.session.faithful(column);
                *column = faithful.map_err(|error| Error::broken(error.to_string()))?;
            }
            self.session.create_table(&table).await?;
            self.find_place(shape).await?;
            if !self.has(shape.name) {
                return Err(Error::broken(format!("table `{}` is another one", shape.name)));
            }
            made |= !LATER.contains(&shape.name);
        }
        Ok(made)
    }

    /// Whether the file keeps its texts as the office program does.
    pub async fn is_utf8(&mut self) -> Result<bool> {
        let from = Relation::Query(include_str!("sql/encoding.sql").to_owned());
        let reads = [ColumnRead::new(ColumnRef::named("encoding"), DataType::TEXT)];
        let page = self.session.read(&Read::whole(&from, &reads, &self.zone)).await?;
        Ok(page.batch.rows() == 1 && page.batch.row(0)[0] == text("UTF-8"))
    }

    /// The highest number that the database itself gave to a row of the program's table; 0: it keeps no such count.
    pub async fn last_number(&mut self, table: &str) -> Result<i64> {
        let from = Relation::Table(TableRef::new(SEQUENCE_TABLE));
        let reads = [ColumnRead::new(ColumnRef::named("seq"), DataType::Any)];
        let filter = [Condition::new("name", Comparison::Equal, text(table))];
        let read = Read { filter: &filter, ..Read::whole(&from, &reads, &self.zone) };
        let page = match self.session.read(&read).await {
            Ok(page) => page,
            Err(error) if error.kind == ErrorKind::Missing => return Ok(0),
            Err(error) => return Err(error.into()),
        };
        let given = (0..page.batch.rows()).filter_map(|at| match page.batch.row(at)[0] {
            Value::Int(given) => Some(given),
            _ => None,
        });
        Ok(given.max().unwrap_or(0))
    }

    /// Whether anything was noted after the note of this number.
    pub async fn noted_since(&mut self, last: i64) -> Result<bool> {
        let from = Relation::Table(TableRef::new(JOURNAL_TABLE));
        let reads = [ColumnRead::new(ColumnRef::named("id"), DataType::INT64)];
        // The last one is emptied, not removed, so that no number is given twice.
        let whole =
            Condition { column: "table_name".into(), comparison: Comparison::IsNotNull, values: Vec::new() };
        let filter = [Condition::new("id", Comparison::Greater, Value::Int(last)), whole];
        let read =
            Read { filter: &filter, rows: Some(1), key: &[0], ..Read::whole(&from, &reads, &self.zone) };
        Ok(self.session.read(&read).await?.batch.rows() > 0)
    }

    fn place(&self, table: &'static str) -> Result<&Place> {
        self.places.get(table).ok_or_else(|| Error::broken(format!("there is no table `{table}`")))
    }

    /// All rows that meet the conditions, in no order.
    pub async fn find(&mut self, table: &'static str, filter: &[Condition]) -> Result<Vec<Row>> {
        let place =
            self.places.get(table).ok_or_else(|| Error::broken(format!("there is no table `{table}`")))?;
        let read = Read { filter, ..Read::whole(&place.from, &place.reads, &self.zone) };
        let page = self.session.read(&read).await?;
        rows(&page)
    }

    /// All rows that have these values and, in `column`, one of `any`.
    pub async fn find_any(
        &mut self,
        table: &'static str,
        with: &[Condition],
        column: &str,
        any: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Row>> {
        let any: Vec<Value> = any.into_iter().collect();
        let mut found = Vec::new();
        for values in any.chunks(Condition::VALUES_MAX) {
            let filter = [with, &[Condition::any_of(column, values.to_vec())]].concat();
            found.extend(self.find(table, &filter).await?);
        }
        Ok(found)
    }

    /// Some rows, in the order of the key, after `after`; and where the next ones begin.
    pub async fn page(
        &mut self,
        table: &'static str,
        after: Option<&Key>,
        count: usize,
    ) -> Result<(Vec<Row>, Option<Key>)> {
        let place =
            self.places.get(table).ok_or_else(|| Error::broken(format!("there is no table `{table}`")))?;
        let whole = Read::whole(&place.from, &place.reads, &self.zone);
        let read = Read { key: &place.key, after, rows: Some(count), ..whole };
        let mut page = self.session.read(&read).await?;
        let next = page.next.take();
        Ok((rows(&page)?, next))
    }

    /// Adds rows, or changes those that are there. How many came.
    pub async fn put(&mut self, table: &'static str, rows: &[Vec<Value>]) -> Result<u64> {
        if rows.is_empty() {
            return Ok(0);
        }
        let place =
            self.places.get(table).ok_or_else(|| Error::broken(format!("there is no table `{table}`")))?;
        let write = Write { table: &place.table, columns: &place.columns, key: &place.key, insert_only: &[] };
        Ok(self.session.upsert(&write, &batch(&place.types, rows)).await?.inserted)
    }

    /// Removes the rows with these keys. How many went.
    pub async fn remove(&mut self, table: &'static str, keys: &[Vec<Value>]) -> Result<u64> {
        if keys.is_empty() {
            return Ok(0);
        }
        let place =
            self.places.get(table).ok_or_else(|| Error::broken(format!("there is no table `{table}`")))?;
        let width = place.key.len();
        let write = Write {
            table: &place.table,
            columns: &place.columns[..width],
            key: &place.key,
            insert_only: &[],
        };
        Ok(self.session.delete(&write, &batch(&place.types[..width], keys)).await?)
    }

    pub async fn clear(&mut self, table: &'static str) -> Result<()> {
        while self.clear_some(table, CLEARED_ROWS).await? > 0 {}
        Ok(())
    }

    /// Removes so many rows, or all that there are. How many.
    pub async fn clear_some(&mut self, table: &'static str, count: usize) -> Result<u64> {
        let width = self.place(table)?.key.len();
        let (some, _) = self.page(table, None, count).await?;
        let keys: Vec<_> = some.into_iter().map(|row| row.0.into_iter().take(width).collect()).collect();
        self.remove(table, &keys).await
    }
}

impl Place {
    /// `None`: it is another table of that name.
    fn of(shape: &Shape, table: Table) -> Option<Self> {
        let names = shape.columns.iter().map(|(name, _)| *name);
        let columns: Vec<ColumnRef> = names.clone().map(ColumnRef::named).collect();
        let types = names.map(|name| table.column(name).map(|column| column.data_type.clone()));
        let types: Vec<DataType> = types.collect::<Option<_>>()?;
        let reads = columns.iter().cloned().zip(types.clone()).map(|(name, of)| ColumnRead::new(name, of));
        let reads = reads.collect();
        let from = Relation::Table(table.name.clone());
        Some(Self { table, from, columns, reads, types, key: (0..shape.key).collect() })
    }
}

impl Shape {
    fn table(&self) -> Table {
        let column = |(at, (name, kind)): (usize, &(&str, Kind))| {
            let kind = match kind {
                Int => DataType::INT64,
                Text => DataType::TEXT,
                Bytes => DataType::BYTES,
                Gid => DataType::Uuid,
            };
            let column = ColumnDef::new(*name, kind);
            if at < self.key { column.not_null() } else { column }
        };
        Table {
            name: TableRef::new(self.name),
            kind: TableKind::Table,
            columns: self.columns.iter().enumerate().map(column).collect(),
            primary_key: self.columns[..self.key].iter().map(|(name, _)| (*name).to_owned()).collect(),
            unique: Vec::new(),
            foreign_keys: Vec::new(),
            triggers: Vec::new(),
        }
    }
}

fn rows(page: &model::Page) -> Result<Vec<Row>> {
    if let Some(rejected) = page.rejected.first() {
        return Err(Error::broken(format!("column `{}`: {}", rejected.column, rejected.reason)));
    }
    Ok((0..page.batch.rows()).map(|at| Row(page.batch.row(at))).collect())
}

fn batch(types: &[DataType], rows: &[Vec<Value>]) -> Batch {
    let mut batch = Batch::new(types);
    rows.iter().for_each(|row| batch.push_row(row.iter().map(Cell::from)));
    batch
}

impl Row {
    pub fn int(&self, at: usize) -> Result<i64> {
        match &self.0[at] {
            Value::Int(number) => Ok(*number),
            _ => Err(odd()),
        }
    }

    pub fn text(&self, at: usize) -> Result<&str> {
        match &self.0[at] {
            Value::Text(text) => Ok(text),
            _ => Err(odd()),
        }
    }

    pub fn bytes(&self, at: usize) -> Result<&[u8]> {
        match &self.0[at] {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(odd()),
        }
    }

    pub fn gid(&self, at: usize) -> Result<model::Gid> {
        self.gid_or_none(at)?.ok_or_else(odd)
    }

    pub fn gid_or_none(&self, at: usize) -> Result<Option<model::Gid>> {
        match &self.0[at] {
            Value::Uuid(uuid) => Ok(Some(model::Gid::from_uuid(*uuid))),
            Value::Null => Ok(None),
            _ => Err(odd()),
        }
    }
}

fn odd() -> Error {
    Error::broken("a value of another kind")
}

pub(super) fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

pub(super) fn uuid(uuid: Uuid) -> Value {
    Value::Uuid(uuid)
}
