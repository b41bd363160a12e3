//! The living rows of one table in memory.

use std::collections::HashMap;

use merge::TableId;
use model::{Gid, Value};

use super::column::Column;
use crate::{Result, query::Db};

/// Rows that are read at once.
const ROWS: usize = 4096;

#[derive(Debug)]
pub(super) struct Shelf {
    pub table: TableId,
    gids: Vec<Gid>,
    places: HashMap<Gid, usize>,
    columns: Vec<Column>,
    /// Whose each row is: a number of [`super::index::Index::owners`].
    pub owners: Vec<u32>,
}

impl Shelf {
    fn new(table: TableId, columns: usize) -> Self {
        let columns = (0..columns).map(|_| Column::new()).collect();
        Self { table, gids: Vec::new(), places: HashMap::new(), columns, owners: Vec::new() }
    }

    /// Reads the whole table.
    pub async fn load(db: &mut Db, table: TableId, (name, columns): (&str, usize)) -> Result<Self> {
        let mut shelf = Self::new(table, columns);
        let places: Vec<usize> = (0..=columns).collect();
        let mut after: Option<Value> = None;
        loop {
            let rows = db.page(name, after.as_ref(), (&places, ROWS)).await?;
            let more = rows.len() >= ROWS;
            after = rows.last().map(|row| row.0[0].clone());
            rows.into_iter().for_each(|row| shelf.put(row.0));
            if !more {
                return Ok(shelf);
            }
        }
    }

    /// Adds a row or changes it: its gid and its cells.
    pub fn put(&mut self, row: Vec<Value>) {
        let mut values = row.into_iter();
        let Some(gid) = values.next().as_ref().and_then(Gid::of) else { return };
        match self.places.get(&gid) {
            Some(place) => {
                self.columns.iter_mut().zip(values).for_each(|(column, value)| column.set(*place, value));
            }
            None => {
                self.places.insert(gid, self.gids.len());
                self.gids.push(gid);
                self.columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
            }
        }
    }

    pub fn remove(&mut self, gid: Gid) {
        let Some(place) = self.places.remove(&gid) else { return };
        self.gids.swap_remove(place);
        self.columns.iter_mut().for_each(|column| column.swap_remove(place));
        if let Some(moved) = self.gids.get(place) {
            self.places.insert(*moved, place);
        }
    }

    pub fn len(&self) -> usize {
        self.gids.len()
    }

    pub fn gid(&self, row: usize) -> Gid {
        self.gids[row]
    }

    pub fn row(&self, gid: Gid) -> Option<usize> {
        self.places.get(&gid).copied()
    }

    pub fn column(&self, at: usize) -> &Column {
        &self.columns[at]
    }
}
