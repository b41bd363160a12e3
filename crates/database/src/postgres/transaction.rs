//! Beginning, ending and locking.

use std::time::Duration;

use model::ErrorKind;

use super::Postgres;
use crate::{
    Begin, Error, Result,
    sql::{Slot, render},
};

/// What the session is in the middle of.
#[derive(Debug, Default)]
pub(super) struct State {
    open: bool,
    savepoint: bool,
    /// Advisory locks are held. They belong to the connection, because those of a transaction would go with the
    /// savepoint after which they were taken.
    locked: bool,
}

pub(super) async fn begin(session: &mut Postgres, begin: Begin) -> Result<()> {
    if session.transaction.open {
        return Err(Error::new(ErrorKind::Internal, "a transaction is open already"));
    }
    session.transaction = State { open: true, ..State::default() };
    let begun = session.connection.run(match begin {
        Begin::Read => include_str!("sql/begin_read.sql"),
        Begin::Own => include_str!("sql/begin_own.sql"),
        Begin::Foreign => include_str!("sql/begin_foreign.sql"),
    });
    let begun = begun.await;
    session.transaction.open = begun.is_ok();
    begun
}

pub(super) async fn commit(session: &mut Postgres) -> Result<()> {
    // The server answers a commit after an error with a rollback and no word about it; the first statement of the
    // script fails then.
    let committed = session.connection.run(include_str!("sql/commit.sql")).await;
    if committed.is_err() {
        // What went wrong is told already.
        let _ = session.connection.run(include_str!("sql/rollback.sql")).await;
    }
    let unlocked = end(session).await;
    committed.and(unlocked)
}

pub(super) async fn rollback(session: &mut Postgres) -> Result<()> {
    if !session.transaction.open {
        return Ok(());
    }
    let rolled_back = session.connection.run(include_str!("sql/rollback.sql")).await;
    let unlocked = end(session).await;
    rolled_back.and(unlocked)
}

async fn end(session: &mut Postgres) -> Result<()> {
    let locked = std::mem::take(&mut session.transaction).locked;
    session.staged.clear();
    session.shape = None;
    if locked { session.connection.run(include_str!("sql/unlock.sql")).await } else { Ok(()) }
}

pub(super) async fn savepoint(session: &mut Postgres) -> Result<()> {
    let sql = match session.transaction.savepoint {
        true => include_str!("sql/savepoint_again.sql"),
        false => include_str!("sql/savepoint.sql"),
    };
    session.connection.run(sql).await?;
    session.transaction.savepoint = true;
    Ok(())
}

pub(super) async fn rollback_to_savepoint(session: &mut Postgres) -> Result<()> {
    session.shape = None;
    session.connection.run(include_str!("sql/rollback_to_savepoint.sql")).await
}

/// # Errors
/// `Busy`; `Unsupported` outside a transaction, whose end would free it.
pub(super) async fn lock(session: &mut Postgres, name: &str, wait: Duration) -> Result<()> {
    if !session.transaction.open {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "a lock lasts until its transaction ends, and there is none",
        ));
    }
    session.transaction.locked = true;
    let slots = [("name", Slot::text(&name.replace('\0', " "))), ("wait", milliseconds(wait))];
    session.connection.run(&render(include_str!("sql/lock.sql"), &slots)).await
}

/// A setting of PostgreSQL in milliseconds, where 0 would mean for ever.
pub(super) fn milliseconds(time: Duration) -> Slot {
    Slot::number(i32::try_from(time.as_millis()).unwrap_or(i32::MAX).max(1))
}

/// Begins a transaction for one call, unless the caller has one.
pub(super) async fn enter(session: &mut Postgres) -> Result<bool> {
    if session.transaction.open {
        return Ok(false);
    }
    begin(session, Begin::Foreign).await?;
    Ok(true)
}

/// Ends what [`enter`] began.
pub(super) async fn leave<T>(session: &mut Postgres, entered: bool, outcome: Result<T>) -> Result<T> {
    if !entered {
        return outcome;
    }
    match outcome {
        Ok(value) => commit(session).await.map(|()| value),
        Err(error) => {
            // The first error is the one that tells; a rollback that fails too ends with the connection.
            let _ = rollback(session).await;
            Err(error)
        }
    }
}
