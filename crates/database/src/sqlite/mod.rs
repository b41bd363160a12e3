//! The connector for `SQLite` files.
//!
//! Owns everything that knows `SQLite`: its file format where that saves reading rows, its types by affinity, its
//! locking. The one thing to know: the file usually belongs to a program that is running, so nothing of the file's own
//! settings is changed, locks are short, and what is put into it (the journal) can be taken out without a trace.
//!
//! `SQLite` blocks, so each call runs on a thread for blocking work and takes the connection along. A call that is
//! cancelled or panics loses the connection, which ends its transaction; the session then only says so. After a commit
//! that left the log of a file in WAL mode long, the connection stays there until the log is carried into the file;
//! nobody but the next call waits for it.

mod connect;
mod decode;
mod digest;
mod duplicate;
mod encode;
mod error;
#[cfg(test)]
mod golden;
mod introspect;
mod journal;
mod key;
mod page;
mod proof;
mod read;
mod reduce;
#[cfg(test)]
mod tests;
mod transaction;
mod types;
pub mod untrusted;
mod write;

use std::{path::Path, time::Duration};

use async_trait::async_trait;
use model::{Batch, Change, ColumnDef, ErrorKind, Instant, Page, Table, TableRef, Timestamp};
use tokio::task::JoinHandle;

use self::{
    connect::{Absent, Link, patiently},
    read::Request,
    write::Order,
};
use crate::{
    Address, Applied, Begin, Capabilities, Digest, Error, JournalStatus, Read, Result, Server, Session,
    TableProof, Unfaithful, Write,
};

/// Opens a file that is there.
///
/// # Errors
/// `Missing`, `Permission`, `Corrupt` (no database, or a folder), `Busy` (locked for longer than half a minute).
pub(crate) async fn open(address: &Address) -> Result<Box<dyn Session>> {
    connect(address, Absent::Refuse).await
}

/// As [`open`]; makes an empty file where there is none.
///
/// # Errors
/// As [`open`]; `Missing` when there is no folder to make it in.
pub(crate) async fn open_or_create(address: &Address) -> Result<Box<dyn Session>> {
    connect(address, Absent::Create).await
}

/// Runs a script on a file, made if it is not there.
pub(crate) async fn run_script(address: &Address, script: &'static str) -> Result<()> {
    let path = address.path().to_owned();
    let run = move || Ok(Link::open(&path, Absent::Create)?.connection.execute_batch(script)?);
    blocking(address.patience(), run).await?
}

/// Copies the file to `to`, which is made.
pub(crate) async fn duplicate(address: &Address, to: &Path) -> Result<()> {
    let (from, to) = (address.path().to_owned(), to.to_owned());
    blocking(address.patience(), move || duplicate::duplicate(&from, &to)).await?
}

/// Leaves some of the file's tables only.
pub(crate) async fn reduce(address: &Address, keep: impl Fn(&str) -> bool + Send + 'static) -> Result<()> {
    let path = address.path().to_owned();
    blocking(address.patience(), move || reduce::reduce(&path, &keep)).await?
}

/// What the file holds, proven.
pub(crate) async fn proof(address: &Address) -> Result<Vec<TableProof>> {
    let path = address.path().to_owned();
    blocking(address.patience(), move || proof::proof(&path)).await?
}

/// Makes the file one that is whole without a log beside it.
pub(crate) async fn settle(address: &Address) -> Result<()> {
    let path = address.path().to_owned();
    blocking(address.patience(), move || duplicate::settle(&path)).await?
}

async fn connect(address: &Address, absent: Absent) -> Result<Box<dyn Session>> {
    let path = address.path().to_owned();
    let patience = address.patience();
    let link = blocking(patience, move || Link::open(&path, absent)).await??;
    Ok(Box::new(SqliteSession { link: Place::Here(link), patience, capabilities: capabilities() }))
}

async fn blocking<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let failed = |error| {
        Error::new(ErrorKind::Internal, "a call on the database failed unexpectedly").caused_by(error)
    };
    tokio::task::spawn_blocking(move || patiently(patience, work)).await.map_err(failed)
}

const fn capabilities() -> Capabilities {
    Capabilities {
        product: "SQLite",
        identifier_max: introspect::QUOTING.max,
        identifier_unit: introspect::QUOTING.unit,
        columns_max: read::COLUMNS_MAX,
        default_schema: None,
        digests: true,
        transactional_ddl: true,
        one_writer: true,
    }
}

struct SqliteSession {
    link: Place,
    patience: Duration,
    capabilities: Capabilities,
}

/// Where the connection is.
enum Place {
    Here(Link),
    /// Carrying the log into the file.
    Busy(JoinHandle<Link>),
    /// With a call; for ever when that call did not end.
    Away,
}

impl SqliteSession {
    async fn take(&mut self) -> Result<Link> {
        if let Place::Busy(work) = &mut self.link {
            self.link = work.await.map_or(Place::Away, Place::Here);
        }
        match std::mem::replace(&mut self.link, Place::Away) {
            Place::Here(link) => Ok(link),
            Place::Busy(_) | Place::Away => Err(Error::new(
                ErrorKind::Internal,
                "the connection was lost when an earlier call did not end",
            )),
        }
    }

    async fn run<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Link) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut link = self.take().await?;
        let (link, done) = blocking(self.patience, move || {
            let done = work(&mut link);
            (link, done)
        })
        .await?;
        self.link = if link.is_log_long() {
            Place::Busy(tokio::task::spawn_blocking(move || {
                link.carry_log();
                link
            }))
        } else {
            Place::Here(link)
        };
        done
    }
}

#[async_trait]
impl Session for SqliteSession {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn server(&mut self) -> Result<Server> {
        Ok(Server { product: self.capabilities.product.to_owned(), version: rusqlite::version().to_owned() })
    }

    async fn clock(&mut self) -> Result<Instant> {
        let text: String = self
            .run(|link| Ok(link.connection.query_row(include_str!("sql/clock.sql"), [], |row| row.get(0))?))
            .await?;
        let odd = || Error::new(ErrorKind::Internal, "the clock told no time");
        Timestamp::parse(&text).map(Instant::utc).ok_or_else(odd)
    }

    async fn tables(&mut self) -> Result<Vec<TableRef>> {
        self.run(|link| link.tables()).await
    }

    async fn table(&mut self, name: &TableRef) -> Result<Table> {
        let name = name.clone();
        self.run(move |link| link.reading(|link| link.table(&name))).await
    }

    async fn query_columns(&mut self, query: &str) -> Result<Vec<ColumnDef>> {
        let query = query.to_owned();
        self.run(move |link| link.query_columns(&query)).await
    }

    async fn begin(&mut self, begin: Begin) -> Result<()> {
        self.run(move |link| link.begin(begin)).await
    }

    async fn commit(&mut self) -> Result<()> {
        self.run(Link::commit).await
    }

    async fn rollback(&mut self) -> Result<()> {
        self.run(Link::rollback).await
    }

    async fn savepoint(&mut self) -> Result<()> {
        self.run(Link::savepoint).await
    }

    async fn rollback_to_savepoint(&mut self) -> Result<()> {
        self.run(Link::rollback_to_savepoint).await
    }

    async fn lock(&mut self, _name: &str, _wait: Duration) -> Result<()> {
        self.run(|link| link.lock()).await
    }

    async fn read(&mut self, read: &Read<'_>) -> Result<Page> {
        let request = Request::from(read);
        self.run(move |link| link.read(&request)).await
    }

    async fn digest(&mut self, table: &TableRef) -> Result<Option<Digest>> {
        let table = table.clone();
        self.run(move |link| link.digest(&table)).await
    }

    async fn insert(&mut self, write: &Write<'_>, rows: &Batch) -> Result<u64> {
        let (order, rows) = (Order::from(write), rows.clone());
        self.run(move |link| link.insert(&order, &rows)).await
    }

    async fn upsert(&mut self, write: &Write<'_>, rows: &Batch) -> Result<Applied> {
        let (order, rows) = (Order::from(write), rows.clone());
        self.run(move |link| link.upsert(&order, &rows)).await
    }

    async fn delete(&mut self, write: &Write<'_>, keys: &Batch) -> Result<u64> {
        let (order, keys) = (Order::from(write), keys.clone());
        self.run(move |link| link.delete(&order, &keys)).await
    }

    fn faithful(&self, column: &ColumnDef) -> std::result::Result<ColumnDef, Unfaithful> {
        types::faithful(column)
    }

    async fn create_table(&mut self, table: &Table) -> Result<()> {
        let table = table.clone();
        self.run(move |link| link.create_table(&table)).await
    }

    async fn add_columns(&mut self, table: &TableRef, columns: &[ColumnDef]) -> Result<()> {
        let (table, columns) = (table.clone(), columns.to_vec());
        self.run(move |link| link.add_columns(&table, &columns)).await
    }

    async fn journal_install(&mut self, table: &TableRef, key: &[String]) -> Result<()> {
        let (table, key) = (table.clone(), key.to_vec());
        self.run(move |link| link.journal_install(&table, &key)).await
    }

    async fn journal_status(&mut self, table: &TableRef, key: &[String]) -> Result<JournalStatus> {
        let (table, key) = (table.clone(), key.to_vec());
        self.run(move |link| link.journal_status(&table, &key)).await
    }

    async fn journal_drain(&mut self, limit: usize) -> Result<Vec<Change>> {
        self.run(move |link| link.journal_drain(limit)).await
    }

    async fn journal_forget(&mut self, ids: &[i64]) -> Result<()> {
        let ids = ids.to_vec();
        self.run(move |link| link.journal_forget(&ids)).await
    }

    async fn journal_remove(&mut self, table: &TableRef) -> Result<()> {
        let table = table.clone();
        self.run(move |link| link.journal_remove(&table)).await
    }
}
