//! The agent's local page: what requests come to, and what people see in a real browser.
#![allow(clippy::unwrap_used, reason = "tests")]
#![cfg(unix)]

mod browser;
mod clerk;
mod conflicts;
mod evil;
#[path = "../hub_process/mod.rs"]
mod hub;
mod requests;

use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Stdio},
    thread,
    time::Duration,
};

use hub::Hub;
use serde_json::Value;

/// A hub, and the agent of one office of Ankara with its page.
struct Office {
    hub: Hub,
    /// Where the office program's file is to be; it is not there at first.
    file: PathBuf,
    settings: PathBuf,
    token: String,
    agent: Child,
    /// What opens the page.
    page: String,
}

impl Office {
    /// The agent stays although the file is missing.
    fn without_file() -> Self {
        let hub = Hub::start();
        let token = hub.add_site("a1", "Ankara");
        let (file, settings) =
            (hub.folder.path().join("büro dosyası.db"), hub.folder.path().join("a1").join("agent.toml"));
        let line = format!("denk+{}/#{token}", hub.url);
        let words =
            ["-c", settings.to_str().unwrap(), "agent", "--db", file.to_str().unwrap(), "--hub", &line];
        let mut command = hub.command(&words);
        command.args(["--listen", "127.0.0.1:0", "--json"]).env("DENK_LANG", "tr");
        let mut agent = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(agent.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let page = ready["page"].as_str().unwrap().to_owned();
        Self { hub, file, settings, token, agent, page }
    }

    fn start() -> Self {
        let office = Self::without_file();
        office.bring_file();
        office
    }

    fn bring_file(&self) {
        let made = self.hub.file("made.db", "Ankara", 1);
        fs::rename(made, &self.file).unwrap();
    }

    /// The page's address without the secret and without a slash.
    fn base(&self) -> &str {
        self.page.split("/?").next().unwrap()
    }

    fn kept(&self) -> String {
        fs::read_to_string(&self.settings).unwrap()
    }

    fn stop(&mut self) {
        let _ = self.agent.kill();
        let _ = self.agent.wait();
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Looks again and again until it is so; the number of looks ends a test that fails.
fn until(what: &str, so: impl Fn() -> bool) {
    let looks = (0..3_000).take_while(|_| !so()).inspect(|_| thread::park_timeout(Duration::from_millis(20)));
    assert!(looks.count() < 3_000, "{what}");
}
