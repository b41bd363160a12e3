//! Reading and writing the store's tables, row by row of values.

use std::{collections::HashMap, sync::Arc};

use database::{ColumnRead, ColumnRef, Comparison, Condition, Read, Relation, Session, Write};
use model::{Batch, Cell, Coercion, DataType, Key, Uuid, Value, Zone, coerce};

use crate::{Error, Result, shape::Place};

/// One connection of the store.
pub(crate) struct Db {
    pub session: Box<dyn Session>,
    pub places: Arc<HashMap<String, Place>>,
    pub zone: Zone,
}

/// A row of a table of ours, read by the place of its columns.
#[derive(Clone, Debug)]
pub(crate) struct Row(pub Vec<Value>);

const ODD: Error = Error::Broken("a table of the store holds a value of another kind");

impl Db {
    fn place(&self, table: &str) -> Result<&Place> {
        self.places.get(table).ok_or(Error::Broken("a table of the store is not known"))
    }

    /// All rows that have these values, in no order.
    pub async fn find(&mut self, table: &str, with: &[(&str, Value)]) -> Result<Vec<Row>> {
        let filter: Vec<Condition> =
            with.iter().map(|(column, value)| equal(column, value.clone())).collect();
        self.read(table, &filter).await
    }

    /// All rows that have these values and, in `column`, one of `any`; in no order.
    pub async fn find_any(
        &mut self,
        table: &str,
        with: &[(&str, Value)],
        column: &str,
        any: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Row>> {
        let any: Vec<Value> = any.into_iter().collect();
        let mut rows = Vec::new();
        for values in any.chunks(Condition::VALUES_MAX) {
            let mut filter: Vec<Condition> =
                with.iter().map(|(column, value)| equal(column, value.clone())).collect();
            filter.push(Condition::any_of(column, values.to_vec()));
            rows.extend(self.read(table, &filter).await?);
        }
        Ok(rows)
    }

    /// Rows that have these values, and whose `column` is greater than the one bound and less than the other.
    pub async fn find_between(
        &mut self,
        table: &str,
        with: &[(&str, Value)],
        column: &str,
        (after, before): (i64, i64),
    ) -> Result<Vec<Row>> {
        let mut filter: Vec<Condition> =
            with.iter().map(|(column, value)| equal(column, value.clone())).collect();
        filter.push(Condition::new(column, Comparison::Greater, Value::Int(after)));
        filter.push(Condition::new(column, Comparison::Less, Value::Int(before)));
        self.read(table, &filter).await
    }

    /// Rows of which all this is so, in no order.
    pub async fn find_where(&mut self, table: &str, filter: &[Condition]) -> Result<Vec<Row>> {
        self.read(table, filter).await
    }

    /// The columns at `places` of rows whose `column` is greater than the one bound and less than the other, in no order.
    pub async fn part(
        &mut self,
        table: &str,
        places: &[usize],
        column: &str,
        (after, before): (Value, Value),
    ) -> Result<Vec<Row>> {
        let filter = [
            Condition::new(column, Comparison::Greater, after),
            Condition::new(column, Comparison::Less, before),
        ];
        let place = self.place(table)?;
        let reads: Vec<_> = places.iter().map(|at| place.reads[*at].clone()).collect();
        let batch = self.batch(table, &filter, &reads).await?;
        Ok((0..batch.rows()).map(|at| Row(batch.row(at))).collect())
    }

    /// What `take` makes of the columns at `places` of all rows of a table, of those without a value in `empty`, in no
    /// order. So much of a large table as is needed is in memory, and no more.
    pub async fn each<T>(
        &mut self,
        table: &str,
        (with, empty): (&[(&str, Value)], Option<&str>),
        places: &[usize],
        take: impl Fn(Row) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut filter: Vec<Condition> =
            with.iter().map(|(column, value)| equal(column, value.clone())).collect();
        filter.extend(empty.map(|column| Condition {
            column: column.to_owned(),
            comparison: Comparison::IsNull,
            values: Vec::new(),
        }));
        let reads: Vec<_> =
            places.iter().map(|at| Ok(self.place(table)?.reads[*at].clone())).collect::<Result<_>>()?;
        let batch = self.batch(table, &filter, &reads).await?;
        (0..batch.rows()).map(|at| take(Row(batch.row(at)))).collect()
    }

    /// So many rows after this one, by their gids, with the columns at `places`, of which the first is the gid.
    pub async fn page(
        &mut self,
        table: &str,
        after: Option<&Value>,
        (places, rows): (&[usize], usize),
    ) -> Result<Vec<Row>> {
        let all = Arc::clone(&self.places);
        let place = all.get(table).ok_or(Error::Broken("a table of the store is not known"))?;
        let reads: Vec<_> = places.iter().map(|at| place.reads[*at].clone()).collect();
        let after = after.map(|gid| Key(vec![gid.clone()]));
        let whole = Read::whole(&place.from, &reads, &self.zone);
        let read = Read { key: &[0], after: after.as_ref(), rows: Some(rows), ..whole };
        let page = self.session.read(&read).await?;
        let rows = (0..page.batch.rows()).map(|at| Row(page.batch.row(at))).collect();
        if page.rejected.is_empty() { Ok(rows) } else { Err(ODD) }
    }

    /// The sum of what a query of ours counted of groups that have these values.
    pub async fn count(&mut self, counts: &str, with: &[(&str, Value)]) -> Result<u64> {
        let filter: Vec<Condition> =
            with.iter().map(|(column, value)| equal(column, value.clone())).collect();
        let from = Relation::Query(counts.to_owned());
        let columns = [ColumnRead::new(ColumnRef::named("number"), DataType::INT64)];
        let read = Read { filter: &filter, ..Read::whole(&from, &columns, &self.zone) };
        let batch = self.session.read(&read).await?.batch;
        let numbers = (0..batch.rows()).map(|at| Row(batch.row(at)).int(0));
        Ok(u64::try_from(numbers.sum::<Result<i64>>()?).unwrap_or_default())
    }

    async fn read(&mut self, table: &str, filter: &[Condition]) -> Result<Vec<Row>> {
        let places = Arc::clone(&self.places);
        let place = places.get(table).ok_or(Error::Broken("a table of the store is not known"))?;
        let batch = self.batch(table, filter, &place.reads).await?;
        Ok((0..batch.rows()).map(|at| Row(batch.row(at))).collect())
    }

    async fn batch(&mut self, table: &str, filter: &[Condition], columns: &[ColumnRead]) -> Result<Batch> {
        let places = Arc::clone(&self.places);
        let place = places.get(table).ok_or(Error::Broken("a table of the store is not known"))?;
        let read = Read { filter, ..Read::whole(&place.from, columns, &self.zone) };
        let page = self.session.read(&read).await?;
        if page.rejected.is_empty() { Ok(page.batch) } else { Err(ODD) }
    }

    /// Adds rows that are known not to be there.
    pub async fn add(&mut self, table: &str, rows: &[Vec<Value>]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let places = Arc::clone(&self.places);
        let place = places.get(table).ok_or(Error::Broken("a table of the store is not known"))?;
        let batch = batch(&place.types, rows);
        self.session.insert(&write(place), &batch).await?;
        Ok(())
    }

    /// Adds rows, or changes those that are there.
    pub async fn put(&mut self, table: &str, rows: &[Vec<Value>]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let places = Arc::clone(&self.places);
        let place = places.get(table).ok_or(Error::Broken("a table of the store is not known"))?;
        let batch = batch(&place.types, rows);
        self.session.upsert(&write(place), &batch).await?;
        Ok(())
    }

    /// Removes the rows with these keys.
    pub async fn remove(&mut self, table: &str, keys: &[Vec<Value>]) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let places = Arc::clone(&self.places);
        let place = places.get(table).ok_or(Error::Broken("a table of the store is not known"))?;
        let batch = batch(&place.types[..place.key.len()], keys);
        let columns = &place.columns[..place.key.len()];
        let write = Write { table: &place.table, columns, key: &place.key, insert_only: &[] };
        self.session.delete(&write, &batch).await?;
        Ok(())
    }

    /// Removes all rows that have these values.
    pub async fn remove_with(&mut self, table: &str, with: &[(&str, Value)]) -> Result<()> {
        let width = self.place(table)?.key.len();
        let rows = self.find(table, with).await?;
        let keys: Vec<_> = rows.into_iter().map(|row| row.0.into_iter().take(width).collect()).collect();
        self.remove(table, &keys).await
    }

    /// The value as a column of a business table can hold it; what it cannot hold is left out there.
    pub fn shown(&self, place: &Place, column: usize, value: Option<&Value>) -> Value {
        let Some(value) = value else { return Value::Null };
        let rules = Coercion { zone: &self.zone, null_texts: &[] };
        coerce(value.clone(), &place.types[column], rules).unwrap_or(Value::Null)
    }
}

fn equal(column: &str, value: Value) -> Condition {
    Condition::new(column, Comparison::Equal, value)
}

fn write(place: &Place) -> Write<'_> {
    Write { table: &place.table, columns: &place.columns, key: &place.key, insert_only: &[] }
}

fn batch(types: &[DataType], rows: &[Vec<Value>]) -> Batch {
    let mut batch = Batch::new(types);
    rows.iter().for_each(|row| batch.push_row(row.iter().map(Cell::from)));
    batch
}

impl Row {
    pub fn int(&self, at: usize) -> Result<i64> {
        self.int_or_none(at)?.ok_or(ODD)
    }

    pub fn int_or_none(&self, at: usize) -> Result<Option<i64>> {
        match &self.0[at] {
            Value::Int(number) => Ok(Some(*number)),
            Value::Null => Ok(None),
            _ => Err(ODD),
        }
    }

    pub fn text(&self, at: usize) -> Result<&str> {
        self.text_or_none(at)?.ok_or(ODD)
    }

    pub fn text_or_none(&self, at: usize) -> Result<Option<&str>> {
        match &self.0[at] {
            Value::Text(text) => Ok(Some(text)),
            Value::Null => Ok(None),
            _ => Err(ODD),
        }
    }

    pub fn bytes(&self, at: usize) -> Result<&[u8]> {
        match &self.0[at] {
            Value::Bytes(bytes) => Ok(bytes),
            Value::Null => Ok(&[]),
            _ => Err(ODD),
        }
    }

    pub fn uuid(&self, at: usize) -> Result<Uuid> {
        match &self.0[at] {
            Value::Uuid(uuid) => Ok(*uuid),
            _ => Err(ODD),
        }
    }
}

pub(crate) fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

pub(crate) fn maybe<T: Into<String>>(value: Option<T>) -> Value {
    value.map_or(Value::Null, text)
}

pub(crate) fn number(value: Option<i64>) -> Value {
    value.map_or(Value::Null, Value::Int)
}
