//! The hub and its offices, and what happens to them, step by step.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use store::{Decision, Receipt};
use tempfile::TempDir;
use testkit::{office::Moment, random::Rng};

use crate::{
    Broken,
    book::Book,
    hub::{Answer, Hub, POINTS},
    ledger::Ledger,
    pc::Pc,
    plan::{Deed, Mishap, Plan, Step, Work},
    work::Person,
};

/// The first day begins. **Units**: milliseconds since 1970; local time is three hours ahead.
const BEGIN_MS: i64 = 1_769_202_000_000;
const DAY_MS: i64 = 86_400_000;
/// Uploads of a PC that may come again.
const SENT_MAX: usize = 3;

pub struct World {
    pub folder: TempDir,
    pub hub: Hub,
    pub pcs: Vec<Pc>,
    pub ledger: Ledger,
    /// What happened, a line each.
    pub story: Vec<String>,
    pub day: u32,
    /// The last number that was written into a file.
    next: u64,
    /// Numbers the files that went up.
    uploads: u64,
    /// How far the hub's clock is set back.
    back_ms: i64,
}

impl World {
    /// # Errors
    /// What the machine cannot do.
    pub async fn new(plan: &Plan) -> anyhow::Result<Self> {
        let folder = folder()?;
        let hub = Hub::open(folder.path(), plan.seed, BEGIN_MS).await?;
        let mut pcs = Vec::new();
        for (at, role) in plan.cast.iter().enumerate() {
            let name = format!("pc{}", at + 1);
            let device = if role.shared_key {
                hub.shared(role.region).await?
            } else {
                hub.site(&name, role.region).await?
            };
            pcs.push(Pc::start(folder.path(), name, *role, device, local(BEGIN_MS))?);
        }
        let story = pcs.iter().map(Pc::describe).collect();
        Ok(Self {
            folder,
            hub,
            pcs,
            ledger: Ledger::default(),
            story,
            day: 0,
            next: 0,
            uploads: 0,
            back_ms: 0,
        })
    }

    /// # Errors
    /// [`Broken`] when the hub breaks a promise; else what the machine cannot do.
    pub async fn take(&mut self, step: &Step) -> anyhow::Result<()> {
        self.day = step.day;
        let now_ms = BEGIN_MS + i64::from(step.day) * DAY_MS + i64::from(step.second) * 1000;
        self.hub.set_clock(now_ms - self.back_ms);
        let pc = &mut self.pcs[step.pc];
        pc.set_clock(local(now_ms));
        let mut rng = Rng::new(step.seed);
        let at = step.pc;
        match step.deed {
            Deed::Work(work) => self.work(at, work, rng)?,
            Deed::Sync(mishap) => {
                if self.upload(at, mishap).await? {
                    self.download(at, mishap).await?;
                }
            }
            Deed::Upload(mishap) => _ = self.upload(at, mishap).await?,
            Deed::Download(mishap) => self.download(at, mishap).await?,
            Deed::Late => self.late(at, &mut rng).await?,
            Deed::Backup => _ = std::fs::copy(pc.desktop.path(), &pc.backup)?,
            Deed::Restore => {
                let backup = pc.backup.clone();
                pc.replace(&backup)?;
                self.tell(at, "this morning's copy is put back");
            }
            Deed::Copy { of } => {
                let file = self.pcs[of].desktop.path().to_owned();
                let told = format!("gets a copy of the file of {}", self.pcs[of].name);
                // Two files in use from one copy: either of them may look meddled with.
                self.pcs[of].meddled = true;
                self.pcs[at].replace(&file)?;
                self.tell(at, &told);
            }
            Deed::HubRestart => self.hub.restart().await?,
            Deed::HubClockBack => self.back_ms += 60_000 * rng.between(0, 90),
            Deed::Decide => {
                let choose = || if rng.percent(70) { Decision::LetThrough } else { Decision::SendBack };
                self.decide(choose).await?;
            }
        }
        Ok(())
    }

    fn work(&mut self, at: usize, work: Work, rng: Rng) -> anyhow::Result<()> {
        let pc = &self.pcs[at];
        let before = Book::read(pc.desktop.path())?;
        let mut person = Person {
            desktop: &pc.desktop,
            region: pc.role.region,
            rng,
            next: &mut self.next,
            book: before.clone(),
        };
        person.work(work).with_context(|| format!("{work:?} at {}", pc.name))?;
        let after = Book::read(pc.desktop.path())?;
        self.ledger.worked(&before, &after);
        let told = format!("{work:?} {}", difference(&before, &after));
        self.tell(at, &told);
        Ok(())
    }

    /// Whether the office heard that its file was taken.
    pub async fn upload(&mut self, at: usize, mishap: Mishap) -> anyhow::Result<bool> {
        self.uploads += 1;
        let pc = &mut self.pcs[at];
        let file = self.folder.path().join(format!("sent-{}-{}.db", pc.name, self.uploads));
        std::fs::write(&file, pc.desktop.upload()?)?;
        pc.sent.push(file.clone());
        if pc.sent.len() > SENT_MAX {
            std::fs::remove_file(pc.sent.remove(0))?;
        }
        let answered = self.send(at, &file, mishap).await?;
        if mishap == Mishap::Twice {
            self.send(at, &file, Mishap::None).await?;
        }
        Ok(answered)
    }

    async fn late(&mut self, at: usize, rng: &mut Rng) -> anyhow::Result<()> {
        let pc = &mut self.pcs[at];
        let Some(file) = rng.pick(&pc.sent).cloned() else { return Ok(()) };
        pc.meddled = true;
        self.tell(at, "an old upload arrives again");
        self.send(at, &file, Mishap::None).await.map(drop)
    }

    async fn send(&mut self, at: usize, file: &Path, mishap: Mishap) -> anyhow::Result<bool> {
        let device = self.pcs[at].device.clone();
        let answer = self.hub.receive(&device, file, crash(mishap)).await?;
        self.hub.look().await?;
        match answer {
            Answer::Given(receipt) => {
                self.tell(at, &format!("uploads, {mishap:?}: {}", summary(&receipt)));
                self.took(at, file, &receipt)?;
                Ok(mishap != Mishap::AnswerLost)
            }
            Answer::Crashed { durable } => {
                self.tell(at, &format!("uploads, the hub stops: {mishap:?}"));
                if durable {
                    // What became of it was told to nobody; what the same would come to now tells what was refused.
                    let receipt = self.hub.plan(&device, file).await?;
                    self.took(at, file, &receipt)?;
                }
                Ok(false)
            }
        }
    }

    fn took(&mut self, at: usize, file: &Path, receipt: &Receipt) -> anyhow::Result<()> {
        if receipt.held > 0 {
            self.pcs[at].held = Some(file.to_owned());
            // It must not go with the old uploads.
            self.pcs[at].sent.retain(|sent| sent != file);
            return Ok(());
        }
        let book = Book::read(file)?;
        self.unasked_for(at, receipt)?;
        self.ledger.took(&book, receipt);
        Ok(())
    }

    /// Nobody here writes into other regions or lets references hang in the air.
    fn unasked_for(&self, at: usize, receipt: &Receipt) -> anyhow::Result<()> {
        let told = receipt
            .reasons
            .iter()
            .find(|reason| matches!(reason.reason.as_str(), "region" | "unknown_row" | "orphan"));
        if let Some(reason) = told {
            let what = format!("{}: {reason:?}", self.pcs[at].name);
            anyhow::bail!(Broken::new("no row is refused without a reason", what));
        }
        Ok(())
    }

    pub async fn download(&mut self, at: usize, mishap: Mishap) -> anyhow::Result<()> {
        if !self.pcs[at].role.downloads {
            return Ok(());
        }
        let device = self.pcs[at].device.clone();
        let answer = self.hub.hand_out(&device, crash(mishap)).await?;
        let told = match (answer, mishap) {
            (Answer::Given(None), _) => "gets no file: a batch waits",
            (Answer::Crashed { .. }, _) => "gets no file: the hub stops",
            (Answer::Given(Some(_)), Mishap::AnswerLost) => "is handed out a file that never comes",
            (Answer::Given(Some(bytes)), _) => {
                self.pcs[at].desktop.receive(&bytes)?;
                "takes a download"
            }
        };
        self.tell(at, told);
        Ok(())
    }

    /// Decides about everything that waits.
    pub async fn decide(&mut self, mut choose: impl FnMut() -> Decision) -> anyhow::Result<()> {
        for held in self.hub.held().await? {
            let decision = choose();
            let receipt = self.hub.decide(held.id, decision).await?;
            let waiting = self.pcs.iter().position(|pc| pc.held.is_some() && pc.device.site.0 == held.site);
            let Some(at) = waiting else { continue };
            self.tell(at, &format!("what waits is decided: {decision:?}"));
            let file = self.pcs[at].held.take();
            if let (Decision::LetThrough, Some(file)) = (decision, file) {
                self.took(at, &file, &receipt)?;
            }
        }
        Ok(())
    }

    pub fn hub_file(&self) -> PathBuf {
        self.hub.file().join("hub.db")
    }

    fn tell(&mut self, at: usize, what: &str) {
        self.story.push(format!("day {} {}: {what}", self.day + 1, self.pcs[at].name));
    }
}

const fn crash(mishap: Mishap) -> Option<&'static str> {
    match mishap {
        Mishap::Crash(at) => Some(POINTS[at]),
        _ => None,
    }
}

fn local(ms: i64) -> Moment {
    Moment(ms / 1000 + 3 * 3600)
}

/// In memory where the machine has such a folder: nothing here survives the run anyhow.
fn folder() -> anyhow::Result<TempDir> {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    folder.context("cannot make a temporary folder")
}

/// What one deed did to a file.
fn difference(before: &Book, after: &Book) -> String {
    let mut told = Vec::new();
    for (table, rows) in &after.tables {
        let old = &before.tables[table];
        for (id, cells) in rows.iter().filter(|(id, cells)| old.get(*id) != Some(cells)).take(2) {
            let sign = if old.contains_key(id) { '~' } else { '+' };
            told.push(format!("{sign}{table} {id} {:?}", cells.values().collect::<Vec<_>>()));
        }
        told.extend(old.keys().filter(|id| !rows.contains_key(*id)).map(|id| format!("-{table} {id}")));
    }
    if told.is_empty() { "(nothing)".to_owned() } else { told.join("; ") }
}

fn summary(receipt: &Receipt) -> String {
    let changed = receipt.tables.iter().filter(|(_, told)| told.inserted + told.updated + told.deleted > 0);
    let mut told: Vec<String> = changed
        .map(|(table, told)| format!("{table} +{} ~{} -{}", told.inserted, told.updated, told.deleted))
        .collect();
    told.extend(receipt.reasons.iter().map(|r| format!("[{} {} {}]", r.reason, r.table, r.key)));
    if receipt.held > 0 {
        told.push("held".to_owned());
    }
    if receipt.conflicts > 0 {
        told.push(format!("{} conflicts", receipt.conflicts));
    }
    if told.is_empty() { "nothing new".to_owned() } else { told.join(", ") }
}
