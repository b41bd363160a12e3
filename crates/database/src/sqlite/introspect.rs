//! What tables there are and how they are made, from `SQLite`'s own pragmas.

use std::{collections::HashMap, sync::Arc};

use model::{
    ColumnDef, DataType, ErrorKind, ForeignKey, Generated, Table, TableKind, TableRef, TextUnit, Trigger,
};
use rusqlite::Row;

use super::{connect::Link, types};
use crate::{
    Error, Result,
    sql::{Quoting, Slot, render},
};

/// `SQLite` has no limit of its own for names; ours keeps statements reasonable.
pub(super) const QUOTING: Quoting = Quoting { open: '"', close: '"', max: 1000, unit: TextUnit::Chars };

/// The only schema there is.
const MAIN: &str = "main";

/// What reading and writing need to know of a table.
#[derive(Debug)]
pub(super) struct Shape {
    /// As the schema spells it; names are found in any case.
    pub name: String,
    pub kind: TableKind,
    pub columns: Vec<ColumnDef>,
    pub primary_key: Vec<String>,
    /// The column that is another name of the rowid.
    pub alias: Option<String>,
    /// A name of the rowid that no column hides; `None` where rows have no rowid.
    pub rowid: Option<&'static str>,
}

impl Shape {
    /// Columns are found in any case, as in SQL.
    pub(super) fn column(&self, name: &str) -> Option<&ColumnDef> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// The rowid's name, for rows that have no better handle.
    pub(super) fn locator(&self) -> Result<&'static str> {
        self.rowid.ok_or_else(|| {
            let what = format!("rows of `{}` have no rowid by which they could be found again", self.name);
            Error::new(ErrorKind::Unsupported, what)
        })
    }

    pub(super) fn is_alias(&self, name: &str) -> bool {
        self.alias.as_ref().is_some_and(|alias| alias.eq_ignore_ascii_case(name))
    }
}

/// Shapes that were asked for, as long as they hold.
///
/// **Invariants**: every change of the schema, by whichever program, gives it another version. One that is rolled back
/// gives the version back to the next change, so a rollback forgets what was found out.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    /// Of the schema that these are of.
    version: i64,
    known: HashMap<TableRef, Arc<Shape>>,
}

impl Link {
    pub(super) fn tables(&self) -> Result<Vec<TableRef>> {
        self.rows(include_str!("sql/tables.sql"), [], |row| Ok(TableRef::new(row.get::<_, String>(0)?)))
    }

    /// # Errors
    /// `Missing` when there is no such table or view.
    pub(super) fn shape(&self, table: &TableRef) -> Result<Arc<Shape>> {
        let version = self.connection.pragma_query_value(None, "schema_version", |row| row.get(0))?;
        let mut shapes = self.shapes.borrow_mut();
        if shapes.version != version {
            *shapes = Shapes { version, known: HashMap::new() };
        }
        if let Some(known) = shapes.known.get(table) {
            return Ok(Arc::clone(known));
        }
        let shape = Arc::new(self.examine(table)?);
        shapes.known.insert(table.clone(), Arc::clone(&shape));
        Ok(shape)
    }

    fn examine(&self, table: &TableRef) -> Result<Shape> {
        let found = match &table.schema {
            Some(schema) if !schema.eq_ignore_ascii_case(MAIN) => None,
            _ => self.rows(include_str!("sql/table.sql"), [&table.name], Found::read)?.pop(),
        };
        let Some(found) = found else {
            return Err(Error::new(ErrorKind::Missing, format!("there is no table or view `{table}`"))
                .in_table(table));
        };
        let columns = self.columns(MAIN, &found.name, found.kind)?;
        let mut key: Vec<&InKey> = columns.iter().filter(|column| column.position > 0).collect();
        key.sort_by_key(|column| column.position);
        let primary_key: Vec<String> = key.iter().map(|column| column.def.name.clone()).collect();
        let alias = match key.as_slice() {
            [only] if found.may_alias && only.def.native.eq_ignore_ascii_case("INTEGER") => {
                Some(only.def.name.clone())
            }
            _ => None,
        };
        let mut columns: Vec<ColumnDef> = columns.into_iter().map(|column| column.def).collect();
        for column in columns.iter_mut().filter(|column| alias.as_ref() == Some(&column.name)) {
            column.nullable = false;
            // A key without AUTOINCREMENT is numbered too, but by whoever made the table it is not meant to be.
            if self.is_numbered(&found.name, &column.name) {
                column.generated = Generated::Identity;
            }
        }
        let rowid = found.rowid_name(&columns);
        Ok(Shape { name: found.name, kind: found.kind, columns, primary_key, alias, rowid })
    }

    fn is_numbered(&self, table: &str, column: &str) -> bool {
        self.connection
            .column_metadata(Some(MAIN), table, column)
            .is_ok_and(|(.., autoincrement)| autoincrement)
    }

    fn columns(&self, schema: &str, table: &str, kind: TableKind) -> Result<Vec<InKey>> {
        let mut columns = self.rows(include_str!("sql/columns.sql"), [table, schema], InKey::read)?;
        // A view calls what has no type BLOB.
        let untold =
            |column: &&mut InKey| kind == TableKind::View && column.def.native.eq_ignore_ascii_case("BLOB");
        columns.iter_mut().filter(untold).for_each(|column| column.def.data_type = DataType::Any);
        Ok(columns)
    }

    /// A view of our own connection tells what the query's columns are.
    pub(super) fn query_columns(&self, query: &str) -> Result<Vec<ColumnDef>> {
        let make = render(include_str!("sql/query_view.sql"), &[("query", Slot::query(query))]);
        // Not as a batch: a second statement in the query must not run.
        self.connection.execute(&make, [])?;
        let columns = self.columns("temp", "denk_query", TableKind::View);
        self.connection.execute_batch(include_str!("sql/query_view_drop.sql"))?;
        Ok(columns?
            .into_iter()
            .map(|column| ColumnDef { nullable: true, default: None, ..column.def })
            .collect())
    }

    pub(super) fn table(&self, table: &TableRef) -> Result<Table> {
        let shape = self.shape(table)?;
        let unique = self.unique(&shape.name)?;
        let foreign_keys = self.foreign_keys(&shape.name)?;
        let triggers = self.rows(include_str!("sql/triggers.sql"), [&shape.name], |row| {
            Ok(Trigger {
                name: row.get(0)?,
                definition: row.get::<_, Option<String>>(1)?.unwrap_or_default(),
            })
        })?;
        Ok(Table {
            name: TableRef::new(&shape.name),
            kind: shape.kind,
            columns: shape.columns.clone(),
            primary_key: shape.primary_key.clone(),
            unique,
            foreign_keys,
            triggers,
        })
    }

    pub(super) fn unique(&self, table: &str) -> Result<Vec<Vec<String>>> {
        let parts =
            self.rows(include_str!("sql/unique.sql"), [table], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut unique: Vec<(String, Vec<String>)> = Vec::new();
        for (index, column) in parts {
            match unique.last_mut().filter(|(last, _)| *last == index) {
                Some((_, columns)) => columns.push(column),
                None => unique.push((index, vec![column])),
            }
        }
        Ok(unique.into_iter().map(|(_, columns)| columns).collect())
    }

    fn foreign_keys(&self, table: &str) -> Result<Vec<ForeignKey>> {
        let parts = self.rows(include_str!("sql/foreign_keys.sql"), [table], |row| {
            let part: (i64, String, String, Option<String>) =
                (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            Ok(part)
        })?;
        let mut keys: Vec<(i64, ForeignKey)> = Vec::new();
        for (id, parent, from, to) in parts {
            if keys.last().is_none_or(|(last, _)| *last != id) {
                let table = TableRef::new(parent);
                keys.push((id, ForeignKey { columns: Vec::new(), table, referenced: Vec::new() }));
            }
            if let Some((_, key)) = keys.last_mut() {
                key.columns.push(from);
                key.referenced.extend(to);
            }
        }
        let mut keys: Vec<ForeignKey> = keys.into_iter().map(|(_, key)| key).collect();
        // Without columns after `references` the parent's primary key is meant.
        for key in keys.iter_mut().filter(|key| key.referenced.is_empty()) {
            key.referenced =
                self.shape(&key.table).map(|parent| parent.primary_key.clone()).unwrap_or_default();
        }
        Ok(keys)
    }

    /// All rows of a small catalogue query.
    pub(super) fn rows<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let mut statement = self.connection.prepare(sql)?;
        let rows = statement.query_map(params, read)?;
        Ok(rows.collect::<rusqlite::Result<Vec<T>>>()?)
    }
}

/// One row of `sql/table.sql`.
struct Found {
    name: String,
    kind: TableKind,
    has_rowid: bool,
    /// No index serves the primary key, so an integer one is the rowid itself.
    may_alias: bool,
}

impl Found {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let kind: String = row.get(1)?;
        let has_rowid: bool = row.get(2)?;
        Ok(Self {
            name: row.get(0)?,
            kind: if kind == "view" { TableKind::View } else { TableKind::Table },
            has_rowid,
            may_alias: has_rowid && row.get(3)?,
        })
    }

    fn rowid_name(&self, columns: &[ColumnDef]) -> Option<&'static str> {
        let free = |name: &&str| !columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
        ["rowid", "_rowid_", "oid"].into_iter().find(|name| self.has_rowid && free(name))
    }
}

/// One row of `sql/columns.sql`.
struct InKey {
    def: ColumnDef,
    /// From 1 on; 0 outside the primary key.
    position: i64,
}

impl InKey {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let native: String = row.get::<_, Option<String>>(1)?.unwrap_or_default();
        let not_null: bool = row.get(2)?;
        let hidden: i64 = row.get(5)?;
        let def = ColumnDef {
            name: row.get(0)?,
            data_type: types::data_type(&native),
            native,
            nullable: !not_null,
            default: row.get(3)?,
            generated: if hidden == 0 { Generated::No } else { Generated::Computed },
        };
        Ok(Self { def, position: row.get(4)? })
    }
}
