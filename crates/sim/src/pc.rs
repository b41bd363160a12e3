//! One PC: the old program, its file, and what lies beside it.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use store::Device;
use testkit::office::{Desktop, Generation, Moment};

use crate::{
    book::{Book, Identity, tag},
    ledger::{Finding, Ledger, Page},
    lines::{Line, Lines},
    plan::Role,
};

/// A number of a file: table, id.
pub type Number = (&'static str, String);

pub struct Pc {
    pub name: String,
    pub role: Role,
    pub device: Device,
    pub desktop: Desktop,
    /// The file in use.
    pub line: Line,
    /// The copy of this morning.
    pub backup: Kept,
    /// The copy of the first morning.
    pub archive: Kept,
    /// Uploads that may arrive a second time, each with what stood in it.
    pub sent: Vec<(PathBuf, Page)>,
    /// Whether a file of another day or PC was ever put into the place of its own.
    pub meddled: bool,
    /// Whether somebody here ever did what nobody should: wrote rows of others, or put one row in place of another.
    pub careless: bool,
    /// Whether a row was ever put under the number of another one.
    pub replaced: bool,
    /// The same, in the file in use.
    pub replaced_here: bool,
    /// What it sent that waits.
    pub held: Vec<Batch>,
    /// Rows that the hub did not let in: it does not know their numbers.
    pub refused: HashSet<Identity>,
    /// A hand-out on its way, with what stands in it.
    pub coming: Option<(Vec<u8>, Page)>,
    pub page: Page,
    /// Which row the file's numbers are.
    pub numbers: HashMap<Number, Identity>,
    /// Rows with all the numbers that they ever had in its files.
    bore: HashSet<(Number, Identity)>,
}

/// A copy that was put aside.
#[derive(Clone)]
pub struct Kept {
    pub path: PathBuf,
    /// Of the line that it was copied from.
    pub origin: String,
    pub page: Page,
}

/// A batch that waits for headquarters.
pub struct Batch {
    /// As the hub calls the upload.
    pub upload: String,
    pub file: PathBuf,
    pub page: Page,
}

impl Pc {
    /// # Errors
    /// A folder that cannot be written.
    pub fn start(
        folder: &Path,
        name: String,
        role: Role,
        device: Device,
        (now, lines, ledger): (Moment, &mut Lines, &mut Ledger),
    ) -> anyhow::Result<Self> {
        let path = folder.join([&name, ".db"].concat());
        let region = if role.region == "*" { "Ankara" } else { role.region };
        let desktop = Desktop::start(&path, role.generation, region, clock(role, now))?;
        let (book, mut page, numbers) = (Book::read(&path)?, Page::default(), HashMap::new());
        ledger.note(&mut page, &book);
        let [backup, archive] = [".backup.db", ".archive.db"]
            .map(|kind| folder.join([&name, kind].concat()))
            .map(|path| Kept { path, origin: name.clone(), page: page.clone() });
        std::fs::copy(&path, &backup.path)?;
        std::fs::copy(&path, &archive.path)?;
        let line = lines.begin(name.clone(), &book);
        Ok(Self {
            name,
            role,
            device,
            desktop,
            line,
            backup,
            archive,
            sent: Vec::new(),
            meddled: false,
            careless: false,
            replaced: false,
            replaced_here: false,
            held: Vec::new(),
            refused: HashSet::new(),
            coming: None,
            page,
            numbers,
            bore: HashSet::new(),
        })
    }

    pub fn set_clock(&mut self, now: Moment) {
        self.desktop.now = clock(self.role, now);
    }

    /// Its file as it is now.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn in_use(&mut self, ledger: &mut Ledger) -> anyhow::Result<Kept> {
        let path = self.desktop.path().to_owned();
        ledger.note(&mut self.page, &Book::read(&path)?);
        Ok(Kept { path, origin: self.line.origin.clone(), page: self.page.clone() })
    }

    /// Puts a copy of its file aside.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn back_up(&mut self, ledger: &mut Ledger) -> anyhow::Result<()> {
        let path = self.backup.path.clone();
        let now = self.in_use(ledger)?;
        std::fs::copy(&now.path, &path)?;
        self.backup = Kept { path, ..now };
        Ok(())
    }

    /// Puts another file into the place of its own and starts the program.
    ///
    /// # Errors
    /// A file that the program cannot open.
    pub fn replace(&mut self, file: &Kept, lines: &mut Lines) -> anyhow::Result<()> {
        let path = self.desktop.path().to_owned();
        std::fs::copy(&file.path, &path)?;
        self.line = lines.begin(file.origin.clone(), &Book::read(&path)?);
        let (generation, now) = (self.role.generation, self.desktop.now);
        self.desktop = Desktop::start(&path, generation, &self.desktop.region, now)?;
        self.page = file.page.clone();
        self.meddled = true;
        self.numbers.clear();
        Ok(())
    }

    /// Takes a download; `known`: its rows are numbered as in the file before.
    ///
    /// # Errors
    /// A file that the program cannot open.
    pub fn take(
        &mut self,
        bytes: &[u8],
        (page, known): (Page, bool),
        lines: &mut Lines,
    ) -> anyhow::Result<()> {
        self.desktop.receive(bytes)?;
        self.page = page;
        if !known {
            self.numbers.clear();
        }
        self.replaced_here = false;
        let book = Book::read(self.desktop.path())?;
        let origin = tag(self.desktop.path())?.context("a hand-out has a mark")?;
        self.line = lines.begin(origin, &book);
        self.number(&book);
        Ok(())
    }

    /// Notes which rows the numbers of its file are.
    pub fn number(&mut self, book: &Book) {
        for (table, id, identity) in book.numbered() {
            let number = (table, id.clone());
            self.bore.insert((number.clone(), identity.clone()));
            self.numbers.insert(number, identity);
        }
    }

    /// Rows that stand in a hand-out under a number that was another's, or under another one than before. (Who was
    /// deleted and entered again is another. Who gave way to another under his number gets it back when that one is gone.)
    #[must_use]
    pub fn renumbered(&self, before: &Book, after: &Book, ledger: &Ledger) -> Vec<Finding> {
        let had: HashMap<Identity, &String> = before.numbered().map(|(_, id, row)| (row, id)).collect();
        let mut wrong = Vec::new();
        for (table, id, identity) in after.numbered() {
            let number = (table, id.clone());
            let other = self.numbers.get(&number);
            let other = other.filter(|known| **known != identity && !self.refused.contains(*known));
            let back = self.bore.contains(&(number, identity.clone()));
            let other = other.filter(|known| !(back && ledger.was_deleted(known)));
            let moved = had.get(&identity).filter(|had| {
                let known = self.numbers.get(&(table, (**had).clone())) == Some(&identity);
                known && **had != id && !ledger.was_deleted(&identity) && !self.refused.contains(&identity)
            });
            if let Some(other) = other {
                wrong.push((
                    identity,
                    format!("gets number {id} at {}, which was that of {}", self.name, other.1),
                ));
            } else if let Some(had) = moved {
                wrong.push((identity, format!("was number {had} at {} and is {id} now", self.name)));
            }
        }
        wrong
    }

    /// Who it is, in a story.
    #[must_use]
    pub fn describe(&self) -> String {
        let Role { region, shared_key, downloads, generation, skew } = self.role;
        let key = if shared_key { "shared key" } else { "own token" };
        let generation = match generation {
            Generation::D1BeforeTombstones => "D1 without tombstones",
            Generation::D1 => "D1",
            Generation::D2 => "D2",
        };
        let downloads = if downloads { "" } else { ", never downloads" };
        let skew = if skew == 0 { String::new() } else { format!(", clock {skew:+} h") };
        format!("{}: {region}, {key}, {generation}{downloads}{skew}", self.name)
    }
}

/// What its own clock shows.
fn clock(role: Role, now: Moment) -> Moment {
    now.plus(role.skew * 3600)
}
