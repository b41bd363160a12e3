//! Shapes of tables, from the `sys` views; and making tables.
//!
//! Key columns of text that denk makes get the collation `Latin1_General_100_BIN2`, so that the table tells keys apart
//! just as the source does; a key column without limit gets one, since an index holds 900 bytes.

use model::{ColumnDef, DataType, ErrorKind, ForeignKey, Generated, Table, TableKind, TableRef, Trigger};
use tiberius::{ColumnData, Row};

use super::{
    Mssql, QUOTING,
    connect::{batch, parameter, rows, text},
    types::{COLLATE, Family, NativeType, in_key},
};
use crate::{
    Error, Result,
    sql::{Slot, render, slot},
};

/// Collation that tells all texts apart.
const EXACT: &str = "collate Latin1_General_100_BIN2";

pub(super) async fn tables(session: &mut Mssql) -> Result<Vec<TableRef>> {
    let found = rows(&mut session.wire, include_str!("sql/tables.sql"), &[]).await?;
    let mut tables = found
        .iter()
        .map(|row| Ok(TableRef::in_schema(text(row, 0)?, text(row, 1)?)))
        .collect::<Result<Vec<_>>>()?;
    tables.sort();
    Ok(tables)
}

/// A table, and what reading it needs to know besides.
pub(super) struct Described {
    pub table: Table,
    /// For each column, whether its collation compares code units.
    pub binary: Vec<bool>,
}

pub(super) async fn table(session: &mut Mssql, name: &TableRef) -> Result<Table> {
    Ok(described(session, name).await?.table)
}

pub(super) async fn described(session: &mut Mssql, name: &TableRef) -> Result<Described> {
    find(session, name).await?.ok_or_else(|| {
        Error::new(ErrorKind::Missing, format!("there is no table or view `{name}`")).in_table(name)
    })
}

async fn find(session: &mut Mssql, name: &TableRef) -> Result<Option<Described>> {
    let name = session.qualified(name);
    let parameters = [parameter(name.schema.as_deref().unwrap_or_default()), parameter(&name.name)];
    let objects = rows(&mut session.wire, include_str!("sql/table.sql"), &parameters).await?;
    let Some(object) = objects.first() else { return Ok(None) };
    let id = [ColumnData::I32(object.try_get::<i32, _>(0)?)];
    let kind = if text(object, 3)?.trim() == "V" { TableKind::View } else { TableKind::Table };
    let columns = rows(&mut session.wire, include_str!("sql/columns.sql"), &id).await?;
    let keys = rows(&mut session.wire, include_str!("sql/keys.sql"), &id).await?;
    let foreign_keys = rows(&mut session.wire, include_str!("sql/foreign_keys.sql"), &id).await?;
    let triggers = rows(&mut session.wire, include_str!("sql/triggers.sql"), &id).await?;
    let (primary_key, unique) = split_keys(&keys)?;
    let finest = session.features.finest();
    let binary = columns.iter().map(compares_code_units).collect::<Result<_>>()?;
    let table = Table {
        name: TableRef::in_schema(text(object, 1)?, text(object, 2)?),
        kind,
        columns: columns.iter().map(|row| column(row, finest)).collect::<Result<_>>()?,
        primary_key,
        unique,
        foreign_keys: group_foreign_keys(&foreign_keys)?,
        triggers: triggers
            .iter()
            .map(|row| Ok(Trigger { name: text(row, 0)?, definition: text(row, 1)? }))
            .collect::<Result<_>>()?,
    };
    Ok(Some(Described { table, binary }))
}

/// The columns of a query, and whether their collations compare code units.
pub(super) async fn query_columns(session: &mut Mssql, query: &str) -> Result<Vec<(ColumnDef, bool)>> {
    let found = rows(&mut session.wire, include_str!("sql/query_columns.sql"), &[parameter(query)]).await?;
    found
        .iter()
        .filter(|row| !matches!(row.try_get::<bool, _>("is_hidden"), Ok(Some(true))))
        .map(query_column)
        .collect()
}

fn query_column(row: &Row) -> Result<(ColumnDef, bool)> {
    let text = |name| Ok::<_, Error>(row.try_get::<&str, _>(name)?.unwrap_or_default().to_owned());
    let written = text("system_type_name")?;
    let name = written.split('(').next().unwrap_or_default();
    let max_length = row.try_get::<i16, _>("max_length")?.unwrap_or(-1);
    let (precision, scale) = (row.try_get::<u8, _>("precision")?, row.try_get::<u8, _>("scale")?);
    let native = NativeType::from_catalogue(name, max_length, precision.unwrap_or(0), scale.unwrap_or(0));
    let known =
        ColumnDef { native: native.to_string(), ..ColumnDef::new(text("name")?, native.data_type(0)) };
    Ok((known, is_binary(&text("collation_name")?)))
}

fn compares_code_units(row: &Row) -> Result<bool> {
    Ok(is_binary(&text(row, 10)?))
}

/// A text type with what decides its code page.
fn collated(native: NativeType, collation: &str) -> String {
    if collation.is_empty() {
        return native.to_string();
    }
    [native.to_string().as_str(), collation].join(COLLATE)
}

fn is_binary(collation: &str) -> bool {
    collation.to_ascii_lowercase().ends_with("_bin2")
}

fn column(row: &Row, finest: u8) -> Result<ColumnDef> {
    let number = |at| row.try_get::<i32, _>(at).map(Option::unwrap_or_default);
    let small = |at| number(at).map(|n| u8::try_from(n).unwrap_or_default());
    let max_length = i16::try_from(number(2)?).unwrap_or(-1);
    let name = text(row, 1)?;
    let native = NativeType::from_catalogue(&name, max_length, small(3)?, small(4)?).no_finer_than(finest);
    let code_page = u16::try_from(number(8)?).unwrap_or_default();
    // A type made of .NET code is known by its name only.
    let (data_type, written) = match native.family {
        Family::Clr | Family::Spatial => (DataType::Other { native: name.clone() }, name),
        family if family.in_code_page() => (native.data_type(code_page), collated(native, &text(row, 10)?)),
        _ => (native.data_type(code_page), native.to_string()),
    };
    let computed = number(7)? != 0 || native.family == Family::RowVersion;
    Ok(ColumnDef {
        name: text(row, 0)?,
        data_type,
        native: written,
        nullable: number(5)? != 0,
        default: row.try_get::<&str, _>(9)?.map(str::to_owned),
        generated: match (number(6)? != 0, computed) {
            (_, true) => Generated::Computed,
            (true, false) => Generated::Identity,
            (false, false) => Generated::No,
        },
    })
}

/// Rows of (index, 1 for the primary key, column), in key order.
fn split_keys(rows: &[Row]) -> Result<(Vec<String>, Vec<Vec<String>>)> {
    let (mut primary_key, mut unique, mut last) = (Vec::new(), Vec::<Vec<String>>::new(), None);
    for row in rows {
        let index = row.try_get::<i32, _>(0)?;
        if row.try_get::<i32, _>(1)? == Some(1) {
            primary_key.push(text(row, 2)?);
            continue;
        }
        if index != last {
            unique.push(Vec::new());
            last = index;
        }
        if let Some(columns) = unique.last_mut() {
            columns.push(text(row, 2)?);
        }
    }
    Ok((primary_key, unique))
}

/// Rows of (constraint, schema, table, column, referenced column), in order.
fn group_foreign_keys(rows: &[Row]) -> Result<Vec<ForeignKey>> {
    let (mut keys, mut last) = (Vec::<ForeignKey>::new(), None);
    for row in rows {
        let constraint = row.try_get::<i32, _>(0)?;
        if constraint != last {
            let table = TableRef::in_schema(text(row, 1)?, text(row, 2)?);
            keys.push(ForeignKey { columns: Vec::new(), table, referenced: Vec::new() });
            last = constraint;
        }
        if let Some(key) = keys.last_mut() {
            key.columns.push(text(row, 3)?);
            key.referenced.push(text(row, 4)?);
        }
    }
    Ok(keys)
}

pub(super) async fn create_table(session: &mut Mssql, table: &Table) -> Result<()> {
    let name = session.qualified(&table.name);
    if find(session, &name).await?.is_some() {
        return Ok(());
    }
    if table.columns.len() > session.capabilities.columns_max {
        let what = format!(
            "a table can have {} columns, not {}",
            session.capabilities.columns_max,
            table.columns.len()
        );
        return Err(Error::new(ErrorKind::Schema, what).in_table(&name));
    }
    let sql = creation(&name, table)?;
    batch(&mut session.wire, &sql).await.map_err(|error| error.in_table(&name))
}

pub(super) fn creation(name: &TableRef, table: &Table) -> Result<String> {
    let in_key = |column: &ColumnDef| table.primary_key.contains(&column.name);
    let columns: Result<Vec<Slot>> = table
        .columns
        .iter()
        .map(|column| if in_key(column) { key_column(column) } else { plain_column(column) })
        .collect();
    let key = match table.primary_key.as_slice() {
        [] => Slot::fixed(""),
        key => {
            slot(", primary key ({columns})", &[("columns", QUOTING.names(key.iter().map(String::as_str))?)])
        }
    };
    let slots = [("table", QUOTING.table(name)?), ("columns", Slot::join(columns?, ", ")), ("key", key)];
    Ok(render(include_str!("sql/create_table.sql"), &slots))
}

fn plain_column(column: &ColumnDef) -> Result<Slot> {
    defined(
        column,
        Slot::native_type(&column.native),
        Slot::fixed(if column.nullable { "null" } else { "not null" }),
    )
}

fn key_column(column: &ColumnDef) -> Result<Slot> {
    let native = NativeType::parse(&column.native).map(in_key);
    let written = match native {
        Some(native) if !native.family.in_code_page() => native.to_string(),
        _ => column.native.clone(),
    };
    let exact = native.is_some_and(|native| native.family.is_text() && !native.family.in_code_page());
    let parts = [Slot::native_type(&written), Slot::fixed(if exact { EXACT } else { "" })];
    defined(column, Slot::join(parts, " "), Slot::fixed("not null"))
}

fn defined(column: &ColumnDef, native: Slot, null: Slot) -> Result<Slot> {
    Ok(Slot::join([QUOTING.name(&column.name)?, native, null], " "))
}

pub(super) async fn add_columns(session: &mut Mssql, table: &TableRef, columns: &[ColumnDef]) -> Result<()> {
    let present = self::table(session, table).await?;
    let missing: Result<Vec<String>> = columns
        .iter()
        .filter(|column| present.column(&column.name).is_none())
        .map(|column| addition(&present.name, column))
        .collect();
    // One by one: Babelfish knows no list here.
    for sql in missing? {
        batch(&mut session.wire, &sql).await.map_err(|error| error.in_table(table))?;
    }
    Ok(())
}

pub(super) fn addition(table: &TableRef, column: &ColumnDef) -> Result<String> {
    let column = defined(column, Slot::native_type(&column.native), Slot::fixed("null"))?;
    let slots = [("table", QUOTING.table(table)?), ("column", column)];
    Ok(render(include_str!("sql/add_column.sql"), &slots))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, native: &str) -> ColumnDef {
        ColumnDef { native: native.into(), ..ColumnDef::new(name, DataType::TEXT) }
    }

    #[test]
    fn a_text_key_is_exact_and_has_a_limit() {
        let table = Table {
            name: TableRef::new("t"),
            kind: TableKind::Table,
            columns: vec![
                column("kod", "nvarchar(max)"),
                column("no", "int"),
                column("ad \"x\"", "nvarchar(50)").not_null(),
            ],
            primary_key: vec!["kod".into(), "no".into()],
            unique: vec![],
            foreign_keys: vec![],
            triggers: vec![],
        };
        assert_eq!(
            creation(&TableRef::in_schema("dbo", "t"), &table).unwrap(),
            "create table \"dbo\".\"t\" (\"kod\" nvarchar(450) collate Latin1_General_100_BIN2 not null, \"no\" int  not null, \
             \"ad \"\"x\"\"\" nvarchar(50) not null, primary key (\"kod\", \"no\"))"
        );
    }
}
