//! PostgreSQL, 13 and later, by the driver `tokio-postgres`.
//!
//! Rows travel in COPY's binary form both ways, encoded and decoded here column by column. The one thing to know: text
//! in keys is ordered and compared by its bytes (`collate "C"`), whatever collation the database has.

mod connect;
mod decode;
mod encode;
mod error;
#[cfg(test)]
mod golden;
mod introspect;
mod journal;
mod literal;
mod numeric;
mod read;
mod stage;
mod tls;
mod transaction;
mod types;
mod write;

use std::{collections::HashSet, time::Duration};

use async_trait::async_trait;
use model::{Batch, Change, ColumnDef, Instant, Page, Table, TableRef, TextUnit, Timestamp};

use self::connect::Connection;
use crate::{
    Address, Applied, Begin, Capabilities, Digest, JournalStatus, Read, Result, Server, Session, Unfaithful,
    Write, sql::Quoting,
};

const PRODUCT: &str = "PostgreSQL";
const DEFAULT_SCHEMA: &str = "public";
const IDENTIFIER_MAX: usize = 63;
const QUOTING: Quoting = Quoting { open: '"', close: '"', max: IDENTIFIER_MAX, unit: TextUnit::Bytes };

static CAPABILITIES: Capabilities = Capabilities {
    product: PRODUCT,
    identifier_max: IDENTIFIER_MAX,
    identifier_unit: TextUnit::Bytes,
    columns_max: 1600,
    default_schema: Some(DEFAULT_SCHEMA),
    digests: false,
    transactional_ddl: true,
    one_writer: false,
};

/// One connection and what it is in the middle of.
struct Postgres {
    connection: Connection,
    transaction: transaction::State,
    /// The relation that was read last.
    shape: Option<read::Shape>,
    /// Temporary tables that may hold rows of this transaction.
    staged: HashSet<String>,
}

/// # Errors
/// As [`crate::open`].
pub(crate) async fn open(address: &Address) -> Result<Box<dyn Session>> {
    let connection = Connection::open(address).await?;
    let transaction = transaction::State::default();
    Ok(Box::new(Postgres { connection, transaction, shape: None, staged: HashSet::new() }))
}

#[async_trait]
impl Session for Postgres {
    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    async fn server(&mut self) -> Result<Server> {
        let rows = self.connection.query(include_str!("sql/server.sql"), &[]).await?;
        let version = rows.first().map_or(Ok(String::new()), |row| introspect::get(row, 0))?;
        Ok(Server { product: PRODUCT.to_owned(), version })
    }

    async fn clock(&mut self) -> Result<Instant> {
        let rows = self.connection.query(include_str!("sql/clock.sql"), &[]).await?;
        let micros = rows.first().map_or(Ok(0), |row| introspect::get(row, 0))?;
        Ok(Instant::utc(Timestamp { micros, nanos: 0 }))
    }

    async fn tables(&mut self) -> Result<Vec<TableRef>> {
        introspect::tables(&mut self.connection).await
    }

    async fn table(&mut self, name: &TableRef) -> Result<Table> {
        introspect::table(&mut self.connection, name).await
    }

    async fn query_columns(&mut self, query: &str) -> Result<Vec<ColumnDef>> {
        read::query_columns(&self.connection, query).await
    }

    async fn begin(&mut self, begin: Begin) -> Result<()> {
        transaction::begin(self, begin).await
    }

    async fn commit(&mut self) -> Result<()> {
        transaction::commit(self).await
    }

    async fn rollback(&mut self) -> Result<()> {
        transaction::rollback(self).await
    }

    async fn savepoint(&mut self) -> Result<()> {
        transaction::savepoint(self).await
    }

    async fn rollback_to_savepoint(&mut self) -> Result<()> {
        transaction::rollback_to_savepoint(self).await
    }

    async fn lock(&mut self, name: &str, wait: Duration) -> Result<()> {
        transaction::lock(self, name, wait).await
    }

    async fn read(&mut self, read: &Read<'_>) -> Result<Page> {
        read::read(self, read).await
    }

    async fn digest(&mut self, _table: &TableRef) -> Result<Option<Digest>> {
        Ok(None)
    }

    async fn insert(&mut self, write: &Write<'_>, rows: &Batch) -> Result<u64> {
        write::insert(self, write, rows).await
    }

    async fn upsert(&mut self, write: &Write<'_>, rows: &Batch) -> Result<Applied> {
        write::upsert(self, write, rows).await
    }

    async fn delete(&mut self, write: &Write<'_>, keys: &Batch) -> Result<u64> {
        write::delete(self, write, keys).await
    }

    fn faithful(&self, column: &ColumnDef) -> std::result::Result<ColumnDef, Unfaithful> {
        types::faithful(column)
    }

    async fn create_table(&mut self, table: &Table) -> Result<()> {
        self.shape = None;
        introspect::create_table(&mut self.connection, table).await
    }

    async fn add_columns(&mut self, table: &TableRef, columns: &[ColumnDef]) -> Result<()> {
        self.shape = None;
        introspect::add_columns(&mut self.connection, table, columns).await
    }

    async fn journal_install(&mut self, table: &TableRef, key: &[String]) -> Result<()> {
        journal::install(self, table, key).await
    }

    async fn journal_status(&mut self, table: &TableRef, key: &[String]) -> Result<JournalStatus> {
        journal::status(&mut self.connection, table, key).await
    }

    async fn journal_drain(&mut self, limit: usize) -> Result<Vec<Change>> {
        journal::drain(&mut self.connection, limit).await
    }

    async fn journal_forget(&mut self, ids: &[i64]) -> Result<()> {
        journal::forget(&mut self.connection, ids).await
    }

    async fn journal_remove(&mut self, table: &TableRef) -> Result<()> {
        journal::remove(self, table).await
    }
}

#[cfg(test)]
mod tests;
