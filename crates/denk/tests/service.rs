//! The built program tells what the system would be told of a service.
#![allow(clippy::unwrap_used, reason = "tests")]
#![cfg(unix)]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

fn denk(folder: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_denk"))
        .current_dir(folder)
        .args(words)
        .env("DENK_LANG", "en")
        .output()
        .unwrap()
}

fn unit(folder: &Path, words: &[&str]) -> String {
    let output = denk(folder, &[words, &["--print", "--json"]].concat());
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    said["unit"].as_str().unwrap_or_else(|| panic!("{said:#}")).to_owned()
}

#[test]
fn a_service_has_the_whole_paths_of_what_it_works_on() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().to_str().unwrap();
    fs::create_dir(folder.path().join("ajan")).unwrap();
    let settings = "db = '/srv/büro dosyası/puantaj.db'\nhub = 'https://hub.example/'\ntoken = '7_secret'\n";
    fs::write(folder.path().join("ajan").join("agent.toml"), settings).unwrap();
    let agent = unit(folder.path(), &["service", "install", "--data", "ajan"]);
    assert!(agent.contains(&format!("\" \"-c\" \"{here}/ajan/agent.toml\" \"agent\"\n")), "{agent}");
    assert!(agent.contains(&format!("ReadWritePaths=\"-/srv/büro dosyası\" \"-{here}/ajan\"\n")), "{agent}");
    assert!(!agent.contains("secret"), "{agent}");
    let named = unit(folder.path(), &["service", "install", "agent", "--data", "ajan", "--user", "ayse"]);
    assert!(named.contains("\nUser=ayse\n"), "{named}");

    fs::write(folder.path().join("hub.toml"), "").unwrap();
    let hub = unit(folder.path(), &["service", "install", "hub", "-c", "hub.toml"]);
    assert!(
        hub.contains(&format!("\" \"--data\" \"{here}/data\" \"-c\" \"{here}/hub.toml\" \"serve\"\n")),
        "{hub}"
    );
    assert!(hub.contains(&format!("WorkingDirectory={here}\n")), "{hub}");
}

#[test]
fn a_service_without_settings_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let output = denk(folder.path(), &["service", "install", "--print", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["error"]["code"], "DENK-5013");
}
