//! Adding, changing and deleting rows, one prepared statement each, in one transaction.

use model::{Batch, Cell, ColumnDef, DataType, ErrorKind, Generated, Misfit, Table, TableRef};
use rusqlite::{Row, Statement, types::ValueRef};

use super::{
    connect::Link,
    encode::{Encoder, Stored},
    introspect::{QUOTING, Shape},
    key::{self, KeyColumn},
};
use crate::{
    Applied, ColumnRef, Error, Result, Write,
    sql::{Slot, render, slot},
};

/// A [`Write`] that owns its parts, to travel to another thread.
pub(super) struct Order {
    table: TableRef,
    columns: Vec<ColumnRef>,
    key: Vec<usize>,
    insert_only: Vec<usize>,
}

impl From<&Write<'_>> for Order {
    fn from(write: &Write<'_>) -> Self {
        Self {
            table: write.table.name.clone(),
            columns: write.columns.to_vec(),
            key: write.key.to_vec(),
            insert_only: write.insert_only.to_vec(),
        }
    }
}

impl Link {
    pub(super) fn insert(&mut self, order: &Order, rows: &Batch) -> Result<u64> {
        self.writing(|link| {
            let target = Target::new(link, order)?;
            let mut insert = link.connection.prepare(&target.insert()?)?;
            for at in 0..rows.rows() {
                target.run(&mut insert, rows, at, &target.all)?;
            }
            Ok(rows.rows() as u64)
        })
    }

    pub(super) fn upsert(&mut self, order: &Order, rows: &Batch) -> Result<Applied> {
        self.writing(|link| {
            let target = Target::new(link, order)?;
            let mut upsert = Upsert::new(link, &target)?;
            (0..rows.rows()).try_for_each(|at| upsert.apply(rows, at))?;
            Ok(upsert.applied)
        })
    }

    pub(super) fn delete(&mut self, order: &Order, keys: &Batch) -> Result<u64> {
        self.writing(|link| {
            let target = Target::new(link, order)?;
            let mut delete = link.connection.prepare(&target.delete()?)?;
            let mut deleted = 0;
            for at in 0..keys.rows() {
                deleted += target.run(&mut delete, keys, at, &target.key)? as u64;
            }
            Ok(deleted)
        })
    }

    pub(super) fn create_table(&mut self, table: &Table) -> Result<()> {
        let sql = creation(table)?;
        self.writing(|link| {
            link.connection.execute_batch(&sql).map_err(|error| Error::from(error).in_table(&table.name))
        })
    }

    pub(super) fn add_columns(&mut self, table: &TableRef, columns: &[ColumnDef]) -> Result<()> {
        self.writing(|link| {
            let shape = link.shape(table)?;
            for column in columns.iter().filter(|column| shape.column(&column.name).is_none()) {
                link.connection
                    .execute_batch(&addition(&shape, column)?)
                    .map_err(|error| Error::from(error).in_table(table).in_column(&column.name))?;
            }
            Ok(())
        })
    }
}

pub(super) fn creation(table: &Table) -> Result<String> {
    let mut parts: Vec<Slot> =
        table.columns.iter().map(|column| definition(table, column)).collect::<Result<_>>()?;
    if !table.primary_key.is_empty() {
        let columns = QUOTING.names(table.primary_key.iter().map(String::as_str))?;
        parts.push(slot(include_str!("sql/primary_key.sql"), &[("columns", columns)]));
    }
    let slots = [("table", QUOTING.name(&table.name.name)?), ("parts", Slot::join(parts, ", "))];
    // Such a table would be there twice: as rows, and as the index of its key.
    let all_key = table.columns.len() > 1 && table.columns.len() == table.primary_key.len();
    let sql = if all_key {
        include_str!("sql/create_index_table.sql")
    } else {
        include_str!("sql/create_table.sql")
    };
    Ok(render(sql, &slots))
}

pub(super) fn addition(shape: &Shape, column: &ColumnDef) -> Result<String> {
    let slots = [
        ("table", QUOTING.name(&shape.name)?),
        ("column", QUOTING.name(&column.name)?),
        ("type", Slot::native_type(&column.native)),
    ];
    Ok(render(include_str!("sql/add_column.sql"), &slots))
}

fn definition(table: &Table, column: &ColumnDef) -> Result<Slot> {
    let in_key = table.primary_key.contains(&column.name);
    // A whole number that alone is the key becomes the rowid itself, and only under this name.
    let is_rowid = in_key && table.primary_key.len() == 1 && matches!(column.data_type, DataType::Int { .. });
    let native = if is_rowid { Slot::fixed("INTEGER") } else { Slot::native_type(&column.native) };
    // A primary key alone does not keep NULL out here.
    let template = if in_key || !column.nullable {
        include_str!("sql/column_not_null.sql")
    } else {
        include_str!("sql/column_nullable.sql")
    };
    Ok(slot(template, &[("name", QUOTING.name(&column.name)?), ("type", native)]))
}

/// The columns written, ready to be named in statements and to have cells encoded.
pub(super) struct Target<'a> {
    order: &'a Order,
    table: String,
    encoders: Vec<Encoder>,
    key_columns: Vec<KeyColumn>,
    /// Places of all columns.
    all: Vec<usize>,
    /// Places of the key.
    key: Vec<usize>,
    /// Places of what is compared and changed when a row is there.
    rest: Vec<usize>,
    rowid: Option<&'static str>,
}

impl<'a> Target<'a> {
    pub(super) fn new(link: &Link, order: &'a Order) -> Result<Self> {
        let shape = link.shape(&order.table)?;
        let defs: Vec<ColumnDef> =
            order.columns.iter().map(|column| known(&shape, column)).collect::<Result<_>>()?;
        let in_key = |at: usize| order.key.contains(&at) || shape.primary_key.contains(&defs[at].name);
        let encoders =
            defs.iter().enumerate().map(|(at, def)| Encoder::new(&def.data_type, &def.native, in_key(at)));
        let key_columns = order
            .key
            .iter()
            .map(|at| KeyColumn::new(link, Some(&shape), &order.columns[*at], &defs[*at].data_type));
        let all: Vec<usize> = (0..order.columns.len()).collect();
        let is_rest = |at: &usize| !order.key.contains(at) && !order.insert_only.contains(at);
        Ok(Self {
            order,
            encoders: encoders.collect(),
            key_columns: key_columns.collect::<Result<_>>()?,
            rest: all.iter().copied().filter(is_rest).collect(),
            all,
            key: order.key.clone(),
            rowid: shape.rowid,
            table: shape.name.clone(),
        })
    }

    fn name(&self, at: usize) -> Result<Slot> {
        match (&self.order.columns[at], self.rowid) {
            (ColumnRef::Named(name), _) => QUOTING.name(name),
            (ColumnRef::Locator, rowid) => Ok(Slot::fixed(rowid.unwrap_or("rowid"))),
        }
    }

    fn names(&self, places: &[usize]) -> Result<Vec<Slot>> {
        places.iter().map(|at| self.name(*at)).collect()
    }

    pub(super) fn insert(&self) -> Result<String> {
        let values = self.all.iter().map(|at| key::parameter(at + 1));
        let slots = [
            ("table", QUOTING.name(&self.table)?),
            ("columns", Slot::join(self.names(&self.all)?, ", ")),
            ("values", Slot::join(values, ", ")),
        ];
        Ok(render(include_str!("sql/insert.sql"), &slots))
    }

    pub(super) fn probe(&self) -> Result<String> {
        let columns = self
            .names(&self.rest)?
            .into_iter()
            .map(|name| slot(include_str!("sql/column.sql"), &[("name", name)]));
        // A row of nothing but its key is only looked for.
        let columns = if self.rest.is_empty() { Slot::fixed("1") } else { Slot::join(columns, ", ") };
        let slots = [("table", QUOTING.name(&self.table)?), ("columns", columns), ("match", self.matches())];
        Ok(render(include_str!("sql/probe.sql"), &slots))
    }

    pub(super) fn update(&self) -> Result<String> {
        let assign = |at: &usize| {
            Ok(slot(
                include_str!("sql/equal.sql"),
                &[("left", self.name(*at)?), ("right", key::parameter(at + 1))],
            ))
        };
        let assignments = self.rest.iter().map(assign).collect::<Result<Vec<_>>>()?;
        let slots = [
            ("table", QUOTING.name(&self.table)?),
            ("assignments", Slot::join(assignments, ", ")),
            ("match", self.matches()),
        ];
        Ok(render(include_str!("sql/update.sql"), &slots))
    }

    pub(super) fn delete(&self) -> Result<String> {
        Ok(render(
            include_str!("sql/delete.sql"),
            &[("table", QUOTING.name(&self.table)?), ("match", self.matches())],
        ))
    }

    fn matches(&self) -> Slot {
        let same: Vec<Slot> =
            self.key_columns.iter().zip(&self.key).map(|(column, at)| column.is(at + 1)).collect();
        Slot::balanced(&same, " and ")
    }

    /// Runs a statement whose parameters are the columns at `places` of one row; returns how many rows it touched.
    fn run(&self, statement: &mut Statement<'_>, rows: &Batch, at: usize, places: &[usize]) -> Result<usize> {
        self.bind(statement, rows, at, places)?;
        statement.raw_execute().map_err(|error| self.fault(error.into(), rows, at))
    }

    fn bind(&self, statement: &mut Statement<'_>, rows: &Batch, at: usize, places: &[usize]) -> Result<()> {
        for place in places {
            let stored = self.encode(rows, at, *place)?;
            statement.raw_bind_parameter(place + 1, &stored)?;
        }
        Ok(())
    }

    #[inline]
    fn encode<'r>(&self, rows: &'r Batch, at: usize, place: usize) -> Result<Stored<'r>> {
        let encoded = self.encoders[place].encode(rows.columns[place].cell(at));
        encoded.map_err(|misfit| self.misfit(misfit, rows, at, place))
    }

    fn misfit(&self, misfit: Misfit, rows: &Batch, at: usize, place: usize) -> Error {
        let column = self.order.columns[place].name();
        let error = Error::new(ErrorKind::Conversion, misfit.to_string()).in_column(column).caused_by(misfit);
        self.fault(error, rows, at)
    }

    /// The error with the row that it is about.
    fn fault(&self, mut error: Error, rows: &Batch, at: usize) -> Error {
        if !self.key.is_empty() && matches!(error.kind, ErrorKind::Constraint | ErrorKind::Conversion) {
            error.key = Some(rows.key(&self.key, at));
        }
        error.in_table(&self.order.table)
    }
}

/// The definition of a column to write.
fn known(shape: &Shape, column: &ColumnRef) -> Result<ColumnDef> {
    let name = match column {
        ColumnRef::Locator => {
            let name = shape.locator()?;
            return Ok(ColumnDef { native: "INTEGER".to_owned(), ..ColumnDef::new(name, DataType::INT64) });
        }
        ColumnRef::Named(name) => name,
    };
    let fails = |kind, what: &str| {
        Err(Error::new(kind, format!("column `{name}` of table `{}` {what}", shape.name))
            .in_column(name.as_str()))
    };
    match shape.column(name) {
        None => fails(ErrorKind::Missing, "is not there"),
        Some(def) if def.generated == Generated::Computed => {
            fails(ErrorKind::Schema, "is computed and cannot be written")
        }
        Some(def) => Ok(def.clone()),
    }
}

/// Looks each row up and compares before it writes.
struct Upsert<'a> {
    target: &'a Target<'a>,
    probe: Statement<'a>,
    update: Option<Statement<'a>>,
    insert: Statement<'a>,
    applied: Applied,
}

/// What is there under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    Same,
    Different,
}

impl<'a> Upsert<'a> {
    fn new(link: &'a Link, target: &'a Target<'a>) -> Result<Self> {
        if target.key.is_empty() {
            return Err(Error::new(ErrorKind::Schema, "rows without a key can only be added")
                .in_table(&target.order.table));
        }
        let update =
            if target.rest.is_empty() { None } else { Some(link.connection.prepare(&target.update()?)?) };
        Ok(Self {
            target,
            probe: link.connection.prepare(&target.probe()?)?,
            update,
            insert: link.connection.prepare(&target.insert()?)?,
            applied: Applied::default(),
        })
    }

    fn apply(&mut self, rows: &Batch, at: usize) -> Result<()> {
        let target = self.target;
        if let Some(place) =
            target.key.iter().find(|place| matches!(rows.columns[**place].cell(at), Cell::Null))
        {
            return Err(target.misfit(Misfit::NullKey, rows, at, *place));
        }
        match self.find(rows, at)? {
            Found::Same => self.applied.unchanged += 1,
            Found::Nothing => {
                target.run(&mut self.insert, rows, at, &target.all)?;
                self.applied.inserted += 1;
            }
            Found::Different => {
                if let Some(update) = &mut self.update {
                    target.bind(update, rows, at, &target.key)?;
                    target.run(update, rows, at, &target.rest)?;
                }
                self.applied.updated += 1;
            }
        }
        Ok(())
    }

    fn find(&mut self, rows: &Batch, at: usize) -> Result<Found> {
        self.target.bind(&mut self.probe, rows, at, &self.target.key)?;
        let mut found = self.probe.raw_query();
        let mut state = Found::Nothing;
        while let Some(row) = found.next()? {
            if !self.target.is_held(row, rows, at)? {
                return Ok(Found::Different);
            }
            state = Found::Same;
        }
        Ok(state)
    }
}

impl Target<'_> {
    /// Whether a row of the probe holds the values already.
    #[inline]
    fn is_held(&self, row: &Row<'_>, rows: &Batch, at: usize) -> Result<bool> {
        for (column, place) in self.rest.iter().enumerate() {
            let raw: ValueRef<'_> = row.get_ref_unwrap(column);
            let stored = self.encode(rows, at, *place)?;
            if !self.encoders[*place].holds(raw, &stored, rows.columns[*place].cell(at)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
