//! A hub and its offices, and what happens to them.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use agent::{Exchange, LinkError, Report, Tools};
use anyhow::bail;
use replica::wire::Code;
use rusqlite::Connection;
use tempfile::TempDir;
use testkit::{office::LEGACY_SCHEMA, random::Rng};

use super::{
    link::{Chance, Lossy},
    plan::{Deed, Plan, Step},
    tally::{Event, Tally},
};
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
    pub tally: Tally,
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
    pub async fn new(plan: &Plan) -> anyhow::Result<Self> {
        let seed = plan.seed;
        let folder = TempDir::new()?;
        let clock = Arc::new(AtomicI64::new(BEGIN_MS));
        let hub = hub::Hub::open(folder.path(), seed, BEGIN_MS).await?;
        let rng = Rng::new(seed);
        let (deleted, gone, tally) = Default::default();
        let mut town = Self { folder, hub, clock, rng, offices: Vec::new(), typed: 0, deleted, gone, tally };
        for at in 0..plan.size.offices {
            let office = town.open(at, plan).await?;
            town.offices.push(office);
        }
        Ok(town)
    }

    async fn open(&mut self, at: usize, plan: &Plan) -> anyhow::Result<Office> {
        // Two offices of three are of one region, so that they meet in the same rows.
        let region = REGIONS[usize::from(at % 3 == 2)];
        let device = self.hub.site(&format!("pc{at}"), region).await?;
        let file = self.folder.path().join(format!("pc{at}.db"));
        Connection::open(&file)?.execute_batch(LEGACY_SCHEMA)?;
        let chance = Chance { rng: Rng::of(plan.seed, "link", at as u64), lost: plan.lost };
        let link = Arc::new(Mutex::new(chance));
        let wrong_ms = Arc::new(AtomicI64::new(0));
        let (right, wrong) = (Arc::clone(&self.clock), Arc::clone(&wrong_ms));
        let random = Mutex::new(Rng::of(plan.seed, "chance", at as u64));
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

    /// One thing happens. Returns what, unless there was nothing to do it to.
    pub async fn take(&mut self, step: &Step) -> anyhow::Result<Option<String>> {
        let now = BEGIN_MS + step.minute * 60_000;
        self.clock.store(now, Ordering::Relaxed);
        self.hub.set_clock(now);
        self.rng = Rng::new(step.seed);
        let at = step.pc;
        self.link(at).rng = Rng::of(step.seed, "link", 0);
        match step.deed {
            Deed::Cycle => self.cycle(at).await.map(Some),
            Deed::AddPerson => self.add_person(at).map(Some),
            Deed::AddDay => self.add_day(at),
            Deed::EditPerson => self.edit(at, "employees"),
            Deed::EditDay => self.edit(at, "timesheets"),
            Deed::DeletePerson => self.delete(at, "employees"),
            Deed::DeleteDay => self.delete(at, "timesheets"),
            Deed::ReplacePerson => self.replace_person(at),
            Deed::Backup => self.back_up(at),
            Deed::Restore => self.restore(at),
            Deed::Copy => self.copy(at),
            Deed::Clock => {
                let wrong = self.rng.between(-180, 180);
                self.offices[at].wrong_ms.store(wrong * 60_000, Ordering::Relaxed);
                Ok(Some(format!("pc{at}: its clock is {wrong} minutes wrong")))
            }
        }
    }

    fn link(&self, at: usize) -> MutexGuard<'_, Chance> {
        self.offices[at].link.lock().unwrap_or_else(PoisonError::into_inner)
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
                let Report { pushed, pulled, conflicts, met, held, .. } = report;
                let told = [
                    (Event::Cycle, 1),
                    (Event::Settled, u64::from(pushed > 0)),
                    (Event::Pulled, pulled),
                    (Event::Conflict, conflicts),
                    (Event::Met, u64::from(met > 0)),
                ];
                told.iter().for_each(|(event, times)| self.tally.add(*event, *times));
                if held > 0 {
                    self.approve().await?;
                }
                Ok(format!("pc{at}: {pushed} sent, {pulled} received"))
            }
            Err(agent::CycleError::Link(LinkError::Refused(trouble))) if trouble.code == Code::Busy => {
                self.tally.add(Event::Away, 1);
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
        (0..self.offices.len()).for_each(|at| self.link(at).lost = 0);
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
async fn exchange(office: &mut Office) -> Result<Report, agent::CycleError> {
    let file = agent::office::Lock::take(&office.file)?;
    office.exchange.cycle(&file, &office.tools).await
}
