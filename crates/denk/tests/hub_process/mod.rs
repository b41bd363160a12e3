//! The built program as a hub of its own process, and what clients and people do to it.
#![allow(dead_code, reason = "not every test needs all of it")]

pub mod content;

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use reqwest::multipart::{Form, Part};
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;
use testkit::office::{self, Office, Shape, Size};

/// Far longer than anything here takes on a slow machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// The hub as a process of its own, killed at the end.
pub struct Hub {
    pub folder: TempDir,
    process: Option<Child>,
    pub url: String,
    web: tokio::runtime::Runtime,
}

impl Hub {
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// With further lines of `[hub]` in its configuration.
    pub fn start_with(settings: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let file = format!("[hub]\nlisten = '127.0.0.1:0'\napi_key = 'shared'\n{settings}");
        fs::write(folder.path().join("denk.toml"), file).unwrap();
        let web = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut hub = Self { folder, process: None, url: String::new(), web };
        hub.serve();
        hub
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_denk"));
        command.current_dir(self.folder.path()).args(arguments).env("DENK_LANG", "en").env_remove("API_KEY");
        command
    }

    pub fn serve(&mut self) {
        self.serve_until("");
    }

    /// Starts the hub and waits until it says where it listens. At this failpoint it will end, as a power cut would end
    /// it.
    pub fn serve_until(&mut self, failpoint: &str) {
        let mut command = self.command(&["serve", "--allow-temporary", "--json"]);
        if !failpoint.is_empty() {
            command.env("DENK_TEST_KILL_AT", failpoint);
        }
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        self.url = ready["url"].as_str().unwrap().to_owned();
        self.process = Some(process);
    }

    /// As a power cut would end it.
    pub fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    pub fn denk(&self, arguments: &[&str]) -> (i32, Value) {
        let output = self.command(arguments).arg("--json").output().unwrap();
        let said = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code().unwrap(), said)
    }

    pub fn add_site(&self, name: &str, region: &str) -> String {
        let (code, said) = self.denk(&["site", "add", name, "--region", region]);
        assert_eq!(code, 0, "{said:#}");
        said["token"].as_str().unwrap().to_owned()
    }

    /// Sends a file as the old program does.
    pub fn upload(&self, key: &str, region: &str, file: &Path) -> (u16, Value) {
        self.try_upload(key, region, file).unwrap()
    }

    /// `None`: the hub hung up without an answer.
    pub fn try_upload(&self, key: &str, region: &str, file: &Path) -> Option<(u16, Value)> {
        send(&self.url, key, region, file)
    }

    /// Where a log-in leads; `None` when it is refused.
    pub fn log_in(&self, name: &str, password: &str) -> Option<String> {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let form = [("username", name), ("password", password)];
        let request = client.post(format!("{}/login", self.url)).form(&form);
        let answer = self.web.block_on(request.send()).unwrap();
        answer.headers().get("location").map(|place| place.to_str().unwrap().to_owned())
    }

    pub fn download(&self, key: &str, region: &str, file: &Path) -> u16 {
        self.try_download(key, region, file).unwrap()
    }

    /// `None`: the hub hung up without an answer; then the file stays as it is.
    pub fn try_download(&self, key: &str, region: &str, file: &Path) -> Option<u16> {
        let request = reqwest::Client::new()
            .get(format!("{}/sync/download", self.url))
            .header("X-API-KEY", key)
            .header("X-Region", region);
        self.web.block_on(async {
            let answer = request.send().await.ok()?;
            let status = answer.status().as_u16();
            fs::write(file, answer.bytes().await.ok()?).unwrap();
            Some(status)
        })
    }

    pub fn get(&self, path: &str, key: Option<&str>) -> (u16, Value) {
        let mut request = reqwest::Client::new().get(format!("{}{path}", self.url));
        if let Some(key) = key {
            request = request.header("X-API-KEY", key);
        }
        self.web.block_on(async {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.json().await.unwrap_or_default())
        })
    }

    /// Rows of the hub's own store.
    pub fn holds(&self, sql: &str) -> Vec<String> {
        let connection = Connection::open(self.folder.path().join("data/hub.db")).unwrap();
        connection.busy_timeout(PATIENCE).unwrap();
        texts(&connection, sql)
    }

    pub fn file(&self, name: &str, region: &str, seed: u64) -> PathBuf {
        let path = self.folder.path().join(name);
        let office = Office { shape: Shape::Live, size: Size::small(), region, seed };
        office::generate(&path, &office).unwrap();
        path
    }
}

#[cfg(unix)]
impl Hub {
    /// Waits until the hub ended by itself, but not for ever. Which signal ended it, if one did.
    pub fn ended(&mut self) -> Option<i32> {
        let mut process = self.process.take().unwrap();
        let id = process.id().to_string();
        let (said, told) = std::sync::mpsc::channel();
        let waits = thread::spawn(move || said.send(process.wait().unwrap()));
        let status = told.recv_timeout(PATIENCE).ok();
        if status.is_none() {
            Command::new("kill").args(["-KILL", &id]).status().unwrap();
        }
        waits.join().unwrap().unwrap();
        std::os::unix::process::ExitStatusExt::signal(&status.expect("the hub ends by itself"))
    }
}

/// Sends a file to the hub at this address.
pub fn send(url: &str, key: &str, region: &str, file: &Path) -> Option<(u16, Value)> {
    let part = Part::bytes(fs::read(file).unwrap()).file_name("puantaj.db");
    let request = reqwest::Client::new()
        .post(format!("{url}/sync"))
        .header("X-API-KEY", key)
        .header("X-Region", region)
        .header("X-Reason", "timesheet")
        .multipart(Form::new().part("db", part));
    let web = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    web.block_on(async {
        let answer = request.send().await.ok()?;
        Some((answer.status().as_u16(), answer.json().await.unwrap_or_default()))
    })
}

impl Drop for Hub {
    fn drop(&mut self) {
        if self.process.is_some() {
            self.kill();
        }
    }
}

pub fn rows(file: &Path, sql: &str) -> Vec<String> {
    let connection = Connection::open(file).unwrap();
    connection.busy_timeout(PATIENCE).unwrap();
    texts(&connection, sql)
}

fn texts(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Looks until it is so, but not for ever.
pub fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..1_200 {
        if let Some(found) = look() {
            return found;
        }
        thread::park_timeout(Duration::from_millis(50));
    }
    panic!("it never came to be");
}
