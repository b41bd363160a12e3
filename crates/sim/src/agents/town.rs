//! A hub and its offices, and what happens to them.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use agent::{Exchange, Tools};
use rusqlite::Connection;
use tempfile::TempDir;
use testkit::{office::LEGACY_SCHEMA, random::Rng};

use super::{
    book::Book,
    files::Slot,
    heard::Heard,
    link::Lossy,
    plan::{Deed, Plan, Step},
    tally::{Event, Tally},
};
use crate::hub;

/// Monday, 5 January 2026, 06:00 UTC.
const BEGIN_MS: i64 = 1_767_592_800_000;
pub const REGIONS: [&str; 2] = ["Ankara", "Bursa"];
/// Whose the PCs are, over and over; `*`: headquarters.
const CAST: [&str; 6] = ["Ankara", "Ankara", "Bursa", "*", "Bursa", "Ankara"];

pub struct Town {
    pub folder: TempDir,
    pub hub: hub::Hub,
    clock: Arc<AtomicI64>,
    /// Of the step at hand.
    pub rng: Rng,
    pub offices: Vec<Office>,
    pub book: Book,
    pub heard: Heard,
    pub tally: Tally,
    /// Which backup the hub goes on from.
    pub hub_is: Slot,
    lost: u64,
}

pub struct Office {
    pub file: PathBuf,
    pub region: &'static str,
    pub way: Way,
    pub link: Lossy,
    pub exchange: Exchange<Lossy>,
    pub tools: Tools,
    /// Its file was replaced by one of the past, and has not told everything since.
    pub past: bool,
    /// Words that people at this PC may have seen.
    pub seen: BTreeSet<String>,
    /// This PC's clock less the right time.
    wrong_ms: Arc<AtomicI64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Agent,
    /// Whole files, as the old program sends and takes them.
    Old,
}

impl Town {
    pub async fn new(plan: &Plan) -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let clock = Arc::new(AtomicI64::new(BEGIN_MS));
        let hub = hub::Hub::open(folder.path(), plan.seed, BEGIN_MS).await?;
        let (rng, offices) = (Rng::new(plan.seed), Vec::new());
        let (book, heard, tally) = Default::default();
        let (hub_is, lost) = (Slot::Newer, plan.lost);
        let mut town = Self { folder, hub, clock, rng, offices, book, heard, tally, hub_is, lost };
        for at in 0..plan.size.offices {
            let office = town.open(at, plan).await?;
            town.offices.push(office);
        }
        Ok(town)
    }

    async fn open(&self, at: usize, plan: &Plan) -> anyhow::Result<Office> {
        let region = CAST[at % CAST.len()];
        let device = self.hub.site(&format!("pc{at}"), region).await?;
        let file = self.folder.path().join(format!("pc{at}.db"));
        Connection::open(&file)?.execute_batch(LEGACY_SCHEMA)?;
        let link = Lossy::new(device, self.hub.store(), plan.lost);
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
        let exchange = Exchange::new(link.clone());
        let (way, past, seen) = (Way::Agent, false, BTreeSet::new());
        Ok(Office { file, region, way, link, exchange, tools, past, seen, wrong_ms })
    }

    /// One thing happens. Returns what, unless there was nothing to do it to.
    pub async fn take(&mut self, step: &Step) -> anyhow::Result<Option<String>> {
        let now = BEGIN_MS + step.minute * 60_000;
        self.clock.store(now, Ordering::Relaxed);
        self.hub.set_clock(now);
        self.rng = Rng::new(step.seed);
        let at = step.pc;
        self.offices[at].link.draw_from(step.seed);
        match step.deed {
            Deed::Exchange => self.exchange(at).await.map(Some),
            Deed::AddPerson => self.add_person(at),
            Deed::AddTwin => self.add_twin(at),
            Deed::AddDay => self.add_days(at, 1),
            Deed::AddMonth => self.add_month(at),
            Deed::EditPerson => self.edit_person(at),
            Deed::EditDay => self.edit_day(at),
            Deed::EditAllDays => self.edit_all_days(at),
            Deed::DeletePerson => self.delete_person(at),
            Deed::DeleteDay => self.delete_day(at),
            Deed::DeleteAllDays => self.delete_all_days(at),
            Deed::ReplacePerson => self.replace_person(at),
            Deed::SaveVehicle => self.save_vehicle(at),
            Deed::DeleteVehicle => self.delete_vehicle(at),
            Deed::SaveShift => self.save_shift(at),
            Deed::SaveUser => self.save_user(at),
            Deed::Decide => self.decide().await,
            Deed::Backup => self.back_up(at),
            Deed::Restore => self.restore(at),
            Deed::Copy => self.copy(at),
            Deed::Clock => Ok(Some(self.set_wrong(at))),
            Deed::BackupHub => self.back_up_hub().await,
            Deed::RestoreHub => self.restore_hub(Slot::Newer).await,
            Deed::RestoreOlderHub => self.restore_hub(Slot::Older).await,
            Deed::Leave => self.leave(at).await,
            Deed::Return => Ok(self.come_back(at)),
            Deed::RenameTable => self.rename_table(at),
            Deed::RenameColumn => self.rename_column(at),
            Deed::AddColumn => self.add_column(at),
            Deed::RemakeTable => self.remake_table(at),
            Deed::TakeTableAway => self.take_table_away(at).await,
            Deed::TakeColumnAway => self.take_column_away(at).await,
            Deed::GetColumn => self.get_column(at).await,
            Deed::Rest => self.rest().await,
        }
    }

    /// Everybody tells everything, and then links lose as before. What happens meanwhile is not counted.
    async fn rest(&mut self) -> anyhow::Result<Option<String>> {
        let mut tally = self.tally.clone();
        tally.add(Event::Rested, 1);
        self.quiet().await?;
        self.tally = tally;
        self.check()?;
        self.offices.iter().for_each(|office| office.link.lose(self.lost));
        Ok(Some("all: everything is told".to_owned()))
    }

    fn set_wrong(&mut self, at: usize) -> String {
        let wrong = self.rng.between(-180, 180);
        self.offices[at].wrong_ms.store(wrong * 60_000, Ordering::Relaxed);
        format!("pc{at}: its clock is {wrong} minutes wrong")
    }
}
