//! A day of an office: the agent on Windows beside the office program's file, the hub and another office elsewhere.
//!
//! The office program writes from outside Windows: the locks of the two are the same ones.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};
use serde_json::Value;
use tempfile::TempDir;
use testkit::office::{self, Office, Shape, Size};

use super::{
    http,
    journey::{FOLDER, until},
    staying::Staying,
    wine::Wine,
};

const FILE: &str = "puantaj çalışma.db";
const REGION: &str = "Ankara";
const OK: &str = "Senkron OK (Ankara)";
const IN_USE: &str = "Senkron HATA: Dosyayı şu anda program kullanıyor";
/// What is written in the course of the day, and into how many rows.
const WRITTEN: [(&str, u64); 8] = [
    ("sabah: giriş çıkış", 2),
    ("öteki büro", 3),
    ("uzun süren kayıt", 1),
    ("kilit varken", 1),
    ("dosya başkasındayken", 2),
    ("ajan yokken, ığdır", 2),
    ("hizmet çalışırken", 1),
    ("hizmet durmuşken", 1),
];

/// Everything that is written in one of the two offices is at the hub and in the other at the end, once.
pub fn run(wine: &Wine, denk: &Path, hub: &Path) -> anyhow::Result<()> {
    let day = Day::begin(wine, denk, hub)?;
    let mut agent = day.agent(&["--db", &day.windows_path(), "--hub", &day.line])?;
    day.exchange_of_two(&agent)?;
    day.saved_slowly(&agent)?;
    day.held_by_another_program(&agent)?;
    agent.stop()?;
    ensure!(!day.link().exists(), "{} is still there", day.link().display());
    day.note(5, 9)?;
    let mut agent = day.agent(&[])?;
    day.arrives(5, &day.store())?;
    agent.stop()?;
    day.as_a_service()?;
    day.is_whole()?;
    println!("a day of an office with its hub on this machine: good");
    Ok(())
}

struct Day<'a> {
    wine: &'a Wine,
    denk: &'a Path,
    /// The office's, on Windows.
    folder: PathBuf,
    hub: Hub,
    /// What the office was told of the hub.
    line: String,
}

impl<'a> Day<'a> {
    /// The hub runs, the office has a file.
    fn begin(wine: &'a Wine, denk: &'a Path, hub: &Path) -> anyhow::Result<Self> {
        let folder = wine.drive().join("Büro").join(FOLDER);
        fs::create_dir_all(&folder)?;
        let hub = Hub::start(hub)?;
        make(&folder.join(FILE), 1)?;
        make(&hub.other(), 2)?;
        let line = hub.add_site("ankara-1")?;
        Ok(Self { wine, denk, folder, hub, line })
    }

    fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    fn windows_path(&self) -> String {
        format!("C:\\Büro\\{FOLDER}\\{FILE}")
    }

    fn store(&self) -> PathBuf {
        self.hub.folder.path().join("data/hub.db")
    }

    /// The link to the page of the agent that runs.
    fn link(&self) -> PathBuf {
        self.folder.join("data/agent.page")
    }

    /// Starts the agent, in the office's folder.
    fn agent(&self, words: &[&str]) -> anyhow::Result<Staying> {
        let mut command = self.wine.command(self.denk);
        command.args(["agent", "--json", "--listen", "127.0.0.1:0"]).args(words).current_dir(&self.folder);
        Staying::start(command).context("the agent does not start")
    }

    /// The program writes.
    fn note(&self, at: usize, skipped: u32) -> anyhow::Result<()> {
        let (notes, rows) = WRITTEN[at];
        office::note_timesheets(&self.file(), u32::try_from(rows)?, skipped, notes)
    }

    /// The other office's program writes, and its agent exchanges.
    fn note_elsewhere(&self, at: usize, skipped: u32) -> anyhow::Result<()> {
        let (notes, rows) = WRITTEN[at];
        office::note_timesheets(&self.hub.other(), u32::try_from(rows)?, skipped, notes)?;
        self.hub.exchange()
    }

    fn arrives(&self, at: usize, file: &Path) -> anyhow::Result<()> {
        let (notes, rows) = WRITTEN[at];
        let what = format!("`{notes}` is in {}", file.display());
        until(&what, || Ok(office::noted_timesheets(file, notes)? == rows))
    }

    fn exchange_of_two(&self, agent: &Staying) -> anyhow::Result<()> {
        says(agent, OK)?;
        self.note(0, 0)?;
        self.arrives(0, &self.store())?;
        self.hub.exchange()?;
        self.note_elsewhere(1, 0)?;
        self.arrives(1, &self.file())
    }

    /// The program's save takes its time, while there is news for the file.
    fn saved_slowly(&self, agent: &Staying) -> anyhow::Result<()> {
        let (notes, rows) = WRITTEN[2];
        let saving = office::begin_notes(&self.file(), u32::try_from(rows)?, 4, notes)?;
        self.note_elsewhere(3, 4)?;
        says(agent, IN_USE)?;
        saving.end()?;
        says(agent, OK)?;
        self.arrives(3, &self.file())?;
        self.arrives(2, &self.store())
    }

    /// A program of Windows keeps the file to itself, as some backup programs do.
    fn held_by_another_program(&self, agent: &Staying) -> anyhow::Result<()> {
        let holder = self.wine.hold(&self.windows_path())?;
        self.note_elsewhere(4, 6)?;
        says(agent, IN_USE)?;
        drop(holder);
        says(agent, OK)?;
        self.arrives(4, &self.file())
    }

    /// As a service it works without anybody who started it, and the service manager stops and starts it.
    fn as_a_service(&self) -> anyhow::Result<()> {
        let _awake = self.wine.stay_awake()?;
        let denk =
            |words: &[&str]| self.wine.run(self.denk, &[&["--data", "data"], words].concat(), &self.folder);
        let net = |word: &str| self.wine.run("net.exe".as_ref(), &[word, "denk-agent"], &self.folder);
        denk(&["service", "install"])?;
        until("the agent's page is there", || Ok(self.link().exists()))?;
        self.note(6, 11)?;
        self.arrives(6, &self.store())?;
        // Over the one that runs.
        denk(&["service", "install"])?;
        net("stop")?;
        ensure!(!self.link().exists(), "the agent that was stopped still runs");
        self.note(7, 12)?;
        net("start")?;
        self.arrives(7, &self.store())?;
        denk(&["service", "remove"])?;
        ensure!(!self.link().exists(), "the agent that was removed still runs");
        ensure!(denk(&["service", "remove"]).is_err(), "a service is removed that is not there");
        Ok(())
    }

    /// Both files and the hub have every row that was written, once.
    fn is_whole(&self) -> anyhow::Result<()> {
        self.hub.exchange()?;
        for file in [self.file(), self.hub.other(), self.store()] {
            for (notes, rows) in WRITTEN {
                let there = office::noted_timesheets(&file, notes)?;
                ensure!(there == rows, "`{notes}` is {there} times in {}", file.display());
            }
        }
        Ok(())
    }
}

fn make(path: &Path, seed: u64) -> anyhow::Result<()> {
    office::generate(path, &Office { shape: Shape::Live, size: Size::small(), region: REGION, seed })
}

/// The hub, and another office of the region; both as processes of this machine.
struct Hub {
    denk: PathBuf,
    folder: TempDir,
    serving: Staying,
    /// What the other office was told.
    line: String,
}

impl Hub {
    fn start(denk: &Path) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("denk-hub-")?;
        // Where offices reach it, and so with a certificate of its own.
        fs::write(folder.path().join("denk.toml"), "[hub]\nlisten = '0.0.0.0:0'\n")?;
        let mut serve = Command::new(denk);
        serve.args(["serve", "--allow-temporary", "--json"]).current_dir(folder.path());
        let serving = Staying::start(serve).context("the hub does not start")?;
        let mut hub = Self { denk: denk.to_owned(), folder, serving, line: String::new() };
        hub.line = hub.add_site("ankara-2")?;
        Ok(hub)
    }

    fn other(&self) -> PathBuf {
        self.folder.path().join("other.db")
    }

    /// Its enrolment line; the one that the hub prints has the port of its configuration.
    fn add_site(&self, name: &str) -> anyhow::Result<String> {
        let said = self.denk(&["site", "add", name, "--region", REGION])?;
        let token = said["token"].as_str().context("a site without a token")?;
        let port = self.serving.says("url")?.rsplit_once(':').context("an address without a port")?.1;
        Ok(format!("denk+https://127.0.0.1:{port}/#{token}.{}", self.serving.says("fingerprint")?))
    }

    /// One exchange of the other office.
    fn exchange(&self) -> anyhow::Result<()> {
        self.denk(&["agent", "--once", "--db", "other.db", "--hub", &self.line]).map(drop)
    }

    fn denk(&self, words: &[&str]) -> anyhow::Result<Value> {
        let mut command = Command::new(&self.denk);
        let output = command.args(words).arg("--json").current_dir(self.folder.path()).output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "denk {} says {said}", words.join(" "));
        Ok(serde_json::from_str(&said)?)
    }
}

/// Waits until the first line of the agent's page is this.
fn says(agent: &Staying, status: &str) -> anyhow::Result<()> {
    let link = agent.says("page")?.trim_start_matches("http://");
    let (address, secret) = link.split_once("/?key=").context("a link without a key")?;
    let shown = format!("Authorization: Bearer {secret}\r\n");
    let mut said = Value::Null;
    let so = until("the agent's page", || {
        let answer = http::get(address, "/state?lang=tr", &shown)?;
        let (_, body) = answer.split_once("\r\n\r\n").context("no answer")?;
        said = serde_json::from_str(body).with_context(|| answer.clone())?;
        Ok(said["status"] == status)
    });
    so.with_context(|| format!("not `{status}`: {said}"))
}
