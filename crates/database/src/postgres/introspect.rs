//! What tables there are and how they are shaped, from PostgreSQL's catalogue; and making tables.

use model::{ColumnDef, DataType, ErrorKind, ForeignKey, Generated, Table, TableKind, TableRef, Trigger};
use tokio_postgres::{Row, types::Kind};

use super::{
    QUOTING,
    connect::Connection,
    error::failed,
    types::{Native, Wire, native},
};
use crate::{
    Error, Result,
    sql::{Slot, render, slot},
};

const COLUMN: &str = "{name} {type}{rest}";
const PRIMARY_KEY: &str = "primary key ({columns})";
const ADD_COLUMN: &str = "add column if not exists {name} {type}";

/// A table, view or the like as the catalogue knows it.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) oid: u32,
    pub(super) name: TableRef,
    pub(super) kind: TableKind,
    /// Rows of several tables (partitions, heirs) show in this one, so a place does not tell a row.
    pub(super) divided: bool,
}

/// One column with what reading, writing and journals need beyond the contract's [`ColumnDef`].
#[derive(Clone, Debug)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) native: Native,
    /// As the catalogue writes it.
    pub(super) spelling: String,
    /// The type to cast a text to, without length; domains resolved.
    pub(super) cast: String,
    pub(super) nullable: bool,
    pub(super) default: Option<String>,
    pub(super) generated: Generated,
    /// The collation, where it is not the database's.
    pub(super) collation: Option<TableRef>,
    /// Its collation takes different texts for equal.
    pub(super) vague: bool,
    /// Its own order is that of the texts' bytes.
    pub(super) by_bytes: bool,
}

pub(super) async fn tables(connection: &mut Connection) -> Result<Vec<TableRef>> {
    let rows = connection.query(include_str!("sql/tables.sql"), &[]).await?;
    let mut tables = rows.iter().map(|row| table_ref(row, 0)).collect::<Result<Vec<_>>>()?;
    tables.sort();
    Ok(tables)
}

/// # Errors
/// `Missing`.
pub(super) async fn find(connection: &mut Connection, name: &TableRef) -> Result<Found> {
    look_up(connection, name).await?.ok_or_else(|| {
        Error::new(ErrorKind::Missing, format!("there is no table or view `{name}`")).in_table(name)
    })
}

async fn look_up(connection: &mut Connection, name: &TableRef) -> Result<Option<Found>> {
    let Ok(quoted) = QUOTING.table(name) else { return Ok(None) };
    let rows = connection.query(include_str!("sql/table.sql"), &[&quoted.as_str()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let writable: bool = get(row, 4)?;
    let kind = match get::<String>(row, 3)?.as_str() {
        "r" | "p" => TableKind::Table,
        "f" if writable => TableKind::Table,
        _ => TableKind::View,
    };
    let name = table_ref(row, 1)?;
    Ok(Some(Found { oid: get(row, 0)?, name, kind, divided: get(row, 5)? }))
}

pub(super) async fn attributes(connection: &mut Connection, oid: u32) -> Result<Vec<Attribute>> {
    let rows = connection.query(include_str!("sql/columns.sql"), &[&oid]).await?;
    rows.iter().map(attribute).collect()
}

fn attribute(row: &Row) -> Result<Attribute> {
    let spelling: String = get(row, 1)?;
    let default: Option<String> = get(row, 6)?;
    let numbered = default.as_ref().is_some_and(|default| default.starts_with("nextval("));
    let collation = get::<Option<String>>(row, 10)?.zip(get::<Option<String>>(row, 11)?);
    Ok(Attribute {
        name: get(row, 0)?,
        native: native(&get::<String>(row, 2)?, get(row, 3)?, get(row, 4)?, &spelling),
        cast: get(row, 9)?,
        nullable: !get::<bool>(row, 5)?,
        generated: match (get::<String>(row, 7)?.as_str(), get::<String>(row, 8)?.as_str()) {
            (_, "s" | "v") => Generated::Computed,
            ("", _) if !numbered => Generated::No,
            _ => Generated::Identity,
        },
        default,
        spelling,
        collation: collation.map(|(schema, name)| TableRef::in_schema(schema, name)),
        vague: get(row, 12)?,
        by_bytes: get(row, 13)?,
    })
}

/// The columns of a query, as far as the server tells without running it.
pub(super) async fn query_attributes(connection: &Connection, query: &str) -> Result<Vec<Attribute>> {
    let sql = render(include_str!("sql/describe_query.sql"), &[("query", Slot::query(query))]);
    let statement = connection.prepare(&sql).await?;
    let columns = statement.columns().iter().map(|column| {
        let enumerated = matches!(column.type_().kind(), Kind::Enum(_));
        let spelling = column.type_().name().to_owned();
        Attribute {
            name: column.name().to_owned(),
            native: native(&spelling, column.type_modifier(), enumerated, &spelling),
            cast: spelling.clone(),
            spelling,
            nullable: true,
            default: None,
            generated: Generated::No,
            collation: None,
            vague: false,
            by_bytes: false,
        }
    });
    Ok(columns.collect())
}

impl Attribute {
    pub(super) fn definition(&self) -> ColumnDef {
        ColumnDef {
            name: self.name.clone(),
            data_type: self.native.data_type.clone(),
            native: self.spelling.clone(),
            nullable: self.nullable,
            default: self.default.clone(),
            generated: self.generated,
        }
    }
}

pub(super) async fn table(connection: &mut Connection, name: &TableRef) -> Result<Table> {
    let found = find(connection, name).await?;
    let columns = attributes(connection, found.oid).await?;
    let keys = keys(connection, found.oid).await?;
    let foreign = connection.query(include_str!("sql/foreign_keys.sql"), &[&found.oid]).await?;
    let triggers = connection.query(include_str!("sql/triggers.sql"), &[&found.oid]).await?;
    let primary_key = keys.iter().find(|key| key.primary).map(|key| key.columns.clone()).unwrap_or_default();
    let foreign_key = |row: &Row| {
        let table = table_ref(row, 0)?;
        Ok(ForeignKey { columns: get(row, 2)?, table, referenced: get(row, 3)? })
    };
    let trigger = |row: &Row| Ok(Trigger { name: get(row, 0)?, definition: get(row, 1)? });
    Ok(Table {
        name: found.name,
        kind: found.kind,
        columns: columns.iter().map(Attribute::definition).collect(),
        primary_key,
        unique: keys.into_iter().filter(|key| !key.primary).map(|key| key.columns).collect(),
        foreign_keys: foreign.iter().map(foreign_key).collect::<Result<_>>()?,
        triggers: triggers.iter().map(trigger).collect::<Result<_>>()?,
    })
}

/// A unique index on plain columns, without a condition.
pub(super) struct UniqueKey {
    pub(super) primary: bool,
    pub(super) columns: Vec<String>,
}

pub(super) async fn keys(connection: &mut Connection, oid: u32) -> Result<Vec<UniqueKey>> {
    let rows = connection.query(include_str!("sql/keys.sql"), &[&oid]).await?;
    rows.iter().map(|row| Ok(UniqueKey { primary: get(row, 0)?, columns: get(row, 1)? })).collect()
}

/// A cell of an answer to this program's own query.
pub(super) fn get<'r, T: tokio_postgres::types::FromSql<'r>>(row: &'r Row, at: usize) -> Result<T> {
    row.try_get(at).map_err(failed)
}

/// A table whose schema and name stand side by side.
pub(super) fn table_ref(row: &Row, at: usize) -> Result<TableRef> {
    Ok(TableRef::in_schema(get::<String>(row, at)?, get::<String>(row, at + 1)?))
}

pub(super) async fn create_table(connection: &mut Connection, table: &Table) -> Result<()> {
    if look_up(connection, &table.name).await?.is_some() {
        return Ok(());
    }
    connection.run(&creation(table)?).await.map_err(|error| error.in_table(&table.name))
}

pub(super) fn creation(table: &Table) -> Result<String> {
    let mut parts = table.columns.iter().map(|column| created(column, table)).collect::<Result<Vec<_>>>()?;
    if !table.primary_key.is_empty() {
        let columns = QUOTING.names(table.primary_key.iter().map(String::as_str))?;
        parts.push(slot(PRIMARY_KEY, &[("columns", columns)]));
    }
    let slots = [("table", QUOTING.table(&table.name)?), ("parts", Slot::join(parts, ", "))];
    Ok(render(include_str!("sql/create_table.sql"), &slots))
}

fn created(column: &ColumnDef, table: &Table) -> Result<Slot> {
    let key = table.primary_key.contains(&column.name);
    let rest = match (key && matches!(column.data_type, DataType::Text { .. }), column.nullable && !key) {
        // So that the key's index serves reading in key order.
        (true, _) => " collate \"C\" not null",
        (false, false) => " not null",
        (false, true) => "",
    };
    Ok(slot(
        COLUMN,
        &[
            ("name", QUOTING.name(&column.name)?),
            ("type", Slot::native_type(&column.native)),
            ("rest", Slot::fixed(rest)),
        ],
    ))
}

/// # Errors
/// `Missing` when the table is not there.
pub(super) async fn add_columns(
    connection: &mut Connection,
    name: &TableRef,
    columns: &[ColumnDef],
) -> Result<()> {
    let found = find(connection, name).await?;
    let present = attributes(connection, found.oid).await?;
    let absent = columns.iter().filter(|column| !present.iter().any(|here| here.name == column.name));
    let absent: Vec<&ColumnDef> = absent.collect();
    if absent.is_empty() {
        return Ok(());
    }
    connection.run(&addition(&found.name, &absent)?).await.map_err(|error| error.in_table(name))
}

pub(super) fn addition(table: &TableRef, columns: &[&ColumnDef]) -> Result<String> {
    let parts = columns.iter().map(|column| {
        let slots = [("name", QUOTING.name(&column.name)?), ("type", Slot::native_type(&column.native))];
        Ok(slot(ADD_COLUMN, &slots))
    });
    let parts = Slot::join(parts.collect::<Result<Vec<_>>>()?, ", ");
    Ok(render(include_str!("sql/add_columns.sql"), &[("table", QUOTING.table(table)?), ("parts", parts)]))
}

/// Whether text of this type travels to the server as text that it has to cast.
pub(super) fn needs_cast(attribute: &Attribute) -> bool {
    attribute.native.wire == Wire::Other || attribute.native.class == super::types::Class::Cast
}
