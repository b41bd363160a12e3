//! Backups that are copied to another machine by SFTP: the built program against OpenSSH's own server, which refuses, breaks
//! off, is full, is somebody else, or is all that is left.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests")]

mod hub_process;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use hub_process::{Hub, rows, until};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::sshd::{Allows, Sshd, another_key};

const PEOPLE: &str = "select full_name from employees order by 1";

struct World {
    folder: TempDir,
    server: Sshd,
}

impl World {
    fn new(allows: Allows) -> Self {
        let folder = TempDir::new().unwrap();
        let server = Sshd::start(&folder.path().join("sshd"), allows);
        Self { folder, server }
    }

    fn there(&self) -> PathBuf {
        self.folder.path().join("there")
    }

    /// What a hub's configuration says.
    fn settings(&self, keep: u32, every: &str) -> String {
        self.settings_with((keep, every), &self.server.host_key, &self.folder.path().join("sshd/key"))
    }

    fn settings_with(&self, (keep, every): (u32, &str), host_key: &str, key: &Path) -> String {
        format!(
            "backup = {{ keep = {keep}, every = '{every}', copy_to = '{}', copy_host_key = '{host_key}', \
             copy_key = {{ file = '{}' }} }}",
            self.server.url(&self.there()),
            key.display()
        )
    }

    /// Names of all files there, seen from the folder.
    fn files(&self) -> Vec<String> {
        let mut all = Vec::new();
        for folder in fs::read_dir(self.there()).into_iter().flatten() {
            let folder = folder.unwrap();
            for file in fs::read_dir(folder.path()).unwrap() {
                let name = file.unwrap().file_name().into_string().unwrap();
                all.push(format!("{}/{name}", folder.file_name().to_str().unwrap()));
            }
        }
        all.sort();
        all
    }
}

fn filled(settings: &str) -> Hub {
    let hub = Hub::start_with(settings);
    let token = hub.add_site("pc", "Ankara");
    let file = hub.file("pc.db", "Ankara", 1);
    assert_eq!(hub.upload(&token, "Ankara", &file).0, 200);
    hub
}

/// Makes a backup that is copied.
fn create(hub: &Hub) -> String {
    let (code, said) = hub.denk(&["backup", "create"]);
    assert_eq!((code, &said["copied"]), (0, &json!(true)), "{said:#}");
    said["id"].as_str().unwrap().to_owned()
}

/// Makes a backup that cannot be copied, and is there all the same. Why not.
fn create_only_here(hub: &Hub) -> (String, String) {
    let (code, said) = hub.denk(&["backup", "create"]);
    assert_eq!((code, &said["copied"]), (3, &json!(false)), "{said:#}");
    let id = said["id"].as_str().unwrap();
    assert!(hub.folder.path().join(format!("data/backups/{id}.db.zst")).exists());
    (id.to_owned(), said["copy_error"].as_str().unwrap().to_owned())
}

/// Names and states of the backups there, as the list tells them.
fn listed_there(hub: &Hub) -> Vec<(String, String)> {
    let (_, said) = hub.denk(&["backup", "list"]);
    let there = said["items"].as_array().unwrap().iter().filter(|item| item["elsewhere"] == true);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    there.map(|item| (text(&item["id"]), text(&item["state"]))).collect()
}

#[test]
fn when_the_machine_is_lost_its_copies_bring_the_hub_back() {
    let world = World::new(Allows::default());
    let hub = filled(&world.settings(2, "never"));
    let people = hub.holds(PEOPLE);
    let first = create(&hub);
    let id = create(&hub);
    let whole = |id: &str| (id.to_owned(), "whole".to_owned());
    assert_eq!(listed_there(&hub), [whole(&id), whole(&first)]);
    let (code, said) = hub.denk(&["backup", "drill", "--copy"]);
    assert_eq!((code, &said["id"]), (0, &json!(id)), "{said:#}");
    drop(hub);
    // Another machine, on which there is nothing but the configuration.
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("denk.toml"), format!("[hub]\n{}", world.settings(2, "never"))).unwrap();
    let denk = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_denk"));
        let output = command.current_dir(folder.path()).args(arguments).arg("--json").output().unwrap();
        let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code().unwrap(), said)
    };
    let (code, said) = denk(&["backup", "list"]);
    assert_eq!((code, said["items"].as_array().unwrap().len()), (0, 2), "{said:#}");
    let (code, said) = denk(&["backup", "restore", &id]);
    assert_eq!((code, &said["error"]["code"]), (2, &json!("DENK-4003")), "it asks first: {said:#}");
    let (code, said) = denk(&["backup", "restore", "20010101T000000Z", "--yes"]);
    assert_eq!((code, &said["error"]["code"]), (1, &json!("DENK-5024")), "{said:#}");
    let (code, said) = denk(&["backup", "restore", &first, "--to", "beside"]);
    assert_eq!(code, 0, "{said:#}");
    assert_eq!(rows(&folder.path().join("beside/hub.db"), PEOPLE), people);
    let (code, said) = denk(&["backup", "restore", &id, "--yes"]);
    assert_eq!(code, 0, "{said:#}");
    assert_eq!(rows(&folder.path().join("data/hub.db"), PEOPLE), people);
    assert!(folder.path().join("data/certificate.pem").exists() || said["beside"] == json!([]));
}

#[test]
fn a_server_with_another_key_gets_nothing_and_its_key_is_told() {
    let world = World::new(Allows::default());
    let (_, other) = another_key(world.folder.path());
    let key = world.folder.path().join("sshd/key");
    let hub = filled(&world.settings_with((2, "never"), &other, &key));
    let (_, why) = create_only_here(&hub);
    assert!(why.contains(&world.server.host_key), "{why}");
    let (code, said) = hub.denk(&["backup", "list"]);
    assert_eq!((code, said["items"].as_array().unwrap().len()), (3, 1), "what is here is listed: {said:#}");
    assert!(said["copies"]["error"].as_str().unwrap().contains(&world.server.host_key), "{said:#}");
    assert_eq!((world.files(), world.server.log().contains(" user ")), (vec![], false));
}

#[test]
fn a_server_that_refuses_may_not_write_or_is_full_keeps_no_backup_from_being_made() {
    let world = World::new(Allows::default());
    let _ = another_key(world.folder.path());
    let stranger = world.folder.path().join("another");
    let hub = filled(&world.settings_with((2, "never"), &world.server.host_key, &stranger));
    let (_, why) = create_only_here(&hub);
    assert!(why.contains("lets denk not in") && why.contains("publickey"), "{why}");
    drop(hub);
    for allows in
        [Allows { only_reading: true, ..Allows::default() }, Allows { blocks: Some(8), ..Allows::default() }]
    {
        let world = World::new(allows);
        let hub = filled(&world.settings(2, "never"));
        let (_, why) = create_only_here(&hub);
        assert!(why.contains(&world.server.url(&world.there())), "{why}");
        assert!(world.files().iter().all(|name| name.ends_with(".part")), "{:?}", world.files());
    }
}

#[test]
fn cut_off_in_the_middle_nothing_looks_whole_there_and_the_next_backup_makes_it_up() {
    let world = World::new(Allows::default());
    let hub = filled(&world.settings(9, "never"));
    let mut ids = Vec::new();
    // While it knocks, after the log-in, and within the file.
    for passes in [500, 6_000, 20_000] {
        world.server.cut_after(passes);
        let (id, _) = create_only_here(&hub);
        world.server.mend();
        assert_eq!(listed_there(&hub), [], "{passes}: {:?}", world.files());
        ids.push(id);
    }
    ids.push(create(&hub));
    ids.reverse();
    let whole: Vec<_> = ids.iter().map(|id| (id.clone(), "whole".to_owned())).collect();
    assert_eq!(listed_there(&hub), whole);
    assert!(world.files().iter().all(|name| !name.ends_with(".part")), "{:?}", world.files());
    // What became damaged there is told, and made up as well.
    let packed =
        world.files().into_iter().find(|name| name.ends_with(&format!("{}.db.zst", ids[1]))).unwrap();
    fs::write(world.there().join(packed), "short").unwrap();
    assert_eq!(listed_there(&hub)[1], (ids[1].clone(), "damaged".to_owned()));
    ids.insert(0, create(&hub));
    assert!(listed_there(&hub).iter().all(|(_, state)| state == "whole"));
}

#[test]
fn two_hubs_in_one_folder_keep_their_backups_apart() {
    let world = World::new(Allows::default());
    let settings = world.settings(1, "never");
    let (one, other) = (filled(&settings), filled(&settings));
    let folder = || {
        let files = world.files().into_iter();
        files.filter_map(|name| Some(name.split_once('/')?.0.to_owned())).collect::<Vec<String>>()
    };
    let first = create(&one);
    let folders = folder();
    assert!(folders.len() == 2 && folders[0] == folders[1], "{folders:?}");
    let ofs = [first, create(&other)];
    assert_eq!(folder().iter().filter(|other| **other == folders[0]).count(), 2);
    assert_eq!(folder().len(), 4);
    // What is not denk's stays, whatever it is.
    let strange = ["notes.txt", "20010101T000000Z.txt", "20010101T000000Z", "backup.db.zst"];
    for name in strange {
        fs::write(world.there().join(&folders[0]).join(name), "mine").unwrap();
    }
    let next = create(&one);
    let left = world.files();
    // Both may be made in one second, and bear one name then.
    let holds = |of_one: bool, id: &str| {
        let name = format!("/{id}.");
        left.iter().filter(|file| file.starts_with(&folders[0]) == of_one && file.contains(&name)).count()
    };
    assert_eq!((holds(true, &next), holds(false, &ofs[1])), (2, 2), "{left:?}");
    assert_eq!(holds(true, &ofs[0]), 0, "{left:?}");
    assert_eq!(left.len(), 4 + strange.len(), "{left:?}");
    let (_, said) = one.denk(&["backup", "list"]);
    let there = said["items"].as_array().unwrap().iter().filter(|item| item["elsewhere"] == true);
    assert_eq!(there.count(), 2, "both are seen: {said:#}");
    let (code, said) = other.denk(&["backup", "drill", "--copy"]);
    assert_eq!((code, &said["id"]), (0, &json!(ofs[1])), "each takes its own: {said:#}");
}

#[test]
fn by_the_clock_what_could_not_be_copied_is_an_alert_and_made_up() {
    let world = World::new(Allows::default());
    world.server.cut_after(0);
    let hub = filled(&world.settings(3, "1s"));
    let alerts = || hub.holds("select kind || ' ' || what from denk_alerts");
    let wanted = format!("backup_away {}", world.server.url(&world.there()));
    until(|| (alerts() == [wanted.clone()]).then_some(()));
    until(|| (fs::read_dir(hub.folder.path().join("data/backups")).unwrap().count() > 6).then_some(()));
    world.server.mend();
    until(|| (listed_there(&hub).len() == 3).then_some(()));
    assert_eq!(alerts(), [wanted]);
}

#[test]
fn what_is_configured_wrongly_is_told_before_anything_is_done() {
    let folder = TempDir::new().unwrap();
    let hash = format!("SHA256:{}", "A".repeat(43));
    let (to, key) = ("copy_to = 'sftp://denk@127.0.0.1:1/b'", format!("copy_host_key = '{hash}'"));
    let cases = [
        (to.to_owned(), "DENK-1009"),
        (format!("{to}, {key}"), "DENK-1009"),
        (format!("{to}, {key}, copy_key = 'x', copy_password = 'y'"), "DENK-1009"),
        (format!("{to}, {key}, copy_key = {{ file = 'nowhere' }}"), "DENK-1006"),
        (format!("{to}, copy_host_key = 'SHA256:short'"), "DENK-1005"),
        ("copy_to = 'sftp://denk:parola77@127.0.0.1/b'".to_owned(), "DENK-1005"),
        ("copy_to = 'sftp://127.0.0.1/b'".to_owned(), "DENK-1005"),
    ];
    for (line, wanted) in cases {
        fs::write(folder.path().join("denk.toml"), format!("[hub]\nbackup = {{ {line} }}\n")).unwrap();
        for language in ["en", "tr"] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_denk"));
            command.current_dir(folder.path()).args(["backup", "create", "--lang", language, "--json"]);
            let output = command.output().unwrap();
            let said = String::from_utf8(output.stdout).unwrap();
            assert!(said.contains(wanted) && !said.contains("parola77"), "{line}: {said}");
            assert_eq!(output.status.code(), Some(2), "{line}");
        }
    }
}
