//! `denk backup` as people and the clock use it: the built program, killed at every step, without room on the disk, two at
//! once, beside a hub that serves.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests")]

mod hub_process;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use hub_process::{Hub, rows, until};
use serde_json::{Value, json};

/// Where making a backup, and putting one back, can be stopped.
const CREATE: [&str; 4] = ["backup-copied", "backup-packed", "backup-described", "backup-placed"];
const RESTORE: [&str; 4] = ["restore-unpacked", "restore-kept", "restore-settled", "restore-placed"];

const PEOPLE: &str = "select full_name from employees order by 1";

/// A hub that has taken an office's file.
fn filled(settings: &str) -> (Hub, String, PathBuf) {
    let hub = Hub::start_with(settings);
    let token = hub.add_site("pc", "Ankara");
    let file = hub.file("pc.db", "Ankara", 1);
    assert_eq!(hub.upload(&token, "Ankara", &file).0, 200);
    (hub, token, file)
}

fn items(hub: &Hub) -> Vec<Value> {
    let (code, said) = hub.denk(&["backup", "list"]);
    assert_eq!(code, 0, "{said:#}");
    said["items"].as_array().unwrap().clone()
}

fn states(hub: &Hub) -> Vec<String> {
    items(hub).iter().map(|item| item["state"].as_str().unwrap().to_owned()).collect()
}

fn create(hub: &Hub) -> String {
    let (code, said) = hub.denk(&["backup", "create"]);
    assert_eq!(code, 0, "{said:#}");
    said["id"].as_str().unwrap().to_owned()
}

fn killed_at(hub: &Hub, arguments: &[&str], point: &str) {
    let mut command = hub.command(arguments);
    let ended =
        command.env("DENK_TEST_KILL_AT", point).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&ended), Some(6), "{point}");
}

fn folder(hub: &Hub) -> PathBuf {
    hub.folder.path().join("data/backups")
}

/// Adds somebody at the office, and has the hub told.
fn add(hub: &Hub, token: &str, file: &Path, name: &str) {
    let connection = rusqlite::Connection::open(file).unwrap();
    connection.execute("insert into employees (full_name, region) values (?1, 'Ankara')", [name]).unwrap();
    drop(connection);
    let (status, said) = hub.upload(token, "Ankara", file);
    assert_eq!((status, &said["tables"]["employees"]["inserted"]), (200, &json!(1)), "{said:#}");
}

#[test]
fn killed_at_any_step_of_a_backup_nothing_looks_whole_that_is_not() {
    let (hub, token, file) = filled("");
    let first = create(&hub);
    for (at, point) in CREATE.into_iter().enumerate() {
        add(&hub, &token, &file, &format!("Kişi {at}"));
        killed_at(&hub, &["backup", "create"], point);
        let whole: Vec<_> = items(&hub).into_iter().filter(|item| item["state"] == "whole").collect();
        assert_eq!(whole.len(), 1, "{point}: {whole:#?}");
        assert_eq!(whole[0]["id"], first.as_str());
    }
    assert_eq!(hub.holds(PEOPLE).iter().filter(|name| name.starts_with("Kişi ")).count(), CREATE.len());
    let next = create(&hub);
    let left: Vec<_> = fs::read_dir(folder(&hub)).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_str().unwrap().contains(".part")), "{left:?}");
    let (code, said) = hub.denk(&["backup", "drill"]);
    assert_eq!((code, &said["id"]), (0, &json!(next)), "{said:#}");
}

#[test]
fn killed_at_any_step_of_a_restore_the_store_is_the_old_or_the_new_one() {
    let (mut hub, token, file) = filled("");
    let backup = create(&hub);
    let then = hub.holds(PEOPLE);
    add(&hub, &token, &file, "Sonra Gelen");
    let now = hub.holds(PEOPLE);
    for point in RESTORE {
        hub.kill();
        killed_at(&hub, &["backup", "restore", &backup, "--yes"], point);
        let expected = if point == "restore-placed" { &then } else { &now };
        assert_eq!(&hub.holds(PEOPLE), expected, "{point}");
        assert!(states(&hub).iter().all(|state| state == "whole"), "{point}");
        hub.serve();
        assert_eq!(hub.get("/health", None).0, 200, "{point}");
    }
    hub.kill();
    let (code, said) = hub.denk(&["backup", "restore", &backup, "--yes"]);
    assert_eq!(code, 0, "{said:#}");
    hub.serve();
    // The office's file goes on, and tells again what the hub lost.
    assert_eq!(hub.upload(&token, "Ankara", &file).0, 200);
    assert_eq!(hub.holds(PEOPLE), now);
}

#[test]
fn a_restore_asks_first_and_waits_until_the_hub_is_stopped() {
    let (mut hub, _, _) = filled("");
    let backup = create(&hub);
    let code =
        |(exit, said): (i32, Value)| (exit, said["error"]["code"].as_str().unwrap_or_default().to_owned());
    assert_eq!(code(hub.denk(&["backup", "restore", &backup])), (2, "DENK-4003".to_owned()));
    assert_eq!(code(hub.denk(&["backup", "restore", "20260101T000000Z"])), (1, "DENK-5024".to_owned()));
    assert_eq!(code(hub.denk(&["backup", "restore", &backup, "--yes"])), (1, "DENK-5026".to_owned()));
    assert_eq!(hub.get("/health", None).0, 200);
    let elsewhere = hub.folder.path().join("elsewhere");
    let to = elsewhere.to_str().unwrap();
    assert_eq!(hub.denk(&["backup", "restore", &backup, "--to", to]).0, 0, "beside it, it may serve");
    assert_eq!(rows(&elsewhere.join("hub.db"), PEOPLE), hub.holds(PEOPLE));
    assert_eq!(code(hub.denk(&["backup", "restore", &backup, "--to", to])), (1, "DENK-5027".to_owned()));
    hub.kill();
    let (exit, said) = hub.denk(&["backup", "restore", &backup, "--yes"]);
    assert_eq!(exit, 0, "{said:#}");
    let reasons: Vec<_> = items(&hub).iter().map(|item| item["reason"].clone()).collect();
    assert_eq!(reasons, ["safety", "asked"]);
    assert_eq!(items(&hub)[0]["id"], said["safety"]);
    let audit = hub.holds("select action || ' ' || what from denk_audit where who = 'denk backup'");
    assert_eq!(audit, [format!("restore {backup}")]);
}

#[test]
fn two_at_once_beside_a_hub_that_is_written() {
    let (hub, token, file) = filled("");
    let start = || hub.command(&["backup", "create", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let both = [start(), start()];
    add(&hub, &token, &file, "Bu Sırada Gelen");
    let mut ids = Vec::new();
    for made in both {
        let output = made.wait_with_output().unwrap();
        assert!(output.status.success());
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        ids.push(said["id"].as_str().unwrap().to_owned());
    }
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), states(&hub)), (2, vec!["whole".to_owned(); 2]));
}

/// Runs denk where no file may grow beyond so many blocks of 512 bytes, which looks like a full disk.
fn cramped(hub: &Hub, blocks: u32, arguments: &[&str]) -> (i32, Value) {
    let mut command = Command::new("sh");
    command.current_dir(hub.folder.path()).env("DENK_LANG", "en");
    command.args(["-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\""]).arg(blocks.to_string());
    let output = command.arg(env!("CARGO_BIN_EXE_denk")).args(arguments).arg("--json").output().unwrap();
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap_or_default())
}

#[test]
fn without_room_there_is_no_backup_and_nothing_else_is_touched() {
    let (mut hub, _, _) = filled("");
    let backup = create(&hub);
    let before = hub.holds(PEOPLE);
    // Not enough for the copy; enough for the copy of a page, but not for what is unpacked.
    for blocks in [8, 200] {
        let (code, said) = cramped(&hub, blocks, &["backup", "create"]);
        assert_eq!(code, 1, "{blocks}: {said:#}");
        // SQLite knows a file that may not grow only as one that cannot be written.
        assert!(
            ["DENK-2009", "DENK-2001", "DENK-5023"].contains(&said["error"]["code"].as_str().unwrap()),
            "{said:#}"
        );
        assert_eq!(states(&hub), ["whole"], "{blocks}");
    }
    let left: u64 =
        fs::read_dir(folder(&hub)).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    hub.kill();
    let (code, said) = cramped(&hub, 200, &["backup", "restore", &backup, "--yes"]);
    assert_eq!(code, 1, "{said:#}");
    assert_eq!(hub.holds(PEOPLE), before);
    assert!(!hub.folder.path().join("data/hub.db.restoring").exists());
    let now: u64 =
        fs::read_dir(folder(&hub)).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert_eq!(now, left, "what was begun takes no room");
    hub.serve();
    assert_eq!(hub.get("/health", None).0, 200);
}

#[test]
fn by_the_clock_a_backup_is_made_and_tried_out_and_a_failure_is_an_alert() {
    let (hub, _, _) = filled("backup = { every = '1s', keep = 2 }");
    until(|| (items(&hub).len() == 2).then_some(()));
    let drill = until(|| hub.denk(&["backup", "list"]).1["drill"]["ok"].as_bool());
    assert!(drill);
    assert!(items(&hub).iter().all(|item| item["reason"] == "schedule"));
    assert_eq!(hub.holds("select kind from denk_alerts"), [""; 0]);
    // A file lies where the folder was.
    until(|| {
        fs::rename(folder(&hub), hub.folder.path().join("away"))
            .and_then(|()| fs::write(folder(&hub), ""))
            .ok()
    });
    until(|| (hub.holds("select kind from denk_alerts") == ["backup_folder"]).then_some(()));
    fs::remove_file(folder(&hub)).unwrap();
    until(|| (!items(&hub).is_empty()).then_some(()));
}

#[test]
fn backups_that_people_make_are_tried_out_by_night_also_when_none_is_made_by_the_clock() {
    let (hub, _, _) = filled("backup = { every = 'never' }");
    create(&hub);
    until(|| hub.denk(&["backup", "list"]).1["drill"]["ok"].as_bool().filter(|ok| *ok));
    assert_eq!(items(&hub).len(), 1, "nobody asked for another");
}

#[test]
fn a_drill_that_fails_ends_with_1_and_an_alert() {
    let (hub, _, _) = filled("");
    assert_eq!(hub.denk(&["backup", "drill"]).1["error"]["code"], "DENK-5024");
    let backup = create(&hub);
    let packed = folder(&hub).join(format!("{backup}.db.zst"));
    let mut bytes = fs::read(&packed).unwrap();
    bytes[100] ^= 1;
    fs::write(packed, bytes).unwrap();
    let (code, said) = hub.denk(&["backup", "drill"]);
    assert_eq!((code, &said["error"]["code"]), (1, &json!("DENK-5025")), "{said:#}");
    assert_eq!(
        hub.holds("select kind || ' ' || what from denk_alerts order by id"),
        ["drill_failed ".to_owned(), format!("drill_failed {backup}")]
    );
    let (_, said) = hub.denk(&["backup", "list"]);
    assert_eq!(
        (&said["drill"]["ok"], &said["items"][0]["state"]),
        (&json!(false), &json!("damaged")),
        "{said:#}"
    );
}

#[test]
fn of_a_store_on_a_server_the_way_to_back_it_up_is_told_in_full_and_without_its_password() {
    let folder = tempfile::TempDir::new().unwrap();
    let url = "postgres://denk:gizli-parola@db.example:5433/denk%20hub";
    fs::write(folder.path().join("denk.toml"), format!("[hub]\ndatabase = '{url}'\n")).unwrap();
    for language in ["en", "tr"] {
        for asked in ["create", "list", "drill"] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_denk"));
            let output =
                command.current_dir(folder.path()).args(["backup", asked, "--lang", language, "--json"]);
            let output = output.output().unwrap();
            let said: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(
                (output.status.code(), &said["error"]["code"]),
                (Some(2), &json!("DENK-1017")),
                "{said:#}"
            );
            let hint = said["error"]["hint"].as_str().unwrap();
            let server = "--host=db.example --port=5433 --username=denk --dbname='denk hub'";
            assert!(
                hint.contains(&format!("pg_dump --format=custom --file=denk-hub.dump {server}`")),
                "{hint}"
            );
            assert!(
                hint.contains(&format!("pg_restore --clean --if-exists {server} denk-hub.dump`")),
                "{hint}"
            );
            assert!(hint.contains("certificate.pem") && !said.to_string().contains("gizli"), "{said:#}");
        }
    }
}

#[test]
fn what_is_configured_wrongly_is_told_before_anything_is_done() {
    let folder = tempfile::TempDir::new().unwrap();
    let cases = BTreeMap::from([
        ("backup = { copy_to = 'data/backups' }", "DENK-1016"),
        ("backup = { folder = 'b', copy_to = 'data/b/c' }", "DENK-1016"),
        ("backup = { folder = '../b', copy_to = 'x/../b' }", "DENK-1016"),
        ("backup = { every = 'often' }", "DENK-1005"),
        ("backup = { keep = 0 }", "DENK-1005"),
        ("backup = { kep = 3 }", "DENK-1004"),
        ("backup = 'backups'", "DENK-1005"),
        ("database = 'postgres://denk@127.0.0.1:1/hub'", "DENK-1017"),
    ]);
    for (line, wanted) in cases {
        fs::write(folder.path().join("denk.toml"), format!("[hub]\n{line}\n")).unwrap();
        for language in ["en", "tr"] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_denk"));
            command.current_dir(folder.path()).args(["backup", "create", "--lang", language, "--json"]);
            let output = command.output().unwrap();
            let said: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(
                (output.status.code(), &said["error"]["code"]),
                (Some(2), &json!(wanted)),
                "{line}: {said:#}"
            );
        }
        assert!(!folder.path().join("data/backups").exists(), "{line}");
    }
}
