//! A call that does not end takes the connection with it, and says so afterwards.

use std::{
    future::Future,
    sync::mpsc,
    task::{Context, Waker},
};

use model::{ErrorKind, TableRef};

use super::super::{Place, SqliteSession};
use super::Lab;
use crate::{Begin, Session, address::PATIENCE};

fn session(lab: Lab) -> (SqliteSession, rusqlite::Connection, tempfile::TempDir) {
    let capabilities = super::super::capabilities();
    (SqliteSession { link: Place::Here(lab.link), patience: PATIENCE, capabilities }, lab.other, lab.folder)
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

#[test]
fn whoever_commits_does_not_wait_until_the_log_is_carried_into_the_file() {
    run(async {
        let lab = Lab::new("pragma journal_mode = wal; create table t (k integer primary key, v blob)");
        let file = lab.folder.path().join("a file.db");
        let (mut session, other, _folder) = session(lab);
        let size = || std::fs::metadata(&file).unwrap().len();
        other.execute_batch("pragma wal_autocheckpoint = 0; pragma wal_checkpoint(truncate)").unwrap();
        let before = size();
        session.begin(Begin::Own).await.unwrap();
        let fill = "with recursive n(k) as (select 1 union all select k + 1 from n where k < 3000)
            insert into t select k, randomblob(4000) from n";
        session.run(|link| Ok(link.connection.execute_batch(fill)?)).await.unwrap();
        session.commit().await.unwrap();
        assert!(matches!(session.link, Place::Busy(_)), "it is at work after the commit");
        assert_eq!(session.tables().await.unwrap(), [TableRef::new("t")]);
        assert!(size() > before + 3000 * 4000, "all of it is in the file");
        // A short log stays.
        session.begin(Begin::Own).await.unwrap();
        session.run(|link| Ok(link.connection.execute_batch("delete from t where k = 1")?)).await.unwrap();
        session.commit().await.unwrap();
        assert!(matches!(session.link, Place::Here(_)));
    });
}
