//! What people and scripts are told: the page's first line, exit codes, files that are none, enrolment lines.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
};

use serde_json::Value;

use super::{Office, Staying, door::Door, hub::Hub, until};

fn ankara(hub: &Hub) -> Office {
    Office::new(hub, "a1", "Ankara", hub.file("a1.db", "Ankara", 1))
}

#[test]
fn the_first_line_says_that_changes_wait_for_approval() {
    let hub = Hub::start();
    let office = ankara(&hub);
    let staying = Staying::start(&hub, &office);
    let door = Door::of(&staying);
    until("the first exchange", || door.page().contains("Senkron OK (Ankara)<"));
    office.write("delete from timesheets");
    let held = "Senkron OK (Ankara) - onay bekleyen değişiklikler var<";
    until("the batch is held", || door.page().contains(held));
    let id = hub.denk(&["held", "list"]).1["items"][0]["id"].to_string();
    let (code, said) = hub.denk(&["held", "approve", &id]);
    assert_eq!(code, 0, "{said:#}");
    door.sync();
    assert!(door.page().contains("Senkron OK (Ankara)<"), "{}", door.page());
}

#[test]
fn a_first_file_that_waits_for_approval_is_in_the_first_line_too() {
    let hub = Hub::start();
    // Its people are of another region than its token.
    let office = Office::new(&hub, "a1", "Ankara", hub.file("a1.db", "Bursa", 1));
    let staying = Staying::start(&hub, &office);
    let door = Door::of(&staying);
    until("the file is held", || door.page().contains("Senkron OK (Ankara) - onay bekleyen"));
}

/// A hub that is told by its command line where to listen.
struct Listening(Child, String);

impl Listening {
    fn start(hub: &Hub) -> Self {
        let words = ["serve", "--allow-temporary", "--json", "--listen", "127.0.0.1:0"];
        let mut process = hub.command(&words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        Self(process, ready["url"].as_str().unwrap().to_owned())
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn an_enrolment_line_says_where_the_hub_listens_that_was_told_by_its_command_line() {
    let mut hub = Hub::start();
    hub.kill();
    let line = |hub: &Hub, name: &str| {
        let said = hub.denk(&["site", "add", name, "--region", "Ankara"]).1;
        said["enrolment"].as_str().unwrap().to_owned()
    };
    let listening = Listening::start(&hub);
    let office = Office {
        file: hub.file("a1.db", "Ankara", 1),
        settings: hub.folder.path().join("a1.toml"),
        line: line(&hub, "a1"),
    };
    assert!(office.line.starts_with(&format!("denk+{}/#", listening.1)), "{}", office.line);
    office.synced(&hub);
    drop(listening);
    hub.serve();
    let configured = line(&hub, "a2");
    assert!(configured.starts_with("denk+http://127.0.0.1:0/#"), "the configuration counts: {configured}");
}
