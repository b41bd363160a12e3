//! The settings in an office's file, where the old program keeps its address of the hub and its token.

use std::path::Path;

use ::database::{Address, Begin, ColumnRead, ColumnRef, Read, Relation, Write};
use model::{Batch, Cell, DataType, TableRef, Zone};

use crate::failure::{Failure, Place, Result};

const TABLE: &str = "settings";

/// The value of a setting; `None` when the file has no such setting.
///
/// # Errors
/// What the database says.
pub(super) async fn get(file: &Path, key: &str) -> Result<Option<String>> {
    let address = Address::sqlite(file);
    let all = all(&address).await.map_err(|error| Failure::of_database(&error, &Place::at(&address)))?;
    Ok(all.into_iter().find(|(name, _)| name == key).map(|(_, value)| value))
}

/// Gives settings these values.
///
/// # Errors
/// What the database says; then none was changed.
pub(super) async fn put(file: &Path, settings: &[(&str, &str)]) -> Result<()> {
    let address = Address::sqlite(file);
    write(&address, settings).await.map_err(|error| Failure::of_database(&error, &Place::at(&address)))
}

async fn all(address: &Address) -> ::database::Result<Vec<(String, String)>> {
    let mut session = ::database::open(address).await?;
    let from = Relation::Table(TableRef::new(TABLE));
    let columns = columns().map(|column| ColumnRead::new(column, DataType::TEXT));
    let zone = Zone::utc();
    session.begin(Begin::Read).await?;
    let rows = session.read(&Read::whole(&from, &columns, &zone)).await?.batch;
    session.rollback().await?;
    let pair = |at| match <[_; 2]>::try_from(rows.row(at)) {
        Ok([model::Value::Text(key), model::Value::Text(value)]) => Some((key, value)),
        _ => None,
    };
    Ok((0..rows.rows()).filter_map(pair).collect())
}

async fn write(address: &Address, settings: &[(&str, &str)]) -> ::database::Result<()> {
    let mut session = ::database::open(address).await?;
    let table = session.table(&TableRef::new(TABLE)).await?;
    let mut rows = Batch::new([&DataType::TEXT, &DataType::TEXT]);
    settings.iter().for_each(|(key, value)| rows.push_row([Cell::Text(key), Cell::Text(value)]));
    let columns = columns();
    session.begin(Begin::Foreign).await?;
    session.upsert(&Write { table: &table, columns: &columns, key: &[0], insert_only: &[] }, &rows).await?;
    session.commit().await
}

fn columns() -> [ColumnRef; 2] {
    [ColumnRef::named("key"), ColumnRef::named("value")]
}
