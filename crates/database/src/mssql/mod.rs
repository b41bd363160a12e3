//! SQL Server 2012 and newer, over TDS with tiberius.
//!
//! **Own writes** are known by CONTEXT_INFO: `begin(Own)` sets it to `denk`, the end of the transaction empties it,
//! and the journal's triggers look at it (session context would need SQL Server 2016; Babelfish has both, so nothing
//! else is needed).
//!
//! **Texts are equal when their code units are.** SQL Server's own `=` ignores trailing blanks always, and case and
//! accents as the collation says; wherever denk compares, it compares bytes and length besides (`compare`). Keys are
//! read in order of UTF-16 code units, which differs from the order of UTF-8 bytes only between U+E000..U+FFFF and
//! the characters above U+FFFF.
//!
//! **Errors inside a transaction** end their statement only (XACT_ABORT is off), so that savepoints work. Some errors
//! (deadlock, failed conversion) end the transaction all the same: then `rollback_to_savepoint` and `commit` fail.
//!
//! **A read transaction** sees one moment only where the database allows snapshots
//! (`alter database ... set allow_snapshot_isolation on`); elsewhere every statement sees its own committed state, for
//! anything stronger would block the users of the ERP.

mod bulk;
mod compare;
mod connect;
mod decode;
mod encode;
mod error;
#[cfg(test)]
mod golden;
mod introspect;
mod journal;
mod read;
mod transaction;
mod types;
mod write;

use std::time::Duration;

use async_trait::async_trait;
use model::{Batch, Change, ColumnDef, Instant, Key, Page, Table, TableRef, TextUnit};

use crate::{
    Address, Applied, Begin, Capabilities, Digest, JournalStatus, Read, Relation, Result, Server, Session,
    Unfaithful, Write, sql::Quoting,
};

/// Names stand in double quotes (QUOTED_IDENTIFIER is on).
const QUOTING: Quoting = Quoting { open: '"', close: '"', max: 128, unit: TextUnit::Utf16 };

struct Mssql {
    wire: connect::Wire,
    features: connect::Features,
    capabilities: Capabilities,
    /// The open transaction, if there is one.
    transaction: Option<Begin>,
    /// Shape of the relation that is being read page by page, and the key that its next page starts after.
    reading: Option<(Relation, Key, read::Shape)>,
    /// Bytes of a row of that relation on its last page: bounds the next one.
    row_bytes: usize,
}

pub(crate) async fn open(address: &Address) -> Result<Box<dyn Session>> {
    let (wire, features) = connect::connect(address).await?;
    let capabilities = Capabilities {
        product: "SQL Server",
        identifier_max: QUOTING.max,
        identifier_unit: QUOTING.unit,
        // One less than the server's own: an upsert marks its rows in a column besides theirs.
        columns_max: 1023,
        default_schema: Some("dbo"),
        digests: false,
        transactional_ddl: true,
        one_writer: false,
    };
    let session =
        Mssql { wire, features, capabilities, transaction: None, reading: None, row_bytes: read::ROW_BYTES };
    Ok(Box::new(session))
}

impl Mssql {
    /// `table` with the schema that an unqualified name means.
    fn qualified(&self, table: &TableRef) -> TableRef {
        let schema = table.schema.clone().unwrap_or_else(|| self.features.schema.clone());
        TableRef { schema: Some(schema), name: table.name.clone() }
    }
}

#[async_trait]
impl Session for Mssql {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn server(&mut self) -> Result<Server> {
        Ok(Server { product: self.features.product.clone(), version: self.features.version.clone() })
    }

    async fn clock(&mut self) -> Result<Instant> {
        transaction::clock(self).await
    }

    async fn tables(&mut self) -> Result<Vec<TableRef>> {
        introspect::tables(self).await
    }

    async fn table(&mut self, name: &TableRef) -> Result<Table> {
        introspect::table(self, name).await
    }

    async fn query_columns(&mut self, query: &str) -> Result<Vec<ColumnDef>> {
        let columns = introspect::query_columns(self, query).await?;
        Ok(columns.into_iter().map(|(column, _)| column).collect())
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
        read::page(self, read).await
    }

    /// The server offers no fingerprint that tells texts with different case or blanks apart.
    async fn digest(&mut self, _table: &TableRef) -> Result<Option<Digest>> {
        Ok(None)
    }

    async fn insert(&mut self, write: &Write<'_>, rows: &Batch) -> Result<u64> {
        let alone = transaction::enter(self).await?;
        let result = write::insert(self, write, rows).await;
        transaction::leave(self, alone, result).await
    }

    async fn upsert(&mut self, write: &Write<'_>, rows: &Batch) -> Result<Applied> {
        let alone = transaction::enter(self).await?;
        let result = write::upsert(self, write, rows).await;
        transaction::leave(self, alone, result).await
    }

    async fn delete(&mut self, write: &Write<'_>, keys: &Batch) -> Result<u64> {
        let alone = transaction::enter(self).await?;
        let result = write::delete(self, write, keys).await;
        transaction::leave(self, alone, result).await
    }

    fn faithful(&self, column: &ColumnDef) -> std::result::Result<ColumnDef, Unfaithful> {
        types::faithful(column, self.features.finest())
    }

    async fn create_table(&mut self, table: &Table) -> Result<()> {
        introspect::create_table(self, table).await
    }

    async fn add_columns(&mut self, table: &TableRef, columns: &[ColumnDef]) -> Result<()> {
        let alone = transaction::enter(self).await?;
        let result = introspect::add_columns(self, table, columns).await;
        transaction::leave(self, alone, result).await
    }

    async fn journal_install(&mut self, table: &TableRef, key: &[String]) -> Result<()> {
        let alone = transaction::enter(self).await?;
        let result = journal::install(self, table, key).await;
        transaction::leave(self, alone, result).await
    }

    async fn journal_status(&mut self, table: &TableRef, key: &[String]) -> Result<JournalStatus> {
        journal::status(self, table, key).await
    }

    async fn journal_drain(&mut self, limit: usize) -> Result<Vec<Change>> {
        journal::drain(self, limit).await
    }

    async fn journal_forget(&mut self, ids: &[i64]) -> Result<()> {
        journal::forget(self, ids).await
    }

    async fn journal_remove(&mut self, table: &TableRef) -> Result<()> {
        let alone = transaction::enter(self).await?;
        let result = journal::remove(self, table).await;
        transaction::leave(self, alone, result).await
    }
}
