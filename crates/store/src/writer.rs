//! The one writer: works off what waits, group by group, one transaction a group.
//!
//! A job that fails takes only its own work back (the savepoint); the others of its group go on. One that panics may
//! have left the connection in the middle of anything: the whole group is taken back with the connection, and the
//! others are done again without it. Nobody is answered before the commit. Several processes on one store take turns
//! by an advisory lock, which the transaction holds.

use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_trait::async_trait;
use database::{Begin, Engine, Session};
use fail::fail_point;
use futures_util::FutureExt;
use model::{Table, Zone};
use tokio::sync::{mpsc, oneshot};

use crate::{
    Error, Result, Settings,
    desk::{Desk, Hub, Wrote},
    meta::{self, Meta},
    query::Db,
    shape,
};

/// Work that is done in a writing transaction.
///
/// **Invariants**: may be run again when the transaction was taken back for another job's sake.
#[async_trait]
pub(crate) trait Job: Send + Sync + 'static {
    type Answer: Send + 'static;
    type Failure: From<Error> + Send + 'static;

    async fn run(&mut self, desk: &mut Desk<'_>) -> std::result::Result<Self::Answer, Self::Failure>;

    /// Whether what was written is to stay.
    fn keeps(&self) -> bool {
        true
    }
}

type Answer<J> = std::result::Result<<J as Job>::Answer, <J as Job>::Failure>;

/// A job with somebody who waits for it.
struct Waiting<J: Job> {
    job: J,
    done: Option<Answer<J>>,
    reply: Option<oneshot::Sender<Answer<J>>>,
}

#[async_trait]
pub(crate) trait Queued: Send {
    /// Whether the work is to stay.
    async fn run(&mut self, desk: &mut Desk<'_>) -> bool;

    /// Tells who waits: what was done, or that the whole group failed.
    fn answer(&mut self, failed: Option<&Error>);
}

pub(crate) type Queue = mpsc::Sender<Box<dyn Queued>>;

/// Most jobs of one transaction: what waits longer than that has waited long enough.
const GROUP_MAX: usize = 64;
const QUEUE_MAX: usize = 1024;
/// How long another process may keep the store.
const LOCK_WAIT: Duration = Duration::from_secs(30);
const LOCK: &str = "denk hub";
const PANICKED: Error = Error::Broken("a write of the store panicked");

pub(crate) struct Writer {
    hub: Arc<Hub>,
    /// `None` after a failure: opened anew for the next group.
    db: Option<Db>,
}

/// Gives a job to the writer and waits until it is durable.
pub(crate) async fn ask<J: Job>(queue: &Queue, job: J) -> Answer<J> {
    let (reply, answer) = oneshot::channel();
    let waiting = Waiting { job, done: None, reply: Some(reply) };
    let ended = |()| J::Failure::from(Error::Ended);
    queue.send(Box::new(waiting)).await.map_err(|_| ended(()))?;
    answer.await.unwrap_or_else(|_| Err(ended(())))
}

pub(crate) fn start(hub: Arc<Hub>, db: Db) -> (Queue, tokio::task::JoinHandle<()>) {
    let (queue, waiting) = mpsc::channel(QUEUE_MAX);
    let writer = Writer { hub, db: Some(db) };
    (queue, tokio::spawn(writer.work(waiting)))
}

/// Opens the store's database and makes the tables that are not there. A store of another form is left as it was.
pub(crate) async fn prepare(hub: &Hub) -> Result<Db> {
    let settings = &hub.settings;
    let mut session = connect(settings).await?;
    session.begin(Begin::Own).await?;
    session.lock(LOCK, LOCK_WAIT).await?;
    let mut db = Db { session, places: Arc::default(), zone: Zone::utc() };
    let wanted = shape::wanted(&hub.rules);
    let (of_meta, others) = wanted.split_at(1);
    make(&mut db, of_meta).await?;
    let mut meta = Meta::load(&mut db).await?;
    make(&mut db, others).await?;
    if meta.hub.is_empty() {
        meta.hub = hub.random_name();
    }
    meta::check_columns(&mut db, &hub.rules).await?;
    meta.save(&mut db).await?;
    db.session.commit().await?;
    Ok(db)
}

async fn make(db: &mut Db, tables: &[Table]) -> Result<()> {
    for wanted in tables {
        let place = shape::ensure(db.session.as_mut(), wanted).await?;
        Arc::make_mut(&mut db.places).insert(wanted.name.name.clone(), place);
    }
    Ok(())
}

/// A further connection to a store that [`prepare`] has made ready.
pub(crate) async fn reopen(hub: &Hub, places: Arc<HashMap<String, shape::Place>>) -> Result<Db> {
    Ok(Db { session: connect(&hub.settings).await?, places, zone: Zone::utc() })
}

async fn connect(settings: &Settings) -> Result<Box<dyn Session>> {
    match settings.address.engine() {
        Engine::Sqlite => {
            // Readers do not wait for the writer; a commit is on the disk before it returns.
            database::run_script(&settings.address, include_str!("sql/wal.sql")).await?;
            Ok(database::open_or_create(&settings.address).await?)
        }
        Engine::Postgres => Ok(database::open(&settings.address).await?),
        Engine::Mssql => Err(Error::Engine),
    }
}

impl Writer {
    async fn work(mut self, mut waiting: mpsc::Receiver<Box<dyn Queued>>) {
        let places = self.db.as_ref().map(|db| Arc::clone(&db.places)).unwrap_or_default();
        while let Some(first) = waiting.recv().await {
            let mut group = vec![first];
            while group.len() < GROUP_MAX {
                let Ok(next) = waiting.try_recv() else { break };
                group.push(next);
            }
            self.work_off(&places, group).await;
        }
    }

    /// Does the jobs of a group, and answers every one of them.
    async fn work_off(
        &mut self,
        places: &Arc<HashMap<String, shape::Place>>,
        mut group: Vec<Box<dyn Queued>>,
    ) {
        while !group.is_empty() {
            let mut at_work = None;
            let work = AssertUnwindSafe(self.group(places, &mut group, &mut at_work)).catch_unwind();
            let done = match (work.await, at_work) {
                (Ok(done), _) => done,
                (Err(_), None) => Err(PANICKED),
                (Err(_), Some(culprit)) => {
                    tracing::error!("a write panicked; the others of its group are done again without it");
                    group.remove(culprit).answer(Some(&PANICKED));
                    continue;
                }
            };
            if let Err(error) = &done {
                tracing::error!(error = error as &dyn std::error::Error, "a group of writes failed");
                self.db = None;
            }
            self.hub.beat.rest(done.is_err());
            group.drain(..).for_each(|mut job| job.answer(done.as_ref().err()));
        }
    }

    /// One transaction; `at_work` says which job is being done. The connection is kept only after a commit.
    async fn group(
        &mut self,
        places: &Arc<HashMap<String, shape::Place>>,
        group: &mut [Box<dyn Queued>],
        at_work: &mut Option<usize>,
    ) -> Result<()> {
        self.hub.beat.step();
        let mut db = self.begin(places).await?;
        fail_point!("store-begun");
        let mut meta = Meta::load(&mut db).await?;
        for (at, job) in group.iter_mut().enumerate() {
            *at_work = Some(at);
            self.hub.beat.step();
            db.session.savepoint().await?;
            let now_ms = self.hub.now_ms();
            let batch = meta.rev.0.saturating_add(1);
            let meta_now = meta.clone();
            let mut desk =
                Desk { hub: &self.hub, db: &mut db, meta: meta_now, now_ms, batch, wrote: Wrote::default() };
            if job.run(&mut desk).await {
                meta = desk.meta;
            } else {
                db.session.rollback_to_savepoint().await?;
            }
        }
        *at_work = None;
        self.hub.beat.step();
        meta.save(&mut db).await?;
        fail_point!("store-before-commit");
        db.session.commit().await?;
        fail_point!("store-committed");
        self.hub.committed.notify_one();
        self.db = Some(db);
        Ok(())
    }

    /// A broken connection shows here, where nothing is lost by trying once more.
    async fn begin(&mut self, places: &Arc<HashMap<String, shape::Place>>) -> Result<Db> {
        if let Some(mut db) = self.db.take()
            && lock(&mut db).await.is_ok()
        {
            return Ok(db);
        }
        let mut db = reopen(&self.hub, Arc::clone(places)).await?;
        lock(&mut db).await?;
        Ok(db)
    }
}

async fn lock(db: &mut Db) -> Result<()> {
    db.session.begin(Begin::Own).await?;
    db.session.lock(LOCK, LOCK_WAIT).await?;
    Ok(())
}

#[async_trait]
impl<J: Job> Queued for Waiting<J> {
    async fn run(&mut self, desk: &mut Desk<'_>) -> bool {
        let done = self.job.run(desk).await;
        let keep = done.is_ok() && self.job.keeps();
        self.done = Some(done);
        keep
    }

    fn answer(&mut self, failed: Option<&Error>) {
        let answer = match (failed, self.done.take()) {
            (None, Some(done)) => done,
            // What the job itself said weighs more: it tells the cause.
            (Some(_), Some(Err(error))) => Err(error),
            (Some(error), _) => Err(error.again().into()),
            (None, None) => Err(Error::Ended.into()),
        };
        if let Some(reply) = self.reply.take() {
            // Whoever asked may have gone: the work is done all the same.
            let _ = reply.send(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, pin::pin};

    use tokio::sync::watch;

    use super::*;
    use crate::{ActivityAsked, Pulse, activity, engine::Note};

    struct Panics;

    #[async_trait]
    impl Job for Panics {
        type Answer = ();
        type Failure = Error;

        async fn run(&mut self, desk: &mut Desk<'_>) -> Result<()> {
            note("panics").run(desk).await?;
            panic!("a defect");
        }
    }

    async fn store(folder: &Path) -> (Arc<Hub>, Db) {
        let hub = Arc::new(Hub::new(Settings::test(folder)).await.unwrap());
        let db = prepare(&hub).await.unwrap();
        (hub, db)
    }

    fn note(action: &str) -> Note {
        Note { who: "test".to_owned(), action: action.to_owned(), what: String::new() }
    }

    struct Waits(watch::Receiver<bool>);

    #[async_trait]
    impl Job for Waits {
        type Answer = ();
        type Failure = Error;

        async fn run(&mut self, _: &mut Desk<'_>) -> Result<()> {
            self.0.wait_for(|go| *go).await.unwrap();
            Ok(())
        }
    }

    #[tokio::test]
    async fn the_writer_tells_what_it_is_at_without_being_asked() {
        let folder = tempfile::tempdir().unwrap();
        let (hub, db) = store(folder.path()).await;
        let (queue, _) = start(Arc::clone(&hub), db);
        assert_eq!(hub.beat.pulse(), Pulse { at_work: None, failing: false });
        let (go, wait) = watch::channel(false);
        let mut slow = pin!(ask(&queue, Waits(wait)));
        while hub.beat.pulse().at_work.is_none() {
            assert!(futures_util::poll!(&mut slow).is_pending());
            tokio::task::yield_now().await;
        }
        go.send(true).unwrap();
        slow.await.unwrap();
        assert_eq!(hub.beat.pulse(), Pulse { at_work: None, failing: false });
        // A store that cannot be written is told by what came of the last try.
        database::run_script(&hub.settings.address, "alter table denk_meta rename to elsewhere")
            .await
            .unwrap();
        ask(&queue, note("lost")).await.unwrap_err();
        assert_eq!(hub.beat.pulse(), Pulse { at_work: None, failing: true });
        database::run_script(&hub.settings.address, "alter table elsewhere rename to denk_meta")
            .await
            .unwrap();
        ask(&queue, note("stored")).await.unwrap();
        assert_eq!(hub.beat.pulse(), Pulse { at_work: None, failing: false });
    }

    #[tokio::test]
    async fn a_job_that_panics_fails_alone_and_the_writer_lives_on() {
        let folder = tempfile::tempdir().unwrap();
        let (hub, db) = store(folder.path()).await;
        let places = Arc::clone(&db.places);
        let (queue, _) = start(Arc::clone(&hub), db);
        // All four wait before the writer looks, so they are one group.
        let done = tokio::join!(
            ask(&queue, note("first")),
            ask(&queue, Panics),
            ask(&queue, note("second")),
            ask(&queue, Panics)
        );
        assert!(matches!(done, (Ok(()), Err(Error::Broken(_)), Ok(()), Err(Error::Broken(_)))), "{done:?}");
        ask(&queue, note("third")).await.unwrap();
        let mut db = reopen(&hub, places).await.unwrap();
        let mut noted: Vec<_> =
            activity::lines(&mut db, &ActivityAsked { count: 10, ..ActivityAsked::default() })
                .await
                .unwrap()
                .lines
                .into_iter()
                .map(|entry| entry.action)
                .collect();
        noted.reverse();
        assert_eq!(noted, ["first", "second", "third"], "each once, and nothing of what panicked");
    }

    struct Numbers(u32);

    #[async_trait]
    impl Job for Numbers {
        type Answer = ();
        type Failure = Error;

        async fn run(&mut self, desk: &mut Desk<'_>) -> Result<()> {
            (0..self.0).for_each(|_| _ = desk.meta.next_serial());
            Ok(())
        }
    }

    #[tokio::test]
    async fn the_newest_lines_of_the_audit_are_found_however_far_apart_their_numbers_are() {
        let folder = tempfile::tempdir().unwrap();
        let (hub, db) = store(folder.path()).await;
        let places = Arc::clone(&db.places);
        let (queue, _) = start(Arc::clone(&hub), db);
        let mut noted = Vec::new();
        for at in 0..12 {
            noted.insert(0, at.to_string());
            ask(&queue, note(&noted[0])).await.unwrap();
            ask(&queue, Numbers(at % 3 * 20)).await.unwrap();
        }
        let mut db = reopen(&hub, places).await.unwrap();
        for count in 0..=13 {
            let told =
                activity::lines(&mut db, &ActivityAsked { count, ..ActivityAsked::default() }).await.unwrap();
            let newest = noted.iter().take(count);
            assert!(told.lines.iter().map(|entry| &entry.action).eq(newest), "{count}: {told:?}");
        }
    }
}
