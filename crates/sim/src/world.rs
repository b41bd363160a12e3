//! The hub and its offices, and what happens to them, step by step.

mod waiting;

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use anyhow::Context as _;
use store::{Decision, Receipt};
use tempfile::TempDir;
use testkit::{
    office::{Moment, TABLES, references},
    random::Rng,
};

use crate::{
    book::{Book, Identity, identity, tag},
    check,
    history::History,
    hub::{Answer, Hub, POINTS},
    ledger::{Ledger, Page},
    lines::Lines,
    pc::{Kept, Pc},
    plan::{Deed, Mishap, Plan, Step, Work},
    story::Story,
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
    /// The hub's rows after the last upload.
    pub book: Book,
    pub history: History,
    pub pcs: Vec<Pc>,
    pub ledger: Ledger,
    lines: Lines,
    pub story: Story,
    /// Day (the first is 0) and second of it.
    pub when: (u32, u32),
    /// The last number that was written into a file.
    next: u64,
    /// Numbers the files that went up.
    uploads: u64,
    /// How far the hub's clock is set back.
    back_ms: i64,
    /// Which PC last sent a file behind a token or key, by site: the hub takes who asks for a file for this one.
    last: HashMap<u32, usize>,
    /// Files of which the hub knows the age: by site and mark, without a mark behind a shared key by PC.
    known: HashSet<(u32, Option<String>, Option<usize>)>,
    /// Whether headquarters lets through, in quiet time, what waits.
    lenient: bool,
}

/// A file on its way to the hub.
#[derive(Clone, Copy)]
pub struct Upload<'a> {
    /// Whose it is.
    pub at: usize,
    pub file: &'a Path,
    pub page: &'a Page,
    /// Headquarters has looked at it.
    pub decided: bool,
}

impl World {
    /// # Errors
    /// What the machine cannot do.
    pub async fn new(plan: &Plan) -> anyhow::Result<Self> {
        let folder = folder()?;
        let hub = Hub::open(folder.path(), plan.seed, BEGIN_MS).await?;
        let (mut pcs, mut lines, mut ledger) = (Vec::new(), Lines::default(), Ledger::default());
        for (at, role) in plan.cast.iter().enumerate() {
            let name = format!("pc{}", at + 1);
            let device = if role.shared_key {
                hub.shared(role.region).await?
            } else {
                hub.site(&name, role.region).await?
            };
            pcs.push(Pc::start(
                folder.path(),
                name,
                *role,
                device,
                (local(BEGIN_MS), &mut lines, &mut ledger),
            )?);
        }
        let mut story = Story::default();
        pcs.iter().for_each(|pc| story.tell((0, 0), &pc.name, &pc.describe()));
        let book = Book::read(&hub.store_file())?;
        Ok(Self {
            folder,
            hub,
            book,
            history: History::default(),
            pcs,
            ledger,
            lines,
            story,
            when: (0, 0),
            next: 0,
            uploads: 0,
            back_ms: 0,
            last: HashMap::new(),
            known: HashSet::new(),
            lenient: Rng::of(plan.seed, "lenient", 0).percent(60),
        })
    }

    /// # Errors
    /// [`Broken`] when the hub breaks a promise; else what the machine cannot do.
    pub async fn take(&mut self, step: &Step) -> anyhow::Result<()> {
        self.when = (step.day, step.second);
        let now_ms = BEGIN_MS + i64::from(step.day) * DAY_MS + i64::from(step.second) * 1000;
        self.hub.set_clock(now_ms - self.back_ms);
        self.pcs[step.pc].set_clock(local(now_ms));
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
            Deed::Fetch => self.fetch(at).await?,
            Deed::Arrive => self.arrive(at)?,
            Deed::Backup => self.pcs[at].back_up(&mut self.ledger)?,
            Deed::Restore => self.restore(at, |pc| &pc.backup, "this morning's copy is put back")?,
            Deed::RestoreArchive => {
                self.restore(at, |pc| &pc.archive, "the first morning's copy is put back")?;
            }
            Deed::NewToken => self.new_token(at).await?,
            Deed::Copy { of } => self.copy(at, of)?,
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
        let pc = &mut self.pcs[at];
        pc.careless |= matches!(work, Work::ReplaceEmployee | Work::Trespass);
        let replaces = replaces(&before, &after);
        pc.replaced |= replaces;
        pc.replaced_here |= replaces;
        self.ledger.worked(&mut pc.page, &before, &after);
        let told = format!("{work:?} {}", difference(&before, &after));
        self.tell(at, &told);
        Ok(())
    }

    fn restore(&mut self, at: usize, copy: fn(&Pc) -> &Kept, told: &str) -> anyhow::Result<()> {
        let copy = copy(&self.pcs[at]).clone();
        self.pcs[at].replace(&copy, &mut self.lines)?;
        self.tell(at, told);
        Ok(())
    }

    fn copy(&mut self, at: usize, of: usize) -> anyhow::Result<()> {
        // Two files in use from one copy: either of them may look meddled with.
        self.pcs[of].meddled = true;
        let file = self.pcs[of].in_use(&mut self.ledger)?;
        let book = Book::read(&file.path)?;
        self.ledger.mixed_up.extend(self.lines.gives(&self.pcs[of].line, &book));
        self.pcs[of].line = self.lines.begin(file.origin.clone(), &book);
        self.pcs[at].replace(&file, &mut self.lines)?;
        let told = format!("gets a copy of the file of {}", self.pcs[of].name);
        self.tell(at, &told);
        Ok(())
    }

    async fn new_token(&mut self, at: usize) -> anyhow::Result<()> {
        let pc = &self.pcs[at];
        // What waits would wait for ever.
        if pc.device.shared || !pc.held.is_empty() {
            return Ok(());
        }
        self.hub.revoke(&pc.device, pc.desktop.path()).await?;
        let name = [&pc.device.name, "+"].concat();
        let device = self.hub.site(&name, pc.role.region).await?;
        let pc = &mut self.pcs[at];
        (pc.device, pc.meddled) = (device, true);
        // What comes with the old one is refused.
        pc.sent.clear();
        self.tell(at, "gets another token in place of its old one");
        Ok(())
    }

    /// Whether the office heard that its file was taken.
    pub async fn upload(&mut self, at: usize, mishap: Mishap) -> anyhow::Result<bool> {
        self.uploads += 1;
        let pc = &mut self.pcs[at];
        let file = self.folder.path().join(format!("sent-{}-{}.db", pc.name, self.uploads));
        std::fs::write(&file, pc.desktop.upload()?)?;
        let book = Book::read(&file)?;
        self.ledger.note(&mut pc.page, &book);
        pc.number(&book);
        self.ledger.mixed_up.extend(self.lines.gives(&pc.line, &book));
        pc.sent.push((file.clone(), pc.page.clone()));
        if pc.sent.len() > SENT_MAX {
            std::fs::remove_file(pc.sent.remove(0).0)?;
        }
        let page = pc.page.clone();
        let upload = Upload { at, file: &file, page: &page, decided: false };
        let answered = self.send(upload, mishap).await?;
        if mishap == Mishap::Twice && self.pcs[at].held.is_empty() {
            let (end, before) = (self.history.end(), self.book.clone());
            self.send(upload, Mishap::None).await?;
            check::unchanged(self, ("twice is once", end), &before)?;
        }
        Ok(answered)
    }

    async fn late(&mut self, at: usize, rng: &mut Rng) -> anyhow::Result<()> {
        let pc = &mut self.pcs[at];
        let Some((file, page)) = rng.pick(&pc.sent).cloned() else { return Ok(()) };
        pc.meddled = true;
        self.tell(at, "an old upload arrives again");
        let upload = Upload { at, file: &file, page: &page, decided: false };
        let (end, before) = (self.history.end(), self.book.clone());
        self.send(upload, Mishap::None).await?;
        check::unchanged(self, ("twice is once, even late", end), &before)
    }

    async fn send(&mut self, upload: Upload<'_>, mishap: Mishap) -> anyhow::Result<bool> {
        let Upload { at, file, .. } = upload;
        let device = self.pcs[at].device.clone();
        let stop = crash(mishap);
        // What becomes of it is told to nobody if the hub stops.
        let told = if stop.is_some() { Some(self.hub.plan(&device, file).await?) } else { None };
        let answer = self.hub.receive(&device, file, stop).await?;
        self.hub.look().await?;
        match answer {
            Answer::Given(receipt) => {
                self.tell(at, &format!("uploads, {mishap:?}: {}", summary(&receipt)));
                self.took(upload, &receipt).await?;
                Ok(mishap != Mishap::AnswerLost)
            }
            Answer::Crashed { durable } => {
                self.tell(at, &format!("uploads, the hub stops: {mishap:?}"));
                match told.filter(|_| durable) {
                    Some(receipt) => self.took(upload, &receipt).await?,
                    None => {
                        // It never came, so it cannot come again.
                        self.pcs[at].sent.retain(|(sent, _)| sent != file);
                        self.unheard(at);
                    }
                }
                Ok(false)
            }
        }
    }

    async fn took(&mut self, upload: Upload<'_>, receipt: &Receipt) -> anyhow::Result<()> {
        let Upload { at, file, page, .. } = upload;
        if receipt.held > 0 {
            return self.waits(at, file, page);
        }
        self.last.insert(self.pcs[at].device.site.0, at);
        // A file that is older than the one before may say what was true long ago.
        let older =
            self.pcs[at].meddled && receipt.reasons.iter().any(|reason| reason.reason == "older_file");
        let another = self.looks_like_another(at, receipt);
        let aged = self.is_aged(at, file)? && !older && !another;
        let book = Book::read(file)?;
        if self.pcs[at].meddled {
            self.doubts(&book, receipt);
        }
        if another {
            self.ledger.doubted.extend(twice(&Book::read(&self.hub.store_file())?, &book));
        }
        check::after_upload(self, &upload, (&book, aged), receipt)
    }

    /// Whether the hub can tell how old a file is; from now on it can. (Which of several files without a mark it is
    /// nobody can tell.)
    fn is_aged(&mut self, at: usize, file: &Path) -> anyhow::Result<bool> {
        let pc = &self.pcs[at];
        let tag = tag(file)?;
        let untagged = tag.is_none();
        let which = Some(at).filter(|_| untagged && pc.device.shared);
        let known = !self.known.insert((pc.device.site.0, tag, which));
        // Without a mark a number that holds another row makes another file of it.
        let doubtful = pc.meddled || pc.device.shared && (pc.careless || pc.replaced);
        Ok(known && !(untagged && doubtful))
    }

    /// Whether a PC's file looks like that of another PC with a copy of it, as it has another person under a number that it
    /// gave: the hub says so (behind a shared key, which stands for many PCs, to nobody).
    fn looks_like_another(&self, at: usize, receipt: &Receipt) -> bool {
        let pc = &self.pcs[at];
        let told = receipt.reasons.iter().any(|reason| reason.reason == "doubled_file");
        pc.replaced_here && (told || pc.device.shared)
    }

    /// Rows of which the hub says that it is not sure which they are, and keeps both; with what hangs on them.
    fn doubts(&mut self, book: &Book, receipt: &Receipt) {
        let doubts = receipt.reasons.iter().filter(|reason| reason.reason == "doubt");
        let mut doubts: HashSet<(&str, &str)> =
            doubts.map(|reason| (reason.table.as_str(), reason.key.as_str())).collect();
        // Parents come first.
        let rows = |table| book.tables[table].iter().map(move |(key, cells)| (table, key, cells));
        for (table, key, cells) in TABLES.into_iter().flat_map(rows) {
            let hangs = references(table).any(|reference| {
                cells.get(reference.column).is_some_and(|id| doubts.contains(&(reference.to, id.as_str())))
            });
            if hangs {
                doubts.insert((table, key.as_str()));
            }
        }
        let rows = book.numbered().filter(|(table, key, _)| doubts.contains(&(*table, key.as_str())));
        self.ledger.doubted.extend(rows.map(|(_, _, row)| row));
    }

    /// The hub knows of what this PC has only with its next upload.
    fn unheard(&mut self, at: usize) {
        if self.is_last(at) {
            self.last.remove(&self.pcs[at].device.site.0);
        }
    }

    pub async fn download(&mut self, at: usize, mishap: Mishap) -> anyhow::Result<()> {
        if !self.pcs[at].role.downloads {
            return Ok(());
        }
        let told = match (self.ask_for_file(at, mishap).await?, mishap) {
            (None, _) => "gets no file",
            (Some(_), Mishap::AnswerLost) => "is handed out a file that never comes",
            (Some((bytes, page)), _) => {
                let known = self.is_last(at);
                self.pcs[at].take(&bytes, (page, known), &mut self.lines)?;
                "takes a download"
            }
        };
        self.tell(at, told);
        Ok(())
    }

    /// The hub's file for a PC, and what stands in it; `None`: a batch waits, or the hub stops.
    async fn ask_for_file(&mut self, at: usize, mishap: Mishap) -> anyhow::Result<Option<(Vec<u8>, Page)>> {
        let device = self.pcs[at].device.clone();
        let Answer::Given(Some(bytes)) = self.hub.hand_out(&device, crash(mishap)).await? else {
            return Ok(None);
        };
        let file = self.folder.path().join("handed-out.db");
        std::fs::write(&file, &bytes)?;
        self.known.insert((device.site.0, tag(&file)?, None));
        let book = Book::read(&file)?;
        check::handed_out(self, at, &book)?;
        let page = self.ledger.hand_out(&self.pcs[at].page, &book);
        Ok(Some((bytes, page)))
    }

    async fn fetch(&mut self, at: usize) -> anyhow::Result<()> {
        if !self.pcs[at].role.downloads {
            return Ok(());
        }
        self.pcs[at].coming = self.ask_for_file(at, Mishap::None).await?;
        self.tell(at, "waits long for its download");
        Ok(())
    }

    fn arrive(&mut self, at: usize) -> anyhow::Result<()> {
        let pc = &mut self.pcs[at];
        let Some((bytes, page)) = pc.coming.take() else { return Ok(()) };
        pc.take(&bytes, (page, false), &mut self.lines)?;
        pc.meddled = true;
        self.unheard(at);
        self.tell(at, "its download arrives");
        Ok(())
    }

    /// Whether the hub takes a PC that asks for a file for this one.
    pub fn is_last(&self, at: usize) -> bool {
        self.last.get(&self.pcs[at].device.site.0) == Some(&at)
    }

    fn tell(&mut self, at: usize, what: &str) {
        self.story.tell(self.when, &self.pcs[at].name, what);
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

/// Whether a number of the file holds another row than before.
fn replaces(before: &Book, after: &Book) -> bool {
    let had: HashMap<_, _> = before.numbered().map(|(table, id, row)| ((table, id), row)).collect();
    after.numbered().any(|(table, id, row)| had.get(&(table, id)).is_some_and(|had| *had != row))
}

/// Rows of a file that the hub has more than once.
fn twice(hub: &Book, file: &Book) -> Vec<Identity> {
    let mut there: HashMap<Identity, usize> = HashMap::new();
    hub.identities().for_each(|(row, _)| *there.entry(row).or_default() += 1);
    let rows = file.identities().map(|(row, _)| row);
    rows.filter(|row| there.get(row).is_some_and(|count| *count > 1)).collect()
}

/// What one deed did to a file.
fn difference(before: &Book, after: &Book) -> String {
    let mut told = Vec::new();
    for (table, rows) in &after.tables {
        let old = &before.tables[table];
        for (id, cells) in rows.iter().filter(|(id, cells)| old.get(*id) != Some(cells)) {
            let sign = if old.contains_key(id) { '~' } else { '+' };
            let words: Vec<_> = cells.values().map(String::as_str).collect();
            told.push(format!("{sign}{table} {id} {}", words.join(" | ")));
        }
        for (id, cells) in old.iter().filter(|(id, _)| !rows.contains_key(*id)) {
            let word = identity(table, cells).map(|identity| identity.1).unwrap_or_default();
            told.push(format!("-{table} {id} {word}"));
        }
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
