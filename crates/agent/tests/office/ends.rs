//! A cycle comes to its end, whatever the office's program and the hub do meanwhile.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use agent::{Exchange, LinkError, Tools, office::Lock};
use async_trait::async_trait;
use replica::wire::{Code, Hello, Met, Page, Push, Pushed, Trouble, Welcome};
use rusqlite::Connection;

use crate::{
    pc::Pc,
    town::{NOW_MS, Town},
};

/// The program enters somebody while a batch is on its way, each time.
struct Meanwhile {
    town: Mutex<Town>,
    file: PathBuf,
    pushes: AtomicU64,
}

#[async_trait]
impl agent::Hub for &Meanwhile {
    async fn hello(&self, _: &Hello) -> Result<Welcome, LinkError> {
        Ok(welcome(NOW_MS))
    }

    async fn meet(&self, file: &Path) -> Result<Met, LinkError> {
        Ok(self.town.lock().unwrap().meet(1, file))
    }

    async fn push(&self, push: &Push) -> Result<Pushed, LinkError> {
        let number = self.pushes.fetch_add(1, Ordering::Relaxed);
        let sql = format!("insert into drivers (full_name, region) values ('Sonra {number}', 'Ankara')");
        Connection::open(&self.file).unwrap().execute_batch(&sql).unwrap();
        Ok(self.town.lock().unwrap().push(1, push))
    }

    async fn pull(&self, after: i64, _: Option<&str>) -> Result<Page, LinkError> {
        Ok(self.town.lock().unwrap().pull(after))
    }
}

fn welcome(clock_ms: i64) -> Welcome {
    let (version, name, region) = ("1".to_owned(), "a".to_owned(), "Ankara".to_owned());
    let (number, rev, seen, held, conflicts) = Default::default();
    let (hub, site) = ("town".to_owned(), 1);
    Welcome { version, hub, site, name, region, rev, number, seen, clock_ms, held, conflicts }
}

fn tools(pc: &Pc) -> Tools {
    let random = pc.clock().random;
    Tools { rules: Arc::new(crate::hub::rainstaff()), random, clock: Arc::new(|| NOW_MS) }
}

#[tokio::test]
async fn a_program_that_writes_all_the_time_does_not_keep_a_cycle_from_its_end() {
    let pc = Pc::new(1);
    let (town, file, pushes) = (Mutex::new(Town::new()), pc.path().to_owned(), AtomicU64::new(0));
    let hub = Meanwhile { town, file, pushes };
    let (tools, file) = (tools(&pc), Lock::take(pc.path()).unwrap());
    let mut exchange = Exchange::new(&hub);
    exchange.cycle(&file, &tools).await.unwrap();
    let mut waited = 0;
    // More than one batch takes, and as few as there are mostly.
    for (rows, batches) in [(1_100, 3), (3, 1)] {
        let before = hub.pushes.load(Ordering::Relaxed);
        pc.sql(&format!(
            "with recursive n(i) as (select 1 union all select i + 1 from n where i < {rows})
            insert into drivers (full_name, region) select 'Kişi {rows}-' || i, 'Ankara' from n"
        ));
        let report = exchange.cycle(&file, &tools).await.unwrap();
        assert_eq!(hub.pushes.load(Ordering::Relaxed) - before, batches);
        assert_eq!((report.pushed, report.waiting), (rows + waited + batches - 1, 1));
        waited = report.waiting;
        let told = pc.ask(&format!("select count(*) from drivers where full_name like 'Kişi {rows}-%'"));
        assert_eq!(told, rows.to_string());
    }
}

/// A hub that never comes to an end by itself.
struct Endless {
    /// What it answers to a question for everything after a rev.
    page: fn(i64) -> Result<Page, LinkError>,
    clock_ms: i64,
    pulls: AtomicU64,
}

#[async_trait]
impl agent::Hub for &Endless {
    async fn hello(&self, _: &Hello) -> Result<Welcome, LinkError> {
        Ok(welcome(self.clock_ms))
    }

    async fn meet(&self, file: &Path) -> Result<Met, LinkError> {
        Ok(Town::new().meet(1, file))
    }

    async fn push(&self, push: &Push) -> Result<Pushed, LinkError> {
        Ok(Town::new().push(1, push))
    }

    async fn pull(&self, after: i64, _: Option<&str>) -> Result<Page, LinkError> {
        assert!(self.pulls.fetch_add(1, Ordering::Relaxed) < 100, "it goes on and on");
        (self.page)(after)
    }
}

#[tokio::test]
async fn a_hub_that_never_gets_on_does_not_keep_an_agent_for_ever() {
    let stays =
        |after| Ok(Page { after, next: after, mark: Some("m".into()), more: true, ..Page::default() });
    let turns = |after| Ok(Page { after, next: after - 1, more: true, ..Page::default() });
    let forgets = |_| {
        let (code, error) = (Code::Behind, String::new());
        Err(LinkError::Refused(Trouble { code, error, number: 0, seen: 0 }))
    };
    let pages: [fn(i64) -> Result<Page, LinkError>; 3] = [stays, turns, forgets];
    for page in pages {
        let pc = Pc::new(1);
        let hub = Endless { page, clock_ms: NOW_MS, pulls: AtomicU64::new(0) };
        let outcome = Exchange::new(&hub).cycle(&Lock::take(pc.path()).unwrap(), &tools(&pc)).await;
        assert!(outcome.is_err());
    }
}

#[tokio::test]
async fn a_hub_may_say_any_time() {
    for clock_ms in [i64::MIN, i64::MAX] {
        let pc = Pc::new(1);
        let page = |after| Ok(Page { after, next: after, ..Page::default() });
        let hub = Endless { page, clock_ms, pulls: AtomicU64::new(0) };
        let file = Lock::take(pc.path()).unwrap();
        let report = Exchange::new(&hub).cycle(&file, &tools(&pc)).await.unwrap();
        assert_eq!(report.clock_ahead_ms < 0, clock_ms > 0);
    }
}
