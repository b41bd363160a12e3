//! A hub and its offices, and what happens to them.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use agent::{Exchange, LinkError, Tools};
use anyhow::bail;
use replica::wire::Code;
use rusqlite::Connection;
use tempfile::TempDir;
use testkit::{office::LEGACY_SCHEMA, random::Rng};

use super::link::{Chance, Lossy};
use crate::{Broken, hub};

/// Monday, 5 January 2026, 06:00 UTC.
const BEGIN_MS: i64 = 1_767_592_800_000;
pub const REGIONS: [&str; 2] = ["Ankara", "Bursa"];

pub struct Town {
    pub folder: TempDir,
    pub hub: hub::Hub,
    pub clock: Arc<AtomicI64>,
    pub rng: Rng,
    pub offices: Vec<Office>,
    pub typed: u64,
    /// Words of rows that somebody deleted, or that went with such a row.
    pub deleted: BTreeSet<String>,
    /// Words that stood only in a file that another one took the place of.
    pub gone: BTreeSet<String>,
}

pub struct Office {
    pub file: PathBuf,
    pub region: &'static str,
    pub exchange: Exchange<Lossy>,
    pub link: Arc<Mutex<Chance>>,
    /// This PC's clock less the right time.
    pub wrong_ms: Arc<AtomicI64>,
    pub tools: Tools,
}

impl Town {
    pub async fn new(seed: u64, offices: usize) -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let clock = Arc::new(AtomicI64::new(BEGIN_MS));
        let hub = hub::Hub::open(folder.path(), seed, BEGIN_MS).await?;
        let rng = Rng::new(seed);
        let none = (BTreeSet::new(), BTreeSet::new());
        let (deleted, gone) = none;
        let mut town = Self { folder, hub, clock, rng, offices: Vec::new(), typed: 0, deleted, gone };
        for at in 0..offices {
            let office = town.open(at, seed).await?;
            town.offices.push(office);
        }
        Ok(town)
    }

    async fn open(&mut self, at: usize, seed: u64) -> anyhow::Result<Office> {
        // Two offices of three are of one region, so that they meet in the same rows.
        let region = REGIONS[usize::from(at % 3 == 2)];
        let device = self.hub.site(&format!("pc{at}"), region).await?;
        let file = self.folder.path().join(format!("pc{at}.db"));
        Connection::open(&file)?.execute_batch(LEGACY_SCHEMA)?;
        let chance = Chance { rng: Rng::of(seed, "link", at as u64), lost: 20 };
        let link = Arc::new(Mutex::new(chance));
        let wrong_ms = Arc::new(AtomicI64::new(0));
        let (right, wrong) = (Arc::clone(&self.clock), Arc::clone(&wrong_ms));
        let random = Mutex::new(Rng::of(seed, "chance", at as u64));
        let tools = Tools {
            rules: Arc::new(merge::read(hub::PRESET.rules)?),
            random: Arc::new(move |bytes: &mut [u8]| {
                let mut rng = random.lock().unwrap_or_else(PoisonError::into_inner);
                bytes.iter_mut().for_each(|byte| *byte = rng.draw().to_le_bytes()[0]);
            }),
            clock: Arc::new(move || right.load(Ordering::Relaxed) + wrong.load(Ordering::Relaxed)),
        };
        let way = Lossy { store: self.hub.store().clone(), device, chance: Arc::clone(&link) };
        Ok(Office { file, region, exchange: Exchange::new(way), link, wrong_ms, tools })
    }

    /// One thing happens.
    pub async fn step(&mut self) -> anyhow::Result<Option<String>> {
        let minutes = self.rng.between(1, 90);
        let now = self.clock.load(Ordering::Relaxed) + minutes * 60_000;
        self.clock.store(now, Ordering::Relaxed);
        self.hub.set_clock(now);
        let at = self.rng.below(self.offices.len() as u64) as usize;
        match self.rng.below(100) {
            0..20 => self.add_person(at).map(Some),
            20..40 => self.add_day(at),
            40..52 => self.edit(at, "employees"),
            52..62 => self.edit(at, "timesheets"),
            62..66 => self.delete(at, "timesheets"),
            66..68 => self.delete(at, "employees"),
            68..70 => self.replace_person(at),
            70..71 => self.restore(at),
            71..72 => self.copy(at),
            72..74 => {
                let wrong = self.rng.between(-180, 180) * 60_000;
                self.offices[at].wrong_ms.store(wrong, Ordering::Relaxed);
                Ok(Some(format!("pc{at}: its clock is {} minutes wrong", wrong / 60_000)))
            }
            _ => self.cycle(at).await.map(Some),
        }
    }

    pub fn sql(&self, at: usize) -> anyhow::Result<Connection> {
        let connection = Connection::open(&self.offices[at].file)?;
        connection.execute_batch("pragma foreign_keys = on; pragma synchronous = off")?;
        Ok(connection)
    }

    async fn cycle(&mut self, at: usize) -> anyhow::Result<String> {
        let office = &mut self.offices[at];
        match exchange(office).await {
            Ok(report) => {
                if report.held > 0 {
                    self.approve().await?;
                }
                Ok(format!("pc{at}: {} sent, {} received", report.pushed, report.pulled))
            }
            Err(agent::CycleError::Link(LinkError::Refused(trouble))) if trouble.code == Code::Busy => {
                Ok(format!("pc{at}: the link is down"))
            }
            Err(error) => bail!(Broken::new("a cycle goes to its end", format!("pc{at}: {error:?}"))),
        }
    }

    async fn approve(&self) -> anyhow::Result<()> {
        for held in self.hub.store().held().await? {
            self.hub.store().decide(held.id, store::Decision::LetThrough, "admin").await?;
        }
        Ok(())
    }

    /// The links are up, and everybody tells everything.
    pub async fn quiet(&mut self) -> anyhow::Result<()> {
        for office in &self.offices {
            office.link.lock().unwrap_or_else(PoisonError::into_inner).lost = 0;
        }
        for _ in 0..20 {
            let mut moved = 0;
            for at in 0..self.offices.len() {
                let office = &mut self.offices[at];
                let report = exchange(office).await;
                let report = report
                    .map_err(|error| Broken::new("a cycle goes to its end", format!("pc{at}: {error:?}")))?;
                moved += report.pushed + report.pulled + report.held + report.waiting;
                if report.held > 0 {
                    self.approve().await?;
                }
            }
            if moved == 0 {
                return Ok(());
            }
        }
        bail!(Broken::new("offices come to rest", "twenty rounds were not enough".to_owned()))
    }
}

/// One cycle, in which nobody else uses the file.
async fn exchange(office: &mut Office) -> Result<agent::Report, agent::CycleError> {
    let file = agent::office::Lock::take(&office.file)?;
    office.exchange.cycle(&file, &office.tools).await
}
