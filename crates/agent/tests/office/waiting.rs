//! What waits for a person at the hub.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use agent::{Exchange, LinkError, Tools, office::Lock};
use async_trait::async_trait;
use replica::wire::{Hello, Met, Page, Push, Pushed, Welcome};

use crate::{
    pc::Pc,
    town::{NOW_MS, Town},
};

/// Holds whatever it gets, and counts.
#[derive(Default)]
struct Holding {
    /// It holds the first contact as well.
    file: bool,
    hellos: AtomicU64,
    meets: AtomicU64,
    pushes: AtomicU64,
    /// What it was last told of the office's settings.
    told: Mutex<Option<BTreeMap<String, String>>>,
}

#[async_trait]
impl agent::Hub for &Holding {
    async fn hello(&self, hello: &Hello) -> Result<Welcome, LinkError> {
        self.told.lock().unwrap().clone_from(&hello.settings);
        self.hellos.fetch_add(1, Ordering::Relaxed);
        let (version, name, region) = ("1".to_owned(), "a".to_owned(), "Ankara".to_owned());
        let (number, rev, seen, held, conflicts) = Default::default();
        let (hub, site, clock_ms) = ("town".to_owned(), 1, NOW_MS);
        Ok(Welcome { version, hub, site, name, region, rev, number, seen, clock_ms, held, conflicts })
    }

    async fn meet(&self, file: &Path) -> Result<Met, LinkError> {
        self.meets.fetch_add(1, Ordering::Relaxed);
        Ok(Met { held: self.file, ..Town::new().meet(1, file) })
    }

    async fn push(&self, push: &Push) -> Result<Pushed, LinkError> {
        self.pushes.fetch_add(1, Ordering::Relaxed);
        Ok(Pushed { number: push.number, held: true, ..Pushed::default() })
    }

    async fn pull(&self, after: i64, _: Option<&str>) -> Result<Page, LinkError> {
        Ok(Page { after, next: after, ..Page::default() })
    }
}

impl Holding {
    /// How often what was sent.
    fn sent(&self) -> [u64; 3] {
        [&self.hellos, &self.meets, &self.pushes].map(|count| count.load(Ordering::Relaxed))
    }
}

fn tools(pc: &Pc) -> Tools {
    let random = pc.clock().random;
    Tools { rules: Arc::new(crate::hub::rainstaff()), random, clock: Arc::new(|| NOW_MS) }
}

fn written(pc: &Pc) -> (SystemTime, Vec<u8>) {
    (fs::metadata(pc.path()).unwrap().modified().unwrap(), fs::read(pc.path()).unwrap())
}

#[tokio::test]
async fn a_batch_that_waits_is_neither_sent_again_and_again_nor_written_down_anew() {
    let (pc, hub) = (Pc::new(1), Holding::default());
    let (tools, file) = (tools(&pc), Lock::take(pc.path()).unwrap());
    let mut exchange = Exchange::new(&hub);
    exchange.cycle(&file, &tools).await.unwrap();
    pc.sql("insert into drivers (full_name, region) values ('Bir', 'Ankara')");
    assert_eq!(exchange.cycle(&file, &tools).await.unwrap().held, 1);
    let before = written(&pc);
    for _ in 0..3 {
        assert_eq!(exchange.cycle(&file, &tools).await.unwrap().held, 1, "it is told all the same");
    }
    assert_eq!(hub.sent(), [1, 1, 1]);
    exchange.greet_again();
    exchange.cycle(&file, &tools).await.unwrap();
    assert_eq!(hub.sent(), [2, 1, 2], "now and then it is asked about");
    assert!(written(&pc) == before, "nothing wakes the agent");
    pc.sql("insert into drivers (full_name, region) values ('İki', 'Ankara')");
    assert_eq!(exchange.cycle(&file, &tools).await.unwrap().held, 2);
    assert_eq!(hub.sent(), [2, 1, 3], "one that says more takes its place at once");
}

#[tokio::test]
async fn a_file_that_waits_is_not_sent_whole_at_each_save() {
    let (pc, hub) = (Pc::new(1), Holding { file: true, ..Holding::default() });
    let (tools, file) = (tools(&pc), Lock::take(pc.path()).unwrap());
    let mut exchange = Exchange::new(&hub);
    for name in ["Bir", "İki", "Üç"] {
        pc.sql(&format!("insert into drivers (full_name, region) values ('{name}', 'Ankara')"));
        assert_eq!(exchange.cycle(&file, &tools).await.unwrap().held, 1);
    }
    assert_eq!(hub.sent(), [1, 1, 0]);
    exchange.greet_again();
    exchange.cycle(&file, &tools).await.unwrap();
    assert_eq!(hub.sent(), [2, 2, 0]);
}

#[tokio::test]
async fn with_each_greeting_the_hub_is_told_five_settings_and_nothing_else_of_them() {
    let (pc, hub) = (Pc::new(1), Holding::default());
    let (tools, file) = (tools(&pc), Lock::take(pc.path()).unwrap());
    let mut exchange = Exchange::new(&hub);
    pc.sql("delete from settings; insert into settings (key, value) values ('weekday_hours', '8'), ('saturday_end', 13),
            ('company_name', 'Örnek Ltd.'), ('sync_token', 'gizli'), ('logo_path', 'C:\\gizli.png')");
    exchange.cycle(&file, &tools).await.unwrap();
    let told = |pairs: &[(&str, &str)]| {
        Some(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    };
    let own = told(&[("weekday_hours", "8"), ("saturday_end", "13"), ("company_name", "Örnek Ltd.")]);
    assert_eq!(*hub.told.lock().unwrap(), own);
    pc.sql("update settings set value = '7' where key = 'weekday_hours'; delete from settings where key <> 'weekday_hours'");
    exchange.greet_again();
    exchange.cycle(&file, &tools).await.unwrap();
    assert_eq!(*hub.told.lock().unwrap(), told(&[("weekday_hours", "7")]));
    pc.sql("drop table settings");
    exchange.greet_again();
    exchange.cycle(&file, &tools).await.unwrap();
    assert_eq!(*hub.told.lock().unwrap(), None, "an older file has no settings");
}
