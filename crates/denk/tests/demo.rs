//! `denk demo` as somebody sees it who has just built the program: one command, and offices are at work.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use reqwest::{Client, redirect::Policy};
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

const OFFICES: [&str; 3] = ["Ankara", "Bursa", "Istanbul"];
const HOURS: &str =
    "select e.full_name || ' ' || t.work_date || ' ' || t.start_time || ' ' || t.end_time || ' ' || t.region
                     from timesheets t join employees e on e.KEY = t.employee_id order by 1";

/// A demo that runs until it is told to stop.
struct Demo {
    process: Child,
    ready: Value,
    /// What it says to people, whole when it has ended.
    said: Receiver<String>,
}

/// Far longer than anything here takes on a slow machine.
const PATIENCE: Duration = Duration::from_mins(3);
/// Between two looks at what the demo has done meanwhile.
const PAUSE: Duration = Duration::from_millis(100);

impl Demo {
    /// Returns when the demo says that it is ready.
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut process = denk(folder).args(arguments).arg("--json").stdout(Stdio::piped()).spawn().unwrap();
        let mut stderr = process.stderr.take().unwrap();
        let (tell, said) = mpsc::channel();
        thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            // The test may have ended already.
            let _ = tell.send(text);
        });
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { process, ready: serde_json::from_str(&line).unwrap(), said }
    }

    /// As a service manager, or Ctrl+C, ends it; the exit code and what it said last.
    fn stop(&mut self) -> (i32, String) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let said = self.said.recv_timeout(PATIENCE).expect("the demo stops");
        (self.process.wait().unwrap().code().unwrap(), said)
    }

    fn url(&self, path: &str) -> String {
        [self.ready["url"].as_str().unwrap(), path].concat()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn denk(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_denk"));
    command.arg("demo").current_dir(folder).env_clear().env("DENK_LANG", "en").stderr(Stdio::piped());
    command
}

fn file(folder: &Path, region: &str) -> PathBuf {
    let pc = format!("{}-1", region.to_lowercase());
    folder.join("denk-demo").join("offices").join(pc).join("puantaj.db")
}

fn hub(folder: &Path) -> PathBuf {
    folder.join("denk-demo").join("hub.db")
}

fn hours(file: &Path, key: &str) -> Vec<String> {
    let connection = Connection::open(file).unwrap();
    let mut statement = connection.prepare(&HOURS.replace("KEY", key)).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Everybody's hours as the offices' files have them.
fn hours_of_offices(folder: &Path) -> Vec<String> {
    let mut all: Vec<String> = OFFICES.iter().flat_map(|region| hours(&file(folder, region), "id")).collect();
    all.sort();
    all
}

fn number(file: &Path, sql: &str) -> i64 {
    Connection::open(file).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

/// The dashboard as somebody sees it who logs in with the password that was printed.
async fn dashboard(demo: &Demo) -> String {
    let client = Client::builder().redirect(Policy::none()).build().unwrap();
    let admin = &demo.ready["passwords"][0];
    assert_eq!(admin["name"], "admin");
    let once = admin["password"].as_str().unwrap();
    let cookie = |answer: &reqwest::Response| {
        let set = answer.headers()["set-cookie"].to_str().unwrap();
        set.split(';').next().unwrap().to_owned()
    };
    let form = [("username", "admin"), ("password", once)];
    let answer = client.post(demo.url("/login")).form(&form).send().await.unwrap();
    assert_eq!(answer.headers()["location"], "/password", "a one-time password");
    let form = [("old", once), ("new", "long enough 1"), ("again", "long enough 1")];
    let request = client.post(demo.url("/password")).header("Cookie", cookie(&answer)).form(&form);
    let answer = request.send().await.unwrap();
    let request = client.get(demo.url("/dashboard?lang=en")).header("Cookie", cookie(&answer));
    let page = request.send().await.unwrap();
    assert_eq!(page.status(), 200);
    page.text().await.unwrap()
}

/// Returns when the hub has heard of more changes than `rev`.
fn work_goes_on(demo: &Demo, folder: &Path, rev: i64) {
    for _ in 0..PATIENCE.as_millis() / PAUSE.as_millis() {
        if number(&hub(folder), "select max(rev) from denk_log") > rev {
            return;
        }
        // It only speaks up at its end.
        assert!(demo.said.recv_timeout(PAUSE).is_err(), "the demo has ended");
    }
    panic!("nobody in the demo works");
}

#[tokio::test]
async fn three_offices_exchange_their_files_with_a_hub_until_the_demo_is_stopped_and_go_on_the_next_time() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let mut demo = Demo::start(folder, &["--listen", "127.0.0.1:0"]);
    assert_eq!(demo.ready["differences"], 0, "{:#}", demo.ready);
    let regions: Vec<&str> =
        demo.ready["offices"].as_array().unwrap().iter().map(|one| one["region"].as_str().unwrap()).collect();
    assert_eq!(regions, ["Ankara", "Istanbul", "Bursa"]);
    let health: Value = reqwest::get(demo.url("/health")).await.unwrap().json().await.unwrap();
    assert_eq!(health["status"], "ok");
    let page = dashboard(&demo).await;
    assert!(OFFICES.iter().all(|region| page.contains(region)), "{page}");
    let count = |sql: &str| number(&hub(folder), sql);
    assert_eq!(count("select count(*) from employees"), 36, "all of three offices");
    assert!(count("select count(*) from denk_conflicts") > 0, "the common night shift");
    work_goes_on(&demo, folder, count("select max(rev) from denk_log"));
    assert_eq!(reqwest::get(demo.url("/health")).await.unwrap().status(), 200);
    let (code, said) = demo.stop();
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("The demo has stopped"), "{said}");

    let at_the_end = hours_of_offices(folder);
    assert_eq!(hours(&hub(folder), "gid"), at_the_end, "the hub has what the offices have");
    assert!(!file(folder, "Ankara").with_extension("db-journal").exists());
    assert_eq!(count("select count(*) from denk_sites"), 3);

    let rev = count("select max(rev) from denk_log");
    let mut again = Demo::start(folder, &["--listen", "127.0.0.1:0"]);
    assert_eq!(again.ready["passwords"], serde_json::json!([]), "shown once");
    let (code, said) = again.stop();
    assert_eq!((code, count("select count(*) from denk_sites")), (0, 3), "{said}");
    assert!(count("select max(rev) from denk_log") > rev);
    assert_eq!(count("select count(*) from employees"), 36, "nobody twice");
    assert_eq!(hours(&hub(folder), "gid"), hours_of_offices(folder));
}

#[test]
fn a_port_in_use_is_passed_over_unless_it_was_asked_for() {
    let folder = TempDir::new().unwrap();
    // The usual one: another test, or a hub of this machine's, may have it as well.
    let _usual = TcpListener::bind("127.0.0.1:8787");
    let mut demo = Demo::start(folder.path(), &[]);
    assert!(!demo.url("").ends_with(":8787"), "{}", demo.url(""));
    let taken = demo.url("").trim_start_matches("http://").to_owned();
    let other = denk(folder.path()).args(["--data", "other", "--listen", &taken, "--json"]).output().unwrap();
    let said: Value = serde_json::from_slice(&other.stdout).unwrap();
    assert_eq!((other.status.code(), &said["error"]["code"]), (Some(1), &"DENK-5008".into()), "{said:#}");
    assert!(said["error"]["hint"].as_str().unwrap().contains("--listen"));
    let same = denk(folder.path()).arg("--json").output().unwrap();
    let said: Value = serde_json::from_slice(&same.stdout).unwrap();
    assert_eq!(said["error"]["code"], "DENK-5007", "one demo for each folder: {said:#}");
    assert_eq!(demo.stop().0, 0);
}

#[test]
fn what_is_not_the_demo_s_is_left_alone_and_what_is_torn_is_told() {
    let folder = TempDir::new().unwrap();
    let refused = || {
        let output = denk(folder.path()).args(["--json", "--listen", "127.0.0.1:0"]).output().unwrap();
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (output.status.code(), &said["error"]["code"]),
            (Some(1), &"DENK-3007".into()),
            "{said:#}"
        );
        said["error"]["why"].as_str().unwrap().to_owned()
    };
    fs::create_dir(folder.path().join("denk-demo")).unwrap();
    fs::write(hub(folder.path()), "somebody's store").unwrap();
    assert!(refused().contains("hub.db"));
    assert_eq!(fs::read(hub(folder.path())).unwrap(), b"somebody's store");
    fs::remove_file(hub(folder.path())).unwrap();

    assert_eq!(Demo::start(folder.path(), &["--listen", "127.0.0.1:0"]).stop().0, 0);
    fs::remove_file(file(folder.path(), "Bursa")).unwrap();
    assert!(refused().contains("bursa-1"));
}
