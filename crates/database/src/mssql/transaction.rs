//! Transactions, the savepoint, the advisory lock and the server's clock.

use std::time::Duration;

use model::{ErrorKind, Instant};
use tiberius::ColumnData;

use super::{
    Mssql,
    connect::{batch, parameter, rows},
    decode,
    error::unexpected,
};
use crate::{Begin, Error, Result};

/// Longest name that `sp_getapplock` tells apart.
const LOCK_NAME_MAX: usize = 255;

pub(super) async fn begin(session: &mut Mssql, begin: Begin) -> Result<()> {
    let sql = match begin {
        Begin::Read if session.features.snapshots => include_str!("sql/begin_snapshot.sql"),
        Begin::Read | Begin::Foreign => include_str!("sql/begin.sql"),
        Begin::Own => include_str!("sql/begin_own.sql"),
    };
    batch(&mut session.wire, sql).await?;
    session.transaction = Some(begin);
    Ok(())
}

pub(super) async fn commit(session: &mut Mssql) -> Result<()> {
    let committed = batch(&mut session.wire, include_str!("sql/commit.sql")).await;
    match committed {
        Ok(()) => settle(session).await,
        Err(error) => {
            // Which error does not matter: the caller hears of the one that stopped the commit.
            let _ = rollback(session).await;
            Err(error)
        }
    }
}

pub(super) async fn rollback(session: &mut Mssql) -> Result<()> {
    if session.transaction.is_none() {
        return Ok(());
    }
    batch(&mut session.wire, include_str!("sql/rollback.sql")).await?;
    settle(session).await
}

/// CONTEXT_INFO and the isolation level belong to the session and outlive a transaction.
async fn settle(session: &mut Mssql) -> Result<()> {
    match session.transaction.take() {
        Some(Begin::Own) => batch(&mut session.wire, include_str!("sql/settle_own.sql")).await,
        Some(Begin::Read) if session.features.snapshots => {
            batch(&mut session.wire, include_str!("sql/settle_snapshot.sql")).await
        }
        _ => Ok(()),
    }
}

pub(super) async fn savepoint(session: &mut Mssql) -> Result<()> {
    batch(&mut session.wire, include_str!("sql/savepoint.sql")).await
}

pub(super) async fn rollback_to_savepoint(session: &mut Mssql) -> Result<()> {
    batch(&mut session.wire, include_str!("sql/rollback_to_savepoint.sql")).await
}

/// Whether a call runs in a transaction of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Alone {
    Yes,
    No,
}

/// Starts a transaction for one call unless the caller has one.
pub(super) async fn enter(session: &mut Mssql) -> Result<Alone> {
    if session.transaction.is_some() {
        return Ok(Alone::No);
    }
    begin(session, Begin::Foreign).await?;
    Ok(Alone::Yes)
}

/// Ends what [`enter`] started, by how the call went.
pub(super) async fn leave<T>(session: &mut Mssql, alone: Alone, result: Result<T>) -> Result<T> {
    match (alone, result) {
        (Alone::No, result) => result,
        (Alone::Yes, Ok(value)) => commit(session).await.map(|()| value),
        (Alone::Yes, Err(error)) => {
            // The call's own error is the one to tell; a broken connection ends the transaction by itself.
            let _ = rollback(session).await;
            Err(error)
        }
    }
}

pub(super) async fn lock(session: &mut Mssql, name: &str, wait: Duration) -> Result<()> {
    if name.encode_utf16().count() > LOCK_NAME_MAX {
        return Err(Error::new(
            ErrorKind::Schema,
            format!("the lock's name is longer than {LOCK_NAME_MAX} characters"),
        ));
    }
    let milliseconds = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
    let parameters = [parameter(name), ColumnData::I32(Some(milliseconds))];
    let found = rows(&mut session.wire, include_str!("sql/lock.sql"), &parameters).await?;
    match found.first().map(|row| row.try_get::<i32, _>(0)).transpose()?.flatten() {
        Some(0..) => Ok(()),
        Some(-1 | -3) => Err(Error::new(ErrorKind::Busy, format!("another process holds the lock `{name}`"))),
        _ => Err(Error::new(ErrorKind::Internal, format!("the lock `{name}` was refused"))),
    }
}

pub(super) async fn clock(session: &mut Mssql) -> Result<Instant> {
    let found = rows(&mut session.wire, include_str!("sql/clock.sql"), &[]).await?;
    let cell = found.first().and_then(|row| row.cells().next());
    match cell.map(|(_, data)| decode::value(data)) {
        Some(model::Value::Timestamp(utc)) => Ok(Instant::utc(utc)),
        _ => Err(unexpected("the server did not tell its time")),
    }
}
