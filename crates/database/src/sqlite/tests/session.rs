//! A call that does not end takes the connection with it, and says so afterwards.

use std::{
    future::Future,
    sync::mpsc,
    task::{Context, Waker},
};

use model::{ErrorKind, TableRef};

use super::super::SqliteSession;
use super::Lab;
use crate::{Begin, Session, address::PATIENCE};

fn session(lab: Lab) -> (SqliteSession, rusqlite::Connection, tempfile::TempDir) {
    let capabilities = super::super::capabilities();
    (SqliteSession { link: Some(lab.link), patience: PATIENCE, capabilities }, lab.other, lab.folder)
}

fn run(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(work);
}

#[test]
fn a_cancelled_call_ends_its_transaction() {
    run(async {
        let (mut session, other, _folder) = session(Lab::new("create table t (k integer primary key)"));
        session.begin(Begin::Own).await.unwrap();
        let (go, wait) = mpsc::channel::<()>();
        let mut call = Box::pin(session.run(move |link| {
            link.connection.execute_batch("insert into t values (1)")?;
            let _ = wait.recv();
            Ok(())
        }));
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(call);
        assert_eq!(session.tables().await.unwrap_err().kind, ErrorKind::Internal);
        go.send(()).unwrap();
        // The other program waits for the lock until the connection is closed.
        other.busy_timeout(std::time::Duration::from_secs(30)).unwrap();
        assert_eq!(other.execute("insert into t values (1)", []).unwrap(), 1);
    });
}

#[test]
fn a_panic_is_an_internal_error() {
    run(async {
        let (mut session, _other, _folder) = session(Lab::new("create table t (k integer primary key)"));
        let failed = session.run(|_| -> crate::Result<()> { panic!("on purpose") }).await.unwrap_err();
        assert_eq!(failed.kind, ErrorKind::Internal);
        assert_eq!(session.table(&TableRef::new("t")).await.unwrap_err().kind, ErrorKind::Internal);
    });
}
