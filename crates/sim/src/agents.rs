//! Offices whose files an agent keeps in step: the production agent and the production hub over a link that loses
//! requests and answers and delivers some twice, with restored and copied files and clocks that are wrong.
//!
//! Every text that somebody types is a word of its own that names the person it was typed about, so a word that stands
//! with another person was attached to the wrong row.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use agent::{Exchange, LinkError, Tools};
use anyhow::{Context as _, bail, ensure};
use replica::wire::{Code, Hello, Met, Page, Push, Pushed, ROWS_MAX, Trouble, Welcome};
use rusqlite::Connection;
use store::{Declined, Device, Since, Store};
use tempfile::TempDir;
use testkit::{office::LEGACY_SCHEMA, random::Rng};

use crate::{Broken, Failure, Size, hub};

/// Monday, 5 January 2026, 06:00 UTC.
const BEGIN_MS: i64 = 1_767_592_800_000;
const STEPS_A_DAY: u32 = 24;
const REGIONS: [&str; 2] = ["Ankara", "Bursa"];

/// Runs a seed to its end and through quiet time. Returns what happened.
///
/// # Errors
/// The first promise that did not hold, or what the machine could not do.
pub fn agents(seed: u64, size: Size) -> Result<Vec<String>, Box<Failure>> {
    let mut story = Vec::new();
    let (mut day, mut rows) = (0, Vec::new());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(play(seed, size, (&mut story, &mut rows), &mut day)),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => Ok(story),
        Err(error) => {
            let works = |error: anyhow::Error| Broken::new("the simulator works", format!("{error:#}"));
            let broken = error.downcast::<Broken>().unwrap_or_else(works);
            Err(Box::new(Failure { seed, day, broken, story, rows }))
        }
    }
}

async fn play(
    seed: u64,
    size: Size,
    (story, rows): (&mut Vec<String>, &mut Vec<String>),
    day: &mut u32,
) -> anyhow::Result<()> {
    let mut town = Town::new(seed, size.offices).await?;
    for now in 1..=size.days {
        *day = now;
        for _ in 0..STEPS_A_DAY {
            if let Some(line) = town.step().await? {
                story.push(format!("day {now}: {line}"));
            }
        }
    }
    town.quiet().await?;
    let checked = town.check();
    if let Err(error) = &checked {
        *rows = town.history(&error.to_string())?;
    }
    checked
}

struct Town {
    folder: TempDir,
    hub: hub::Hub,
    clock: Arc<AtomicI64>,
    rng: Rng,
    offices: Vec<Office>,
    typed: u64,
    /// Words of rows that somebody deleted, or that went with such a row.
    deleted: BTreeSet<String>,
    /// Words that stood only in a file that another one took the place of.
    gone: BTreeSet<String>,
}

struct Office {
    file: PathBuf,
    region: &'static str,
    exchange: Exchange<Lossy>,
    link: Arc<Mutex<Chance>>,
    /// This PC's clock less the right time.
    wrong_ms: Arc<AtomicI64>,
    tools: Tools,
}

/// What the link does, in percent.
#[derive(Clone, Debug)]
struct Chance {
    rng: Rng,
    lost: u64,
}

/// The way to the hub.
#[derive(Clone)]
struct Lossy {
    store: Store,
    device: Device,
    chance: Arc<Mutex<Chance>>,
}

impl Lossy {
    /// Whether the request arrives, how often, and whether its answer does.
    fn luck(&self) -> (bool, bool, bool) {
        let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        let lost = chance.lost;
        let mut draw = || chance.rng.percent(lost);
        (!draw(), draw(), !draw())
    }
}

fn away() -> LinkError {
    trouble(Code::Busy, "the link is down", 0, 0)
}

fn trouble(code: Code, error: &str, number: u64, seen: i64) -> LinkError {
    LinkError::Refused(Trouble { code, error: error.to_owned(), number, seen })
}

fn declined(declined: &Declined) -> LinkError {
    let text = declined.to_string();
    match declined {
        Declined::Older { number, seen } => trouble(Code::Older, &text, *number, *seen),
        Declined::Behind { number, seen } => trouble(Code::Behind, &text, *number, *seen),
        Declined::Decided { number, seen } => trouble(Code::Decided, &text, *number, *seen),
        Declined::Message(_) => trouble(Code::Message, &text, 0, 0),
        Declined::Revoked => trouble(Code::Token, &text, 0, 0),
        Declined::Store(_) => trouble(Code::Hub, &text, 0, 0),
    }
}

/// Asks over the lossy link.
macro_rules! over {
    ($link:expr, $ask:expr) => {{
        let (arrives, twice, answered) = $link.luck();
        if !arrives {
            return Err(away());
        }
        if twice {
            // The answer of the first is never read.
            let _ = $ask.await;
        }
        let answer = $ask.await.map_err(|error| declined(&error));
        if answered { answer } else { Err(away()) }
    }};
}

#[async_trait::async_trait]
impl agent::Hub for Lossy {
    async fn hello(&self, hello: &Hello) -> Result<Welcome, LinkError> {
        over!(self, self.store.hello(&self.device, hello.clone()))
    }

    async fn meet(&self, file: &Path) -> Result<Met, LinkError> {
        let (arrives, _, answered) = self.luck();
        let met = if arrives { self.store.meet(&self.device, file).await } else { return Err(away()) };
        let met = met.map_err(|error| trouble(Code::Other, &error.to_string(), 0, 0));
        if answered { met } else { Err(away()) }
    }

    async fn push(&self, push: &Push) -> Result<Pushed, LinkError> {
        over!(self, self.store.push(&self.device, push.clone()))
    }

    async fn pull(&self, rev: i64, mark: Option<&str>) -> Result<Page, LinkError> {
        let since = Since { rev, mark: mark.map(str::to_owned) };
        over!(self, self.store.pull(&self.device, since.clone(), ROWS_MAX / 50))
    }
}

impl Town {
    async fn new(seed: u64, offices: usize) -> anyhow::Result<Self> {
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

    fn word(&mut self, kind: &str, person: &str) -> String {
        self.typed += 1;
        format!("{kind}{}-{person}", self.typed)
    }

    /// One thing happens.
    async fn step(&mut self) -> anyhow::Result<Option<String>> {
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

    fn sql(&self, at: usize) -> anyhow::Result<Connection> {
        let connection = Connection::open(&self.offices[at].file)?;
        connection.execute_batch("pragma foreign_keys = on; pragma synchronous = off")?;
        Ok(connection)
    }

    fn add_person(&mut self, at: usize) -> anyhow::Result<String> {
        let person = format!("P{}", self.typed);
        self.typed += 1;
        let region = self.offices[at].region;
        self.sql(at)?
            .execute("insert into employees (full_name, region) values (?1, ?2)", (&person, region))?;
        Ok(format!("pc{at}: {person} is entered"))
    }

    fn add_day(&mut self, at: usize) -> anyhow::Result<Option<String>> {
        let Some((id, person)) = self.any(at, "employees")? else { return Ok(None) };
        let word = self.word("N", &person);
        let date = format!("2026-{:02}-{:02}", self.typed / 28 % 12 + 1, self.typed % 28 + 1);
        let region = self.offices[at].region;
        self.sql(at)?.execute(
            "insert into timesheets (employee_id, work_date, start_time, end_time, notes, region) values (?1, ?2, '09:00', '18:00', ?3, ?4)",
            (id, date, &word, region),
        )?;
        Ok(Some(format!("pc{at}: {word} is entered")))
    }

    /// A row of a table with the person that it is about.
    fn any(&mut self, at: usize, table: &str) -> anyhow::Result<Option<(i64, String)>> {
        let sql = match table {
            "employees" => "select id, full_name from employees order by id",
            _ => {
                "select t.id, e.full_name from timesheets t join employees e on e.id = t.employee_id order by t.id"
            }
        };
        let connection = self.sql(at)?;
        let mut statement = connection.prepare(sql)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let rows: Vec<(i64, String)> = rows.collect::<rusqlite::Result<_>>()?;
        Ok(self.rng.pick(&rows).cloned())
    }

    /// The title of a person, or the notes of a day.
    fn edit(&mut self, at: usize, table: &str) -> anyhow::Result<Option<String>> {
        let Some((id, person)) = self.any(at, table)? else { return Ok(None) };
        let word = self.word(if table == "employees" { "T" } else { "N" }, &person);
        let sql = match table {
            "employees" => "update employees set title = ?1 where id = ?2",
            _ => "update timesheets set notes = ?1 where id = ?2",
        };
        self.sql(at)?.execute(sql, (&word, id))?;
        Ok(Some(format!("pc{at}: {table} {id} is now {word}")))
    }

    fn delete(&mut self, at: usize, table: &str) -> anyhow::Result<Option<String>> {
        let Some((id, person)) = self.any(at, table)? else { return Ok(None) };
        let connection = self.sql(at)?;
        if table == "employees" {
            self.deleted.insert(person.clone());
        }
        self.deleted.insert(format!("{table} of {person}"));
        let sql = match table {
            "employees" => "delete from employees where id = ?1",
            _ => "delete from timesheets where id = ?1",
        };
        connection.execute(sql, [id])?;
        Ok(Some(format!("pc{at}: {table} {id} of {person} is deleted")))
    }

    /// INSERT OR REPLACE of a new person under the number of another.
    fn replace_person(&mut self, at: usize) -> anyhow::Result<Option<String>> {
        let Some((id, before)) = self.any(at, "employees")? else { return Ok(None) };
        let person = format!("P{}", self.typed);
        self.typed += 1;
        self.deleted.insert(before.clone());
        self.deleted.insert(format!("timesheets of {before}"));
        let region = self.offices[at].region;
        self.sql(at)?.execute(
            "insert or replace into employees (id, full_name, region) values (?1, ?2, ?3)",
            (id, &person, region),
        )?;
        Ok(Some(format!("pc{at}: {person} replaces {before} under {id}")))
    }

    /// The file of some days ago comes back; the first time it is put aside.
    fn restore(&mut self, at: usize) -> anyhow::Result<Option<String>> {
        let aside = self.folder.path().join(format!("pc{at}.backup"));
        let file = self.offices[at].file.clone();
        if !aside.exists() {
            if !is_met(&file)? {
                return Ok(None);
            }
            std::fs::copy(&file, &aside)?;
            return Ok(Some(format!("pc{at}: a backup is made")));
        }
        self.replace_file(&aside, &file)?;
        std::fs::remove_file(&aside)?;
        Ok(Some(format!("pc{at}: the backup is restored")))
    }

    /// The file of another PC of the region takes this one's place.
    fn copy(&mut self, at: usize) -> anyhow::Result<Option<String>> {
        let region = self.offices[at].region;
        let mut others = Vec::new();
        for (other, office) in self.offices.iter().enumerate() {
            if other != at && office.region == region && is_met(&office.file)? {
                others.push(other);
            }
        }
        let Some(other) = self.rng.pick(&others).copied() else { return Ok(None) };
        let (from, to) = (self.offices[other].file.clone(), self.offices[at].file.clone());
        self.replace_file(&from, &to)?;
        Ok(Some(format!("pc{at}: gets a copy of pc{other}'s file")))
    }

    /// What only the replaced file held and had not been told is lost with it, by nobody's fault.
    fn replace_file(&mut self, from: &Path, to: &Path) -> anyhow::Result<()> {
        let lost = words(to)?;
        self.gone.extend(lost.into_keys());
        std::fs::copy(from, to)?;
        Ok(())
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
    async fn quiet(&mut self) -> anyhow::Result<()> {
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

    /// What the hub wrote down about the people that a text names.
    fn history(&self, text: &str) -> anyhow::Result<Vec<String>> {
        let is_person = |word: &&str| {
            word.strip_prefix('P')
                .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let people: BTreeSet<&str> =
            text.split(|c: char| !c.is_ascii_alphanumeric()).filter(is_person).collect();
        let hub = Connection::open(self.folder.path().join("hub.db"))?;
        let sql = "select rev, gid, site, action, after from denk_log order by rev, gid";
        let mut statement = hub.prepare(sql)?;
        let line = |row: &rusqlite::Row<'_>| {
            let (rev, gid, site): (i64, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let (action, after): (String, String) = (row.get(3)?, row.get(4)?);
            Ok((after.clone(), format!("{rev} site {site} {action} {gid} {after}")))
        };
        let mut lines = Vec::new();
        for line in statement.query_map([], line)? {
            let (after, line) = line?;
            if people.iter().any(|person| after.contains(&format!("{person}\""))) {
                lines.push(line);
            }
        }
        Ok(lines)
    }

    fn check(&self) -> anyhow::Result<()> {
        let hub = Connection::open(self.folder.path().join("hub.db"))?;
        for region in REGIONS {
            let at_hub = content(&hub, region, true)?;
            for office in self.offices.iter().filter(|office| office.region == region) {
                let here = content(&Connection::open(&office.file)?, region, false)?;
                let only = |a: &Content, b: &Content| -> Vec<String> {
                    a.iter().filter(|(row, n)| b.get(*row) != Some(*n)).map(|(row, _)| row.clone()).collect()
                };
                let (here_only, hub_only) = (only(&here, &at_hub), only(&at_hub, &here));
                ensure!(
                    here_only.is_empty() && hub_only.is_empty(),
                    Broken::new(
                        "every file of a region says what the hub says",
                        format!("{}: {here_only:?} against {hub_only:?}", office.file.display())
                    )
                );
            }
            self.whole(&hub, region, &at_hub)?;
        }
        Ok(())
    }

    /// Nobody is there twice, nothing stands with another person, and who was never deleted is there.
    fn whole(&self, hub: &Connection, region: &str, content: &Content) -> anyhow::Result<()> {
        for (row, count) in content {
            let broken = |check| Broken::new(check, format!("{region}: {count} times {row}"));
            let mut words = row.split('|');
            let person = words.next().unwrap_or_default();
            ensure!(*count == 1, broken("nothing is doubled"));
            let alien = words.filter(|word| !word.is_empty()).any(|word| {
                word.split_once('-').is_some_and(|(kind, of)| kind.starts_with(['T', 'N']) && of != person)
            });
            ensure!(!alien, broken("nothing stands with another person"));
        }
        let known = remembered(hub)?;
        let mut typed = BTreeMap::new();
        for office in &self.offices {
            typed.extend(words(&office.file)?);
        }
        for word in typed.into_keys() {
            let broken = || Broken::new("no written value disappears", word.clone());
            ensure!(known.contains(&word) || self.gone.contains(&word), broken());
        }
        for person in known.iter().filter(|word| word.starts_with('P') && !self.deleted.contains(*word)) {
            let there = content.keys().any(|row| row.split('|').next() == Some(person));
            let elsewhere = || -> anyhow::Result<bool> {
                let sql = "select count(*) from employees where full_name = ?1";
                Ok(hub.query_row(sql, [person], |row| row.get::<_, i64>(0))? > 0)
            };
            ensure!(there || elsewhere()?, Broken::new("who was never deleted is there", person.clone()));
        }
        Ok(())
    }
}

/// Whether the hub has met the file. Copies of files that it has not are met as such: of what is not sure both are kept.
fn is_met(file: &Path) -> anyhow::Result<bool> {
    let connection = Connection::open(file)?;
    let there = "select count(*) from sqlite_master where name = 'denk_state'";
    if connection.query_row(there, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(false);
    }
    let met = "select count(*) from denk_state where name = 'hub' and value <> 'null'";
    Ok(connection.query_row(met, [], |row| row.get::<_, i64>(0))? > 0)
}

/// One cycle, in which nobody else uses the file.
async fn exchange(office: &mut Office) -> Result<agent::Report, agent::CycleError> {
    let file = agent::office::Lock::take(&office.file)?;
    office.exchange.cycle(&file, &office.tools).await
}

/// Rows as people read them, counted.
type Content = BTreeMap<String, u32>;

fn content(connection: &Connection, region: &str, at_hub: bool) -> anyhow::Result<Content> {
    let sql =
        if at_hub { include_str!("sql/content_hub.sql") } else { include_str!("sql/content_office.sql") };
    let mut statement = connection.prepare(sql)?;
    let mut content = Content::new();
    for row in statement.query_map([region], |row| row.get::<_, String>(0))? {
        *content.entry(row?).or_default() += 1;
    }
    Ok(content)
}

/// Every word that stands in a file.
fn words(file: &Path) -> anyhow::Result<BTreeMap<String, ()>> {
    let connection = Connection::open(file).context("a file can be opened")?;
    let sql = "select full_name from employees union select title from employees where title is not null union \
               select notes from timesheets where notes is not null";
    let mut statement = connection.prepare(sql)?;
    let words = statement.query_map([], |row| Ok((row.get(0)?, ())))?;
    Ok(words.collect::<rusqlite::Result<_>>()?)
}

/// Every word that the hub has: as it is, in the history, among the conflicts.
fn remembered(hub: &Connection) -> anyhow::Result<BTreeSet<String>> {
    let mut words = BTreeSet::new();
    let sql = "select coalesce(before, '') || coalesce(after, '') from denk_log union all \
               select coalesce(winner, '') || coalesce(loser, '') from denk_conflicts";
    let mut statement = hub.prepare(sql)?;
    for text in statement.query_map([], |row| row.get::<_, String>(0))? {
        words.extend(text?.split('"').filter(|part| !part.is_empty()).map(str::to_owned));
    }
    Ok(words)
}
