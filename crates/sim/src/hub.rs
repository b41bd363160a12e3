//! The hub under test: a store on a file of its own, with a clock and a randomness that belong to the run.

use std::{
    cell::Cell,
    collections::BTreeSet,
    panic::resume_unwind,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, Once,
        atomic::{AtomicI64, Ordering},
    },
};

use anyhow::{Context as _, bail};
use rusqlite::Connection;
use store::{Decision, Device, Handout, Preset, Receipt, Settings, Store};

use testkit::random::Rng;

use crate::Broken;

pub const PRESET: Preset = Preset {
    rules: include_str!("../../../presets/rainstaff/tables.toml"),
    schema: testkit::office::LEGACY_SCHEMA,
    // Nobody looks.
    pages: "",
};

/// Where the hub can stop between two durable steps.
pub const POINTS: [&str; 9] = [
    "store-upload-kept",
    "store-begun",
    "store-merged",
    "store-rows-written",
    "store-shadow-written",
    "store-before-commit",
    COMMITTED,
    "store-handout-committed",
    "store-handout-written",
];
/// From here on what was asked for is durable.
const COMMITTED: &str = "store-committed";

thread_local! {
    /// Where the next crash of the run on this thread happens.
    static ARMED: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// The payload of a crash: unwinds without a word on standard error.
struct Crash;

pub struct Hub {
    store: Store,
    settings: Settings,
    file: PathBuf,
    /// How often an older store took the place of this one.
    put_back: usize,
    clock: Arc<AtomicI64>,
    /// The least and the most that it has shown.
    clock_range: (i64, i64),
    /// The newest change that was ever seen.
    rev: i64,
}

/// What became of a request.
pub enum Answer<T> {
    Given(T),
    /// The hub stopped. Told by whoever looks into the hub from above: whether the work is durable all the same.
    Crashed {
        durable: bool,
    },
}

impl Hub {
    pub async fn open(folder: &Path, seed: u64, now_ms: i64) -> anyhow::Result<Self> {
        let clock = Arc::new(AtomicI64::new(now_ms));
        let time = Arc::clone(&clock);
        let rng = Mutex::new(Rng::new(!seed));
        let file = folder.join("hub.db");
        let settings = Settings {
            address: database::Address::sqlite(&file),
            upload_bytes_max: Settings::UPLOAD_BYTES_MAX,
            free_bytes_min: 0,
            data_folder: folder.join("data"),
            preset: PRESET,
            clock: Arc::new(move || time.load(Ordering::Relaxed)),
            random: Arc::new(move |bytes| fill(&rng, bytes)),
        };
        let store = Store::open(settings.clone()).await?;
        arm_points();
        Ok(Self { store, settings, file, put_back: 0, clock, clock_range: (now_ms, now_ms), rev: 0 })
    }

    pub fn set_clock(&mut self, now_ms: i64) {
        self.clock.store(now_ms, Ordering::Relaxed);
        let (least, most) = self.clock_range;
        self.clock_range = (least.min(now_ms), most.max(now_ms));
    }

    pub const fn store(&self) -> &Store {
        &self.store
    }

    pub const fn clock_range(&self) -> (i64, i64) {
        self.clock_range
    }

    pub async fn site(&self, name: &str, region: &str) -> anyhow::Result<Device> {
        let token = self.store.add_site(name, region).await?.token;
        self.store.device_of_token(&token).await?.context("a token that was just given is not known")
    }

    /// Takes a site's token away and looks whether it still opens anything.
    pub async fn revoke(&self, device: &Device, upload: &Path) -> anyhow::Result<()> {
        self.store.revoke_site(&device.name).await?;
        match self.store.receive(device, upload, "manual").await {
            Err(store::Rejected::Revoked) => {}
            answer => bail!(Broken::new("a revoked token opens nothing", format!("{answer:?}"))),
        }
        match self.store.hand_out(device).await {
            Err(store::Error::NoSite(_)) => Ok(()),
            answer => bail!(Broken::new("a revoked token opens nothing", format!("{answer:?}"))),
        }
    }

    pub async fn shared(&self, region: &str) -> anyhow::Result<Device> {
        Ok(self.store.shared_device(region).await?)
    }

    /// Closes the store, or what a crash left of it, and opens it again.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.store.close().await;
        self.store = Store::open(self.settings.clone()).await?;
        self.look().await?;
        Ok(())
    }

    /// Sends a file; `crash`: where the hub stops on the way, if it comes there.
    pub async fn receive(
        &mut self,
        device: &Device,
        upload: &Path,
        crash: Option<&'static str>,
    ) -> anyhow::Result<Answer<Receipt>> {
        let (store, device, upload) = (self.store.clone(), device.clone(), upload.to_owned());
        let before = self.look().await?;
        let told = stopping(crash, async move { store.receive(&device, &upload, "manual").await }).await;
        match told {
            Some(answer) => Ok(Answer::Given(answer.map_err(|error| refused(&error))?)),
            None => {
                let durable = crash == Some(COMMITTED);
                self.restart().await?;
                if !durable && self.rev != before {
                    bail!(Broken::new(
                        "whole or nothing",
                        format!("a part of an upload stayed after a stop at {crash:?}")
                    ));
                }
                Ok(Answer::Crashed { durable })
            }
        }
    }

    /// What would become of a file.
    pub async fn plan(&self, device: &Device, upload: &Path) -> anyhow::Result<Receipt> {
        self.store.plan(device, upload).await.map_err(|error| refused(&error).into())
    }

    /// The bytes for a device; `None` while a batch of it waits.
    pub async fn hand_out(
        &mut self,
        device: &Device,
        crash: Option<&'static str>,
    ) -> anyhow::Result<Answer<Option<Vec<u8>>>> {
        let (store, of) = (self.store.clone(), device.clone());
        let told: Option<store::Result<Handout>> =
            stopping(crash, async move { store.hand_out(&of).await }).await;
        match told {
            Some(Ok(handout)) => Ok(Answer::Given(Some(std::fs::read(handout.path)?))),
            Some(Err(store::Error::Waiting(_))) => Ok(Answer::Given(None)),
            Some(Err(error)) => bail!(refused(&error)),
            None => {
                self.restart().await?;
                Ok(Answer::Crashed { durable: false })
            }
        }
    }

    pub async fn held(&self) -> anyhow::Result<Vec<store::HeldBatch>> {
        Ok(self.store.held().await?)
    }

    /// By what names the files that wait are found.
    pub fn waiting(&self) -> anyhow::Result<BTreeSet<String>> {
        let hub = Connection::open(&self.file)?;
        let mut statement = hub.prepare(include_str!("sql/waiting.sql"))?;
        let names = statement.query_map([], |row| row.get(0))?;
        Ok(names.collect::<rusqlite::Result<_>>()?)
    }

    pub async fn decide(&self, held: i64, decision: Decision) -> anyhow::Result<Receipt> {
        self.store.decide(held, decision, "Merkez").await.map_err(|error| refused(&error).into())
    }

    pub async fn alerts(&self) -> anyhow::Result<Vec<store::Alert>> {
        Ok(self.store.alerts().await?)
    }

    /// The number of the newest change, which never goes back.
    pub async fn look(&mut self) -> anyhow::Result<i64> {
        let rev = self.store.health().await?.rev;
        if rev < self.rev {
            bail!(Broken::new("progress", format!("the hub went back from change {} to {rev}", self.rev)));
        }
        self.rev = rev;
        Ok(rev)
    }

    /// An older store takes the place of this one, under another name: whoever still reads the old one is not disturbed.
    pub async fn put_back(&mut self, backup: &Path) -> anyhow::Result<()> {
        self.store.close().await;
        self.put_back += 1;
        self.file.set_file_name(format!("hub{}.db", self.put_back));
        std::fs::copy(backup, &self.file)?;
        self.settings.address = database::Address::sqlite(&self.file);
        self.store = Store::open(self.settings.clone()).await?;
        self.rev = 0;
        Ok(())
    }

    /// The store's file.
    pub fn store_file(&self) -> PathBuf {
        self.file.clone()
    }
}

fn refused(error: &dyn std::error::Error) -> Broken {
    let mut what = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        what = format!("{what}: {error}");
        cause = error.source();
    }
    Broken::new("nothing is refused", what)
}

fn fill(rng: &Mutex<Rng>, bytes: &mut [u8]) {
    let mut rng = rng.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    for part in bytes.chunks_mut(8) {
        part.copy_from_slice(&rng.draw().to_be_bytes()[..part.len()]);
    }
}

/// Runs a request that may end in a crash at `point`; `None`: it did.
async fn stopping<T: Send + 'static>(
    point: Option<&'static str>,
    request: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    ARMED.set(point);
    let answer = tokio::spawn(request).await;
    // A writer that stopped answers like this.
    let crashed = point.is_some() && ARMED.get().is_none();
    ARMED.set(None);
    answer.ok().filter(|_| !crashed)
}

/// Failpoints belong to the process, crashes to the run on this thread: every point asks whether it is meant.
fn arm_points() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for point in POINTS {
            let stop = move || {
                if ARMED.get() == Some(point) {
                    ARMED.set(None);
                    resume_unwind(Box::new(Crash));
                }
            };
            fail::cfg_callback(point, stop).expect("a point can be given a deed");
        }
    });
}
